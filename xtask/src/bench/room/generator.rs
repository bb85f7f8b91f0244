//! The generator's process.

use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use room_bench::plan::{Outcome, Plan};
use tokio::task::spawn_blocking;

use super::cores;
use crate::program;
use crate::root::Root;

/// The built program.
pub(super) struct Generator {
    program: PathBuf,
}

impl Generator {
    pub(super) fn build(root: &Root) -> Result<Self> {
        let flags = ["--release", "--package", "room-bench"];
        Ok(Self { program: program::build(root, "Building the generator", "room-bench", &flags)? })
    }

    /// Runs a plan. The program's stdin closes once it has answered, and it ends.
    pub(super) async fn run(&self, plan: &Plan) -> Result<Outcome> {
        let mut command = cores::generator(&self.program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let line = serde_json::to_string(plan)?;
        let output = spawn_blocking(move || -> Result<_> {
            let mut child = command.spawn().context("cannot start the generator")?;
            let mut stdin = child.stdin.take().context("the generator has no stdin")?;
            writeln!(stdin, "{line}")?;
            drop(stdin);
            Ok(child.wait_with_output()?)
        });
        let output = output.await??;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the generator failed: {error}");
        let outcome = serde_json::from_slice(&output.stdout).context("the generator's outcome")?;
        checked(outcome)
    }
}

/// A check of what was measured, so that no figure of a failed run is printed.
fn checked(outcome: Outcome) -> Result<Outcome> {
    ensure!(outcome.doubled == 0, "{} messages arrived twice or out of order", outcome.doubled);
    Ok(outcome)
}
