//! One socket: messages in order whatever frames they came in, replies by id, and how it ended.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::{ev, num, text};

/// How long anything may take, unless another deadline is named. Generous: the machine may be compiling beside us.
pub const WAIT: Duration = Duration::from_secs(15);
/// Frames that are shown with a failure.
const SHOWN: usize = 8;

/// How a socket ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goodbye {
    /// The close code; 1006 where there was none.
    pub code: u16,
    /// The reason, as it came.
    pub reason: String,
}

/// What came next.
#[derive(Debug, Clone, PartialEq)]
pub enum Got {
    /// A reply or an event.
    Message(Value),
    /// The answer to `ping`.
    Pong,
    /// The end; nothing follows it.
    Closed(Goodbye),
}

/// An open socket. Dropping it cuts the connection without a word.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    protocol: Option<String>,
    inbox: VecDeque<Got>,
    frames: VecDeque<String>,
    ended: Option<Goodbye>,
    last_id: u64,
    /// How long anything is waited for.
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

    /// The same, that waits for so long: under load an answer takes its time.
    #[must_use]
    pub fn patient(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The subprotocol that the server chose.
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// Sends a text frame as it is.
    pub async fn raw(&mut self, text: impl Into<String>) -> Result<()> {
        let text: String = text.into();
        Ok(self.stream.send(Message::text(text)).await?)
    }

    /// Sends a binary frame.
    pub async fn binary(&mut self, bytes: Vec<u8>) -> Result<()> {
        Ok(self.stream.send(Message::binary(bytes)).await?)
    }

    /// Sends one message.
    pub async fn send(&mut self, message: &Value) -> Result<()> {
        self.raw(message.to_string()).await
    }

    /// An id that was not used on this socket.
    pub fn id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Sends one message with an id and returns its reply. What else comes meanwhile is kept for later.
    pub async fn ask(&mut self, mut message: Value) -> Result<Value> {
        let id = self.id();
        if let Some(fields) = message.as_object_mut() {
            fields.insert("id".into(), id.into());
        }
        self.send(&message).await?;
        self.reply(&json!(id)).await.with_context(|| format!("after {message}"))
    }

    /// The `ok` of a command that must succeed.
    pub async fn ok(&mut self, message: Value) -> Result<Value> {
        let reply = self.ask(message.clone()).await?;
        let ok = reply.get("ok").cloned();
        ok.with_context(|| format!("{message} was answered {reply}"))
    }

    /// The `err` of a command that must fail, with this code.
    pub async fn err(&mut self, message: Value, code: &str) -> Result<Value> {
        let reply = self.ask(message.clone()).await?;
        ensure!(text(&reply, "/err/code") == code, "{message} was answered {reply}, not with {code}");
        Ok(reply.get("err").cloned().unwrap_or_default())
    }

    /// The reply with this id.
    pub async fn reply(&mut self, id: &Value) -> Result<Value> {
        self.wait(&format!("a reply to {id}"), |message| {
            message.get("id") == Some(id) && ev(message).is_empty()
        })
        .await
    }

    /// The next event of this name.
    pub async fn event(&mut self, name: &str) -> Result<Value> {
        self.wait(&format!("a {name:?}"), |message| ev(message) == name).await
    }

    /// The next event that has a position.
    pub async fn numbered(&mut self) -> Result<Value> {
        self.wait("an event with a position", |message| super::at(message).is_some()).await
    }

    /// The first message that fits, out of those that came and those that come. The others keep their order.
    pub async fn wait(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        self.wait_until(Instant::now() + self.patience, what, fits).await
    }

    /// The same with a deadline.
    pub async fn wait_until(
        &mut self,
        deadline: Instant,
        what: &str,
        fits: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let mut looked = 0;
        loop {
            while let Some(got) = self.inbox.get(looked) {
                if matches!(got, Got::Message(message) if fits(message))
                    && let Some(Got::Message(message)) = self.inbox.remove(looked)
                {
                    return Ok(message);
                }
                looked += 1;
            }
            match timeout_at(deadline, self.read()).await {
                Ok(()) => {}
                Err(_) => bail!("{what} did not come in time; {}", self.shown()),
            }
            if let Some(ended) = &self.ended
                && self.inbox.len() <= looked
            {
                bail!("{ended:?} came before {what}; {}", self.shown());
            }
        }
    }

    /// Whatever comes next, in order.
    pub async fn next(&mut self) -> Result<Got> {
        let deadline = Instant::now() + self.patience;
        match timeout_at(deadline, self.next_ever()).await {
            Ok(got) => Ok(got),
            Err(_) => bail!("nothing came in time; {}", self.shown()),
        }
    }

    /// The same without a deadline. It may be dropped while it waits; nothing is lost.
    pub async fn next_ever(&mut self) -> Got {
        loop {
            if let Some(got) = self.inbox.pop_front() {
                return got;
            }
            if let Some(ended) = &self.ended {
                return Got::Closed(ended.clone());
            }
            self.read().await;
        }
    }

    /// How the socket ends. Messages that come before are kept.
    pub async fn closed(&mut self) -> Result<Goodbye> {
        let deadline = Instant::now() + self.patience;
        while self.ended.is_none() {
            if timeout_at(deadline, self.read()).await.is_err() {
                bail!("no close came in time; {}", self.shown());
            }
        }
        self.ended.clone().context("it has ended")
    }

    /// The socket ends with this code, and a reason that says why in JSON.
    pub async fn closed_with(&mut self, code: u16) -> Result<Goodbye> {
        let goodbye = self.closed().await?;
        ensure!(goodbye.code == code, "{goodbye:?} in place of {code}; {}", self.shown());
        Ok(goodbye)
    }

    /// What came and was not asked for.
    pub fn rest(&mut self) -> Vec<Value> {
        let message = |got| match got {
            Got::Message(message) => Some(message),
            Got::Pong | Got::Closed(_) => None,
        };
        self.inbox.drain(..).filter_map(message).collect()
    }

    /// What the server had to say before the reply to a command that does nothing.
    pub async fn settle(&mut self) -> Result<Vec<Value>> {
        self.err(json!({"op": "nothing"}), "unknown_op").await?;
        Ok(self.rest())
    }

    /// Closes in order, and waits for the answer. A connection that ends without one was given up, not closed.
    pub async fn close(mut self) -> Result<()> {
        self.stream.close(None).await?;
        let goodbye = self.closed().await?;
        ensure!(goodbye.code != 1006, "the goodbye was not answered");
        Ok(())
    }

    /// Drops the connection without a word, as a tunnel does.
    pub fn cut(self) {
        drop(self);
    }

    /// The last frames, for a person who looks at a failure.
    #[must_use]
    pub fn shown(&self) -> String {
        if self.frames.is_empty() {
            return "nothing had come".to_owned();
        }
        let frames: Vec<&str> = self.frames.iter().map(String::as_str).collect();
        format!("the last frames were:\n{}", frames.join("\n"))
    }

    /// Reads one frame. It may be dropped while it waits.
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
                self.ended = Some(Goodbye { code, reason });
                // The answer to a close is queued; it may find nobody.
                let _ = self.stream.flush().await;
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => {
                self.ended = Some(Goodbye { code: 1006, reason: String::new() });
            }
        }
    }

    fn take(&mut self, frame: &str) {
        if self.frames.len() == SHOWN {
            self.frames.pop_front();
        }
        self.frames.push_back(frame.chars().take(600).collect());
        if frame == shared::protocol::PONG {
            self.inbox.push_back(Got::Pong);
            return;
        }
        match serde_json::from_str(frame) {
            Ok(Value::Array(messages)) => self.inbox.extend(messages.into_iter().map(Got::Message)),
            Ok(message) => self.inbox.push_back(Got::Message(message)),
            Err(_) => {
                let fault = json!({ "no_json": frame });
                self.inbox.push_back(Got::Message(fault));
            }
        }
    }

    /// The welcome, which must be the first message.
    pub async fn welcome(&mut self) -> Result<Value> {
        match self.next().await? {
            Got::Message(message) if ev(&message) == "welcome" => {
                ensure!(num(&message, "/at").is_some(), "no position in {message}");
                Ok(message)
            }
            other => bail!("{other:?} came in place of the welcome"),
        }
    }
}
