//! Reads the messages of a client as commands to a room.

use super::{Command, OPS, ReportBody, SeenBody, SetBody};
use crate::id::{InvalidId, PlayerId};
use crate::json::Json;
use crate::limits;
use crate::wire::frame::{Message, position};
use crate::wire::ops::Ops;
use crate::wire::refusal::{Refusal, RefusalCode};
use crate::wire::{ClientCommand, token};
use serde_json::Value;

/// The op of a panic on purpose, in deployments that allow it. The table of ops does not list it.
const DEBUG: &str = "debug";

impl ClientCommand for Command {
    const OPS: Ops = OPS;

    fn read(message: &Message) -> Result<Self, Refusal> {
        let body = || message.body.value();
        if message.op == DEBUG {
            let body = body();
            let what = body.get("do").and_then(Value::as_str);
            let what = what.ok_or_else(|| Refusal::field("body.do", "\"panic\""))?;
            return Ok(Self::Debug { what: what.to_owned() });
        }
        OPS.check(message)?;
        let to = || required_player(message);
        Ok(match message.op.as_str() {
            "say" => Self::Say { body: bounded(&message.body, limits::BODY_BYTES_MAX)? },
            "set" => Self::Set(set(&body())?),
            "hint" => {
                let to = message.to.as_deref().map(player).transpose()?;
                Self::Hint { to, body: bounded(&message.body, limits::BODY_BYTES_MAX)? }
            }
            "signal" => Self::Signal { to: to()?, body: bounded(&message.body, limits::BODY_BYTES_MAX)? },
            "move" => Self::Move {
                body: bounded(&message.body, limits::MODE_MOVE_BYTES_MAX)?,
                if_at: message.if_at,
            },
            "leave" => Self::Leave,
            "end" => Self::End { result: bounded(&message.body, limits::RESULT_BYTES_MAX)?.value() },
            "kick" => Self::Kick { to: to()? },
            "report" => {
                let key = message.key.clone().unwrap_or_default();
                Self::Report { to: to()?, body: report(&body())?, key }
            }
            "seen" => match body().get("at").and_then(Value::as_u64) {
                Some(at) => Self::Seen(SeenBody { at }),
                None => return Err(Refusal::field("body.at", "a position: a whole number")),
            },
            "auth" => Self::Auth { token: token(message)? },
            other => return Err(OPS.unknown(other)),
        })
    }

    fn into_token(self) -> Result<String, Self> {
        match self {
            Self::Auth { token } => Ok(token),
            other => Err(other),
        }
    }
}

fn player(text: &str) -> Result<PlayerId, Refusal> {
    text.parse().map_err(|invalid: InvalidId| Refusal::field("to", invalid.to_string()))
}

fn required_player(message: &Message) -> Result<PlayerId, Refusal> {
    player(message.to.as_deref().unwrap_or_default())
}

fn bounded(body: &Json, bytes_max: usize) -> Result<Json, Refusal> {
    let bytes = body.as_str().len();
    if bytes > bytes_max {
        let message = format!("{bytes} bytes of JSON; at most {bytes_max}");
        return Err(Refusal { field: Some("body".into()), ..Refusal::new(RefusalCode::TooLong, message) });
    }
    Ok(body.clone())
}

fn report(body: &Value) -> Result<ReportBody, Refusal> {
    let reason = body.get("reason").cloned().unwrap_or_default();
    let reason = serde_json::from_value(reason).map_err(|_| {
        let known = "harassment, hate, sexual, underage, spam, cheating, profile, other";
        Refusal::field("body.reason", format!("one of {known}"))
    })?;
    let chars_max = limits::REASON_CHARS_MAX;
    let text = match body.get("text") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) if text.chars().count() <= chars_max => text.clone(),
        Some(_) => {
            return Err(Refusal::field("body.text", format!("a string of at most {chars_max} characters")));
        }
    };
    Ok(ReportBody { reason, text })
}

fn set(body: &Value) -> Result<SetBody, Refusal> {
    let Some(Value::Object(keys)) = body.get("keys") else {
        return Err(Refusal::field("body.keys", "an object: the keys to write, null to remove one"));
    };
    if keys.is_empty() || keys.len() > limits::BOARD_KEYS_MAX {
        return Err(Refusal::field("body.keys", format!("1 to {} keys", limits::BOARD_KEYS_MAX)));
    }
    if keys.keys().any(|key| key.is_empty() || key.len() > limits::KEY_BYTES_MAX) {
        return Err(Refusal::field("body.keys", format!("a key is 1 to {} bytes", limits::KEY_BYTES_MAX)));
    }
    let if_at = position(body.get("if_at").cloned(), "body.if_at")?;
    Ok(SetBody { keys: keys.clone(), if_at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::decode;

    fn check(text: &str, expected: Result<Command, (RefusalCode, &str)>) {
        let message = decode(text).unwrap().remove(0).unwrap();
        let got =
            Command::read(&message).map_err(|refusal| (refusal.code, refusal.field.unwrap_or_default()));
        assert_eq!(got, expected.map_err(|(code, field)| (code, field.into())), "{text}");
    }

    #[test]
    fn commands_are_read() {
        check(
            r#"{"op":"say","body":{"x":1}}"#,
            Ok(Command::Say { body: Json::from(&serde_json::json!({"x": 1})) }),
        );
        check(r#"{"op":"leave"}"#, Ok(Command::Leave));
        let body = Json::from(&serde_json::json!({"drop": 3}));
        check(r#"{"op":"move","if_at":7,"body":{"drop":3}}"#, Ok(Command::Move { body, if_at: Some(7) }));
        check(r#"{"op":"seen","body":{"at":7}}"#, Ok(Command::Seen(SeenBody { at: 7 })));
        check(
            r#"{"op":"hint","to":"p_1","body":1}"#,
            Ok(Command::Hint { to: Some("p_1".parse().unwrap()), body: Json::from(&Value::from(1)) }),
        );
    }

    #[test]
    fn refusals_name_the_field() {
        check(r#"{"op":"dance"}"#, Err((RefusalCode::UnknownOp, "op")));
        check(r#"{"op":"signal"}"#, Err((RefusalCode::BadField, "to")));
        check(r#"{"op":"say","to":"p_1"}"#, Err((RefusalCode::BadField, "to")));
        check(r#"{"op":"say","if_at":1}"#, Err((RefusalCode::BadField, "if_at")));
        check(r#"{"op":"hint","to":"bob"}"#, Err((RefusalCode::BadField, "to")));
        check(r#"{"op":"set","body":{"keys":{}}}"#, Err((RefusalCode::BadField, "body.keys")));
        let negative = r#"{"op":"set","body":{"keys":{"a":1},"if_at":-1}}"#;
        check(negative, Err((RefusalCode::BadField, "body.if_at")));
        check(r#"{"op":"seen","body":{"at":-7}}"#, Err((RefusalCode::BadField, "body.at")));
        let long = "x".repeat(limits::BODY_BYTES_MAX);
        check(&format!(r#"{{"op":"say","body":"{long}"}}"#), Err((RefusalCode::TooLong, "body")));
    }
}
