//! `cargo xtask map`: the code map of ARCHITECTURE.md, generated from the first sentence of each file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result};
use clap::Args;

use crate::generated;
use crate::root::Root;

const DOCUMENT: &str = "ARCHITECTURE.md";
const MARKER: &str = "code map";
/// Folders that the map covers, in its order.
const CRATES: &[&str] = &["shared", "client", "edge", "regional", "tests", "xtask"];

/// Writes the code map of ARCHITECTURE.md from the `//!` lines of the sources.
#[derive(Debug, Clone, Copy, Args)]
pub struct Map {
    /// Write nothing; fail if the map is out of date.
    #[arg(long)]
    check: bool,
}

/// Writes or checks the map.
pub fn run(root: &Root, options: Map) -> Result<()> {
    if options.check { check(root) } else { generated::write(root, DOCUMENT, &document(root)?) }
}

/// Fails if the code map differs from the sources.
pub fn check(root: &Root) -> Result<()> {
    generated::check(root, DOCUMENT, &document(root)?, "cargo xtask map")
}

/// Returns ARCHITECTURE.md with a new map.
fn document(root: &Root) -> Result<String> {
    let old = fs::read_to_string(root.path(DOCUMENT)).with_context(|| format!("cannot read {DOCUMENT}"))?;
    let (files, mut text) = (root.files()?, String::new());
    for folder in CRATES {
        let mut tree = Node::default();
        for file in files.iter().filter_map(|file| file.strip_prefix(folder)?.strip_prefix('/')) {
            if matches!(file.rsplit_once('.'), Some((_, "rs" | "ts"))) {
                // Git lists files that are deleted.
                let Ok(source) = fs::read_to_string(root.path(&format!("{folder}/{file}"))) else { continue };
                if let Some(sentence) = first_sentence(&source) {
                    tree.add(file, sentence);
                }
            }
        }
        _ = write!(text, "**`{folder}/`**\n\n");
        tree.write(0, &mut text);
        text.push('\n');
    }
    generated::between(&old, MARKER, &text).context(DOCUMENT)
}

/// Returns the first sentence of a file's `//!` lines.
fn first_sentence(source: &str) -> Option<String> {
    let lines = source.lines().map_while(|line| line.strip_prefix("//! ")).map(str::trim);
    let text = lines.collect::<Vec<_>>().join(" ");
    let end = text.match_indices(". ").map(|(at, _)| at).find(|at| !text[..*at].ends_with("e.g"));
    let sentence = end.map_or(text.as_str(), |end| &text[..end]).trim_end_matches('.');
    (!sentence.is_empty()).then(|| sentence.to_owned())
}

/// A file or a folder: a module has one entry for its file and its folder.
#[derive(Debug, Default)]
struct Node {
    /// The ending of its file, if there is one.
    ending: Option<String>,
    sentence: Option<String>,
    children: BTreeMap<String, Node>,
}

impl Node {
    /// Adds a file by its path from the crate. `src` is left out, and so are unit tests in files of their
    /// own; `mod.rs` and a test's `main.rs` stand for their folder.
    fn add(&mut self, path: &str, sentence: String) {
        let source = path.strip_prefix("src/");
        let is_unit_test = |path: &str| path.split(['/', '.']).any(|step| step == "tests");
        if source.is_some_and(is_unit_test) {
            return;
        }
        let path = source.unwrap_or(path);
        let (name, ending) = path.rsplit_once('.').unwrap_or((path, ""));
        let is_of_folder = name.ends_with("/mod") || (name.ends_with("/main") && ending == "rs");
        let name = if is_of_folder { name.rsplit_once('/').map_or(name, |(folder, _)| folder) } else { name };
        let mut steps: Vec<String> = name.split('/').map(str::to_owned).collect();
        // A folder beside `src` is not the folder of a module with the same name.
        if let Some(first) = steps.first_mut().filter(|_| source.is_none() && path.contains('/')) {
            first.push('/');
        }
        let mut node = self;
        for step in steps {
            node = node.children.entry(step).or_default();
        }
        if !is_of_folder {
            node.ending = Some(ending.to_owned());
        }
        node.sentence = Some(sentence);
    }

    fn write(&self, depth: usize, text: &mut String) {
        // The root of a crate comes first.
        let is_root = |name: &str| depth == 0 && ["lib", "main"].contains(&name);
        let mut children: Vec<_> = self.children.iter().collect();
        children.sort_by_key(|(name, _)| (!is_root(name), *name));
        for (name, child) in children {
            let path = match &child.ending {
                Some(ending) => format!("{name}.{ending}"),
                None => format!("{}/", name.trim_end_matches('/')),
            };
            let sentence =
                child.sentence.as_ref().map(|sentence| format!(" — {sentence}")).unwrap_or_default();
            _ = writeln!(text, "{}- `{path}`{sentence}", "  ".repeat(depth));
            child.write(depth + 1, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sentence_may_span_lines() {
        let check = |source: &str, expected: Option<&str>| {
            assert_eq!(first_sentence(source).as_deref(), expected, "{source}");
        };
        check("//! One room. It has seats.\n", Some("One room"));
        check(
            "//! `cargo dev`: the stack\n//! on this machine.\n//!\n//! More.\n",
            Some("`cargo dev`: the stack on this machine"),
        );
        check("//! Reads docs/a.md, e.g. its table.\nuse a;\n", Some("Reads docs/a.md, e.g. its table"));
        check("use a;\n", None);
    }

    #[test]
    fn files_are_nested_below_their_modules() {
        let mut tree = Node::default();
        for (path, sentence) in [
            ("src/room/log.rs", "The log"),
            ("src/room.rs", "A room"),
            ("src/lib.rs", "The rules"),
            ("src/wire/mod.rs", "The wire"),
            ("src/wire/frame.rs", "Frames"),
            ("src/wire/tests.rs", "Unit tests"),
            ("wire/page.ts", "A page"),
            ("tests/sim/main.rs", "The world"),
            ("tests/sim/kit/a.rs", "A kit"),
        ] {
            tree.add(path, sentence.to_owned());
        }
        let mut text = String::new();
        tree.write(0, &mut text);
        let expected = "- `lib.rs` — The rules\n- `room.rs` — A room\n  - `log.rs` — The log\n- `tests/`\n  - `sim/` — The world\n    \
                        - `kit/`\n      - `a.rs` — A kit\n- `wire/` — The wire\n  - `frame.rs` — Frames\n- `wire/`\n  - `page.ts` — A page\n";
        assert_eq!(text, expected);
    }
}
