//! Tools that come by Python's registry, each in an environment of its own: cfn-lint, Zig, schemathesis.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::on_path;
use crate::progress;
use crate::root::Root;
use crate::stamp::Stamp;

/// Knows every resource and its fields, and expands SAM first; `sam validate --lint` runs the same.
const CFN_LINT: &[&str] = &["cfn-lint==1.58.0"];
/// A linker for every platform and every age of its C library, without its toolchain.
const ZIG: &[&str] = &["cargo-zigbuild==0.24.0", "ziglang==0.17.0"];
/// Asks an API whatever its document allows, and whatever it does not.
const SCHEMATHESIS: &[&str] = &["schemathesis==4.32.5"];

/// The program `cfn-lint`; none where there is no Python.
pub fn cfn_lint(root: &Root) -> Result<Option<PathBuf>> {
    let dir = environment(root, "cfn-lint", CFN_LINT)?;
    Ok(dir.map(|dir| dir.join("cfn-lint")))
}

/// The directory with `cargo-zigbuild` and the Python that runs Zig; none where there is no Python.
pub fn zig(root: &Root) -> Result<Option<PathBuf>> {
    environment(root, "zig", ZIG)
}

/// The directory with `st`; none where there is no Python.
pub fn schemathesis(root: &Root) -> Result<Option<PathBuf>> {
    environment(root, "schemathesis", SCHEMATHESIS)
}

/// The programs of these packages, installed unless they are there.
fn environment(root: &Root, name: &str, packages: &[&str]) -> Result<Option<PathBuf>> {
    let dir = root.path("target/tools").join(name);
    let programs = dir.join("bin");
    let stamp = Stamp::of(root, name, &[], packages)?;
    if stamp.holds() && programs.is_dir() {
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
    stamp.keep()?;
    Ok(Some(programs))
}

/// Some systems ship Python without what an environment is made of.
fn makes_environments(python: &Path) -> bool {
    Command::new(python)
        .args(["-c", "import venv, ensurepip"])
        .output()
        .is_ok_and(|output| output.status.success())
}
