//! The banned words and phrases, each with its replacement, and the search for them in a passage of prose.

use std::collections::BTreeMap;
use std::sync::OnceLock;

/// A piece of prose in a file: a comment, a string, a paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Passage {
    /// The number of its first line in the file.
    pub line: usize,
    /// Its text, with the file's own line breaks.
    pub text: String,
}

/// Words and phrases in lower case, and what to write instead. A phrase that ends with ` .` is found only at
/// the end of a clause; `SHALL` of the RFCs is not in lower case and passes.
const BANNED: &[(&str, &str)] = &[
    ("somebody", "a player, a client, a caller"),
    ("someone", "a player, a client, a caller"),
    ("somebody's", "a player's, a client's"),
    ("someone's", "a player's, a client's"),
    ("nobody", "no player, no client, no caller"),
    ("nobody's", "no player's"),
    ("everybody", "all players, all members, every client"),
    ("everybody's", "every player's"),
    ("everyone", "all players, all members, every client"),
    ("everyone's", "every player's"),
    ("anybody", "any player, any caller"),
    ("anyone", "any player, any caller"),
    ("anyone's", "any player's"),
    ("whoever", "the player that, the caller that"),
    ("whomever", "any player that"),
    ("whosoever", "any player that"),
    ("whom", "rewrite with an explicit subject"),
    ("anew", "again, from the start"),
    ("one's own", "its own, the player's own"),
    ("one's", "its, the player's"),
    ("so many", "too many, this many, the number"),
    ("so much", "too much, this much, the amount"),
    ("what holds here", "the rules"),
    ("it is not so", "state the fact"),
    ("nothing of it", "none of it"),
    ("no more .", "no longer"),
    ("as is", "unchanged"),
    ("is to be", "must be, is"),
    ("are to be", "must be, are"),
    ("whence", "from where, the source"),
    ("whither", "the destination"),
    ("hither", "here"),
    ("thither", "there"),
    ("thereof", "of it"),
    ("therein", "in it"),
    ("thereto", "to it"),
    ("whereof", "of which"),
    ("wherein", "in which"),
    ("henceforth", "from now on"),
    ("forthwith", "at once"),
    ("lest", "so that … not"),
    ("ere", "before"),
    ("aught", "anything"),
    ("naught", "nothing"),
    ("nought", "nothing"),
    ("amidst", "among"),
    ("amongst", "among"),
    ("whilst", "while"),
    ("shall", "must, will"),
];

/// A word of a passage, or the sign that ends a clause.
#[derive(Debug, Clone, Copy)]
enum Token<'a> {
    Word { line: usize, text: &'a str },
    Stop(char),
}

/// Returns the line, the words found and their replacement, for each place in the passage. Code in backticks
/// is skipped.
pub(super) fn find(passage: &Passage) -> Vec<(usize, &'static str, &'static str)> {
    let tokens = tokens(passage);
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Token::Word { line, text } = *token else { continue };
        let rest = tokens.get(at..).unwrap_or_default();
        let phrases = by_first_letter(text).iter().filter(|(phrase, _)| begins_with(rest, phrase));
        let longest = phrases.max_by_key(|(phrase, _)| phrase.len());
        found
            .extend(longest.map(|(phrase, replacement)| (line, phrase.trim_end_matches(" ."), *replacement)));
    }
    found
}

/// The entries that begin with the first letter of a word, so that most words are compared with none.
fn by_first_letter(word: &str) -> &'static [(&'static str, &'static str)] {
    static ENTRIES: OnceLock<BTreeMap<u8, Vec<(&str, &str)>>> = OnceLock::new();
    let entries = ENTRIES.get_or_init(|| {
        let mut entries: BTreeMap<u8, Vec<_>> = BTreeMap::new();
        for entry in BANNED {
            entries.entry(entry.0.as_bytes().first().copied().unwrap_or_default()).or_default().push(*entry);
        }
        entries
    });
    let first = word.as_bytes().first().map(u8::to_ascii_lowercase);
    first.and_then(|first| entries.get(&first)).map(Vec::as_slice).unwrap_or_default()
}

/// Returns the line and the first words of each sentence whose subject is a bare relative clause. A question
/// is none.
pub(super) fn relative_sentences(passage: &Passage) -> Vec<(usize, String)> {
    let tokens = tokens(passage);
    let sentences = tokens.split_inclusive(|token| matches!(token, Token::Stop('.' | '?' | '!')));
    let found = sentences.filter_map(|sentence| {
        let Some(Token::Word { line, text: "Who" | "Whom" | "Whose" | "What" | "Whether" }) =
            sentence.first()
        else {
            return None;
        };
        let words = sentence.iter().filter_map(|token| match token {
            Token::Word { text, .. } => Some(*text),
            Token::Stop(_) => None,
        });
        let start = words.take(6).collect::<Vec<_>>().join(" ");
        (!matches!(sentence.last(), Some(Token::Stop('?')))).then_some((*line, start))
    });
    found.collect()
}

fn begins_with(tokens: &[Token], phrase: &str) -> bool {
    let mut tokens = tokens.iter();
    phrase.split(' ').all(|wanted| match tokens.next() {
        Some(Token::Word { text, .. }) => is_same(text, wanted),
        Some(Token::Stop(_)) | None => wanted == ".",
    })
}

/// Compares a word with one in lower case. All capitals are a keyword of an RFC or a constant, not prose.
fn is_same(text: &str, wanted: &str) -> bool {
    let is_shouted = text.len() > 1 && text.chars().all(char::is_uppercase);
    !is_shouted && text.len() == wanted.len() && text.eq_ignore_ascii_case(wanted)
}

fn tokens(passage: &Passage) -> Vec<Token<'_>> {
    let (text, mut line, mut tokens) = (passage.text.as_str(), passage.line, Vec::new());
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        let length = if c.is_alphanumeric() {
            let length = word_length(rest);
            tokens.push(Token::Word { line, text: rest.get(..length).unwrap_or_default() });
            length
        } else if c == '`' {
            tokens.push(Token::Stop(c));
            code_length(rest)
        } else {
            if !c.is_whitespace() && !"\"*_".contains(c) {
                tokens.push(Token::Stop(c));
            }
            c.len_utf8()
        };
        line += rest.get(..length).unwrap_or_default().matches('\n').count();
        at += length;
    }
    tokens
}

/// The bytes of the word that `rest` begins with: letters, digits, and apostrophes between letters.
fn word_length(rest: &str) -> usize {
    let mut length = 0;
    let mut chars = rest.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let is_inside = c == '\'' && chars.peek().is_some_and(|(_, next)| next.is_alphabetic());
        if !c.is_alphanumeric() && !is_inside {
            return length;
        }
        length = at + c.len_utf8();
    }
    length
}

/// The bytes of the code span that `rest` begins with, its backticks included: one if it is not closed in the
/// paragraph.
fn code_length(rest: &str) -> usize {
    let fence = rest.len() - rest.trim_start_matches('`').len();
    let (ticks, inside) = rest.split_at(fence);
    let is_block = fence >= 3;
    let closed = inside.find(ticks).filter(|end| is_block || !inside[..*end].contains("\n\n"));
    closed.map_or(fence, |end| end + 2 * fence)
}
