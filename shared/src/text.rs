//! Encoded messages, shared by all of their recipients.

use serde::Serialize;
use std::io;
use std::rc::Rc;

/// An encoded message, shared by all of its recipients.
pub type Text = Rc<str>;

/// Encodes a value as JSON. The maps of this crate have string keys and its numbers are finite, so it cannot fail.
pub(crate) fn encode<T: Serialize>(value: &T) -> Text {
    serde_json::to_string(value).unwrap_or_default().into()
}

/// Returns true for a text of 1 to `most` visible ASCII characters: a key, a nonce, or the id of another system.
#[must_use]
pub fn is_visible_ascii(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Returns the bytes of a value's JSON, without writing it.
pub(crate) fn encoded_len<T: Serialize>(value: &T) -> usize {
    let mut count = Count(0);
    // A counter never fails, and a value that cannot be encoded has no JSON.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

/// A writer that only counts.
struct Count(usize);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
