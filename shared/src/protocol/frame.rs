//! One text frame from a client: a message, or an array of them in order.

use super::fault::{Code, Fault};
use crate::caps;
use serde_json::{Map, Value};

/// One command as it was written: which op, and what came with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// What the reply is to carry; none, no reply.
    pub id: Option<Value>,
    /// What makes it safe to repeat.
    pub key: Option<String>,
    /// What is to be done.
    pub op: String,
    /// Whether the reply is to wait for the disk.
    pub durable: bool,
    /// Whom it is for.
    pub to: Option<String>,
    /// The rest.
    pub body: Value,
}

/// A message that could not be read, with the id to answer to.
#[derive(Debug, Clone, PartialEq)]
pub struct Unread {
    /// The id of the message, where it had one.
    pub id: Option<Value>,
    /// What was wrong.
    pub fault: Box<Fault>,
}

/// Reads a frame. An `Err` is about the frame as a whole: nothing of it is carried out.
pub fn decode(text: &str) -> Result<Vec<Result<Message, Unread>>, Fault> {
    if depth(text) > caps::JSON_DEPTH {
        let most = caps::JSON_DEPTH;
        return Err(Fault::new(Code::TooDeep, format!("JSON here nests at most {most} deep")));
    }
    let value: Value = serde_json::from_str(text)
        .map_err(|error| Fault::new(Code::BadJson, format!("a frame is one JSON text: {error}")))?;
    match value {
        Value::Array(items) if items.len() > caps::BATCH => {
            let (got, most) = (items.len(), caps::BATCH);
            Err(Fault::new(
                Code::TooLong,
                format!("{got} messages in a frame; at most {most}: send the rest in another"),
            ))
        }
        Value::Array(items) => Ok(items.into_iter().map(message).collect()),
        Value::Object(_) => Ok(vec![message(value)]),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err(Fault::new(Code::BadMessage, "a frame is an object with `op`, or an array of such"))
        }
    }
}

fn message(value: Value) -> Result<Message, Unread> {
    let Value::Object(mut fields) = value else {
        let fault = Fault::new(Code::BadMessage, "a message is an object with `op`");
        return Err(Unread { id: None, fault: Box::new(fault) });
    };
    let id = fields.remove("id");
    let unread = |fault| Unread { id: id.clone().filter(fine_id), fault: Box::new(fault) };
    if id.as_ref().is_some_and(|id| !fine_id(id)) {
        return Err(unread(Fault::field(
            "id",
            format!("a number, or a string of at most {} bytes", caps::KEY_BYTES),
        )));
    }
    let op = match fields.remove("op") {
        Some(Value::String(op)) if op.len() <= caps::KEY_BYTES => op,
        Some(_) => return Err(unread(Fault::field("op", "a string: what is to be done"))),
        None => {
            return Err(unread(Fault {
                field: Some("op".into()),
                ..Fault::new(Code::BadMessage, "`op` is missing")
            }));
        }
    };
    let key = short(&mut fields, "key").map_err(unread)?;
    let to = short(&mut fields, "to").map_err(unread)?;
    let durable = match fields.remove("ack") {
        None | Some(Value::Null) => false,
        Some(Value::String(ack)) if ack == "durable" => true,
        Some(_) => return Err(unread(Fault::field("ack", "\"durable\", or left out"))),
    };
    let body = fields.remove("body").unwrap_or(Value::Null);
    Ok(Message { id, key, op, durable, to, body })
}

fn fine_id(id: &Value) -> bool {
    match id {
        Value::Number(_) => true,
        Value::String(text) => text.len() <= caps::KEY_BYTES,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

fn short(fields: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Fault> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() && text.len() <= caps::KEY_BYTES => Ok(Some(text)),
        Some(_) => Err(Fault::field(name, format!("a string of 1 to {} bytes", caps::KEY_BYTES))),
    }
}

/// How deep the brackets nest, counted on the bytes, before any parser recurses on them.
fn depth(text: &str) -> usize {
    let (mut now, mut most) = (0usize, 0usize);
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
                now += 1;
                most = most.max(now);
            }
            b']' | b'}' => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str, code: Code) {
        assert_eq!(decode(text).unwrap_err().code, code, "{text}");
    }

    fn unread(text: &str, code: Code, field: Option<&str>) {
        let fault = decode(text).unwrap().remove(0).unwrap_err().fault;
        assert_eq!((fault.code, fault.field.as_deref()), (code, field), "{text}");
    }

    #[test]
    fn whole_frames_that_cannot_be_read() {
        refused("{", Code::BadJson);
        refused("", Code::BadJson);
        refused("7", Code::BadMessage);
        refused("null", Code::BadMessage);
        refused(r#""say""#, Code::BadMessage);
        refused(r#"{"op":"say","body":"\ud800"}"#, Code::BadJson);
        refused(r#"{"op":"say","body":1e999}"#, Code::BadJson);
        refused("{\"op\":\"say\",\"body\":\"\0\"}", Code::BadJson);
        refused(&"[".repeat(10_000), Code::TooDeep);
        refused(&format!("{}{}", "[".repeat(33), "]".repeat(33)), Code::TooDeep);
        refused(&format!("[{}1]", "1,".repeat(100_000)), Code::TooLong);
    }

    #[test]
    fn messages_that_cannot_be_read_do_not_stop_their_neighbours() {
        let read = decode(r#"[{"op":"say"},7,{"id":3}]"#).unwrap();
        assert!(read[0].is_ok());
        assert_eq!(read[1].as_ref().unwrap_err().fault.code, Code::BadMessage);
        assert_eq!(read[2].as_ref().unwrap_err().id, Some(Value::from(3)));
    }

    #[test]
    fn fields_are_checked() {
        unread(r#"{"id":[],"op":"say"}"#, Code::BadField, Some("id"));
        unread(r#"{"op":7}"#, Code::BadField, Some("op"));
        unread(r"{}", Code::BadMessage, Some("op"));
        unread(r#"{"op":"say","key":""}"#, Code::BadField, Some("key"));
        unread(r#"{"op":"say","ack":"soon"}"#, Code::BadField, Some("ack"));
        unread(&format!(r#"{{"op":"say","key":"{}"}}"#, "k".repeat(65)), Code::BadField, Some("key"));
    }

    #[test]
    fn brackets_in_strings_do_not_nest() {
        assert_eq!(depth(r#"{"a":"[[[[\"[["}"#), 1);
    }

    #[test]
    fn of_duplicate_keys_the_last_counts() {
        let read = decode(r#"{"op":"say","op":"leave"}"#).unwrap();
        assert_eq!(read[0].as_ref().unwrap().op, "leave");
    }
}
