//! Failures of a step, by a stable code: reports count them.

use std::fmt;

use matchpoint_client::Error;

/// The reason for which a step failed, as few words that many failures share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble(pub String);

impl Trouble {
    /// A step that took longer than its limit.
    pub(super) fn timeout(step: &str) -> Self {
        Self(format!("timeout: {step}"))
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self(match error {
            Error::Refused(refusal) => format!("refused: {:?}", refusal.code),
            Error::Closed { code, why } => format!("closed: {code} {why}"),
            Error::SignedOut { why } => format!("signed out: {why}"),
            Error::NotMatched { reason, .. } => format!("not matched: {reason}"),
            Error::Problem { status, code, .. } => format!("answer: {status} {code}"),
            Error::Unreachable { .. } => "no answer".to_owned(),
            Error::Invalid { what, .. } => format!("invalid: {what}"),
        })
    }
}

impl From<reqwest::Error> for Trouble {
    fn from(error: reqwest::Error) -> Self {
        Self(if error.is_timeout() { "timeout: request" } else { "no answer" }.to_owned())
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
