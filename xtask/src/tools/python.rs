//! What reads the region's template as CloudFormation would: cfn-lint, in an environment of its own.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::on_path;
use crate::progress;
use crate::root::Root;
use crate::stamp::Stamp;

/// Knows every resource and its fields, and expands SAM first; `sam validate --lint` runs the same.
const CFN_LINT: &str = "cfn-lint==1.58.0";

/// The program `cfn-lint`, installed unless it is there; none where there is no Python, or none that can install.
pub fn cfn_lint(root: &Root) -> Result<Option<PathBuf>> {
    let dir = root.path("target/tools/python");
    let program = dir.join("bin/cfn-lint");
    let stamp = Stamp::of(root, "cfn-lint", &[], &[CFN_LINT])?;
    if stamp.holds() && program.is_file() {
        return Ok(Some(program));
    }
    let Some(python) = on_path("python3").filter(makes_environments) else {
        return Ok(None);
    };
    let mut make = Command::new(python);
    make.args(["-m", "venv", "--clear"]).arg(&dir);
    progress::run("Making an environment for Python", &mut make)?;
    let mut install = Command::new(dir.join("bin/python"));
    install.args(["-m", "pip", "install", "--quiet", "--no-input"]);
    install.args(["--disable-pip-version-check", CFN_LINT]);
    progress::run(&format!("Installing {CFN_LINT}"), &mut install)?;
    stamp.keep()?;
    Ok(Some(program))
}

/// Some systems ship Python without what an environment is made of.
fn makes_environments(python: &PathBuf) -> bool {
    Command::new(python)
        .args(["-c", "import venv, ensurepip"])
        .output()
        .is_ok_and(|output| output.status.success())
}
