//! The schemas of the edge's document: those generated from types, and those written by hand.

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
    "internal",
    "method_not_allowed",
    "not_found",
    "player_not_found",
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

    /// Returns all schemas.
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }

    /// Adds the schemas that have no type.
    pub fn add_handwritten(&mut self) {
        let list = json!({ "type": "array", "items": { "$ref": "#/components/schemas/Notice" } });
        self.0.insert("Notices".into(), list);
        self.0.insert("RoomSummary".into(), summary());
        self.0.insert("Problem".into(), problem());
        let document = json!({
            "type": "object",
            "description": "An OpenAPI 3.1 document.",
            "required": ["openapi", "info", "paths", "components"],
        });
        self.0.insert("Document".into(), document);
    }
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
        },
    })
}
