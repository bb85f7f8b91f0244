//! Profile edits: an RFC 7396 merge patch, with every error named.

use crate::domain::profile::Profile;
use crate::domain::profile::columns::Column;
use crate::domain::text::{is_disallowed_char, is_visible};
use crate::error::Refusal;
use crate::error::code::Code;
use serde_json::{Map, Value};
use shared::id::PictureId;
use shared::limits;
use std::collections::BTreeSet;

/// Attributes that only the region sets.
pub(crate) const RESERVED: [&str; 2] = [Column::Tier.name(), "rating"];

/// Applies a merge patch to a profile, or returns everything that is wrong with the patch. Absent fields
/// stay, null removes.
pub fn apply_patch(profile: &Profile, patch: &Map<String, Value>) -> Result<Profile, Refusal> {
    let mut next = profile.clone();
    let mut wrong = Vec::new();
    for (field, value) in patch {
        let changed = match Column::parse(field) {
            Some(Column::Name) => {
                parse_text(field, value).and_then(|text| check_name(field, text)).map(|name| next.name = name)
            }
            Some(Column::Bio) if value.is_null() => {
                next.bio.clear();
                Ok(())
            }
            Some(Column::Bio) => parse_text(field, value).and_then(check_bio).map(|bio| next.bio = bio),
            Some(Column::Attrs) => merge_field(field, &profile.attrs, value).and_then(|attrs| {
                check_attributes(&attrs, &mut wrong)?;
                next.attrs = attrs;
                Ok(())
            }),
            Some(Column::Private) => merge_field(field, &profile.private, value)
                .and_then(check_private)
                .map(|private| next.private = private),
            Some(Column::Pictures) => {
                check_order(&profile.pictures, value).map(|order| next.pictures = order)
            }
            // Set by the region or the service.
            Some(
                Column::Player
                | Column::Version
                | Column::Tier
                | Column::AuthEpoch
                | Column::EpochAt
                | Column::Ban
                | Column::BannedUntil
                | Column::Status
                | Column::StatusAt
                | Column::Hidden
                | Column::Blocks
                | Column::Follows
                | Column::PictureCount
                | Column::Created
                | Column::Updated
                | Column::EditId
                | Column::Erased,
            )
            | None => Err(Refusal::new(
                Code::BadBody,
                "A profile has no such field. You can change name, bio, attrs, private and the order of pictures.",
            )
            .field(field)),
        };
        wrong.extend(changed.err());
    }
    Refusal::combine(wrong).map_or(Ok(next), Err)
}

/// Checks a display name and trims it: 1 to [`limits::NAME_CHARS_MAX`] characters on one line.
pub fn check_name(field: &str, text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if !is_visible(text)
        || text.chars().count() > limits::NAME_CHARS_MAX
        || text.chars().any(is_disallowed_char)
    {
        let detail = format!(
            "A name must have 1 to {} characters, at least one of them visible, without control characters.",
            limits::NAME_CHARS_MAX
        );
        return Err(Refusal::new(Code::BadText, detail).field(field).limit(limits::NAME_CHARS_MAX));
    }
    Ok(text.to_owned())
}

/// Checks the name of a tier: a word that matchmaking rules can compare.
pub fn check_tier(text: &str) -> Result<String, Refusal> {
    if is_word(text) {
        return Ok(text.to_owned());
    }
    let detail =
        format!("A tier must be 1 to {} of a-z, 0-9, - and _, or null for none.", limits::KEY_BYTES_MAX);
    Err(Refusal::new(Code::BadText, detail).field(Column::Tier.name()))
}

fn check_bio(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    let bad = |c: char| c != '\n' && is_disallowed_char(c);
    if text.chars().count() > limits::BIO_CHARS_MAX || text.chars().any(bad) {
        let detail = format!(
            "A bio can have at most {} characters, without control characters other than line breaks.",
            limits::BIO_CHARS_MAX
        );
        return Err(Refusal::new(Code::BadText, detail).field("bio").limit(limits::BIO_CHARS_MAX));
    }
    Ok(text.to_owned())
}

fn parse_text<'a>(field: &str, value: &'a Value) -> Result<&'a str, Refusal> {
    match value {
        Value::String(text) => Ok(text),
        Value::Null => {
            let detail = format!("The {field} can be changed but not removed.");
            Err(Refusal::new(Code::BadText, detail).field(field))
        }
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(Refusal::new(Code::BadBody, "The value must be a text.").field(field))
        }
    }
}

/// Applies a merge patch to an object; null empties it.
fn merge_field(
    field: &str,
    current: &Map<String, Value>,
    patch: &Value,
) -> Result<Map<String, Value>, Refusal> {
    match patch {
        Value::Null => Ok(Map::new()),
        Value::Object(patch) => Ok(merge(current.clone(), patch)),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            let detail = "The value must be an object, or null to empty it.";
            Err(Refusal::new(Code::BadBody, detail).field(field))
        }
    }
}

/// RFC 7396, section 2.
fn merge(mut target: Map<String, Value>, patch: &Map<String, Value>) -> Map<String, Value> {
    for (name, value) in patch {
        match value {
            Value::Null => {
                target.remove(name);
            }
            Value::Object(patch) => {
                let inner = match target.remove(name) {
                    Some(Value::Object(inner)) => inner,
                    Some(_) | None => Map::new(),
                };
                target.insert(name.clone(), Value::Object(merge(inner, patch)));
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                target.insert(name.clone(), value.clone());
            }
        }
    }
    target
}

/// Checks attributes. Each bad attribute is added to `wrong`; too many attributes are the returned error.
fn check_attributes(attrs: &Map<String, Value>, wrong: &mut Vec<Refusal>) -> Result<(), Refusal> {
    for (name, value) in attrs {
        let detail = if RESERVED.contains(&name.as_str()) {
            "Only the service can set this attribute."
        } else if !is_word(name) {
            "The name of an attribute must be 1 to 64 of a-z, 0-9, - and _."
        } else if !is_attribute(value) {
            "An attribute must be a number, a boolean, a text of at most 64 bytes, or a set of at most 16 such texts."
        } else {
            continue;
        };
        let name: String = name.chars().take(limits::KEY_BYTES_MAX).collect();
        wrong.push(Refusal::new(Code::BadAttribute, detail).field(format!("attrs.{name}")));
    }
    if attrs.len() <= limits::PROFILE_ATTRS_MAX {
        return Ok(());
    }
    let detail = format!(
        "A profile can have at most {} attributes, and the patch makes it {}. Remove some with null.",
        limits::PROFILE_ATTRS_MAX,
        attrs.len()
    );
    Err(Refusal::new(Code::TooMany, detail).field("attrs").limit(limits::PROFILE_ATTRS_MAX))
}

fn is_attribute(value: &Value) -> bool {
    let short = |text: &str| text.len() <= limits::KEY_BYTES_MAX && !text.chars().any(is_disallowed_char);
    match value {
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => short(text),
        Value::Array(items) => {
            let texts: BTreeSet<&str> = items.iter().filter_map(Value::as_str).collect();
            items.len() <= limits::ATTRS_MAX && texts.len() == items.len() && texts.into_iter().all(short)
        }
        Value::Null | Value::Object(_) => false,
    }
}

fn is_word(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    (1..=limits::KEY_BYTES_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

fn check_private(private: Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    let private = Value::Object(private);
    let bytes = private.to_string().len();
    if bytes > limits::PRIVATE_BYTES_MAX || depth(&private) > limits::JSON_DEPTH_MAX {
        let detail = format!(
            "The private data can have at most {} bytes of JSON, at most {} levels deep. The patch makes it {bytes} bytes.",
            limits::PRIVATE_BYTES_MAX,
            limits::JSON_DEPTH_MAX
        );
        return Err(Refusal::new(Code::TooLarge, detail).field("private").limit(limits::PRIVATE_BYTES_MAX));
    }
    match private {
        Value::Object(private) => Ok(private),
        _ => Ok(Map::new()),
    }
}

/// Returns how deep a value nests. The parser bounds the depth, at more than a profile allows.
fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(fields) => fields.values().map(depth).max(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return 0,
    };
    1 + inner.unwrap_or(0)
}

/// Checks that a new order has exactly the pictures of the profile.
fn check_order(pictures: &[PictureId], value: &Value) -> Result<Vec<PictureId>, Refusal> {
    let order: Option<Vec<PictureId>> =
        value.as_array().and_then(|ids| ids.iter().map(|id| id.as_str()?.parse().ok()).collect());
    let same = |order: &Vec<PictureId>| {
        let ids: BTreeSet<&PictureId> = order.iter().collect();
        order.len() == pictures.len() && ids == pictures.iter().collect()
    };
    order.filter(same).ok_or_else(|| {
        let detail = "List each picture of the profile once, in the new order. Add a picture with POST /v1/pictures, and remove one \
                      with DELETE /v1/pictures/{picture}.";
        Refusal::new(Code::BadBody, detail).field("pictures")
    })
}

#[cfg(test)]
#[path = "edit/tests.rs"]
mod tests;
