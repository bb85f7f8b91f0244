//! The HTTP client of webhooks: it connects to checked addresses only, follows no redirect, and reads no answer.
//!
//! A name is checked where it is resolved, and the connection goes to the address that was checked. So a name that leads
//! elsewhere at the next look-up gains nothing.

use crate::domain::webhook::endpoint::{Reach, literal};
use axum::body::Bytes;
use axum::http::{Request, StatusCode, Uri};
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::rt::TokioExecutor;
use shared::limits;
use std::error::Error as _;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;
use std::vec;
use tower_service::Service;

/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(10);
/// Characters of an error's text that are stored with an event.
const ERROR_CHARS_MAX: usize = 200;

/// A client that reaches the endpoints of webhooks. Cloning it is cheap.
#[derive(Clone)]
pub struct WebhookClient {
    reach: Reach,
    client: Client<HttpsConnector<HttpConnector<CheckedResolver>>, Full<Bytes>>,
}

impl WebhookClient {
    /// Creates a client that may reach these addresses; fails if the machine has no root certificates.
    pub fn new(reach: Reach) -> io::Result<Self> {
        let mut connector =
            HttpConnector::new_with_resolver(CheckedResolver { reach, names: GaiResolver::new() });
        connector.enforce_http(false);
        let builder = HttpsConnectorBuilder::new().with_native_roots()?;
        let builder = match reach {
            Reach::Public => builder.https_only(),
            #[cfg(feature = "local")]
            Reach::Loopback => builder.https_or_http(),
        };
        let connector = builder.enable_http1().wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new()).pool_idle_timeout(IDLE).build(connector);
        Ok(Self { reach, client })
    }

    /// Sends a message, and returns the status of the answer.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<StatusCode, String> {
        self.check(request.uri())?;
        let sent = tokio::time::timeout(limits::WEBHOOK_TIMEOUT, self.client.request(request)).await;
        let Ok(sent) = sent else {
            return Err(format!("no answer within {} s", limits::WEBHOOK_TIMEOUT.as_secs()));
        };
        let answer = sent.map_err(|error| root_cause(&error))?;
        let status = answer.status();
        // A short body leaves the connection usable; a long or slow one is cut, and changes nothing.
        let body = Limited::new(answer.into_body(), limits::WEBHOOK_ANSWER_BYTES_MAX).collect();
        let _ = tokio::time::timeout(limits::WEBHOOK_DRAIN_TIMEOUT, body).await;
        Ok(status)
    }

    /// Checks a host that is an address: no resolver sees it.
    fn check(&self, url: &Uri) -> Result<(), String> {
        match url.host().and_then(literal) {
            Some(address) if !self.reach.allows(address) => Err(format!("{address} is not a public address")),
            Some(_) | None => Ok(()),
        }
    }
}

/// Returns the last error of a chain, which has the cause.
fn root_cause(error: &hyper_util::client::legacy::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = cause.to_string();
        source = cause.source();
    }
    text.chars().take(ERROR_CHARS_MAX).collect()
}

impl fmt::Debug for WebhookClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookClient({:?})", self.reach)
    }
}

/// Resolves names to the addresses that may be reached.
#[derive(Debug, Clone)]
struct CheckedResolver {
    reach: Reach,
    names: GaiResolver,
}

impl Service<Name> for CheckedResolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.names.poll_ready(context)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (reach, found) = (self.reach, self.names.call(name));
        Box::pin(async move {
            let allowed: Vec<SocketAddr> =
                found.await?.filter(|address| reach.allows(address.ip())).collect();
            if allowed.is_empty() {
                let text = "the name leads to no public address";
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
            }
            Ok(allowed.into_iter())
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    async fn error(url: &str) -> String {
        let client = WebhookClient::new(Reach::Public).unwrap();
        let request = Request::post(url).body(Full::default()).unwrap();
        client.send(request).await.unwrap_err()
    }

    #[tokio::test]
    async fn private_addresses_are_refused_before_a_connection() {
        for url in ["https://127.0.0.1/", "https://[::1]/", "https://[::ffff:7f00:1]/", "https://0.0.0.0/"] {
            assert!(error(url).await.contains("is not a public address"), "{url}");
        }
    }

    /// The resolver of the machine reads all of these as the loopback address.
    #[tokio::test]
    async fn names_of_private_addresses_are_refused_when_they_are_resolved() {
        for name in ["localhost", "2130706433", "127.1", "0x7f.0.0.1", "017700000001"] {
            let mut resolver = CheckedResolver { reach: Reach::Public, names: GaiResolver::new() };
            let refused = resolver.call(name.parse().unwrap()).await.unwrap_err();
            assert_eq!(refused.to_string(), "the name leads to no public address", "{name}");
        }
        assert_eq!(error("https://localhost/").await, "the name leads to no public address");
    }

    /// Time passes only while nothing else happens, so the test waits for no clock.
    #[cfg(feature = "local")]
    #[tokio::test(start_paused = true)]
    async fn endpoint_that_does_not_answer_is_given_up() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", silent.local_addr().unwrap());
        let client = WebhookClient::new(Reach::Loopback).unwrap();
        let request = Request::post(url).body(Full::default()).unwrap();
        assert_eq!(client.send(request).await, Err("no answer within 15 s".into()));
    }

    #[tokio::test]
    async fn plain_http_is_refused() {
        let text = error("http://1.1.1.1/").await;
        assert!(text.contains("http"), "{text}");
    }
}
