//! What a client may ask of a room.

use super::fault::{Code, Fault};
use super::frame::Message;
use crate::caps;
use crate::id::PlayerId;
use crate::record::Wrong;
use serde_json::{Map, Value};

/// A command to a room, its fields checked.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// An event for everybody, kept in the log.
    Say {
        /// What is said.
        body: Value,
    },
    /// Writes keys of the board; null removes one.
    Set {
        /// The keys and their new values.
        keys: Map<String, Value>,
        /// Write only if none of the keys was written after this position.
        if_at: Option<u64>,
    },
    /// Something fleeting to everybody, or to one.
    Hint {
        /// Whom alone it is for.
        to: Option<PlayerId>,
        /// What it is.
        body: Value,
    },
    /// Call negotiation with one member.
    Signal {
        /// Whom it is for.
        to: PlayerId,
        /// What it is.
        body: Value,
    },
    /// Gives up the seat.
    Leave,
    /// Ends the room.
    End {
        /// The result, as the mode understands it.
        result: Value,
    },
    /// Puts a member out.
    Kick {
        /// Whom.
        to: PlayerId,
    },
    /// Tells moderators of what a member did.
    Report {
        /// Who did it.
        to: PlayerId,
        /// What kind of thing.
        reason: Wrong,
        /// In the reporter's words; may be empty.
        text: String,
        /// What makes it one report, however often it is said.
        key: String,
    },
    /// The position that the client has seen.
    Seen {
        /// All events up to here arrived.
        at: u64,
    },
    /// A newer access token for the same socket.
    Auth {
        /// The token.
        token: String,
    },
    /// Faults on purpose, where the deployment allows them.
    Debug {
        /// Which one.
        what: String,
    },
}

impl Command {
    /// Reads a message as a command to a room.
    pub fn read(message: &Message) -> Result<Self, Fault> {
        let body = &message.body;
        match message.op.as_str() {
            "say" => Ok(Self::Say { body: bounded(body, caps::BODY_BYTES)? }),
            "set" => set(body),
            "hint" => Ok(Self::Hint {
                to: message.to.as_deref().map(player).transpose()?,
                body: bounded(body, caps::BODY_BYTES)?,
            }),
            "signal" => {
                let Some(to) = message.to.as_deref() else {
                    return Err(Fault::field("to", "the player whom the signal is for"));
                };
                Ok(Self::Signal { to: player(to)?, body: bounded(body, caps::BODY_BYTES)? })
            }
            "leave" => Ok(Self::Leave),
            "end" => Ok(Self::End { result: bounded(body, caps::RESULT_BYTES)? }),
            "kick" => {
                let Some(to) = message.to.as_deref() else {
                    return Err(Fault::field("to", "the player who is to go"));
                };
                Ok(Self::Kick { to: player(to)? })
            }
            "report" => report(message),
            "seen" => match body.get("at").and_then(Value::as_u64) {
                Some(at) => Ok(Self::Seen { at }),
                None => Err(Fault::field("body.at", "a position: a whole number")),
            },
            "auth" => match body.get("token").and_then(Value::as_str) {
                Some(token) => Ok(Self::Auth { token: token.to_owned() }),
                None => Err(Fault::field("body.token", "an access token")),
            },
            "debug" => match body.get("do").and_then(Value::as_str) {
                Some(what) => Ok(Self::Debug { what: what.to_owned() }),
                None => Err(Fault::field("body.do", "\"panic\"")),
            },
            other => Err(unknown_op(other, "say, set, hint, signal, leave, end, kick, report, seen, auth")),
        }
    }
}

/// The reply to an op that is not known here.
#[must_use]
pub fn unknown_op(op: &str, known: &str) -> Fault {
    Fault {
        field: Some("op".into()),
        ..Fault::new(Code::UnknownOp, format!("no op {op:?} here; known: {known}"))
    }
}

fn player(text: &str) -> Result<PlayerId, Fault> {
    text.parse().map_err(|bad: crate::id::BadId| Fault::field("to", bad.to_string()))
}

fn bounded(body: &Value, most: usize) -> Result<Value, Fault> {
    let length = serde_json::to_string(body).map_or(usize::MAX, |text| text.len());
    if length > most {
        let message = format!("{length} bytes of JSON; at most {most}");
        return Err(Fault { field: Some("body".into()), ..Fault::new(Code::TooLong, message) });
    }
    Ok(body.clone())
}

fn report(message: &Message) -> Result<Command, Fault> {
    let (Some(to), Some(key)) = (message.to.as_deref(), message.key.clone()) else {
        let field = if message.to.is_none() { "to" } else { "key" };
        return Err(Fault::field(field, "a report names the player in `to`, and has a `key`"));
    };
    let reason = message.body.get("reason").cloned().unwrap_or_default();
    let reason = serde_json::from_value(reason).map_err(|_| {
        let known = "harassment, hate, sexual, underage, spam, cheating, profile, other";
        Fault::field("body.reason", format!("one of {known}"))
    })?;
    let most = caps::REASON_CHARS;
    let text = match message.body.get("text") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) if text.chars().count() <= most => text.clone(),
        Some(_) => {
            return Err(Fault::field("body.text", format!("a string of at most {most} characters")));
        }
    };
    Ok(Command::Report { to: player(to)?, reason, text, key })
}

fn set(body: &Value) -> Result<Command, Fault> {
    let Some(Value::Object(keys)) = body.get("keys") else {
        return Err(Fault::field("body.keys", "an object: the keys to write, null to remove one"));
    };
    if keys.is_empty() || keys.len() > caps::BOARD_KEYS {
        return Err(Fault::field("body.keys", format!("1 to {} keys", caps::BOARD_KEYS)));
    }
    if keys.keys().any(|key| key.is_empty() || key.len() > caps::KEY_BYTES) {
        return Err(Fault::field("body.keys", format!("a key is 1 to {} bytes", caps::KEY_BYTES)));
    }
    let if_at = match body.get("if_at") {
        None | Some(Value::Null) => None,
        Some(at) => match at.as_u64() {
            Some(at) => Some(at),
            None => return Err(Fault::field("body.if_at", "a position: a whole number")),
        },
    };
    Ok(Command::Set { keys: keys.clone(), if_at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::decode;

    fn check(text: &str, expected: Result<Command, (Code, &str)>) {
        let message = decode(text).unwrap().remove(0).unwrap();
        let got = Command::read(&message).map_err(|fault| (fault.code, fault.field.unwrap_or_default()));
        assert_eq!(got, expected.map_err(|(code, field)| (code, field.to_owned())), "{text}");
    }

    #[test]
    fn commands_are_read() {
        check(r#"{"op":"say","body":{"x":1}}"#, Ok(Command::Say { body: serde_json::json!({"x": 1}) }));
        check(r#"{"op":"leave"}"#, Ok(Command::Leave));
        check(r#"{"op":"seen","body":{"at":7}}"#, Ok(Command::Seen { at: 7 }));
        check(
            r#"{"op":"hint","to":"p_1","body":1}"#,
            Ok(Command::Hint { to: Some("p_1".parse().unwrap()), body: 1.into() }),
        );
    }

    #[test]
    fn faults_name_the_field() {
        check(r#"{"op":"dance"}"#, Err((Code::UnknownOp, "op")));
        check(r#"{"op":"signal"}"#, Err((Code::BadField, "to")));
        check(r#"{"op":"hint","to":"bob"}"#, Err((Code::BadField, "to")));
        check(r#"{"op":"set","body":{"keys":{}}}"#, Err((Code::BadField, "body.keys")));
        check(r#"{"op":"set","body":{"keys":{"a":1},"if_at":-1}}"#, Err((Code::BadField, "body.if_at")));
        check(r#"{"op":"seen","body":{"at":-7}}"#, Err((Code::BadField, "body.at")));
        let long = "x".repeat(caps::BODY_BYTES);
        check(&format!(r#"{{"op":"say","body":"{long}"}}"#), Err((Code::TooLong, "body")));
    }
}
