//! One connection to one object over all of its sockets: opens, watches, reconnects and resumes.

mod io;
mod messages;
#[cfg(test)]
mod tests;

pub use io::{BROKEN, CLOSE_TO_RESUME, ConnectionState, Effect, Input, Options, TokenFailure};

use super::close_policy::{CloseAction, Closed, Stopped};
use super::heartbeat::{Beat, Heartbeat};
use super::log_position::{LogPosition, Manner};
use super::object::Object;
use super::outbox::Pending;
use super::sender::Sender;
use crate::time::Time;
use crate::wire::frame::Message;
use crate::wire::{AuthBody, Json, PING};
use serde_json::json;
use std::collections::VecDeque;
use std::time::Duration;

/// A connection that lasted this long was stable: the next failure counts as the first again.
const STABLE_AFTER: Duration = Duration::from_secs(10);
/// The wait before a failed renewal of the token is tried again while the connection is open.
const RENEW_AGAIN: Duration = Duration::from_secs(5);
/// The code of a connection that the application closed.
const CLOSED_HERE: u16 = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The next attempt is at this time.
    Waiting(Time),
    /// A token was asked for.
    Authorizing,
    /// A socket is opening, and its welcome must come by this time.
    Opening(Time),
    /// Open since this time.
    Open(Time),
    Stopped,
}

/// A connection that reconnects by itself until it is closed for good.
#[derive(Debug, Clone, PartialEq)]
pub struct Connection<O: Object> {
    stage: Stage,
    position: LogPosition,
    /// The epoch of the last welcome, which a resync does not end.
    epoch: Option<String>,
    /// It yields while a newer connection of the player is in the way.
    manner: Manner,
    sender: Sender,
    heartbeat: Heartbeat,
    /// Connections in a row that did not last.
    failures: u32,
    was_open: bool,
    needs_new_token: bool,
    /// The token of the current socket.
    token: String,
    renew_at: Option<Time>,
    random: u64,
    opening_timeout: Duration,
    effects: VecDeque<Effect<O>>,
}

impl<O: Object> Connection<O> {
    /// A connection that connects at its first `wake_at`, which is at once.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let Options { position, watches, seed, opening_timeout } = options;
        Self {
            stage: Stage::Waiting(Time::default()),
            position,
            epoch: None,
            manner: Manner { watches, yields: false },
            sender: Sender::new(O::OPS),
            heartbeat: Heartbeat::default(),
            failures: 0,
            was_open: false,
            needs_new_token: false,
            token: String::new(),
            renew_at: None,
            random: seed,
            opening_timeout,
            effects: VecDeque::new(),
        }
    }

    /// Returns the last position that the client has seen.
    #[must_use]
    pub fn position(&self) -> &LogPosition {
        &self.position
    }

    /// Returns true while the object has welcomed the client.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open(_))
    }

    /// Returns the commands that are not durable yet, oldest first. After the end they are those without an outcome.
    pub fn pending(&self) -> impl Iterator<Item = Pending<'_>> {
        self.sender.pending()
    }

    /// Handles an input. `now` must never go back.
    pub fn handle(&mut self, now: Time, input: Input<'_>) -> Vec<Effect<O>> {
        if self.stage == Stage::Stopped {
            return Vec::new();
        }
        match input {
            Input::Send(commands) => {
                for (key, message) in commands {
                    self.sender.put(key, message);
                }
            }
            Input::SendEphemeral(message) => self.sender.put_ephemeral(message),
            Input::Withdraw(key) => {
                self.sender.remove(key);
            }
            Input::Token { token, renew_at } => self.on_token(now, token, renew_at),
            Input::NoToken(failure) => self.on_no_token(now, failure),
            Input::Text(text) => self.on_text(now, text),
            Input::Closed { code, reason } => {
                // A socket that this machine has dropped may still report its end.
                if matches!(self.stage, Stage::Opening(_) | Stage::Open(_)) {
                    self.on_close(now, code, reason, None);
                }
            }
            Input::Woke => self.on_woke(now),
            Input::Disconnect(after) => {
                if matches!(self.stage, Stage::Opening(_) | Stage::Open(_)) {
                    self.on_close(now, BROKEN, r#"{"why":"dropped"}"#, after);
                }
            }
            Input::Close => {
                self.stop(Stopped { code: CLOSED_HERE, why: "closed here".into(), signed_out: false });
            }
        }
        let frames = self.sender.flush(now);
        self.effects.extend(frames.into_iter().map(Effect::Send));
        self.effects.drain(..).collect()
    }

    /// Returns when [`Input::Woke`] is due.
    #[must_use]
    pub fn wake_at(&self) -> Option<Time> {
        match self.stage {
            Stage::Waiting(at) | Stage::Opening(at) => Some(at),
            Stage::Authorizing | Stage::Stopped => None,
            Stage::Open(_) => {
                let times = [self.heartbeat.wake_at(), self.renew_at, self.sender.wake_at()];
                times.into_iter().flatten().min()
            }
        }
    }

    fn on_woke(&mut self, now: Time) {
        match self.stage {
            Stage::Waiting(at) if at <= now => {
                self.stage = Stage::Authorizing;
                self.effects.push_back(Effect::State(ConnectionState::Connecting));
                self.effects.push_back(Effect::GetToken { renew: self.needs_new_token });
            }
            Stage::Opening(at) if at <= now => self.on_close(now, BROKEN, "", None),
            Stage::Open(_) => self.on_beat(now),
            Stage::Waiting(_) | Stage::Opening(_) | Stage::Authorizing | Stage::Stopped => {}
        }
    }

    fn on_beat(&mut self, now: Time) {
        if self.renew_at.take_if(|at| *at <= now).is_some() {
            self.effects.push_back(Effect::GetToken { renew: false });
        }
        while let Some(beat) = self.heartbeat.due(now) {
            match beat {
                Beat::Ping => self.effects.push_back(Effect::Send(PING.to_owned())),
                Beat::Seen(at) => self.say_of_its_own("seen", &json!({ "at": at })),
                Beat::Silence => return self.on_close(now, BROKEN, r#"{"why":"silent"}"#, None),
            }
        }
    }

    fn on_token(&mut self, now: Time, token: String, renew_at: Time) {
        match self.stage {
            Stage::Authorizing => {
                self.needs_new_token = false;
                self.stage = Stage::Opening(now + self.opening_timeout);
                let query = self.position.query(self.manner);
                self.effects.push_back(Effect::Open { token: token.clone(), query });
            }
            // In time, so that the server does not close the connection when the old token expires.
            Stage::Open(_) if token != self.token => {
                let body = AuthBody { token: token.clone() };
                self.say_of_its_own("auth", &json!(body));
            }
            Stage::Open(_) => {}
            Stage::Waiting(_) | Stage::Opening(_) | Stage::Stopped => return,
        }
        self.token = token;
        self.renew_at = Some(renew_at);
    }

    fn on_no_token(&mut self, now: Time, failure: TokenFailure) {
        match (self.stage, failure) {
            (Stage::Authorizing, TokenFailure::Ended(why)) => {
                let code = crate::wire::CloseCode::SessionRevoked.code();
                self.stop(Stopped { code, why, signed_out: true });
            }
            (Stage::Authorizing, TokenFailure::Unavailable) => self.on_close(now, BROKEN, "", None),
            (Stage::Open(_), _) => self.renew_at = Some(now + RENEW_AGAIN),
            (Stage::Waiting(_) | Stage::Opening(_) | Stage::Stopped, _) => {}
        }
    }

    fn say_of_its_own(&mut self, op: &str, body: &serde_json::Value) {
        let message = Message { op: op.to_owned(), body: Json::from(body), ..Message::default() };
        self.sender.put_ephemeral(message);
    }

    /// Handles a lost connection. `after` overrides the wait of the close policy.
    fn on_close(&mut self, now: Time, code: u16, reason: &str, after: Option<Duration>) {
        if let Stage::Open(since) = self.stage
            && now.since(since) > STABLE_AFTER
        {
            self.failures = 0;
        }
        let closed = Closed { code, reason, failures: self.failures, was_open: self.was_open };
        let (wait, why) = match closed.next(self.chance()) {
            CloseAction::Stop(stopped) => return self.stop(stopped),
            CloseAction::StandBy { after, why } => {
                self.manner.yields = true;
                (after, why)
            }
            CloseAction::Resume { after, why, new_token } => {
                self.manner.yields = false;
                self.needs_new_token |= new_token;
                (after, why)
            }
        };
        self.failures += 1;
        self.drop_socket();
        let until = now + after.unwrap_or(wait);
        self.stage = Stage::Waiting(until);
        self.effects.push_back(Effect::State(ConnectionState::Waiting { until, code, why }));
    }

    fn stop(&mut self, stopped: Stopped) {
        self.drop_socket();
        self.stage = Stage::Stopped;
        self.effects.push_back(Effect::State(ConnectionState::Stopped(stopped)));
    }

    fn drop_socket(&mut self) {
        if matches!(self.stage, Stage::Opening(_) | Stage::Open(_)) {
            self.effects.push_back(Effect::CloseSocket);
        }
        self.heartbeat.stop();
        self.sender.disconnected();
        self.renew_at = None;
    }

    /// Draws a random number: the next of splitmix64.
    fn chance(&mut self) -> u32 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.random;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u32::try_from(bits >> 32).unwrap_or_default()
    }
}
