//! A client of one room that reconnects: it resumes, repeats commands by key until they are durable, keeps
//! one log, and records broken promises.

mod ledger;
mod outgoing;

use std::time::Duration;

use serde_json::{Value, json};
use shared::wire::CloseCode;
use shared::wire::room::{self, RoomMessage};
use shared::wire::welcome::Welcome;
use tokio::time::{Instant, sleep_until, timeout};

use super::{Opening, Received, RoomEvent, Socket, SocketClose};
pub use ledger::{Ledger, Violation};
use outgoing::Outgoing;

/// Limit for an opening before it is tried again.
const OPENING: Duration = Duration::from_secs(5);
/// The first wait after a lost socket, and the longest; the wait doubles.
const AGAIN: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(640));

/// The longest wait before the first try when the server closed the connection.
const JITTER: Duration = Duration::from_millis(1500);

/// Returns a random part of a span.
fn part_of(span: Duration) -> Duration {
    let mut byte = [0u8; 1];
    let _ = getrandom::fill(&mut byte);
    span * u32::from(u8::from_le_bytes(byte)) / 256
}

/// A client of one room that survives its sockets.
#[derive(Debug)]
pub struct RoomClient {
    opening: Opening,
    socket: Option<Socket>,
    /// The log that the client received.
    pub ledger: Ledger,
    outgoing: Outgoing,
    epoch: Option<String>,
    wait: Duration,
    next_try: Instant,
    lost_since: Option<Instant>,
    /// The time from each lost socket to the next welcome.
    pub resumes: Vec<Duration>,
    /// The last close, if its code is final.
    pub ended: Option<SocketClose>,
    /// Received close codes, in order.
    pub codes: Vec<u16>,
}

impl RoomClient {
    /// A client that connects at its first step.
    #[must_use]
    pub fn new(opening: Opening) -> Self {
        Self {
            opening,
            socket: None,
            ledger: Ledger::default(),
            outgoing: Outgoing::default(),
            epoch: None,
            wait: AGAIN.0,
            next_try: Instant::now(),
            lost_since: None,
            resumes: Vec::new(),
            ended: None,
            codes: Vec::new(),
        }
    }

    /// Delays the first connection.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.next_try = Instant::now() + wait;
        self
    }

    /// Queues a `say` command, which is sent until it is durable. Returns its key.
    pub fn say(&mut self, body: &Value) -> String {
        let key = super::unique();
        self.outgoing.push(&key, json!({ "op": "say", "key": key, "body": body }));
        key
    }

    /// Queues a `leave` command: the server answers by closing the socket for good.
    pub fn leave(&mut self) {
        let key = super::unique();
        self.outgoing.push(&key, json!({ "op": "leave", "key": key }));
    }

    /// Returns the number of commands that are not yet reported durable.
    #[must_use]
    pub fn unsettled(&self) -> usize {
        self.outgoing.len()
    }

    /// Returns the commands that were reported durable: each key with its position.
    pub fn settled(&self) -> impl Iterator<Item = (&str, u64)> {
        self.outgoing.settled()
    }

    /// Drops the connection without a close frame. The next step opens another.
    pub fn cut(&mut self) {
        if let Some(socket) = self.socket.take() {
            socket.cut();
            self.lost();
        }
    }

    /// Returns true if a socket is open and welcomed.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.socket.is_some()
    }

    /// Processes one input: opens a socket, reads a message or loses a socket. Returns at `until` if nothing
    /// happens.
    pub async fn step(&mut self, until: Instant) {
        if self.socket.is_none() {
            sleep_until(self.next_try.min(until)).await;
            if self.next_try <= Instant::now() {
                self.open().await;
            }
            return;
        }
        if let Some(socket) = &mut self.socket
            && let Some(frame) = self.outgoing.frame(Instant::now())
            && !matches!(timeout(OPENING, socket.raw(frame)).await, Ok(Ok(())))
        {
            return self.broken();
        }
        let pause = self.outgoing.pause(Instant::now()).min(until);
        let Some(socket) = &mut self.socket else {
            return;
        };
        tokio::select! {
            got = socket.next_ever() => self.take(got),
            () = sleep_until(pause) => {}
        }
    }

    /// Steps until `done`, or until the deadline. Returns true if it is done.
    pub async fn until(&mut self, deadline: Instant, done: impl Fn(&Self) -> bool) -> bool {
        while !done(self) {
            if Instant::now() >= deadline {
                return false;
            }
            self.step(deadline).await;
        }
        true
    }

    /// Returns true if the last socket was closed because its token expired.
    #[must_use]
    pub fn needs_token(&self) -> bool {
        self.socket.is_none() && self.codes.last() == Some(&CloseCode::TokenExpired.code())
    }

    /// Replaces the request for sockets, for example with a newer token.
    pub fn reopen(&mut self, opening: Opening) {
        self.opening = opening;
        self.next_try = Instant::now();
    }

    async fn open(&mut self) {
        self.next_try = Instant::now() + self.wait;
        self.wait = (self.wait * 2).min(AGAIN.1);
        let opening = match &self.epoch {
            Some(epoch) => self.opening.clone().resume(epoch, self.ledger.at()),
            None => self.opening.clone(),
        };
        let first = timeout(OPENING, async {
            let mut socket = opening.connect().await?;
            let got = socket.next_ever().await;
            anyhow::Ok((socket, got))
        });
        match first.await {
            Ok(Ok((socket, Received::Message(message)))) => match RoomMessage::read(message) {
                Ok(RoomMessage::Welcome(welcome)) => {
                    self.socket = Some(socket);
                    self.wait = AGAIN.0;
                    self.welcomed(*welcome);
                }
                Ok(other) => self.ledger.violation(Violation::Order(format!("{other:?} before the welcome"))),
                Err(error) => self.ledger.violation(Violation::Unreadable(error.to_string())),
            },
            Ok(Ok((_, Received::Closed(close)))) => self.closed(close),
            // The server is unreachable or too slow: tried again after the wait.
            Ok(Ok(_) | Err(_)) | Err(_) => {}
        }
    }

    fn welcomed(&mut self, welcome: Welcome<room::Welcome>) {
        if let Some(since) = self.lost_since.take() {
            self.resumes.push(since.elapsed());
        }
        self.ledger.welcome(&welcome, self.epoch.as_ref() == Some(&welcome.epoch));
        self.outgoing.restart();
        self.durable(welcome.durable);
        self.epoch = Some(welcome.epoch);
    }

    fn durable(&mut self, to: u64) {
        self.ledger.durable(to);
        self.outgoing.durable(to);
    }

    fn take(&mut self, got: Received) {
        let message = match got {
            Received::Message(message) => message,
            Received::Pong => return,
            Received::Closed(close) => {
                self.socket = None;
                self.lost();
                // All clients of the room lost the same server and must not reconnect at once.
                self.next_try += part_of(JITTER);
                return self.closed(close);
            }
        };
        match RoomMessage::read(message) {
            Ok(RoomMessage::Reply(reply)) => self.outgoing.answered(&reply, Instant::now()),
            Ok(RoomMessage::Event(envelope)) => match envelope.event {
                RoomEvent::Durable { to } => self.durable(to),
                // Events may be missing here; the next welcome has them.
                RoomEvent::Resync => self.broken(),
                _ => {
                    if envelope.at.is_some() && !self.ledger.event(envelope) {
                        self.broken();
                    }
                }
            },
            Ok(RoomMessage::Welcome(_)) => {
                self.ledger.violation(Violation::Order("a second welcome on one socket".into()));
            }
            Err(error) => self.ledger.violation(Violation::Unreadable(error.to_string())),
        }
    }

    fn broken(&mut self) {
        self.socket = None;
        self.lost();
    }

    fn lost(&mut self) {
        self.next_try = Instant::now();
        self.lost_since.get_or_insert_with(Instant::now);
    }

    /// Codes 4000–4099 are final; after all others the client reconnects.
    fn closed(&mut self, close: SocketClose) {
        self.codes.push(close.code);
        if (4000..4100).contains(&close.code) {
            self.ended = Some(close);
            self.next_try = Instant::now() + Duration::from_secs(3600);
        }
    }
}
