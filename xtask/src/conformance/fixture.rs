//! The fixture of a check: guests, rooms and sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{Skipped, Subject};
use crate::wire::{Player, Server, Socket, num, text};

/// The resources of one check.
#[derive(Debug)]
pub struct Fixture {
    subject: Arc<Subject>,
    taken: AtomicUsize,
}

/// Two players in a room, with a settled socket each.
pub(super) struct Pair {
    pub room: String,
    pub ana: Player,
    pub bo: Player,
    pub a: Socket,
    pub b: Socket,
}

impl Fixture {
    pub(super) fn new(subject: Arc<Subject>) -> Self {
        Self { subject, taken: AtomicUsize::new(0) }
    }

    /// The server that is checked.
    pub(super) fn server(&self) -> &Server {
        &self.subject.server
    }

    /// Returns the expired token, or skips the check without one.
    pub(super) fn expired(&self) -> Result<&str> {
        match &self.subject.expired {
            Some(token) => Ok(token),
            None => bail!(Skipped("no expired token was given")),
        }
    }

    /// Returns the player with a token that expires in some seconds, or skips the check.
    pub(super) fn expiring(&self, player: &Player) -> Result<Player> {
        match &self.subject.expiring {
            Some((data, sign)) => Ok(Player { token: sign(data, &player.token)?, ..player.clone() }),
            None => bail!(Skipped("tokens that expire soon cannot be signed")),
        }
    }

    /// Returns a player that this check has not used yet.
    pub(super) async fn guest(&self) -> Result<Player> {
        let at = self.taken.fetch_add(1, Ordering::Relaxed);
        if self.subject.players.is_empty() {
            return self.server().guest("Conformance").await;
        }
        match self.subject.players.get(at) {
            Some(player) => Ok(player.clone()),
            None => bail!(Skipped("it needs more players than were given")),
        }
    }

    /// Returns `count` players that this check has not used yet.
    pub(super) async fn guests(&self, count: usize) -> Result<Vec<Player>> {
        let mut guests = Vec::new();
        for _ in 0..count {
            guests.push(self.guest().await?);
        }
        Ok(guests)
    }

    /// Puts two players into a room with these rules. The first is its owner.
    pub(super) async fn pair(&self, rules: Value) -> Result<Pair> {
        let mut guests = self.guests(2).await?;
        let wish = json!({ "seats": 2, "rules": rules });
        let (room, mut sockets) = self.server().open_room_with(&wish, &guests).await?;
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

    /// Puts one player into a room of two seats.
    pub(super) async fn alone(&self, rules: Value) -> Result<(String, Player, Socket)> {
        let guest = self.guest().await?;
        let wish = json!({ "seats": 2, "rules": rules });
        let (room, mut sockets) = self.server().open_room_with(&wish, std::slice::from_ref(&guest)).await?;
        Ok((room, guest, sockets.pop().context("a socket")?))
    }

    /// Returns a pool that matches any two players at once, in rooms without a mode.
    pub(super) async fn pool(&self) -> Result<String> {
        let fits = |rules: &Value| {
            let is_null = |key: &str| rules.get(key).is_some_and(Value::is_null);
            num(rules, "/seats") == Some(2)
                && num(rules, "/parts") == Some(1)
                && ["teams", "propose_s", "mode"].into_iter().all(is_null)
        };
        let config: Value = self.server().get("/v1/config").await?.json().await?;
        let rules = config.get("rules").and_then(Value::as_object);
        match rules.and_then(|rules| rules.iter().rfind(|(_, rules)| fits(rules))) {
            Some((pool, _)) => Ok(pool.clone()),
            None => bail!(Skipped("the edge has no pool for any two players")),
        }
    }
}

impl Pair {
    /// Connects `who` again, from a position if one is given.
    pub(super) async fn reconnect(
        &self,
        fixture: &Fixture,
        who: &Player,
        from: Option<(&str, u64)>,
    ) -> Result<(Value, Socket)> {
        let mut opening = fixture.server().room(&self.room, who);
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

/// Returns the field that an error names.
pub(super) fn field(fault: &Value) -> &str {
    text(fault, "/field")
}

/// Returns a command `{"op":"say","body":…}`.
pub(super) fn say(body: impl Into<Value>) -> Value {
    json!({ "op": "say", "body": body.into() })
}
