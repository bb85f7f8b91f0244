//! The kinds of values in the document that are plain text or numbers in the code, with the limits that it keeps.

use crate::picture;
use serde_json::{Map, Value, json};
use shared::caps;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $name:ident $schema:expr;)*) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug)]
            pub struct $name;

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    of(concat!($($doc),*), $schema)
                }
            }

            impl ToSchema for $name {}
        )*

        /// All of them by name: parameters refer to them, and bring none along.
        pub fn all() -> Vec<(&'static str, RefOr<Schema>)> {
            vec![$((stringify!($name), $name::schema())),*]
        }
    };
}

kinds! {
    /// A player's id, or `me`, who is the bearer.
    Who json!({ "type": "string", "pattern": "^(me|p_[A-Za-z0-9_-]{1,40})$" });
    /// A moment, as RFC 3339 has it.
    Moment json!({ "type": "string", "format": "date-time" });
    /// A display name: trimmed, on one line.
    DisplayName json!({ "type": "string", "minLength": 1, "maxLength": caps::NAME_CHARS });
    /// An id token of one of the configured providers.
    IdToken json!({ "type": "string", "maxLength": caps::ID_TOKEN_BYTES });
    /// Players' ids with commas between them; at most 100 different ones.
    Ids json!({ "type": "string", "pattern": ids() });
    /// Why, for the one whom it is about.
    Reason json!({ "type": "string", "minLength": 1, "maxLength": caps::REASON_CHARS });
    /// In one's own words; may be empty.
    Words json!({ "type": "string", "maxLength": caps::REASON_CHARS });
    /// All but the login that asks.
    Current json!({ "type": "string", "enum": ["current"] });
    /// Those that nobody has resolved.
    Open json!({ "type": "string", "enum": ["open"] });
    /// A picture's media type.
    Media json!({ "type": "string", "enum": picture::MEDIA });
    /// A picture's size.
    PictureBytes json!({ "type": "integer", "minimum": 1, "maximum": caps::PICTURE_BYTES });
    /// How many of a list at once.
    PageSize json!({ "type": "integer", "minimum": 1, "maximum": caps::PAGE, "default": caps::PAGE_UNASKED });
    /// The `cursor` of the page before, as it came.
    Cursor json!({ "type": "string" });
    /// Fields whose names and values a profile's owner or the service decides.
    Attrs json!({ "type": "object", "additionalProperties": true });
    /// Any JSON.
    Anything json!({});
    /// Public keys, as RFC 7517 has them.
    Keys json!({ "type": "object", "required": ["keys"], "properties": { "keys": { "type": "array", "items": { "type": "object" } } } });
    /// A change of one's profile, as RFC 7396 has it: what is absent stays, `null` takes away.
    Edit json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "name": { "type": "string", "minLength": 1, "maxLength": caps::NAME_CHARS },
            "bio": { "type": ["string", "null"], "maxLength": caps::BIO_CHARS },
            "attrs": { "type": ["object", "null"], "additionalProperties": true },
            "private": { "type": ["object", "null"], "additionalProperties": true },
            "pictures": { "type": "array", "maxItems": caps::PICTURES, "items": { "type": "string" } },
        },
        "examples": [{ "name": "Ana", "bio": "Chess at night.", "attrs": { "region": "eu" } }],
    });
}

fn ids() -> String {
    let id = "p_[A-Za-z0-9_-]{1,40}";
    format!("^{id}(,{id}){{0,{}}}$", caps::PROFILES - 1)
}

/// A schema from its JSON. What cannot be read as one would be shown as a schema of everything, and a test tells.
fn of(doc: &str, mut schema: Value) -> RefOr<Schema> {
    if let Some(object) = schema.as_object_mut() {
        object.insert("description".into(), doc.trim().into());
        if !object.contains_key("type") {
            return RefOr::T(anything(object));
        }
    }
    serde_json::from_value(schema).unwrap_or_else(|_| RefOr::T(Schema::default()))
}

fn anything(object: &Map<String, Value>) -> Schema {
    use utoipa::openapi::schema::{ObjectBuilder, SchemaType};
    let doc = object.get("description").and_then(Value::as_str);
    ObjectBuilder::new()
        .schema_type(SchemaType::AnyValue)
        .description(doc)
        .into()
}
