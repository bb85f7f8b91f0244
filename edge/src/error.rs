//! What goes wrong at the edge: by who must act.

use serde_json::json;
use std::fmt::Display;
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
        Self::Refused {
            status,
            code,
            detail: detail.into(),
        }
    }

    /// The problem document (RFC 9457). What is ours is logged here and nowhere else.
    pub fn response(self) -> worker::Result<Response> {
        let (status, code, detail) = match self {
            Self::Refused {
                status,
                code,
                detail,
            } => (status, code, detail),
            Self::Ours(what) => {
                console_error!("{what}");
                (500, "internal", "a fault of ours; it was noted".to_owned())
            }
            Self::Unavailable(what) => {
                console_error!("{what}");
                (
                    503,
                    "unavailable",
                    "what is needed for this does not answer; try again".to_owned(),
                )
            }
        };
        let body =
            json!({ "type": "about:blank", "status": status, "code": code, "detail": detail });
        let mut response = Response::from_json(&body)?.with_status(status);
        let headers = response.headers_mut();
        headers.set("content-type", "application/problem+json")?;
        if status == 503 {
            headers.set("retry-after", "2")?;
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
