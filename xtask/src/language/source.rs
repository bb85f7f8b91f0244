//! A lexer for Rust and TypeScript that separates comments and strings from code.

use super::banned::Passage;

/// The languages that the lexer reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Rust,
    TypeScript,
}

/// A source file, taken apart.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// Doc comments, one passage for each block of lines.
    pub docs: Vec<Passage>,
    /// Other comments, one passage for each block of lines.
    pub comments: Vec<Passage>,
    /// String literals of at least two words.
    pub strings: Vec<Passage>,
    /// The file with the same lines, where blanks stand for comments and for what literals contain.
    pub code: String,
}

/// Takes a source file apart.
pub(super) fn read(text: &str, language: Language) -> Source {
    let mut lexer = Lexer { text, at: 0, line: 1, language, found: Source::default(), last: None };
    while lexer.step() {}
    lexer.found
}

/// The kinds of comments: lines of one kind that follow each other are one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Outer,
    Inner,
    Plain,
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    language: Language,
    found: Source,
    /// The last comment's kind, line and column, for the comment that continues it.
    last: Option<(Kind, usize, usize)>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Reads one comment, literal or character. Returns false at the end.
    fn step(&mut self) -> bool {
        let rest = self.rest();
        let Some(c) = rest.chars().next() else { return false };
        if rest.starts_with("//") {
            self.line_comment(rest.lines().next().unwrap_or_default());
        } else if rest.starts_with("/*") {
            let length = rest.find("*/").map_or(rest.len(), |end| end + 2);
            self.block_comment(rest.get(..length).unwrap_or_default());
        } else if let Some(hashes) = self.raw_string() {
            let close = format!("\"{}", "#".repeat(hashes.1));
            let start = hashes.0 + hashes.1 + 1;
            let end = rest.get(start..).and_then(|inside| inside.find(&close)).unwrap_or(rest.len() - start);
            self.string(start, start + end, start + end + close.len());
        } else if c == '"' || (self.language == Language::TypeScript && "'`".contains(c)) {
            let end = closing(rest, c);
            self.string(1, end, end + 1);
        } else if c == '\'' {
            let length = char_literal(rest);
            self.blank(length.unwrap_or(1));
        } else if c == '/' && self.language == Language::TypeScript && self.is_before_regex() {
            self.blank(closing(rest, '/') + 1);
        } else {
            self.found.code.push(c);
            self.advance(c.len_utf8());
        }
        true
    }

    /// Moves past `length` bytes of the text.
    fn advance(&mut self, length: usize) {
        let length = length.min(self.rest().len());
        self.line += self.rest().get(..length).unwrap_or_default().matches('\n').count();
        self.at += length;
    }

    /// Moves past `length` bytes and writes blanks for them, so that lines and columns stay.
    fn blank(&mut self, length: usize) {
        let skipped = self.rest().get(..length).unwrap_or(self.rest());
        self.found.code.extend(skipped.chars().map(|c| if c == '\n' { c } else { ' ' }));
        self.advance(skipped.len());
    }

    fn column(&self) -> usize {
        let before = self.text.get(..self.at).unwrap_or_default();
        before.len() - before.rfind('\n').map_or(0, |at| at + 1)
    }

    fn line_comment(&mut self, comment: &str) {
        let is_rust = self.language == Language::Rust;
        let (kind, marker) = match comment {
            _ if is_rust && comment.starts_with("////") => (Kind::Plain, "////"),
            _ if is_rust && comment.starts_with("///") => (Kind::Outer, "///"),
            _ if is_rust && comment.starts_with("//!") => (Kind::Inner, "//!"),
            _ => (Kind::Plain, "//"),
        };
        let text = comment.strip_prefix(marker).unwrap_or_default();
        let text = text.strip_prefix(' ').unwrap_or(text);
        let place = (kind, self.line, self.column());
        let continues = self.last == Some((place.0, place.1 - 1, place.2));
        let block = if kind == Kind::Plain { &mut self.found.comments } else { &mut self.found.docs };
        match block.last_mut().filter(|_| continues) {
            Some(block) => {
                block.text.push('\n');
                block.text.push_str(text);
            }
            None => block.push(Passage { line: self.line, text: text.to_owned() }),
        }
        self.last = Some(place);
        self.blank(comment.len());
    }

    fn block_comment(&mut self, comment: &str) {
        let is_doc = comment.starts_with("/**") && comment.len() > 4;
        let inside = comment.trim_start_matches(['/', '*']).trim_end_matches(['*', '/']);
        let lines: Vec<&str> = inside.lines().map(|line| line.trim().trim_start_matches("* ")).collect();
        let passage = Passage { line: self.line, text: lines.join("\n") };
        if is_doc {
            self.found.docs.push(passage);
        } else {
            self.found.comments.push(passage);
        }
        self.blank(comment.len());
    }

    /// Keeps the literal between `start` and `end` if it is prose, and moves to `after`.
    fn string(&mut self, start: usize, end: usize, after: usize) {
        let inside = self.rest().get(start..end).unwrap_or_default();
        if inside.trim().contains(' ') {
            // An escape is not a letter of the word that follows it.
            let text = inside.replace("\\n", "  ").replace("\\\"", "\" ").replace("\\\n", " \n");
            self.found.strings.push(Passage { line: self.line, text });
        }
        self.found.code.push('"');
        let skipped = self.rest().get(1..after.saturating_sub(1)).unwrap_or_default();
        self.found.code.extend(skipped.chars().map(|c| if c == '\n' { c } else { ' ' }));
        self.found.code.push('"');
        self.advance(after);
    }

    /// The bytes before the hashes of a raw string that begins here, and its hashes.
    fn raw_string(&self) -> Option<(usize, usize)> {
        if self.language != Language::Rust || self.is_after_word() {
            return None;
        }
        let rest = self.rest();
        let prefix = ["r", "br", "cr"].into_iter().find(|prefix| rest.starts_with(prefix))?;
        let after = rest.get(prefix.len()..)?;
        let hashes = after.len() - after.trim_start_matches('#').len();
        after.get(hashes..)?.starts_with('"').then_some((prefix.len(), hashes))
    }

    fn is_after_word(&self) -> bool {
        self.found.code.ends_with(|c: char| c.is_alphanumeric() || c == '_')
    }

    /// A slash divides after a value and begins a regular expression elsewhere.
    fn is_before_regex(&self) -> bool {
        let code = self.found.code.trim_end();
        code.ends_with("return") || !code.ends_with(|c: char| c.is_alphanumeric() || "_)]}\"".contains(c))
    }
}

/// The place of the quote that closes the literal at the start of `rest`, past escapes.
fn closing(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if c == quote => return at,
            _ => {}
        }
    }
    rest.len()
}

/// The bytes of the character literal at the start of `rest`; none if it is a lifetime.
fn char_literal(rest: &str) -> Option<usize> {
    let inside = rest.get(1..)?;
    let first = inside.chars().next()?;
    if first == '\\' {
        return Some(closing(rest, '\'') + 1);
    }
    inside.get(first.len_utf8()..)?.starts_with('\'').then_some(first.len_utf8() + 2)
}
