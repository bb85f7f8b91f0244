//! Tests that `cargo dev` starts the stack, prints its addresses, and stops all of it.

#[path = "dev/moderator.rs"]
mod moderator;
#[path = "dev/sign_in.rs"]
mod sign_in;

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tests::stack;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use xtask::root::Root;
use xtask::{process_group, program};

/// A cold build of everything, on a slow machine.
const READY: Duration = Duration::from_mins(20);
const STOPPED: Duration = Duration::from_secs(15);

fn cargo_dev(data: &Path, edge_port: u16) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command
        .args([
            "dev",
            "--json",
            "--no-watch",
            "--region-port",
            "0",
            "--edge-port",
            &edge_port.to_string(),
            "--data",
        ])
        .arg(data)
        .current_dir(Root::here().dir())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

struct Running {
    child: Child,
    line: Value,
    rest: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
}

async fn start(data: &Path, options: &[&str]) -> Result<Running> {
    let mut child = cargo_dev(data, 0).args(options).stdout(Stdio::piped()).spawn()?;
    let mut rest = BufReader::new(child.stdout.take().context("no stdout")?).lines();
    let line = timeout(READY, rest.next_line()).await??.context("cargo dev ended before it was ready")?;
    Ok(Running { child, line: serde_json::from_str(&line)?, rest })
}

impl Running {
    /// Stops the stack as Ctrl-C does, and waits for its end; its data stays.
    async fn stop(mut self) -> Result<()> {
        process_group::terminate(self.child.id().context("it has ended")?)?;
        let status = timeout(STOPPED, self.child.wait()).await??;
        ensure!(status.success(), "{status}");
        Ok(())
    }
}

fn pid(line: &Value, name: &str) -> Result<u32> {
    let pid = line["pids"][name].as_u64().with_context(|| format!("no pid of {name} in {line}"))?;
    Ok(u32::try_from(pid)?)
}

async fn check_health(line: &Value, part: &str) -> Result<()> {
    let url = line[part].as_str().with_context(|| format!("no {part} in {line}"))?;
    ensure!(url.starts_with("http://127.0.0.1:"), "{url}");
    let answer = reqwest::get(format!("{url}/health")).await?;
    ensure!(answer.status().is_success(), "{part} answers {}", answer.status());
    Ok(())
}

#[tokio::test]
async fn one_line_names_all_addresses_and_sigterm_stops_the_stack() -> Result<()> {
    stack::built().await?;
    let data = stack::data()?;
    let mut dev = start(&data, &[]).await?;
    check_health(&dev.line, "edge").await?;
    check_health(&dev.line, "region").await?;
    let (workerd, region) = (pid(&dev.line, "workerd")?, pid(&dev.line, "region")?);
    assert!(process_group::exists(workerd) && process_group::exists(region));

    process_group::terminate(dev.child.id().context("it has ended")?)?;
    let status = timeout(STOPPED, dev.child.wait()).await??;
    assert!(status.success(), "{status}");
    assert_eq!(dev.rest.next_line().await?, None, "one line and nothing else on stdout");
    assert!(!process_group::exists(workerd), "workerd is left over");
    assert!(!process_group::exists(region), "the region is left over");
    Ok(())
}

#[tokio::test]
async fn dead_part_stops_the_stack_with_a_message() -> Result<()> {
    stack::built().await?;
    let data = stack::data()?;
    let mut child = cargo_dev(&data, 0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut rest = BufReader::new(child.stdout.take().context("no stdout")?).lines();
    let line = timeout(READY, rest.next_line()).await??.context("cargo dev ended before it was ready")?;
    let line: Value = serde_json::from_str(&line)?;
    process_group::kill(pid(&line, "workerd")?)?;
    let output = timeout(STOPPED, child.wait_with_output()).await??;
    check_error(&output, &["the Worker ended", "Everything else is stopped"]);
    assert!(!process_group::exists(pid(&line, "region")?), "the region is left over");
    Ok(())
}

#[tokio::test]
async fn port_in_use_is_named_with_its_option() -> Result<()> {
    let held = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = held.local_addr()?.port();
    let output = timeout(READY, cargo_dev(&stack::data()?, port).output()).await??;
    check_error(&output, &[&format!("port {port} is in use"), "--edge-port"]);
    Ok(())
}

#[tokio::test]
async fn missing_or_old_node_is_named_with_a_remedy() -> Result<()> {
    let root = Root::here();
    let xtask =
        tokio::task::spawn_blocking(move || program::build(&root, "Building xtask", "xtask", &[])).await??;
    // A checkout without installed packages, on a machine without Node.
    let (checkout, path) = (stack::disk()?, stack::disk()?);
    fs::write(checkout.join("package-lock.json"), "{}")?;
    check_error(&tools(&xtask, &checkout, &path).await?, &["Node.js is missing", "https://nodejs.org"]);

    let node = path.join("node");
    fs::write(&node, "#!/bin/sh\necho v18.20.0\n")?;
    fs::set_permissions(&node, fs::Permissions::from_mode(0o755))?;
    check_error(&tools(&xtask, &checkout, &path).await?, &["v18.20.0 is too old", "20 or newer"]);
    Ok(())
}

#[tokio::test]
async fn killed_parts_restart_at_the_same_addresses() -> Result<()> {
    let stack = stack::start().await?;
    let (edge, region) = (format!("{}/health", stack.edge_url()), format!("{}/health", stack.region_url()));
    let before = stack.pids();
    stack.kill_workerd().await?;
    assert!(reqwest::get(&edge).await.is_err(), "nothing listens until it is restarted");
    stack.restart_edge().await?;
    assert!(reqwest::get(&edge).await?.status().is_success());

    stack.kill_region().await;
    assert!(reqwest::get(&region).await.is_err(), "nothing listens until it is started");
    stack.start_region().await?;
    assert!(reqwest::get(&region).await?.status().is_success());

    let after = stack.pids();
    assert!(before.workerd != after.workerd && before.region != after.region);
    stack.reload_edge().await?;
    assert_ne!(after.workerd, stack.pids().workerd, "a reload is a new workerd");
    stack.stop().await;
    assert!(!process_group::exists(after.region) && !process_group::exists(stack.pids().workerd));
    Ok(())
}

async fn tools(xtask: &PathBuf, checkout: &Path, path: &Path) -> Result<Output> {
    let mut command = Command::new(xtask);
    command.arg("--root").arg(checkout).arg("tools").env("PATH", path);
    Ok(timeout(STOPPED, command.output()).await??)
}

fn check_error(output: &Output, words: &[&str]) {
    let mut error = String::new();
    let _ = output.stderr.as_slice().read_to_string(&mut error);
    assert!(!output.status.success(), "it succeeded:\n{error}");
    for word in words {
        assert!(error.contains(word), "no {word:?} in:\n{error}");
    }
}
