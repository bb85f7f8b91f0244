//! Installs Node and the npm tools that `package-lock.json` pins: wrangler, miniflare, esbuild, binaryen,
//! openapi-typescript.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::on_path;
use crate::build_stamp::BuildStamp;
use crate::progress;
use crate::root::Root;

/// The oldest Node whose npm can install the tools.
const INSTALLS: u32 = 20;
/// The oldest Node that can run them.
const RUNS: u32 = 22;

/// Paths of Node and the npm tools.
#[derive(Debug, Clone)]
pub struct Node {
    /// The Node that runs the tools: the pinned one where npm has it for this platform, otherwise the
    /// system's.
    pub program: PathBuf,
    pub esbuild: PathBuf,
    wasm_opt: PathBuf,
    /// The TypeScript compiler, a script for Node.
    pub tsc: PathBuf,
    /// The generator of types from OpenAPI documents, a script for Node.
    pub openapi_typescript: PathBuf,
}

impl Node {
    /// Returns the command that runs a tool, a script for Node, by its path in `node_modules`.
    #[must_use]
    pub fn tool(&self, root: &Root, script: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(root.path("node_modules").join(script)).current_dir(root.dir());
        command
    }

    /// Returns the command that runs `wasm-opt` of binaryen.
    #[must_use]
    pub fn wasm_opt(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(&self.wasm_opt);
        command
    }

    /// Returns the command that runs a script in TypeScript.
    #[must_use]
    pub fn typescript(&self, script: PathBuf) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["--experimental-strip-types", "--disable-warning=ExperimentalWarning"]).arg(script);
        command
    }
}

/// Installs the npm tools if the lock file changed or they are missing.
pub fn ensure(root: &Root) -> Result<Node> {
    let stamp = BuildStamp::of(root, "npm", &["package-lock.json"], &[])?;
    if stamp.is_current()
        && let Ok(node) = installed(root)
    {
        return Ok(node);
    }
    system(INSTALLS)?;
    let npm = on_path("npm")
        .context("npm is missing, though Node is here. Install it (Debian: `apt-get install npm`).")?;
    let mut install = Command::new(npm);
    install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(root.dir());
    progress::run("Installing the npm tools", &mut install)?;
    let node = installed(root)?;
    stamp.record()?;
    Ok(node)
}

fn installed(root: &Root) -> Result<Node> {
    let pinned = root.path("node_modules/.bin/node");
    let program = if version(&pinned).is_ok() { pinned } else { system(RUNS)? };
    Ok(Node {
        program,
        esbuild: esbuild(root)?,
        wasm_opt: present(root, "node_modules/binaryen/bin/wasm-opt")?,
        tsc: present(root, "node_modules/typescript/bin/tsc")?,
        openapi_typescript: present(root, "node_modules/openapi-typescript/bin/cli.js")?,
    })
}

/// Returns the system's Node, if it is new enough.
fn system(least: u32) -> Result<PathBuf> {
    let Some(node) = on_path("node") else {
        bail!(
            "Node.js is missing: the tools that run the Worker on this machine are installed by its npm. \
             Install Node {least} or newer (https://nodejs.org) and run this again."
        );
    };
    let found = version(&node)?;
    if major(&found).is_none_or(|major| major < least) {
        bail!(
            "Node.js {found} is too old: {least} or newer is needed (found at {}). \
             Install a newer one (https://nodejs.org) and run this again.",
            node.display()
        );
    }
    Ok(node)
}

fn version(node: &Path) -> Result<String> {
    let output = Command::new(node)
        .arg("--version")
        .output()
        .with_context(|| format!("cannot run {}", node.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// Returns the binary of esbuild, which has one package per platform; npm installs the one that fits.
fn esbuild(root: &Root) -> Result<PathBuf> {
    fs::read_dir(root.path("node_modules/@esbuild"))
        .ok()
        .and_then(|dirs| dirs.flatten().map(|dir| dir.path().join("bin/esbuild")).find(|file| file.is_file()))
        .context("esbuild has no binary for this platform in node_modules/@esbuild")
}

fn present(root: &Root, name: &str) -> Result<PathBuf> {
    let path = root.path(name);
    if path.exists() { Ok(path) } else { bail!("{name} is missing") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions() {
        assert_eq!(major("v24.21.0"), Some(24));
        assert_eq!(major("v8.0.0-nightly"), Some(8));
        assert_eq!(major(""), None);
    }
}
