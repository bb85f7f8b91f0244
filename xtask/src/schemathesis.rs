//! Do the servers answer as their documents say, whatever they are asked? schemathesis asks the edge in workerd and the
//! region what the documents allow, and what they do not.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use tokio::task::spawn_blocking;

use crate::openapi::{EDGE, REGION};
use crate::root::Root;
use crate::secrets::Secrets;
use crate::stack::{self, Stack};
use crate::tools::python;
use crate::wire::Server;

/// How it asks, and as whom.
const CONFIG: &str = "xtask/schemathesis/schemathesis.toml";
const HOOKS: &str = "xtask/schemathesis/hooks.py";
/// One of `wrangler.toml`, with ratings.
const POOL: &str = "ranked";

/// Runs schemathesis against the edge and the region, both started for it. The same cases each time.
#[derive(Debug, Clone, Args)]
pub struct Schemathesis {
    /// Cases of an operation that are drawn, beside those that its schemas name.
    #[arg(long, value_name = "COUNT", default_value_t = 25)]
    max_examples: u32,
    /// One operation alone, by its id.
    #[arg(long, value_name = "ID")]
    operation: Option<String>,
}

/// Starts both, asks both, and fails if either answered what its document does not say.
pub async fn run(root: &Root, asked: Schemathesis) -> Result<()> {
    let tools = root.clone();
    let Some(programs) = spawn_blocking(move || python::schemathesis(&tools)).await?? else {
        eprintln!(
            "schemathesis: there is no python3 with venv and pip, so the documents are not tried (Debian: `apt-get install python3-venv`)"
        );
        return Ok(());
    };
    let data = root.path("target/schemathesis");
    let (artifacts, mut options) = stack::fresh(root, Some(data.clone()), "schemathesis").await?;
    // Requests of one machine are no crowd's: the paces are what other tests look at.
    options.unpace();

    // A moderator is named where the region starts, so it starts again once there is somebody to name.
    let first = Stack::start(root, &artifacts, options.clone()).await?;
    let server = Server::at(first.edge_url(), first.region_url())?;
    let moderator = server.guest("Moderator").await?;
    let ben = server.guest("Ben").await?;
    first.stop().await;
    drop(first);
    let named = ("MODERATORS".to_owned(), moderator.id.clone());
    options.region_env.extend([named]);
    let stack = Stack::start(root, &artifacts, options).await?;

    let secrets = Secrets::of(&data)?;
    let mut failed = Vec::new();
    for (title, document, url, key) in [
        ("region", REGION, stack.region_url(), &secrets.edge_to_region_keys),
        ("edge", EDGE, stack.edge_url(), &secrets.region_to_edge_keys),
    ] {
        let mut command = Command::new(programs.join("st"));
        let examples = asked.max_examples.to_string();
        command
            .args(["--no-color", "--config-file"])
            .arg(root.path(CONFIG))
            .arg("run")
            .arg(root.path(document))
            .args(["--url", url, "--max-examples", &examples])
            // Where it keeps what it notes.
            .current_dir(&data)
            .env("SCHEMATHESIS_HOOKS", root.path(HOOKS))
            .env("MATCHPOINT_REGION", stack.region_url())
            .env("MATCHPOINT_MODERATOR", &moderator.token)
            .env("MATCHPOINT_KEY", key)
            .env("MATCHPOINT_PLAYER", &ben.id)
            .env("MATCHPOINT_POOL", POOL)
            .stdin(Stdio::null());
        if let Some(operation) = &asked.operation {
            command.args(["--include-operation-id", operation]);
        }
        let log = data.join(format!("{title}.txt"));
        if !spawn_blocking(move || ask(title, command, &log)).await?? {
            failed.push(title);
        }
    }
    stack.stop().await;
    if !failed.is_empty() {
        bail!(
            "other answers than documented: {}. What was asked is in {}",
            failed.join(", "),
            data.display()
        );
    }
    Ok(())
}

/// Asks one of them; whether all was as documented. Everything goes to `log`, the summary to the terminal, and where
/// something was wrong, all of it.
fn ask(title: &str, mut command: Command, log: &Path) -> Result<bool> {
    let begun = Instant::now();
    let output = command.output().context("schemathesis does not run")?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    fs::write(log, &text).with_context(|| format!("cannot write {}", log.display()))?;
    let fine = output.status.success();
    let summary = text.find("== SUMMARY ==").unwrap_or_default();
    let shown = if fine { text.get(summary..) } else { None };
    eprintln!("The {title}, in {:.1} s:\n{}", begun.elapsed().as_secs_f32(), shown.unwrap_or(&text));
    Ok(fine)
}
