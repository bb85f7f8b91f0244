//! Tests the backend in Python: its sessions, its room, and its receiver of webhooks, which is down at first.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::programs::environment;
use tests::stack::{self, Stack};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use xtask::clients::python::{self, Packages};
use xtask::port;
use xtask::root::Root;
use xtask::wire::{Server, text};

/// The time for an event to arrive after failures.
const PATIENCE: Duration = Duration::from_mins(1);
/// Attempts that fail before the receiver is up: the first ones of both matches, and repetitions.
const FAILURES: usize = 4;

/// Returns the command of a program of the example.
fn program(python: &Packages, stack: &Stack, file: &str) -> Command {
    let mut command = Command::new(python.programs.join("python"));
    command.arg("-u").arg(Root::here().path("examples/backend-python").join(file));
    command.env("PYTHONPATH", &python.modules).stdout(Stdio::piped()).stderr(Stdio::piped());
    environment(&mut command, stack);
    command
}

/// Accepts connections on a port and drops them, until enough have failed.
fn fail(listener: TcpListener) -> watch::Receiver<usize> {
    let (tell, failed) = watch::channel(0);
    tokio::spawn(async move {
        while *tell.borrow() < FAILURES {
            if listener.accept().await.is_ok() {
                tell.send_modify(|count| *count += 1);
            }
        }
        // The port is free before the last failure counts as such.
        drop(listener);
    });
    failed
}

/// Makes a match of two players by the queue, and ends it. Returns its id.
async fn queue_match(stack: &Stack) -> Result<String> {
    let server = Server::at(stack.edge_url(), stack.region_url())?;
    let players = [server.guest("Cleo").await?, server.guest("Dan").await?];
    let mut sockets = Vec::new();
    for player in &players {
        let mut socket = server.lobby("speed-dating", player).connect().await?;
        socket.welcome().await?;
        socket.send(&json!({ "id": 1, "op": "enter", "key": "k" })).await?;
        sockets.push(socket);
    }
    let first = sockets.first_mut().context("a socket")?;
    let matched = first.wait("matched", |message| text(message, "/ev") == "matched").await?;
    let room = text(&matched, "/body/room").to_owned();
    let mut member = server.room(&room, &players[0]).connect().await?;
    member.welcome().await?;
    member.send(&json!({ "id": 1, "op": "end", "key": "e", "body": null })).await?;
    member.wait("ended", |message| text(message, "/ev") == "ended").await?;
    Ok(room)
}

fn start_receiver(
    python: &Packages,
    stack: &Stack,
    port: u16,
) -> Result<(Child, Lines<BufReader<ChildStdout>>)> {
    let seen = stack.data().join("webhooks.sqlite");
    let mut receiver = program(python, stack, "receiver.py");
    let mut child = receiver.env("WEBHOOK_PORT", port.to_string()).env("WEBHOOK_SEEN", seen).spawn()?;
    let lines = BufReader::new(child.stdout.take().context("no output")?).lines();
    Ok((child, lines))
}

#[tokio::test(flavor = "multi_thread")]
async fn backend_hears_of_each_match_once_after_its_receiver_was_down() -> Result<()> {
    let Some(python) = spawn_blocking(|| python::packages(&Root::here())).await?? else {
        ensure!(std::env::var_os("CI").is_none(), "CI has no Python with venv and pip");
        eprintln!("SKIPPED: python3 with venv and pip is missing (Debian: `apt-get install python3-venv`)");
        return Ok(());
    };
    let port = port::take(0, "")?;
    let url = format!("http://127.0.0.1:{port}/");
    let stack = stack::start_with(|options| options.webhook = Some(url.clone())).await?;
    let mut failed = fail(TcpListener::bind(("127.0.0.1", port)).await?);

    let done = program(&python, &stack, "backend.py").arg("order-1").output().await?;
    let (out, error) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    ensure!(done.status.success(), "the backend fails:\n{error}");
    let words: Vec<&str> = out.split_whitespace().collect();
    let &[room, "ended,", winner, "won"] = words.as_slice() else { anyhow::bail!("it prints {out}") };
    let queued = queue_match(&stack).await?;
    timeout(PATIENCE, failed.wait_for(|count| *count == FAILURES)).await.context("no attempts")??;
    // The task has dropped the listener when its channel is closed.
    while failed.changed().await.is_ok() {}

    let (_receiver, mut lines) = start_receiver(&python, &stack, port)?;
    let mut heard = Vec::new();
    while heard.len() < 3 {
        heard.push(
            timeout(PATIENCE, lines.next_line())
                .await
                .context("an event is missing")??
                .context("it ended")?,
        );
    }
    let of_queue: Vec<&String> = heard.iter().filter(|line| line.contains(&queued)).collect();
    ensure!(
        of_queue == [&format!("match.made {queued} null"), &format!("match.ended {queued} null")],
        "{heard:?}"
    );
    ensure!(heard.contains(&format!("match.ended {room} {{\"winner\": \"{winner}\"}}")), "{heard:?}");

    let forged = reqwest::Client::new().post(&url).body(r#"{"type":"match.ended","data":{}}"#).send().await?;
    ensure!(forged.status() == 401, "a message without a signature is answered with {}", forged.status());
    // An event of a later match is the next line: none of the earlier ones came twice.
    let later = queue_match(&stack).await?;
    let next = timeout(PATIENCE, lines.next_line()).await.context("no later event")??;
    ensure!(next == Some(format!("match.made {later} null")), "{next:?}");
    Ok(())
}
