//! Tests every message of the wire against the golden frames, and the documents that are generated from its types.
//!
//! `GOLDEN=add` appends new frames to the files in tests/golden. `GOLDEN=texts` rewrites the frames of which only the
//! message of an error changed.

#[path = "wire/golden.rs"]
mod golden;
#[path = "wire/inbound.rs"]
mod inbound;
#[path = "wire/lobby.rs"]
mod lobby;
#[path = "wire/me.rs"]
mod me;
#[path = "wire/ops.rs"]
mod ops;
#[path = "wire/server.rs"]
mod server;

use golden::Golden;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::wire::envelope::{Envelope, Event, ServerMessage};
use shared::wire::room::{Command, ReportBody, SeenBody, SetBody};
use shared::wire::{self, ClientCommand, CloseCode, Refusal, RefusalCode, decode};

/// Returns the commands that a room reads from a frame, or the refusals.
fn reading(frame: &str) -> Value {
    let refused = |refusal: &Refusal| json!({ "err": { "code": refusal.code, "field": refusal.field } });
    match decode(frame) {
        Err(whole) => refused(&whole),
        Ok(messages) => messages
            .iter()
            .map(|message| match message {
                Err(unread) => refused(&unread.refusal),
                Ok(message) => match Command::read(message) {
                    Err(refusal) => refused(&refusal),
                    Ok(command) => json!({
                        "id": message.id, "key": message.key, "durable": message.durable,
                        "command": described(command),
                    }),
                },
            })
            .collect(),
    }
}

fn described(command: Command) -> Value {
    match command {
        Command::Say { body } => json!({ "say": body }),
        Command::Set(SetBody { keys, if_at }) => json!({ "set": keys, "if_at": if_at }),
        Command::Hint { to, body } => json!({ "hint": body, "to": to }),
        Command::Signal { to, body } => json!({ "signal": body, "to": to }),
        Command::Move { body, if_at } => json!({ "move": body, "if_at": if_at }),
        Command::Leave => json!("leave"),
        Command::End { result } => json!({ "end": result }),
        Command::Kick { to } => json!({ "kick": to }),
        Command::Report { to, body: ReportBody { reason, text }, key } => {
            json!({ "report": to, "reason": reason, "text": text, "key": key })
        }
        Command::Seen(SeenBody { at }) => json!({ "seen": at }),
        Command::Auth { token } => json!({ "auth": token }),
        Command::Debug { what } => json!({ "debug": what }),
    }
}

#[test]
fn commands_are_read_as_before() {
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
        ("move", r#"{"id":2,"op":"move","key":"m","if_at":41,"body":{"drop":3}}"#),
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
        ("a wrong position of a move", r#"{"op":"move","if_at":"x"}"#),
        ("a wrong to", r#"{"op":"signal","to":"bob"}"#),
        ("a wrong position", r#"{"op":"seen","body":{"at":-1}}"#),
        ("say to one", r#"{"id":1,"op":"say","to":"p_2","body":1}"#),
        ("hint with a key", r#"{"op":"hint","key":"k","body":1}"#),
        ("hint that waits for the disk", r#"{"op":"hint","ack":"durable","body":1}"#),
        ("report without a key", r#"{"op":"report","to":"p_2","body":{"reason":"spam"}}"#),
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
fn room_messages_stay_the_same() {
    let mut golden = Golden::open("server.txt");
    for (name, text) in server::everything() {
        golden.check(&name, &text);
    }
    golden.close();
}

#[test]
fn me_messages_stay_the_same() {
    let mut golden = Golden::open("me.txt");
    for (name, text) in me::everything() {
        golden.check(&name, &text);
    }
    golden.close();
}

#[test]
fn lobby_messages_stay_the_same() {
    let mut golden = Golden::open("lobby.txt");
    for (name, text) in lobby::everything() {
        golden.check(&name, &text);
    }
    golden.close();
}

/// Reads each message as a client does, and writes its events again; returns the names of the events.
fn round_trip<E: Event, W: DeserializeOwned>(messages: Vec<(String, String)>) -> Vec<String> {
    let mut names = Vec::new();
    for (name, text) in messages {
        // Lobby and me frames begin with their recipient.
        let text = text.find('{').and_then(|start| text.get(start..)).filter(|_| !text.contains(" close "));
        let Some(text) = text.filter(|text| !text.starts_with(r#"{"why":"#)) else {
            continue;
        };
        let value: Value = serde_json::from_str(text).expect("JSON");
        match ServerMessage::<E, W>::read(value).expect(&name) {
            ServerMessage::Event(event) => {
                assert_eq!(&*event.text(), text, "{name}");
                names.push(event.event.name().to_owned());
            }
            ServerMessage::Welcome(_) | ServerMessage::Reply(_) => {}
        }
    }
    names
}

fn all_events_occur<E: Event>(names: &[String]) {
    for name in E::NAMES {
        assert!(names.iter().any(|known| known == name), "no golden frame has the event {name}");
    }
    for name in names {
        assert!(E::NAMES.contains(&name.as_str()), "{name} is not in the list of events");
    }
}

#[test]
fn clients_read_every_event_of_every_object() {
    let names = round_trip::<wire::room::Event, wire::room::Welcome>(server::everything());
    all_events_occur::<wire::room::Event>(&names);
    let names = round_trip::<wire::lobby::Event, wire::lobby::Welcome>(lobby::everything());
    all_events_occur::<wire::lobby::Event>(&names);
    let names = round_trip::<wire::me::Event, wire::me::Devices>(me::everything());
    all_events_occur::<wire::me::Event>(&names);
}

#[test]
fn unknown_event_is_read_and_kept() {
    let text = r#"{"at":7,"ev":"danced","by":"p_1","ts":9,"body":{"x":1}}"#;
    let event: Envelope<wire::room::Event> = serde_json::from_str(text).expect("an event");
    let body = Some(json!({ "x": 1 }));
    assert_eq!(event.event, wire::room::Event::Unknown { ev: "danced".into(), body });
    assert_eq!(&*event.text(), text);
}

#[test]
fn generated_files_have_the_types_and_the_ops_of_the_wire() -> anyhow::Result<()> {
    xtask::wire_files::check(&xtask::root::Root::here())
}

#[test]
fn close_codes_stay_the_same() {
    let mut golden = Golden::open("close.txt");
    for close in CloseCode::ALL {
        golden.check(&close.code().to_string(), &close.reason());
        let name = close.name();
        let range = match close.code() {
            4000..4100 => "stops",
            4100..4200 => "waits",
            4200..4300 => "reconnects",
            4300..4400 => "renews",
            other => panic!("{other} is in no range"),
        };
        assert_eq!(close.retry_after().is_some(), matches!(range, "waits" | "reconnects"), "{name}");
    }
    golden.close();
}

#[test]
fn refusal_codes_stay_the_same() {
    // Each code names the next one, so that a new code does not compile until it is here.
    let next = |code| match code {
        RefusalCode::BadJson => Some(RefusalCode::Binary),
        RefusalCode::Binary => Some(RefusalCode::TooDeep),
        RefusalCode::TooDeep => Some(RefusalCode::TooLong),
        RefusalCode::TooLong => Some(RefusalCode::BadMessage),
        RefusalCode::BadMessage => Some(RefusalCode::UnknownOp),
        RefusalCode::UnknownOp => Some(RefusalCode::BadField),
        RefusalCode::BadField => Some(RefusalCode::TooFast),
        RefusalCode::TooFast => Some(RefusalCode::Forbidden),
        RefusalCode::Forbidden => Some(RefusalCode::NotFound),
        RefusalCode::NotFound => Some(RefusalCode::Conflict),
        RefusalCode::Conflict => Some(RefusalCode::BoardFull),
        RefusalCode::BoardFull => Some(RefusalCode::RoomOver),
        RefusalCode::RoomOver => Some(RefusalCode::InMatch),
        RefusalCode::InMatch => Some(RefusalCode::NoTicket),
        RefusalCode::NoTicket => Some(RefusalCode::LobbyFull),
        RefusalCode::LobbyFull => Some(RefusalCode::Banned),
        RefusalCode::Banned => Some(RefusalCode::BadToken),
        RefusalCode::BadToken => Some(RefusalCode::Unavailable),
        RefusalCode::Unavailable => Some(RefusalCode::Cooldown),
        RefusalCode::Cooldown => Some(RefusalCode::NoParty),
        RefusalCode::NoParty => Some(RefusalCode::PartyFull),
        RefusalCode::PartyFull => Some(RefusalCode::NotLeader),
        RefusalCode::NotLeader => Some(RefusalCode::Illegal),
        RefusalCode::Illegal => Some(RefusalCode::NotYourTurn),
        RefusalCode::NotYourTurn => Some(RefusalCode::TooLate),
        RefusalCode::TooLate => None,
    };
    let all = std::iter::successors(Some(RefusalCode::BadJson), |&code| next(code));
    let mut golden = Golden::open("fault.txt");
    for code in all {
        let name = serde_json::to_string(&code).expect("a name");
        golden.check(&format!("{code:?}"), &name);
    }
    golden.close();
}
