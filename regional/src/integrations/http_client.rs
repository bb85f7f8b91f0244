//! The HTTP client for the edge, identity providers and the object store. Every request has a timeout and a
//! size limit.

use axum::body::Bytes;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use shared::limits;
use std::fmt;
use std::time::Duration;

/// An HTTP client with a connection pool. Cloning it is cheap.
#[derive(Clone)]
pub struct HttpClient(Connector);

#[derive(Clone)]
enum Connector {
    Tls(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
    Plain(Client<HttpConnector, Full<Bytes>>),
}

/// A response, read completely.
#[derive(Debug)]
pub struct HttpResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// The reason why a request got no response, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestError(String);

impl HttpClient {
    /// Creates a client with the root certificates of the machine. If there are none, as in a bare container,
    /// the client supports plain HTTP only, and requests to `https` addresses fail.
    #[must_use]
    pub fn new() -> Self {
        let builder = Client::builder(TokioExecutor::new());
        match HttpsConnectorBuilder::new().with_native_roots() {
            Ok(roots) => {
                let connector = roots.https_or_http().enable_http1().build();
                Self(Connector::Tls(builder.build(connector)))
            }
            Err(error) => {
                tracing::warn!(%error, "no root certificates: https is not supported");
                Self(Connector::Plain(builder.build(HttpConnector::new())))
            }
        }
    }

    /// Sends a request and reads at most [`limits::RESPONSE_BYTES_MAX`] bytes within `timeout`. Redirects are
    /// not followed.
    pub async fn send(
        &self,
        request: Request<Full<Bytes>>,
        timeout: Duration,
    ) -> Result<HttpResponse, RequestError> {
        self.send_limited(request, timeout, limits::RESPONSE_BYTES_MAX).await
    }

    /// Sends a request and reads at most `bytes_max` bytes within `timeout`.
    pub async fn send_limited(
        &self,
        request: Request<Full<Bytes>>,
        timeout: Duration,
        bytes_max: usize,
    ) -> Result<HttpResponse, RequestError> {
        tokio::time::timeout(timeout, self.exchange(request, bytes_max))
            .await
            .map_err(|_| RequestError(format!("no response within {} s", timeout.as_secs())))?
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        bytes_max: usize,
    ) -> Result<HttpResponse, RequestError> {
        let sent = match &self.0 {
            Connector::Tls(client) => client.request(request).await,
            Connector::Plain(client) => client.request(request).await,
        };
        let (parts, body) = sent.map_err(request_error)?.into_parts();
        let body = Limited::new(body, bytes_max).collect().await;
        Ok(HttpResponse {
            status: parts.status,
            headers: parts.headers,
            body: body.map_err(|error| RequestError(error.to_string()))?.to_bytes(),
        })
    }
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new()
    }
}

/// Joins the messages of an error and its sources; the last one has the cause.
fn request_error(error: impl std::error::Error) -> RequestError {
    let mut text = error.to_string();
    let mut from = error.source();
    while let Some(source) = from {
        text = format!("{text}: {source}");
        from = source.source();
    }
    RequestError(text)
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RequestError {}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpClient")
    }
}
