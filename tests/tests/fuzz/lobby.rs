//! Feeds frames from several sockets to a lobby, while a further socket checks that only their senders are affected.

use serde_json::{Map, Value};
use shared::connection::{Conn, ConnectionInput, Identity};
use shared::id::{PlayerId, RoomId};
use shared::limits;
use shared::lobby::{Answer, Call, Disk, Effect, Entrant, Input, Lobby};
use shared::player::Player;
use shared::pool::{Pool, Shard};
use shared::rpc::record::MatchmakingProfile;
use shared::rpc::{PlayerRequest, PlayerResponse};
use shared::time::Time;
use shared::wire::ClientCommand;
use shared::wire::decode;
use shared::wire::lobby::{Command, LobbyMessage};
use std::collections::{BTreeMap, BTreeSet};

/// A pool with pairs, one with parties and proposals, one with teams.
const POOLS: &[&str] = &[
    r#"{"seats":2,"rating":{"within":100,"widen_per_s":10,"at_most":300}}"#,
    r#"{"seats":4,"party":3,"propose_s":10,"no_rematch_s":60,"min":{"seats":3,"after_s":20}}"#,
    r#"{"teams":{"count":2,"size":2},"party":2,"pause_s":5}"#,
];
/// Players who send frames. Their numbers begin with 1; 0 is the witness.
const SENDERS: u32 = 6;
const WITNESS: u32 = 0;
/// The key of the row of waits, which not every change writes.
const WAITS: &str = "tally";

/// Feeds one step per line of the input: its first byte names the sender, the rest is a frame. A line that begins with
/// `~` lets time pass: a second, and a further one for each byte.
#[allow(dead_code, reason = "one of two harnesses splits its input")]
pub fn lobby(input: &[u8]) {
    let (&kind, input) = input.split_first().unwrap_or((&0, &[]));
    let mut stage = Stage::new(kind.into());
    for line in input.split(|&byte| byte == b'\n') {
        match line.split_first() {
            Some((b'~', rest)) => stage.pass(1 + rest.len() as u64),
            Some((&sender, frame)) => stage.feed(sender.into(), frame),
            None => {}
        }
    }
}

/// A lobby with its disk, its sockets and the player objects.
pub struct Stage {
    pool: Pool,
    lobby: Lobby,
    now: u64,
    disk: Disk,
    alarm: Option<Time>,
    /// The attachment and the player of each open socket.
    sockets: BTreeMap<Conn, (Option<String>, u32)>,
    players: BTreeMap<PlayerId, Player>,
    draws: u64,
}

fn player(nth: u32) -> PlayerId {
    format!("p_{nth}").parse().expect("an id")
}

impl Stage {
    /// Returns a lobby of one of the pools.
    pub fn new(kind: usize) -> Self {
        let pool = serde_json::from_str(POOLS[kind % POOLS.len()]).expect("JSON");
        let pool = shared::pool::read_one("p", pool).expect("a pool");
        let mut stage = Self {
            lobby: restore(&pool, &Disk::new(), &[], Time::from_ms(0)),
            pool,
            now: 0,
            disk: Disk::new(),
            alarm: None,
            sockets: BTreeMap::new(),
            players: BTreeMap::new(),
            draws: 0,
        };
        stage.open(WITNESS);
        stage
    }

    fn time(&self) -> Time {
        Time::from_ms(self.now)
    }

    fn open(&mut self, nth: u32) {
        let conn = self.lobby.next_conn();
        let sid = "s_1".parse().expect("an id");
        let identity = Identity { player: player(nth), sid, ep: 0, exp: Time::from_ms(u64::MAX) };
        self.sockets.insert(conn, (None, nth));
        let current_match = self.current_match(&player(nth));
        self.turn(Input::Opened { conn, identity, current_match, address: nth.into(), trace: None });
    }

    /// Feeds a frame of a sender, whose socket opens if it is closed.
    pub fn feed(&mut self, sender: usize, frame: &[u8]) {
        let nth = 1 + u32::try_from(sender).unwrap_or_default() % SENDERS;
        self.now += 40;
        if !self.sockets.values().any(|(_, of)| *of == nth) {
            self.open(nth);
        }
        let conn = self.sockets.iter().find(|(_, (_, of))| *of == nth).map(|(&conn, _)| conn);
        // A player who is in a match has no socket here.
        let Some(conn) = conn else { return };
        match std::str::from_utf8(frame) {
            Ok(text) => {
                let _valid = read(text);
                self.turn(ConnectionInput::Text { conn, text }.into());
            }
            Err(_) => self.turn(ConnectionInput::Binary { conn, bytes: frame.len() }.into()),
        }
        assert!(self.sockets.values().any(|(_, of)| *of == WITNESS), "another socket was closed");
    }

    /// Lets seconds pass, ends all matches, and restores the lobby from its disk.
    pub fn pass(&mut self, seconds: u64) {
        let until = self.now + 1000 * seconds;
        let mut rung = 0;
        while let Some(at) = self.alarm.filter(|at| at.ms() <= until) {
            rung += 1;
            assert!(rung < 10_000, "alarms never end");
            self.now = self.now.max(at.ms());
            self.alarm = None;
            self.turn(Input::Woke);
        }
        self.now = until;
        for player in self.players.values_mut() {
            let now = Time::from_ms(until);
            if let PlayerResponse::Granted { current_match: Some(room) } =
                player.respond(now, PlayerRequest::CurrentMatch).0
            {
                let _freed = player.respond(now, PlayerRequest::Free { room });
            }
        }
        let attachments: Vec<String> =
            self.sockets.values().filter_map(|(attachment, _)| attachment.clone()).collect();
        let restored = restore(&self.pool, &self.disk, &attachments, self.time());
        assert_eq!(rows(&restored), rows(&self.lobby), "a restart changes the lobby");
    }

    fn ask(&mut self, player: &PlayerId, request: PlayerRequest) -> PlayerResponse {
        let now = self.time();
        self.players.entry(player.clone()).or_default().respond(now, request).0
    }

    fn current_match(&mut self, player: &PlayerId) -> Option<RoomId> {
        match self.ask(player, PlayerRequest::CurrentMatch) {
            PlayerResponse::Granted { current_match } => current_match,
            other => panic!("{other:?} is no answer"),
        }
    }

    /// Applies an input and everything that follows from it.
    fn turn(&mut self, input: Input<'_>) {
        let mut effects: Vec<Effect> = self.lobby.handle(self.time(), input);
        while !effects.is_empty() {
            let mut next = Vec::new();
            for effect in effects {
                if let Some(input) = self.apply(effect) {
                    next.extend(self.lobby.handle(self.time(), input));
                }
            }
            effects = next;
        }
        let (memory, sockets) = rows(&self.lobby);
        let mut disk = self.disk.clone();
        disk.remove(WAITS);
        assert_eq!(memory, disk, "the disk differs from the memory");
        assert_eq!(sockets.len(), self.sockets.len());
        let due = self.lobby.wake_at();
        assert!(due.is_none() || self.alarm <= due && self.alarm.is_some(), "no alarm at {due:?}");
        self.check_size();
    }

    /// Checks that what a player may leave in a lobby is bounded.
    fn check_size(&self) {
        let of = |kind: &str| self.disk.keys().filter(|key| key.starts_with(kind)).count();
        let senders = SENDERS as usize;
        assert!(of("t/") <= senders, "a player has two tickets");
        assert!(of("p/") <= senders, "a player has two parties");
        assert!(of("c/") <= senders, "a player has two cooldowns");
        for (key, row) in &self.disk {
            assert!(row.len() <= 8 * limits::FRAME_BYTES_MAX, "{key} has {} bytes", row.len());
        }
    }

    fn apply(&mut self, effect: Effect) -> Option<Input<'static>> {
        match effect {
            Effect::Save(save) => {
                for (key, row) in save.rows {
                    match row {
                        Some(row) => drop(self.disk.insert(key, row)),
                        None => drop(self.disk.remove(&key)),
                    }
                }
                self.alarm = save.alarm.or(self.alarm);
            }
            Effect::Attach { conn, data } => {
                assert!(data.len() <= 16_384, "{} bytes", data.len());
                if let Some((attachment, _)) = self.sockets.get_mut(&conn) {
                    *attachment = Some(data);
                }
            }
            Effect::Send { conn, text } => {
                let nth = self.sockets.get(&conn).expect("an open socket").1;
                let messages = LobbyMessage::read_frame(&text).expect("a frame of a lobby");
                for message in messages {
                    let reply = matches!(message, LobbyMessage::Reply(_));
                    assert!(!reply || nth != WITNESS, "a reply to another client: {text:?}");
                }
            }
            Effect::Close { conn, .. } => drop(self.sockets.remove(&conn)),
            Effect::LookUp { lookup, player } => {
                let answer = Some(self.entrant(player));
                return Some(Input::LookedUp { lookup, answer });
            }
            Effect::StoreShard { player, .. } => return Some(Input::ShardStored { player, stored: true }),
            Effect::Verify { conn, id, .. } => {
                let verdict = Err("an invalid token".to_owned());
                return Some(ConnectionInput::Renewed { conn, id, verdict }.into());
            }
            Effect::Call(call) => return Some(self.call(call)),
        }
        None
    }

    fn call(&mut self, call: Call) -> Input<'static> {
        let answer = match &call {
            Call::Player { player, request } => Answer::Player(self.ask(player, request.clone())),
            Call::OpenRoom { setup } => {
                let seats: BTreeSet<_> = setup.seats.iter().map(|seat| &seat.player).collect();
                assert_eq!(seats.len(), setup.seats.len(), "a player has two seats");
                Answer::Room
            }
            Call::Audit { .. } => Answer::Audited,
            Call::Report { .. } => Answer::Reported,
            Call::Shard { .. } => panic!("the queue is not divided"),
        };
        Input::Answered { call, answer }
    }

    fn entrant(&mut self, player: PlayerId) -> Entrant {
        self.draws += 1;
        let current_match = self.current_match(&player);
        let profile = MatchmakingProfile {
            name: player.to_string(),
            player,
            rating: 1500.0,
            deviation: 80.0,
            banned: false,
            ep: 0,
            attrs: Map::from_iter([("tier".to_owned(), Value::from("gold"))]),
            blocked: Vec::new(),
            recent: Vec::new(),
        };
        Entrant { profile, current_match, random: self.draws }
    }
}

/// Parses a frame as a lobby does. True if all of its messages are commands.
pub fn read(frame: &str) -> bool {
    let Ok(messages) = decode(frame) else { return false };
    let commands = messages.iter().flatten().filter(|message| Command::read(message).is_ok());
    commands.count() == messages.len()
}

fn restore(pool: &Pool, disk: &Disk, attachments: &[String], now: Time) -> Lobby {
    let name = "p".parse().expect("a name");
    Lobby::restore(name, Shard::Child(0), pool, disk, attachments, now).expect("a lobby can be read back").0
}

/// Returns the stored state without the waits.
fn rows(lobby: &Lobby) -> (Disk, Vec<(Conn, PlayerId)>) {
    let (mut rows, sockets) = lobby.durable_state();
    rows.remove(WAITS);
    (rows, sockets)
}
