//! Tests that an idle room hibernates, and keeps its sockets.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tests::stack;
use xtask::wire::{Socket, text};

use super::chat::{meet, server};

/// workerd evicts an object after 10 s without work. A timer or an unanswered request would keep it in
/// memory, and billed.
const IDLE: Duration = Duration::from_secs(14);

async fn fault(socket: &mut Socket) -> Result<()> {
    socket.binary(vec![0]).await?;
    socket.wait("binary", |one| text(one, "/err/code") == "binary").await.map(drop)
}

/// Only memory holds the number of consecutive faulty frames; the third closes the socket. A socket that
/// survives its third faulty frame therefore talks to a new instance of the room.
#[tokio::test]
async fn idle_room_leaves_memory_and_keeps_its_sockets() -> Result<()> {
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let (room, ana, bo) = meet(&server).await?;
    let mut a = server.room(&room, &ana).connect().await?;
    a.welcome().await?;
    let mut b = server.room(&room, &bo).connect().await?;
    b.welcome().await?;
    for socket in [&mut a, &mut b] {
        fault(socket).await?;
        fault(socket).await?;
    }
    // While it is awake, the room counts on.
    fault(&mut b).await?;
    b.closed_with(4003).await?;

    // No event reports an eviction, and a request would wake the object. This is the only sleep in these
    // tests.
    tokio::time::sleep(IDLE).await;
    fault(&mut a).await?;
    fault(&mut a).await?;
    a.ok(json!({"op": "say", "body": "still the same socket"})).await.map(drop)
}

#[tokio::test]
async fn simultaneous_connections_do_not_keep_a_room_awake() -> Result<()> {
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let (room, ana, bo) = meet(&server).await?;
    let (opening_a, opening_b) = (server.room(&room, &ana), server.room(&room, &bo));
    let (mut a, mut b) = tokio::try_join!(opening_a.connect(), opening_b.connect())?;
    a.welcome().await?;
    b.welcome().await?;
    fault(&mut a).await?;
    fault(&mut a).await?;
    tokio::time::sleep(IDLE).await;
    fault(&mut a).await?;
    fault(&mut a).await?;
    a.ok(json!({"op": "say", "body": "still the same socket"})).await.map(drop)
}
