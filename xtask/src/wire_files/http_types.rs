//! The TypeScript types of the HTTP interfaces of region and edge, from their OpenAPI documents.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Context, Result};
use serde_json::{Map, Value};

/// The types that the SDK names, each with its document; those that they refer to are written too.
const ROOTS: [&[&str]; 2] = [
    &[
        "Profile",
        "ProfileUpdate",
        "ProfileList",
        "Picture",
        "PictureList",
        "ExpectedPicture",
        "Block",
        "BlockList",
        "Follow",
        "FollowList",
        "NewReport",
        "ReportReceipt",
        "Ban",
        "PresenceSettings",
        "Match",
        "MatchList",
        "RatingList",
        "Leaderboard",
        "LeaderboardPosition",
        "SessionList",
        "Export",
        "DeletedAccount",
    ],
    &["Config", "NewRoom", "CreatedRoom", "RoomSummary", "PresenceList"],
];
/// Types whose name means something else in the SDK.
const RENAMED: &[(&str, &str)] = &[
    ("Account", "ProfileAccount"),
    ("Match", "PastMatch"),
    ("Session", "Login"),
    ("SessionList", "LoginList"),
    ("Rules", "RoomRules"),
    ("PoolInfo", "PoolRules"),
    ("Devices", "DevicePolicy"),
];
/// Types that the file of the wire has.
const ON_THE_WIRE: &[&str] = &["PlayerPresence", "State", "ReportReason", "EndReason"];
const HEAD: &str = "// The types of the HTTP interfaces, written by `cargo xtask wire` from the OpenAPI documents. Do not edit.\n\n\
import type { EndReason, Json, PlayerPresence, ReportReason } from \"./wire.ts\";\n";

/// Returns the file, from the documents of region and edge.
pub(super) fn document(region: &Value, edge: &Value) -> Result<String> {
    let mut out = HEAD.to_owned();
    let mut written = BTreeSet::new();
    for (document, roots) in [region, edge].into_iter().zip(ROOTS) {
        let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
        let schemas = Schemas(schemas.context("the document has no schemas")?);
        let mut waiting: Vec<String> = roots.iter().rev().map(|name| (*name).to_owned()).collect();
        while let Some(name) = waiting.pop() {
            if ON_THE_WIRE.contains(&name.as_str()) || !written.insert(name.clone()) {
                continue;
            }
            schemas.declare(&name, &mut out, &mut waiting)?;
        }
        let codes = document.pointer("/components/schemas/Problem/properties/code/enum");
        out.push_str(&problem_codes(codes, written.insert("Problem".to_owned())));
    }
    out.push_str(
        "\n/** The stable name of a problem. Names are never reused. */\n\
         export type ProblemCode = RegionProblemCode | EdgeProblemCode;\n\n\
         /** A fault of a request. */\n\
         export type ProblemDetail = {\n  code: ProblemCode | \"unknown\" | (string & {});\n  \
         /** The fault, the limit and the remedy, for people. */\n  detail: string;\n  \
         /** The field, parameter or header at fault. */\n  field?: string;\n  \
         /** The limit that the request exceeds. */\n  limit?: number;\n};\n",
    );
    Ok(out)
}

fn problem_codes(codes: Option<&Value>, is_region: bool) -> String {
    let name = if is_region { "Region" } else { "Edge" };
    let codes = codes.and_then(Value::as_array).into_iter().flatten().map(Value::to_string);
    let codes = codes.collect::<Vec<_>>().join(" | ");
    format!(
        "\n/** The problems of the {}. */\nexport type {name}ProblemCode = {codes};\n",
        name.to_lowercase()
    )
}

/// The schemas of a document by their names.
struct Schemas<'a>(&'a Map<String, Value>);

impl Schemas<'_> {
    /// Writes a type, and notes those that it refers to.
    fn declare(&self, name: &str, out: &mut String, uses: &mut Vec<String>) -> Result<()> {
        let schema = self.0.get(name).with_context(|| format!("the document has no `{name}`"))?;
        let text = self.object_or_type(schema, 0, uses);
        _ = write!(out, "\n{}export type {} = {text};\n", comment(schema, 0), renamed(name));
        Ok(())
    }

    fn object_or_type(&self, schema: &Value, depth: usize, uses: &mut Vec<String>) -> String {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return self.of(schema, depth, uses);
        };
        let required = schema.get("required").and_then(Value::as_array);
        let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|item| item == name));
        let indent = "  ".repeat(depth + 1);
        let mut text = "{\n".to_owned();
        for (name, field) in properties {
            let optional = if is_required(name) { "" } else { "?" };
            let kind = self.of(field, depth + 1, uses);
            _ = writeln!(text, "{}{indent}{name}{optional}: {kind};", comment(field, depth + 1));
        }
        text + &"  ".repeat(depth) + "}"
    }

    /// Returns the type of a schema in one expression.
    fn of(&self, schema: &Value, depth: usize, uses: &mut Vec<String>) -> String {
        if let Some(name) =
            schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next())
        {
            return self.reference(name, depth, uses);
        }
        if let Some(choices) = ["oneOf", "anyOf"].iter().find_map(|key| schema.get(*key)?.as_array()) {
            return union(choices.iter().map(|choice| self.of(choice, depth, uses)));
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return union(values.iter().map(Value::to_string));
        }
        match schema.get("type") {
            Some(Value::Array(kinds)) => {
                union(kinds.iter().map(|kind| self.named(kind, schema, depth, uses)))
            }
            Some(kind) => self.named(kind, schema, depth, uses),
            None => "Json".to_owned(),
        }
    }

    fn named(&self, kind: &Value, schema: &Value, depth: usize, uses: &mut Vec<String>) -> String {
        match kind.as_str() {
            Some("integer" | "number") => "number".to_owned(),
            Some(name @ ("string" | "boolean" | "null")) => name.to_owned(),
            Some("array") => {
                let item =
                    schema.get("items").map_or_else(|| "Json".to_owned(), |item| self.of(item, depth, uses));
                if item.contains(' ') && !item.starts_with('{') {
                    format!("({item})[]")
                } else {
                    format!("{item}[]")
                }
            }
            Some("object") if schema.get("properties").is_some() => self.object_or_type(schema, depth, uses),
            Some("object") => {
                let value = schema
                    .get("additionalProperties")
                    .filter(|value| value.as_object().is_some_and(|map| !map.is_empty()));
                format!(
                    "Record<string, {}>",
                    value.map_or_else(|| "Json".to_owned(), |value| self.of(value, depth, uses))
                )
            }
            _ => "Json".to_owned(),
        }
    }

    /// Returns the name of an object or an enumeration, and the type itself of anything smaller.
    fn reference(&self, name: &str, depth: usize, uses: &mut Vec<String>) -> String {
        let Some(schema) = self.0.get(name) else { return "Json".to_owned() };
        if ON_THE_WIRE.contains(&name) {
            return name.to_owned();
        }
        if schema.get("properties").is_none() && schema.get("enum").is_none() {
            return self.of(schema, depth, uses);
        }
        uses.push(name.to_owned());
        renamed(name).to_owned()
    }
}

fn union(kinds: impl Iterator<Item = String>) -> String {
    let mut all: Vec<String> = Vec::new();
    for kind in kinds {
        if !all.contains(&kind) {
            all.push(kind);
        }
    }
    all.join(" | ")
}

fn renamed(name: &str) -> &str {
    RENAMED.iter().find(|(from, _)| *from == name).map_or(name, |(_, to)| to)
}

fn comment(schema: &Value, depth: usize) -> String {
    let own = schema.get("description");
    let choices = ["oneOf", "anyOf"].iter().find_map(|key| schema.get(*key)?.as_array());
    let inner = || choices.into_iter().flatten().find_map(|choice| choice.get("description"));
    let text = own
        .or_else(inner)
        .and_then(Value::as_str)
        .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    text.map_or_else(String::new, |text| format!("{}/** {text} */\n", "  ".repeat(depth)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn types_follow_the_schemas() {
        let schemas = json!({
            "Id": { "type": "string", "pattern": "^p_" },
            "Kind": { "enum": ["a", "b"], "type": "string" },
            "Thing": { "description": "A thing.", "type": "object", "required": ["id"], "properties": {
                "id": { "$ref": "#/components/schemas/Id" },
                "kinds": { "type": "array", "items": { "$ref": "#/components/schemas/Kind" } },
                "until": { "oneOf": [{ "$ref": "#/components/schemas/Id", "description": "The end." }, { "type": "null" }] },
            } },
        });
        let schemas = Schemas(schemas.as_object().expect("an object"));
        let (mut out, mut uses) = (String::new(), Vec::new());
        schemas.declare("Thing", &mut out, &mut uses).expect("a type");
        let text = "\n/** A thing. */\nexport type Thing = {\n  id: string;\n  kinds?: Kind[];\n  /** The end. */\n  until?: string | null;\n};\n";
        assert_eq!((out.as_str(), uses), (text, vec!["Kind".to_owned()]));
        assert!(schemas.declare("Missing", &mut out, &mut Vec::new()).is_err());
    }
}
