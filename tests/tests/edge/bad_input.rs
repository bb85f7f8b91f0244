//! Tests the documented answers to bad input, and that other players do not notice it.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests::stack;
use xtask::wire::{Opening, Socket, at, num, text};

use super::chat::{meet, server};

/// Players that must not notice: each sends a message and receives it at its position.
struct Bystanders(Vec<(Socket, u64)>);

impl Bystanders {
    async fn check(&mut self, after: &str) -> Result<()> {
        for (socket, last) in &mut self.0 {
            let ok = socket.ok(json!({"op": "say", "body": after})).await?;
            let event = socket.wait(after, |one| text(one, "/body") == after).await?;
            ensure!(at(&event) == num(&ok, "/at"), "after {after}: {event}");
            ensure!(at(&event) > Some(*last), "after {after}: {event}");
            *last = at(&event).unwrap_or(0);
        }
        Ok(())
    }
}

#[tokio::test]
async fn bad_input_has_its_code_and_affects_only_its_sender() -> Result<()> {
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let (room, ana, mallory) = meet(&server).await?;
    let (elsewhere, cyn, _) = meet(&server).await?;
    let mut bystanders = Vec::new();
    for (room, who) in [(&room, &ana), (&elsewhere, &cyn)] {
        let mut socket = server.room(room, who).connect().await?;
        socket.welcome().await?;
        bystanders.push((socket, 0));
    }
    let mut bystanders = Bystanders(bystanders);
    let path = format!("/v1/rooms/{room}");
    let bare = || Opening::bare(server.edge(), &path);
    let own = || server.room(&room, &mallory);
    let expired = Opening::new(server.edge(), &path, &tests::tokens::expired(stack.data())?);
    let nowhere = Opening::new(server.edge(), "/v1/rooms/m_nowhere", &mallory.token);

    for (what, opening, code) in [
        ("no token", bare().protocol("matchpoint.v1"), 4301),
        ("an expired token", expired, 4300),
        ("another origin", own().header("origin", "https://e.example"), 4010),
        ("an unknown room", nowhere, 4011),
    ] {
        opening.connect().await?.closed_with(code).await?;
        bystanders.check(what).await?;
    }

    let mut devices = Vec::new();
    for _ in 0..2 {
        let other = server.open_room(&mallory, &json!({})).await?;
        let mut socket = server.room(&other, &mallory).connect().await?;
        socket.welcome().await?;
        devices.push(socket);
    }
    own().connect().await?.closed_with(4008).await?;
    bystanders.check("a third device").await?;
    for socket in devices {
        socket.close().await?;
    }

    let mut socket = own().connect().await?;
    socket.welcome().await?;
    socket.binary(vec![0xff; 100]).await?;
    refused(&mut socket, "binary").await?;
    bystanders.check("a binary frame").await?;
    socket.raw("{\"op\":").await?;
    refused(&mut socket, "bad_json").await?;
    bystanders.check("broken JSON").await?;
    socket.err(json!({"op": "dance"}), "unknown_op").await?;
    bystanders.check("an unknown op").await?;
    // The server may close before it has read the whole frame.
    let _ = socket.raw("x".repeat(1024 * 1024)).await;
    socket.closed_with(4009).await?;
    bystanders.check("a frame of 1 MiB").await
}

async fn refused(socket: &mut Socket, code: &str) -> Result<()> {
    let fits = |one: &Value| text(one, "/err/code") == code;
    socket.wait(code, fits).await.map(drop)
}
