//! Applications outside of the repository's own packages: examples and new ones, with the packed npm package installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use walkdir::WalkDir;
use xtask::new;
use xtask::port;
use xtask::root::Root;
use xtask::sdk::package;
use xtask::tools::{self, node};

use crate::chromium;
use crate::stack::{self, Stack};

/// Installs what a new application needs, with the package that is packed into it.
pub fn install_new(name: &str) -> Result<Option<PathBuf>> {
    let (root, dir) = (Root::here(), Root::here().path(&format!("target/sdk/new/{name}")));
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    new::app(&root, &dir)?;
    let is_installed = install_into(&root, &dir, None)?;
    Ok(is_installed.then_some(dir))
}

/// Copies an example, by its directory from the root, out of the repository's own packages, and installs the packed package into it. Returns nothing if npm
/// cannot be reached and has not kept what the example needs.
pub fn install(example: &str) -> Result<Option<PathBuf>> {
    let root = Root::here();
    let tarball = {
        // The tests pack at the same time.
        let _lock = root.lock()?;
        package::pack(&root)?
    };
    let name = Path::new(example).file_name().context("no example")?;
    let (from, to) = (root.path(example), root.path("target/sdk/apps").join(name));
    for entry in WalkDir::new(&from) {
        let entry = entry?;
        let target = to.join(entry.path().strip_prefix(&from)?);
        if entry.file_type().is_dir() {
            fs::create_dir_all(&target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    // Without its own notes npm takes a package of the same version for the one that is there.
    for installed in ["node_modules/@matchpoint", "node_modules/.package-lock.json"] {
        let path = to.join(installed);
        _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    }
    let is_installed = install_into(&root, &to, Some(&tarball))?;
    Ok(is_installed.then_some(to))
}

/// Installs the dependencies of an application. Returns false if npm cannot be reached and has not kept them.
fn install_into(root: &Root, app: &Path, tarball: Option<&Path>) -> Result<bool> {
    let online = npm(root, app, tarball, "--prefer-offline")?;
    if online.status.success() || npm(root, app, tarball, "--offline")?.status.success() {
        return Ok(true);
    }
    let error = String::from_utf8_lossy(&online.stderr).into_owned();
    ensure!(std::env::var_os("CI").is_none(), "npm cannot install the example:\n{error}");
    eprintln!("==================================================================");
    eprintln!("  SKIPPED: npm cannot be reached, and nothing is cached in target/sdk/npm:\n{error}");
    eprintln!("==================================================================");
    Ok(false)
}

fn npm(root: &Root, app: &Path, tarball: Option<&Path>, network: &str) -> Result<Output> {
    let npm = tools::on_path("npm").context("npm is missing. Install it (Debian: `apt-get install npm`).")?;
    let mut install = Command::new(npm);
    install.args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", network, "--cache"]);
    install.arg(root.path("target/sdk/npm")).args(tarball).current_dir(app);
    install.output().context("npm does not run")
}

/// Runs a tool of an installed example.
pub fn run(app: &Path, script: &str, args: &[&str], env: &[(&str, &str)]) -> Result<()> {
    let node = node::ensure(&Root::here())?;
    let done = Command::new(&node.program)
        .arg(app.join("node_modules").join(script))
        .args(args)
        .envs(env.iter().copied())
        .current_dir(app)
        .output()?;
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    ensure!(done.status.success(), "{script} {}:\n{out}\n{err}", args.join(" "));
    Ok(())
}

/// Returns true if Chromium is here, which CI must have.
pub fn has_chromium() -> Result<bool> {
    let has = chromium::installed().is_some();
    if !has {
        ensure!(std::env::var_os("CI").is_none(), "CI has no Chromium: install chromium and chromium-driver");
        eprintln!("SKIPPED: Chromium is not installed (Debian: `apt-get install chromium chromium-driver`)");
    }
    Ok(has)
}

/// A built page of an application, served at an origin of its own, beside a stack that accepts it.
pub struct Site {
    pub origin: String,
    pub stack: Stack,
    _server: Child,
}

impl Site {
    /// Checks the types of an installed application, builds its page for a new stack, and serves it.
    pub async fn of(app: &Path) -> Result<Self> {
        let port = port::take(0, "")?;
        let origin = format!("http://127.0.0.1:{port}");
        let stack = stack::start_with(|options| options.origins.push(origin.clone())).await?;
        run(app, "typescript/bin/tsc", &[], &[])?;
        run(app, "vite/bin/vite.js", &["build"], &[("VITE_EDGE", stack.edge_url())])?;
        let server = preview(app, port).await?;
        Ok(Self { origin, stack, _server: server })
    }
}

/// Serves the built page, and waits until the server says that it listens. It ends when the value is dropped.
async fn preview(app: &Path, port: u16) -> Result<Child> {
    let node = node::ensure(&Root::here())?;
    let mut server = tokio::process::Command::new(&node.program)
        .arg("node_modules/vite/bin/vite.js")
        .args(["preview", "--host", "127.0.0.1", "--strictPort", "--port", &port.to_string()])
        .current_dir(app)
        .env("NO_COLOR", "1")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("vite does not start")?;
    let output = server.stdout.take().context("vite has no output")?;
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        if line.contains(&port.to_string()) {
            // Reads on, so that the server never waits for its output.
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok(server);
        }
    }
    anyhow::bail!("vite does not say its address")
}
