//! The schemas of values that are plain text or numbers in the code, with the limits that the code checks.

use crate::domain::profile::edit::RESERVED;
use crate::domain::{history, picture};
use serde_json::{Value, json};
use shared::http::audit_reason;
use shared::limits;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

macro_rules! schemas {
    ($($(#[doc = $doc:literal])* $name:ident $schema:expr;)*) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug)]
            pub struct $name;

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    to_schema(described(concat!($($doc),*), $schema))
                }
            }

            impl ToSchema for $name {}
        )*

        /// Returns every schema by name. Parameters refer to them, and utoipa does not collect the schemas of
        /// parameters.
        pub fn all() -> Vec<(&'static str, Value)> {
            vec![$((stringify!($name), described(concat!($($doc),*), $schema))),*]
        }
    };
}

schemas! {
    /// A player id, or `me` for the bearer of the token.
    PlayerOrMe json!({ "type": "string", "pattern": "^(me|p_[A-Za-z0-9_-]{1,40})$" });
    /// The bearer of the token.
    Me json!({ "type": "string", "enum": ["me"] });
    /// A time from 1970 or later (RFC 3339).
    Timestamp json!({ "type": "string", "format": "date-time", "pattern": "^(19[7-9]|[2-9][0-9]{2})[0-9]-" });
    /// A display name: one line, trimmed.
    DisplayName json!({ "type": "string", "minLength": 1, "maxLength": limits::NAME_CHARS_MAX, "pattern": visible(LINE) });
    /// An id token of a configured provider.
    IdToken json!({ "type": "string", "maxLength": limits::ID_TOKEN_BYTES_MAX });
    /// The id that the operator's backend gives its user.
    ExternalId json!({ "type": "string", "pattern": format!("^[!-~]{{1,{}}}$", limits::EXTERNAL_ID_CHARS_MAX) });
    /// Comma-separated player ids; at most 100 distinct ones.
    PlayerIds json!({ "type": "string", "pattern": player_ids() });
    /// A reason or an appeal, written for the other side of the decision.
    Reason json!({ "type": "string", "minLength": 1, "maxLength": limits::REASON_CHARS_MAX, "pattern": visible(LINES) });
    /// The reason of an action, as percent-encoded UTF-8.
    AuditReason json!({ "type": "string", "pattern": audit_reason::pattern() });
    /// A free text of the player; may be empty.
    FreeText json!({ "type": "string", "maxLength": limits::REASON_CHARS_MAX, "pattern": format!("^[^{LINES}]*$") });
    /// The tier that a player has paid for, as a word that matchmaking rules can compare.
    TierName json!({ "type": ["string", "null"], "pattern": WORD });
    /// Milliseconds since 1970, before 2286.
    StoredTime json!({ "type": "integer", "minimum": 0, "maximum": history::TIME_MAX.ms() });
    /// The `ETag` of the version that the client read, a list of such tags, or `*` for any version.
    EntityTag json!({ "type": "string", "pattern": r#"^(\*|(W/)?"[!#-~]*"(, ?(W/)?"[!#-~]*")*)$"# });
    /// Every session except the one that makes the request.
    ExceptCurrent json!({ "type": "string", "enum": ["current"] });
    /// The reports that are not resolved.
    OpenState json!({ "type": "string", "enum": ["open"] });
    /// The media type of a picture.
    Media json!({ "type": "string", "enum": picture::MEDIA });
    /// The size of a picture in bytes.
    PictureBytes json!({ "type": "integer", "minimum": 1, "maximum": limits::PICTURE_BYTES_MAX });
    /// The number of items in a page.
    PageSize json!({ "type": "integer", "minimum": 1, "maximum": limits::PAGE_SIZE_MAX, "default": limits::PAGE_SIZE_DEFAULT });
    /// The `cursor` of the previous page, unchanged.
    Cursor json!({ "type": "string", "maxLength": limits::CURSOR_BYTES_MAX });
    /// Fields with names and values that the owner of the profile or the service chooses.
    Attrs json!({ "type": "object", "additionalProperties": true });
    /// Any JSON value.
    AnyJson json!({});
    /// A set of public keys (RFC 7517).
    JwkSet json!({ "type": "object", "required": ["keys"], "properties": { "keys": { "type": "array", "items": { "type": "object", "additionalProperties": true } } } });
    /// A merge patch of the caller's profile (RFC 7396): absent fields stay, and `null` removes a field.
    ProfileUpdate json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "name": { "$ref": "#/components/schemas/DisplayName" },
            "bio": { "type": ["string", "null"], "maxLength": limits::BIO_CHARS_MAX, "pattern": format!("^[^{TEXT}]*$") },
            "attrs": {
                "type": ["object", "null"],
                "maxProperties": limits::PROFILE_ATTRS_MAX,
                "propertyNames": { "pattern": WORD, "not": { "enum": RESERVED } },
                "additionalProperties": { "anyOf": [
                    { "type": ["number", "boolean", "null"] },
                    attribute_text(),
                    { "type": "array", "maxItems": limits::ATTRS_MAX, "uniqueItems": true, "items": attribute_text() },
                ] },
            },
            "private": { "type": ["object", "null"], "additionalProperties": true },
            "pictures": { "type": "array", "maxItems": limits::PICTURES_MAX, "items": { "type": "string" } },
        },
        "examples": [{ "name": "Ana", "bio": "Chess at night.", "attrs": { "region": "eu" } }],
    });
}

/// The characters that a text of several lines must not contain: control characters except the line feed.
const LINES: &str = r"\u0000-\u0009\u000b-\u001f\u007f-\u009f";
/// The same for texts that other players see, which must not contain bidirectional controls either.
const TEXT: &str = r"\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069";
/// The same for a single line, which must not contain a line feed.
const LINE: &str = r"\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069";
/// The characters that show nothing; those beyond U+FFFF are left out, because not every reader of patterns takes
/// them.
const BLANK: &str = r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8";
/// A word that matchmaking rules can compare.
const WORD: &str = "^[a-z0-9_-]{1,64}$";

/// Returns the pattern of a text without these characters that is not empty when trimmed.
fn visible(without: &str) -> String {
    format!(r"^[^{without}]*[^\s{BLANK}{without}][^{without}]*$")
}

/// Returns the schema of a text in an attribute.
fn attribute_text() -> Value {
    json!({ "type": "string", "maxLength": limits::KEY_BYTES_MAX, "pattern": format!("^[^{LINE}]*$") })
}

fn player_ids() -> String {
    let id = "p_[A-Za-z0-9_-]{1,40}";
    format!("^{id}(,{id}){{0,{}}}$", limits::PROFILES_BATCH_MAX - 1)
}

fn described(doc: &str, mut schema: Value) -> Value {
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("description".into(), doc.trim().into());
    }
    schema
}

/// Converts a schema from JSON as far as utoipa's types allow; the document contains the JSON itself.
fn to_schema(schema: Value) -> RefOr<Schema> {
    serde_json::from_value(schema).unwrap_or_else(|_| RefOr::T(Schema::default()))
}
