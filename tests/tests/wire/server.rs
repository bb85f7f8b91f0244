//! A room that sends every kind of message, at fixed times.

use serde_json::{Value, json};
use shared::connection::ConnectionInput;
use shared::delivery::outbox::Audience;
use shared::mode::Seed;
use shared::pool::{ChosenMode, EndRule, Rules};
use shared::room::seats::Seat;
use shared::room::{Conn, Effect, Identity, Input, Resume, Role, Room, Switches};
use shared::rpc::Setup;
use shared::time::Time;

/// Fixed, so that positions and times are the same in every run.
const START: u64 = 1_733_000_000_000;

struct Stage {
    room: Room,
    now: u64,
    said: Vec<(String, String)>,
}

/// Returns every kind of message with the occasion on which it is sent.
#[allow(clippy::too_many_lines, reason = "a script of one room")]
pub fn everything() -> Vec<(String, String)> {
    let rules = Rules { spectators: true, ..Rules::default() };
    let seat = |n: u32| Seat::of(format!("p_{n}").parse().expect("an id"), format!("Player {n}"));
    let setup = Setup {
        mode: None,
        id: "m_1".parse().expect("an id"),
        pool: None,
        owner: "p_1".parse().ok(),
        seats: vec![seat(1), seat(2), Seat::free()],
        rules,
        trace: None,
    };
    let (room, effects) = Room::create(Time::from_ms(START), setup, Switches::default());
    drop(effects);
    let mut stage = Stage { room, now: START, said: Vec::new() };
    stage.open("first", 1, Role::Member, None);
    stage.open("second", 2, Role::Member, None);
    stage.open("watching", 9, Role::Spectator, None);
    stage.say("say", 1, r#"{"id":1,"op":"say","key":"a","body":{"text":"hello"}}"#);
    stage.say("the same key again", 1, r#"{"id":2,"op":"say","key":"a","body":{"text":"hello"}}"#);
    stage.say("say without id", 2, r#"{"op":"say","body":[1,2.5,"é\n"]}"#);
    stage.say("set", 1, r#"{"id":3,"op":"set","body":{"keys":{"turn":"p_2","old":null}}}"#);
    stage.say("conflict", 2, r#"{"id":1,"op":"set","body":{"keys":{"turn":"p_1"},"if_at":1}}"#);
    let big =
        format!(r#"{{"id":2,"op":"set","body":{{"keys":{{"a":"{0}","b":"{0}"}}}}}}"#, "x".repeat(8_100));
    stage.say("half a board", 2, &big);
    stage.say("board full", 2, &big.replace(r#""a""#, r#""c""#).replace(r#""b""#, r#""d""#));
    stage.say("no board", 2, r#"{"id":4,"op":"set","body":{"keys":{"a":null,"b":null}}}"#);
    stage.say("hint", 1, r#"{"id":4,"op":"hint","body":{"typing":true}}"#);
    stage.say("hint to one", 1, r#"{"id":5,"op":"hint","to":"p_2","body":1}"#);
    stage.say("signal", 1, r#"{"id":6,"op":"signal","to":"p_2","body":{"sdp":"…"}}"#);
    stage.say("signal to nobody", 1, r#"{"id":7,"op":"signal","to":"p_7","body":1}"#);
    stage.say("durable", 2, r#"{"id":5,"op":"say","key":"d","ack":"durable","body":1}"#);
    stage.say("seen", 2, r#"{"id":6,"op":"seen","body":{"at":3}}"#);
    stage.say("a spectator speaks", 9, r#"{"id":1,"op":"say","body":1}"#);
    stage.say("a member kicks", 2, r#"{"id":7,"op":"kick","to":"p_1"}"#);
    stage.say("debug where it is off", 2, r#"{"id":8,"op":"debug","body":{"do":"panic"}}"#);
    stage.say("no json", 2, "{");
    stage.feed("binary", 2, ConnectionInput::Binary { conn: Conn(2), bytes: 1 }.into());
    stage.say("unknown op", 2, r#"{"id":9,"op":"dance"}"#);
    stage.say("far too fast", 9, &json!(vec![json!({ "id": 1, "op": "leave" }); 64]).to_string());
    stage.feed("gone", 2, ConnectionInput::Closed { conn: Conn(2) }.into());
    let resume = Resume { epoch: "e1".into(), at: 6 };
    stage.open_as("back", 3, 2, Role::Member, Some(resume));
    stage.open_as("another epoch", 4, 2, Role::Member, Some(Resume { epoch: "e7".into(), at: 1 }));
    let mut renew = |name: &str, id: u64, verdict: Result<Identity, String>| {
        let input = ConnectionInput::Renewed { conn: Conn(4), id: Some(json!(id)), verdict };
        stage.feed(name, 4, input.into());
    };
    renew("a bad token", 1, Err("this token is none of ours".to_owned()));
    renew("another's token", 2, Ok(who(7)));
    renew("a good token", 3, Ok(who(2)));
    stage.open("a third", 5, Role::Member, None);
    stage.say("leave", 5, r#"{"id":1,"op":"leave"}"#);
    stage.say("kick", 1, r#"{"id":8,"op":"kick","key":"k","to":"p_2"}"#);
    stage.say("kick again", 1, r#"{"id":9,"op":"kick","key":"k","to":"p_2"}"#);
    stage.say("end", 1, r#"{"id":10,"op":"end","body":{"winner":"p_1"}}"#);
    stage.open_as("over", 11, 1, Role::Member, None);
    stage.said.extend(behind());
    stage.said.extend(playing());
    stage.said.extend(agreeing());
    stage.said
}

/// Returns the messages of a room with a mode.
fn playing() -> Vec<(String, String)> {
    let mode =
        ChosenMode { name: "rock-paper-scissors@1".into(), config: json!({ "best_of": 1 }), seed: None };
    let mut stage = Stage::of_two(Some(mode), EndRule::Anyone);
    stage.open("player", 1, Role::Member, None);
    stage.say("move before the start", 1, r#"{"id":1,"op":"move","body":"rock"}"#);
    stage.open("last player", 2, Role::Member, None);
    stage.say("move", 1, r#"{"id":1,"op":"move","key":"k","body":"rock"}"#);
    stage.say("illegal move", 1, r#"{"id":2,"op":"move","body":"paper"}"#);
    stage.say("move too late for its condition", 2, r#"{"id":1,"op":"move","if_at":3,"body":"paper"}"#);
    stage.say("end of a mode", 1, r#"{"id":3,"op":"end"}"#);
    stage.open_as("player again", 3, 1, Role::Member, None);
    stage.say("last move", 2, r#"{"id":2,"op":"move","if_at":4,"body":"paper"}"#);
    stage.said
}

/// Returns the messages of a room in which both members must state the same result.
fn agreeing() -> Vec<(String, String)> {
    let mut stage = Stage::of_two(None, EndRule::Agreed);
    stage.open("a member", 1, Role::Member, None);
    stage.open("another member", 2, Role::Member, None);
    stage.say("move without a mode", 1, r#"{"id":1,"op":"move","body":1}"#);
    stage.say("result", 1, r#"{"id":2,"op":"end","body":{"winner":"p_1"}}"#);
    stage.say("the same result", 2, r#"{"id":1,"op":"end","body":{"winner":"p_1"}}"#);
    stage.said
}

/// Returns the messages of a room in which a client falls so far behind that it must open the room again.
fn behind() -> Vec<(String, String)> {
    let mut stage = Stage::of_two(None, EndRule::Anyone);
    stage.open("behind", 1, Role::Member, None);
    stage.open("behind", 2, Role::Member, None);
    stage.say("behind", 2, r#"{"op":"seen","body":{"at":0}}"#);
    let many = json!(vec![json!({ "op": "say", "body": 1 }); 40]).to_string();
    for _ in 0..16 {
        stage.say("behind", 1, &many);
    }
    stage.said.retain(|(name, _)| name.ends_with("resync"));
    stage.said
}

fn who(n: u32) -> Identity {
    Identity {
        player: format!("p_{n}").parse().expect("an id"),
        sid: format!("s_{n}").parse().expect("an id"),
        ep: 0,
        exp: Time::from_ms(START + 86_400_000),
    }
}

impl Stage {
    /// Returns the stage of a room of two players.
    fn of_two(mode: Option<ChosenMode>, end: EndRule) -> Self {
        let seat = |n: u32| Seat::of(format!("p_{n}").parse().expect("an id"), format!("Player {n}"));
        let setup = Setup {
            id: "m_2".parse().expect("an id"),
            pool: None,
            owner: None,
            seats: vec![seat(1), seat(2)],
            rules: Rules { end, ..Rules::default() },
            mode,
            trace: None,
        };
        let setup = setup.with_seed(Seed::new(1));
        let (room, effects) = Room::create(Time::from_ms(START), setup, Switches::default());
        drop(effects);
        Self { room, now: START, said: Vec::new() }
    }

    fn open(&mut self, name: &str, n: u32, role: Role, resume: Option<Resume>) {
        self.open_as(name, n, n, role, resume);
    }

    fn open_as(&mut self, name: &str, conn: u32, player: u32, role: Role, resume: Option<Resume>) {
        let (conn, who) = (Conn(conn), who(player));
        self.feed(name, conn.0, Input::Opened { conn, identity: who, role, resume, name: None });
    }

    fn say(&mut self, name: &str, conn: u32, text: &str) {
        let conn = Conn(conn);
        self.feed(name, conn.0, ConnectionInput::Text { conn, text }.into());
    }

    fn feed(&mut self, name: &str, conn: u32, input: Input<'_>) {
        self.now += 3000;
        let mut keep = |what: String, text: &str| {
            let known = |(name, _): &(String, String)| *name == what;
            let parsed: Value = serde_json::from_str(text).expect("JSON");
            let text = without_message_text(&parsed).unwrap_or_else(|| text.to_owned());
            if !self.said.iter().any(known) && parsed["body"].to_string().len() < 4000 {
                self.said.push((what, text));
            }
        };
        let now = Time::from_ms(self.now);
        let mut effects = self.room.handle(now, input);
        let flush = self.room.flush(now);
        effects.extend(flush.before.into_iter().chain(flush.after));
        for effect in effects {
            match effect {
                Effect::Send { conn: to, text } => {
                    let recipient = if to.0 == conn { "sender" } else { "other" };
                    keep(format!("{name}: to the {recipient}, {}", kind(&text)), &text);
                }
                Effect::Broadcast { text, audience: scope } => {
                    keep(format!("{name}: to all, {}", kind(&text)), &text);
                    if let Audience::Personal(texts) = scope {
                        for own in texts.values() {
                            keep(format!("{name}: to the one it is for"), own);
                        }
                    }
                }
                Effect::Close { code, .. } => keep(format!("{name}: close"), &code.reason()),
                _ => {}
            }
        }
    }
}

/// Returns a refusal without its message, whose text may change.
fn without_message_text(message: &Value) -> Option<String> {
    let mut message = message.clone();
    message.get_mut("err")?.as_object_mut()?.remove("message");
    Some(message.to_string())
}

fn kind(text: &str) -> String {
    let value: Value = serde_json::from_str(text).expect("JSON");
    match value["ev"].as_str() {
        Some(ev) => ev.to_owned(),
        None if value.get("ok").is_some() => "ok".to_owned(),
        None => value["err"]["code"].as_str().unwrap_or_default().to_owned(),
    }
}
