//! Tests of the npm package with the real stack: its live tests, and programs outside of the repository that install the
//! packed package: a page of Vite and React in Chromium, and Node.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use tests::chromium::{self, Chromium, Page};
use tests::stack;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use tokio::task::spawn_blocking;
use walkdir::WalkDir;
use xtask::port;
use xtask::root::Root;
use xtask::sdk::{live, package};
use xtask::tools::{self, node};

/// Copies an example out of the repository's own packages, and installs the packed package into it. Returns nothing if npm
/// cannot be reached and has not kept what the example needs.
fn install(name: &str) -> Result<Option<PathBuf>> {
    let root = Root::here();
    let tarball = {
        // The tests pack at the same time.
        let _lock = root.lock()?;
        package::pack(&root)?
    };
    let (from, to) =
        (root.path(&format!("sdk/examples/{name}")), root.path(&format!("target/sdk/apps/{name}")));
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
    let online = npm(&root, &to, &tarball, "--prefer-offline")?;
    if online.status.success() || npm(&root, &to, &tarball, "--offline")?.status.success() {
        return Ok(Some(to));
    }
    let error = String::from_utf8_lossy(&online.stderr).into_owned();
    ensure!(std::env::var_os("CI").is_none(), "npm cannot install the example:\n{error}");
    eprintln!("==================================================================");
    eprintln!("  SKIPPED: npm cannot be reached, and nothing is cached in target/sdk/npm:\n{error}");
    eprintln!("==================================================================");
    Ok(None)
}

fn npm(root: &Root, app: &Path, tarball: &Path, network: &str) -> Result<Output> {
    let npm = tools::on_path("npm").context("npm is missing. Install it (Debian: `apt-get install npm`).")?;
    let mut install = Command::new(npm);
    install.args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", network, "--cache"]);
    install.arg(root.path("target/sdk/npm")).arg(tarball).current_dir(app);
    install.output().context("npm does not run")
}

/// Runs a tool of an installed example.
fn run(app: &Path, script: &str, args: &[&str]) -> Result<()> {
    let node = node::ensure(&Root::here())?;
    let done = Command::new(&node.program)
        .arg(app.join("node_modules").join(script))
        .args(args)
        .current_dir(app)
        .output()?;
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    ensure!(done.status.success(), "{script} {}:\n{out}\n{err}", args.join(" "));
    Ok(())
}

/// Runs the live tests: the behaviours that the conformance suite checks on the wire, as a client of the package sees them.
#[tokio::test(flavor = "multi_thread")]
async fn the_package_keeps_the_protocol_with_a_real_deployment() -> Result<()> {
    let stack = stack::shared().await?;
    let edge = stack.edge_url().to_owned();
    spawn_blocking(move || live::run(&Root::here(), &edge)).await?
}

#[tokio::test(flavor = "multi_thread")]
async fn two_node_programs_with_the_packed_package_are_matched() -> Result<()> {
    let stack = stack::shared().await?;
    let Some(app) = spawn_blocking(|| install("node")).await?? else { return Ok(()) };
    let node = node::ensure(&Root::here())?;
    let start = |name: &str| {
        let mut program = tokio::process::Command::new(&node.program);
        program
            .arg("main.js")
            .current_dir(&app)
            .env("EDGE", stack.edge_url())
            .env("NAME", name)
            .env("NO_PROXY", "127.0.0.1");
        program.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).output()
    };
    let (ana, bo) = tokio::try_join!(start("Ana"), start("Bo"))?;
    for (done, other) in [(ana, "Bo"), (bo, "Ana")] {
        let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        ensure!(done.status.success(), "the program failed:\n{out}\n{err}");
        ensure!(
            [format!("Hello from {other}"), format!("Goodbye from {other}")].contains(&out.trim().to_owned()),
            "{out}\n{err}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_browsers_are_matched_on_a_vite_page_of_another_origin() -> Result<()> {
    if chromium::installed().is_none() {
        ensure!(std::env::var_os("CI").is_none(), "CI has no Chromium: install chromium and chromium-driver");
        eprintln!("SKIPPED: Chromium is not installed (Debian: `apt-get install chromium chromium-driver`)");
        return Ok(());
    }
    let Some(app) = spawn_blocking(|| install("vite")).await?? else { return Ok(()) };
    run(&app, "typescript/bin/tsc", &[])?;
    run(&app, "vite/bin/vite.js", &["build"])?;
    let port = port::take(0, "")?;
    let origin = format!("http://127.0.0.1:{port}");
    let stack = stack::start_with(|options| options.origins.push(origin.clone())).await?;
    let _server = preview(&app, port).await?;
    let mut chromium = Chromium::start().await?;
    let ana = open(&mut chromium, &origin, stack.edge_url(), "Ana").await?;
    ana.until_texts("[data-testid='queue']", &["queued"]).await?;
    let bo = open(&mut chromium, &origin, stack.edge_url(), "Bo").await?;
    for (page, me, other) in [(&ana, "Ana", "Bo here"), (&bo, "Bo", "Ana here")] {
        page.until_texts("[data-testid='me']", &[me]).await?;
        page.until_texts("[data-testid='other']", &[other]).await?;
    }
    ana.enter("text", "Hello, Bo").await?;
    bo.until_texts("[data-testid='said']", &["Hello, Bo"]).await?;
    bo.enter("text", "Hello, Ana").await?;
    for page in [&ana, &bo] {
        page.until_texts("[data-testid='said']", &["Hello, Bo", "Hello, Ana"]).await?;
    }
    Ok(())
}

async fn open(chromium: &mut Chromium, origin: &str, edge: &str, name: &str) -> Result<Page> {
    let page = chromium.open(800, 600, false).await?;
    page.goto(&format!("{origin}/?edge={edge}&name={name}")).await?;
    Ok(page)
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
