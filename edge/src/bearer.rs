//! The bearer token of an `Authorization` header.

use worker::Headers;

/// Returns the bearer token of the `Authorization` header, if there is one.
pub fn bearer(headers: &Headers) -> Option<String> {
    let header = headers.get("authorization").ok().flatten()?;
    header.strip_prefix("Bearer ").map(|token| token.trim().to_owned())
}
