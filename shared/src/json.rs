//! A JSON text that the service passes on without reading it: the body of a message.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::fmt;

/// A JSON text, valid and without superfluous whitespace.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(Box<RawValue>);

impl Json {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Reads the text.
    #[must_use]
    pub fn value(&self) -> Value {
        serde_json::from_str(self.as_str()).unwrap_or_default()
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Default for Json {
    /// Returns the JSON `null`.
    fn default() -> Self {
        Self(RawValue::NULL.to_owned())
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl From<&RawValue> for Json {
    fn from(text: &RawValue) -> Self {
        Self(text.to_owned())
    }
}

impl From<Box<RawValue>> for Json {
    fn from(text: Box<RawValue>) -> Self {
        Self(text)
    }
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        serde_json::value::to_raw_value(value).map_or_else(|_| Self::default(), Self)
    }
}

/// The TypeScript type of any JSON.
#[cfg(feature = "typescript")]
impl ts_rs::TS for Json {
    type WithoutGenerics = Self;
    type OptionInnerType = Self;

    fn name(_: &ts_rs::Config) -> String {
        "Json".to_owned()
    }

    fn inline(cfg: &ts_rs::Config) -> String {
        Self::name(cfg)
    }
}

/// The scan of a frame before a parser reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scan {
    /// The greatest depth of the brackets.
    pub depth: usize,
    /// False if a body must be read and encoded again before it is passed on: it may contain superfluous whitespace, half
    /// of a surrogate pair, or a number that a double cannot hold.
    pub plain: bool,
}

/// Digits that every double can hold.
const DIGITS_MAX: u32 = 15;

/// Scans the bytes of a frame without recursion.
pub(crate) fn scan(text: &str) -> Scan {
    let (mut depth, mut deepest, mut digits) = (0usize, 0usize, 0u32);
    let (mut inside, mut escaped, mut plain) = (false, false, true);
    for byte in text.bytes() {
        if inside {
            match byte {
                b'u' if escaped => (escaped, plain) = (false, false),
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => inside = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => inside = true,
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b' ' | b'\t' | b'\n' | b'\r' => plain = false,
            // An exponent.
            b'e' | b'E' if digits > 0 => plain = false,
            _ => {}
        }
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        plain &= digits <= DIGITS_MAX;
    }
    Scan { depth: deepest, plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_are_not_counted() {
        assert_eq!(scan(r#"{"a":"[[[[\"[["}"#), Scan { depth: 1, plain: true });
    }

    #[test]
    fn plain_text_has_nothing_that_reading_would_change() {
        for text in [r#"{"a":[1,-2.5,"b c",null,true]}"#, r#""\n\"""#, "123456789012345"] {
            assert!(scan(text).plain, "{text}");
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(value.to_string(), text);
        }
        for text in ["[1, 2]", "1e999", "1E3", r#""\ud800""#, "1234567890123456", "[\n]"] {
            assert!(!scan(text).plain, "{text}");
        }
    }
}
