//! Runs the programs of documents against the local stack, and compares what they print with what the documents show.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::programs::environment;
use tests::stack::Stack;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::blocks::{self, Block};

/// The players of programs that run at once; each program receives its name as an argument.
pub const NAMES: &[&str] = &["Ana", "Bo"];
/// The time for a program to print all that its document shows.
const PATIENCE: Duration = Duration::from_mins(1);

/// Returns a text of a document with the addresses of the stack in place of those of `cargo dev`.
pub fn with_addresses(text: &str, stack: &Stack) -> String {
    text.replace("http://127.0.0.1:8787", stack.edge_url())
        .replace("http://127.0.0.1:9000", stack.region_url())
}

/// Runs as many copies of a block's program as it says, each with the name of a player, until each has printed what the
/// document shows. A program whose document shows nothing must end well.
pub async fn run(block: &Block, stack: &Stack, program: impl Fn() -> Command) -> Result<()> {
    let shown = blocks::output_of(block)?;
    let mut children = Vec::new();
    for name in NAMES.iter().take(block.copies()) {
        let mut command = program();
        environment(&mut command, stack);
        children.push(command.arg(name).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?);
    }
    for child in children {
        let place = block.place();
        match &shown {
            Some(shown) => prints(child, shown).await.with_context(|| place)?,
            None => ends(child).await.with_context(|| place)?,
        }
    }
    Ok(())
}

async fn ends(child: Child) -> Result<()> {
    let done = timeout(PATIENCE, child.wait_with_output()).await.context("the program does not end")??;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

async fn prints(mut child: Child, shown: &str) -> Result<()> {
    let mut printed = BufReader::new(child.stdout.take().context("no output")?).lines();
    for expected in shown.lines() {
        let next =
            timeout(PATIENCE, printed.next_line()).await.with_context(|| format!("no line {expected:?}"))?;
        let Some(line) = next? else {
            let done = child.wait_with_output().await?;
            anyhow::bail!("it ended before {expected:?}:\n{}", String::from_utf8_lossy(&done.stderr));
        };
        ensure!(is_like(&line, expected), "it prints {line:?} instead of {expected:?}");
    }
    Ok(())
}

/// Returns true if a line is the expected one, in which each `…` stands for any text.
pub fn is_like(line: &str, expected: &str) -> bool {
    let mut parts = expected.split('…');
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let mut is_last = true;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        // The last part ends the line.
        is_last = part.is_empty() || rest.ends_with(part);
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    is_last && (expected.contains('…') || rest.is_empty())
}

#[test]
fn an_ellipsis_stands_for_any_text() {
    assert!(is_like("p_ab hello", "p_… hello") && is_like("x", "x") && is_like("a b c", "a … c"));
    assert!(!is_like("p_ab hello!", "p_… hello") && !is_like("xy", "x") && !is_like("b", "a…"));
}
