//! Requests for a socket: the path, the token, the position to resume from.

use anyhow::{Context, Result};
use shared::wire::{BEARER, SUBPROTOCOL};
use tokio::time::timeout;
use tokio_tungstenite::connect_async_with_config;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, Request};

use super::socket::{Socket, WAIT};

/// A request for a socket, which can be repeated.
#[derive(Debug, Clone)]
pub struct Opening {
    url: String,
    query: Vec<(String, String)>,
    protocols: Vec<String>,
    headers: Vec<(String, String)>,
}

impl Opening {
    /// A request at `path` of the edge at `http://…`, without subprotocols.
    #[must_use]
    pub fn bare(edge: &str, path: &str) -> Self {
        let edge = edge.replacen("http", "ws", 1);
        Self {
            url: format!("{}{path}", edge.trim_end_matches('/')),
            query: Vec::new(),
            protocols: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// A request as a browser makes it: version and token are subprotocols.
    #[must_use]
    pub fn new(edge: &str, path: &str, token: &str) -> Self {
        Self::bare(edge, path).protocol(SUBPROTOCOL).protocol(&format!("{BEARER}{token}"))
    }

    /// Adds a subprotocol to the offer.
    #[must_use]
    pub fn protocol(mut self, name: &str) -> Self {
        self.protocols.push(name.to_owned());
        self
    }

    /// Adds a request header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a parameter to the query.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Resumes from a position.
    #[must_use]
    pub fn resume(self, epoch: &str, at: u64) -> Self {
        self.query("epoch", epoch).query("at", &at.to_string())
    }

    /// Opens the room as a spectator.
    #[must_use]
    pub fn watch(self) -> Self {
        self.query("watch", "1")
    }

    /// Opens the socket only where no other connection of the player has to give way.
    #[must_use]
    pub fn yields(self) -> Self {
        self.query("yield", "1")
    }

    /// Opens the socket. A refused connection is an open socket too: its close code is the reason.
    pub async fn connect(&self) -> Result<Socket> {
        let opening = connect_async_with_config(self.request()?, None, true);
        let (stream, response) = timeout(WAIT, opening)
            .await
            .with_context(|| format!("{} does not answer", self.url))?
            .with_context(|| format!("{} cannot be opened", self.url))?;
        let protocol = response.headers().get("sec-websocket-protocol").and_then(|value| value.to_str().ok());
        Ok(Socket::new(stream, protocol.map(str::to_owned)))
    }

    fn request(&self) -> Result<Request<()>> {
        let mut url = self.url.clone();
        for (at, (name, value)) in self.query.iter().enumerate() {
            let mark = if at == 0 { '?' } else { '&' };
            url.push(mark);
            url += name;
            url += "=";
            url += value;
        }
        let mut request = url.into_client_request()?;
        if !self.protocols.is_empty() {
            let offered = HeaderValue::from_str(&self.protocols.join(", "))?;
            request.headers_mut().insert("sec-websocket-protocol", offered);
        }
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes())?;
            request.headers_mut().insert(name, HeaderValue::from_str(value)?);
        }
        Ok(request)
    }
}
