//! `cargo xtask clients`: generates clients in Python and TypeScript from both OpenAPI documents, checks their
//! types, and logs a guest in with each.

pub mod python;
mod typescript;

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use tokio::task::spawn_blocking;

use crate::openapi::{EDGE, REGION};
use crate::progress;
use crate::root::Root;
use crate::stack::{self, Stack};
use crate::tools;

/// The documents, each with the name of its client.
const DOCUMENTS: &[(&str, &str)] = &[("edge", EDGE), ("region", REGION)];
/// Directory of the generated clients.
const OUTPUT: &str = "target/clients";
/// Directory of the programs that use them.
const PROGRAMS: &str = "xtask/clients";

/// Generates the clients, checks them, and runs a program with each against a stack of its own.
pub async fn run(root: &Root) -> Result<()> {
    let here = root.clone();
    let programs = spawn_blocking(move || prepare(&here)).await??;
    let data = root.path(OUTPUT).join("data");
    let (artifacts, options) = stack::fresh(root, Some(data), "clients").await?;
    let stack = Stack::start(root, &artifacts, options).await?;
    for (title, mut program) in programs {
        program
            .env("MATCHPOINT_EDGE", stack.edge_url())
            .env("MATCHPOINT_REGION", stack.region_url())
            .env("NO_PROXY", "127.0.0.1")
            .stdin(Stdio::null());
        eprint!("{}", spawn_blocking(move || progress::run(title, &mut program)).await??);
    }
    stack.stop().await;
    Ok(())
}

/// Generates both clients and checks their types. Returns the programs that use them, with their titles.
fn prepare(root: &Root) -> Result<Vec<(&'static str, Command)>> {
    let mut programs = vec![("A session in TypeScript", typescript::prepare(root)?)];
    match python::prepare(root)? {
        Some(program) => programs.push(("A session in Python", program)),
        None => tools::python::say_missing("clients", "no client is generated for it"),
    }
    Ok(programs)
}

/// Runs a generator for one document. A warning is an error, because a generator that warns leaves parts out.
fn generate(title: &str, command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{title} does not run"))?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    ensure!(output.status.success() && !text.contains('⚠'), "{title}:\n{text}");
    Ok(())
}
