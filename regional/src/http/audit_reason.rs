//! The extractor of the header `Audit-Reason`: the reason that an operator gives for an action.

use crate::error::Refusal;
use crate::error::code::Code;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use shared::http::audit_reason::{self, InvalidReason};
use shared::limits;

/// The reason of an action; empty if the request has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Reason {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let Some(value) = parts.headers.get(audit_reason::HEADER) else {
            return Ok(Self(String::new()));
        };
        let reason = value.to_str().map_err(|_| InvalidReason).and_then(audit_reason::read);
        reason.map(Self).map_err(|error| {
            let refusal = Refusal::new(Code::BadText, error.to_string()).field("Audit-Reason");
            refusal.limit(limits::AUDIT_REASON_CHARS_MAX)
        })
    }
}
