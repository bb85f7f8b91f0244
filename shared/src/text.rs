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
