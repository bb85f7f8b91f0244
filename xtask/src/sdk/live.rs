//! The live tests of the npm package: the protocol as its users see it, against a running deployment, in Node and in Chromium.

pub mod chromium;
mod node;
mod report;

pub use report::Report;

use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use clap::ValueEnum;
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;

use crate::root::Root;

/// The port of the page on which the tests run in Chromium. The edge must accept its origin.
const PAGE_PORT: u16 = 8799;

/// Where the tests run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Runtimes {
    Node,
    Chromium,
    Both,
}

/// Runs the tests against the edge at `url`, and prints the results of each runtime with the rules that they cover.
pub async fn run(root: &Root, url: &str, runtimes: Runtimes) -> Result<()> {
    if runtimes != Runtimes::Chromium {
        print!("{}", in_node(root, url).await?);
    }
    if runtimes != Runtimes::Node {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, PAGE_PORT)).await;
        let listener = listener.with_context(|| format!("port {PAGE_PORT}, for the page, is taken"))?;
        let report = chromium::run(root, url, listener).await;
        print!(
            "{}",
            report.with_context(|| {
                format!(
                    "the edge must accept the page's origin: `cargo dev --origin http://127.0.0.1:{PAGE_PORT}`"
                )
            })?
        );
    }
    Ok(())
}

/// Runs the tests in Node.
pub async fn in_node(root: &Root, url: &str) -> Result<Report> {
    let (root, url) = (root.clone(), url.to_owned());
    spawn_blocking(move || node::run(&root, &url)).await?
}
