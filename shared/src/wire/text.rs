//! Encoded messages, shared by all of their recipients.

use serde::Serialize;
use std::rc::Rc;

/// An encoded message, shared by all of its recipients.
pub type Text = Rc<str>;

/// Encodes a value as JSON. The maps of this crate have string keys and its numbers are finite, so it cannot fail.
pub(crate) fn encode<T: Serialize>(value: &T) -> Text {
    serde_json::to_string(value).unwrap_or_default().into()
}
