//! Bodies, queries and ids as they come in, each with a refusal that says what is wrong with it.

use crate::error::Refusal;
use crate::http::problem::Code;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use serde::de::{DeserializeOwned, IgnoredAny};
use shared::caps;
use shared::id::PlayerId;

/// A JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
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
        let bytes = bytes(request, state).await?;
        json(&bytes).map(Self)
    }
}

/// The bytes of a body that is not too large.
pub async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Refusal> {
    Bytes::from_request(request, state).await.map_err(|_| {
        let detail = format!("A body may have {} bytes.", caps::HTTP_BODY);
        Refusal::new(Code::TooLarge, detail).limit(caps::HTTP_BODY)
    })
}

/// Reads a JSON object, and names the field that is wrong.
pub fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    // serde would take an array for a struct, its items for the fields in order.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(match serde_json::from_slice::<IgnoredAny>(bytes) {
            Ok(_) => Refusal::new(Code::BadBody, "The body is one JSON object."),
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

/// A query string.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|error| Refusal::new(Code::BadQuery, error.body_text()))
    }
}

/// A player named in the path; none for `me`.
#[derive(Debug)]
pub struct Named(pub Option<PlayerId>);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|error| Refusal::new(Code::BadId, error.body_text()).field("player"))?;
        if text == "me" {
            return Ok(Self(None));
        }
        player(&text).map(|player| Self(Some(player)))
    }
}

/// A player's id, from text.
pub fn player(text: &str) -> Result<PlayerId, Refusal> {
    text.parse().map_err(|error| Refusal::new(Code::BadId, format!("Refused: {error}.")).field("player"))
}
