//! What the server says: events, replies and the welcome, each encoded once.

use super::fault::Fault;
use crate::caps;
use crate::id::PlayerId;
use crate::time::{self, Time};
use serde::Serialize;
use serde_json::{Map, Value};
use std::rc::Rc;

/// One encoded message, shared by everybody who is owed it.
pub type Text = Rc<str>;

/// An event, with a position where it is kept in a log.
#[derive(Debug, Serialize)]
pub struct Event<'a> {
    /// Its position in the log; none, it is fleeting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// What happened.
    pub ev: &'a str,
    /// Who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<&'a PlayerId>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ts: Option<Time>,
    /// The rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<&'a Value>,
}

impl Event<'_> {
    /// The event as it goes out.
    #[must_use]
    pub fn text(&self) -> Text {
        encode(self)
    }
}

/// What a recipient gets for an event that is not for them: its number alone.
#[must_use]
pub fn skip(at: u64) -> Text {
    Event { at: Some(at), ev: "skip", by: None, ts: None, body: None }.text()
}

/// Everything up to here is on disk.
#[must_use]
pub fn durable(to: u64) -> Text {
    format!(r#"{{"ev":"durable","to":{to}}}"#).into()
}

/// Something fleeting.
#[must_use]
pub fn fleeting(ev: &str, by: Option<&PlayerId>, body: Option<&Value>) -> Text {
    Event { at: None, ev, by, ts: None, body }.text()
}

/// One more field of a body.
pub fn add(body: &mut Value, name: &str, value: impl Serialize) {
    if let (Some(body), Ok(value)) = (body.as_object_mut(), serde_json::to_value(value)) {
        body.insert(name.to_owned(), value);
    }
}

/// A command was carried out.
#[must_use]
pub fn ok(id: &Value, body: &Value) -> Text {
    #[derive(Serialize)]
    struct Reply<'a> {
        id: &'a Value,
        ok: &'a Value,
    }
    encode(&Reply { id, ok: body })
}

/// A command, or where there is no id a whole frame, was refused.
#[must_use]
pub fn err(id: Option<&Value>, fault: &Fault) -> Text {
    #[derive(Serialize)]
    struct Reply<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a Value>,
        err: &'a Fault,
    }
    encode(&Reply { id, err: fault })
}

/// The first frame on every socket.
#[derive(Debug, Serialize)]
pub struct Welcome<'a> {
    /// Which life of the log the positions belong to.
    pub epoch: String,
    /// The head of the log.
    pub at: u64,
    /// Whether everything since the position asked for follows.
    pub recovered: bool,
    /// How many events follow from before now.
    pub replayed: u64,
    /// Everything up to here is on disk.
    pub durable: u64,
    /// Who the server takes the client for.
    pub you: &'a PlayerId,
    /// The server's clock.
    pub now: Time,
    /// What the object adds: members, phase, a snapshot.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl Welcome<'_> {
    /// The welcome as it goes out, with the heartbeat and the limits.
    #[must_use]
    pub fn text(&self) -> Text {
        #[derive(Serialize)]
        struct Full<'a> {
            ev: &'static str,
            #[serde(flatten)]
            welcome: &'a Welcome<'a>,
            heartbeat: Heartbeat,
            limits: Limits,
        }
        #[derive(Serialize)]
        struct Heartbeat {
            every_ms: u64,
            grace_ms: u64,
        }
        #[derive(Serialize)]
        struct Limits {
            frame_bytes: usize,
            per_s: u32,
            burst: u32,
            batch: usize,
        }
        encode(&Full {
            ev: "welcome",
            welcome: self,
            heartbeat: Heartbeat {
                every_ms: time::ms(caps::HEARTBEAT),
                grace_ms: time::ms(caps::HEARTBEAT_GRACE),
            },
            limits: Limits {
                frame_bytes: caps::FRAME_BYTES,
                per_s: caps::PER_S,
                burst: caps::BURST,
                batch: caps::BATCH,
            },
        })
    }
}

/// JSON of what is ours to write: maps have string keys and numbers are finite, so this does not fail.
pub(crate) fn encode<T: Serialize>(value: &T) -> Text {
    serde_json::to_string(value).unwrap_or_default().into()
}
