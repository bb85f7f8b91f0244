//! The reason of an operator's action: the header `Audit-Reason`, which the audit trail keeps.

use crate::limits;
use percent_encoding::percent_decode_str;
use std::fmt;

/// The name of the header. Its value is percent-encoded UTF-8, because header values are ASCII.
pub const HEADER: &str = "audit-reason";

/// A value of the header that is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidReason;

impl fmt::Display for InvalidReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = limits::AUDIT_REASON_CHARS_MAX;
        write!(
            f,
            "An Audit-Reason has 1 to {most} characters without control characters, as percent-encoded UTF-8."
        )
    }
}

impl std::error::Error for InvalidReason {}

/// Reads the value of the header.
pub fn read(value: &str) -> Result<String, InvalidReason> {
    let is_byte = |rest: &str| rest.get(..2).is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    if !value.split('%').skip(1).all(is_byte) {
        return Err(InvalidReason);
    }
    let text = percent_decode_str(value).decode_utf8().map_err(|_| InvalidReason)?;
    let text = text.trim();
    let count = text.chars().count();
    if count == 0 || count > limits::AUDIT_REASON_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(InvalidReason);
    }
    Ok(text.to_owned())
}

/// Returns the pattern of the header `Audit-Reason`: each repetition is one character that is no control character.
#[cfg(feature = "openapi")]
#[must_use]
pub fn pattern() -> String {
    const HEX: &str = "[0-9A-Fa-f]";
    const NEXT: &str = "%[89ABab][0-9A-Fa-f]";
    let one = "[ -$&-~]";
    let ascii = format!("%(2{HEX}|[3-6]{HEX}|7[0-9A-Ea-e])");
    let two = format!("%[Cc]2%[ABab]{HEX}|%([Cc][3-9A-Fa-f]|[Dd]{HEX}){NEXT}");
    let three =
        format!("%[Ee]0%[ABab]{HEX}{NEXT}|%[Ee][1-9A-CEFa-cef]{NEXT}{NEXT}|%[Ee][Dd]%[89]{HEX}{NEXT}");
    let four =
        format!("%[Ff]0%[9ABab]{HEX}{NEXT}{NEXT}|%[Ff][1-3]{NEXT}{NEXT}{NEXT}|%[Ff]4%8{HEX}{NEXT}{NEXT}");
    let most = limits::AUDIT_REASON_CHARS_MAX;
    format!("^({one}|{ascii}|{two}|{three}|{four}){{1,{most}}}$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_is_percent_encoded_text() {
        assert_eq!(read("spam"), Ok("spam".to_owned()));
        assert_eq!(read(" Beleidigung%20%C3%BCber%20%25 "), Ok("Beleidigung über %".to_owned()));
        assert_eq!(read(&"x".repeat(400)), Ok("x".repeat(400)));
        for wrong in ["", "%20", "%FF", "a%0Ab", "a%00", "100%", "%u00FC", &"x".repeat(401)] {
            assert_eq!(read(wrong), Err(InvalidReason), "{wrong}");
        }
    }
}
