//! Installs Deno and Bun from npm, in which the package runs too.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::on_path;
use crate::build_stamp::BuildStamp;
use crate::progress;
use crate::root::Root;

/// The packages; each depends on one with the program of this platform.
const PACKAGES: &[&str] = &["deno@2.9.6", "bun@1.4.5"];

/// The programs of both runtimes.
#[derive(Debug, Clone)]
pub struct Runtimes {
    pub deno: PathBuf,
    pub bun: PathBuf,
}

/// Installs both if they are missing.
pub fn ensure(root: &Root) -> Result<Runtimes> {
    let dir = root.path("target/tools/runtimes");
    let stamp = BuildStamp::of(root, "runtimes", &[], PACKAGES)?;
    if !stamp.is_current() || find(&dir).is_err() {
        let npm = on_path("npm").context("npm is missing. Install it (Debian: `apt-get install npm`).")?;
        fs::create_dir_all(&dir)?;
        fs::write(dir.join("package.json"), r#"{"private":true}"#)?;
        let mut install = Command::new(npm);
        install.args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"]).args(PACKAGES);
        progress::run("Installing Deno and Bun", install.current_dir(&dir))?;
    }
    let runtimes = find(&dir)?;
    for program in [&runtimes.deno, &runtimes.bun] {
        make_executable(program)?;
    }
    stamp.record()?;
    Ok(runtimes)
}

fn find(dir: &Path) -> Result<Runtimes> {
    let program = |scope: &str, name: &str| {
        let packages = fs::read_dir(dir.join("node_modules").join(scope)).ok()?;
        packages.flatten().map(|package| package.path().join(name)).find(|file| file.is_file())
    };
    Ok(Runtimes {
        deno: program("@deno", "deno").context("npm has no Deno for this platform")?,
        bun: program("@oven", "bin/bun").context("npm has no Bun for this platform")?,
    })
}

/// The packages do it in a script of their installation, which is not run.
fn make_executable(program: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(program, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("cannot make {} executable", program.display()))
}
