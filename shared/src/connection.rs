//! One client connection: identity, rate limit, unreadable frames and token. Rooms, lobbies and me sockets share it.

use crate::id::{PlayerId, SessionId};
use crate::limits;
use crate::metrics::{Counter, Observed};
use crate::resilience::token_bucket::{Bucket, Pace};
use crate::time::Time;
use crate::wire::envelope::{self, Text};
use crate::wire::frame::Unread;
use crate::wire::{ClientCommand, CloseCode, Message, Refusal, RefusalCode, decode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The number of a socket within its object. A number is not used again while the socket is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Conn(pub u32);

/// The identity of a socket, from its verified token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub player: PlayerId,
    /// The session of the login.
    pub sid: SessionId,
    /// The auth epoch of the token.
    #[serde(default)]
    pub ep: u64,
    /// The expiry of the token.
    pub exp: Time,
}

impl Identity {
    /// Returns true if a token of this identity may replace one of `other`: it is of the same login, and not older
    /// than the last sign-out everywhere.
    #[must_use]
    pub fn renews(&self, other: &Self) -> bool {
        self.player == other.player && self.sid == other.sid && self.ep >= other.ep
    }
}

/// The identity of one socket, and what it may forget after a restart: its rate limit and its unreadable frames.
#[derive(Debug, Clone)]
pub struct ConnectionGuard {
    pub identity: Identity,
    bucket: Bucket,
    /// Unreadable frames in a row.
    faulty: u32,
    /// Messages in a row that were refused for their rate.
    refused: u32,
}

/// An input from one socket, the same for every object.
#[derive(Debug, Clone, PartialEq)]
pub enum ConnectionInput<'a> {
    /// A text frame arrived. A late frame of a replaced socket is ignored.
    Text { conn: Conn, text: &'a str },
    /// A binary frame arrived.
    Binary { conn: Conn, bytes: usize },
    /// The socket was closed. It may be reported twice.
    Closed { conn: Conn },
    /// The shell verified the token of an `auth` command.
    Renewed {
        conn: Conn,
        /// The id of the command.
        id: Option<Value>,
        /// The identity of the token, or the reason for which it is invalid.
        verdict: Result<Identity, String>,
    },
}

/// An object with sockets, as the inbound path drives it.
pub trait Endpoint {
    /// The commands of the object.
    type Command: ClientCommand;
    /// The results of its commands.
    type Reply: Serialize;

    /// Returns the guard of an open socket.
    fn guard(&mut self, conn: Conn) -> Option<&mut ConnectionGuard>;

    /// Returns the guards of all open sockets.
    fn guards(&self) -> impl Iterator<Item = (Conn, &ConnectionGuard)>;

    /// Returns the counts of the object.
    fn observed(&mut self) -> &mut Observed;

    /// Returns false if the deployment lifts the rate limit of messages.
    fn is_rate_limited(&self) -> bool {
        true
    }

    /// Executes a command; none where the reply follows later, or never.
    fn execute(
        &mut self,
        now: Time,
        conn: Conn,
        message: &Message,
        command: Self::Command,
    ) -> Option<Result<Self::Reply, Refusal>>;

    /// Sends a message to one socket.
    fn send(&mut self, conn: Conn, text: Text);

    /// Sends the reply to a command with `ack`, after the write. Only objects with a log have such commands.
    fn send_durable(&mut self, conn: Conn, text: Option<Text>) {
        if let Some(text) = text {
            self.send(conn, text);
        }
    }

    /// Has the shell verify a token; its answer is [`ConnectionInput::Renewed`].
    fn verify(&mut self, conn: Conn, id: Option<Value>, token: String);

    /// Stores the changed identity with the socket.
    fn attach(&mut self, conn: Conn);

    /// Closes a socket, and forgets it as [`Endpoint::closed`] does.
    fn close(&mut self, now: Time, conn: Conn, code: CloseCode);

    /// Forgets a socket that is closed.
    fn closed(&mut self, now: Time, conn: Conn);
}

const PACE: Pace = Pace { per_s: limits::MESSAGE_RATE_PER_S, burst: limits::MESSAGE_RATE_BURST };
/// Refusals in a row for the rate before the socket is closed.
const REFUSALS_MAX: u32 = 10 * limits::MESSAGE_RATE_BURST;

/// The content of a frame.
#[derive(Debug)]
enum Parsed {
    /// The messages in order.
    Messages(Vec<Result<Message, Unread>>),
    /// The frame cannot be read as a whole.
    Unreadable(Refusal),
    /// The frame is too large.
    TooBig,
}

/// The rate limit's answer to one message.
enum Paced {
    Within,
    TooFast(Refusal),
    FarTooFast,
}

impl ConnectionGuard {
    /// The guard of a new socket.
    #[must_use]
    pub fn new(identity: Identity, now: Time) -> Self {
        Self { identity, bucket: Bucket::full(PACE, now), faulty: 0, refused: 0 }
    }

    /// Returns true if the token has expired.
    #[must_use]
    pub fn has_expired(&self, now: Time) -> bool {
        self.identity.exp <= now
    }

    /// Counts one message against the rate limit.
    fn pace(&mut self, now: Time) -> Paced {
        let Err(wait) = self.bucket.take(PACE, now) else {
            self.refused = 0;
            return Paced::Within;
        };
        self.refused += 1;
        if self.refused > REFUSALS_MAX {
            return Paced::FarTooFast;
        }
        let Pace { per_s, burst } = PACE;
        let message = format!("at most {per_s} messages a second, {burst} at once");
        Paced::TooFast(Refusal::new(RefusalCode::TooFast, message).retry_after(wait))
    }

    /// Counts an unreadable frame; returns true if it is one too many.
    fn count_fault(&mut self) -> bool {
        self.faulty += 1;
        self.faulty >= limits::FAULTY_FRAMES_MAX
    }

    fn reset_faults(&mut self) {
        self.faulty = 0;
    }
}

/// Handles one input of a socket.
pub fn handle<E: Endpoint>(endpoint: &mut E, now: Time, input: ConnectionInput<'_>) {
    match input {
        ConnectionInput::Text { conn, text } => receive(endpoint, now, conn, parse_frame(text)),
        ConnectionInput::Binary { conn, bytes } => receive(endpoint, now, conn, parse_binary(bytes)),
        ConnectionInput::Closed { conn } => endpoint.closed(now, conn),
        ConnectionInput::Renewed { conn, id, verdict } => renew(endpoint, conn, id.as_ref(), verdict),
    }
}

/// Closes the sockets whose token has expired, and returns when the next token expires. It runs with every input, so that
/// an idle object needs no alarm.
pub fn expire<E: Endpoint>(endpoint: &mut E, now: Time) -> Time {
    let expired = endpoint.guards().filter(|(_, guard)| guard.has_expired(now));
    let expired: Vec<Conn> = expired.map(|(conn, _)| conn).collect();
    for conn in expired {
        endpoint.close(now, conn, CloseCode::TokenExpired);
    }
    let expiries = endpoint.guards().map(|(_, guard)| guard.identity.exp);
    expiries.min().unwrap_or(Time::from_ms(u64::MAX))
}

/// Handles the messages of a frame in order, until one of them closes the socket.
fn receive<E: Endpoint>(endpoint: &mut E, now: Time, conn: Conn, parsed: Parsed) {
    let Some(guard) = endpoint.guard(conn) else {
        return;
    };
    if guard.has_expired(now) {
        return endpoint.close(now, conn, CloseCode::TokenExpired);
    }
    match parsed {
        Parsed::TooBig => endpoint.close(now, conn, CloseCode::TooBig),
        Parsed::Unreadable(refusal) => count_fault(endpoint, now, conn, &refusal),
        // An empty frame costs as much as a message.
        Parsed::Messages(messages) if messages.is_empty() => {
            let paced = guard.pace(now);
            if matches!(paced, Paced::FarTooFast) && endpoint.is_rate_limited() {
                endpoint.close(now, conn, CloseCode::TooFast);
            }
        }
        Parsed::Messages(messages) => {
            for message in messages {
                receive_message(endpoint, now, conn, message);
            }
        }
    }
}

fn receive_message<E: Endpoint>(endpoint: &mut E, now: Time, conn: Conn, message: Result<Message, Unread>) {
    let is_rate_limited = endpoint.is_rate_limited();
    let Some(guard) = endpoint.guard(conn) else {
        return;
    };
    match if is_rate_limited { guard.pace(now) } else { Paced::Within } {
        Paced::Within => {}
        Paced::TooFast(refusal) => {
            endpoint.observed().count(Counter::LimitedMessages);
            if let Some(id) = id_of(&message) {
                endpoint.send(conn, envelope::err(Some(id), &refusal));
            }
            return;
        }
        Paced::FarTooFast => return endpoint.close(now, conn, CloseCode::TooFast),
    }
    match message {
        Ok(message) => {
            guard.reset_faults();
            execute(endpoint, now, conn, &message);
        }
        Err(Unread { id: None, refusal }) => count_fault(endpoint, now, conn, &refusal),
        Err(Unread { id: Some(id), refusal }) => {
            endpoint.observed().command(Some(&refusal));
            endpoint.send(conn, envelope::err(Some(&id), &refusal));
        }
    }
}

fn execute<E: Endpoint>(endpoint: &mut E, now: Time, conn: Conn, message: &Message) {
    let result = match E::Command::read(message).map(ClientCommand::into_token) {
        Ok(Ok(token)) => return endpoint.verify(conn, message.id.clone(), token),
        Ok(Err(command)) => match endpoint.execute(now, conn, message, command) {
            None => return,
            Some(result) => result,
        },
        Err(refusal) => Err(refusal),
    };
    let id = message.id.as_ref();
    endpoint.observed().command(result.as_ref().err());
    match result {
        Ok(body) if message.durable => endpoint.send_durable(conn, id.map(|id| envelope::ok(id, &body))),
        Ok(body) => {
            if let Some(id) = id {
                endpoint.send(conn, envelope::ok(id, &body));
            }
        }
        Err(refusal) => {
            if let Some(id) = id {
                endpoint.send(conn, envelope::err(Some(id), &refusal));
            }
        }
    }
}

/// Answers an unreadable frame, and closes the socket after three in a row.
fn count_fault<E: Endpoint>(endpoint: &mut E, now: Time, conn: Conn, refusal: &Refusal) {
    let Some(guard) = endpoint.guard(conn) else {
        return;
    };
    let too_many = guard.count_fault();
    endpoint.observed().command(Some(refusal));
    endpoint.send(conn, envelope::err(None, refusal));
    if too_many {
        endpoint.close(now, conn, CloseCode::Protocol);
    }
}

fn renew<E: Endpoint>(endpoint: &mut E, conn: Conn, id: Option<&Value>, verdict: Result<Identity, String>) {
    let Some(guard) = endpoint.guard(conn) else {
        return;
    };
    let refusal = match verdict {
        Ok(identity) if identity.renews(&guard.identity) => {
            guard.identity = identity;
            endpoint.attach(conn);
            None
        }
        Ok(_) => {
            Some("the token is of another player, of another login, or older than the present one".into())
        }
        Err(message) => Some(message),
    };
    let Some(id) = id else { return };
    let text = match refusal {
        None => envelope::ok(id, &Map::new()),
        Some(message) => envelope::err(Some(id), &Refusal::new(RefusalCode::BadToken, message)),
    };
    endpoint.send(conn, text);
}

fn parse_frame(text: &str) -> Parsed {
    if text.len() > limits::FRAME_BYTES_MAX {
        return Parsed::TooBig;
    }
    decode(text).map_or_else(Parsed::Unreadable, Parsed::Messages)
}

fn parse_binary(bytes: usize) -> Parsed {
    if bytes > limits::FRAME_BYTES_MAX {
        return Parsed::TooBig;
    }
    let message = "frames are text: one JSON message, or an array of messages";
    Parsed::Unreadable(Refusal::new(RefusalCode::Binary, message))
}

fn id_of(message: &Result<Message, Unread>) -> Option<&Value> {
    match message {
        Ok(message) => message.id.as_ref(),
        Err(unread) => unread.id.as_ref(),
    }
}
