//! Rules for the characters and the length of texts by players and moderators.

use crate::error::Refusal;
use crate::error::code::Code;
use shared::limits;

/// Returns whether a character must not appear in a name: control characters, and characters that change the
/// direction of the text around the name.
pub(crate) fn is_disallowed_char(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Checks a text that a moderator writes or reads, and trims it: `min` to [`limits::REASON_CHARS_MAX`]
/// characters, with line breaks as the only control characters.
pub fn check_text(field: &str, text: &str, min: usize) -> Result<String, Refusal> {
    let (text, max) = (text.trim(), limits::REASON_CHARS_MAX);
    let count = text.chars().count();
    if count < min || count > max || text.chars().any(|c| c.is_control() && c != '\n') {
        let detail = format!(
            "The text must have {min} to {max} characters, without control characters other than line breaks."
        );
        return Err(Refusal::new(Code::BadText, detail).field(field).limit(max));
    }
    Ok(text.to_owned())
}
