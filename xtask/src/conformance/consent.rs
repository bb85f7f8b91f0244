//! Queues that ask everybody first: who says no, or nothing, is out for a while, and the others keep their place.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use super::Table;
use super::lobby::enter;
use super::pools::{come, pool, two};
use super::queue::end;
use super::table::{must, named};
use crate::wire::{Player, Socket, ev, num, text, unique};

checks! {
    "W-330" "where all are asked, proposed comes first, and matched once all accepted" => accept;
    "W-331" "who declines is out, and waits: expired and cooldown with after_ms; the other is returned at their time" => decline;
    "W-332" "who does not answer is out in the same way, and who accepted is returned" => no_answer;
    "W-333" "accept with nothing proposed is not_found; without a ticket no_ticket" => nothing;
    "W-334" "who comes back while asked is asked again, and keeps what they said" => asked_again;
}

async fn asking(table: &Table) -> Result<String> {
    let fits = |rules: &Value| {
        num(rules, "/seats") == Some(2)
            && num(rules, "/propose_s").is_some_and(|secs| secs <= 20)
            && num(rules, "/parts") == Some(1)
    };
    pool(table, "the edge has no pool of two that asks first", fits).await
}

/// Two people who are asked about each other: what they are asked.
async fn asked(table: &Table) -> Result<([(Player, Socket); 2], String, Value)> {
    let pool = asking(table).await?;
    let [(ana, mut a), (bo, mut b)] = two(table, &pool).await?;
    let mark = unique();
    let ticket = a.ok(enter(&mark)).await?;
    b.ok(enter(&mark)).await?;
    let mut matches = Vec::new();
    for (socket, other) in [(&mut a, &bo), (&mut b, &ana)] {
        let event = socket.event("proposed").await?;
        must(text(&event, "/body/with/0") == other.id, "with", &event)?;
        let until = num(&event, "/body/until").is_some();
        must(until, "until", &event)?;
        let not_yet = event.pointer("/body/accepted") == Some(&Value::Bool(false));
        must(not_yet, "accepted", &event)?;
        matches.push(text(&event, "/body/match").to_owned());
    }
    ensure!(matches.first() == matches.last(), "{matches:?}");
    Ok(([(ana, a), (bo, b)], mark, ticket))
}

async fn accept(table: Table) -> Result<()> {
    let ([(ana, mut a), (_, mut b)], ..) = asked(&table).await?;
    let ok = a.ok(json!({"op": "accept"})).await?;
    must(text(&ok, "/match").starts_with("m_"), "match", &ok)?;
    let early = a.settle().await?;
    ensure!(named(&early, "matched").is_empty(), "not yet: {early:?}");
    b.ok(json!({"op": "accept"})).await?;
    let told = [a.event("matched").await?, b.event("matched").await?];
    for event in &told {
        let same = text(event, "/body/room") == text(&ok, "/match");
        must(same, "the room of the match", event)?;
    }
    a.closed_with(4000).await?;
    end(&table, &told, &ana).await
}

/// The first is back in the queue with this ticket, the second is out and has to wait.
async fn one_out(a: &mut Socket, b: &mut Socket, ticket: &Value, mark: &str, reason: &str) -> Result<()> {
    let out = b.event("expired").await?;
    must(text(&out, "/body/reason") == reason, "reason", &out)?;
    let after = num(&out, "/body/after_ms");
    must(after.is_some_and(|ms| ms > 0), "after_ms", &out)?;
    let fault = b.err(enter(mark), "cooldown").await?;
    let after = num(&fault, "/after_ms");
    must(after.is_some_and(|ms| ms > 0), "after_ms", &fault)?;
    let back = a.event("returned").await?;
    let same = text(&back, "/body/ticket") == text(ticket, "/ticket")
        && num(&back, "/body/since") == num(ticket, "/since");
    must(same, "the same ticket, at its time", &back)?;
    a.ok(json!({"op": "leave"})).await.map(drop)
}

async fn decline(table: Table) -> Result<()> {
    let ([(_, mut a), (_, mut b)], mark, ticket) = asked(&table).await?;
    a.ok(json!({"op": "accept"})).await?;
    b.ok(json!({"op": "decline"})).await?;
    one_out(&mut a, &mut b, &ticket, &mark, "declined").await
}

async fn no_answer(table: Table) -> Result<()> {
    let ([(_, mut a), (_, mut b)], mark, ticket) = asked(&table).await?;
    a.ok(json!({"op": "accept"})).await?;
    // A pool asks for 20 s at most.
    let deadline = Instant::now() + Duration::from_secs(30);
    let back = |one: &Value| ev(one) == "returned";
    let back = a.wait_until(deadline, "to be returned", back).await?;
    must(text(&back, "/body/reason") == "no_answer", "reason", &back)?;
    must(num(&back, "/body/since") == num(&ticket, "/since"), "since", &back)?;
    let out = b.event("expired").await?;
    must(text(&out, "/body/reason") == "no_answer", "reason", &out)?;
    b.err(enter(&mark), "cooldown").await?;
    a.ok(json!({"op": "leave"})).await.map(drop)
}

async fn nothing(table: Table) -> Result<()> {
    let pool = asking(&table).await?;
    let guest = table.guest().await?;
    let mut socket = come(&table, &pool, &guest).await?;
    socket.err(json!({"op": "accept"}), "no_ticket").await?;
    socket.ok(enter(&unique())).await?;
    for op in ["accept", "decline"] {
        socket.err(json!({"op": op}), "not_found").await?;
    }
    socket.ok(json!({"op": "leave"})).await.map(drop)
}

async fn asked_again(table: Table) -> Result<()> {
    let pool = asking(&table).await?;
    let ([(ana, mut a), (bo, b)], ..) = asked(&table).await?;
    let ok = a.ok(json!({"op": "accept"})).await?;
    a.cut();
    b.cut();
    let (mut a, mut b) = (come(&table, &pool, &ana).await?, come(&table, &pool, &bo).await?);
    for (socket, said) in [(&mut a, true), (&mut b, false)] {
        let event = socket.event("proposed").await?;
        must(text(&event, "/body/match") == text(&ok, "/match"), "match", &event)?;
        let accepted = event.pointer("/body/accepted") == Some(&Value::Bool(said));
        must(accepted, "what they said", &event)?;
    }
    b.ok(json!({"op": "accept"})).await?;
    let told = [a.event("matched").await?, b.event("matched").await?];
    end(&table, &told, &ana).await
}
