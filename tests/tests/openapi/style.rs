//! Tests the style of the published OpenAPI texts: operation ids, summaries and descriptions.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use xtask::openapi::{EDGE, REGION, operations};

use super::read;

/// The longest summary in characters; details belong in the description.
const SUMMARY_CHARS_MAX: usize = 100;

#[test]
fn operation_ids_are_unique_and_camel_case() -> Result<()> {
    for file in [EDGE, REGION] {
        let document = read(file)?;
        let mut seen = BTreeSet::new();
        for (path, method, operation) in operations(&document) {
            let id = operation["operationId"].as_str().context("no operationId")?;
            let starts_lower = id.starts_with(|c: char| c.is_ascii_lowercase());
            // A verb and a noun: `blockPlayer`.
            let verb_and_noun = id.chars().any(|c| c.is_ascii_uppercase());
            let alphanumeric = id.chars().all(|c| c.is_ascii_alphanumeric());
            ensure!(starts_lower && verb_and_noun && alphanumeric, "{file}: {method} {path}: `{id}`");
            ensure!(seen.insert(id), "{file}: `{id}` names two operations");
        }
    }
    Ok(())
}

#[test]
fn summaries_are_single_short_sentences() -> Result<()> {
    for file in [EDGE, REGION] {
        let document = read(file)?;
        for (path, method, operation) in operations(&document) {
            let summary = operation["summary"].as_str().context("no summary")?;
            let at = format!("{file}: {method} {path}: `{summary}`");
            ensure!(summary.starts_with(|c: char| c.is_ascii_uppercase()), "{at} starts in lower case");
            ensure!(summary.ends_with('.'), "{at} does not end with a period");
            ensure!(!summary.contains('\n'), "{at} has several lines");
            ensure!(!summary.contains(". "), "{at} has several sentences: move the rest to the description");
            ensure!(summary.chars().count() <= SUMMARY_CHARS_MAX, "{at} is longer than {SUMMARY_CHARS_MAX}");
        }
    }
    Ok(())
}

#[test]
fn published_texts_have_no_rustdoc_syntax() -> Result<()> {
    for file in [EDGE, REGION] {
        let mut texts = Vec::new();
        collect_texts(&read(file)?, &mut texts);
        ensure!(texts.len() > 20, "{file}: the texts are read");
        for text in texts {
            let rustdoc = ["[`", "`]", "::", "](crate"].iter().find(|mark| text.contains(**mark));
            ensure!(rustdoc.is_none(), "{file}: {rustdoc:?} in `{text}`");
        }
    }
    Ok(())
}

/// Generators of clients make an unusable type of an object without either.
#[test]
fn every_object_has_properties_or_a_type_of_values() -> Result<()> {
    each_schema(|_, name, schema| {
        let is_described = objects(schema)
            .into_iter()
            .all(|one| !one["properties"].is_null() || !one["additionalProperties"].is_null());
        ensure!(is_described, "{name} has an object without properties");
        Ok(())
    })
}

/// Generators of clients cannot merge the variants of an enum with further fields.
#[test]
fn no_schema_merges_variants() -> Result<()> {
    each_schema(|document, name, schema| {
        for part in schema["allOf"].as_array().into_iter().flatten() {
            let reference = part["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
            let part = reference.and_then(|reference| document.pointer(reference)).unwrap_or(part);
            ensure!(part["oneOf"].is_null(), "{name} merges variants: use `Schemas::split_variants`");
        }
        Ok(())
    })
}

/// Python names a variable of a generated class after the class and after its fields, which may differ in type.
#[test]
fn no_schema_has_a_list_of_its_own_name() -> Result<()> {
    each_schema(|_, name, schema| {
        let field = &schema["properties"][name.to_lowercase()];
        ensure!(field["type"] != "array", "{name} has a list of its own name: call it `{name}List`");
        Ok(())
    })
}

/// Checks every schema of both documents by its document, its name and itself.
fn each_schema(check: impl Fn(&Value, &str, &Value) -> Result<()>) -> Result<()> {
    for file in [EDGE, REGION] {
        let document = read(file)?;
        let schemas = document["components"]["schemas"].as_object().context("schemas")?;
        for (name, schema) in schemas {
            check(&document, name, schema).context(file)?;
        }
    }
    Ok(())
}

/// Returns every schema of type `object` in a schema, at any depth.
fn objects(schema: &Value) -> Vec<&Value> {
    let mut found = Vec::new();
    match schema {
        Value::Object(fields) => {
            let kind = &schema["type"];
            if kind == "object" || kind.as_array().is_some_and(|kinds| kinds.contains(&"object".into())) {
                found.push(schema);
            }
            let inner = fields
                .iter()
                .filter(|(name, _)| !["example", "examples", "default"].contains(&name.as_str()));
            found.extend(inner.flat_map(|(_, field)| objects(field)));
        }
        Value::Array(items) => found.extend(items.iter().flat_map(objects)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found
}

/// Collects every `summary` and `description` of a document, at any depth.
fn collect_texts(value: &Value, to: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for name in ["summary", "description"] {
                to.extend(fields.get(name).and_then(Value::as_str).map(str::to_owned));
            }
            fields.values().for_each(|field| collect_texts(field, to));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_texts(item, to)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
