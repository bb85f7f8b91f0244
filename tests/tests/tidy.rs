//! Is the house in order: arrows between crates, first lines, lengths, clocks, limits, size?

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use xtask::artifacts;
use xtask::root::Root;

/// Lines of a source. Beyond this it is two nouns.
const LINES: usize = 400;
/// Directories that are made, not written.
const MADE: &[&str] = &["target", "node_modules", ".git", ".wrangler"];
/// Who may not be depended on by whom: a name, or the beginning of one.
const ARROWS: &[(&str, &[&str])] = &[
    ("shared", &["edge", "regional", "tests", "xtask"]),
    ("edge", &["regional", "tests", "xtask", "tokio", "aws-", "lambda_"]),
    ("regional", &["edge", "tests", "xtask", "worker", "wasm-bindgen"]),
    ("xtask", &["edge", "regional", "tests"]),
];
/// What `shared` may not know: a platform, a clock, chance, another's time, a log.
const PLATFORM: &[&str] = &[
    "worker",
    "wasm-",
    "js-sys",
    "web-sys",
    "tokio",
    "axum",
    "hyper",
    "reqwest",
    "tower",
    "aws-",
    "lambda_",
    "async-",
    "futures",
    "getrandom",
    "rand",
    "chrono",
    "time",
    "log",
    "tracing",
];
/// The same, by the names one would write. An order that a hash decides is chance too.
const IMPURE: &[&str] =
    &["SystemTime", "Instant", "Utc", "OffsetDateTime", "getrandom", "thread_rng", "HashMap", "HashSet"];
/// What ends a request with a panic. One panic in the Worker is a lost request; in a loop it is an outage.
const PANICS: &[&str] = &[".unwrap()", ".expect(", "panic!(", "todo!(", "unimplemented!("];

struct Source {
    name: String,
    text: String,
}

impl Source {
    /// The lines that are compiled into the product, numbered, without comments: up to the tests, which come last.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
        lines.enumerate().map(|(at, line)| (at + 1, line.split("//").next().unwrap_or_default()))
    }
}

/// The files under `dir` whose names end so, by their names from the root.
fn sources(dir: &str, endings: &[&str]) -> Result<Vec<Source>> {
    let (root, mut found) = (Root::here(), Vec::new());
    let mut dirs: Vec<PathBuf> = vec![root.path(dir)];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).with_context(|| format!("cannot read {}", dir.display()))? {
            let path = entry?.path();
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !MADE.contains(&file.as_str()) {
                    dirs.push(path);
                }
            } else if endings.iter().any(|ending| file.ends_with(ending)) {
                let name = root.short(&path);
                // What is no text has no words.
                let text = String::from_utf8(fs::read(&path)?).unwrap_or_default();
                found.push(Source { name, text });
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn none(faults: impl IntoIterator<Item = String>, rule: &str) -> Result<()> {
    let faults: Vec<String> = faults.into_iter().collect();
    ensure!(faults.is_empty(), "{rule}\n  {}", faults.join("\n  "));
    Ok(())
}

/// Whether `text` has `word` as a whole word.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part))
}

fn dependencies(package: &str) -> Result<Vec<String>> {
    let manifest: toml::Table =
        toml::from_str(&fs::read_to_string(Root::here().path(&format!("{package}/Cargo.toml")))?)?;
    let names = |table: &toml::Table| table.keys().cloned().collect::<Vec<_>>();
    Ok(manifest.get("dependencies").and_then(toml::Value::as_table).map(names).unwrap_or_default())
}

#[test]
fn arrows_between_crates_point_one_way() -> Result<()> {
    let mut faults = Vec::new();
    let mut check = |package: &str, forbidden: &[&str]| -> Result<()> {
        for name in dependencies(package)? {
            // `aws-` forbids a family, `time` one crate.
            if forbidden.iter().any(|f| name == *f || (f.ends_with(['-', '_']) && name.starts_with(f))) {
                faults.push(format!("{package} depends on {name}"));
            }
        }
        Ok(())
    };
    for (package, forbidden) in ARROWS {
        check(package, forbidden)?;
    }
    check("shared", PLATFORM)?;
    none(faults, "edge → shared ← regional, and shared knows no platform:")
}

#[test]
fn shared_has_no_clock_and_no_chance() -> Result<()> {
    let mut faults = Vec::new();
    for source in sources("shared/src", &[".rs"])? {
        for (at, line) in source.code() {
            let found = IMPURE.iter().filter(|word| has_word(line, word));
            faults.extend(found.map(|word| format!("{}:{at}: {word}", source.name)));
        }
    }
    none(faults, "time, chance and identity are arguments in shared:")
}

#[test]
fn every_file_says_what_it_is() -> Result<()> {
    let all = sources("", &[".rs"])?;
    let silent = all.iter().filter(|source| !source.text.starts_with("//! "));
    none(silent.map(|source| source.name.clone()), "the first line says in product words what a file is:")
}

#[test]
fn no_file_is_two_nouns() -> Result<()> {
    let all = sources("", &[".rs", ".ts"])?;
    let long =
        all.iter().map(|source| (source, source.text.lines().count())).filter(|(_, lines)| *lines > LINES);
    none(long.map(|(s, lines)| format!("{}: {lines} lines", s.name)), "split what has more than 400 lines:")
}

#[test]
fn shells_do_not_panic() -> Result<()> {
    let mut faults = Vec::new();
    let (mut all, regional) = (sources("edge/src", &[".rs"])?, sources("regional/src", &[".rs"])?);
    all.extend(regional);
    // A file of tests is none of the shell's.
    all.retain(|source| !source.name.ends_with("/tests.rs"));
    for source in &all {
        for (at, line) in source.code() {
            let found = PANICS.iter().filter(|word| line.contains(**word));
            faults.extend(found.map(|word| format!("{}:{at}: {word}", source.name)));
            // In workerd it throws where Rust cannot catch it, and the request hangs.
            if source.name.starts_with("edge") && line.contains(".one()") {
                faults.push(format!("{}:{at}: .one() of a cursor", source.name));
            }
        }
    }
    none(faults, "trouble is a value in the shells:")
}

#[test]
fn the_repository_knows_no_machine() -> Result<()> {
    // In pieces, so that this file does not say them.
    let words = [concat!("/", "root/"), concat!("/", "work/"), concat!("/", "home/"), concat!("/", "Users/")];
    let endings = [".rs", ".ts", ".toml", ".md", ".json", ".yaml", ".yml", ".html", ".css", ".lock", "run"];
    let mut faults = Vec::new();
    for source in sources("", &endings)? {
        for (at, line) in source.text.lines().enumerate() {
            // A path begins a word; a URL may go through a folder of that name.
            let found = words.iter().filter(|word| {
                line.match_indices(**word)
                    .any(|(i, _)| !line[..i].ends_with(|c: char| c.is_alphanumeric() || ".}*-_".contains(c)))
            });
            faults.extend(found.map(|word| format!("{}:{}: {word}", source.name, at + 1)));
        }
    }
    none(faults, "no path of somebody's machine:")
}

#[test]
fn every_limit_has_a_reason_and_a_use() -> Result<()> {
    let caps = fs::read_to_string(Root::here().path("shared/src/caps.rs"))?;
    let mut users = sources("shared/src", &[".rs"])?;
    users.extend(sources("edge/src", &[".rs"])?);
    users.extend(sources("regional/src", &[".rs"])?);
    users.retain(|source| source.name != "shared/src/caps.rs");
    let (mut faults, mut before) = (Vec::new(), "");
    for line in caps.lines() {
        if let Some(name) = line.strip_prefix("pub const ").and_then(|rest| rest.split(':').next()) {
            if !before.starts_with("///") {
                faults.push(format!("{name} has no reason"));
            }
            if !users.iter().any(|source| source.code().any(|(_, line)| has_word(line, name))) {
                faults.push(format!("{name} limits nothing"));
            }
        }
        before = line;
    }
    none(faults, "everything has a limit, and the limit has a name, a reason and a use:")
}

#[test]
fn the_worker_is_small() -> Result<()> {
    let size = artifacts::edge(&Root::here())?;
    eprintln!("The Worker: {size}");
    size.check()
}

#[test]
fn words_are_whole() {
    assert!(has_word("a HashMap<K, V>", "HashMap"));
    assert!(!has_word("MyHashMap", "HashMap") && !has_word("Instantly", "Instant"));
}
