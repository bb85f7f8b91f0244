//! What goes wrong at the edge: by who must act.

use serde_json::json;
use shared::caps;
use std::fmt::Display;
use std::time::Duration;
use worker::{Response, console_error};

/// The result of what may go wrong here.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong.
#[derive(Debug)]
pub enum Error {
    /// The caller's: a problem document.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The stable code.
        code: &'static str,
        /// What to do, in words.
        detail: String,
    },
    /// The caller's: these methods are answered here, another was asked for.
    Method(&'static str),
    /// The caller's: too many requests; there is a place again after this.
    TooFast(Duration),
    /// Ours: logged once, a 500 to the caller.
    Ours(String),
    /// Another object or the region did not answer.
    Unavailable(String),
}

impl Error {
    /// Something of ours.
    pub fn ours(error: &dyn Display) -> Self {
        Self::Ours(error.to_string())
    }

    /// Something of the caller's.
    pub fn refused(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        Self::Refused { status, code, detail: detail.into() }
    }

    /// The stable code on the wire.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { code, .. } => code,
            Self::Method(_) => "method_not_allowed",
            Self::TooFast(_) => "too_fast",
            Self::Ours(_) => "internal",
            Self::Unavailable(_) => "unavailable",
        }
    }

    /// The problem document (RFC 9457). What is ours is logged here and nowhere else.
    pub fn response(self) -> worker::Result<Response> {
        let (code, mut header) = (self.code(), None);
        let (status, detail) = match self {
            Self::Refused { status, detail, .. } => (status, detail),
            Self::Method(allow) => {
                header = Some(("allow", allow.to_owned()));
                (405, format!("this path takes {allow}"))
            }
            Self::TooFast(wait) => {
                let seconds = wait.as_millis().div_ceil(1000).max(1);
                header = Some(("retry-after", seconds.to_string()));
                let (per_s, burst) = (caps::HTTP_PER_S, caps::HTTP_BURST);
                (429, format!("{per_s} requests a second and {burst} at once: try again in {seconds} s"))
            }
            Self::Ours(what) => {
                console_error!("{what}");
                (500, "a fault of ours; it was noted".to_owned())
            }
            Self::Unavailable(what) => {
                console_error!("{what}");
                header = Some(("retry-after", "2".to_owned()));
                let detail = "what is needed for this does not answer; try again";
                (503, detail.to_owned())
            }
        };
        let body = json!({ "type": "about:blank", "status": status, "code": code, "detail": detail });
        let mut response = Response::from_json(&body)?.with_status(status);
        let headers = response.headers_mut();
        headers.set("content-type", "application/problem+json")?;
        if let Some((name, value)) = header {
            headers.set(name, &value)?;
        }
        if status == 401 {
            headers.set("www-authenticate", "Bearer")?;
        }
        Ok(response)
    }
}

impl From<worker::Error> for Error {
    fn from(error: worker::Error) -> Self {
        Self::ours(&error)
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::ours(&error)
    }
}
