//! Feeds frames from one socket to a room, while another socket checks that it misses no event.

use serde_json::Value;
use shared::connection::ConnectionInput;
use shared::delivery::outbox::Outbox;
use shared::limits;
use shared::pool::Rules;
use shared::room::seats::Seat;
use shared::room::{Conn, Effect, Identity, Input, Role, Room, Switches};
use shared::rpc::Setup;
use shared::time::Time;
use shared::wire::room::{Command, Event, RoomMessage};
use shared::wire::{ClientCommand, decode};

/// Parses a frame as a room does.
pub fn read(frame: &str) {
    if let Ok(messages) = decode(frame) {
        assert!(messages.len() <= limits::BATCH_MESSAGES_MAX);
        for message in messages.iter().flatten() {
            assert!(depth(&message.body.value()) < limits::JSON_DEPTH_MAX, "too deep: {frame}");
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

/// Feeds one frame per line of the input; a line that is not text is a binary frame.
#[allow(dead_code, reason = "one of two harnesses splits its input")]
pub fn room(input: &[u8]) {
    let mut stage = Stage::new();
    for frame in input.split(|&byte| byte == b'\n') {
        stage.feed(frame);
    }
}

fn identity(player: u32) -> Identity {
    let player = format!("p_{player}").parse().expect("an id");
    Identity { player, sid: "s_1".parse().expect("an id"), ep: 0, exp: Time::from_ms(u64::MAX) }
}

pub struct Stage {
    room: Room,
    outbox: Outbox,
    now: u64,
    sender: Conn,
    witness: Conn,
    /// The last position that the witness received.
    at: u64,
}

impl Stage {
    pub fn new() -> Self {
        let seat = |n: u32| Seat::of(format!("p_{n}").parse().expect("an id"), String::new());
        let setup = Setup {
            mode: None,
            id: "m_1".parse().expect("an id"),
            pool: None,
            owner: None,
            seats: vec![seat(1), seat(2)],
            rules: Rules { end: shared::pool::EndRule::Nobody, age_s: 1 << 20, ..Rules::default() },
            trace: None,
        };
        let (room, effects) = Room::create(Time::from_ms(0), setup, Switches::default());
        drop(effects);
        let mut stage =
            Self { room, outbox: Outbox::default(), now: 0, sender: Conn(2), witness: Conn(1), at: 0 };
        stage.witness = stage.open(2);
        stage.sender = stage.open(1);
        stage
    }

    fn open(&mut self, player: u32) -> Conn {
        let conn = self.room.next_conn();
        let who = identity(player);
        self.outbox.open(conn, who.player.clone(), shared::delivery::outbox::DeliveryLevel::All);
        self.turn(Input::Opened { conn, identity: who, role: Role::Member, resume: None, name: None });
        conn
    }

    /// Feeds a frame. Reconnects a sender that was closed for it or has left.
    pub fn feed(&mut self, frame: &[u8]) {
        let conn = self.sender;
        self.now += 40;
        match std::str::from_utf8(frame) {
            Ok(text) => self.turn(ConnectionInput::Text { conn, text }.into()),
            Err(_) => self.turn(ConnectionInput::Binary { conn, bytes: 1 }.into()),
        }
        let here = |stage: &Self, conn| stage.room.recipients().any(|(open, ..)| open == conn);
        assert!(here(self, self.witness), "another socket was closed");
        if !here(self, self.sender) {
            if self.room.admit(&identity(1), false).is_ok() {
                self.sender = self.open(1);
            } else {
                *self = Self::new();
            }
        }
    }

    fn turn(&mut self, input: Input<'_>) {
        let now = Time::from_ms(self.now);
        let effects = self.room.handle(now, input);
        self.apply(effects);
        while self.outbox.has_pending() || self.room.has_unflushed() {
            let flush = self.room.flush(now);
            self.apply(flush.before);
            self.flush();
            self.apply(flush.after);
        }
        let (_, log, board, ..) = self.room.remembered();
        assert!(log.retained().count() <= limits::LOG_EVENTS_MAX + limits::CHUNK_EVENTS_MAX);
        assert!(log.bytes() <= limits::LOG_BYTES_MAX + 2 * limits::CHUNK_BYTES_MAX);
        assert!(board.len() <= 2 * limits::BOARD_BYTES_MAX, "a board of {} bytes", board.len());
    }

    fn apply(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send { conn, text } => self.outbox.send(conn, text),
                Effect::Broadcast { text, audience: scope } => self.outbox.broadcast(text, scope),
                Effect::SetDeliveryLevel { conn, level: heed } => self.outbox.set_level(conn, heed),
                Effect::Attach { data, .. } => {
                    assert!(data.len() <= 16_384, "{} bytes", data.len());
                }
                Effect::Close { conn, .. } => {
                    self.flush();
                    self.outbox.close(conn);
                }
                Effect::Panic => panic!("no fault was asked for"),
                Effect::ReportFault { message } => panic!("{message}"),
                Effect::Save(save) => {
                    let chunk = save.chunk.map_or(0, |chunk| chunk.text.len());
                    assert!(chunk <= 2 * limits::CHUNK_BYTES_MAX, "a row of {chunk} bytes");
                }
                Effect::Call { .. } | Effect::Verify { .. } | Effect::Erase => {}
            }
        }
    }

    /// Checks that output is JSON and that the witness misses no event.
    fn flush(&mut self) {
        for frame in self.outbox.flush() {
            let messages = RoomMessage::read_frame(&frame.text).expect("a frame of a room");
            if !frame.to.contains(&self.witness) {
                continue;
            }
            for message in messages {
                match message {
                    RoomMessage::Welcome(_) => {}
                    RoomMessage::Reply(reply) => panic!("a reply to another client: {reply:?}"),
                    RoomMessage::Event(envelope) => {
                        check_size(&envelope.event);
                        if let Some(at) = envelope.at {
                            assert_eq!(at, self.at + 1, "the witness missed an event");
                            self.at = at;
                        }
                    }
                }
            }
        }
    }
}

fn check_size(event: &Event) {
    let (bytes, bytes_max) = match event {
        Event::Said(body) | Event::Signal(body) | Event::Hint(body) => {
            (body.as_str().len(), limits::BODY_BYTES_MAX)
        }
        Event::Set(set) => {
            (serde_json::to_string(set).map_or(0, |set| set.len()), limits::BOARD_BYTES_MAX + 64)
        }
        Event::Ended(ended) => (ended.result.to_string().len(), limits::RESULT_BYTES_MAX),
        Event::Unknown { ev, .. } => panic!("unknown event {ev}"),
        _ => return,
    };
    assert!(bytes <= bytes_max, "a body of {bytes} bytes: {event:?}");
}
