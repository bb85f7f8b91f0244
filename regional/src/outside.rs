//! Asking others over HTTP: the edge, and identity providers. Every question has a deadline, every answer a bound.

use axum::body::Bytes;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use shared::caps;
use std::fmt;
use std::time::Duration;

/// A client that keeps its connections. A copy is a pointer.
#[derive(Clone)]
pub struct Outside(Kind);

#[derive(Clone)]
enum Kind {
    Secure(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
    Plain(Client<HttpConnector, Full<Bytes>>),
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// How it ended there.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Why nothing came back, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered(String);

impl Outside {
    /// With the machine's root certificates. Where there are none, as in a bare container, it asks over plain HTTP
    /// alone, and whatever has an `https` address does not answer.
    #[must_use]
    pub fn new() -> Self {
        let builder = Client::builder(TokioExecutor::new());
        match HttpsConnectorBuilder::new().with_native_roots() {
            Ok(roots) => {
                let connector = roots.https_or_http().enable_http1().build();
                Self(Kind::Secure(builder.build(connector)))
            }
            Err(error) => {
                tracing::warn!(%error, "no root certificates: https cannot be asked");
                Self(Kind::Plain(builder.build(HttpConnector::new())))
            }
        }
    }

    /// Asks, and waits `longest` for the whole answer. Redirects are answers like others.
    pub async fn ask(&self, request: Request<Full<Bytes>>, longest: Duration) -> Result<Reply, Unanswered> {
        self.fetch(request, longest, caps::ANSWER_BYTES).await
    }

    /// The same, for an answer of so many bytes at the most.
    pub async fn fetch(
        &self,
        request: Request<Full<Bytes>>,
        longest: Duration,
        most: usize,
    ) -> Result<Reply, Unanswered> {
        tokio::time::timeout(longest, self.exchange(request, most))
            .await
            .map_err(|_| Unanswered(format!("no answer within {} s", longest.as_secs())))?
    }

    async fn exchange(&self, request: Request<Full<Bytes>>, most: usize) -> Result<Reply, Unanswered> {
        let sent = match &self.0 {
            Kind::Secure(client) => client.request(request).await,
            Kind::Plain(client) => client.request(request).await,
        };
        let (parts, body) = sent.map_err(unanswered)?.into_parts();
        let body = Limited::new(body, most).collect().await;
        Ok(Reply {
            status: parts.status,
            headers: parts.headers,
            body: body.map_err(|error| Unanswered(error.to_string()))?.to_bytes(),
        })
    }
}

impl Default for Outside {
    fn default() -> Self {
        Self::new()
    }
}

/// An error of the client with what it came from: the reason is in the last one.
fn unanswered(error: impl std::error::Error) -> Unanswered {
    let mut text = error.to_string();
    let mut from = error.source();
    while let Some(source) = from {
        text = format!("{text}: {source}");
        from = source.source();
    }
    Unanswered(text)
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unanswered {}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outside")
    }
}
