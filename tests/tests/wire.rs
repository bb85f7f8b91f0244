//! Does the wire still say, word for word, what it has always said? `GOLDEN=add` adds frames that are new.

#[path = "wire/golden.rs"]
mod golden;
#[path = "wire/lobby.rs"]
mod lobby;
#[path = "wire/me.rs"]
mod me;
#[path = "wire/server.rs"]
mod server;

use golden::Golden;
use serde_json::{Value, json};
use shared::protocol::{Close, Code, Command, decode};

/// What a room makes of a frame: the commands in it, or why not.
fn reading(frame: &str) -> Value {
    let fault =
        |fault: &shared::protocol::Fault| json!({ "err": { "code": fault.code, "field": fault.field } });
    match decode(frame) {
        Err(whole) => fault(&whole),
        Ok(messages) => messages
            .iter()
            .map(|message| match message {
                Err(unread) => fault(&unread.fault),
                Ok(message) => match Command::read(message) {
                    Err(wrong) => fault(&wrong),
                    Ok(command) => json!({
                        "id": message.id, "key": message.key, "durable": message.durable, "command": said(command),
                    }),
                },
            })
            .collect(),
    }
}

fn said(command: Command) -> Value {
    match command {
        Command::Say { body } => json!({ "say": body }),
        Command::Set { keys, if_at } => json!({ "set": keys, "if_at": if_at }),
        Command::Hint { to, body } => json!({ "hint": body, "to": to }),
        Command::Signal { to, body } => json!({ "signal": body, "to": to }),
        Command::Leave => json!("leave"),
        Command::End { result } => json!({ "end": result }),
        Command::Kick { to } => json!({ "kick": to }),
        Command::Report { to, reason, text, key } => {
            json!({ "report": to, "reason": reason, "text": text, "key": key })
        }
        Command::Seen { at } => json!({ "seen": at }),
        Command::Auth { token } => json!({ "auth": token }),
        Command::Debug { what } => json!({ "debug": what }),
    }
}

#[test]
fn clients_are_understood() {
    let frames = [
        ("say", r#"{"id":12,"op":"say","key":"7f3a","body":{"text":"hello"}}"#),
        ("say durable", r#"{"id":"a","op":"say","key":"7f3b","ack":"durable","body":null}"#),
        ("set", r#"{"id":1,"op":"set","key":"k","body":{"keys":{"a":1,"b":null},"if_at":7}}"#),
        ("set whatever was", r#"{"op":"set","body":{"keys":{"a":[1]}}}"#),
        ("hint", r#"{"op":"hint","body":{"typing":true}}"#),
        ("hint to one", r#"{"op":"hint","to":"p_2","body":1}"#),
        ("signal", r#"{"id":2,"op":"signal","key":"s","to":"p_2","body":{"sdp":"…"}}"#),
        (
            "report",
            r#"{"id":2,"op":"report","key":"r","to":"p_2","body":{"reason":"spam","text":"again and again"}}"#,
        ),
        ("leave", r#"{"id":3,"op":"leave","key":"l"}"#),
        ("end", r#"{"id":4,"op":"end","key":"e","body":{"winner":"p_1"}}"#),
        ("kick", r#"{"id":5,"op":"kick","to":"p_2"}"#),
        ("seen", r#"{"op":"seen","body":{"at":1057}}"#),
        ("auth", r#"{"id":6,"op":"auth","body":{"token":"eyJ"}}"#),
        ("batch", r#"[{"id":7,"op":"say","body":1},{"id":8,"op":"leave"}]"#),
        ("nothing", "[]"),
        ("unknown fields are ignored", r#"{"op":"leave","mood":"good","body":{"x":1}}"#),
        ("unknown op", r#"{"id":9,"op":"dance"}"#),
        ("no op", r#"{"id":9}"#),
        ("no message among messages", r#"[7,{"op":"leave"}]"#),
        ("no message", "7"),
        ("no json", "{"),
        ("a lone surrogate", r#"{"op":"say","body":"\ud800"}"#),
        ("a wrong id", r#"{"id":{},"op":"leave"}"#),
        ("a wrong key", r#"{"op":"say","key":7}"#),
        ("a wrong ack", r#"{"op":"say","ack":"soon"}"#),
        ("a wrong to", r#"{"op":"signal","to":"bob"}"#),
        ("a wrong position", r#"{"op":"seen","body":{"at":-1}}"#),
    ];
    let mut golden = Golden::open("client.txt");
    for (name, frame) in frames {
        golden.check(name, &format!("{frame} => {}", reading(frame)));
    }
    golden.check("too deep", &reading(&"[".repeat(33)).to_string());
    golden.check("too many", &reading(&format!("[{}1]", "1,".repeat(64))).to_string());
    golden.close();
}

#[test]
fn the_server_says_what_it_said() {
    let mut golden = Golden::open("server.txt");
    for (name, text) in server::everything() {
        golden.check(&name, &text);
    }
    golden.close();
}

#[test]
fn what_a_line_of_ones_own_hears_stays_as_it_is() {
    let mut golden = Golden::open("me.txt");
    for (name, text) in me::everything() {
        golden.check(&name, &text);
    }
    golden.close();
}

#[test]
fn what_a_queue_hears_stays_as_it_is() {
    let mut golden = Golden::open("lobby.txt");
    for (name, text) in lobby::everything() {
        golden.check(&name, &text);
    }
    golden.close();
}

#[test]
fn closes_have_their_numbers() {
    let mut golden = Golden::open("close.txt");
    for close in Close::ALL {
        golden.check(&close.code().to_string(), &close.reason());
        let name = close.why();
        let range = match close.code() {
            4000..4100 => "stops",
            4100..4200 => "waits",
            4200..4300 => "reconnects",
            4300..4400 => "renews",
            other => panic!("{other} is in no range"),
        };
        assert_eq!(close.after().is_some(), matches!(range, "waits" | "reconnects"), "{name}");
    }
    golden.close();
}

#[test]
fn faults_have_their_names() {
    // Each names the next, so that the compiler misses a new one here.
    let next = |code| match code {
        Code::BadJson => Some(Code::Binary),
        Code::Binary => Some(Code::TooDeep),
        Code::TooDeep => Some(Code::TooLong),
        Code::TooLong => Some(Code::BadMessage),
        Code::BadMessage => Some(Code::UnknownOp),
        Code::UnknownOp => Some(Code::BadField),
        Code::BadField => Some(Code::TooFast),
        Code::TooFast => Some(Code::Forbidden),
        Code::Forbidden => Some(Code::NotFound),
        Code::NotFound => Some(Code::Conflict),
        Code::Conflict => Some(Code::BoardFull),
        Code::BoardFull => Some(Code::RoomOver),
        Code::RoomOver => Some(Code::InMatch),
        Code::InMatch => Some(Code::NoTicket),
        Code::NoTicket => Some(Code::LobbyFull),
        Code::LobbyFull => Some(Code::Banned),
        Code::Banned => Some(Code::BadToken),
        Code::BadToken => Some(Code::Unavailable),
        Code::Unavailable => Some(Code::Cooldown),
        Code::Cooldown => Some(Code::NoParty),
        Code::NoParty => Some(Code::PartyFull),
        Code::PartyFull => Some(Code::NotLeader),
        Code::NotLeader => None,
    };
    let all = std::iter::successors(Some(Code::BadJson), |&code| next(code));
    let mut golden = Golden::open("fault.txt");
    for code in all {
        let name = serde_json::to_string(&code).expect("a name");
        golden.check(&format!("{code:?}"), &name);
    }
    golden.close();
}
