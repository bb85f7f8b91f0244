//! One text frame from a client: a message, or an array of messages in order.

use super::refusal::{Refusal, RefusalCode};
use crate::limits;
use serde_json::{Map, Value};

/// One message of a client, before its op is read as a command.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The id of the reply; without it no reply is sent.
    pub id: Option<Value>,
    /// The key that makes the command safe to repeat.
    pub key: Option<String>,
    /// The name of the command.
    pub op: String,
    /// True if the reply must wait for the disk.
    pub durable: bool,
    /// The recipient or subject of the command.
    pub to: Option<String>,
    /// The arguments of the command.
    pub body: Value,
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
    if depth(text) > limits::JSON_DEPTH_MAX {
        let depth_max = limits::JSON_DEPTH_MAX;
        return Err(Refusal::new(RefusalCode::TooDeep, format!("JSON may nest at most {depth_max} deep")));
    }
    let value: Value = serde_json::from_str(text)
        .map_err(|error| Refusal::new(RefusalCode::BadJson, format!("a frame is one JSON text: {error}")))?;
    match value {
        Value::Array(items) if items.len() > limits::BATCH_MESSAGES_MAX => {
            let (count, count_max) = (items.len(), limits::BATCH_MESSAGES_MAX);
            Err(Refusal::new(
                RefusalCode::TooLong,
                format!("{count} messages in a frame; at most {count_max}: send the rest in another frame"),
            ))
        }
        Value::Array(items) => Ok(items.into_iter().map(message).collect()),
        Value::Object(_) => Ok(vec![message(value)]),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(Refusal::new(
            RefusalCode::BadMessage,
            "a frame is an object with `op`, or an array of such objects",
        )),
    }
}

fn message(value: Value) -> Result<Message, Unread> {
    let Value::Object(mut fields) = value else {
        let refusal = Refusal::new(RefusalCode::BadMessage, "a message is an object with `op`");
        return Err(Unread { id: None, refusal: Box::new(refusal) });
    };
    let id = fields.remove("id");
    let unread = |refusal| Unread { id: id.clone().filter(valid_id), refusal: Box::new(refusal) };
    if id.as_ref().is_some_and(|id| !valid_id(id)) {
        return Err(unread(Refusal::field(
            "id",
            format!("a number, or a string of at most {} bytes", limits::KEY_BYTES_MAX),
        )));
    }
    let op = match fields.remove("op") {
        Some(Value::String(op)) if op.len() <= limits::KEY_BYTES_MAX => op,
        Some(_) => return Err(unread(Refusal::field("op", "a string: the name of the command"))),
        None => {
            return Err(unread(Refusal {
                field: Some("op".into()),
                ..Refusal::new(RefusalCode::BadMessage, "`op` is missing")
            }));
        }
    };
    let key = short_string(&mut fields, "key").map_err(unread)?;
    let to = short_string(&mut fields, "to").map_err(unread)?;
    let durable = match fields.remove("ack") {
        None | Some(Value::Null) => false,
        Some(Value::String(ack)) if ack == "durable" => true,
        Some(_) => return Err(unread(Refusal::field("ack", "\"durable\", or left out"))),
    };
    let body = fields.remove("body").unwrap_or(Value::Null);
    Ok(Message { id, key, op, durable, to, body })
}

fn valid_id(id: &Value) -> bool {
    match id {
        Value::Number(_) => true,
        Value::String(text) => text.len() <= limits::KEY_BYTES_MAX,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

fn short_string(fields: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() && text.len() <= limits::KEY_BYTES_MAX => {
            Ok(Some(text))
        }
        Some(_) => Err(Refusal::field(name, format!("a string of 1 to {} bytes", limits::KEY_BYTES_MAX))),
    }
}

/// Returns the depth of the brackets, counted on the bytes before a parser recurses on them.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    let (mut inside, mut escaped) = (false, false);
    for byte in text.bytes() {
        if inside {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => inside = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => inside = true,
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
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
        unread(&format!(r#"{{"op":"say","key":"{}"}}"#, "k".repeat(65)), RefusalCode::BadField, Some("key"));
    }

    #[test]
    fn brackets_in_strings_are_not_counted() {
        assert_eq!(depth(r#"{"a":"[[[[\"[["}"#), 1);
    }

    #[test]
    fn last_of_duplicate_keys_counts() {
        let read = decode(r#"{"op":"say","op":"leave"}"#).unwrap();
        assert_eq!(read[0].as_ref().unwrap().op, "leave");
    }
}
