//! The inputs and the effects of a connection.

use crate::client::close_policy::Stopped;
use crate::client::log_position::LogPosition;
use crate::client::object::Object;
use crate::client::outbox::Outcome;
use crate::time::Time;
use crate::wire::envelope::Envelope;
use crate::wire::frame::Message;
use crate::wire::welcome::Welcome;
use std::time::Duration;

/// The close code of a connection that broke without one.
pub const BROKEN: u16 = 1006;
/// The close code of a client that will reconnect; the server keeps the seat for any code.
pub const CLOSE_TO_RESUME: u16 = 3000;
/// The default of [`Options::opening_timeout`].
const OPENING_TIMEOUT: Duration = Duration::from_secs(10);

/// How a connection begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The position that an earlier connection has seen, to resume from there.
    pub position: LogPosition,
    /// Opens a room as a spectator, even where a seat is free.
    pub watches: bool,
    /// Random bits: waits of different clients must differ.
    pub seed: u64,
    /// How long an opening may take until its welcome.
    pub opening_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        let position = LogPosition::default();
        Self { position, watches: false, seed: 0, opening_timeout: OPENING_TIMEOUT }
    }
}

/// The state of a connection, for the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionState {
    Connecting,
    Open,
    /// The connection is lost; the next attempt follows. With `taken_over` or `too_many_devices` another connection of the
    /// player is in the way.
    Waiting {
        /// The time of the next attempt, by the clock whose times the machine is given.
        until: Time,
        /// The close code of the lost connection.
        code: u16,
        /// The stable name of the reason.
        why: String,
    },
    Stopped(Stopped),
}

/// The reason for which there is no access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenFailure {
    /// The session has ended, for this reason.
    Ended(String),
    /// The region did not answer.
    Unavailable,
}

/// A past event of a connection.
#[derive(Debug, Clone, PartialEq)]
pub enum Input<'a> {
    /// The application gives commands that must arrive, each with a key that no other command has.
    Send(Vec<(String, Message)>),
    /// The application gives a message that is sent only if there is a connection, and never repeated.
    SendEphemeral(Message),
    /// The application no longer waits for a command; it is not repeated.
    Withdraw(&'a str),
    /// The token that was asked for, and when to ask for the next.
    Token { token: String, renew_at: Time },
    /// There is no token.
    NoToken(TokenFailure),
    /// A text frame arrived on the socket.
    Text(&'a str),
    /// The socket was closed, or could not be opened.
    Closed { code: u16, reason: &'a str },
    /// The time of `wake_at` has come. It may come late, or twice.
    Woke,
    /// The application cuts the connection, as a lost network would. It reconnects after this time, or as after any loss.
    Disconnect(Option<Duration>),
    /// The application closes the connection for good.
    Close,
}

/// An order of a connection to its shell.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect<O: Object> {
    /// Get an access token, newer than the last one if `renew`. A later order replaces this one.
    GetToken { renew: bool },
    /// Open a socket with this token, at the object's address with this query.
    Open { token: String, query: String },
    /// Close the socket with [`CLOSE_TO_RESUME`], and ignore it from now on.
    CloseSocket,
    /// Send a text frame.
    Send(String),
    /// The connection is open. Without `recovered` the snapshot replaces all that was known.
    Welcomed(Box<Welcome<O::Welcome>>),
    /// The next event in order, or an ephemeral one.
    Event(Envelope<O::Event>),
    /// An event that arrived before, which is dropped: a resume may repeat some.
    Repeated(Envelope<O::Event>),
    /// The news of a command.
    Outcome(Outcome),
    /// The state has changed.
    State(ConnectionState),
}
