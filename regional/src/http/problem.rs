//! Turns refusals and errors into RFC 9457 problem documents, with codes that never change.

use crate::error::code::Code;
use crate::error::{Error, Fault, Refusal};
use crate::trace;
use axum::http::header::{CONTENT_TYPE, ETAG, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::num::NonZeroU32;

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.code.status();
        let mut body = json!({
            "type": format!("urn:matchpoint:problem:{}", self.code.as_str()),
            "title": self.code.title(),
            "status": status.as_u16(),
            "code": self.code.as_str(),
            "detail": self.detail,
        });
        if let Some(object) = body.as_object_mut() {
            if let Some(field) = self.field {
                object.insert("field".into(), field.into());
            }
            if let Some(limit) = self.limit {
                object.insert("limit".into(), limit.into());
            }
            if let Some(trace) = trace::current() {
                object.insert("trace".into(), trace.id().into());
            }
            if !self.errors.is_empty() {
                object.insert("errors".into(), self.errors.iter().map(entry).collect());
            }
        }
        let mut response = (status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(etag) = self.etag.and_then(|etag| HeaderValue::from_str(&etag).ok()) {
            headers.insert(ETAG, etag);
        }
        let wait = self.retry_after_s.map(NonZeroU32::get);
        let wait = wait.or((status == StatusCode::SERVICE_UNAVAILABLE).then_some(1));
        if let Some(value) = wait.and_then(|wait| wait.to_string().parse().ok()) {
            headers.insert(RETRY_AFTER, value);
        }
        if let Code::TokenMissing | Code::TokenInvalid | Code::TokenExpired = self.code {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Returns one entry of `errors`, for a body with several faults.
fn entry(refusal: &Refusal) -> Value {
    let mut entry = json!({ "code": refusal.code.as_str(), "detail": refusal.detail });
    if let Some(object) = entry.as_object_mut() {
        object.extend(refusal.field.clone().map(|field| ("field".into(), field.into())));
        object.extend(refusal.limit.map(|limit| ("limit".into(), limit.into())));
    }
    entry
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        match self {
            Self::Refusal(refusal) => refusal.into_response(),
            Self::Error(error) => error.into_response(),
        }
    }
}

impl IntoResponse for Error {
    /// Logs the error; this is the only place that does. The response says only whether another attempt
    /// helps.
    fn into_response(self) -> Response {
        tracing::error!(error = %self, trace = trace::id(), "request failed");
        match self {
            Self::Busy { .. } | Self::Contended { .. } | Self::TimedOut => Refusal::new(
                Code::Unavailable,
                "The region is busy. Repeat the request after `Retry-After`; repeating it is safe.",
            ),
            Self::Store { .. } | Self::Corrupt { .. } | Self::NoEntropy => Refusal::new(
                Code::Internal,
                "The service failed and logged the error. The request is not at fault.",
            ),
        }
        .into_response()
    }
}
