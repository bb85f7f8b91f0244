//! Commands on their way: their keys, and the two promises of each.

use crate::Error;
use serde_json::Value;
use shared::hex::hex;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use tokio::sync::oneshot;

/// The result of a command that made an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// The position of the event in the log; 0 for a command without one.
    pub at: u64,
}

impl Accepted {
    fn of(ok: &Value) -> Self {
        Self { at: ok.get("at").and_then(Value::as_u64).unwrap_or_default() }
    }
}

type Promise = oneshot::Sender<Result<Value, Error>>;
type Answer = oneshot::Receiver<Result<Value, Error>>;

/// A command on its way. It is sent whether or not this is awaited; `.await` waits until it is accepted.
#[derive(Debug)]
pub struct Sent {
    accepted: Answer,
    durable: Answer,
}

impl Sent {
    /// Waits until the command is on disk. The position is the one that counts then.
    pub async fn durable(self) -> Result<Accepted, Error> {
        answer(self.durable).await
    }

    /// A command that failed before it was sent.
    pub(crate) fn failed(error: Error) -> Self {
        let (promises, sent) = promises();
        promises.fail(error);
        sent
    }
}

impl IntoFuture for Sent {
    type Output = Result<Accepted, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(answer(self.accepted))
    }
}

/// The side of a command that settles it.
#[derive(Debug)]
pub(crate) struct Promises {
    accepted: Option<Promise>,
    durable: Promise,
}

/// Returns both sides of a command.
pub(crate) fn promises() -> (Promises, Sent) {
    let (accepted, is_accepted) = oneshot::channel();
    let (durable, is_durable) = oneshot::channel();
    let promises = Promises { accepted: Some(accepted), durable };
    (promises, Sent { accepted: is_accepted, durable: is_durable })
}

// An application that does not wait has dropped its side.
impl Promises {
    pub(crate) fn accept(&mut self, ok: &Value) {
        if let Some(accepted) = self.accepted.take() {
            let _ = accepted.send(Ok(ok.clone()));
        }
    }

    pub(crate) fn settle(mut self, ok: &Value) {
        self.accept(ok);
        let _ = self.durable.send(Ok(ok.clone()));
    }

    pub(crate) fn fail(self, error: Error) {
        if let Some(accepted) = self.accepted {
            let _ = accepted.send(Err(error.clone()));
        }
        let _ = self.durable.send(Err(error));
    }
}

async fn answer(answer: Answer) -> Result<Accepted, Error> {
    // The task of the connection ends without an answer only if the runtime ends.
    let ended = Error::Closed { code: 1000, why: "the runtime ended".into() };
    answer.await.unwrap_or(Err(ended)).map(|ok| Accepted::of(&ok))
}

/// Returns a unique key: 96 random bits.
pub(crate) fn key() -> String {
    let mut bytes = [0u8; 12];
    // Without random numbers no token was made, and no socket opens.
    let _ = getrandom::fill(&mut bytes);
    hex(&bytes)
}

/// Returns random bits for the waits of a connection.
pub(crate) fn seed() -> u64 {
    let mut bytes = [0u8; 8];
    let _ = getrandom::fill(&mut bytes);
    u64::from_le_bytes(bytes)
}
