//! Tests the support desk: a customer reaches an agent of the topic, and the desk keeps the transcript.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::apps::install;
use tests::programs::environment;
use tests::stack::{self, Stack};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use xtask::port;
use xtask::root::Root;
use xtask::tools::node;

/// The time for a program to print its next line.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running program of the example.
struct Program {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    fn start(app: &Path, stack: &Stack, port: u16, file: &str) -> Result<Self> {
        let mut command = Command::new(node::ensure(&Root::here())?.program);
        environment(&mut command, stack);
        command.env("PORT", port.to_string()).env("DESK", format!("http://127.0.0.1:{port}"));
        let mut child = command.arg(file).current_dir(app).stdout(Stdio::piped()).spawn()?;
        let lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        Ok(Self { _child: child, lines })
    }

    async fn prints(&mut self, expected: &str) -> Result<()> {
        let line =
            timeout(PATIENCE, self.lines.next_line()).await.with_context(|| format!("no {expected:?}"))??;
        ensure!(line.as_deref() == Some(expected), "it prints {line:?} instead of {expected:?}");
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn customer_reaches_an_agent_and_the_desk_keeps_the_transcript() -> Result<()> {
    let Some(app) = spawn_blocking(|| install("examples/support-desk")).await?? else { return Ok(()) };
    let port = port::take(0, "")?;
    let hooks = format!("http://127.0.0.1:{port}/hooks");
    let stack = stack::start_with(|options| options.webhook = Some(hooks)).await?;
    let mut desk = Program::start(&app, &stack, port, "desk.js")?;
    desk.prints("the desk is open").await?;
    let mut customer = Program::start(&app, &stack, port, "customer.js")?;
    let mut agent = Program::start(&app, &stack, port, "agent.js")?;
    agent.prints("Ana, customer since 2024, order 1234").await?;
    agent.prints("I was charged twice.").await?;
    customer.prints("You have your money back.").await?;
    desk.prints("transcript, solved: true").await?;
    let mut said = Vec::new();
    for _ in 0..3 {
        said.push(timeout(PATIENCE, desk.lines.next_line()).await??.context("the desk ended")?);
    }
    // The note and the question come in either order; the answer is last.
    ensure!(said.last().map(String::as_str) == Some("Bo: You have your money back."), "{said:?}");
    said.sort_unstable();
    let expected = [
        "Ana: I was charged twice.",
        "Bo: You have your money back.",
        "desk: Ana, customer since 2024, order 1234",
    ];
    ensure!(said == expected, "{said:?}");
    Ok(())
}
