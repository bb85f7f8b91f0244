//! Checks of frames: sizes, batches, nesting, and unreadable frames.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use shared::limits;

use super::Fixture;
use super::fixture::{must, say};
use crate::wire::{Received, RoomEvent, Socket, is_reply, num, text};
use crate::{is_event, next_event};

checks! {
    "W-030" "a frame is one message, answered with its number" => number_id;
    "W-031" "an id may be a string" => string_id;
    "W-032" "without an id no reply is sent" => no_id;
    "W-033" "a frame is an array of messages, executed and answered in order" => array;
    "W-034" "a frame of 64 messages is accepted" => full_batch;
    "W-035" "a frame of 65 is too_long, and none of its messages is executed" => over_batch;
    "W-036" "a frame that is not JSON is bad_json, and the socket stays open" => bad_json;
    "W-037" "three unreadable frames in a row close 4003" => three_faults;
    "W-038" "a readable message between unreadable ones resets the count" => faults_apart;
    "W-039" "a binary frame is refused with binary" => binary;
    "W-040" "JSON nested more than 32 deep is too_deep" => too_deep;
    "W-041" "a frame over frame_bytes closes 4009" => too_big;
    "W-042" "a frame of exactly frame_bytes is accepted" => just_fits;
    "W-043" "half a surrogate pair is bad_json" => surrogate;
    "W-044" "a number beyond a double is bad_json" => huge_number;
    "W-045" "of duplicate keys the last counts" => duplicate_keys;
    "W-046" "a frame that is neither object nor array is bad_message" => scalar;
    "W-047" "an empty array is a frame without messages" => empty_array;
    "W-048" "an invalid message does not stop the others of its frame" => neighbours;
    "W-049" "the text ping is answered pong" => ping;
}

async fn alone(fixture: &Fixture) -> Result<Socket> {
    Ok(fixture.alone(json!({})).await?.2)
}

/// Waits for the next error without an id, which must have this code.
async fn fault(socket: &mut Socket, code: &str) -> Result<()> {
    let reply =
        socket.wait("an error without id", |one| one.get("err").is_some() && one.get("id").is_none()).await?;
    must(text(&reply, "/err/code") == code, code, &reply)
}

async fn refused(fixture: &Fixture, frame: &str, code: &str) -> Result<()> {
    let mut socket = alone(fixture).await?;
    socket.raw(frame).await?;
    fault(&mut socket, code).await?;
    socket.ok(say("goes on")).await.map(drop)
}

async fn number_id(fixture: Fixture) -> Result<()> {
    let mut socket = alone(&fixture).await?;
    socket.raw(r#"{"id":12,"op":"say","body":{}}"#).await?;
    let reply = socket.reply(&json!(12)).await?;
    must(num(&reply, "/ok/at").is_some(), "ok with at", &reply)
}

async fn string_id(fixture: Fixture) -> Result<()> {
    let mut socket = alone(&fixture).await?;
    socket.raw(r#"{"id":"á 12","op":"say","body":{}}"#).await?;
    socket.reply(&json!("á 12")).await.map(drop)
}

async fn no_id(fixture: Fixture) -> Result<()> {
    let mut socket = alone(&fixture).await?;
    socket.send(&say("no id")).await?;
    let rest = socket.settle().await?;
    let replies = rest.iter().filter(|one| is_reply(one)).count();
    ensure!(replies == 0, "a reply came: {rest:?}");
    ensure!(rest.iter().any(|one| is_event!(one, RoomEvent::Said)), "{rest:?}");
    Ok(())
}

async fn replies(socket: &mut Socket, count: usize) -> Result<Vec<Value>> {
    let mut replies = Vec::new();
    while replies.len() < count {
        match socket.next().await? {
            Received::Message(message) if is_reply(&message) => replies.push(message),
            Received::Message(_) | Received::Pong => {}
            Received::Closed(close) => anyhow::bail!("{close:?} after {replies:?}"),
        }
    }
    Ok(replies)
}

async fn array(fixture: Fixture) -> Result<()> {
    let mut socket = alone(&fixture).await?;
    let frame: Vec<Value> = (0..5).map(|n| json!({"id": n, "op": "say", "body": n})).collect();
    socket.send(&Value::Array(frame)).await?;
    let mut last = 0;
    for (n, reply) in replies(&mut socket, 5).await?.iter().enumerate() {
        must(num(reply, "/id") == Some(n as u64), "in order", reply)?;
        let at = num(reply, "/ok/at").unwrap_or(0);
        must(at > last, "positions grow", reply)?;
        last = at;
    }
    Ok(())
}

fn batch(count: usize) -> Value {
    let one = |id| json!({"id": id, "op": "hint", "body": 1});
    Value::Array((0..count).map(one).collect())
}

async fn full_batch(fixture: Fixture) -> Result<()> {
    let mut socket = alone(&fixture).await?;
    socket.send(&batch(limits::BATCH_MESSAGES_MAX)).await?;
    // The rate limit counts messages, so some may be refused; each is answered.
    replies(&mut socket, limits::BATCH_MESSAGES_MAX).await.map(drop)
}

async fn over_batch(fixture: Fixture) -> Result<()> {
    let frame = batch(limits::BATCH_MESSAGES_MAX + 1).to_string();
    let mut socket = alone(&fixture).await?;
    socket.raw(frame).await?;
    fault(&mut socket, "too_long").await?;
    let rest = socket.settle().await?;
    ensure!(!rest.iter().any(|one| is_event!(one, RoomEvent::Hint)), "{rest:?}");
    Ok(())
}

async fn bad_json(fixture: Fixture) -> Result<()> {
    for frame in ["{", "", "{\"op\":\"say\"} x", "\u{feff}{}"] {
        refused(&fixture, frame, "bad_json").await?;
    }
    Ok(())
}

async fn three_faults(fixture: Fixture) -> Result<()> {
    let mut socket = alone(&fixture).await?;
    for _ in 0..3 {
        socket.raw("{").await?;
        fault(&mut socket, "bad_json").await?;
    }
    socket.closed_with(4003).await.map(drop)
}

async fn faults_apart(fixture: Fixture) -> Result<()> {
    let mut socket = alone(&fixture).await?;
    for _ in 0..3 {
        socket.raw("{").await?;
        socket.raw("[").await?;
        socket.ok(say("good")).await?;
    }
    Ok(())
}

async fn binary(fixture: Fixture) -> Result<()> {
    let mut socket = alone(&fixture).await?;
    socket.binary(vec![0, 159, 146, 150]).await?;
    fault(&mut socket, "binary").await?;
    socket.ok(say("goes on")).await.map(drop)
}

async fn too_deep(fixture: Fixture) -> Result<()> {
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
        format!(r#"{{"id":7,"op":"say","body":{open}{close}}}"#)
    };
    refused(&fixture, &nested(limits::JSON_DEPTH_MAX + 1), "too_deep").await?;
    let mut socket = alone(&fixture).await?;
    socket.raw(nested(limits::JSON_DEPTH_MAX)).await?;
    let reply = socket.reply(&json!(7)).await?;
    must(reply.get("ok").is_some(), "32 levels are accepted", &reply)
}

/// Returns a frame of this many bytes.
fn frame_of(bytes: usize) -> String {
    let frame = r#"{"id":1,"op":"say","body":1}"#;
    format!("{frame}{}", " ".repeat(bytes - frame.len()))
}

async fn too_big(fixture: Fixture) -> Result<()> {
    let mut socket = alone(&fixture).await?;
    socket.raw(frame_of(limits::FRAME_BYTES_MAX + 1)).await?;
    socket.closed_with(4009).await.map(drop)
}

async fn just_fits(fixture: Fixture) -> Result<()> {
    let mut socket = alone(&fixture).await?;
    socket.raw(frame_of(limits::FRAME_BYTES_MAX)).await?;
    let reply = socket.reply(&json!(1)).await?;
    must(reply.get("ok").is_some(), "it is accepted", &reply)
}

async fn surrogate(fixture: Fixture) -> Result<()> {
    refused(&fixture, r#"{"id":1,"op":"say","body":"\ud800"}"#, "bad_json").await
}

async fn huge_number(fixture: Fixture) -> Result<()> {
    refused(&fixture, r#"{"id":1,"op":"say","body":1e999}"#, "bad_json").await
}

async fn duplicate_keys(fixture: Fixture) -> Result<()> {
    let mut socket = alone(&fixture).await?;
    socket.raw(r#"{"id":1,"op":"say","body":"first","body":"last"}"#).await?;
    let event = next_event!(socket, RoomEvent::Said).await?;
    must(text(&event, "/body") == "last", "the last counts", &event)
}

async fn scalar(fixture: Fixture) -> Result<()> {
    for frame in ["7", "null", "true", r#""say""#] {
        refused(&fixture, frame, "bad_message").await?;
    }
    Ok(())
}

async fn empty_array(fixture: Fixture) -> Result<()> {
    let mut socket = alone(&fixture).await?;
    socket.raw("[]").await?;
    let rest = socket.settle().await?;
    let said: Vec<&Value> = rest.iter().filter(|one| !is_event!(one, RoomEvent::Durable)).collect();
    ensure!(said.is_empty(), "{said:?}");
    Ok(())
}

async fn neighbours(fixture: Fixture) -> Result<()> {
    let mut socket = alone(&fixture).await?;
    socket.raw(r#"[{"id":1,"op":"say"},{"id":2},{"id":3,"op":"say"}]"#).await?;
    let replies = replies(&mut socket, 3).await?;
    for (reply, fits) in replies.iter().zip(["/ok/at", "/err/code", "/ok/at"]) {
        must(reply.pointer(fits).is_some(), fits, reply)?;
    }
    Ok(())
}

async fn ping(fixture: Fixture) -> Result<()> {
    let mut socket = alone(&fixture).await?;
    socket.raw("ping").await?;
    loop {
        match socket.next().await? {
            Received::Pong => return Ok(()),
            Received::Message(message) => must(is_event!(&message, RoomEvent::Durable), "pong", &message)?,
            Received::Closed(close) => anyhow::bail!("{close:?}"),
        }
    }
}
