//! The fenced code blocks of the repository's documents: the place, the language and the settings of each.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Result;
use xtask::root::Root;

/// A code block of a document. Behind its language stand settings: words, or `NAME=VALUE`.
#[derive(Debug, Clone)]
pub struct Block {
    pub file: String,
    /// The line of its first fence.
    pub line: usize,
    pub language: String,
    pub settings: BTreeMap<String, String>,
    pub text: String,
}

/// How the tests check a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `sh`: commands of this repository, whose options exist.
    Commands,
    /// `sh run`: bash runs it against the local stack, with the other such blocks of its document.
    Script,
    /// `console`: commands of this repository behind `$`, with their output.
    Transcript,
    /// `ts`, `tsx`: TypeScript checks its types with the package.
    Types,
    /// `ts run`: its types, and Node runs it; `run=2` runs two at once.
    Program,
    /// `python`: Python compiles it.
    Python,
    /// `python run`: Python runs it against the local stack.
    PythonProgram,
    /// `text output`: printed by the block before it; `…` stands for any text.
    Output,
    /// `text frames`: two players send and receive these messages.
    Frames,
    /// `text tree`: its folders exist.
    Tree,
    /// `text figure`: a drawing, or a form with placeholders.
    Figure,
    /// `json`, `toml`, `csv`: the format is right; `toml pool` is the configuration of a pool.
    Data,
    /// `promql`: a query a line, which promtool checks in `tests --test ops`.
    Queries,
    /// `rust,no_run`: a sample of a crate's README, which is a part of its documentation tests.
    Sample,
    /// `from=FILE` in any language: the file, which is tested elsewhere, has these lines.
    Excerpt,
}

impl Block {
    /// Returns the file and the line, for errors.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    /// Returns how many programs run at once: `run` is one.
    pub fn copies(&self) -> usize {
        self.settings.get("run").and_then(|count| count.parse().ok()).unwrap_or(1)
    }

    /// Returns a name for the files that are made of the block.
    pub fn slug(&self) -> String {
        let name = self.file.trim_end_matches(".md").replace(['/', '.'], "-").to_lowercase();
        format!("{name}-{}", self.line)
    }

    /// Returns how the block is checked; nothing if no test would check it.
    pub fn kind(&self) -> Option<Kind> {
        let settings: Vec<&str> = self.settings.keys().map(String::as_str).collect();
        match (self.language.as_str(), settings.as_slice()) {
            (_, ["from"]) => Some(Kind::Excerpt),
            ("rust,no_run", []) if self.file == "client/README.md" => Some(Kind::Sample),
            ("sh", []) => Some(Kind::Commands),
            ("sh", ["run"]) => Some(Kind::Script),
            ("console", []) => Some(Kind::Transcript),
            ("ts" | "tsx", []) => Some(Kind::Types),
            ("ts", ["run"]) => Some(Kind::Program),
            ("python", []) => Some(Kind::Python),
            ("python", ["run"]) => Some(Kind::PythonProgram),
            ("text", ["output"]) => Some(Kind::Output),
            ("text", ["frames"]) => Some(Kind::Frames),
            ("text", ["tree"]) => Some(Kind::Tree),
            ("text", ["figure"]) => Some(Kind::Figure),
            ("promql", []) if self.file == "docs/runbook.md" => Some(Kind::Queries),
            ("json" | "toml" | "csv", []) | ("toml", ["pool"]) => Some(Kind::Data),
            _ => None,
        }
    }
}

/// Returns the documents that git tracks, by their names from the root, without the generated reports of an API.
pub fn documents() -> Result<Vec<String>> {
    let root = Root::here();
    let is_document = |file: &String| {
        Path::new(file).extension().is_some_and(|end| end == "md") && !file.ends_with(".api.md")
    };
    Ok(root.files()?.into_iter().filter(|file| is_document(file) && root.path(file).exists()).collect())
}

/// Returns the blocks of all documents, in their order.
pub fn all() -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    for file in documents()? {
        blocks.extend(of(&file, &fs::read_to_string(Root::here().path(&file))?));
    }
    Ok(blocks)
}

/// Returns the blocks of one kind.
pub fn of_kind(kind: Kind) -> Result<Vec<Block>> {
    Ok(all()?.into_iter().filter(|block| block.kind() == Some(kind)).collect())
}

/// Returns the output that a document shows right after a block, if it shows one.
pub fn output_of(block: &Block) -> Result<Option<String>> {
    let mut after = all()?.into_iter().skip_while(|other| other.place() != block.place()).skip(1);
    let next = after.next().filter(|next| next.file == block.file && next.kind() == Some(Kind::Output));
    Ok(next.map(|next| next.text))
}

/// Reads the blocks of a document.
pub fn of(file: &str, document: &str) -> Vec<Block> {
    let (mut blocks, mut lines) = (Vec::new(), document.lines().enumerate());
    while let Some((at, line)) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        let Some(info) = line.trim_start().strip_prefix("```") else { continue };
        let text = lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != "```");
        // A block in a list is indented like its item.
        let text: Vec<&str> = text.map(|line| line.get(indent..).unwrap_or_default()).collect();
        let mut words = info.split_whitespace();
        let language = words.next().unwrap_or_default().to_owned();
        let setting = |word: &str| {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            (name.to_owned(), value.to_owned())
        };
        let settings = words.map(setting).collect();
        blocks.push(Block { file: file.to_owned(), line: at + 1, language, settings, text: text.join("\n") });
    }
    blocks
}

#[test]
fn each_block_is_of_a_kind_that_is_checked() -> Result<()> {
    let unknown = all()?.into_iter().filter(|block| block.kind().is_none());
    let unknown: Vec<String> =
        unknown.map(|block| format!("{} {:?}", block.place(), block.language)).collect();
    let remedy = "tests/tests/documents/blocks.rs lists the languages and settings";
    anyhow::ensure!(unknown.is_empty(), "no test checks these blocks; {remedy}:\n  {}", unknown.join("\n  "));
    Ok(())
}

#[test]
fn blocks_have_their_place_language_and_settings() {
    let blocks = of("a.md", "x\n\n```ts run=2\na\n\nb\n```\n- y\n  ```\n  c\n  ```\n");
    let [first, second] = blocks.as_slice() else { panic!("{blocks:?}") };
    assert_eq!((first.place(), first.kind(), first.copies()), ("a.md:3".into(), Some(Kind::Program), 2));
    assert_eq!((first.text.as_str(), second.text.as_str()), ("a\n\nb", "c"));
    assert_eq!((second.kind(), second.line), (None, 9));
}
