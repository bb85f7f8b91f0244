//! Attributes of a stored item, in and out.

use crate::error::Error;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use shared::time::Time;
use std::collections::HashMap;
use std::str::FromStr;

/// A stored item.
pub type Item = HashMap<String, AttributeValue>;

/// A text.
#[must_use]
pub fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A number.
#[must_use]
#[allow(clippy::needless_pass_by_value)]
pub fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// A moment, in milliseconds.
#[must_use]
pub fn at(moment: Time) -> AttributeValue {
    n(moment.ms())
}

/// Bytes.
#[must_use]
pub fn b(bytes: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

/// A text that parses, such as an id.
pub fn get_text<T: FromStr>(item: &Item, name: &'static str) -> Result<T, Error> {
    optional_text(item, name)?.ok_or(Error::Corrupt { attribute: name })
}

/// A text that parses, or none.
pub fn optional_text<T: FromStr>(item: &Item, name: &'static str) -> Result<Option<T>, Error> {
    read(item, name, |value| value.as_s().ok()?.parse().ok())
}

/// A number.
pub fn get_number<T: FromStr>(item: &Item, name: &'static str) -> Result<T, Error> {
    read(item, name, |value| value.as_n().ok()?.parse().ok())?.ok_or(Error::Corrupt { attribute: name })
}

/// A moment, or none.
pub fn optional_time(item: &Item, name: &'static str) -> Result<Option<Time>, Error> {
    read(item, name, |value| value.as_n().ok()?.parse().ok().map(Time::from_ms))
}

/// A moment.
pub fn get_time(item: &Item, name: &'static str) -> Result<Time, Error> {
    optional_time(item, name)?.ok_or(Error::Corrupt { attribute: name })
}

/// A SHA-256, or none.
pub fn optional_hash(item: &Item, name: &'static str) -> Result<Option<[u8; 32]>, Error> {
    read(item, name, |value| value.as_b().ok()?.as_ref().try_into().ok())
}

/// Absent is none; there but unreadable is corrupt.
fn read<T>(
    item: &Item,
    name: &'static str,
    how: impl Fn(&AttributeValue) -> Option<T>,
) -> Result<Option<T>, Error> {
    match item.get(name) {
        None => Ok(None),
        Some(value) => how(value).map(Some).ok_or(Error::Corrupt { attribute: name }),
    }
}
