//! A lobby that sends every kind of message: parties, proposals, matches and refusals.

use shared::connection::{Conn, ConnectionInput, Identity};
use shared::id::PlayerId;
use shared::lobby::{Answer, Call, Disk, Effect, Entrant, Input, Lobby};
use shared::pool::{self, Shard};
use shared::rpc::PlayerResponse;
use shared::time::Time;
use std::collections::VecDeque;

const START: u64 = 1_733_000_000_000;
const DOUBLES: &str = r#"{"teams":{"count":2,"size":2},"party":2,"propose_s":15,"shards":{"by":"rating","bands":[1400],"climb_s":60}}"#;

/// Returns every kind of message with the occasion on which it is sent.
pub fn everything() -> Vec<(String, String)> {
    let mut stage = Stage::new();
    for n in 1..=5 {
        stage.open(n);
    }
    stage.say("party", 1, r#"{"id":1,"op":"party"}"#);
    let code = stage.code.clone();
    let join = format!(r#"{{"id":1,"op":"join","body":{{"party":"{code}"}}}}"#);
    stage.say("no such party", 2, r#"{"id":9,"op":"join","body":{"party":"1-x"}}"#);
    stage.say("join without code", 2, r#"{"id":9,"op":"join"}"#);
    stage.say("join", 2, &join);
    stage.say("join a full one", 5, &join);
    stage.say("enter without leading", 2, r#"{"id":2,"op":"enter","key":"k"}"#);
    stage.say("put out without leading", 2, r#"{"id":3,"op":"put_out","body":{"player":"p_1"}}"#);
    stage.say("put out nobody", 1, r#"{"id":3,"op":"put_out"}"#);
    stage.say("put out", 1, r#"{"id":4,"op":"put_out","body":{"player":"p_2"}}"#);
    stage.say("leave nothing", 2, r#"{"id":4,"op":"leave"}"#);
    stage.say("join after all", 2, &join);
    stage.say("enter", 1, r#"{"id":5,"op":"enter","key":"k"}"#);
    stage.say("party while waiting", 1, r#"{"id":6,"op":"party"}"#);
    stage.say("why", 1, r#"{"id":7,"op":"why"}"#);
    stage.say("accept nothing", 1, r#"{"id":8,"op":"accept"}"#);
    stage.say("alone", 3, r#"{"id":1,"op":"enter","key":"k"}"#);
    stage.say("proposed", 4, r#"{"id":1,"op":"enter","key":"k"}"#);
    stage.say("accept", 1, r#"{"id":9,"op":"accept"}"#);
    stage.say("decline", 4, r#"{"id":2,"op":"decline"}"#);
    stage.say("cooldown", 4, r#"{"id":3,"op":"enter","key":"l"}"#);
    stage.say("proposed to another", 5, r#"{"id":2,"op":"enter","key":"k"}"#);
    for n in [1, 2, 3] {
        stage.say("accept again", n, r#"{"id":10,"op":"accept"}"#);
    }
    stage.now += 15_000;
    stage.feed("no answer", Input::Woke);
    stage.say("leave a party's ticket", 2, r#"{"id":11,"op":"leave"}"#);
    stage.say("leave a party", 2, r#"{"id":12,"op":"leave"}"#);
    stage.now += 60_000;
    for n in [1, 2, 4, 5] {
        stage.say("enter alone", n, r#"{"id":20,"op":"enter","key":"m"}"#);
    }
    for n in [1, 2, 3, 4] {
        stage.say("all accept", n, r#"{"id":21,"op":"accept"}"#);
    }
    stage.rating = 1000.0;
    stage.open(6);
    stage.say("of another part", 6, r#"{"id":1,"op":"enter","key":"k"}"#);
    stage.said
}

struct Stage {
    lobby: Lobby,
    now: u64,
    rating: f64,
    code: String,
    said: Vec<(String, String)>,
}

impl Stage {
    fn new() -> Self {
        let pool = serde_json::from_str(DOUBLES).expect("JSON");
        let pool = pool::read_one("doubles", pool).expect("a pool");
        let name = "doubles".parse().expect("a name");
        let now = Time::from_ms(START);
        let restored = Lobby::restore(name, Shard::Child(1), &pool, &Disk::default(), &[], now);
        let (lobby, effects) = restored.expect("a new one");
        drop(effects);
        Self { lobby, now: START, rating: 1500.0, code: String::new(), said: Vec::new() }
    }

    fn open(&mut self, n: u32) {
        let who = Identity {
            player: format!("p_{n}").parse().expect("an id"),
            sid: format!("s_{n}").parse().expect("an id"),
            ep: 0,
            exp: Time::from_ms(START + 86_400_000),
        };
        let conn = Conn(n);
        let live = None;
        self.feed(
            &format!("{n} opened"),
            Input::Opened { conn, identity: who, current_match: live, address: 0, trace: None },
        );
    }

    fn say(&mut self, name: &str, n: u32, text: &str) {
        let conn = Conn(n);
        self.feed(&format!("{n} {name}"), ConnectionInput::Text { conn, text }.into());
    }

    /// Handles one input and all answers to its effects: every other object agrees, and the region knows every player.
    fn feed(&mut self, name: &str, input: Input<'_>) {
        self.now += 3000;
        let mut effects = VecDeque::from(self.lobby.handle(Time::from_ms(self.now), input));
        let mut nth = 0;
        while let Some(effect) = effects.pop_front() {
            let text = match &effect {
                Effect::Send { conn, text } => format!("{} {text}", conn.0),
                Effect::Close { conn, code: why } => format!("{} close {}", conn.0, why.code()),
                _ => {
                    if let Some(answer) = self.answer(effect) {
                        effects.extend(self.lobby.handle(Time::from_ms(self.now), answer));
                    }
                    continue;
                }
            };
            if let Some((_, rest)) = text.split_once(r#""party":""#)
                && let Some((code, _)) = rest.split_once('"')
            {
                code.clone_into(&mut self.code);
            }
            self.said.push((format!("{name} {nth}"), text));
            nth += 1;
        }
    }

    fn answer(&self, effect: Effect) -> Option<Input<'static>> {
        match effect {
            Effect::LookUp { lookup, player } => {
                let answer = Some(self.known(&player));
                Some(Input::LookedUp { lookup, answer })
            }
            Effect::StoreShard { player, .. } => Some(Input::ShardStored { player, stored: true }),
            Effect::Call(call) => {
                let answer = match &call {
                    Call::Player { .. } => Answer::Player(PlayerResponse::Granted { current_match: None }),
                    Call::OpenRoom { .. } => Answer::Room,
                    Call::Audit { .. } => Answer::Audited,
                    Call::Report { .. } => Answer::Reported,
                    Call::Shard { .. } => return None,
                };
                Some(Input::Answered { call, answer })
            }
            _ => None,
        }
    }

    fn known(&self, player: &PlayerId) -> Entrant {
        let profile = serde_json::json!({
            "player": player, "name": format!("Player {player}"), "rating": self.rating, "banned": false, "ep": 0,
        });
        Entrant {
            profile: serde_json::from_value(profile).expect("a profile"),
            current_match: None,
            random: 7,
        }
    }
}
