//! The schemas of the edge's document: those of types, and those that are written here because nothing else has the type.

use crate::caps;
use serde_json::{Map, Value, json};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// Every code of a problem of the edge. A test compares them with what the edge refuses by.
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
    "too_slow",
    "unavailable",
    "upgrade_required",
];

macro_rules! integers {
    ($($(#[doc = $doc:literal])* $name:ident $least:literal $most:expr;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug)]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let integer = ObjectBuilder::new().schema_type(Type::Integer);
                let doc = concat!($($doc),*).trim();
                integer.description(Some(doc)).minimum(Some($least)).maximum(Some($most)).into()
            }
        }

        impl ToSchema for $name {}
    )*};
}

integers! {
    /// How many seats a room may have.
    Seats 1 caps::SEATS;
    /// Seconds, at most as many as a room may live.
    Span 0 usize::try_from(caps::ROOM_AGE.as_secs()).unwrap_or(usize::MAX);
}

/// So many players' ids, with commas between them.
pub fn ids(most: usize) -> String {
    let id = "p_[A-Za-z0-9_-]{1,40}";
    format!("^{id}(,{id}){{0,{}}}$", most.saturating_sub(1))
}

/// Schemas by their names.
#[derive(Debug, Default)]
pub struct Kinds(Map<String, Value>);

impl Kinds {
    /// The schema of a type, and of what it is made of.
    pub fn add<T: ToSchema>(&mut self) -> serde_json::Result<()> {
        let mut all = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut all);
        for (name, schema) in all {
            self.0.insert(name, serde_json::to_value(schema)?);
        }
        Ok(())
    }

    /// All of them.
    pub fn all(self) -> Map<String, Value> {
        self.0
    }

    /// Those without a type.
    pub fn written(&mut self) {
        let list = json!({ "type": "array", "items": { "$ref": "#/components/schemas/Notice" } });
        self.0.insert("Notices".into(), list);
        self.0.insert("Summary".into(), summary());
        self.0.insert("Problem".into(), problem());
        let document = json!({
            "type": "object",
            "description": "As OpenAPI 3.1 has it.",
            "required": ["openapi", "info", "paths", "components"],
        });
        self.0.insert("Document".into(), document);
    }
}

/// As [`Room::summary`](crate::room::Room::summary) makes it.
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
        "description": "A room, without anything that was said or written in it.",
        "additionalProperties": false,
        "required": ["room", "pool", "phase", "members", "at"],
        "properties": {
            "room": { "$ref": "#/components/schemas/RoomId" },
            "pool": { "oneOf": [{ "$ref": "#/components/schemas/PoolName" }, { "type": "null" }] },
            "phase": { "type": "string", "enum": ["open", "over"] },
            "members": { "type": "array", "items": member },
            "at": { "type": "integer", "minimum": 0, "description": "The newest position of its log." },
        },
    })
}

/// RFC 9457, with codes that never change.
fn problem() -> Value {
    json!({
        "type": "object",
        "description": "A problem document, as RFC 9457 has it.",
        "required": ["type", "status", "code", "detail"],
        "properties": {
            "type": { "type": "string", "format": "uri" },
            "status": { "type": "integer" },
            "code": { "type": "string", "enum": CODES },
            "detail": { "type": "string", "description": "What is wrong and how to mend it, for a person." },
        },
    })
}
