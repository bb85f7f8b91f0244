//! `cargo dev`: runs the stack on this machine and rebuilds it when a source changes.

mod announce;
mod oidc;

use std::future::pending;
use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::spawn_blocking;

use crate::artifacts::{self, Artifacts};
use crate::issuer::Issuer;
use crate::root::Root;
use crate::stack::moderator::Moderator;
use crate::stack::{self, Options, Stack};
use crate::watch::{Affected, Watch};
use crate::{pages, port, process_group, region, worker};
use announce::announce;
use oidc::Oidc;

/// Runs Matchpoint on this machine: the Worker in workerd, the region, an embedded store. It needs no account
/// and no Docker; the first run installs missing tools. Ctrl-C stops everything; stored data stays.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Dev {
    /// Port of the Worker and its pages; 0 takes any free one.
    #[arg(long, value_name = "PORT", default_value_t = 8787)]
    edge_port: u16,
    /// Port of the region; 0 takes any free one.
    #[arg(long, value_name = "PORT", default_value_t = 9000)]
    region_port: u16,
    /// Origin of a page elsewhere that may use edge and region, such as `http://localhost:5173`; may be repeated.
    #[arg(long, value_name = "URL")]
    origin: Vec<String>,
    /// Address on this machine that receives all events as webhooks, such as that of `cargo xtask hooks listen`.
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    #[command(flatten)]
    oidc: Oidc,
    /// Player who may moderate: an id, or `first` for the first player who signs in on this data directory.
    #[arg(long, value_name = "ID|first")]
    moderator: Option<Moderator>,
    /// Directory of databases and keys [default: target/dev]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Delete the data of earlier runs first.
    #[arg(long)]
    fresh: bool,
    /// Print one line of JSON on stdout once everything answers, and nothing else there.
    #[arg(long)]
    json: bool,
    /// Do not rebuild when a source is edited.
    #[arg(long)]
    no_watch: bool,
    /// Let the Worker accept the debug commands, which exist for tests.
    #[arg(long)]
    debug_commands: bool,
    /// Turn off the rate limits per address of edge and region, for load tests. Without it they are as deployed.
    #[arg(long)]
    no_rate_limits: bool,
}

/// Runs the stack until a signal arrives or a part of it ends.
pub async fn run(root: Root, dev: Dev) -> Result<()> {
    let mut stopped = signals()?;
    let started = tokio::select! {
        started = start(&root, &dev) => started,
        _ = stopped.recv() => Err(anyhow!("stopped before everything was ready")),
    };
    let result = match started {
        Ok(Running { stack, watch, issuer: _issuer }) => {
            let result = tokio::select! {
                result = serve(&root, &stack, watch) => result,
                _ = stopped.recv() => Ok(()),
            };
            stack.stop().await;
            result
        }
        Err(error) => Err(error),
    };
    // A build or a start may have been interrupted.
    process_group::kill_all();
    result
}

/// Returns a channel that receives SIGINT, SIGTERM and SIGHUP.
fn signals() -> Result<UnboundedReceiver<()>> {
    let (tell, stopped) = unbounded_channel();
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        let (mut signal, tell) = (signal(kind)?, tell.clone());
        tokio::spawn(async move {
            while signal.recv().await.is_some() {
                let _ = tell.send(());
            }
        });
    }
    Ok(stopped)
}

/// The parts of a run, which end with it.
struct Running {
    stack: Stack,
    watch: Option<Watch>,
    /// The built-in identity provider.
    issuer: Option<Issuer>,
}

async fn start(root: &Root, dev: &Dev) -> Result<Running> {
    let edge_port = port::take(dev.edge_port, "--edge-port")?;
    let region_port = port::take(dev.region_port, "--region-port")?;
    let data = std::path::absolute(dev.data.clone().unwrap_or_else(|| root.path("target/dev")))?;
    if dev.fresh {
        stack::delete_data(&data)?;
    }
    // The watch starts first, so that an edit during the build is not lost.
    let watch = if dev.no_watch { None } else { Some(Watch::start(root)?) };
    let artifacts = build(root).await?;
    let (provider, issuer) = dev.oidc.start(root, &dev.origin).await?.unzip();
    let mut options = Options {
        debug_commands: dev.debug_commands,
        origins: dev.origin.clone(),
        webhook: dev.webhook.clone(),
        provider,
        moderator: dev.moderator.clone(),
        ..Options::new(data, edge_port, region_port)
    };
    if dev.no_rate_limits {
        options.disable_rate_limits();
    }
    let stack = Stack::start(root, &artifacts, options).await?;
    announce(&stack, dev, &artifacts);
    Ok(Running { stack, watch, issuer: issuer.flatten() })
}

async fn serve(root: &Root, stack: &Stack, mut watch: Option<Watch>) -> Result<()> {
    loop {
        let edit = async {
            match &mut watch {
                Some(watch) => watch.next().await,
                None => pending().await,
            }
        };
        let touched = tokio::select! {
            how = stack.ended_unexpectedly() => bail!("{how}. Everything else is stopped."),
            touched = edit => touched,
        };
        match rebuild(root, stack, touched).await {
            Ok(()) => eprintln!("Ready again: {}", stack.edge_url()),
            Err(error) => eprintln!("{error:#}\n\nThe previous build still runs."),
        }
    }
}

async fn build(root: &Root) -> Result<Artifacts> {
    let root = root.clone();
    spawn_blocking(move || artifacts::build(&root)).await?
}

async fn rebuild(root: &Root, stack: &Stack, touched: Affected) -> Result<()> {
    let here = root.clone();
    spawn_blocking(move || {
        let _lock = here.lock()?;
        if touched.worker {
            worker::build(&here)?;
        }
        if touched.pages {
            pages::build(&here)?;
        }
        if touched.region {
            region::build(&here)?;
        }
        anyhow::Ok(())
    })
    .await??;
    if touched.region {
        stack.start_region().await?;
    }
    if touched.worker || touched.pages {
        stack.reload_edge().await?;
    }
    Ok(())
}
