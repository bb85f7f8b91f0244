//! Requests to the edge and the region.

use crate::Error;
use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// The timeout of one request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// A problem document (RFC 9457), as far as a client reads it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    code: String,
    detail: String,
}

/// Returns an HTTP client. It keeps no idle connections: one may belong to a server that has ended.
pub(crate) fn client() -> Result<reqwest::Client, Error> {
    // An application may have chosen another provider; its choice stays.
    #[cfg(feature = "tls")]
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let builder = reqwest::Client::builder().timeout(REQUEST_TIMEOUT).pool_max_idle_per_host(0);
    builder.build().map_err(|error| Error::invalid("HTTP client", error))
}

/// Sends a request, and reads the JSON of its answer.
pub(crate) async fn read<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, Error> {
    let unreachable = |error: reqwest::Error| Error::Unreachable {
        url: error.url().map(ToString::to_string).unwrap_or_default(),
        cause: error.without_url().to_string(),
    };
    let answer = request.send().await.map_err(unreachable)?;
    let status = answer.status();
    let text = answer.text().await.map_err(unreachable)?;
    if status.is_success() {
        return serde_json::from_str(&text).map_err(|error| not_ours(status, &error));
    }
    let Problem { code, detail } = serde_json::from_str(&text).unwrap_or_default();
    Err(Error::Problem { status: status.as_u16(), code, detail })
}

/// A portal or a proxy may answer 200 with something else.
fn not_ours(status: StatusCode, error: &serde_json::Error) -> Error {
    let detail = format!("The answer is not one of Matchpoint: {error}");
    Error::Problem { status: status.as_u16(), code: String::new(), detail }
}
