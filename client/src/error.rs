//! The errors of this crate.

use shared::client::Stopped;
use shared::wire::Refusal;
use std::fmt;

/// The reason for which a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The object refused the command, which had no effect. With `retry` the same command may succeed later.
    Refused(Box<Refusal>),
    /// The connection is closed for good; it is unknown whether commands without a reply arrived.
    Closed {
        /// The close code; 1000 for a connection that the application closed.
        code: u16,
        /// The stable name of the reason.
        why: String,
    },
    /// The session has ended: the player must sign in again.
    SignedOut { why: String },
    /// The ticket left the queue without a match.
    NotMatched {
        reason: String,
        /// The time after which the player may enter again, where it is limited.
        after_ms: Option<u64>,
    },
    /// The edge or the region refused a request.
    Problem {
        status: u16,
        /// The stable name of the reason; empty if the answer is not one of Matchpoint.
        code: String,
        detail: String,
    },
    /// The edge or the region did not answer.
    Unreachable { url: String, cause: String },
    /// An argument cannot be used.
    Invalid { what: &'static str, cause: String },
}

impl Error {
    pub(crate) fn invalid(what: &'static str, cause: impl fmt::Display) -> Self {
        Self::Invalid { what, cause: cause.to_string() }
    }
}

impl From<Stopped> for Error {
    fn from(Stopped { code, why, signed_out }: Stopped) -> Self {
        if signed_out { Self::SignedOut { why } } else { Self::Closed { code, why } }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => {
                let message = refusal.message.as_deref().unwrap_or("no reason is given");
                write!(f, "The command was refused with {:?}: {message}", refusal.code)
            }
            Self::Closed { code, why } => write!(f, "The connection is closed: {why} ({code})."),
            Self::SignedOut { why } => write!(f, "The session has ended: {why}. Sign in again."),
            Self::NotMatched { reason, .. } => {
                write!(f, "The ticket left the queue without a match: {reason}.")
            }
            Self::Problem { status, code, detail } => {
                write!(f, "The request was refused: {status} {code} {detail}")
            }
            Self::Unreachable { url, cause } => write!(f, "{url} does not answer: {cause}"),
            Self::Invalid { what, cause } => write!(f, "The {what} cannot be used: {cause}"),
        }
    }
}

impl std::error::Error for Error {}
