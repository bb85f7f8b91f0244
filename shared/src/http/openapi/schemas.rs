//! The schemas of the edge's document: those generated from types, and those written by hand.

use crate::limits;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// The codes of all problem documents of the edge. A test compares them with the codes that the edge returns.
pub const CODES: &[&str] = &[
    "bad_field",
    "bad_id",
    "bad_json",
    "bad_query",
    "bad_signature",
    "banned",
    "cooldown",
    "full",
    "in_match",
    "internal",
    "lobby_full",
    "method_not_allowed",
    "no_ticket",
    "not_connected",
    "not_found",
    "not_leader",
    "player_not_found",
    "scope_missing",
    "session_revoked",
    "token_expired",
    "token_invalid",
    "too_fast",
    "too_long",
    "too_many",
    "too_many_rooms",
    "too_slow",
    "unavailable",
    "upgrade_required",
];

/// Returns the pattern of up to this many player ids, separated by commas.
pub fn ids(max: usize) -> String {
    let id = "p_[A-Za-z0-9_-]{1,40}";
    format!("^{id}(,{id}){{0,{}}}$", max.saturating_sub(1))
}

/// Schemas by their names.
#[derive(Debug, Default)]
pub struct Schemas(Map<String, Value>);

impl Schemas {
    /// Adds the schema of a type, and of the types that it contains.
    pub fn add<T: ToSchema>(&mut self) -> serde_json::Result<()> {
        let mut all = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut all);
        for (name, schema) in all {
            self.0.insert(name, serde_json::to_value(schema)?);
        }
        Ok(())
    }

    /// Writes a struct that flattens a tagged enum as one object per variant, each named after its tag, such as
    /// `BannedNotice`. Generators of clients do not read utoipa's form, which is a `oneOf` within an `allOf`.
    pub fn split_variants(&mut self, of_struct: &str, of_enum: &str, tag: &str) {
        let (Some(Value::Object(mut whole)), Some(variants)) =
            (self.0.remove(of_struct), self.0.remove(of_enum))
        else {
            return;
        };
        let parts = whole.remove("allOf").unwrap_or_default();
        let common =
            parts.as_array().and_then(|parts| parts.iter().find(|part| part.get("properties").is_some()));
        let mut references: Vec<Value> = Vec::new();
        for variant in items(&variants, "oneOf") {
            let word = variant.pointer(&format!("/properties/{tag}/enum/0"));
            let word = word.and_then(Value::as_str).unwrap_or_default();
            let name = format!("{}{of_struct}", pascal_case(word));
            references.push(json!({ "$ref": format!("#/components/schemas/{name}") }));
            self.0.insert(name, merged(variant, common));
        }
        whole.insert("oneOf".into(), references.into());
        self.0.insert(of_struct.into(), whole.into());
    }

    /// Sets the largest value of an integer: a schema, or the property of one at a JSON pointer.
    pub fn limit(&mut self, schema: &str, pointer: &str, max: u64) {
        let integer = self.0.get_mut(schema).and_then(|schema| schema.pointer_mut(pointer));
        if let Some(Value::Object(integer)) = integer {
            integer.insert("maximum".into(), max.into());
        }
    }

    /// Returns all schemas.
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }

    /// Adds the schemas that have no type.
    pub fn add_handwritten(&mut self) {
        let list = json!({ "type": "array", "items": { "$ref": "#/components/schemas/Notice" } });
        self.0.insert("Notices".into(), list);
        self.0.insert("RoomSummary".into(), summary());
        self.0.insert("RoomCommands".into(), commands());
        self.0.insert("NewTicket".into(), new_ticket());
        self.0.insert("WaitingTickets".into(), waiting_tickets());
        let position =
            json!({ "type": "integer", "minimum": 0, "description": "The position of the event." });
        let code = json!({ "type": "string", "description": "The code of the refusal." });
        let reply = json!({
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": { "description": "The id of the command, or its index." },
                "ok": { "type": "object", "properties": { "at": position } },
                "err": { "type": "object", "required": ["code"], "properties": { "code": code } },
            },
        });
        let replies = json!({ "type": "array", "items": reply });
        let described =
            "A reply for each command, in order: `id` is the command's or its index, with `ok` or `err`.";
        self.0.insert(
            "RoomReplies".into(),
            json!({
                "type": "object", "description": described, "additionalProperties": false, "required": ["replies"],
                "properties": { "replies": replies },
            }),
        );
        self.0.insert("Problem".into(), problem());
        let document = json!({
            "type": "object",
            "description": "An OpenAPI 3.1 document.",
            "required": ["openapi", "info", "paths", "components"],
            "additionalProperties": true,
        });
        self.0.insert("Document".into(), document);
    }
}

/// Returns the schema of an object with the properties of a second one as well.
fn merged(object: &Value, with: Option<&Value>) -> Value {
    let mut merged = object.clone();
    let Some(with) = with else {
        return merged;
    };
    let properties = with.get("properties").and_then(Value::as_object);
    if let Some(target) = merged.pointer_mut("/properties").and_then(Value::as_object_mut) {
        target.extend(properties.cloned().unwrap_or_default());
    }
    let required: Vec<Value> =
        [with, object].into_iter().flat_map(|part| items(part, "required")).cloned().collect();
    if let Some(merged) = merged.as_object_mut() {
        merged.insert("required".into(), required.into());
    }
    merged
}

/// Returns the items of a list in a schema.
fn items<'a>(schema: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    schema.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// Returns a snake case word as the name of a type.
fn pascal_case(word: &str) -> String {
    let part = |part: &str| {
        let (first, rest) = part.split_at_checked(1).unwrap_or_default();
        first.to_uppercase() + rest
    };
    word.split('_').map(part).collect()
}

/// The schema of what `Room::summary` returns.
fn summary() -> Value {
    let member = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["player", "name", "state"],
        "properties": {
            "player": { "$ref": "#/components/schemas/PlayerId" },
            "name": { "type": "string" },
            "state": { "type": "string", "enum": ["expected", "here", "away", "left"] },
            "team": { "type": "integer", "minimum": 0 },
        },
    });
    json!({
        "type": "object",
        "description": "The public summary of a room, without its messages and its board.",
        "additionalProperties": false,
        "required": ["room", "pool", "phase", "members", "at"],
        "properties": {
            "room": { "$ref": "#/components/schemas/RoomId" },
            "pool": { "oneOf": [{ "$ref": "#/components/schemas/PoolName" }, { "type": "null" }] },
            "phase": { "type": "string", "enum": ["open", "over"] },
            "members": { "type": "array", "items": member },
            "at": { "type": "integer", "minimum": 0, "description": "The latest position of the room's log." },
        },
    })
}

/// The schema of a frame of commands.
fn commands() -> Value {
    let command = json!({
        "type": "object",
        "required": ["op"],
        "properties": {
            "op": { "type": "string", "enum": ["say", "set", "signal", "hint", "kick", "end"] },
            "id": { "description": "The id of the reply." },
            "key": { "type": "string", "description": "Makes the command safe to repeat.", "minLength": 1, "maxLength": limits::KEY_BYTES_MAX },
            "to": { "$ref": "#/components/schemas/PlayerId" },
            "if_at": { "type": "integer", "minimum": 0 },
            "body": {},
        },
    });
    json!({
        "type": "array",
        "description": "Commands of the wire; docs/protocol.md specifies their bodies.",
        "maxItems": limits::BATCH_MESSAGES_MAX,
        "items": command,
    })
}

/// The schema of what a service says of a player who enters a queue.
fn new_ticket() -> Value {
    let text = json!({ "type": "string", "maxLength": limits::KEY_BYTES_MAX });
    let list = json!({ "type": "array", "items": text.clone(), "maxItems": limits::ATTRS_MAX });
    let attribute = json!({ "oneOf": [{ "type": "number" }, { "type": "boolean" }, text, list] });
    let want = json!({
        "type": "object",
        "required": ["attr"],
        "properties": { "attr": { "type": "string", "description": "The name of an attribute of the other player." } },
        "additionalProperties": true,
    });
    json!({
        "type": "object",
        "description": "The attributes and wants of the player, as in the body of the command `enter`; docs/protocol.md specifies them.",
        "additionalProperties": false,
        "properties": {
            "attrs": { "type": "object", "maxProperties": limits::ATTRS_MAX, "additionalProperties": attribute },
            "wants": { "type": "array", "maxItems": limits::WANTS_MAX, "items": want },
        },
    })
}

/// The schema of a page of tickets.
fn waiting_tickets() -> Value {
    json!({
        "type": "object",
        "description": "Tickets of a queue, the longest wait of a shard first.",
        "additionalProperties": false,
        "required": ["tickets", "cursor"],
        "properties": {
            "tickets": { "type": "array", "items": { "$ref": "#/components/schemas/WaitingTicket" } },
            "cursor": { "type": ["string", "null"], "description": "The place of the next page; null on the last." },
        },
    })
}

/// The schema of a problem document (RFC 9457), with codes that never change.
fn problem() -> Value {
    json!({
        "type": "object",
        "description": "A problem document (RFC 9457).",
        "required": ["type", "status", "code", "detail"],
        "properties": {
            "type": { "type": "string", "format": "uri" },
            "status": { "type": "integer" },
            "code": { "type": "string", "enum": CODES },
            "detail": { "type": "string", "description": "An explanation for people: what is wrong, and how to fix it." },
            "trace": { "type": "string", "pattern": "^[0-9a-f]{32}$", "description": "The trace id, which finds the request in the logs." },
        },
    })
}
