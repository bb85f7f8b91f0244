//! `cargo xtask observe`: runs Prometheus with the rules on a running edge, or rehearses the alerts of an outage of the region.

mod rehearsal;
mod server;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::cost::Prices;
use crate::ops::prometheus::Target;
use crate::ops::promtool::MISSING;
use crate::ops::slo::Slo;
use crate::ops::span::Pace;
use crate::ops::{prometheus, rules};
use crate::root::Root;
use crate::stack::{self, Stack};
use crate::tools;
use crate::{port, scratch};
use server::Prometheus;

/// The interval of scrapes and evaluations: short, because they cost nothing here.
const INTERVAL: Duration = Duration::from_secs(1);

/// Runs Prometheus with the rules of ops/prometheus, one scrape a second, on an edge or on a stack of its own. Ctrl-C stops it.
#[derive(Debug, Clone, Args)]
pub struct Observe {
    /// Address of a running edge, such as that of `cargo dev` [default: a stack of its own]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// File with the token of `GET /metrics`; `cargo dev` needs none.
    #[arg(long, value_name = "FILE", requires = "url")]
    token_file: Option<PathBuf>,
    /// Port of Prometheus on this machine; 0 takes any free one.
    #[arg(long, value_name = "PORT", default_value_t = 9090)]
    port: u16,
    /// Take the region of its own stack away for these seconds, with a second for each minute of the rules, and fail unless
    /// the right alerts fire and end.
    #[arg(long, value_name = "SECONDS", conflicts_with = "url")]
    outage: Option<u64>,
}

/// Runs until Ctrl-C, or until the rehearsal has ended.
pub async fn run(root: &Root, observe: Observe) -> Result<()> {
    let programs = {
        let _lock = root.lock()?;
        tools::prometheus::ensure(root)?.context(MISSING)?
    };
    if let Some(seconds) = observe.outage {
        return rehearsal::run(root, &programs, Duration::from_secs(seconds)).await;
    }
    let stack = match observe.url {
        Some(_) => None,
        None => Some(start(root).await?),
    };
    let url = observe.url.as_deref().or_else(|| stack.as_ref().map(Stack::edge_url)).unwrap_or_default();
    let token_file = observe.token_file.as_ref().map(std::path::absolute).transpose()?;
    let target = target(url, token_file)?;
    let port = port::take(observe.port, "--port")?;
    let server = serve(root, &programs, &target, Pace::REAL, port).await?;
    println!("  Edge       {url}");
    println!("  Alerts     {}/alerts", server.url());
    println!("  Queries    {}/graph", server.url());
    println!("  Dashboards ops/grafana/*.json, for a Grafana of your own with this Prometheus as its source");
    println!("\nCtrl-C stops everything.");
    let result = tokio::select! {
        how = server.ended() => Err(anyhow::anyhow!(how)),
        signal = tokio::signal::ctrl_c() => Ok(signal?),
    };
    server.stop().await;
    if let Some(stack) = stack {
        stack.stop().await;
    }
    result
}

/// Starts a stack whose data is not kept.
async fn start(root: &Root) -> Result<Stack> {
    let (artifacts, options) = stack::fresh(root, None, "observe").await?;
    Stack::start(root, &artifacts, options).await
}

/// Starts Prometheus on a target, with the rules at a pace.
async fn serve(
    root: &Root,
    programs: &tools::prometheus::Programs,
    target: &Target,
    pace: Pace,
    port: u16,
) -> Result<Prometheus> {
    let (slo, prices) = (Slo::read(root)?, Prices::of_any_age(root)?);
    let rules = rules::document(&slo, &prices, pace)?;
    let config = prometheus::for_target(&slo, target)?;
    Prometheus::start(programs, &scratch::folder(root, "prometheus"), &config, &rules, port).await
}

/// Returns the target of an edge's address.
fn target(url: &str, token_file: Option<PathBuf>) -> Result<Target> {
    let Some((scheme, address)) = url.trim_end_matches('/').split_once("://") else {
        bail!("--url {url} has no scheme: write http://127.0.0.1:8787 or https://edge.example.com");
    };
    Ok(Target {
        scheme: scheme.to_owned(),
        address: address.to_owned(),
        token_file: token_file.map(|file| file.display().to_string()),
        interval: INTERVAL,
    })
}
