//! Tests that an idle room hibernates, and keeps its sockets.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use futures_util::future::try_join_all;
use serde_json::json;
use tests::stack;
use tokio::time::{Instant, sleep_until, timeout};
use xtask::is_event;
use xtask::wire::{Received, RoomEvent, Server, Socket, text};

use super::chat::{meet, server};

/// workerd evicts an object after 10 s without work. A timer or an unanswered request would keep it in
/// memory, and billed.
const IDLE: Duration = Duration::from_secs(10);
/// The times between the end of [`IDLE`] and the probes, the last of which must find an evicted room.
const PROBES_MS: [u64; 6] = [200, 500, 1_000, 1_500, 2_500, 4_000];

/// A room whose two members have sent two faulty frames each.
struct Room {
    a: Socket,
    b: Socket,
}

/// Only memory holds the number of consecutive faulty frames; the third closes the socket.
async fn fault(socket: &mut Socket) -> Result<()> {
    socket.binary(vec![0]).await?;
    socket.wait("binary", |one| text(one, "/err/code") == "binary").await.map(drop)
}

/// Opens a room, whose members connect one after the other or at the same time.
async fn open(server: &Server, simultaneous: bool) -> Result<Room> {
    let (room, ana, bo) = meet(server).await?;
    let (opening_a, opening_b) = (server.room(&room, &ana), server.room(&room, &bo));
    let (mut a, mut b) = if simultaneous {
        tokio::try_join!(opening_a.connect(), opening_b.connect())?
    } else {
        (opening_a.connect().await?, opening_b.connect().await?)
    };
    for socket in [&mut a, &mut b] {
        socket.welcome().await?;
        fault(socket).await?;
        fault(socket).await?;
    }
    Ok(Room { a, b })
}

/// Sends a third faulty frame and returns true if the socket survives, which therefore talks to a new instance of the
/// room.
async fn is_forgotten(socket: &mut Socket) -> Result<bool> {
    socket.take_received();
    let id = socket.id();
    socket.binary(vec![0]).await?;
    socket.send(&json!({"id": id, "op": "say", "body": "still the same socket"})).await?;
    loop {
        match socket.next().await? {
            Received::Message(reply) if reply["id"] == id => {
                ensure!(reply["ok"].is_object(), "{reply}");
                return Ok(true);
            }
            Received::Closed(close) => {
                ensure!(close.code == 4003, "{close:?}");
                return Ok(false);
            }
            Received::Message(_) | Received::Pong => {}
        }
    }
}

/// Waits until a room has left memory. No event reports an eviction, and a probe wakes its room, whose wait of
/// 10 s then starts again: so each probe has a room of its own.
async fn wait_for_eviction(rooms: Vec<Room>) -> Result<()> {
    let idle_since = Instant::now();
    for (mut room, after) in rooms.into_iter().zip(PROBES_MS) {
        sleep_until(idle_since + IDLE + Duration::from_millis(after)).await;
        if is_forgotten(&mut room.a).await? {
            ensure!(is_forgotten(&mut room.b).await?, "the other socket of the room is another instance's");
            return Ok(());
        }
    }
    bail!("no room left memory: {PROBES_MS:?} ms after {IDLE:?}")
}

/// Time without any event after which a real-time mode that steps ten times a second rests.
const QUIET: Duration = Duration::from_millis(1_500);

/// Opens a room with a real-time mode, has a member run into a wall, and waits until the mode rests.
async fn open_arena(server: &Server) -> Result<Room> {
    let (ana, bo) = (server.guest("Ana").await?, server.guest("Bo").await?);
    let room = server.open_room(&ana, &json!({"mode": "arena@1"})).await?;
    let mut a = server.room(&room, &ana).connect().await?;
    a.welcome().await?;
    let mut b = server.room(&room, &bo).connect().await?;
    b.welcome().await?;
    a.ok(json!({"op": "move", "body": "north"})).await?;
    let mut steps = 0;
    // No event reports that a mode rests.
    while let Ok(received) = timeout(QUIET, b.next()).await {
        if let Received::Message(message) = received? {
            steps += usize::from(is_event!(&message, RoomEvent::Moved));
        }
    }
    ensure!(steps > 20, "the room made {steps} steps");
    for socket in [&mut a, &mut b] {
        fault(socket).await?;
        fault(socket).await?;
    }
    Ok(Room { a, b })
}

#[tokio::test]
async fn real_time_mode_rests_and_its_room_leaves_memory() -> Result<()> {
    let server = server(stack::shared().await?)?;
    wait_for_eviction(try_join_all(PROBES_MS.map(|_| open_arena(&server))).await?).await
}

#[tokio::test]
async fn idle_room_leaves_memory_and_keeps_its_sockets() -> Result<()> {
    let server = server(stack::shared().await?)?;
    let mut awake = open(&server, false).await?;
    let rooms = try_join_all(PROBES_MS.map(|_| open(&server, false))).await?;
    // While it is awake, a room counts on.
    ensure!(!is_forgotten(&mut awake.b).await?, "the room was evicted at once");
    wait_for_eviction(rooms).await
}

#[tokio::test]
async fn simultaneous_connections_do_not_keep_a_room_awake() -> Result<()> {
    let server = server(stack::shared().await?)?;
    wait_for_eviction(try_join_all(PROBES_MS.map(|_| open(&server, true))).await?).await
}
