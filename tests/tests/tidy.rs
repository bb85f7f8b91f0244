//! Tests the rules of the source tree: crate dependencies, language, lengths, clocks, panics, limits, and the Worker's size.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use xtask::root::Root;
use xtask::{artifacts, language, map};

/// The most lines of a source file; a longer file has two subjects and is split.
const LINES: usize = 400;
/// Generated sources, of which the length does not matter.
const GENERATED_SOURCES: &[&str] = &["sdk/src/wire/wire.ts", "sdk/src/wire/region.ts"];
/// Directories with generated files.
const GENERATED: &[&str] = &["target", "node_modules", ".git", ".wrangler"];
/// Crates and the dependencies they must not have: a name, or a prefix that ends with `-` or `_`.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("shared", &["edge", "regional", "tests", "xtask"]),
    ("client", &["edge", "regional", "tests", "xtask"]),
    ("edge", &["regional", "tests", "xtask", "tokio", "aws-", "lambda_"]),
    ("regional", &["edge", "tests", "xtask", "worker", "wasm-bindgen"]),
    ("xtask", &["edge", "regional", "tests"]),
];
/// Dependencies that `shared` must not have: platforms, clocks, randomness, asynchronous runtimes, logs.
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
/// Names that `shared` must not use: clocks, randomness, and maps whose order depends on a hash.
const IMPURE: &[&str] =
    &["SystemTime", "Instant", "Utc", "OffsetDateTime", "getrandom", "thread_rng", "HashMap", "HashSet"];
/// Calls that end a request with a panic. A panic in the Worker loses a request; in a loop it is an outage.
const PANICS: &[&str] = &[".unwrap()", ".expect(", "panic!(", "todo!(", "unimplemented!("];

struct Source {
    name: String,
    text: String,
}

impl Source {
    /// Returns the numbered lines of compiled code without comments, up to the tests at the end of the file.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
        lines.enumerate().map(|(at, line)| (at + 1, line.split("//").next().unwrap_or_default()))
    }
}

/// Returns the files under `dir` with one of these endings, sorted by their path from the root.
fn sources(dir: &str, endings: &[&str]) -> Result<Vec<Source>> {
    let (root, mut found) = (Root::here(), Vec::new());
    let mut dirs: Vec<PathBuf> = vec![root.path(dir)];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).with_context(|| format!("cannot read {}", dir.display()))? {
            let path = entry?.path();
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !GENERATED.contains(&file.as_str()) {
                    dirs.push(path);
                }
            } else if endings.iter().any(|ending| file.ends_with(ending)) {
                let name = root.short(&path);
                // Binary files count as empty.
                let text = String::from_utf8(fs::read(&path)?).unwrap_or_default();
                found.push(Source { name, text });
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// Fails with the rule and its violations, if there are any.
fn hold(rule: &str, violations: impl IntoIterator<Item = String>) -> Result<()> {
    let violations: Vec<String> = violations.into_iter().collect();
    ensure!(violations.is_empty(), "{rule}\n  {}", violations.join("\n  "));
    Ok(())
}

/// Returns true if `text` contains `word` as a whole word.
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
fn crates_depend_in_one_direction() -> Result<()> {
    let mut faults = Vec::new();
    let mut check = |package: &str, forbidden: &[&str]| -> Result<()> {
        for name in dependencies(package)? {
            if forbidden.iter().any(|f| name == *f || (f.ends_with(['-', '_']) && name.starts_with(f))) {
                faults.push(format!("{package} depends on {name}"));
            }
        }
        Ok(())
    };
    for (package, forbidden) in FORBIDDEN {
        check(package, forbidden)?;
    }
    check("shared", PLATFORM)?;
    hold("edge → shared ← regional, and shared has no platform dependency:", faults)
}

#[test]
fn shared_uses_no_clock_and_no_randomness() -> Result<()> {
    let mut faults = Vec::new();
    for source in sources("shared/src", &[".rs"])? {
        for (at, line) in source.code() {
            let found = IMPURE.iter().filter(|word| has_word(line, word));
            faults.extend(found.map(|word| format!("{}:{at}: {word}", source.name)));
        }
    }
    hold("time, randomness and identity are arguments in shared:", faults)
}

#[test]
fn every_file_begins_with_a_module_comment() -> Result<()> {
    let all = sources("", &[".rs"])?;
    let silent = all.iter().filter(|source| !source.text.starts_with("//! "));
    hold("the first line of a file says what it is:", silent.map(|source| source.name.clone()))
}

#[test]
fn files_have_at_most_400_lines() -> Result<()> {
    let all = sources("", &[".rs", ".ts"])?;
    let long = all.iter().filter(|source| !GENERATED_SOURCES.contains(&source.name.as_str()));
    let long = long.map(|source| (source, source.text.lines().count())).filter(|(_, lines)| *lines > LINES);
    hold(
        "split files of more than 400 lines:",
        long.map(|(source, lines)| format!("{}: {lines} lines", source.name)),
    )
}

#[test]
fn shells_do_not_panic() -> Result<()> {
    let mut faults = Vec::new();
    let (mut all, regional) = (sources("edge/src", &[".rs"])?, sources("regional/src", &[".rs"])?);
    all.extend(regional);
    // Unit tests in files of their own may panic.
    all.retain(|source| !source.name.ends_with("/tests.rs"));
    for source in &all {
        for (at, line) in source.code() {
            let found = PANICS.iter().filter(|word| line.contains(**word));
            faults.extend(found.map(|word| format!("{}:{at}: {word}", source.name)));
            // In workerd it throws outside of Rust, and the request hangs.
            if source.name.starts_with("edge") && line.contains(".one()") {
                faults.push(format!("{}:{at}: .one() of a cursor", source.name));
            }
        }
    }
    hold("errors are values in the shells:", faults)
}

#[test]
fn the_repository_names_no_machine() -> Result<()> {
    // In pieces, so that this file does not contain them.
    let words = [concat!("/", "root/"), concat!("/", "work/"), concat!("/", "home/"), concat!("/", "Users/")];
    let endings = [".rs", ".ts", ".toml", ".md", ".json", ".yaml", ".yml", ".html", ".css", ".lock", "run"];
    let mut faults = Vec::new();
    for source in sources("", &endings)? {
        for (at, line) in source.text.lines().enumerate() {
            // A path starts a word; a URL may contain a folder of that name.
            let found = words.iter().filter(|word| {
                line.match_indices(**word)
                    .any(|(i, _)| !line[..i].ends_with(|c: char| c.is_alphanumeric() || ".}*-_".contains(c)))
            });
            faults.extend(found.map(|word| format!("{}:{}: {word}", source.name, at + 1)));
        }
    }
    hold("no file contains a path of a developer's machine:", faults)
}

#[test]
fn every_limit_has_a_reason_and_a_use() -> Result<()> {
    let limits = sources("shared/src/limits", &[".rs"])?;
    let mut users = sources("shared/src", &[".rs"])?;
    users.extend(sources("edge/src", &[".rs"])?);
    users.extend(sources("regional/src", &[".rs"])?);
    users.retain(|source| !source.name.starts_with("shared/src/limits"));
    ensure!(!limits.is_empty(), "no limits in shared/src/limits");
    let (mut faults, mut before) = (Vec::new(), "");
    for line in limits.iter().flat_map(|source| source.text.lines()) {
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
    hold("every limit has a name, a reason and a use:", faults)
}

#[test]
fn the_worker_is_small() -> Result<()> {
    let size = artifacts::edge(&Root::here())?;
    eprintln!("The Worker: {size}");
    size.check()
}

#[test]
fn the_language_standard_is_kept() -> Result<()> {
    language::check(&Root::here())
}

#[test]
fn the_code_map_is_current() -> Result<()> {
    map::check(&Root::here())
}

#[test]
fn has_word_matches_whole_words() {
    assert!(has_word("a HashMap<K, V>", "HashMap"));
    assert!(!has_word("MyHashMap", "HashMap") && !has_word("Instantly", "Instant"));
}
