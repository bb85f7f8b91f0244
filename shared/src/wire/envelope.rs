//! The envelope that all server messages share: events with position, author and time, and replies.

use super::refusal::Refusal;
use super::welcome::Welcome;
use crate::id::PlayerId;
use crate::json::Json;
pub use crate::text::Text;
pub(crate) use crate::text::encode;
use crate::time::Time;
use serde::de::{DeserializeOwned, Error as _};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use std::rc::Rc;

/// The events of one object, as the TypeScript types need them.
#[cfg(feature = "typescript")]
pub trait TypescriptEvents {
    /// Returns the name of each event, and its fields beside `ev`.
    fn variants(cfg: &ts_rs::Config) -> Vec<(&'static str, String)>;
}

/// The events of one object: what `events!` implements.
pub trait Event: Sized {
    /// The `ev` of every event, for documentation and tests.
    const NAMES: &'static [&'static str];

    /// Returns the `ev` of this event.
    fn name(&self) -> &str;

    /// Writes the `body` of the event, or its fields where they stand beside `ev`.
    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;

    /// Reads the event called `name` from the remaining fields of its frame.
    fn read(name: &str, fields: &mut Map<String, Value>) -> Result<Self, serde_json::Error>;
}

/// An event that a log shares with its readers.
impl<E: Event> Event for Rc<E> {
    const NAMES: &'static [&'static str] = E::NAMES;

    fn name(&self) -> &str {
        E::name(self)
    }

    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        E::write(self, map)
    }

    fn read(name: &str, fields: &mut Map<String, Value>) -> Result<Self, serde_json::Error> {
        E::read(name, fields).map(Rc::new)
    }
}

/// A field that stands beside `ev`.
pub trait Part {
    /// True if the field may be left out.
    const IS_OPTIONAL: bool = false;

    /// Returns true if the field is left out.
    fn is_absent(&self) -> bool {
        false
    }
}

impl Part for u64 {}
impl Part for Json {}

impl<T> Part for Option<T> {
    const IS_OPTIONAL: bool = true;

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

/// An event as it goes over the wire: `{"at","ev","by","ts","body"}`, in this order.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope<E> {
    /// The position in the log; none for an ephemeral event.
    pub at: Option<u64>,
    /// The player whose command caused the event.
    pub by: Option<PlayerId>,
    /// The time at which a logged event was accepted.
    pub ts: Option<Time>,
    /// The event itself.
    pub event: E,
}

impl<E: Event> Envelope<E> {
    /// Wraps an ephemeral event without author.
    #[must_use]
    pub fn ephemeral(event: E) -> Self {
        Self { at: None, by: None, ts: None, event }
    }

    /// Encodes the event for the wire.
    #[must_use]
    pub fn text(&self) -> Text {
        encode(self)
    }
}

impl<E: Event> Serialize for Envelope<E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(at) = self.at {
            map.serialize_entry("at", &at)?;
        }
        map.serialize_entry("ev", self.event.name())?;
        if let Some(by) = &self.by {
            map.serialize_entry("by", by)?;
        }
        if let Some(ts) = self.ts {
            map.serialize_entry("ts", &ts)?;
        }
        self.event.write(&mut map)?;
        map.end()
    }
}

impl<'de, E: Event> Deserialize<'de> for Envelope<E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Fields {
            at: Option<u64>,
            ev: String,
            by: Option<PlayerId>,
            ts: Option<Time>,
            #[serde(flatten)]
            rest: Map<String, Value>,
        }
        let Fields { at, ev, by, ts, mut rest } = Fields::deserialize(deserializer)?;
        let event = E::read(&ev, &mut rest).map_err(|error| D::Error::custom(format!("{ev}: {error}")))?;
        Ok(Self { at, by, ts, event })
    }
}

/// The answer to a command that had an `id`, or the refusal of a whole frame.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Reply<T = Value> {
    /// The id of the command; none where a frame was refused as a whole.
    pub id: Option<Value>,
    /// The result of an executed command.
    pub ok: Option<T>,
    /// The reason for which a command was refused.
    pub err: Option<Refusal>,
}

/// A server message as a client reads it; `W` are the object's own fields of the welcome.
#[derive(Debug, Clone, PartialEq)]
pub enum ServerMessage<E, W> {
    /// The first message on a socket.
    Welcome(Box<Welcome<W>>),
    /// An event of the object.
    Event(Envelope<E>),
    /// The reply to a command, or to a frame.
    Reply(Reply),
}

impl<E: Event, W: DeserializeOwned> ServerMessage<E, W> {
    /// Reads one frame: a message, or an array of messages in order.
    pub fn read_frame(text: &str) -> Result<Vec<Self>, serde_json::Error> {
        match serde_json::from_str(text)? {
            Value::Array(messages) => messages.into_iter().map(Self::read).collect(),
            message => Ok(vec![Self::read(message)?]),
        }
    }

    /// Reads one message.
    pub fn read(message: Value) -> Result<Self, serde_json::Error> {
        match message.get("ev").and_then(Value::as_str) {
            Some("welcome") => serde_json::from_value(message).map(Self::Welcome),
            Some(_) => serde_json::from_value(message).map(Self::Event),
            None => serde_json::from_value(message).map(Self::Reply),
        }
    }
}

/// Encodes the reply to an executed command.
#[must_use]
pub fn ok<T: Serialize>(id: &Value, body: &T) -> Text {
    #[derive(Serialize)]
    struct Ok<'a, T> {
        id: &'a Value,
        ok: &'a T,
    }
    encode(&Ok { id, ok: body })
}

/// Encodes the reply to a refused command, or without `id` to a refused frame.
#[must_use]
pub fn err(id: Option<&Value>, refusal: &Refusal) -> Text {
    #[derive(Serialize)]
    struct Err<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a Value>,
        err: &'a Refusal,
    }
    encode(&Err { id, err: refusal })
}

/// Declares the events of one object: `"ev" => Variant`, `Variant(Body)`, or `Variant { field: Type }` for fields that
/// stand beside `ev`. A client reads an event that it does not know as `Unknown`.
macro_rules! events {
    (
        $(#[$meta:meta])*
        pub enum $Event:ident {
            $($(#[$doc:meta])* $name:literal => $Variant:ident $(($Body:ty))? $({ $($field:ident: $Field:ty),+ })?,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $Event {
            $($(#[$doc])* $Variant $(($Body))? $({$(
                /// A field that stands beside `ev`.
                $field: $Field
            ),+})?,)*
            /// An event of a newer version, to be ignored.
            Unknown {
                /// The name of the event.
                ev: String,
                /// The body, where it has one.
                body: Option<serde_json::Value>,
            },
        }

        impl $crate::wire::envelope::Event for $Event {
            const NAMES: &'static [&'static str] = &[$($name),*];

            fn name(&self) -> &str {
                match self {
                    $(Self::$Variant { .. } => $name,)*
                    Self::Unknown { ev, .. } => ev,
                }
            }

            fn write<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                match self {
                    $(Self::$Variant $((events!(@bind body $Body)))? $({ $($field),+ })? => {
                        $(map.serialize_entry::<str, $Body>("body", body)?;)?
                        $($(if !$crate::wire::envelope::Part::is_absent($field) {
                            map.serialize_entry(stringify!($field), $field)?;
                        })+)?
                        Ok(())
                    })*
                    Self::Unknown { body: Some(body), .. } => map.serialize_entry("body", body),
                    Self::Unknown { body: None, .. } => Ok(()),
                }
            }

            fn read(
                name: &str,
                fields: &mut serde_json::Map<String, serde_json::Value>,
            ) -> Result<Self, serde_json::Error> {
                let mut take = |name: &str| fields.remove(name);
                Ok(match name {
                    $($name => Self::$Variant
                        $((serde_json::from_value::<$Body>(take("body").unwrap_or_default())?))?
                        $({$($field: serde_json::from_value(take(stringify!($field)).unwrap_or_default())?),+})?,)*
                    other => Self::Unknown { ev: other.to_owned(), body: take("body") },
                })
            }
        }

        #[cfg(feature = "typescript")]
        impl $crate::wire::envelope::TypescriptEvents for $Event {
            fn variants(cfg: &ts_rs::Config) -> Vec<(&'static str, String)> {
                vec![$(($name, {
                    let fields: &[String] = &[
                        $(format!("body: {}", <$Body as ts_rs::TS>::name(cfg)))?
                        $($({
                            type Inner = <$Field as ts_rs::TS>::OptionInnerType;
                            let is_optional = <$Field as $crate::wire::envelope::Part>::IS_OPTIONAL;
                            let mark = if is_optional { "?" } else { "" };
                            format!("{}{mark}: {}", stringify!($field), <Inner as ts_rs::TS>::name(cfg))
                        }),+)?
                    ];
                    fields.join("; ")
                })),*]
            }
        }
    };
    (@bind $body:ident $Body:ty) => { $body };
}
pub(crate) use events;
