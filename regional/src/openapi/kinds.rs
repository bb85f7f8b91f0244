//! The kinds of values in the document that are plain text or numbers in the code, with the limits that it keeps.

use crate::profile::edit::RESERVED;
use crate::{history, picture};
use serde_json::{Value, json};
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
                    of(described(concat!($($doc),*), $schema))
                }
            }

            impl ToSchema for $name {}
        )*

        /// All of them by name, as they are written: parameters refer to them, and bring none along.
        pub fn all() -> Vec<(&'static str, Value)> {
            vec![$((stringify!($name), described(concat!($($doc),*), $schema))),*]
        }
    };
}

kinds! {
    /// A player's id, or `me`, who is the bearer.
    Who json!({ "type": "string", "pattern": "^(me|p_[A-Za-z0-9_-]{1,40})$" });
    /// The bearer.
    Own json!({ "type": "string", "enum": ["me"] });
    /// A moment from 1970 on, as RFC 3339 has it.
    Moment json!({ "type": "string", "format": "date-time", "pattern": "^(19[7-9]|[2-9][0-9]{2})[0-9]-" });
    /// A display name: trimmed, on one line.
    DisplayName json!({ "type": "string", "minLength": 1, "maxLength": caps::NAME_CHARS, "pattern": seen(LINE) });
    /// An id token of one of the configured providers.
    IdToken json!({ "type": "string", "maxLength": caps::ID_TOKEN_BYTES });
    /// Players' ids with commas between them; at most 100 different ones.
    Ids json!({ "type": "string", "pattern": ids() });
    /// Why, for the one whom it is about.
    Reason json!({ "type": "string", "minLength": 1, "maxLength": caps::REASON_CHARS, "pattern": seen(LINES) });
    /// In one's own words; may be empty.
    Words json!({ "type": "string", "maxLength": caps::REASON_CHARS, "pattern": format!("^[^{LINES}]*$") });
    /// What somebody has paid for, as a word that rules can compare.
    TierName json!({ "type": ["string", "null"], "pattern": WORD });
    /// Milliseconds since 1970, before 2286.
    Kept json!({ "type": "integer", "minimum": 0, "maximum": history::LAST.ms() });
    /// The `ETag` of what one read.
    Version json!({ "type": "string", "pattern": "^\"[0-9]{1,19}\"$" });
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
            "name": { "$ref": "#/components/schemas/DisplayName" },
            "bio": { "type": ["string", "null"], "maxLength": caps::BIO_CHARS, "pattern": format!("^[^{TEXT}]*$") },
            "attrs": {
                "type": ["object", "null"],
                "maxProperties": caps::PROFILE_ATTRS,
                "propertyNames": { "pattern": WORD, "not": { "enum": RESERVED } },
                "additionalProperties": { "anyOf": [
                    { "type": ["number", "boolean", "null"] },
                    short(),
                    { "type": "array", "maxItems": caps::ATTRS, "uniqueItems": true, "items": short() },
                ] },
            },
            "private": { "type": ["object", "null"], "additionalProperties": true },
            "pictures": { "type": "array", "maxItems": caps::PICTURES, "items": { "type": "string" } },
        },
        "examples": [{ "name": "Ana", "bio": "Chess at night.", "attrs": { "region": "eu" } }],
    });
}

/// What a text of several lines may not have: control characters.
const LINES: &str = r"\u0000-\u0009\u000b-\u001f\u007f-\u009f";
/// The same for what others see: nor what turns the direction of the text around it.
const TEXT: &str = r"\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069";
/// The same for one line.
const LINE: &str = r"\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069";
/// A name that rules can compare.
const WORD: &str = "^[a-z0-9_-]{1,64}$";

/// A text without these, of which something is left when it is trimmed.
fn seen(without: &str) -> String {
    format!(r"^[^{without}]*[^\s{without}][^{without}]*$")
}

/// A text of an attribute.
fn short() -> Value {
    json!({ "type": "string", "maxLength": caps::KEY_BYTES, "pattern": format!("^[^{LINE}]*$") })
}

fn ids() -> String {
    let id = "p_[A-Za-z0-9_-]{1,40}";
    format!("^{id}(,{id}){{0,{}}}$", caps::PROFILES - 1)
}

fn described(doc: &str, mut schema: Value) -> Value {
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("description".into(), doc.trim().into());
    }
    schema
}

/// A schema from its JSON, as far as utoipa's types reach; what stands in the document is the JSON itself.
fn of(schema: Value) -> RefOr<Schema> {
    serde_json::from_value(schema).unwrap_or_else(|_| RefOr::T(Schema::default()))
}
