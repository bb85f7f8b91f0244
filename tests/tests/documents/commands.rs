//! Checks that the commands in documents exist, with their options: in blocks, and in the text as `cargo xtask …`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tokio::task::spawn_blocking;
use xtask::program;
use xtask::root::Root;

use crate::blocks::{self, Kind};

/// Subcommands of cargo itself.
const CARGO: &[&str] = &["clippy", "doc", "fmt", "fuzz", "install", "run", "test"];

/// Returns the commands of a block: its lines without comments, or in a transcript those behind `$`.
fn commands(block: &blocks::Block) -> Vec<String> {
    let lines = block.text.lines().filter_map(|line| match block.kind() {
        Some(Kind::Transcript) => line.strip_prefix("$ "),
        _ => Some(line),
    });
    let without_comment = |line: &str| line.split(" #").next().unwrap_or_default().trim().to_owned();
    lines.map(without_comment).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

/// Returns the commands in the text that begin with `cargo xtask` or `cargo dev`, with their documents.
fn commands_in_text() -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for file in blocks::documents()? {
        let text = fs::read_to_string(Root::here().path(&file))?;
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("```")) {
            let code = line.split('`').skip(1).step_by(2);
            let ours = code.filter(|code| code.starts_with("cargo xtask ") || code.starts_with("cargo dev "));
            found.extend(ours.map(|code| (format!("{file}:{}", at + 1), code.to_owned())));
        }
    }
    Ok(found)
}

/// Checks one command with the program itself: `--help` at its end reads the command and runs nothing.
fn check(xtask: &Path, command: &str) -> Result<()> {
    let mut words =
        command.split_whitespace().skip_while(|word| word.contains('=') && !word.starts_with('-'));
    ensure!(words.next() == Some("cargo"), "only commands of cargo are checked; mark a script as `sh run`");
    let sub = words.next().context("no subcommand")?;
    let mut arguments: Vec<&str> = match sub {
        "dev" => vec!["dev"],
        "xtask" => Vec::new(),
        _ => {
            ensure!(
                CARGO.contains(&sub.trim_start_matches('+')) || sub.starts_with('+'),
                "`cargo {sub}` does not exist"
            );
            return Ok(());
        }
    };
    // `…` and `[…]` stand for what the reader chooses.
    arguments.extend(words.take_while(|word| *word != "…").filter(|word| !word.starts_with('[')));
    let done = Command::new(xtask).args(&arguments).arg("--help").output()?;
    let error = String::from_utf8_lossy(&done.stderr);
    // The text may name an option alone.
    ensure!(done.status.success() || error.contains("a value is required"), "{error}");
    Ok(())
}

#[tokio::test]
async fn commands_exist_with_their_options() -> Result<()> {
    let build = || program::build(&Root::here(), "Building xtask", "xtask", &[]);
    let xtask: PathBuf = spawn_blocking(build).await??;
    let mut all = commands_in_text()?;
    for block in [blocks::of_kind(Kind::Commands)?, blocks::of_kind(Kind::Transcript)?].concat() {
        all.extend(commands(&block).into_iter().map(|command| (block.place(), command)));
    }
    ensure!(all.len() > 40, "only {} commands", all.len());
    let mut faults = Vec::new();
    for (place, command) in all {
        if let Err(error) = check(&xtask, &command) {
            faults.push(format!("{place}: {command}\n    {error}"));
        }
    }
    ensure!(check(&xtask, "cargo xtask bench outage --minutes 1").is_err(), "a wrong option is accepted");
    ensure!(faults.is_empty(), "these commands do not exist:\n  {}", faults.join("\n  "));
    Ok(())
}
