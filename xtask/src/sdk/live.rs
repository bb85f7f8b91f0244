//! The live tests of the npm package: the protocol as its users see it, against a running deployment.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::progress;
use crate::root::Root;
use crate::tools::node;

/// The tests, which take the address of the edge from `EDGE`.
const TESTS: &str = "sdk/tests/live/*.test.ts";

/// Runs the tests against the edge at `url`, and prints each with its result.
pub fn run(root: &Root, url: &str) -> Result<()> {
    let node = node::ensure(root)?;
    let mut tests = Command::new(&node.program);
    tests.args(["--test", "--test-concurrency=1", TESTS]).current_dir(root.dir());
    // The address is one of this machine, or one that needs no proxy.
    let done = tests
        .env("EDGE", url)
        .env("NO_PROXY", "127.0.0.1,localhost")
        .output()
        .context("Node does not run")?;
    print!("{}", String::from_utf8_lossy(&done.stdout));
    let errors = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "the package does not keep the protocol with {url}\n{errors}");
    Ok(())
}

/// Returns the script that runs the tests in a browser against the edge at `url`, with stand-ins for the test modules of Node.
pub fn script(root: &Root, url: &str) -> Result<String> {
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
