//! The first frame on a socket: who one is, where the log stands, what the limits are.

use anyhow::Result;
use serde_json::{Value, json};
use shared::caps;

use super::Table;
use super::table::must;
use crate::wire::{at, num, text};

checks! {
    "W-020" "the first frame is the welcome, with epoch, at, recovered, replayed, durable, you and now" => first;
    "W-021" "the welcome says the heartbeat and the limits" => limits;
    "W-022" "a fresh opening is not recovered and has a snapshot: at, members, board, events" => snapshot;
    "W-023" "the welcome names members and phase" => members;
    "W-024" "the one who comes in is told so at the next position" => joined;
    "W-025" "times are whole milliseconds since 1970" => times;
    "W-026" "durable is never ahead of the head" => durable;
}

async fn welcome(table: &Table) -> Result<(crate::wire::Player, Value, crate::wire::Socket)> {
    let guest = table.guest().await?;
    let room = table.server().open_room(&guest, &json!({})).await?;
    let mut socket = table.server().room(&room, &guest).connect().await?;
    let welcome = socket.welcome().await?;
    Ok((guest, welcome, socket))
}

async fn first(table: Table) -> Result<()> {
    let (guest, welcome, _socket) = welcome(&table).await?;
    must(!text(&welcome, "/epoch").is_empty(), "epoch", &welcome)?;
    must(num(&welcome, "/at").is_some(), "at", &welcome)?;
    must(num(&welcome, "/replayed") == Some(0), "replayed", &welcome)?;
    must(num(&welcome, "/durable").is_some(), "durable", &welcome)?;
    must(text(&welcome, "/you") == guest.id, "you", &welcome)?;
    let recovered = welcome.get("recovered").is_some_and(Value::is_boolean);
    must(recovered, "recovered", &welcome)
}

async fn limits(table: Table) -> Result<()> {
    let (_, welcome, _socket) = welcome(&table).await?;
    let expected = [
        ("/heartbeat/every_ms", 25_000),
        ("/heartbeat/grace_ms", 10_000),
        ("/limits/frame_bytes", caps::FRAME_BYTES as u64),
        ("/limits/per_s", caps::PER_S.into()),
        ("/limits/burst", caps::BURST.into()),
        ("/limits/batch", caps::BATCH as u64),
    ];
    for (pointer, value) in expected {
        must(num(&welcome, pointer) == Some(value), pointer, &welcome)?;
    }
    Ok(())
}

async fn snapshot(table: Table) -> Result<()> {
    let (_, welcome, _socket) = welcome(&table).await?;
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

async fn members(table: Table) -> Result<()> {
    let pair = table.pair(json!({})).await?;
    let (welcome, _socket) = pair.again(&table, &pair.bo, None).await?;
    let members = welcome.get("members").and_then(Value::as_array);
    let named = |id: &str| members.into_iter().flatten().any(|member| text(member, "/player") == id);
    must(named(&pair.ana.id) && named(&pair.bo.id), "members", &welcome)?;
    must(text(&welcome, "/phase") == "open", "phase", &welcome)
}

async fn joined(table: Table) -> Result<()> {
    let (guest, welcome, mut socket) = welcome(&table).await?;
    let event = socket.event("joined").await?;
    must(text(&event, "/by") == guest.id, "by", &event)?;
    let next = num(&welcome, "/at").map(|at| at + 1);
    must(at(&event) == next, "the next position", &event)
}

/// From 2024 on, and not yet the year 2100.
fn is_ms(value: Option<u64>) -> bool {
    value.is_some_and(|ms| (1_704_000_000_000..4_102_000_000_000).contains(&ms))
}

async fn times(table: Table) -> Result<()> {
    let (_, welcome, mut socket) = welcome(&table).await?;
    must(is_ms(num(&welcome, "/now")), "now", &welcome)?;
    let event = socket.event("joined").await?;
    must(is_ms(num(&event, "/ts")), "ts", &event)
}

async fn durable(table: Table) -> Result<()> {
    let pair = table.pair(json!({})).await?;
    let (welcome, _socket) = pair.again(&table, &pair.ana, None).await?;
    let kept = num(&welcome, "/durable") <= num(&welcome, "/at");
    must(kept, "durable is at most at", &welcome)
}
