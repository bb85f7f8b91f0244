//! Writes commands to a room as the messages of a client.

use super::Command;
use crate::json::Json;
use crate::wire::AuthBody;
use crate::wire::frame::Message;
use serde::Serialize;
use serde_json::json;

impl From<Command> for Message {
    /// Returns the message without `id` and `ack`, and with a `key` only where the command has one.
    fn from(command: Command) -> Self {
        let of = |op: &str, body: Json| Self { op: op.to_owned(), body, ..Self::default() };
        match command {
            Command::Say { body } => of("say", body),
            Command::Set(body) => of("set", json(&body)),
            Command::Hint { to, body } => Self { to: to.map(|to| to.to_string()), ..of("hint", body) },
            Command::Signal { to, body } => Self { to: Some(to.to_string()), ..of("signal", body) },
            Command::Move { body, if_at } => Self { if_at, ..of("move", body) },
            Command::Leave => of("leave", Json::default()),
            Command::End { result } => of("end", Json::from(&result)),
            Command::Kick { to } => Self { to: Some(to.to_string()), ..of("kick", Json::default()) },
            Command::Report { to, body, key } => {
                Self { to: Some(to.to_string()), key: Some(key), ..of("report", json(&body)) }
            }
            Command::Seen(body) => of("seen", json(&body)),
            Command::Auth { token } => of("auth", json(&AuthBody { token })),
            Command::Debug { what } => of("debug", Json::from(&json!({ "do": what }))),
        }
    }
}

/// Encodes a body of this wire, which has string keys and finite numbers, so that it cannot fail.
fn json<T: Serialize>(body: &T) -> Json {
    serde_json::to_value(body).map(|value| Json::from(&value)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ClientCommand;
    use crate::wire::frame::decode;

    #[test]
    fn written_command_is_read_as_it_was() {
        for text in [
            r#"{"op":"say","body":{"a":1}}"#,
            r#"{"op":"set","body":{"keys":{"a":1,"b":null},"if_at":3}}"#,
            r#"{"op":"hint","to":"p_1","body":1}"#,
            r#"{"op":"hint","body":1}"#,
            r#"{"op":"signal","to":"p_1","body":1}"#,
            r#"{"op":"move","if_at":4,"body":{"drop":3}}"#,
            r#"{"op":"leave"}"#,
            r#"{"op":"end","body":{"winner":"p_1"}}"#,
            r#"{"op":"kick","to":"p_1"}"#,
            r#"{"op":"report","key":"k","to":"p_1","body":{"reason":"spam","text":"x"}}"#,
            r#"{"op":"seen","body":{"at":7}}"#,
            r#"{"op":"auth","body":{"token":"t"}}"#,
            r#"{"op":"debug","body":{"do":"panic"}}"#,
        ] {
            let command = Command::read(&decode(text).unwrap().remove(0).unwrap()).unwrap();
            let written = serde_json::to_string(&Message::from(command.clone())).unwrap();
            let again = Command::read(&decode(&written).unwrap().remove(0).unwrap()).unwrap();
            assert_eq!(again, command, "{written}");
        }
    }
}
