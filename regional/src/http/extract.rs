//! Extractors for bodies, queries and ids; each rejects invalid input with the field at fault.

use crate::error::Refusal;
use crate::error::code::Code;
use crate::error::refusals::bad_id;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::HeaderMap;
use axum::http::header::{AsHeaderName, CONTENT_TYPE};
use axum::http::request::Parts;
use serde::de::{DeserializeOwned, IgnoredAny};
use shared::id::PlayerId;
use shared::limits;
use std::fmt::Display;
use std::str::FromStr;

/// A JSON body, read as a `T`.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let media = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        if media != "application/json" && media != "application/merge-patch+json" {
            let detail = "Send the body as `Content-Type: application/json`.";
            return Err(Refusal::new(Code::UnsupportedMediaType, detail).field("Content-Type"));
        }
        let bytes = read_bytes(request).await?;
        parse_json(&bytes).map(Self)
    }
}

/// The most bytes of a request body, as an extension of the requests to routes that accept more than
/// [`limits::HTTP_BODY_BYTES_MAX`].
#[derive(Debug, Clone, Copy)]
pub struct BodyLimit(pub usize);

/// Reads a body within its [`BodyLimit`].
pub async fn read_bytes(request: Request) -> Result<Bytes, Refusal> {
    let limit = request.extensions().get::<BodyLimit>().map_or(limits::HTTP_BODY_BYTES_MAX, |limit| limit.0);
    axum::body::to_bytes(request.into_body(), limit).await.map_err(|_| {
        let detail = format!("A body has at most {limit} bytes.");
        Refusal::new(Code::TooLarge, detail).limit(limit)
    })
}

/// Parses a JSON object; the refusal names the field at fault.
pub fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    // serde accepts an array for a struct, with its items as the fields in order.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(match serde_json::from_slice::<IgnoredAny>(bytes) {
            Ok(_) => Refusal::new(Code::BadBody, "The body must be one JSON object."),
            Err(error) => Refusal::new(Code::BadJson, format!("{error}")),
        });
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if !inner.is_data() {
            return Refusal::new(Code::BadJson, format!("{inner}"));
        }
        let refusal = Refusal::new(Code::BadBody, format!("{inner}"));
        if path == "." { refusal } else { refusal.field(path) }
    })?;
    reader.end().map_err(|error| Refusal::new(Code::BadJson, format!("{error}")))?;
    Ok(value)
}

/// Returns the values of a header, joined by commas, as RFC 9110 (section 5.3) combines a list. None if the
/// header is absent; an unreadable value counts as empty.
#[must_use]
pub fn joined(headers: &HeaderMap, name: impl AsHeaderName) -> Option<String> {
    let values: Vec<&str> =
        headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default()).collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// A query string, read as a `T`; the refusal names the parameter at fault.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let reader = serde_urlencoded::Deserializer::new(pairs);
        serde_path_to_error::deserialize(reader).map(Self).map_err(|error| {
            let field = error.path().to_string();
            let inner = error.into_inner();
            // A parameter that is missing or repeated has no path; the text names it.
            if matches!(field.as_str(), "." | "?") {
                return Refusal::new(Code::BadQuery, format!("The query is not valid: {inner}."));
            }
            Refusal::new(Code::BadQuery, format!("`{field}` is not valid: {inner}.")).field(field)
        })
    }
}

/// A player that the path names by id.
#[derive(Debug)]
pub struct PathPlayer(pub PlayerId);

impl<S: Send + Sync> FromRequestParts<S> for PathPlayer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        parse_player(&path_segment(parts, state).await?).map(Self)
    }
}

/// A player that the path names by id; `None` for `me`, which is the bearer of the token.
#[derive(Debug)]
pub struct PathPlayerOrMe(pub Option<PlayerId>);

impl<S: Send + Sync> FromRequestParts<S> for PathPlayerOrMe {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let text = path_segment(parts, state).await?;
        if text == "me" {
            return Ok(Self(None));
        }
        parse_player(&text).map(|player| Self(Some(player)))
    }
}

async fn path_segment<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<String, Refusal> {
    let segment = Path::<String>::from_request_parts(parts, state).await;
    let Path(text) = segment.map_err(|error| Refusal::new(Code::BadId, error.body_text()).field("player"))?;
    Ok(text)
}

/// Parses a player id from the `player` parameter.
pub fn parse_player(text: &str) -> Result<PlayerId, Refusal> {
    parse_id("player", text)
}

/// Parses an id; `field` is the parameter that the refusal names.
pub fn parse_id<T: FromStr<Err: Display>>(field: &str, text: &str) -> Result<T, Refusal> {
    text.parse().map_err(|error| bad_id(field, error))
}
