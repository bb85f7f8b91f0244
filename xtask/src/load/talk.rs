//! One person in one room: sends numbered messages when they are due, hears the other's, loses connections, and leaves.

use std::time::Duration;

use matchpoint_client::{Match, PlayerId};
use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use serde_json::{Value, json};
use shared::wire::room::MemberState;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::scenario::People;
use super::site::{Site, happens};
use super::stage::Stage;
use super::trouble::Trouble;
use super::verdict::LATE;
use super::web::Account;
use crate::ledger::{Heard, Recorder};
use crate::wire::{RoomEvent, num};

/// Limit for an opening, and for the end of a talk.
const LIMIT: Duration = Duration::from_secs(90);
/// Limit for leaving a room after a failure.
const GIVE_UP: Duration = Duration::from_secs(10);

/// One person in one room.
#[derive(Debug)]
pub(super) struct Talk<'a> {
    site: &'a Site,
    people: &'a People,
    member: Recorder,
    room: &'a str,
    own: &'a PlayerId,
    /// The other player; the lobby names exactly one.
    other: Option<&'a PlayerId>,
    /// Ends the room once the other player has left, instead of leaving too.
    ends_room: bool,
    sent: u64,
    heard: Heard,
    /// The last position whose message was heard.
    read_to: u64,
    /// The other's number of messages, once the other has ended.
    total: Option<u64>,
    resumes_told: usize,
}

impl<'a> Talk<'a> {
    pub(super) fn new(
        site: &'a Site,
        people: &'a People,
        account: &'a Account,
        found: &'a Match,
        nth: u64,
    ) -> Self {
        Self {
            site,
            people,
            member: Recorder::open(&account.player, found.room.clone()),
            room: found.room.as_str(),
            own: account.player.id(),
            other: found.with.first(),
            ends_room: nth.is_multiple_of(4),
            sent: 0,
            heard: Heard::default(),
            read_to: 0,
            total: None,
            resumes_told: 0,
        }
    }

    /// Talks, waits until everything is durable and heard, and leaves. Returns when the talk was to end.
    pub(super) async fn run(
        mut self,
        stop: &mut watch::Receiver<bool>,
        chance: &mut ChaCha8Rng,
        matched: Instant,
    ) -> Result<Instant, Trouble> {
        let end = matched + Duration::from_secs_f64(self.people.talk_s);
        let result = self.go_through(stop, chance, matched, end).await;
        if result.is_err() {
            // The queue does not take a player who has a seat.
            let _ = timeout(GIVE_UP, self.member.room().leave()).await;
        }
        self.tell_resumes();
        self.site.tally.count(|counts| {
            counts.snapshots += u64::from(self.member.log.snapshots);
            counts.hints_received += self.member.hints;
        });
        for violation in self.member.log.violations.drain(..) {
            self.site.tally.violation(format!("{}: {violation:?}", self.room));
        }
        result.map(|()| end.min(Instant::now()))
    }

    async fn go_through(
        &mut self,
        stop: &mut watch::Receiver<bool>,
        chance: &mut ChaCha8Rng,
        matched: Instant,
        end: Instant,
    ) -> Result<(), Trouble> {
        let is_there = |member: &Recorder| member.is_here() || member.ended.is_some();
        if !self.member.until(Instant::now() + LIMIT, is_there).await {
            return Err(Trouble::timeout("opening a room"));
        }
        self.check_open()?;
        self.site.tally.done(Stage::Open, matched);
        self.site.tally.count(|counts| counts.talking += 1);
        let talked = self.talk(stop, chance, end).await;
        self.site.tally.count(|counts| counts.talking -= 1);
        talked
    }

    async fn talk(
        &mut self,
        stop: &mut watch::Receiver<bool>,
        chance: &mut ChaCha8Rng,
        end: Instant,
    ) -> Result<(), Trouble> {
        self.speak(stop, chance, end).await?;
        let last = Instant::now();
        self.settle(last + LIMIT).await?;
        self.leave(last + LIMIT).await?;
        self.site.tally.done(Stage::Leave, last);
        Ok(())
    }

    fn check_open(&self) -> Result<(), Trouble> {
        let closed =
            |stopped: &shared::client::Stopped| Trouble(format!("closed: {} {}", stopped.code, stopped.why));
        self.member.ended.as_ref().map_or(Ok(()), |stopped| Err(closed(stopped)))
    }

    /// Sends a message each time that one is due, whether or not the last one has arrived, until the end, the other's end, or
    /// the end of the schedule.
    async fn speak(
        &mut self,
        stop: &mut watch::Receiver<bool>,
        chance: &mut ChaCha8Rng,
        end: Instant,
    ) -> Result<(), Trouble> {
        let gap = Duration::from_secs_f64(1.0 / self.people.rate);
        let cut = self.people.cuts / 60.0 * gap.as_secs_f64();
        let mut due = Instant::now() + gap.mul_f64(chance.random_range(0.0..1.0));
        while Instant::now() < end && self.total.is_none() && !*stop.borrow() {
            if due <= Instant::now() {
                self.say(due);
                due += gap;
                if happens(chance, self.people.hints) {
                    // A hint has no reply: it is lost without a connection.
                    let _ = self.member.room().hint(None, &json!({ "typing": true }));
                    self.site.tally.count(|counts| counts.hints_sent += 1);
                }
                if happens(chance, cut) && self.member.is_here() {
                    self.member.cut(None);
                    self.site.tally.count(|counts| counts.cuts += 1);
                }
            }
            tokio::select! {
                () = self.member.step(due.min(end)) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
            self.hear_all();
            self.check_open()?;
        }
        Ok(())
    }

    fn say(&mut self, due: Instant) {
        self.site.tally.lag(due);
        let micros = u64::try_from(due.duration_since(self.site.began).as_micros()).unwrap_or(u64::MAX);
        self.member.say(self.sent.to_string(), &json!({ "n": self.sent, "due": micros }));
        self.sent += 1;
        self.site.tally.count(|counts| counts.sent += 1);
    }

    /// Says how many messages there were, waits until all are durable and the other has said the same, and keeps the accounts.
    async fn settle(&mut self, deadline: Instant) -> Result<(), Trouble> {
        self.member.say("end", &json!({ "n": self.sent, "end": true }));
        while self.member.unsettled() > 0 || self.total.is_none() {
            if Instant::now() >= deadline {
                let what = if self.total.is_none() { "the other's end" } else { "durable messages" };
                return Err(Trouble::timeout(what));
            }
            self.member.step(deadline).await;
            self.hear_all();
            self.check_open()?;
        }
        for (_, error) in self.member.failed.drain(..) {
            self.sent = self.sent.saturating_sub(1);
            self.site.tally.error(&Trouble::from(error).0);
        }
        let mut talks = self.site.talks();
        talks.sent(self.room, self.own.as_str(), self.sent);
        if let Some(other) = self.other {
            talks.heard(self.room, other.as_str(), std::mem::take(&mut self.heard));
        }
        Ok(())
    }

    async fn leave(&mut self, deadline: Instant) -> Result<(), Trouble> {
        if !self.ends_room {
            return match timeout(LIMIT, self.member.room().leave()).await {
                Ok(left) => Ok(left?),
                Err(_) => Err(Trouble::timeout("leaving a room")),
            };
        }
        let other = self.other.cloned();
        let is_alone = |member: &Recorder| {
            member.room().read(|view| {
                let has_left = |one: &&shared::wire::room::Member| one.state == MemberState::Left;
                view.members.iter().filter(has_left).any(|one| Some(&one.player) == other.as_ref())
            })
        };
        if !self.member.until(deadline, is_alone).await {
            return Err(Trouble::timeout("the other's leaving"));
        }
        match timeout(LIMIT, self.member.room().end_room(Value::Null)).await {
            Ok(ended) => Ok(ended.map(drop)?),
            Err(_) => Err(Trouble::timeout("ending a room")),
        }
    }

    /// Counts the other's messages that are new.
    fn hear_all(&mut self) {
        let mut said = Vec::new();
        for (at, envelope) in self.member.log.events().range(self.read_to + 1..) {
            self.read_to = *at;
            let is_own = envelope.by.as_ref() == Some(self.own);
            if let RoomEvent::Said(body) = &envelope.event
                && !is_own
            {
                said.push(body.value());
            }
        }
        for body in said {
            self.hear(&body);
        }
        self.tell_resumes();
    }

    fn hear(&mut self, body: &Value) {
        let n = num(body, "/n").unwrap_or(u64::MAX);
        if body.get("end").is_some() {
            self.total = Some(n);
            return;
        }
        if self.heard.hear(n) {
            let due = Duration::from_micros(num(body, "/due").unwrap_or_default());
            let due = self.site.began.checked_add(due).unwrap_or_else(Instant::now);
            self.site.tally.done(Stage::Message, due);
            self.site.tally.count(|counts| {
                counts.received += 1;
                counts.late += u64::from(due.elapsed() > LATE);
            });
        }
    }

    fn tell_resumes(&mut self) {
        for resume in self.member.resumes.iter().skip(self.resumes_told) {
            self.site.tally.took(Stage::Resume, *resume);
            self.site.tally.count(|counts| counts.resumed += 1);
        }
        self.resumes_told = self.member.resumes.len();
    }
}
