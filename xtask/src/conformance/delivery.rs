//! Checks of delivery: one order for all recipients, and durability.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use super::Fixture;
use super::fixture::{must, say};
use crate::wire::{RoomEvent, Socket, at, num};
use crate::{events, is_event};

checks! {
    "W-090" "positions are contiguous for every recipient, from the welcome on" => contiguous;
    "W-091" "every recipient sees the same events at the same positions" => one_order;
    "W-092" "durable only grows, and is never ahead of the received events" => monotone;
    "W-093" "an event becomes durable within seconds without a command" => by_itself;
    "W-094" "an ack durable is answered only when its event is on disk" => ack_durable;
    "W-095" "one command is one event, at the position of the reply" => reply_and_event;
}

async fn events(socket: &mut Socket, count: usize) -> Result<Vec<Value>> {
    let mut events = Vec::new();
    while events.len() < count {
        events.push(socket.numbered().await?);
    }
    Ok(events)
}

async fn contiguous(fixture: Fixture) -> Result<()> {
    let guest = fixture.guest().await?;
    let room = fixture.server().open_room(&guest, &json!({})).await?;
    let mut socket = fixture.server().room(&room, &guest).connect().await?;
    let mut last = num(&socket.welcome().await?, "/at").unwrap_or(0);
    for n in 0..20 {
        socket.send(&say(n)).await?;
    }
    for event in events(&mut socket, 21).await? {
        must(at(&event) == Some(last + 1), "contiguous", &event)?;
        last += 1;
    }
    Ok(())
}

async fn one_order(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    for n in 0..25 {
        let message = say(n);
        tokio::try_join!(pair.a.send(&message), pair.b.send(&message))?;
    }
    let (mine, theirs) = tokio::try_join!(events(&mut pair.a, 50), events(&mut pair.b, 50))?;
    ensure!(mine == theirs, "{mine:?}\n{theirs:?}");
    Ok(())
}

async fn monotone(fixture: Fixture) -> Result<()> {
    let mut pair = fixture.pair(json!({})).await?;
    let (welcome, mut socket) = pair.reconnect(&fixture, &pair.bo, None).await?;
    let (mut last, mut head) = (num(&welcome, "/durable"), num(&welcome, "/at"));
    for n in 0..5 {
        let mut message = say(n);
        if let Some(fields) = message.as_object_mut() {
            fields.insert("ack".into(), "durable".into());
        }
        pair.a.ok(message).await?;
    }
    for message in socket.settle().await? {
        head = head.max(at(&message));
        if is_event!(&message, RoomEvent::Durable) {
            let to = num(&message, "/to");
            must(to >= last, "durable only grows", &message)?;
            must(to <= head, "durable is not ahead of the received events", &message)?;
            last = to;
        }
    }
    ensure!(last == head, "durable {last:?} of {head:?}");
    Ok(())
}

async fn by_itself(fixture: Fixture) -> Result<()> {
    let (_, _, mut socket) = fixture.alone(json!({})).await?;
    let position = num(&socket.ok(say("keep")).await?, "/at");
    let deadline = Instant::now() + Duration::from_secs(20);
    let fits = |one: &Value| is_event!(one, RoomEvent::Durable) && num(one, "/to") >= position;
    socket.wait_until(deadline, "durable", fits).await.map(drop)
}

async fn ack_durable(fixture: Fixture) -> Result<()> {
    let (_, _, mut socket) = fixture.alone(json!({})).await?;
    let message = json!({"id": "d", "op": "say", "body": 1, "ack": "durable"});
    socket.send(&message).await?;
    let reply = socket
        .wait("reply or durable", |one| {
            is_event!(one, RoomEvent::Durable) || one.get("id") == Some(&json!("d"))
        })
        .await?;
    must(is_event!(&reply, RoomEvent::Durable), "durable comes first", &reply)?;
    let ok = socket.reply(&json!("d")).await?;
    must(num(&reply, "/to") >= num(&ok, "/ok/at"), "covers it", &reply)
}

async fn reply_and_event(fixture: Fixture) -> Result<()> {
    let (_, _, mut socket) = fixture.alone(json!({})).await?;
    for n in 0..10 {
        let ok = socket.ok(say(n)).await?;
        let rest = socket.settle().await?;
        let said = events!(rest, RoomEvent::Said);
        let fits = said.first().is_some_and(|event| at(event) == num(&ok, "/at"));
        ensure!(fits && said.len() == 1, "{ok}: {rest:?}");
    }
    Ok(())
}
