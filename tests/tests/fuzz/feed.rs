//! A room under fire: one socket sends whatever it is given, another watches that nothing of it harms.

use serde_json::Value;
use shared::caps;
use shared::outbox::Outbox;
use shared::protocol::{Command, decode};
use shared::room::seat::Seat;
use shared::room::{Conn, Effect, Input, Role, Room, Rules, Setup, Who};
use shared::time::Time;

/// Reads a frame as a room would.
pub fn read(frame: &str) {
    if let Ok(messages) = decode(frame) {
        assert!(messages.len() <= caps::BATCH);
        for message in messages.iter().flatten() {
            assert!(depth(&message.body) < caps::JSON_DEPTH, "too deep: {frame}");
            let _read = Command::read(message);
        }
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Everything that input may hold: a frame a line, and what is no text is binary.
#[allow(dead_code, reason = "one of two harnesses splits its input")]
pub fn room(input: &[u8]) {
    let mut stage = Stage::new();
    for frame in input.split(|&byte| byte == b'\n') {
        stage.hear(frame);
    }
}

pub struct Stage {
    room: Room,
    outbox: Outbox,
    now: u64,
    sender: Conn,
    witness: Conn,
    /// The last position that the witness heard of.
    at: u64,
}

impl Stage {
    pub fn new() -> Self {
        let seat = |n: u32| Seat::of(format!("p_{n}").parse().expect("an id"), String::new());
        let setup = Setup {
            id: "m_1".parse().expect("an id"),
            pool: None,
            owner: None,
            seats: vec![seat(1), seat(2)],
            rules: Rules { end: shared::room::EndRule::Nobody, age_s: 1 << 20, ..Rules::default() },
        };
        let (room, effects) = Room::create(Time::from_ms(0), setup, false);
        drop(effects);
        let mut stage =
            Self { room, outbox: Outbox::default(), now: 0, sender: Conn(2), witness: Conn(1), at: 0 };
        stage.witness = stage.open(2);
        stage.sender = stage.open(1);
        stage
    }

    fn open(&mut self, player: u32) -> Conn {
        let conn = self.room.next_conn();
        let who = Who {
            player: format!("p_{player}").parse().expect("an id"),
            sid: "s_1".parse().expect("an id"),
            ep: 0,
            exp: Time::from_ms(u64::MAX),
        };
        self.outbox.open(conn, who.player.clone(), shared::outbox::Heed::All);
        self.turn(Input::Opened { conn, who, role: Role::Member, resume: None });
        conn
    }

    /// One frame. A sender that was closed for it, or left, begins anew.
    pub fn hear(&mut self, frame: &[u8]) {
        let conn = self.sender;
        self.now += 40;
        match std::str::from_utf8(frame) {
            Ok(text) => self.turn(Input::Said { conn, text }),
            Err(_) => self.turn(Input::Binary { conn, bytes: 1 }),
        }
        let here = |stage: &Self, conn| stage.room.recipients().any(|(open, ..)| open == conn);
        assert!(here(self, self.witness), "somebody else was closed");
        if !here(self, self.sender) {
            let who = Who {
                player: "p_1".parse().expect("an id"),
                sid: "s_1".parse().expect("an id"),
                ep: 0,
                exp: Time::from_ms(u64::MAX),
            };
            if self.room.admit(&who, false).is_ok() {
                self.sender = self.open(1);
            } else {
                *self = Self::new();
            }
        }
    }

    fn turn(&mut self, input: Input<'_>) {
        for effect in self.room.handle(Time::from_ms(self.now), input) {
            match effect {
                Effect::Send { conn, text } => self.outbox.send(conn, text),
                Effect::Tell { text, scope } => self.outbox.tell(text, scope),
                Effect::Heed { conn, heed } => self.outbox.heed(conn, heed),
                Effect::Attach { data, .. } => {
                    assert!(data.len() <= 16_384, "{} bytes", data.len());
                }
                Effect::Close { conn, .. } => {
                    self.flush();
                    self.outbox.close(conn);
                }
                Effect::Panic => panic!("no fault was asked for"),
                Effect::Save(save) => {
                    let chunk = save.chunk.map_or(0, |chunk| chunk.text.len());
                    assert!(chunk <= 2 * caps::CHUNK_BYTES, "a row of {chunk} bytes");
                }
                Effect::Call { .. } | Effect::Verify { .. } | Effect::Erase => {}
            }
        }
        self.flush();
        let (_, log, board, _) = self.room.remembered();
        assert!(log.kept().count() <= caps::LOG_EVENTS + caps::CHUNK_EVENTS);
        assert!(log.bytes() <= caps::LOG_BYTES + 2 * caps::CHUNK_BYTES);
        assert!(board.len() <= 2 * caps::BOARD_BYTES, "a board of {} bytes", board.len());
    }

    /// What goes out is JSON, and the witness misses nothing.
    fn flush(&mut self) {
        for frame in self.outbox.flush() {
            let value: Value = serde_json::from_str(&frame.text).expect("what goes out is JSON");
            if !frame.to.contains(&self.witness) {
                continue;
            }
            let all = value.as_array().cloned().unwrap_or_else(|| vec![value]);
            for message in all.iter().filter(|message| message["ev"] != "welcome") {
                assert!(message.get("ev").is_some(), "an answer to somebody else: {message}");
                let body = message["body"].to_string().len();
                assert!(body <= caps::BOARD_BYTES + 64, "a body of {body} bytes");
                assert!(message["ev"] == "set" || body <= caps::BODY_BYTES, "a body of {body} bytes");
                if let Some(at) = message["at"].as_u64() {
                    assert_eq!(at, self.at + 1, "the witness missed something");
                    self.at = at;
                }
            }
        }
    }
}
