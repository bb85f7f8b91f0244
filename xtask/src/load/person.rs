//! One person: signs in, reads profiles, enters the queue, talks in the room of the match, leaves, and begins again.

use std::sync::Arc;
use std::time::Duration;

use matchpoint_client::{Error, Match, Out, QueueState, RefusalCode, Wait, Wish};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::scenario::People;
use super::site::Site;
use super::stage::Stage;
use super::talk::Talk;
use super::trouble::Trouble;
use super::web::Account;
use crate::ledger::Ticket;

/// Limit for a match: the last person of a crowd waits until another one is free.
const MATCH_LIMIT: Duration = Duration::from_mins(10);
/// Limit for leaving the queue.
const LEAVE_LIMIT: Duration = Duration::from_mins(1);
/// Pause after a step that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// One person of the crowd.
#[derive(Debug)]
pub(super) struct Person {
    site: Arc<Site>,
    people: Arc<People>,
    nth: u64,
    chance: ChaCha8Rng,
    /// True once the schedule lets this person go.
    stop: watch::Receiver<bool>,
}

impl Person {
    pub(super) fn new(site: &Arc<Site>, people: &Arc<People>, nth: u64, stop: watch::Receiver<bool>) -> Self {
        let (site, people) = (Arc::clone(site), Arc::clone(people));
        Self { site, people, nth, chance: ChaCha8Rng::seed_from_u64(nth), stop }
    }

    /// Lives from match to match, until the schedule lets this person go. The arrival was due at this moment.
    pub(super) async fn live(mut self, due: Instant) {
        let Some(account) = self.arrive(due).await else { return };
        let mut due = Instant::now();
        self.site.tally.count(|counts| counts.online += 1);
        while !self.is_over() {
            due = match self.journey(&account, due).await {
                Ok(Some(next)) => next,
                Ok(None) => break,
                Err(_) => Instant::now() + PAUSE,
            };
            self.rest(due).await;
        }
        self.site.tally.count(|counts| counts.online -= 1);
    }

    fn is_over(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits until this moment, or until the schedule lets this person go.
    async fn rest(&mut self, until: Instant) {
        tokio::select! {
            () = sleep_until(until) => {}
            _ = self.stop.wait_for(|stop| *stop) => {}
        }
    }

    async fn arrive(&mut self, due: Instant) -> Option<Account> {
        while !self.is_over() {
            let name = format!("Person {}", self.nth);
            let signed_in = self.site.sign_in(&name, due).await;
            match self.site.told(signed_in) {
                Ok(account) => return Some(account),
                Err(_) => self.rest(Instant::now() + PAUSE).await,
            }
        }
        None
    }

    /// Lives through one match that was due at this moment. Returns when the next one is due; none if the person left the
    /// queue without a match. Failures are counted where they happen.
    async fn journey(&mut self, account: &Account, due: Instant) -> Result<Option<Instant>, Trouble> {
        let mut from = due;
        for profile in self.site.popular(self.people.profiles as usize, &mut self.chance) {
            let read = self.site.web.profiles(&[profile], from).await;
            self.site.told(read)?;
            from = Instant::now();
        }
        let found = self.find(account, from).await;
        let Some(found) = self.site.told(found)? else { return Ok(None) };
        let matched = Instant::now();
        let talk = Talk::new(&self.site, &self.people, account, &found, self.nth);
        let talked = talk.run(&mut self.stop, &mut self.chance, matched).await;
        let ended = self.site.told(talked)?;
        let read = self.site.web.read(account, Stage::History, Instant::now()).await;
        self.site.told(read)?;
        Ok(Some(ended + Duration::from_secs_f64(self.people.pause_s)))
    }

    /// Enters the queue, and keeps the account of the ticket.
    async fn find(&mut self, account: &Account, due: Instant) -> Result<Option<Match>, Trouble> {
        let player = account.player.id().as_str();
        let mut wait = account.player.enter(&self.people.pool, self.wish()?);
        self.site.seats().enter(player);
        let found = self.wait(&mut wait).await;
        let ticket = match &found {
            Ok(Some(found)) => Ticket::Matched {
                room: found.room.to_string(),
                with: found.with.iter().map(ToString::to_string).collect(),
            },
            Ok(None) => Ticket::Left,
            Err(_) => Ticket::Failed,
        };
        let times = self.site.seats().end(player, ticket);
        for time in times {
            self.site.tally.took(Stage::Match, time);
        }
        if let Ok(Some(_)) = &found {
            self.site.tally.done(Stage::Wait, due);
            self.site.tally.count(|counts| counts.matched += 1);
        }
        found
    }

    async fn wait(&mut self, wait: &mut Wait) -> Result<Option<Match>, Trouble> {
        let (mut deadline, mut is_leaving) = (Instant::now() + MATCH_LIMIT, false);
        loop {
            match wait.state() {
                QueueState::Matched(found) => return Ok(Some(found)),
                QueueState::Out(Out::Left) => return Ok(None),
                QueueState::Out(Out::Refused(refusal))
                    if is_leaving && refusal.code == RefusalCode::NoTicket =>
                {
                    return Ok(None);
                }
                QueueState::Out(out) => return Err(Error::from(out).into()),
                QueueState::Proposed(proposal) if !proposal.accepted => wait.answer(true),
                QueueState::Entering
                | QueueState::Cooldown(_)
                | QueueState::Queued(_)
                | QueueState::Proposed(_) => {}
            }
            if !is_leaving && self.is_over() {
                wait.leave();
                (deadline, is_leaving) = (Instant::now() + LEAVE_LIMIT, true);
            }
            tokio::select! {
                _ = wait.changed() => {}
                _ = self.stop.wait_for(|stop| *stop), if !is_leaving => {}
                () = sleep_until(deadline) => return Err(Trouble::timeout("a match")),
            }
        }
    }

    /// Returns what the person has and wants: each half of the crowd wants the other half.
    fn wish(&self) -> Result<Wish, Trouble> {
        let side = |half: u64| format!("{}/{half}", self.site.mark);
        let (own, other) = (side(self.nth % 2), side(1 - self.nth % 2));
        let wish: Value = json!({ "attrs": { "side": own }, "wants": [{ "attr": "side", "is": other }] });
        serde_json::from_value(wish).map_err(|error| Trouble(format!("invalid: wish: {error}")))
    }
}
