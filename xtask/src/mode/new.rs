//! `cargo xtask mode new`: writes a new mode, with its pool, its tests and its golden match.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use shared::mode::MODES;

use crate::root::Root;

/// The mode from which new ones are made: a game of thirty lines, which the tests run.
const MODE: &str = include_str!("../../../shared/src/mode/counting.rs");
const TESTS: &str = include_str!("../../../tests/tests/modes/counting.rs");
/// The places where a mode is registered.
const MODES_FILE: &str = "shared/src/mode.rs";
const TESTS_FILE: &str = "tests/tests/modes/main.rs";
const POOLS_FILE: &str = "wrangler.toml";
/// The marks behind which a new mode is added.
const MODULES_END: &str = "mod event;\n";
const ENTRIES_END: &str = "    Entry::of::<rock_paper_scissors::RockPaperScissors>(),\n";
const TEST_MODULES_END: &str = "mod table;\n";

/// Writes the files of a new mode, registers it, and adds a pool that plays it.
#[derive(Debug, Clone, Args)]
pub struct New {
    /// The name, in lower case with hyphens, such as `dots-and-boxes`
    #[arg(value_name = "NAME")]
    name: String,
    /// Does not play the golden match, which compiles the tests
    #[arg(long)]
    no_golden: bool,
}

/// A name in the forms that Rust and the wire have.
struct Names {
    /// The form on the wire, such as `dots-and-boxes`.
    kebab: String,
    /// The form of modules, such as `dots_and_boxes`.
    snake: String,
    /// The form of types, such as `DotsAndBoxes`.
    camel: String,
    /// The form of texts, such as `Dots and boxes`.
    title: String,
}

impl Names {
    fn of(name: &str) -> Result<Self> {
        let is_word = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_lowercase())
                && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        let words: Vec<&str> = name.split('-').collect();
        ensure!(
            name.len() <= 32 && words.iter().all(|word| is_word(word)),
            "{name:?} is no name of a mode: write lower-case words with hyphens, at most 32 bytes, such as dots-and-boxes"
        );
        let upper = |word: &&str| {
            word.get(..1).unwrap_or_default().to_uppercase() + word.get(1..).unwrap_or_default()
        };
        let spaced = words.join(" ");
        Ok(Self {
            kebab: name.to_owned(),
            snake: words.join("_"),
            camel: words.iter().map(upper).collect(),
            title: upper(&spaced.as_str()),
        })
    }

    /// Returns a template with this name in place of the template's own.
    fn apply(&self, template: &str) -> String {
        template
            .replace("//! Counting:", &format!("//! {}:", self.title))
            .replace("Counting", &self.camel)
            .replace("\"counting\"", &format!("{:?}", self.kebab))
            .replace("counting@1", &format!("{}@1", self.kebab))
    }
}

/// Writes the mode, and returns what to do next.
pub fn run(root: &Root, options: &New) -> Result<String> {
    let names = Names::of(&options.name)?;
    if let Some(known) = MODES.iter().find(|entry| entry.name() == names.kebab) {
        bail!("{known} is there already: choose another name, or add a version of it by hand");
    }
    let (mode, tests) =
        (format!("shared/src/mode/{}.rs", names.snake), format!("tests/tests/modes/{}.rs", names.snake));
    for file in [&mode, &tests] {
        ensure!(!root.path(file).exists(), "{file} is there already: choose another name");
    }
    // All edits are made before one is written, so that a missing mark changes nothing.
    let edits = [
        (mode.as_str(), names.apply(MODE)),
        (tests.as_str(), names.apply(TESTS)),
        (MODES_FILE, registered(root, &names)?),
        (TESTS_FILE, after(root, TESTS_FILE, TEST_MODULES_END, &format!("mod {};\n", names.snake))?),
        (POOLS_FILE, with_pool(root, &names)?),
    ];
    for (file, text) in &edits {
        fs::write(root.path(file), text).with_context(|| format!("{file} cannot be written"))?;
    }
    format_code(root, &[MODES_FILE, TESTS_FILE]);
    if !options.no_golden {
        add_golden(root)?;
    }
    let Names { kebab, .. } = &names;
    Ok(format!(
        "{mode} has the rules of a small game, which runs: change them to yours.\n\
         {tests} has its tests: cargo test -p tests --test modes {snake}\n\
         {POOLS_FILE} has the pool {kebab}: cargo dev, then open the page with ?pool={kebab}\n\
         cargo xtask mode play {kebab} plays random matches of it.\n\
         Delete tests/golden/modes/{kebab}@1.txt while you change the rules of a mode that no match has played yet, and \
         write it again with GOLDEN=add cargo test -p tests --test modes golden\n",
        snake = names.snake,
    ))
}

fn read(root: &Root, file: &str) -> Result<String> {
    fs::read_to_string(root.path(file)).with_context(|| format!("{file} cannot be read"))
}

/// Returns a file with `added` behind a mark.
fn after(root: &Root, file: &str, mark: &str, added: &str) -> Result<String> {
    insert(&read(root, file)?, mark, added).with_context(|| format!("{file} has no line {mark:?}"))
}

fn insert(text: &str, mark: &str, added: &str) -> Option<String> {
    text.contains(mark).then(|| text.replacen(mark, &format!("{mark}{added}"), 1))
}

fn registered(root: &Root, names: &Names) -> Result<String> {
    let text = after(root, MODES_FILE, MODULES_END, &format!("mod {};\n", names.snake))?;
    let entry = format!("    Entry::of::<{}::{}>(),\n", names.snake, names.camel);
    insert(&text, ENTRIES_END, &entry).with_context(|| format!("{MODES_FILE} has no line {ENTRIES_END:?}"))
}

fn with_pool(root: &Root, names: &Names) -> Result<String> {
    let text = read(root, POOLS_FILE)?;
    let name = &names.kebab;
    ensure!(!text.contains(&format!("[vars.POOLS.{name}]")), "{POOLS_FILE} has a pool {name} already");
    Ok(format!("{}\n\n[vars.POOLS.{name}]\nseats = 2\nmode = \"{name}@1\"\n", text.trim_end()))
}

/// Sorts the new modules among the others.
fn format_code(root: &Root, files: &[&str]) {
    let status =
        Command::new("rustfmt").args(["--edition", "2024"]).args(files).current_dir(root.path("")).status();
    // Unsorted modules are no error.
    if let Err(error) = status {
        eprintln!("rustfmt cannot run ({error}): run `cargo fmt --all`");
    }
}

/// Plays the golden match of the new mode.
fn add_golden(root: &Root) -> Result<()> {
    eprintln!("Playing the golden match; this compiles the tests …");
    let status = Command::new("cargo")
        .args(["test", "--quiet", "-p", "tests", "--test", "modes", "golden"])
        .env("GOLDEN", "add")
        .current_dir(root.path(""))
        .stdout(std::process::Stdio::null())
        .status()
        .context("cargo cannot run")?;
    ensure!(status.success(), "the golden match failed: see the errors above");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_forms_of_rust_and_the_wire() {
        let Names { snake, camel, title, .. } = Names::of("dots-and-boxes").unwrap();
        assert_eq!((&*snake, &*camel, &*title), ("dots_and_boxes", "DotsAndBoxes", "Dots and boxes"));
        for name in ["", "Chess", "a--b", "-a", "2048", "tic_tac", "a b", "../x"] {
            assert!(Names::of(name).is_err(), "{name}");
        }
    }

    #[test]
    fn template_has_no_trace_of_its_own_name() {
        let names = Names::of("dots-and-boxes").unwrap();
        for template in [MODE, TESTS] {
            let text = names.apply(template);
            assert!(!text.to_lowercase().contains("counting"), "{text}");
            assert!(text.contains("dots-and-boxes"), "{text}");
        }
    }

    #[test]
    fn marks_are_where_new_modes_are_added() {
        let (root, names) = (Root::here(), Names::of("dots-and-boxes").unwrap());
        let registered = registered(&root, &names).unwrap();
        assert!(
            registered.contains("mod dots_and_boxes;") && registered.contains("dots_and_boxes::DotsAndBoxes")
        );
        assert!(after(&root, TESTS_FILE, TEST_MODULES_END, "").is_ok());
        assert!(with_pool(&root, &names).unwrap().ends_with("mode = \"dots-and-boxes@1\"\n"));
    }
}
