//! One WebSocket: its opening, its frames and its close.

use futures_util::{SinkExt, StreamExt};
use shared::client::connection::{BROKEN, CLOSE_TO_RESUME};
use shared::wire::SUBPROTOCOL;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// How long a frame may wait until the network takes it.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a dropped socket waits for its close frame to leave.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// An open socket. Dropping it breaks the connection without a close frame.
#[derive(Debug)]
pub(crate) struct Socket(Box<WebSocketStream<MaybeTlsStream<TcpStream>>>);

/// An input of a socket.
#[derive(Debug)]
pub(crate) enum Received {
    Text(String),
    Closed { code: u16, reason: String },
}

impl Received {
    /// The end of a socket that broke without a close frame.
    pub(crate) fn broken() -> Self {
        Self::Closed { code: BROKEN, reason: String::new() }
    }
}

impl Socket {
    /// Opens a socket. A refused one is open too, and closes at once with the reason.
    pub(crate) async fn open(url: String, token: String) -> Option<Self> {
        let mut request = url.into_client_request().ok()?;
        let headers = request.headers_mut();
        let mut bearer = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
        bearer.set_sensitive(true);
        headers.insert("authorization", bearer);
        headers.insert("sec-websocket-protocol", HeaderValue::from_static(SUBPROTOCOL));
        let (stream, _) = connect_async_with_config(request, None, true).await.ok()?;
        Some(Self(Box::new(stream)))
    }

    /// Returns the next input. Cancel safe.
    pub(crate) async fn next(&mut self) -> Received {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Received::Text(text.as_str().to_owned()),
                Some(Ok(Message::Close(frame))) => {
                    // The answer to a close is queued; the other side may have gone.
                    let _ = timeout(CLOSE_TIMEOUT, self.0.flush()).await;
                    let (code, reason) = frame.map_or((BROKEN, String::new()), |frame| {
                        (frame.code.into(), frame.reason.as_str().to_owned())
                    });
                    return Received::Closed { code, reason };
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Received::broken(),
            }
        }
    }

    /// Sends a text frame. False if the connection is broken.
    pub(crate) async fn send(&mut self, text: String) -> bool {
        matches!(timeout(SEND_TIMEOUT, self.0.send(Message::text(text))).await, Ok(Ok(())))
    }

    /// Closes the socket in the background.
    pub(crate) fn close(mut self) {
        tokio::spawn(async move {
            let frame = CloseFrame { code: CLOSE_TO_RESUME.into(), reason: "".into() };
            let _ = timeout(CLOSE_TIMEOUT, WebSocketStream::close(&mut self.0, Some(frame))).await;
        });
    }
}
