//! How somebody may change their profile: an RFC 7396 merge patch, every fault of which is named.

use super::Profile;
use crate::error::Refusal;
use crate::http::problem::Code;
use serde_json::{Map, Value};
use shared::caps;
use shared::id::PictureId;
use std::collections::BTreeSet;

/// The attribute that says what somebody has paid for. The service alone sets it.
pub const TIER: &str = "tier";
/// Attributes that the region says itself.
pub(crate) const RESERVED: [&str; 2] = [TIER, "rating"];

/// The profile after a merge patch, or everything that is wrong with the patch. Absent fields stay, null removes.
pub fn edit(held: &Profile, patch: &Map<String, Value>) -> Result<Profile, Refusal> {
    let mut next = held.clone();
    let mut wrong = Vec::new();
    for (field, value) in patch {
        let done = match field.as_str() {
            "name" => text(field, value).and_then(|text| name(field, text)).map(|name| next.name = name),
            "bio" if value.is_null() => {
                next.bio.clear();
                Ok(())
            }
            "bio" => text(field, value).and_then(bio).map(|bio| next.bio = bio),
            "attrs" => merged(field, &held.attrs, value).and_then(|attrs| {
                attributes(&attrs, &mut wrong)?;
                next.attrs = attrs;
                Ok(())
            }),
            "private" => {
                merged(field, &held.private, value).and_then(private).map(|private| next.private = private)
            }
            "pictures" => pictures(&held.pictures, value).map(|order| next.pictures = order),
            _ => Err(Refusal::new(
                Code::BadBody,
                "There is no such field. One may change name, bio, attrs, private and the order of pictures.",
            )
            .field(field)),
        };
        wrong.extend(done.err());
    }
    Refusal::of_all(wrong).map_or(Ok(next), Err)
}

/// A display name: trimmed, 1 to [`caps::NAME_CHARS`] characters on one line.
pub fn name(field: &str, text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > caps::NAME_CHARS || text.chars().any(unseemly) {
        let detail = format!("A name has 1 to {} characters and no control characters.", caps::NAME_CHARS);
        return Err(Refusal::new(Code::BadText, detail).field(field).limit(caps::NAME_CHARS));
    }
    Ok(text.to_owned())
}

/// The name of a tier: a word that rules can compare.
pub fn tier(text: &str) -> Result<String, Refusal> {
    if is_word(text) {
        return Ok(text.to_owned());
    }
    let detail = format!("A tier is 1 to {} of a-z, 0-9, - and _; null for none.", caps::KEY_BYTES);
    Err(Refusal::new(Code::BadText, detail).field(TIER))
}

fn bio(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    let bad = |c: char| c != '\n' && unseemly(c);
    if text.chars().count() > caps::BIO_CHARS || text.chars().any(bad) {
        let detail = format!(
            "A text has at most {} characters; line breaks are the only control characters.",
            caps::BIO_CHARS
        );
        return Err(Refusal::new(Code::BadText, detail).field("bio").limit(caps::BIO_CHARS));
    }
    Ok(text.to_owned())
}

fn text<'a>(field: &str, value: &'a Value) -> Result<&'a str, Refusal> {
    match value {
        Value::String(text) => Ok(text),
        Value::Null => {
            let detail = format!("The {field} can be changed, but not removed.");
            Err(Refusal::new(Code::BadText, detail).field(field))
        }
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(Refusal::new(Code::BadBody, "This is a text.").field(field))
        }
    }
}

/// The object after a merge patch of it.
fn merged(field: &str, held: &Map<String, Value>, patch: &Value) -> Result<Map<String, Value>, Refusal> {
    match patch {
        Value::Null => Ok(Map::new()),
        Value::Object(patch) => Ok(merge(held.clone(), patch)),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            let detail = "This is an object; null empties it.";
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

/// Every attribute that cannot be goes to `wrong`; too many of them are the error.
fn attributes(attrs: &Map<String, Value>, wrong: &mut Vec<Refusal>) -> Result<(), Refusal> {
    for (name, value) in attrs {
        let detail = if RESERVED.contains(&name.as_str()) {
            "This attribute is the service's to set."
        } else if !is_word(name) {
            "The name of an attribute is 1 to 64 of a-z, 0-9, - and _."
        } else if !is_attribute(value) {
            "An attribute is a number, a boolean, a text of at most 64 bytes, or a set of at most 16 such texts."
        } else {
            continue;
        };
        let name: String = name.chars().take(caps::KEY_BYTES).collect();
        wrong.push(Refusal::new(Code::BadAttribute, detail).field(format!("attrs.{name}")));
    }
    if attrs.len() <= caps::PROFILE_ATTRS {
        return Ok(());
    }
    let detail = format!(
        "A profile has at most {} attributes; these would be {}. Remove some with null.",
        caps::PROFILE_ATTRS,
        attrs.len()
    );
    Err(Refusal::new(Code::TooMany, detail).field("attrs").limit(caps::PROFILE_ATTRS))
}

fn is_attribute(value: &Value) -> bool {
    let short = |text: &str| text.len() <= caps::KEY_BYTES && !text.chars().any(unseemly);
    match value {
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => short(text),
        Value::Array(items) => {
            let texts: BTreeSet<&str> = items.iter().filter_map(Value::as_str).collect();
            items.len() <= caps::ATTRS && texts.len() == items.len() && texts.into_iter().all(short)
        }
        Value::Null | Value::Object(_) => false,
    }
}

fn is_word(text: &str) -> bool {
    let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    (1..=caps::KEY_BYTES).contains(&text.len()) && text.bytes().all(fine)
}

fn private(private: Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    let private = Value::Object(private);
    let bytes = private.to_string().len();
    if bytes > caps::PRIVATE_BYTES || depth(&private) > caps::JSON_DEPTH {
        let detail = format!(
            "The private part has at most {} bytes of JSON, no more than {} deep; this would be {bytes}.",
            caps::PRIVATE_BYTES,
            caps::JSON_DEPTH
        );
        return Err(Refusal::new(Code::TooLarge, detail).field("private").limit(caps::PRIVATE_BYTES));
    }
    match private {
        Value::Object(private) => Ok(private),
        _ => Ok(Map::new()),
    }
}

/// How deep it nests. The parser has bounded it, at more than is allowed here.
fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(fields) => fields.values().map(depth).max(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return 0,
    };
    1 + inner.unwrap_or(0)
}

/// Another order of the same pictures.
fn pictures(held: &[PictureId], value: &Value) -> Result<Vec<PictureId>, Refusal> {
    let order: Option<Vec<PictureId>> =
        value.as_array().and_then(|ids| ids.iter().map(|id| id.as_str()?.parse().ok()).collect());
    let same = |order: &Vec<PictureId>| {
        let ids: BTreeSet<&PictureId> = order.iter().collect();
        order.len() == held.len() && ids == held.iter().collect()
    };
    order.filter(same).ok_or_else(|| {
        let detail = "Name the pictures of the profile in their new order, each once. One comes with POST /v1/pictures and \
                      goes with DELETE /v1/pictures/{picture}.";
        Refusal::new(Code::BadBody, detail).field("pictures")
    })
}

/// Control characters, and those that turn the direction of the text around a name.
pub(crate) fn unseemly(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
#[path = "edit/tests.rs"]
mod tests;
