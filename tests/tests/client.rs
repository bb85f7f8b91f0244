//! Tests the Rust client against the real stack: a match, a talk through cut connections, a game, and refusals.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use matchpoint_client::{
    Client, ConnectionState, Error, Event, Player, Room, RoomEvent, RoomOptions, Sent, Wish,
};
use serde_json::{Value, json};
use tests::kit::chance::Chance;
use tests::stack;
use tokio::time::timeout;

/// Limit for anything to happen. It is generous, because the machine may be compiling.
const WAIT: Duration = Duration::from_secs(90);
/// Messages of each player, and cuts of each connection meanwhile.
const MESSAGES: u64 = 150;
const CUTS: u64 = 5;

/// Makes two guests who wish for each other alone, and matches them.
async fn matched(pool: &str) -> Result<(Room, Room)> {
    let client = Client::new(stack::shared().await?.edge_url())?;
    let (ana, bo) = (client.guest("Ana").await?, client.guest("Bo").await?);
    let mark = xtask::wire::unique();
    let wish = json!({ "attrs": { "mark": mark }, "wants": [{ "attr": "mark", "is": mark }] });
    let wish: Wish = serde_json::from_value(wish)?;
    let queue = |player: Player, wish: Wish| async move {
        let found = timeout(WAIT, player.queue(pool, wish)).await.context("no match")??;
        Ok::<_, anyhow::Error>(player.room(found.room).await?)
    };
    tokio::try_join!(queue(ana, wish.clone()), queue(bo, wish))
}

/// Says all messages with cuts between them, and returns the durable position of each.
async fn talk(room: &Room, name: &str, mut chance: Chance) -> Result<BTreeMap<u64, String>> {
    let mut sent: Vec<(String, Sent)> = Vec::new();
    let each = MESSAGES / CUTS;
    let mut cut_at = chance.roll(each);
    for n in 0..MESSAGES {
        let text = format!("{name} {n}");
        sent.push((text.clone(), room.say(&json!({ "text": text }))));
        if n == cut_at {
            // Wherever the talk is: before a reply, or between two frames.
            timeout(WAIT, room.until(|view| view.position.at > n / 2)).await??;
            timeout(WAIT, room.opened()).await??;
            room.cut(Some(Duration::from_millis(chance.roll(300))));
            cut_at = (n / each + 1) * each + chance.roll(each);
        }
    }
    let mut durable = BTreeMap::new();
    for (text, sent) in sent {
        let at = timeout(WAIT, sent.durable()).await.with_context(|| format!("{text} is not durable"))??.at;
        ensure!(durable.insert(at, text).is_none(), "two messages at {at}");
    }
    Ok(durable)
}

/// Reads a room until its end: the texts by position. Fails if an event is doubled or missing.
async fn log(room: &Room) -> Result<(BTreeMap<u64, String>, u64)> {
    let (mut texts, mut last, mut resumes) = (BTreeMap::new(), None, 0);
    let mut events = room.events();
    while let Some(event) = timeout(WAIT, events.next()).await? {
        match event {
            RoomEvent::Welcomed(welcome) => match &welcome.more.snapshot {
                Some(snapshot) => {
                    ensure!(last.is_none(), "a room that stays in memory replays, and sends no snapshot");
                    last = Some(snapshot.at);
                }
                None => resumes += 1,
            },
            RoomEvent::Event(event) => {
                let Some(at) = event.at else { continue };
                ensure!(last.is_some_and(|last| at == last + 1), "{at} follows {last:?}");
                last = Some(at);
                if let Event::Said(body) = &event.event {
                    texts.insert(at, body.value()["text"].as_str().context("a text")?.to_owned());
                }
            }
            RoomEvent::Connection(_) => {}
        }
    }
    Ok((texts, resumes))
}

#[tokio::test]
async fn matched_players_talk_through_cut_connections_and_lose_nothing() -> Result<()> {
    let (a, b) = matched("speed-dating").await?;
    let talks = async {
        let (of_a, of_b) = tokio::try_join!(talk(&a, "Ana", Chance::new(1)), talk(&b, "Bo", Chance::new(2)))?;
        let result = json!({ "draw": true });
        timeout(WAIT, a.end_room(result.clone())).await??;
        let end = timeout(WAIT, b.until(|view| view.ended.is_some())).await??;
        ensure!(end.ended.is_some_and(|ended| ended.result == result), "the result of the room");
        Ok((of_a, of_b))
    };
    let ((mut said, of_b), (log_a, resumes_a), (log_b, resumes_b)) =
        tokio::try_join!(talks, log(&a), log(&b))?;
    said.extend(of_b);
    ensure!(said.len() as u64 == 2 * MESSAGES, "{} of the messages have a position", said.len());
    ensure!(log_a == said && log_b == said, "the logs differ from what was said");
    // A cut that meets a connection which is opening again counts with the one before it.
    ensure!(resumes_a > 0 && resumes_b > 0, "{resumes_a} and {resumes_b} resumes");
    for room in [a, b] {
        let is_over = matches!(room.connection(), ConnectionState::Stopped(stopped) if stopped.code == 4007);
        ensure!(is_over, "{:?}", room.connection());
    }
    Ok(())
}

/// Plays random hands until the mode ends the match.
async fn play(room: &Room, mut chance: Chance) -> Result<Value> {
    let mut round = 0;
    loop {
        let next = |view: &matchpoint_client::RoomView| {
            view.ended.is_some() || view.state["round"].as_u64().is_some_and(|now| now > round)
        };
        let view = timeout(WAIT, room.until(next)).await??;
        if let Some(ended) = view.ended {
            return Ok(serde_json::to_value(ended.outcome)?);
        }
        round = view.state["round"].as_u64().context("a round")?;
        let hand = chance.pick(&["rock", "paper", "scissors"]);
        match timeout(WAIT, room.make_move(&hand)).await? {
            // The last move ends the room, and a round may end by time.
            Ok(_) | Err(Error::Closed { code: 4007, .. } | Error::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
        if chance.one_in(3) {
            room.cut(Some(Duration::from_millis(chance.roll(300))));
        }
    }
}

#[tokio::test]
async fn game_is_played_to_its_outcome() -> Result<()> {
    let (a, b) = matched("rock-paper-scissors").await?;
    let (of_a, of_b) = tokio::try_join!(play(&a, Chance::new(3)), play(&b, Chance::new(4)))?;
    ensure!(of_a == of_b && of_a["ranks"].is_array(), "{of_a} and {of_b}");
    Ok(())
}

#[tokio::test]
async fn client_that_was_taken_over_returns_when_the_newer_one_is_gone() -> Result<()> {
    let client = Client::new(stack::shared().await?.edge_url())?;
    let ana = client.guest("Ana").await?;
    let id = ana.create_room(&json!({ "seats": 2 })).await?;
    let older = ana.room(id.clone()).await?;
    let mut events = older.events();
    let newer = ana.room(id.clone()).await?;
    let mut stands_by = false;
    while !stands_by {
        let event = timeout(WAIT, events.next()).await?.context("the older one has stopped")?;
        stands_by = matches!(&event, RoomEvent::Connection(ConnectionState::Waiting { why, .. }) if why == "taken_over");
    }
    newer.say(&json!("from the newer one")).await?;
    newer.close();
    timeout(WAIT, older.opened()).await??;
    older.say(&json!("from the older one")).await?;
    older.leave().await?;
    // No player is left, so the room has ended: a player who returns is shown its log, and the connection ends.
    let again = ana.open_room(id, RoomOptions::default());
    let mut events = again.events();
    let stopped = loop {
        let event = timeout(WAIT, events.next()).await?.context("a stream that ends without a reason")?;
        if let RoomEvent::Connection(ConnectionState::Stopped(stopped)) = event {
            break stopped;
        }
    };
    ensure!(stopped.code == 4007, "{stopped:?}");
    ensure!(again.read(|view| view.ended.is_some()), "{:?}", again.view());
    Ok(())
}

#[tokio::test]
async fn refusals_are_typed_errors() -> Result<()> {
    let client = Client::new(stack::shared().await?.edge_url())?;
    let ana = client.guest("Ana").await?;
    let absent = ana.room("m_absent".parse()?).await.err();
    ensure!(matches!(absent, Some(Error::Closed { code: 4011, .. })), "{absent:?}");
    let pool = ana.queue("no-such-pool", Wish::default()).await.err();
    ensure!(matches!(pool, Some(Error::Closed { code: 4011, .. })), "{pool:?}");
    let name = client.guest("").await.err();
    ensure!(matches!(&name, Some(Error::Problem { status: 400, code, .. }) if !code.is_empty()), "{name:?}");
    let room = ana.room(ana.create_room(&json!({})).await?).await?;
    let moved = room.make_move(&json!(1)).await.err();
    ensure!(matches!(moved, Some(Error::Refused(_))), "{moved:?}");
    let long = room.say(&"x".repeat(9_000)).await.err();
    ensure!(matches!(long, Some(Error::Refused(_))), "{long:?}");
    ensure!(Client::new("edge.example").is_err(), "an address without a scheme");
    Ok(())
}
