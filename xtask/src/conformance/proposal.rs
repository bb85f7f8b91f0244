//! Checks of pools that propose a match first: accepting, declining, not answering.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use super::Fixture;
use super::fixture::must;
use super::lobby::enter;
use super::pools::{come, pool, two};
use super::queue::end;
use crate::wire::{LobbyEvent, Player, Socket, num, text, unique};
use crate::{events, is_event, next_event};

checks! {
    "W-330" "proposed comes first, and matched once all players accepted" => accept;
    "W-331" "a player who declines gets expired and cooldown with after_ms; the other is returned with the original time" => decline;
    "W-332" "a player who does not answer gets the same, and a player who accepted is returned" => no_answer;
    "W-333" "accept without a proposal is not_found; without a ticket no_ticket" => nothing;
    "W-334" "a player who reconnects during a proposal gets it again with their earlier answer" => asked_again;
}

async fn asking(fixture: &Fixture) -> Result<String> {
    let fits = |rules: &Value| {
        num(rules, "/seats") == Some(2)
            && num(rules, "/propose_s").is_some_and(|secs| secs <= 20)
            && num(rules, "/parts") == Some(1)
    };
    pool(fixture, "the edge has no pool of two with proposals", fits).await
}

/// Enters two players who fit, and returns the proposal.
async fn asked(fixture: &Fixture) -> Result<([(Player, Socket); 2], String, Value)> {
    let pool = asking(fixture).await?;
    let [(ana, mut a), (bo, mut b)] = two(fixture, &pool).await?;
    let mark = unique();
    let ticket = a.ok(enter(&mark)).await?;
    b.ok(enter(&mark)).await?;
    let mut matches = Vec::new();
    for (socket, other) in [(&mut a, &bo), (&mut b, &ana)] {
        let event = next_event!(socket, LobbyEvent::Proposed).await?;
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

async fn accept(fixture: Fixture) -> Result<()> {
    let ([(ana, mut a), (_, mut b)], ..) = asked(&fixture).await?;
    let ok = a.ok(json!({"op": "accept"})).await?;
    must(text(&ok, "/match").starts_with("m_"), "match", &ok)?;
    let early = a.settle().await?;
    ensure!(events!(early, LobbyEvent::Matched).is_empty(), "not yet: {early:?}");
    b.ok(json!({"op": "accept"})).await?;
    let told = [next_event!(a, LobbyEvent::Matched).await?, next_event!(b, LobbyEvent::Matched).await?];
    for event in &told {
        let same = text(event, "/body/room") == text(&ok, "/match");
        must(same, "the room of the match", event)?;
    }
    a.closed_with(4000).await?;
    end(&fixture, &told, &ana).await
}

/// Checks that the first is back in the queue with this ticket, and that the second is out and has a
/// cooldown.
async fn one_out(a: &mut Socket, b: &mut Socket, ticket: &Value, mark: &str, reason: &str) -> Result<()> {
    let out = next_event!(b, LobbyEvent::Expired).await?;
    must(text(&out, "/body/reason") == reason, "reason", &out)?;
    let after = num(&out, "/body/after_ms");
    must(after.is_some_and(|ms| ms > 0), "after_ms", &out)?;
    let fault = b.err(enter(mark), "cooldown").await?;
    let after = num(&fault, "/after_ms");
    must(after.is_some_and(|ms| ms > 0), "after_ms", &fault)?;
    let back = next_event!(a, LobbyEvent::Returned).await?;
    let same = text(&back, "/body/ticket") == text(ticket, "/ticket")
        && num(&back, "/body/since") == num(ticket, "/since");
    must(same, "the same ticket, at its time", &back)?;
    a.ok(json!({"op": "leave"})).await.map(drop)
}

async fn decline(fixture: Fixture) -> Result<()> {
    let ([(_, mut a), (_, mut b)], mark, ticket) = asked(&fixture).await?;
    a.ok(json!({"op": "accept"})).await?;
    b.ok(json!({"op": "decline"})).await?;
    one_out(&mut a, &mut b, &ticket, &mark, "declined").await
}

async fn no_answer(fixture: Fixture) -> Result<()> {
    let ([(_, mut a), (_, mut b)], mark, ticket) = asked(&fixture).await?;
    a.ok(json!({"op": "accept"})).await?;
    // A pool's proposal expires after 20 s at most.
    let deadline = Instant::now() + Duration::from_secs(30);
    let back = |one: &Value| is_event!(one, LobbyEvent::Returned);
    let back = a.wait_until(deadline, "to be returned", back).await?;
    must(text(&back, "/body/reason") == "no_answer", "reason", &back)?;
    must(num(&back, "/body/since") == num(&ticket, "/since"), "since", &back)?;
    let out = next_event!(b, LobbyEvent::Expired).await?;
    must(text(&out, "/body/reason") == "no_answer", "reason", &out)?;
    b.err(enter(&mark), "cooldown").await?;
    a.ok(json!({"op": "leave"})).await.map(drop)
}

async fn nothing(fixture: Fixture) -> Result<()> {
    let pool = asking(&fixture).await?;
    let guest = fixture.guest().await?;
    let mut socket = come(&fixture, &pool, &guest).await?;
    socket.err(json!({"op": "accept"}), "no_ticket").await?;
    socket.ok(enter(&unique())).await?;
    for op in ["accept", "decline"] {
        socket.err(json!({"op": op}), "not_found").await?;
    }
    socket.ok(json!({"op": "leave"})).await.map(drop)
}

async fn asked_again(fixture: Fixture) -> Result<()> {
    let pool = asking(&fixture).await?;
    let ([(ana, mut a), (bo, b)], ..) = asked(&fixture).await?;
    let ok = a.ok(json!({"op": "accept"})).await?;
    a.cut();
    b.cut();
    let (mut a, mut b) = (come(&fixture, &pool, &ana).await?, come(&fixture, &pool, &bo).await?);
    for (socket, said) in [(&mut a, true), (&mut b, false)] {
        let event = next_event!(socket, LobbyEvent::Proposed).await?;
        must(text(&event, "/body/match") == text(&ok, "/match"), "match", &event)?;
        let accepted = event.pointer("/body/accepted") == Some(&Value::Bool(said));
        must(accepted, "their answer", &event)?;
    }
    b.ok(json!({"op": "accept"})).await?;
    let told = [next_event!(a, LobbyEvent::Matched).await?, next_event!(b, LobbyEvent::Matched).await?];
    end(&fixture, &told, &ana).await
}
