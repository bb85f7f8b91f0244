//! Rules for the characters and the length of texts by players and moderators.

use crate::error::Refusal;
use crate::error::code::Code;
use shared::limits;

/// Returns whether a character must not appear in a name: control characters, and characters that change the
/// direction of the text around the name.
pub(crate) fn is_disallowed_char(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns whether a text shows anything. Spaces show nothing, and neither do control characters, the characters
/// that Unicode ignores by default (joiners, fillers, variation selectors, tags), and blank letters.
pub(crate) fn is_visible(text: &str) -> bool {
    text.chars().any(|c| !c.is_whitespace() && !c.is_control() && !is_blank(c))
}

/// Returns whether a character shows nothing by itself: `Default_Ignorable_Code_Point` of Unicode 17, the blank
/// Braille pattern and the empty note head.
fn is_blank(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d159}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Checks a text that a moderator writes or reads, and trims it: `min` to [`limits::REASON_CHARS_MAX`]
/// characters, with line breaks as the only control characters.
pub fn check_text(field: &str, text: &str, min: usize) -> Result<String, Refusal> {
    let (text, max) = (text.trim(), limits::REASON_CHARS_MAX);
    let count = text.chars().count();
    let empty = min > 0 && !is_visible(text);
    if empty || count < min || count > max || text.chars().any(|c| c.is_control() && c != '\n') {
        let detail = format!(
            "The text must have {min} to {max} characters, some of them visible if any are required, without control characters other than line breaks."
        );
        return Err(Refusal::new(Code::BadText, detail).field(field).limit(max));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_a_visible_character_shows_nothing() {
        for blank in [
            "",
            " \u{3000}",
            "\u{200b}",
            "\u{200d}\u{200c}",
            "\u{2800}",
            "\u{3164}",
            "\u{ad}",
            "\u{feff}",
            "\u{2060}",
            "\u{200e}\u{200f}",
            "\u{e0041}\u{e0042}",
            "\u{115f} \u{1160}",
            "\u{fe0f}",
            "\u{ffa0}",
            "\u{34f}",
            "\u{1d159}",
        ] {
            assert!(!is_visible(blank), "{blank:?}");
            assert!(check_text("reason", blank, 1).is_err(), "{blank:?}");
        }
        // Joiners and tags are part of what is visible.
        for shown in [
            "a",
            "👨\u{200d}👩\u{200d}👧",
            "می\u{200c}خواهم",
            "नमस्ते",
            "🏴\u{e0067}\u{e0062}\u{e007f}",
            "\u{200b}a",
            "é",
            "ﷺ",
        ] {
            assert!(is_visible(shown), "{shown:?}");
            assert!(check_text("reason", shown, 1).is_ok(), "{shown:?}");
        }
        assert!(check_text("text", "", 0).is_ok());
    }
}
