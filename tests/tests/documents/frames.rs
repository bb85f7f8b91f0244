//! Plays the frames of README.md with two players: they are matched, and then talk.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tests::stack;
use xtask::wire::{Player, Server, Socket, text};

use crate::blocks::{self, Kind};

/// Returns the JSON messages of the sample, in their order, with their direction: true for the client's.
fn frames() -> Result<Vec<(bool, Value)>> {
    let blocks = blocks::of_kind(Kind::Frames)?;
    let [block] = blocks.as_slice() else { bail!("{} blocks of frames: one is played", blocks.len()) };
    let mut frames = Vec::new();
    for line in block.text.lines() {
        let sent = line.split_once('→').map(|(_, frame)| (true, frame));
        let frame = sent.or_else(|| line.split_once('←').map(|(_, frame)| (false, frame)));
        let (is_sent, frame) = frame.with_context(|| format!("no frame in {line:?}"))?;
        // The sample shortens ids and times with an ellipsis.
        let frame = frame.trim().replace(":…", ":0");
        frames.push((is_sent, serde_json::from_str(&frame).with_context(|| frame.clone())?));
    }
    Ok(frames)
}

/// Takes the next message of the sample that the client sends.
fn sent(frames: &mut impl Iterator<Item = (bool, Value)>) -> Result<Value> {
    match frames.next() {
        Some((true, frame)) => Ok(frame),
        other => bail!("the sample has {other:?} where the client sends"),
    }
}

/// Waits for the event that the sample shows next, and checks that the server's event has its fields.
async fn received(socket: &mut Socket, frames: &mut impl Iterator<Item = (bool, Value)>) -> Result<Value> {
    let Some((false, sample)) = frames.next() else { bail!("the sample shows no event here") };
    let name = text(&sample, "/ev").to_owned();
    let event = socket.wait(&name, |message| text(message, "/ev") == name).await?;
    for field in sample.as_object().into_iter().flat_map(|sample| sample.keys()) {
        ensure!(event.get(field).is_some(), "{event} has no `{field}` of the sample {sample}");
    }
    Ok(event)
}

#[tokio::test]
async fn frames_match_two_players_who_then_talk() -> Result<()> {
    let stack = stack::shared().await?;
    let server = Server::at(stack.edge_url(), stack.region_url())?;
    let players = [server.guest("Ana").await?, server.guest("Bo").await?];
    let mut frames = frames()?.into_iter();
    let enter = sent(&mut frames)?;
    let mut sockets = Vec::new();
    for player in &players {
        let mut socket = server.lobby("speed-dating", player).connect().await?;
        socket.welcome().await?;
        socket.send(&enter).await?;
        sockets.push(socket);
    }
    let matched = received(sockets.first_mut().context("a socket")?, &mut frames).await?;
    let room = text(&matched, "/body/room");
    ensure!(matched.pointer("/body/with/0").is_some(), "{matched}");

    let [ana, _]: &[Player; 2] = &players;
    let mut socket = server.room(room, ana).connect().await?;
    socket.welcome().await?;
    let say = sent(&mut frames)?;
    socket.send(&say).await?;
    let said = received(&mut socket, &mut frames).await?;
    ensure!(said.get("body") == say.get("body"), "{said}");
    ensure!(frames.next().is_none(), "the sample goes on");
    Ok(())
}
