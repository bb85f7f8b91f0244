//! What a check has at hand: guests, rooms, sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{PassedOver, Subject};
use crate::wire::{Player, Server, Socket, ev, text};

/// A table of one's own for one check.
#[derive(Debug)]
pub struct Table {
    subject: Arc<Subject>,
    taken: AtomicUsize,
}

/// Two people in a room, and a quiet line each.
pub(super) struct Pair {
    pub room: String,
    pub ana: Player,
    pub bo: Player,
    pub a: Socket,
    pub b: Socket,
}

impl Table {
    pub(super) fn new(subject: Arc<Subject>) -> Self {
        Self { subject, taken: AtomicUsize::new(0) }
    }

    /// The server that is checked.
    pub(super) fn server(&self) -> &Server {
        &self.subject.server
    }

    /// A token whose time is up, where one is at hand.
    pub(super) fn expired(&self) -> Result<&str> {
        match &self.subject.expired {
            Some(token) => Ok(token),
            None => bail!(PassedOver("no expired token was given")),
        }
    }

    /// Somebody who is nobody else at this table.
    pub(super) async fn guest(&self) -> Result<Player> {
        let at = self.taken.fetch_add(1, Ordering::Relaxed);
        if self.subject.players.is_empty() {
            return self.server().guest("Conformance").await;
        }
        match self.subject.players.get(at) {
            Some(player) => Ok(player.clone()),
            None => bail!(PassedOver("it needs more players than were given")),
        }
    }

    /// So many people.
    pub(super) async fn guests(&self, count: usize) -> Result<Vec<Player>> {
        let mut guests = Vec::new();
        for _ in 0..count {
            guests.push(self.guest().await?);
        }
        Ok(guests)
    }

    /// Two people in a room with these rules. The first is its owner.
    pub(super) async fn pair(&self, rules: Value) -> Result<Pair> {
        let mut guests = self.guests(2).await?;
        let wish = json!({ "seats": 2, "rules": rules });
        let (room, mut sockets) = self.server().meet(&wish, &guests).await?;
        let (bo, ana) = (guests.pop(), guests.pop());
        let (b, a) = (sockets.pop(), sockets.pop());
        Ok(Pair {
            room,
            ana: ana.context("two people")?,
            bo: bo.context("two people")?,
            a: a.context("two sockets")?,
            b: b.context("two sockets")?,
        })
    }

    /// One person in a room of two seats.
    pub(super) async fn alone(&self, rules: Value) -> Result<(String, Player, Socket)> {
        let guest = self.guest().await?;
        let wish = json!({ "seats": 2, "rules": rules });
        let (room, mut sockets) = self.server().meet(&wish, std::slice::from_ref(&guest)).await?;
        Ok((room, guest, sockets.pop().context("a socket")?))
    }

    /// The first pool that the edge names.
    pub(super) async fn pool(&self) -> Result<String> {
        let config: Value = self.server().get("/v1/config").await?.json().await?;
        let pools = config.get("pools").and_then(Value::as_array);
        let pool = pools.and_then(|pools| pools.last()?.as_str());
        match pool {
            Some(pool) => Ok(pool.to_owned()),
            None => bail!(PassedOver("the edge has no pool")),
        }
    }
}

impl Pair {
    /// Where `who` comes in again.
    pub(super) async fn again(
        &self,
        table: &Table,
        who: &Player,
        from: Option<(&str, u64)>,
    ) -> Result<(Value, Socket)> {
        let mut opening = table.server().room(&self.room, who);
        if let Some((epoch, at)) = from {
            opening = opening.resume(epoch, at);
        }
        let mut socket = opening.connect().await?;
        let welcome = socket.welcome().await?;
        Ok((welcome, socket))
    }
}

/// Fails with the message that broke the rule.
pub(super) fn must(kept: bool, rule: &str, message: &Value) -> Result<()> {
    if kept {
        return Ok(());
    }
    bail!("{rule}: {message}")
}

/// The refused field of an error.
pub(super) fn field(fault: &Value) -> &str {
    text(fault, "/field")
}

/// Messages of this name, out of several.
pub(super) fn named<'a>(messages: &'a [Value], name: &str) -> Vec<&'a Value> {
    messages.iter().filter(|one| ev(one) == name).collect()
}

/// `{"op":"say","body":…}`.
pub(super) fn say(body: impl Into<Value>) -> Value {
    json!({ "op": "say", "body": body.into() })
}
