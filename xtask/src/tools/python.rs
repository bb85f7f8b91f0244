//! Installs tools from Python's registry, each in a virtual environment: cfn-lint, Zig, schemathesis,
//! openapi-python-client.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::on_path;
use crate::build_stamp::BuildStamp;
use crate::progress;
use crate::root::Root;

/// Checks every resource and its fields, and expands SAM first; `sam validate --lint` runs the same.
const CFN_LINT: &[&str] = &["cfn-lint==1.58.0"];
/// Links for every platform and every version of its C library, without that platform's toolchain.
const ZIG: &[&str] = &["cargo-zigbuild==0.24.0", "ziglang==0.17.0"];
/// Sends an API generated requests that its document allows, and requests that it does not.
const SCHEMATHESIS: &[&str] = &["schemathesis==4.32.5"];
/// Generates a client from a document, and checks its types; and `websockets` for the players of guides.
const OPENAPI_CLIENT: &[&str] = &["openapi-python-client==0.29.1", "mypy==2.4.1", "websockets==15.0.1"];
/// Returns the program `cfn-lint`, or none without Python.
pub fn cfn_lint(root: &Root) -> Result<Option<PathBuf>> {
    let dir = environment(root, "cfn-lint", CFN_LINT)?;
    Ok(dir.map(|dir| dir.join("cfn-lint")))
}

/// Returns the directory with `cargo-zigbuild` and the Python that runs Zig, or none without Python.
pub fn zig(root: &Root) -> Result<Option<PathBuf>> {
    environment(root, "zig", ZIG)
}

/// Returns the directory with `st`, or none without Python.
pub fn schemathesis(root: &Root) -> Result<Option<PathBuf>> {
    environment(root, "schemathesis", SCHEMATHESIS)
}

/// Returns the directory with `openapi-python-client`, `mypy` and a Python that has what generated clients import,
/// or none without Python.
pub fn openapi_client(root: &Root) -> Result<Option<PathBuf>> {
    environment(root, "openapi-python-client", OPENAPI_CLIENT)
}

/// Says that a step is left out for want of Python, and what that means.
pub fn say_missing(step: &str, meaning: &str) {
    eprintln!(
        "{step}: python3 with venv and pip is missing, so {meaning} (Debian: `apt-get install python3-venv`)"
    );
}

/// Returns the directory of the programs of these packages, which are installed if they are missing.
fn environment(root: &Root, name: &str, packages: &[&str]) -> Result<Option<PathBuf>> {
    let dir = root.path("target/tools").join(name);
    let programs = dir.join("bin");
    let stamp = BuildStamp::of(root, name, &[], packages)?;
    if stamp.is_current() && programs.is_dir() {
        return Ok(Some(programs));
    }
    let Some(python) = on_path("python3").filter(|python| makes_environments(python)) else {
        return Ok(None);
    };
    let mut make = Command::new(python);
    make.args(["-m", "venv", "--clear"]).arg(&dir);
    progress::run("Making an environment for Python", &mut make)?;
    let mut install = Command::new(programs.join("python"));
    install
        .args(["-m", "pip", "install", "--quiet", "--no-input"])
        .arg("--disable-pip-version-check")
        .args(packages);
    progress::run(&format!("Installing {}", packages.join(", ")), &mut install)?;
    stamp.record()?;
    Ok(Some(programs))
}

/// Returns true if this Python can create virtual environments; some systems ship it without `venv` or `pip`.
fn makes_environments(python: &Path) -> bool {
    Command::new(python)
        .args(["-c", "import venv, ensurepip"])
        .output()
        .is_ok_and(|output| output.status.success())
}
