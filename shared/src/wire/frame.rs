//! One text frame from a client: a message, or an array of messages in order.

use super::refusal::{Refusal, RefusalCode};
use crate::json::{self, Json, Scan};
use crate::limits;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// One message of a client, before its op is read as a command.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Message {
    /// The id of the reply; without it no reply is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Value>,
    /// The key that makes the command safe to repeat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The name of the command.
    pub op: String,
    /// True if the reply must wait for the disk.
    #[serde(rename = "ack", serialize_with = "write_ack", skip_serializing_if = "is_false")]
    pub durable: bool,
    /// The recipient or subject of the command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The position after which nothing may have changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_at: Option<u64>,
    /// The arguments of the command.
    pub body: Json,
}

/// A message that cannot be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Unread {
    /// The id of the message, where it has one.
    pub id: Option<Value>,
    pub refusal: Box<Refusal>,
}

/// Reads a frame. An error is about the frame as a whole: none of its messages is executed.
pub fn decode(text: &str) -> Result<Vec<Result<Message, Unread>>, Refusal> {
    let Scan { depth, plain } = json::scan(text);
    if depth > limits::JSON_DEPTH_MAX {
        let depth_max = limits::JSON_DEPTH_MAX;
        return Err(Refusal::new(RefusalCode::TooDeep, format!("JSON may nest at most {depth_max} deep")));
    }
    if plain {
        return read(text);
    }
    let value: Value = parse(text)?;
    read(&value.to_string())
}

fn read(text: &str) -> Result<Vec<Result<Message, Unread>>, Refusal> {
    match text.as_bytes().first() {
        Some(b'{') => Ok(vec![message(parse(text)?)]),
        Some(b'[') => {
            let items: Vec<&RawValue> = parse(text)?;
            if items.len() > limits::BATCH_MESSAGES_MAX {
                let (count, count_max) = (items.len(), limits::BATCH_MESSAGES_MAX);
                return Err(Refusal::new(
                    RefusalCode::TooLong,
                    format!(
                        "{count} messages in a frame; at most {count_max}: send the rest in another frame"
                    ),
                ));
            }
            Ok(items.into_iter().map(item).collect())
        }
        _ => {
            let _: IgnoredAny = parse(text)?;
            let expected = "a frame is an object with `op`, or an array of such objects";
            Err(Refusal::new(RefusalCode::BadMessage, expected))
        }
    }
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Refusal> {
    serde_json::from_str(text)
        .map_err(|error| Refusal::new(RefusalCode::BadJson, format!("a frame is one JSON text: {error}")))
}

fn item(text: &RawValue) -> Result<Message, Unread> {
    serde_json::from_str(text.get()).map_or_else(
        |_| {
            let refusal = Refusal::new(RefusalCode::BadMessage, "a message is an object with `op`");
            Err(Unread { id: None, refusal: Box::new(refusal) })
        },
        message,
    )
}

/// The fields of a message, before they are checked. The last of duplicate fields counts, and unknown ones are ignored.
#[derive(Default)]
struct Fields<'a> {
    id: Option<Value>,
    op: Option<Value>,
    key: Option<Value>,
    to: Option<Value>,
    ack: Option<Value>,
    if_at: Option<Value>,
    body: Option<&'a RawValue>,
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Fields::default();
                while let Some(name) = map.next_key::<Cow<'de, str>>()? {
                    let field = match &*name {
                        "id" => &mut fields.id,
                        "op" => &mut fields.op,
                        "key" => &mut fields.key,
                        "to" => &mut fields.to,
                        "ack" => &mut fields.ack,
                        "if_at" => &mut fields.if_at,
                        "body" => {
                            fields.body = Some(map.next_value()?);
                            continue;
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    *field = Some(map.next_value()?);
                }
                Ok(fields)
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

fn message(fields: Fields<'_>) -> Result<Message, Unread> {
    let Fields { id, op, key, to, ack, if_at, body } = fields;
    let unread = |refusal| Unread { id: id.clone().filter(valid_id), refusal: Box::new(refusal) };
    if id.as_ref().is_some_and(|id| !valid_id(id)) {
        return Err(unread(Refusal::field(
            "id",
            format!("a number, or a string of at most {} bytes", limits::KEY_BYTES_MAX),
        )));
    }
    let op = match op {
        Some(Value::String(op)) if op.len() <= limits::KEY_BYTES_MAX => op,
        Some(_) => return Err(unread(Refusal::field("op", "a string: the name of the command"))),
        None => {
            return Err(unread(Refusal {
                field: Some("op".into()),
                ..Refusal::new(RefusalCode::BadMessage, "`op` is missing")
            }));
        }
    };
    let key = short_string(key, "key").map_err(unread)?;
    let to = short_string(to, "to").map_err(unread)?;
    let durable = match ack {
        None | Some(Value::Null) => false,
        Some(Value::String(ack)) if ack == "durable" => true,
        Some(_) => return Err(unread(Refusal::field("ack", "\"durable\", or left out"))),
    };
    let if_at = position(if_at, "if_at").map_err(unread)?;
    Ok(Message { id, key, op, durable, to, if_at, body: body.map(Json::from).unwrap_or_default() })
}

// The signatures that serde calls.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(durable: &bool) -> bool {
    !durable
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn write_ack<S: Serializer>(_: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str("durable")
}

fn valid_id(id: &Value) -> bool {
    match id {
        Value::Number(_) => true,
        Value::String(text) => text.len() <= limits::KEY_BYTES_MAX,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

fn short_string(value: Option<Value>, name: &str) -> Result<Option<String>, Refusal> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() && text.len() <= limits::KEY_BYTES_MAX => {
            Ok(Some(text))
        }
        Some(_) => Err(Refusal::field(name, format!("a string of 1 to {} bytes", limits::KEY_BYTES_MAX))),
    }
}

/// Reads an optional position in a log.
pub(super) fn position(value: Option<Value>, name: &str) -> Result<Option<u64>, Refusal> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(at) => match at.as_u64() {
            Some(at) => Ok(Some(at)),
            None => Err(Refusal::field(name, "a position: a whole number")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str, code: RefusalCode) {
        assert_eq!(decode(text).unwrap_err().code, code, "{text}");
    }

    fn unread(text: &str, code: RefusalCode, field: Option<&str>) {
        let refusal = decode(text).unwrap().remove(0).unwrap_err().refusal;
        assert_eq!((refusal.code, refusal.field.as_deref()), (code, field), "{text}");
    }

    #[test]
    fn unreadable_frame_is_refused_as_a_whole() {
        refused("{", RefusalCode::BadJson);
        refused("", RefusalCode::BadJson);
        refused("7", RefusalCode::BadMessage);
        refused("null", RefusalCode::BadMessage);
        refused(r#""say""#, RefusalCode::BadMessage);
        refused(r#"{"op":"say","body":"\ud800"}"#, RefusalCode::BadJson);
        refused(r#"{"op":"say","body":1e999}"#, RefusalCode::BadJson);
        refused("{\"op\":\"say\",\"body\":\"\0\"}", RefusalCode::BadJson);
        refused(&"[".repeat(10_000), RefusalCode::TooDeep);
        refused(&format!("{}{}", "[".repeat(33), "]".repeat(33)), RefusalCode::TooDeep);
        refused(&format!("[{}1]", "1,".repeat(100_000)), RefusalCode::TooLong);
    }

    #[test]
    fn unreadable_message_does_not_affect_its_neighbours() {
        let read = decode(r#"[{"op":"say"},7,{"id":3}]"#).unwrap();
        assert!(read[0].is_ok());
        assert_eq!(read[1].as_ref().unwrap_err().refusal.code, RefusalCode::BadMessage);
        assert_eq!(read[2].as_ref().unwrap_err().id, Some(Value::from(3)));
    }

    #[test]
    fn invalid_field_is_named() {
        unread(r#"{"id":[],"op":"say"}"#, RefusalCode::BadField, Some("id"));
        unread(r#"{"op":7}"#, RefusalCode::BadField, Some("op"));
        unread(r"{}", RefusalCode::BadMessage, Some("op"));
        unread(r#"{"op":"say","key":""}"#, RefusalCode::BadField, Some("key"));
        unread(r#"{"op":"say","ack":"soon"}"#, RefusalCode::BadField, Some("ack"));
        unread(r#"{"op":"move","if_at":-1}"#, RefusalCode::BadField, Some("if_at"));
        unread(&format!(r#"{{"op":"say","key":"{}"}}"#, "k".repeat(65)), RefusalCode::BadField, Some("key"));
    }

    #[test]
    fn body_is_passed_on_as_it_was_written_without_whitespace() {
        for (frame, body) in [
            (r#"{"op":"say","body":{"z":1.0,"a":"\"x"}}"#, r#"{"z":1.0,"a":"\"x"}"#),
            (r#"{"op":"say", "body":{ "a": 1 }}"#, r#"{"a":1}"#),
            (r#"{"op":"say"}"#, "null"),
            (r#"{"op":"say","body":1,"body":2}"#, "2"),
        ] {
            let read = decode(frame).unwrap();
            assert_eq!(read[0].as_ref().unwrap().body.as_str(), body, "{frame}");
        }
    }

    #[test]
    fn written_message_is_read_as_it_was() {
        for text in [
            r#"{"id":3,"key":"k","op":"say","ack":"durable","body":{"a":1}}"#,
            r#"{"op":"move","to":"p_1","if_at":7,"body":null}"#,
        ] {
            let message = decode(text).unwrap().remove(0).unwrap();
            assert_eq!(serde_json::to_string(&message).unwrap(), text);
        }
    }

    #[test]
    fn last_of_duplicate_keys_counts() {
        let read = decode(r#"{"op":"say","op":"leave"}"#).unwrap();
        assert_eq!(read[0].as_ref().unwrap().op, "leave");
    }
}
