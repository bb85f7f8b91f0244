//! An idle room leaves memory by itself while its sockets stay open: nothing keeps it awake, and billed.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tests::stack;
use xtask::wire::{Socket, text};

use super::talk::{meet, server};

/// workerd lets an object go after 10 s without anything to do. A timer, or a request that nobody answers, would
/// keep it.
const IDLE: Duration = Duration::from_secs(14);

async fn fault(socket: &mut Socket) -> Result<()> {
    socket.binary(vec![0]).await?;
    socket.wait("binary", |one| text(one, "/err/code") == "binary").await.map(drop)
}

/// How many faulty frames came in a row is known in memory alone; the third closes the socket. So a socket that
/// survives its third one speaks with another instance than the one that saw the first two.
#[tokio::test]
async fn an_idle_room_leaves_memory_and_keeps_its_sockets() -> Result<()> {
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
    // Awake, the room remembers.
    fault(&mut b).await?;
    b.closed_with(4003).await?;

    // Nothing tells that an object is gone, and asking would wake it: the one wait in these tests.
    tokio::time::sleep(IDLE).await;
    fault(&mut a).await?;
    fault(&mut a).await?;
    a.ok(json!({"op": "say", "body": "still the same socket"})).await.map(drop)
}

#[tokio::test]
async fn two_who_came_at_once_do_not_keep_a_room_awake() -> Result<()> {
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
