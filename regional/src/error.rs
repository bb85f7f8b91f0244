//! What goes wrong, by who must act: the caller (a refusal) or us (an error).

use crate::http::problem::Code;
use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

/// Why a request is not done. Routes return it; it becomes a problem document.
#[derive(Debug)]
pub enum Fault {
    /// The caller's: said in full.
    Refusal(Refusal),
    /// Ours: logged once, and said without detail.
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

/// What the caller did that cannot be, and how to put it right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The stable name of what is wrong.
    pub code: Code,
    /// A sentence for a person: the limit and the fix.
    pub detail: String,
    /// The field, parameter or header at fault.
    pub field: Option<String>,
    /// The most that is allowed, where something was too much.
    pub limit: Option<u64>,
    /// The current version of what was to be changed.
    pub version: Option<u64>,
    /// Everything that is wrong, this among it, where a body may have several faults.
    pub all: Vec<Refusal>,
    /// How many seconds to wait before trying again.
    pub after_s: Option<NonZeroU32>,
}

impl Refusal {
    /// A refusal with its explanation.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            field: None,
            limit: None,
            version: None,
            all: Vec::new(),
            after_s: None,
        }
    }

    /// Several at once: the first speaks for all. None where there is none.
    #[must_use]
    pub fn of_all(all: Vec<Self>) -> Option<Self> {
        let first = all.first()?.clone();
        Some(Self { all, ..first })
    }

    /// Names what is at fault.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Says when to try again: whole seconds, rounded up, so that who comes back then is let in.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        let seconds = u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
        self.after_s = NonZeroU32::new(seconds.max(1));
        self
    }

    /// Says how much is allowed.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = u64::try_from(limit).ok();
        self
    }
}

/// What failed here. Its text is for the log alone.
#[derive(Debug)]
pub enum Error {
    /// The store is too busy, too slow, or away: trying again helps.
    Busy {
        /// The call.
        call: &'static str,
        /// What the SDK says.
        text: String,
    },
    /// The store refuses what we ask, or answers what we do not understand.
    Store {
        /// The call.
        call: &'static str,
        /// What the SDK says.
        text: String,
    },
    /// A stored item is not as we write it.
    Corrupt {
        /// The attribute that is missing or of another kind.
        attribute: &'static str,
    },
    /// A decision could not be committed, because others kept changing the item.
    Contended {
        /// The call.
        call: &'static str,
    },
    /// The request took longer than a caller waits.
    Slow,
    /// The machine gives no random bytes.
    Chance,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy { call, text } => write!(f, "{call}: the store is busy: {text}"),
            Self::Store { call, text } => write!(f, "{call}: {text}"),
            Self::Corrupt { attribute } => write!(f, "a stored item has no good `{attribute}`"),
            Self::Contended { call } => {
                write!(f, "{call}: given up, others keep changing the item")
            }
            Self::Slow => f.write_str("the request took too long"),
            Self::Chance => f.write_str("no random bytes"),
        }
    }
}

impl std::error::Error for Error {}
