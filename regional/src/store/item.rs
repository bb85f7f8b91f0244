//! Items and their attributes: how values are stored, and how they are read back.

use super::keys::{Key, PK, SK};
use crate::error::Error;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use shared::time::Time;
use std::collections::HashMap;
use std::str::FromStr;

/// A stored item: its attributes by name.
pub type Item = HashMap<String, AttributeValue>;

/// An item with its key, its tag and these attributes.
pub(super) fn new_item<'a>(
    key: &Key,
    attributes: impl IntoIterator<Item = (&'a str, AttributeValue)>,
) -> Item {
    let mut item = key.item();
    item.insert("t".into(), s(key.kind().tag()));
    item.extend(attributes.into_iter().map(|(name, value)| (name.to_owned(), value)));
    item
}

/// A text attribute.
#[must_use]
pub fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A number attribute.
#[must_use]
#[allow(clippy::needless_pass_by_value)]
pub fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// A moment, stored in milliseconds since 1970.
#[must_use]
pub fn at(moment: Time) -> AttributeValue {
    n(moment.ms())
}

/// A binary attribute.
#[must_use]
pub fn b(bytes: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

/// A boolean attribute.
#[must_use]
pub fn flag(value: bool) -> AttributeValue {
    AttributeValue::Bool(value)
}

/// Reads a text that parses, such as an id.
pub fn get_text<T: FromStr>(item: &Item, name: &'static str) -> Result<T, Error> {
    optional_text(item, name)?.ok_or(Error::Corrupt { attribute: name })
}

/// Reads a text that parses, if the attribute exists.
pub fn optional_text<T: FromStr>(item: &Item, name: &'static str) -> Result<Option<T>, Error> {
    read_attribute(item, name, |value| value.as_s().ok()?.parse().ok())
}

/// Reads a number attribute.
pub fn get_number<T: FromStr>(item: &Item, name: &'static str) -> Result<T, Error> {
    let number = read_attribute(item, name, |value| value.as_n().ok()?.parse().ok())?;
    number.ok_or(Error::Corrupt { attribute: name })
}

/// Reads a moment, if the attribute exists.
pub fn optional_time(item: &Item, name: &'static str) -> Result<Option<Time>, Error> {
    read_attribute(item, name, |value| value.as_n().ok()?.parse().ok().map(Time::from_ms))
}

/// Reads a moment that must exist.
pub fn get_time(item: &Item, name: &'static str) -> Result<Time, Error> {
    optional_time(item, name)?.ok_or(Error::Corrupt { attribute: name })
}

/// Reads a SHA-256, if the attribute exists.
pub fn optional_hash(item: &Item, name: &'static str) -> Result<Option<[u8; 32]>, Error> {
    read_attribute(item, name, |value| value.as_b().ok()?.as_ref().try_into().ok())
}

/// Reads a boolean attribute; an absent one is false.
#[must_use]
pub fn get_flag(item: &Item, name: &str) -> bool {
    matches!(item.get(name), Some(AttributeValue::Bool(true)))
}

/// Reads a list or an object that is stored as JSON text; an absent one is empty.
pub(super) fn get_json<T: Default + serde::de::DeserializeOwned>(
    item: &Item,
    name: &'static str,
) -> Result<T, Error> {
    optional_text::<String>(item, name)?.map_or_else(
        || Ok(T::default()),
        |text| serde_json::from_str(&text).map_err(|_| Error::Corrupt { attribute: name }),
    )
}

/// Returns the JSON text of a value that always has one, such as a list of ids or a JSON object.
pub(super) fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Reads the sort key of an item.
pub(super) fn sort_key(item: &Item) -> Result<&str, Error> {
    let key = item.get(SK).and_then(|value| value.as_s().ok());
    key.map(String::as_str).ok_or(Error::Corrupt { attribute: SK })
}

/// Reads the key of an item. None for a row of a kind that this version does not know.
#[must_use]
pub fn stored_key(item: &Item) -> Option<Key> {
    let text = |name: &str| item.get(name)?.as_s().ok();
    Key::parse(text(PK)?, text(SK)?)
}

/// Returns none for an absent attribute, and an error for one that cannot be read.
fn read_attribute<T>(
    item: &Item,
    name: &'static str,
    parse: impl Fn(&AttributeValue) -> Option<T>,
) -> Result<Option<T>, Error> {
    match item.get(name) {
        None => Ok(None),
        Some(value) => parse(value).map(Some).ok_or(Error::Corrupt { attribute: name }),
    }
}
