//! One person: enters the queue, talks in the room of each match, leaves it, and reads the history.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use shared::hash::fnv;
use tokio::time::{Instant, sleep};

use super::Plan;
use super::conversation::Conversation;
use crate::is_event;
use crate::wire::{LobbyEvent, Player, RoomClient, text, unique};

/// Limit for each stage of a match.
const PATIENCE: Duration = Duration::from_secs(60);
/// Pause before a failed stage is tried again.
const PAUSE: Duration = Duration::from_millis(300);

/// The record of one person's run.
#[derive(Debug, Default)]
pub(super) struct Life {
    pub matches: u64,
    pub sent: u64,
    /// Messages of the other that never came.
    pub lost: u64,
    /// Broken promises of a room: messages that came twice, or in another order.
    pub broken: Vec<String>,
    pub waits: Vec<Duration>,
    /// Times from the moment at which a message was due to its arrival at the other.
    pub latencies: Vec<Duration>,
    pub resumes: Vec<Duration>,
    /// Resumes that were not exact.
    pub snapshots: u64,
    /// The longest time by which a message was sent too late.
    pub behind: Duration,
    pub failure: Option<String>,
}

/// One person of the crowd.
#[derive(Debug)]
pub(super) struct Person {
    plan: Arc<Plan>,
    nth: usize,
    player: Player,
    life: Life,
}

impl Person {
    pub(super) fn new(plan: &Arc<Plan>, nth: usize, player: Player) -> Self {
        Self { plan: Arc::clone(plan), nth, player, life: Life::default() }
    }

    /// Lives from match to match, until the time is over.
    pub(super) async fn live(mut self) -> Life {
        sleep(self.plan.delay(self.nth)).await;
        loop {
            match self.match_once().await {
                Ok(true) => return self.life,
                Ok(false) => {}
                Err(error) => {
                    self.life.failure = Some(format!("{}: {error:#}", self.player.id));
                    return self.life;
                }
            }
        }
    }

    /// Lives through one match. Returns true if it was the pair's last.
    async fn match_once(&mut self) -> Result<bool> {
        let room = self.find().await.context("in the queue")?;
        let was_last = self.talk(&room).await.with_context(|| format!("in {room}"))?;
        self.life.matches += 1;
        self.plan.server.matches(&self.player).await.context("reading the history")?;
        Ok(was_last)
    }

    /// Enters the queue, and returns the room of the match.
    async fn find(&mut self) -> Result<String> {
        let (own, other) = self.plan.sides(self.nth);
        let enter = json!({"op": "enter", "key": unique(), "body": {
            "attrs": {"side": own}, "wants": [{"attr": "side", "is": other}],
        }});
        let entered = Instant::now();
        let until = entered + PATIENCE;
        loop {
            match self.find_once(&enter, until).await {
                Ok(room) => {
                    self.life.waits.push(entered.elapsed());
                    return Ok(room);
                }
                Err(error) if Instant::now() + PAUSE >= until => return Err(error),
                Err(_) => sleep(PAUSE).await,
            }
        }
    }

    async fn find_once(&self, enter: &Value, until: Instant) -> Result<String> {
        let mut socket = self.plan.server.lobby(&self.plan.journey.pool, &self.player).connect().await?;
        socket.welcome().await?;
        let reply = socket.ask(enter.clone()).await?;
        if let Some(error) = reply.get("err") {
            bail!("the queue answered {error}");
        }
        let event = socket.wait_until(until, "a match", |one| is_event!(one, LobbyEvent::Matched)).await?;
        socket.closed_with(4000).await?;
        Ok(text(&event, "/body/room").to_owned())
    }

    /// Talks, waits until everything is durable and has come, and leaves. Returns true if it was the last match.
    async fn talk(&mut self, room: &str) -> Result<bool> {
        let mut client = RoomClient::new(self.plan.server.room(room, &self.player));
        let mut conversation = Conversation::new(&self.player.id, self.plan.began);
        let sent = self.speak(room, &mut client, &mut conversation).await?;
        let is_over = Instant::now() >= self.plan.end;
        client.say(&json!({ "n": sent, "end": true, "last": is_over }));
        let deadline = Instant::now() + PATIENCE;
        while client.unsettled() > 0 || conversation.total.is_none() {
            let came = if conversation.total.is_none() { "never came" } else { "came" };
            ensure!(
                Instant::now() < deadline,
                "{} messages did not become durable, and the other's end {came}",
                client.unsettled()
            );
            client.step(deadline).await;
            conversation.read(&client, &mut self.life);
        }
        self.life.sent += sent;
        self.life.lost += conversation.lost();
        client.leave();
        ensure!(client.until(deadline, |client| client.ended.is_some()).await, "leaving was not answered");
        self.life.broken.extend(client.ledger.violations.iter().map(|one| format!("{one:?}")));
        self.life.snapshots += u64::from(client.ledger.snapshots);
        self.life.resumes.append(&mut client.resumes);
        Ok(is_over || conversation.is_last)
    }

    /// Sends a message each time that one is due, whether or not the last one has arrived. Returns their number.
    async fn speak(
        &mut self,
        room: &str,
        client: &mut RoomClient,
        conversation: &mut Conversation,
    ) -> Result<u64> {
        let journey = &self.plan.journey;
        let (gap, end) = (Duration::from_secs_f64(1.0 / journey.rate), Instant::now() + journey.talk);
        let (mut due, mut sent) = (Instant::now() + gap.mul_f64(self.chance(room, 0)), 0);
        let cut = journey.cuts / 60.0 * gap.as_secs_f64();
        while Instant::now() < end {
            if due <= Instant::now() {
                self.life.behind = self.life.behind.max(due.elapsed());
                client.say(&self.words(sent, due));
                sent += 1;
                due += gap;
                if self.chance(room, sent) < cut {
                    client.cut();
                }
            }
            client.step(due.min(end)).await;
            conversation.read(client, &mut self.life);
            ensure!(client.ended.is_none(), "the room was closed with {:?}", client.codes);
        }
        Ok(sent)
    }

    fn words(&self, n: u64, due: Instant) -> Value {
        let micros = u64::try_from(due.duration_since(self.plan.began).as_micros()).unwrap_or(u64::MAX);
        json!({ "n": n, "due": micros })
    }

    /// Returns a number from 0 to 1 that the room and this number decide: a run can be repeated.
    fn chance(&self, room: &str, nth: u64) -> f64 {
        let thousandths = fnv(format!("{} {room} {nth}", self.player.id).as_bytes()) % 1000;
        f64::from(u16::try_from(thousandths).unwrap_or_default()) / 1000.0
    }
}
