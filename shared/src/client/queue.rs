//! The wait of one player in a lobby: enters, answers proposals, enters again, until the match or the end.

use super::close_policy::Stopped;
use super::outbox::Outcome;
use super::queue_state::{Out, QueueState, QueueStats};
use crate::time::Time;
use crate::wire::frame::Message;
use crate::wire::lobby::{EnterBody, Event, Welcome};
use crate::wire::{Json, Refusal, RefusalCode};
use serde_json::Value;
use std::time::Duration;

/// A past event of a wait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum QueueInput<'a> {
    /// The connection to the lobby is open. The lobby recovers a player who has a ticket.
    Welcomed { lobby: &'a Welcome, recovered: bool },
    /// An event of the lobby arrived.
    Event(&'a Event),
    /// The news of a command.
    Outcome(&'a Outcome),
    /// The player answers the proposed match.
    Answered { accept: bool },
    /// The player leaves the queue.
    Left,
    /// The connection is closed for good.
    Stopped(&'a Stopped),
    /// The time of `wake_at` has come.
    Woke,
}

/// An order of a wait to its shell.
#[derive(Debug, Clone, PartialEq)]
pub enum QueueEffect {
    /// Give a command to the connection, under this key.
    Send { key: String, message: Message },
    /// Close the connection: the wait is over.
    Close,
}

/// The wait of one player. Its key names the ticket: with the same key the same ticket is meant, on any connection.
#[derive(Debug, Clone, PartialEq)]
pub struct Queue {
    key: String,
    body: EnterBody,
    state: QueueState,
    initial: QueueStats,
    /// An `enter` is on its way.
    entering: bool,
    leaving: bool,
    /// Answers so far, which number the keys of the next.
    answers: u64,
}

impl Queue {
    /// A wait that enters once its connection is open.
    #[must_use]
    pub fn new(key: String, body: EnterBody) -> Self {
        let (state, initial) = (QueueState::Entering, QueueStats::default());
        Self { key, body, state, initial, entering: false, leaving: false, answers: 0 }
    }

    /// Returns the state of the player.
    #[must_use]
    pub fn state(&self) -> &QueueState {
        &self.state
    }

    /// Handles an input.
    pub fn handle(&mut self, now: Time, input: QueueInput<'_>) -> Vec<QueueEffect> {
        let was_final = self.state.is_final();
        let mut effects = match input {
            QueueInput::Welcomed { lobby, recovered } => {
                self.initial = QueueStats::of_welcome(lobby, recovered);
                self.enter()
            }
            QueueInput::Event(event) => {
                self.on_event(event);
                Vec::new()
            }
            QueueInput::Outcome(outcome) => {
                self.on_outcome(now, outcome);
                Vec::new()
            }
            QueueInput::Answered { accept } => self.answer(accept),
            QueueInput::Left => self.leave(),
            QueueInput::Stopped(stopped) => {
                self.end(QueueState::Out(Out::Stopped(stopped.clone())));
                return Vec::new();
            }
            QueueInput::Woke => match self.state {
                QueueState::Cooldown(until) if until <= now => {
                    self.state = QueueState::Entering;
                    self.enter()
                }
                _ => Vec::new(),
            },
        };
        if self.state.is_final() && !was_final {
            effects.push(QueueEffect::Close);
        }
        effects
    }

    /// Returns when [`QueueInput::Woke`] is due.
    #[must_use]
    pub fn wake_at(&self) -> Option<Time> {
        match self.state {
            QueueState::Cooldown(until) => Some(until),
            _ => None,
        }
    }

    /// Enters, or says again on a new connection that the ticket is wanted.
    fn enter(&mut self) -> Vec<QueueEffect> {
        let waits = matches!(self.state, QueueState::Cooldown(_));
        if self.entering || self.leaving || waits || self.state.is_final() {
            return Vec::new();
        }
        self.entering = true;
        let body = serde_json::to_value(&self.body).unwrap_or_default();
        vec![Self::send(self.key.clone(), "enter", &body)]
    }

    fn answer(&mut self, accept: bool) -> Vec<QueueEffect> {
        let QueueState::Proposed(proposal) = &mut self.state else { return Vec::new() };
        proposal.accepted |= accept;
        self.answers += 1;
        let op = if accept { "accept" } else { "decline" };
        let key = format!("{} {op} {}", self.key, self.answers);
        vec![Self::send(key, op, &Value::Null)]
    }

    fn leave(&mut self) -> Vec<QueueEffect> {
        if self.leaving || self.state.is_final() {
            return Vec::new();
        }
        self.leaving = true;
        vec![Self::send(self.leave_key(), "leave", &Value::Null)]
    }

    fn leave_key(&self) -> String {
        format!("{} leave", self.key)
    }

    fn send(key: String, op: &str, body: &Value) -> QueueEffect {
        let message = Message { op: op.to_owned(), body: Json::from(body), ..Message::default() };
        QueueEffect::Send { key, message }
    }

    fn on_event(&mut self, event: &Event) {
        if !self.state.is_final() {
            let state = std::mem::replace(&mut self.state, QueueState::Entering);
            self.state = state.after(event, self.initial);
        }
    }

    fn on_outcome(&mut self, now: Time, outcome: &Outcome) {
        let is_enter = outcome.key() == self.key;
        let is_leave = outcome.key() == self.leave_key();
        if is_enter {
            self.entering = false;
        }
        match outcome {
            Outcome::Accepted { .. } if is_leave => self.end(QueueState::Out(Out::Left)),
            Outcome::Refused { refusal, .. } | Outcome::Lost { refusal, .. } if is_enter => {
                self.on_refused_enter(now, refusal);
            }
            // There is no ticket to withdraw, or it is too late because the match is being made.
            Outcome::Refused { refusal, .. } | Outcome::Lost { refusal, .. } if is_leave => {
                self.end(match &refusal.room {
                    Some(room) => QueueState::in_match(room.clone()),
                    None => QueueState::Out(Out::Left),
                });
            }
            // An event tells the outcome of a proposal.
            Outcome::Accepted { .. }
            | Outcome::Durable { .. }
            | Outcome::Refused { .. }
            | Outcome::Lost { .. } => {}
        }
    }

    fn on_refused_enter(&mut self, now: Time, refusal: &Refusal) {
        match (refusal.code, &refusal.room, refusal.after_ms) {
            (RefusalCode::InMatch, Some(room), _) => self.end(QueueState::in_match(room.clone())),
            (RefusalCode::Cooldown, _, Some(after_ms)) => {
                self.state = QueueState::Cooldown(now + Duration::from_millis(after_ms));
            }
            _ => self.end(QueueState::Out(Out::Refused(Box::new(refusal.clone())))),
        }
    }

    fn end(&mut self, state: QueueState) {
        if !self.state.is_final() {
            self.state = state;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::envelope::Event as _;
    use serde_json::json;

    fn queue() -> Queue {
        Queue::new("t".into(), EnterBody::default())
    }

    fn welcome() -> Welcome {
        serde_json::from_value(
            json!({"pool": "duel", "waiting": 3, "estimate_ms": null, "estimate_p90_ms": null}),
        )
        .unwrap()
    }

    fn event(name: &str, body: Value) -> Event {
        let mut fields = serde_json::Map::new();
        fields.insert("body".into(), body);
        Event::read(name, &mut fields).unwrap()
    }

    fn now() -> Time {
        Time::from_ms(0)
    }

    fn ops(effects: &[QueueEffect]) -> Vec<&str> {
        effects
            .iter()
            .map(|effect| match effect {
                QueueEffect::Send { message, .. } => message.op.as_str(),
                QueueEffect::Close => "close",
            })
            .collect()
    }

    fn queued() -> Event {
        event("queued", json!({"ticket": "t_1", "since": 5, "key": "t"}))
    }

    fn proposed() -> Event {
        event("proposed", json!({"match": "m_1", "with": ["p_b"], "until": 9, "accepted": false}))
    }

    fn refused(key: &str, refusal: Refusal) -> Outcome {
        Outcome::Refused { key: key.into(), refusal: Box::new(refusal) }
    }

    #[test]
    fn each_connection_enters_with_the_same_key_once_the_last_is_answered() {
        let mut queue = queue();
        assert_eq!(
            ops(&queue.handle(now(), QueueInput::Welcomed { lobby: &welcome(), recovered: false })),
            ["enter"]
        );
        assert!(
            queue.handle(now(), QueueInput::Welcomed { lobby: &welcome(), recovered: false }).is_empty(),
            "the outbox repeats it"
        );
        queue.handle(now(), QueueInput::Event(&queued()));
        queue.handle(now(), QueueInput::Outcome(&Outcome::Accepted { key: "t".into(), ok: Value::Null }));
        assert_eq!(
            ops(&queue.handle(now(), QueueInput::Welcomed { lobby: &welcome(), recovered: false })),
            ["enter"]
        );
        // The welcome has three others.
        assert_eq!(queue.state().ticket().map(|queued| queued.stats.waiting), Some(Some(4)));
    }

    #[test]
    fn accepted_proposal_becomes_a_match() {
        let mut queue = queue();
        queue.handle(now(), QueueInput::Event(&queued()));
        queue.handle(now(), QueueInput::Event(&proposed()));
        assert_eq!(ops(&queue.handle(now(), QueueInput::Answered { accept: true })), ["accept"]);
        let matched = event("matched", json!({"match": "m_1", "room": "m_1", "with": ["p_b"]}));
        assert_eq!(ops(&queue.handle(now(), QueueInput::Event(&matched))), ["close"]);
        assert!(matches!(queue.state(), QueueState::Matched(found) if found.room.as_str() == "m_1"));
        // The close of the lobby follows, and changes nothing.
        let stopped = Stopped { code: 4000, why: "bye".into(), signed_out: false };
        assert!(queue.handle(now(), QueueInput::Stopped(&stopped)).is_empty());
        assert!(matches!(queue.state(), QueueState::Matched(_)));
    }

    #[test]
    fn returned_ticket_keeps_its_time() {
        let mut queue = queue();
        queue.handle(now(), QueueInput::Event(&queued()));
        queue.handle(now(), QueueInput::Event(&proposed()));
        let returned = event("returned", json!({"ticket": "t_1", "since": 5, "reason": "no_answer"}));
        queue.handle(now(), QueueInput::Event(&returned));
        assert_eq!(queue.state().ticket().map(|queued| queued.since.ms()), Some(5));
    }

    #[test]
    fn cooldown_ends_with_another_entry() {
        let mut queue = queue();
        queue.handle(now(), QueueInput::Welcomed { lobby: &welcome(), recovered: false });
        let refusal = Refusal::new(RefusalCode::Cooldown, "").retry_after(Duration::from_secs(30));
        queue.handle(now(), QueueInput::Outcome(&refused("t", refusal)));
        assert_eq!(queue.wake_at(), Some(Time::from_ms(30_000)));
        assert!(queue.handle(Time::from_ms(29_999), QueueInput::Woke).is_empty());
        assert_eq!(ops(&queue.handle(Time::from_ms(30_000), QueueInput::Woke)), ["enter"]);
    }

    #[test]
    fn refusals_end_the_wait_and_a_match_is_found() {
        let room = Some("m_2".parse().unwrap());
        let in_match = Refusal { room, ..Refusal::new(RefusalCode::InMatch, "") };
        for (key, refusal, is_match) in [
            ("t", Refusal::new(RefusalCode::Banned, ""), false),
            ("t", in_match.clone(), true),
            ("t leave", Refusal::new(RefusalCode::NoTicket, ""), false),
            ("t leave", in_match, true),
        ] {
            let mut queue = queue();
            assert_eq!(ops(&queue.handle(now(), QueueInput::Outcome(&refused(key, refusal)))), ["close"]);
            assert_eq!(matches!(queue.state(), QueueState::Matched(_)), is_match, "{key}");
        }
    }

    #[test]
    fn player_who_leaves_does_not_enter_on_the_next_connection() {
        let mut queue = queue();
        assert_eq!(ops(&queue.handle(now(), QueueInput::Left)), ["leave"]);
        assert!(queue.handle(now(), QueueInput::Welcomed { lobby: &welcome(), recovered: false }).is_empty());
        let accepted = Outcome::Accepted { key: "t leave".into(), ok: json!({}) };
        assert_eq!(ops(&queue.handle(now(), QueueInput::Outcome(&accepted))), ["close"]);
        assert_eq!(queue.state(), &QueueState::Out(Out::Left));
    }
}
