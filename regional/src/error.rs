//! Failures by who must act: the caller (a refusal) or the operators (an error).

pub mod code;
pub mod refusals;

use code::Code;
use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

/// The reason why a request fails. Routes return it, and it becomes a problem document.
#[derive(Debug)]
pub enum Fault {
    /// A fault of the caller, described in full.
    Refusal(Refusal),
    /// A fault of the service: logged once, and answered without detail.
    Error(Error),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// A request that the region rejects, with the reason and the fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: Code,
    /// One or two sentences for a person: what is wrong, the limit, and what to do.
    pub detail: String,
    /// The body field, parameter or header at fault.
    pub field: Option<String>,
    /// The limit that the request exceeds.
    pub limit: Option<u64>,
    /// The current entity tag of the item that the request wanted to change.
    pub etag: Option<String>,
    /// Every fault of a body that has several; the outer fields repeat the first one.
    pub errors: Vec<Refusal>,
    /// Seconds to wait before the next attempt.
    pub retry_after_s: Option<NonZeroU32>,
}

impl Refusal {
    /// Creates a refusal with its explanation.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            field: None,
            limit: None,
            etag: None,
            errors: Vec::new(),
            retry_after_s: None,
        }
    }

    /// Combines several refusals into one that carries the code of the first. Returns `None` for an empty
    /// list.
    #[must_use]
    pub fn combine(errors: Vec<Self>) -> Option<Self> {
        let first = errors.first()?.clone();
        Some(Self { errors, ..first })
    }

    /// Names the field, parameter or header at fault.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Sets the time to wait: whole seconds, rounded up, so that an attempt after that time is admitted.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        let seconds = u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
        self.retry_after_s = NonZeroU32::new(seconds.max(1));
        self
    }

    /// Sets the limit that the request exceeds.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = u64::try_from(limit).ok();
        self
    }
}

/// A failure of the service itself. Its text goes to the log only.
#[derive(Debug)]
pub enum Error {
    /// The store is overloaded, slow or away: another attempt helps.
    Busy {
        /// The name of the store call.
        call: &'static str,
        /// The error text of the SDK.
        text: String,
    },
    /// The store rejects the request, or returns an answer that the region does not understand.
    Store {
        /// The name of the store call.
        call: &'static str,
        /// The error text of the SDK.
        text: String,
    },
    /// A stored item does not have the form in which the region writes it.
    Corrupt {
        /// The attribute that is missing or has another type.
        attribute: &'static str,
    },
    /// A decision could not be committed, because other requests kept changing the item.
    Contended {
        /// The name of the operation.
        call: &'static str,
    },
    /// The request took longer than `limits::REGION_REQUEST_TIMEOUT`.
    TimedOut,
    /// The operating system returned no random bytes.
    NoEntropy,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy { call, text } => write!(f, "{call}: the store is busy: {text}"),
            Self::Store { call, text } => write!(f, "{call}: {text}"),
            Self::Corrupt { attribute } => write!(f, "a stored item has no valid `{attribute}`"),
            Self::Contended { call } => {
                write!(f, "{call}: gave up, because other requests kept changing the item")
            }
            Self::TimedOut => f.write_str("the request took too long"),
            Self::NoEntropy => f.write_str("no random bytes"),
        }
    }
}

impl std::error::Error for Error {}
