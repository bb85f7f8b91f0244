//! The live tests of the npm package: the protocol as its users see it, against a running deployment.

use anyhow::{Context, Result, ensure};

use crate::root::Root;
use crate::tools::node;

/// The tests, which take the address of the edge from `EDGE`.
const TESTS: &str = "sdk/tests/live/*.test.ts";

/// Runs the tests against the edge at `url`, and prints each with its result.
pub fn run(root: &Root, url: &str) -> Result<()> {
    let node = node::ensure(root)?;
    let mut tests = std::process::Command::new(&node.program);
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
