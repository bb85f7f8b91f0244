//! One socket: messages in order, replies by id, and its close.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use shared::wire::Refusal;
use shared::wire::envelope::Event;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::{num, text};

/// Default limit for any answer. It is generous, because the machine may be compiling.
pub const WAIT: Duration = Duration::from_secs(15);
/// Frames that a failure shows.
const SHOWN: usize = 8;

/// The close of a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketClose {
    /// The close code; 1006 if the connection broke without one.
    pub code: u16,
    /// The reason as it was received.
    pub reason: String,
}

/// An input of a socket.
#[derive(Debug, Clone, PartialEq)]
pub enum Received {
    /// A reply or an event.
    Message(Value),
    /// The answer to `ping`.
    Pong,
    /// The close, after which nothing follows.
    Closed(SocketClose),
}

/// An open socket. Dropping it breaks the connection without a close frame.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    protocol: Option<String>,
    inbox: VecDeque<Received>,
    frames: VecDeque<String>,
    ended: Option<SocketClose>,
    last_id: u64,
    /// Limit for any answer.
    patience: Duration,
}

impl Socket {
    pub(super) fn new(stream: WebSocketStream<MaybeTlsStream<TcpStream>>, protocol: Option<String>) -> Self {
        Self {
            stream,
            protocol,
            inbox: VecDeque::new(),
            frames: VecDeque::new(),
            ended: None,
            last_id: 0,
            patience: WAIT,
        }
    }

    /// Sets the limit for answers: under load they take longer.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The subprotocol that the server chose.
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// Sends a text frame unchanged.
    pub async fn raw(&mut self, text: impl Into<String>) -> Result<()> {
        let text: String = text.into();
        Ok(self.stream.send(Message::text(text)).await?)
    }

    /// Sends a binary frame.
    pub async fn binary(&mut self, bytes: Vec<u8>) -> Result<()> {
        Ok(self.stream.send(Message::binary(bytes)).await?)
    }

    /// Sends one message as a frame.
    pub async fn send(&mut self, message: &Value) -> Result<()> {
        self.raw(message.to_string()).await
    }

    /// Returns an id that was not used on this socket.
    pub fn id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Sends one message with an id and returns its reply. Other messages are kept for later.
    pub async fn ask(&mut self, mut message: Value) -> Result<Value> {
        let id = self.id();
        if let Some(fields) = message.as_object_mut() {
            fields.insert("id".into(), id.into());
        }
        self.send(&message).await?;
        self.reply(&json!(id)).await.with_context(|| format!("after {message}"))
    }

    /// Sends a command that must succeed and returns its `ok`.
    pub async fn ok(&mut self, message: Value) -> Result<Value> {
        let reply = self.ask(message.clone()).await?;
        let ok = reply.get("ok").cloned();
        ok.with_context(|| format!("{message} was answered {reply}"))
    }

    /// Sends a command that must fail with this code and returns its `err`.
    pub async fn err(&mut self, message: Value, code: &str) -> Result<Value> {
        let reply = self.ask(message.clone()).await?;
        ensure!(text(&reply, "/err/code") == code, "{message} was answered {reply}, not with {code}");
        let refusal = reply.get("err").cloned().map(serde_json::from_value::<Refusal>).transpose()?;
        ensure!(refusal.is_some_and(|refusal| refusal.is_consistent()), "`retry` is wrong in {reply}");
        Ok(reply.get("err").cloned().unwrap_or_default())
    }

    /// Waits for the reply with this id.
    pub async fn reply(&mut self, id: &Value) -> Result<Value> {
        self.wait(&format!("a reply to {id}"), |message| {
            message.get("id") == Some(id) && super::is_reply(message)
        })
        .await
    }

    /// Waits for the next event that `fits`; `name` describes it in errors. See
    /// [`next_event!`](crate::next_event).
    pub async fn event<E: Event>(&mut self, name: &str, fits: impl Fn(&E) -> bool) -> Result<Value> {
        self.wait(&format!("the event {name}"), |message| {
            super::event(message).is_some_and(|event| fits(&event))
        })
        .await
    }

    /// Waits for the next event that has a position.
    pub async fn numbered(&mut self) -> Result<Value> {
        self.wait("an event with a position", |message| super::at(message).is_some()).await
    }

    /// Returns the first message that `fits`, received earlier or later. The others keep their order.
    pub async fn wait(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        self.wait_until(Instant::now() + self.patience, what, fits).await
    }

    /// As [`Self::wait`], with a deadline.
    pub async fn wait_until(
        &mut self,
        deadline: Instant,
        what: &str,
        fits: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let mut looked = 0;
        loop {
            while let Some(got) = self.inbox.get(looked) {
                if matches!(got, Received::Message(message) if fits(message))
                    && let Some(Received::Message(message)) = self.inbox.remove(looked)
                {
                    return Ok(message);
                }
                looked += 1;
            }
            match timeout_at(deadline, self.read()).await {
                Ok(()) => {}
                Err(_) => bail!("{what} was not received in time; {}", self.last_frames()),
            }
            if let Some(ended) = &self.ended
                && self.inbox.len() <= looked
            {
                bail!("{ended:?} before {what}; {}", self.last_frames());
            }
        }
    }

    /// Returns the next input.
    pub async fn next(&mut self) -> Result<Received> {
        let deadline = Instant::now() + self.patience;
        match timeout_at(deadline, self.next_ever()).await {
            Ok(got) => Ok(got),
            Err(_) => bail!("nothing was received in time; {}", self.last_frames()),
        }
    }

    /// As [`Self::next`] without a deadline. Cancel safe: nothing is lost when it is dropped.
    pub async fn next_ever(&mut self) -> Received {
        loop {
            if let Some(got) = self.inbox.pop_front() {
                return got;
            }
            if let Some(ended) = &self.ended {
                return Received::Closed(ended.clone());
            }
            self.read().await;
        }
    }

    /// Waits for the close. Messages received before it are kept.
    pub async fn closed(&mut self) -> Result<SocketClose> {
        let deadline = Instant::now() + self.patience;
        while self.ended.is_none() {
            if timeout_at(deadline, self.read()).await.is_err() {
                bail!("no close was received in time; {}", self.last_frames());
            }
        }
        self.ended.clone().context("the socket has ended")
    }

    /// Waits for the close, which must have this code and a JSON reason.
    pub async fn closed_with(&mut self, code: u16) -> Result<SocketClose> {
        let close = self.closed().await?;
        ensure!(close.code == code, "{close:?} instead of {code}; {}", self.last_frames());
        Ok(close)
    }

    /// Takes all received messages.
    pub fn take_received(&mut self) -> Vec<Value> {
        let message = |got| match got {
            Received::Message(message) => Some(message),
            Received::Pong | Received::Closed(_) => None,
        };
        self.inbox.drain(..).filter_map(message).collect()
    }

    /// Sends a command without effect and returns the messages that precede its reply.
    pub async fn settle(&mut self) -> Result<Vec<Value>> {
        self.err(json!({"op": "nothing"}), "unknown_op").await?;
        Ok(self.take_received())
    }

    /// Closes the socket and waits for the server's close frame. A connection that ends without one was
    /// dropped, not closed.
    pub async fn close(mut self) -> Result<()> {
        self.stream.close(None).await?;
        let close = self.closed().await?;
        ensure!(close.code != 1006, "the server did not answer the close");
        Ok(())
    }

    /// Drops the connection without a close frame, as a tunnel does.
    pub fn cut(self) {
        drop(self);
    }

    /// Formats the last frames for an error.
    #[must_use]
    pub fn last_frames(&self) -> String {
        if self.frames.is_empty() {
            return "no frame was received".to_owned();
        }
        let frames: Vec<&str> = self.frames.iter().map(String::as_str).collect();
        format!("the last frames were:\n{}", frames.join("\n"))
    }

    /// Reads one frame. Cancel safe.
    async fn read(&mut self) {
        if self.ended.is_some() {
            return;
        }
        match self.stream.next().await {
            Some(Ok(Message::Text(frame))) => self.take(frame.as_str()),
            Some(Ok(Message::Close(frame))) => {
                let (code, reason) = frame.map_or((1005, String::new()), |frame| {
                    (frame.code.into(), frame.reason.as_str().to_owned())
                });
                self.ended = Some(SocketClose { code, reason });
                // The answer to a close is queued; the other side may have gone.
                let _ = self.stream.flush().await;
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => {
                self.ended = Some(SocketClose { code: 1006, reason: String::new() });
            }
        }
    }

    fn take(&mut self, frame: &str) {
        if self.frames.len() == SHOWN {
            self.frames.pop_front();
        }
        self.frames.push_back(frame.chars().take(600).collect());
        if frame == shared::wire::PONG {
            self.inbox.push_back(Received::Pong);
            return;
        }
        match serde_json::from_str(frame) {
            Ok(Value::Array(messages)) => self.inbox.extend(messages.into_iter().map(Received::Message)),
            Ok(message) => self.inbox.push_back(Received::Message(message)),
            Err(_) => {
                let fault = json!({ "no_json": frame });
                self.inbox.push_back(Received::Message(fault));
            }
        }
    }

    /// Reads the welcome, which must be the first message.
    pub async fn welcome(&mut self) -> Result<Value> {
        match self.next().await? {
            Received::Message(message) if super::is_welcome(&message) => {
                ensure!(num(&message, "/at").is_some(), "{message} has no position");
                Ok(message)
            }
            other => bail!("received {other:?} instead of the welcome"),
        }
    }
}
