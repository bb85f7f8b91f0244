//! Somebody who follows a room through every interruption: resumes, repeats by key until durable, keeps one log, and
//! notices whatever breaks a promise.

mod ledger;
mod outgoing;

use std::time::Duration;

use serde_json::{Value, json};
use shared::protocol::Close;
use tokio::time::{Instant, sleep_until, timeout};

use super::{Goodbye, Got, Opening, Socket, at, ev, num, text};
pub use ledger::{Ledger, Violation};
use outgoing::Outgoing;

/// How long an opening may take before it is tried again.
const OPENING: Duration = Duration::from_secs(5);
/// The first wait after a lost socket; it doubles up to the second.
const AGAIN: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(640));

/// The longest wait before the first try, where it was not the client that dropped the connection.
const JITTER: Duration = Duration::from_millis(1500);

/// A random part of a span.
fn part_of(span: Duration) -> Duration {
    let mut byte = [0u8; 1];
    let _ = getrandom::fill(&mut byte);
    span * u32::from(u8::from_le_bytes(byte)) / 256
}

/// A client of one room that survives its sockets.
#[derive(Debug)]
pub struct Follower {
    opening: Opening,
    socket: Option<Socket>,
    /// What it knows of the room.
    pub ledger: Ledger,
    outgoing: Outgoing,
    epoch: Option<String>,
    wait: Duration,
    next_try: Instant,
    lost_since: Option<Instant>,
    /// How long it took from each lost socket to the next welcome.
    pub resumes: Vec<Duration>,
    /// How the last socket ended, where the server said so for good.
    pub ended: Option<Goodbye>,
    /// Close codes that came, in order.
    pub codes: Vec<u16>,
}

impl Follower {
    /// Somebody who will follow the room of this opening.
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

    /// Opens the first socket only after a while.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.next_try = Instant::now() + wait;
        self
    }

    /// Says something, now or as soon as possible, once for all. Returns its key.
    pub fn say(&mut self, body: &Value) -> String {
        let key = super::unique();
        self.outgoing.push(&key, json!({ "op": "say", "key": key, "body": body }));
        key
    }

    /// How much that was said is not yet reported durable.
    #[must_use]
    pub fn unsettled(&self) -> usize {
        self.outgoing.len()
    }

    /// What was said and reported durable: each key with its position.
    pub fn settled(&self) -> impl Iterator<Item = (&str, u64)> {
        self.outgoing.settled()
    }

    /// Drops the connection without a word. The next step opens another.
    pub fn cut(&mut self) {
        if let Some(socket) = self.socket.take() {
            socket.cut();
            self.lost();
        }
    }

    /// Whether a socket is open and welcomed.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.socket.is_some()
    }

    /// One thing that happens, or nothing until then: a socket opened, a message taken, a socket lost.
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

    /// Steps until `done`, or until the deadline; whether it was done.
    pub async fn until(&mut self, deadline: Instant, done: impl Fn(&Self) -> bool) -> bool {
        while !done(self) {
            if Instant::now() >= deadline {
                return false;
            }
            self.step(deadline).await;
        }
        true
    }

    /// Whether the last socket ended because its token's time was up.
    #[must_use]
    pub fn needs_token(&self) -> bool {
        self.socket.is_none() && self.codes.last() == Some(&Close::TokenExpired.code())
    }

    /// Goes on with a new way in: the same room, a newer token.
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
            Ok(Ok((socket, Got::Message(welcome)))) if ev(&welcome) == "welcome" => {
                self.socket = Some(socket);
                self.wait = AGAIN.0;
                self.welcomed(&welcome);
            }
            Ok(Ok((_, Got::Closed(goodbye)))) => self.goodbye(goodbye),
            // Nobody there, or too late: again after a while.
            Ok(Ok(_) | Err(_)) | Err(_) => {}
        }
    }

    fn welcomed(&mut self, welcome: &Value) {
        if let Some(since) = self.lost_since.take() {
            self.resumes.push(since.elapsed());
        }
        let epoch = text(welcome, "/epoch").to_owned();
        let recovered = welcome.get("recovered") == Some(&Value::Bool(true));
        self.ledger.welcome(welcome, recovered, self.epoch.as_deref() == Some(epoch.as_str()));
        self.outgoing.anew();
        self.epoch = Some(epoch);
        self.durable(num(welcome, "/durable").unwrap_or(0));
    }

    fn durable(&mut self, to: u64) {
        self.ledger.durable(to);
        self.outgoing.durable(to);
    }

    fn take(&mut self, got: Got) {
        let message = match got {
            Got::Message(message) => message,
            Got::Pong => return,
            Got::Closed(goodbye) => {
                self.socket = None;
                self.lost();
                // Everybody in the room lost the same server: not all at once.
                self.next_try += part_of(JITTER);
                return self.goodbye(goodbye);
            }
        };
        if let Some(id) = num(&message, "/id") {
            return self.outgoing.answered(id, &message, Instant::now());
        }
        match ev(&message) {
            "durable" => self.durable(num(&message, "/to").unwrap_or(0)),
            // What was said since may be missing here: the next welcome has it.
            "resync" => self.broken(),
            _ => {
                if at(&message).is_some() && !self.ledger.event(&message) {
                    self.broken();
                }
            }
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

    /// 4000–4099 are for good; after all others one comes back.
    fn goodbye(&mut self, goodbye: Goodbye) {
        self.codes.push(goodbye.code);
        if (4000..4100).contains(&goodbye.code) {
            self.ended = Some(goodbye);
            self.next_try = Instant::now() + Duration::from_secs(3600);
        }
    }
}
