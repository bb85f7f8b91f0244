//! The language standard as a check: banned words, doc comments, missing docs and long functions, file by
//! file.

mod banned;
mod items;
mod markup;
mod source;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::root::Root;
use banned::Passage;
use source::{Language, Source};

/// Findings of one rule that a report without paths prints.
const SHOWN: usize = 50;

/// Files and folders whose words are not checked, each with its reason. A name that ends with `/` is a
/// folder.
const EXEMPT: &[(&str, &str)] = &[
    ("LICENSE-", "legal text"),
    ("Cargo.lock", "generated"),
    ("package-lock.json", "generated"),
    ("fuzz/Cargo.lock", "generated"),
    ("xtask/bench/peers/package-lock.json", "generated"),
    ("xtask/bench/peers/rust-room/Cargo.lock", "generated"),
    ("tests/golden/", "frames as they are on the wire"),
    ("tests/tests/wire/lobby.rs", "the names of golden frames, which do not change"),
    ("tests/tests/wire/server.rs", "the names of golden frames, which do not change"),
    ("xtask/src/language/banned.rs", "the list itself"),
    ("xtask/src/language/tests.rs", "sentences that the list must find"),
];

/// Crates whose public items must be documented.
const DOCUMENTED: &[&str] =
    &["shared/src/", "edge/src/", "regional/src/", "xtask/src/", "xtask/plan-bench/src/"];

/// A rule of the language standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    BannedWord,
    ShortDoc,
    /// A doc comment that begins with `Who`, `What`, `Whom`, `Whose`, `Whether` or `Which`.
    RelativeDoc,
    /// Another sentence of a comment or a document that begins with `Who`, `What`, `Whom`, `Whose` or
    /// `Whether`.
    RelativeSentence,
    MissingDoc,
    LongFunction,
}

impl Rule {
    const ALL: [Self; 6] = [
        Self::BannedWord,
        Self::ShortDoc,
        Self::RelativeDoc,
        Self::RelativeSentence,
        Self::MissingDoc,
        Self::LongFunction,
    ];

    const fn title(self) -> &'static str {
        match self {
            Self::BannedWord => "banned words",
            Self::ShortDoc => "doc comments of fewer than three words",
            Self::RelativeDoc => "doc comments that begin with a relative clause",
            Self::RelativeSentence => "sentences whose subject is a bare relative clause",
            Self::MissingDoc => "public items without a doc comment",
            Self::LongFunction => "functions of more than 60 lines",
        }
    }
}

/// A place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub rule: Rule,
    /// The file's name from the root.
    pub file: String,
    pub line: usize,
    /// The words found and their replacement.
    pub text: String,
}

/// Counts the places that break the language standard, and prints them.
#[derive(clap::Args)]
pub struct Words {
    /// Only these files and folders, named from the root; every finding in them is printed.
    paths: Vec<String>,
    /// Print every finding, not the first 50 of each rule.
    #[arg(long)]
    all: bool,
}

/// Prints the findings and their counts; never fails because of them.
pub fn run(root: &Root, options: &Words) -> Result<()> {
    let found = findings(root, &options.paths)?;
    let shown = if options.all || !options.paths.is_empty() { usize::MAX } else { SHOWN };
    print!("{}", report(&found, shown));
    Ok(())
}

/// Fails with a report if any file breaks a rule.
pub fn check(root: &Root) -> Result<()> {
    let found = findings(root, &[])?;
    ensure!(found.is_empty(), "the language standard is broken:\n{}", report(&found, SHOWN));
    Ok(())
}

/// Returns every finding in the repository, or in `paths` if there are any, in the order of files and lines.
pub fn findings(root: &Root, paths: &[String]) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for file in root.files()? {
        let is_asked = paths.is_empty() || paths.iter().any(|path| Path::new(&file).starts_with(path));
        if !is_asked {
            continue;
        }
        // Files that git lists may be deleted, and files that are not text have no words.
        if let Ok(text) = std::fs::read_to_string(root.path(&file)) {
            found.extend(of_file(&file, &text));
        }
    }
    Ok(found)
}

/// Returns the findings in one file, by its name from the root.
#[must_use]
pub fn of_file(file: &str, text: &str) -> Vec<Finding> {
    if EXEMPT.iter().any(|(name, _)| file.starts_with(name)) {
        return Vec::new();
    }
    let mut found = Findings { file, found: Vec::new() };
    match file.rsplit_once('.').map(|(_, ending)| ending) {
        Some("rs") => found.rust(text),
        Some("ts" | "js") => found.source(&source::read(text, Language::TypeScript)),
        Some("md") => found.prose(&markup::markdown(text)),
        Some("json") => found.prose(&markup::openapi(text)),
        Some("toml") => found.words(&[Passage { line: 1, text: without_values(text) }]),
        _ => found.words(&[Passage { line: 1, text: text.to_owned() }]),
    }
    found.found.sort_by_key(|finding| (finding.line, finding.rule));
    found.found
}

/// Returns TOML without its strings of a single word, which are values and not prose.
fn without_values(text: &str) -> String {
    let parts = text.split('"').enumerate();
    let prose = parts.map(|(at, part)| if at % 2 == 1 && !part.contains(' ') { "" } else { part });
    prose.collect::<Vec<_>>().join("\"")
}

/// The findings in one file, as they are collected.
struct Findings<'a> {
    file: &'a str,
    found: Vec<Finding>,
}

impl Findings<'_> {
    fn add(&mut self, rule: Rule, line: usize, text: String) {
        self.found.push(Finding { rule, file: self.file.to_owned(), line, text });
    }

    fn rust(&mut self, text: &str) {
        let source = source::read(text, Language::Rust);
        self.source(&source);
        self.words(&items::function_names(&source.code));
        for function in items::long_functions(&source.code) {
            self.add(
                Rule::LongFunction,
                function.line,
                format!("`{}`: {} lines", function.name, function.lines),
            );
        }
        if DOCUMENTED.iter().any(|folder| self.file.starts_with(folder)) {
            for (line, item) in items::undocumented(text) {
                self.add(Rule::MissingDoc, line, item);
            }
        }
    }

    fn source(&mut self, source: &Source) {
        for doc in &source.docs {
            self.doc(doc);
        }
        self.words(&source.docs);
        self.prose(&source.comments);
        self.words(&source.strings);
    }

    fn doc(&mut self, doc: &Passage) {
        let text = doc.text.trim();
        if text.split_whitespace().count() < 3 {
            self.add(Rule::ShortDoc, doc.line, format!("\"{text}\""));
        }
        let first = text.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
        let is_relative = ["Who", "What", "Whom", "Whose", "Whether", "Which"].contains(&first);
        if is_relative {
            let start: String = text.chars().take(60).collect();
            self.add(Rule::RelativeDoc, doc.line, format!("\"{}\"", start.replace('\n', " ")));
        }
        // The first sentence is one finding.
        let first_line = if is_relative { doc.line } else { 0 };
        self.sentences(doc, first_line);
    }

    fn prose(&mut self, passages: &[Passage]) {
        for passage in passages {
            self.sentences(passage, 0);
        }
        self.words(passages);
    }

    fn sentences(&mut self, passage: &Passage, except_line: usize) {
        for (line, start) in banned::relative_sentences(passage) {
            if line != except_line {
                self.add(Rule::RelativeSentence, line, format!("\"{start} …\""));
            }
        }
    }

    fn words(&mut self, passages: &[Passage]) {
        for passage in passages {
            for (line, word, replacement) in banned::find(passage) {
                self.add(Rule::BannedWord, line, format!("\"{word}\" → {replacement}"));
            }
        }
    }
}

/// Writes the count of each rule and its first `shown` findings.
fn report(found: &[Finding], shown: usize) -> String {
    let mut by_rule: BTreeMap<Rule, Vec<&Finding>> = BTreeMap::new();
    for finding in found {
        by_rule.entry(finding.rule).or_default().push(finding);
    }
    let mut text = String::new();
    for (rule, findings) in &by_rule {
        for Finding { file, line, text: what, .. } in findings.iter().take(shown) {
            _ = writeln!(text, "{file}:{line}: {what}");
        }
        if findings.len() > shown {
            _ = writeln!(text, "… and {} more {}", findings.len() - shown, rule.title());
        }
        text.push('\n');
    }
    for rule in Rule::ALL {
        _ = writeln!(text, "{:6} {}", by_rule.get(&rule).map_or(0, Vec::len), rule.title());
    }
    text
}
