//! Errors of the edge by who must act, and their problem documents.

use crate::telemetry::{log, trace};
use serde_json::json;
use shared::limits;
use std::fmt::Display;
use std::time::Duration;
use worker::Response;

/// A result with an edge [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// An error of the edge.
#[derive(Debug)]
pub enum Error {
    /// The caller must act: the request is refused with this problem document.
    Refused { status: u16, code: &'static str, detail: String },
    /// The caller must act: the path supports only these methods, as in `Allow`.
    MethodNotAllowed(&'static str),
    /// The caller must act: too many requests. The next one is allowed after this time.
    TooFast(Duration),
    /// A fault of the edge: logged once, and a 500 for the caller.
    Internal(String),
    /// The region or another object did not answer.
    Unavailable(String),
}

impl Error {
    /// Wraps a fault of the edge.
    pub fn internal(error: &dyn Display) -> Self {
        Self::Internal(error.to_string())
    }

    /// Refuses a request with a status, a stable code and a detail for people.
    pub fn refused(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        Self::Refused { status, code, detail: detail.into() }
    }

    /// Returns the stable code that the problem document carries.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { code, .. } => code,
            Self::MethodNotAllowed(_) => "method_not_allowed",
            Self::TooFast(_) => "too_fast",
            Self::Internal(_) => "internal",
            Self::Unavailable(_) => "unavailable",
        }
    }

    /// Builds the problem document (RFC 9457). Faults of the edge are logged here and nowhere else.
    pub fn response(self) -> worker::Result<Response> {
        let (code, mut header) = (self.code(), None);
        let (status, detail) = match self {
            Self::Refused { status, detail, .. } => (status, detail),
            Self::MethodNotAllowed(allow) => {
                header = Some(("allow", allow.to_owned()));
                (405, format!("This path supports {allow} only."))
            }
            Self::TooFast(wait) => {
                let seconds = wait.as_millis().div_ceil(1000).max(1);
                header = Some(("retry-after", seconds.to_string()));
                let (per_s, burst) = (limits::HTTP_RATE_PER_S, limits::HTTP_RATE_BURST);
                (
                    429,
                    format!(
                        "At most {per_s} requests a second, in bursts of {burst}. Try again in {seconds} s."
                    ),
                )
            }
            Self::Internal(what) => {
                log::error!("{what}");
                (500, "An internal error occurred; it was logged. Try again later.".to_owned())
            }
            Self::Unavailable(what) => {
                log::error!("{what}");
                header = Some(("retry-after", "2".to_owned()));
                let detail = "A service that this request needs does not answer. Try again in 2 s.";
                (503, detail.to_owned())
            }
        };
        let mut body = json!({ "type": "about:blank", "status": status, "code": code, "detail": detail });
        if let (Some(body), Some(origin)) = (body.as_object_mut(), trace::origin()) {
            body.insert("trace".to_owned(), origin.trace.id().into());
        }
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
        Self::internal(&error)
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(&error)
    }
}
