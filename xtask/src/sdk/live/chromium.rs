//! Runs the live tests in Chromium, on a page of another origin than the edge's.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::response::Html;
use axum::routing::post;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::Report;
use crate::root::Root;
use crate::tools::{chromium, node};
use crate::{progress, scratch};

/// Limit for all tests.
const LIMIT: Duration = Duration::from_mins(3);

/// The result of one test, as the page sends it.
#[derive(Debug, Deserialize)]
struct Outcome {
    name: String,
    /// The error of a test that failed.
    error: Option<String>,
}

/// Runs the tests against the edge at `url`, on a page that this listener serves.
pub async fn run(root: &Root, url: &str, listener: TcpListener) -> Result<Report> {
    let browser =
        chromium::find().context("Chromium is missing. Install it (Debian: `apt-get install chromium`).")?;
    let script = {
        let (root, url) = (root.clone(), url.to_owned());
        spawn_blocking(move || script(&root, &url)).await??
    };
    let page = format!(
        "<!doctype html><meta charset=utf-8><link rel=icon href=data:,><body><script>{script}</script>"
    );
    let (send, mut results) = mpsc::channel(1);
    let routes = Router::new()
        .route("/results", post(async move |body: String| drop(send.send(body).await)))
        .fallback(async move || Html(page));
    let origin = format!("http://{}", listener.local_addr()?);
    let server = tokio::spawn(async move { axum::serve(listener, routes).await });
    let profile = scratch::folder(root, &format!("chromium-{}", std::process::id()));
    let mut window = tokio::process::Command::new(browser)
        .args(chromium::FLAGS)
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(&origin)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("Chromium does not start")?;
    let results = timeout(LIMIT, results.recv()).await;
    window.kill().await?;
    server.abort();
    // The browser may still write there; nothing reads it.
    let _ = fs::remove_dir_all(profile);
    let results = results.context("the tests in Chromium do not end")?.context("the page is gone")?;
    report(&serde_json::from_str::<Vec<Outcome>>(&results)?, url)
}

/// Returns the report of tests that have all passed.
fn report(outcomes: &[Outcome], url: &str) -> Result<Report> {
    let failed = |Outcome { name, error }: &Outcome| error.as_ref().map(|error| format!("{name}: {error}"));
    let failed: Vec<String> = outcomes.iter().filter_map(failed).collect();
    ensure!(
        failed.is_empty(),
        "the package does not keep the protocol with {url} in Chromium\n{}",
        failed.join("\n")
    );
    Ok(Report { runtime: "Chromium", passed: outcomes.iter().map(|outcome| outcome.name.clone()).collect() })
}

/// Returns the script of the page: the tests, with stand-ins for the test modules of Node.
fn script(root: &Root, url: &str) -> Result<String> {
    let (node, dir) = (node::ensure(root)?, root.path("target/sdk/live"));
    fs::create_dir_all(&dir)?;
    let entry = dir.join("all.js");
    let mut imports = Vec::new();
    for file in fs::read_dir(root.path("sdk/tests/live"))? {
        let file = file?.path();
        if file.to_string_lossy().ends_with(".test.ts") {
            imports.push(format!("import {:?};", file.display().to_string()));
        }
    }
    fs::write(&entry, imports.join("\n"))?;
    let mut bundle = Command::new(&node.esbuild);
    let alias = |module: &str, file: &str| format!("--alias:{module}={}", root.path(file).display());
    bundle
        .args([
            "--bundle",
            "--format=iife",
            "--target=es2022",
            "--charset=utf8",
            "--ignore-annotations",
            "--log-level=warning",
        ])
        .arg(alias("node:test", "sdk/tests/browser/test.ts"))
        .arg(alias("node:assert/strict", "sdk/tests/browser/assert.ts"))
        .arg(format!("--define:process.env.EDGE={url:?}"))
        .arg(&entry)
        .current_dir(root.dir());
    progress::run("Bundling the live tests", &mut bundle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_test_is_an_error_with_its_text() {
        let outcome =
            |error: Option<&str>| Outcome { name: "a [W-001]".into(), error: error.map(str::to_owned) };
        assert_eq!(report(&[outcome(None)], "u").unwrap().passed, ["a [W-001]"]);
        let error = report(&[outcome(None), outcome(Some("7 is not 8"))], "u").unwrap_err().to_string();
        assert!(error.ends_with("\na [W-001]: 7 is not 8"), "{error}");
    }
}
