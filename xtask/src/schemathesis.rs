//! `cargo xtask schemathesis`: checks the answers of edge and region against their OpenAPI documents, with
//! generated valid and invalid requests.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use tokio::task::spawn_blocking;

use crate::artifacts::Artifacts;
use crate::openapi::{EDGE, REGION};
use crate::root::Root;
use crate::secrets::Secrets;
use crate::stack::{self, Options, Stack};
use crate::tools::python;
use crate::wire::{Player, Server};

/// Configuration of schemathesis.
const CONFIG: &str = "xtask/schemathesis/schemathesis.toml";
const HOOKS: &str = "xtask/schemathesis/hooks.py";
/// A pool of `wrangler.toml` with ratings.
const POOL: &str = "ranked";

/// Runs schemathesis against the edge and the region of a stack of its own. Every run has the same cases.
#[derive(Debug, Clone, Args)]
pub struct Schemathesis {
    /// Generated cases per operation, beside those that its schemas name.
    #[arg(long, value_name = "COUNT", default_value_t = 25)]
    max_examples: u32,
    /// Only the operation with this id.
    #[arg(long, value_name = "ID")]
    operation: Option<String>,
}

/// Starts a stack, checks both servers, and fails if an answer is not documented.
pub async fn run(root: &Root, args: Schemathesis) -> Result<()> {
    let tools = root.clone();
    let Some(programs) = spawn_blocking(move || python::schemathesis(&tools)).await?? else {
        python::say_missing("schemathesis", "the documents are not checked");
        return Ok(());
    };
    let data = root.path("target/schemathesis");
    let (artifacts, mut options) = stack::fresh(root, Some(data.clone()), "schemathesis").await?;
    // All requests come from one address; rate limits are tested elsewhere.
    options.disable_rate_limits();
    let (stack, moderator, player) = start(root, &artifacts, options).await?;

    let secrets = Secrets::of(&data)?;
    let mut failed = Vec::new();
    for (title, document, url, key) in [
        ("region", REGION, stack.region_url(), &secrets.edge_to_region_keys),
        ("edge", EDGE, stack.edge_url(), &secrets.region_to_edge_keys),
    ] {
        let mut command = Command::new(programs.join("st"));
        command
            .args(["--no-color", "--config-file"])
            .arg(root.path(CONFIG))
            .arg("run")
            .arg(root.path(document))
            .args(["--url", url, "--max-examples", &args.max_examples.to_string()])
            // Schemathesis keeps its notes in the working directory.
            .current_dir(&data)
            .env("SCHEMATHESIS_HOOKS", root.path(HOOKS))
            .env("MATCHPOINT_REGION", stack.region_url())
            .env("MATCHPOINT_MODERATOR", &moderator.token)
            .env("MATCHPOINT_SERVICE", stack.service_key())
            .env("MATCHPOINT_KEY", key)
            .env("MATCHPOINT_PLAYER", &player.id)
            .env("MATCHPOINT_POOL", POOL)
            .stdin(Stdio::null());
        if let Some(operation) = &args.operation {
            command.args(["--include-operation-id", operation]);
        }
        let log = data.join(format!("{title}.txt"));
        if !spawn_blocking(move || check(title, command, &log)).await?? {
            failed.push(title);
        }
    }
    stack.stop().await;
    if !failed.is_empty() {
        bail!(
            "answers that are not documented: {}. The requests are in {}",
            failed.join(", "),
            data.display()
        );
    }
    Ok(())
}

/// Starts the stack and returns it with a moderator and another player. Moderators are set at the region's
/// start, so it starts again once the moderator's account exists.
async fn start(root: &Root, artifacts: &Artifacts, mut options: Options) -> Result<(Stack, Player, Player)> {
    let first = Stack::start(root, artifacts, options.clone()).await?;
    let server = Server::at(first.edge_url(), first.region_url())?;
    let moderator = server.guest("Moderator").await?;
    let player = server.guest("Ben").await?;
    first.stop().await;
    drop(first);
    options.region_env.insert("MODERATORS".to_owned(), moderator.id.clone());
    let stack = Stack::start(root, artifacts, options).await?;
    Ok((stack, moderator, player))
}

/// Checks one server and returns true if all answers were as documented. `log` receives the whole output; the
/// terminal receives the summary, or the whole output after a failure.
fn check(title: &str, mut command: Command, log: &Path) -> Result<bool> {
    let begun = Instant::now();
    let output = command.output().context("schemathesis does not run")?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    fs::write(log, &text).with_context(|| format!("cannot write {}", log.display()))?;
    let is_success = output.status.success();
    let summary = text.find("== SUMMARY ==").unwrap_or_default();
    let shown = if is_success { text.get(summary..) } else { None };
    eprintln!("The {title}, in {:.1} s:\n{}", begun.elapsed().as_secs_f32(), shown.unwrap_or(&text));
    Ok(is_success)
}
