//! Runs the live tests in Node.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::Report;
use crate::root::Root;
use crate::tools::node;

/// The tests, which take the address of the edge from `EDGE`.
const TESTS: &str = "sdk/tests/live/*.test.ts";

/// Runs the tests against the edge at `url`.
pub(super) fn run(root: &Root, url: &str) -> Result<Report> {
    let node = node::ensure(root)?;
    let mut tests = Command::new(&node.program);
    tests.args(["--test", "--test-concurrency=1", "--test-reporter=tap", TESTS]).current_dir(root.dir());
    // The address is one of this machine, or one that needs no proxy.
    let done = tests
        .env("EDGE", url)
        .env("NO_PROXY", "127.0.0.1,localhost")
        .output()
        .context("Node does not run")?;
    let (output, errors) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    ensure!(done.status.success(), "the package does not keep the protocol with {url}\n{output}\n{errors}");
    Ok(Report { runtime: "Node", passed: output.lines().filter_map(passed).collect() })
}

/// Reads the name of a test that passed from a line of the Test Anything Protocol: `ok 1 - name`.
fn passed(line: &str) -> Option<String> {
    let (_, name) = line.strip_prefix("ok ")?.split_once(" - ")?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_passed_tests_are_read() {
        assert_eq!(passed("ok 12 - a - b [W-001]").as_deref(), Some("a - b [W-001]"));
        assert_eq!((passed("not ok 1 - a"), passed("# Subtest: a")), (None, None));
    }
}
