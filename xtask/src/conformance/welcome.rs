//! Checks of the welcome: the player, the log's position, the limits.

use anyhow::Result;
use serde_json::{Value, json};
use shared::limits;

use super::Fixture;
use super::fixture::must;
use crate::next_event;
use crate::wire::{RoomEvent, at, num, text};

checks! {
    "W-020" "the first frame is the welcome, with epoch, at, recovered, replayed, durable, you and now" => first;
    "W-021" "the welcome has the heartbeat and the limits" => limits;
    "W-022" "a new connection is not recovered and has a snapshot: at, members, board, events" => snapshot;
    "W-023" "the welcome names members and phase" => members;
    "W-024" "a new member gets their own joined event at the next position" => joined;
    "W-025" "times are whole milliseconds since 1970" => times;
    "W-026" "durable is never ahead of the head" => durable;
}

async fn welcome(fixture: &Fixture) -> Result<(crate::wire::Player, Value, crate::wire::Socket)> {
    let guest = fixture.guest().await?;
    let room = fixture.server().open_room(&guest, &json!({})).await?;
    let mut socket = fixture.server().room(&room, &guest).connect().await?;
    let welcome = socket.welcome().await?;
    Ok((guest, welcome, socket))
}

async fn first(fixture: Fixture) -> Result<()> {
    let (guest, welcome, _socket) = welcome(&fixture).await?;
    must(!text(&welcome, "/epoch").is_empty(), "epoch", &welcome)?;
    must(num(&welcome, "/at").is_some(), "at", &welcome)?;
    must(num(&welcome, "/replayed") == Some(0), "replayed", &welcome)?;
    must(num(&welcome, "/durable").is_some(), "durable", &welcome)?;
    must(text(&welcome, "/you") == guest.id, "you", &welcome)?;
    let recovered = welcome.get("recovered").is_some_and(Value::is_boolean);
    must(recovered, "recovered", &welcome)
}

async fn limits(fixture: Fixture) -> Result<()> {
    let (_, welcome, _socket) = welcome(&fixture).await?;
    let expected = [
        ("/heartbeat/every_ms", 25_000),
        ("/heartbeat/grace_ms", 10_000),
        ("/limits/frame_bytes", limits::FRAME_BYTES_MAX as u64),
        ("/limits/per_s", limits::MESSAGE_RATE_PER_S.into()),
        ("/limits/burst", limits::MESSAGE_RATE_BURST.into()),
        ("/limits/batch", limits::BATCH_MESSAGES_MAX as u64),
    ];
    for (pointer, value) in expected {
        must(num(&welcome, pointer) == Some(value), pointer, &welcome)?;
    }
    Ok(())
}

async fn snapshot(fixture: Fixture) -> Result<()> {
    let (_, welcome, _socket) = welcome(&fixture).await?;
    must(welcome.get("recovered") == Some(&Value::Bool(false)), "it is not recovered", &welcome)?;
    let at = num(&welcome, "/snapshot/at");
    must(at == num(&welcome, "/at"), "the snapshot's at", &welcome)?;
    for (pointer, fits) in [
        ("/snapshot/members", Value::is_array as fn(&Value) -> bool),
        ("/snapshot/board", Value::is_object),
        ("/snapshot/events", Value::is_array),
    ] {
        must(welcome.pointer(pointer).is_some_and(fits), pointer, &welcome)?;
    }
    Ok(())
}

async fn members(fixture: Fixture) -> Result<()> {
    let pair = fixture.pair(json!({})).await?;
    let (welcome, _socket) = pair.reconnect(&fixture, &pair.bo, None).await?;
    let members = welcome.get("members").and_then(Value::as_array);
    let named = |id: &str| members.into_iter().flatten().any(|member| text(member, "/player") == id);
    must(named(&pair.ana.id) && named(&pair.bo.id), "members", &welcome)?;
    must(text(&welcome, "/phase") == "open", "phase", &welcome)
}

async fn joined(fixture: Fixture) -> Result<()> {
    let (guest, welcome, mut socket) = welcome(&fixture).await?;
    let event = next_event!(socket, RoomEvent::Joined).await?;
    must(text(&event, "/by") == guest.id, "by", &event)?;
    let next = num(&welcome, "/at").map(|at| at + 1);
    must(at(&event) == next, "the next position", &event)
}

/// True from 2024 to 2100.
fn is_ms(value: Option<u64>) -> bool {
    value.is_some_and(|ms| (1_704_000_000_000..4_102_000_000_000).contains(&ms))
}

async fn times(fixture: Fixture) -> Result<()> {
    let (_, welcome, mut socket) = welcome(&fixture).await?;
    must(is_ms(num(&welcome, "/now")), "now", &welcome)?;
    let event = next_event!(socket, RoomEvent::Joined).await?;
    must(is_ms(num(&event, "/ts")), "ts", &event)
}

async fn durable(fixture: Fixture) -> Result<()> {
    let pair = fixture.pair(json!({})).await?;
    let (welcome, _socket) = pair.reconnect(&fixture, &pair.ana, None).await?;
    let kept = num(&welcome, "/durable") <= num(&welcome, "/at");
    must(kept, "durable is at most at", &welcome)
}
