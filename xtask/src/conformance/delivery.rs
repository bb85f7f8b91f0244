//! One order for all, and what is on disk.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use super::Table;
use super::table::{must, named, say};
use crate::wire::{Socket, at, ev, num};

checks! {
    "W-090" "positions are contiguous for every recipient, from the welcome on" => contiguous;
    "W-091" "every recipient sees the same events at the same positions" => one_order;
    "W-092" "durable only grows, and is never ahead of what came" => monotone;
    "W-093" "what is said becomes durable by itself within seconds" => by_itself;
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

async fn contiguous(table: Table) -> Result<()> {
    let guest = table.guest().await?;
    let room = table.server().open_room(&guest, &json!({})).await?;
    let mut socket = table.server().room(&room, &guest).connect().await?;
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

async fn one_order(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    for n in 0..25 {
        let message = say(n);
        tokio::try_join!(pair.a.send(&message), pair.b.send(&message))?;
    }
    let (mine, theirs) = tokio::try_join!(events(&mut pair.a, 50), events(&mut pair.b, 50))?;
    ensure!(mine == theirs, "{mine:?}\n{theirs:?}");
    Ok(())
}

async fn monotone(table: Table) -> Result<()> {
    let mut pair = table.pair(json!({})).await?;
    let (welcome, mut socket) = pair.again(&table, &pair.bo, None).await?;
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
        if ev(&message) == "durable" {
            let to = num(&message, "/to");
            must(to >= last, "it only grows", &message)?;
            must(to <= head, "nothing is durable that has not come", &message)?;
            last = to;
        }
    }
    ensure!(last == head, "durable {last:?} of {head:?}");
    Ok(())
}

async fn by_itself(table: Table) -> Result<()> {
    let (_, _, mut socket) = table.alone(json!({})).await?;
    let position = num(&socket.ok(say("keep")).await?, "/at");
    let deadline = Instant::now() + Duration::from_secs(20);
    let fits = |one: &Value| ev(one) == "durable" && num(one, "/to") >= position;
    socket.wait_until(deadline, "durable", fits).await.map(drop)
}

async fn ack_durable(table: Table) -> Result<()> {
    let (_, _, mut socket) = table.alone(json!({})).await?;
    let message = json!({"id": "d", "op": "say", "body": 1, "ack": "durable"});
    socket.send(&message).await?;
    let reply = socket
        .wait("reply or durable", |one| ev(one) == "durable" || one.get("id") == Some(&json!("d")))
        .await?;
    must(ev(&reply) == "durable", "durable comes first", &reply)?;
    let ok = socket.reply(&json!("d")).await?;
    must(num(&reply, "/to") >= num(&ok, "/ok/at"), "covers it", &reply)
}

async fn reply_and_event(table: Table) -> Result<()> {
    let (_, _, mut socket) = table.alone(json!({})).await?;
    for n in 0..10 {
        let ok = socket.ok(say(n)).await?;
        let rest = socket.settle().await?;
        let said = named(&rest, "said");
        let fits = said.first().is_some_and(|event| at(event) == num(&ok, "/at"));
        ensure!(fits && said.len() == 1, "{ok}: {rest:?}");
    }
    Ok(())
}
