//! Feeds frames of a me socket, and requests and notices of other objects, to a player object.

use shared::connection::{Conn, ConnectionInput, Identity};
use shared::id::PlayerId;
use shared::limits;
use shared::player::{Effect, Input, Player, Rows, Save};
use shared::presence::{PresenceAt, State};
use shared::rpc::record::Visibility;
use shared::rpc::{Notice, PeerRequest, PlayerRequest};
use shared::time::Time;
use shared::wire::ClientCommand;
use shared::wire::decode;
use shared::wire::me::{Command, MeMessage};
use std::collections::BTreeMap;

/// The first byte of a step, which says what the rest is.
pub const KINDS: &[char] = &['f', 'r', 'p', 'n', '~'];

/// Feeds one step per line of the input.
#[allow(dead_code, reason = "one of two harnesses splits its input")]
pub fn player(input: &[u8]) {
    let mut stage = Stage::new();
    for line in input.split(|&byte| byte == b'\n') {
        stage.step(line);
    }
}

/// True if a step is what its first byte says.
pub fn is_valid(step: &str) -> bool {
    let rest = step.get(1..).unwrap_or_default();
    match step.chars().next() {
        Some('r') => serde_json::from_str::<PlayerRequest>(rest).is_ok(),
        Some('p') => serde_json::from_str::<PeerRequest>(rest).is_ok(),
        Some('n') => serde_json::from_str::<Notice>(rest).is_ok(),
        Some('f') => read(rest),
        Some('~') => true,
        _ => false,
    }
}

/// Parses a frame as a player object does. True if all of its messages are commands.
fn read(frame: &str) -> bool {
    let Ok(messages) = decode(frame) else { return false };
    let commands = messages.iter().flatten().filter(|message| Command::read(message).is_ok());
    commands.count() == messages.len()
}

/// A player object with its disk and two me sockets: one sends frames, the other is a witness.
pub struct Stage {
    player: Player,
    now: u64,
    disk: Rows,
    alarm: Option<Time>,
    /// The attachment of each open socket.
    sockets: BTreeMap<Conn, Option<String>>,
    sender: Conn,
    witness: Conn,
}

fn myself() -> PlayerId {
    "p_1".parse().expect("an id")
}

impl Stage {
    pub fn new() -> Self {
        let mut stage = Self {
            player: Player::default(),
            now: 1_733_000_000_000,
            disk: Rows::default(),
            alarm: None,
            sockets: BTreeMap::new(),
            sender: Conn(0),
            witness: Conn(0),
        };
        stage.witness = stage.open();
        stage.sender = stage.open();
        stage
    }

    fn time(&self) -> Time {
        Time::from_ms(self.now)
    }

    fn open(&mut self) -> Conn {
        let conn = self.player.next_conn();
        let sid = "s_1".parse().expect("an id");
        let identity = Identity { player: myself(), sid, ep: 0, exp: Time::from_ms(u64::MAX) };
        self.sockets.insert(conn, None);
        self.input(Input::Opened { conn, identity });
        conn
    }

    /// Takes one step: the first byte says what the rest is, a frame, a request of a host or of another player object,
    /// a notice, or a wait.
    pub fn step(&mut self, step: &[u8]) {
        let Some((kind, rest)) = step.split_first() else { return };
        self.now += 40;
        match kind {
            b'r' => self.request(rest),
            b'p' => self.peer_request(rest),
            b'n' => self.notice(rest),
            b'~' => self.pass(1 + rest.len() as u64),
            _ => self.frame(rest),
        }
        // A ban or an erasure ends the sockets of the player for good.
        let sid = "s_1".parse().expect("an id");
        if self.player.denial(self.time(), 0, &sid).is_some() {
            *self = Self::new();
            return;
        }
        for conn in [self.witness, self.sender] {
            if !self.sockets.contains_key(&conn) {
                let opened = self.open();
                *(if conn == self.witness { &mut self.witness } else { &mut self.sender }) = opened;
            }
        }
    }

    fn frame(&mut self, frame: &[u8]) {
        let conn = self.sender;
        match std::str::from_utf8(frame) {
            Ok(text) => {
                let _valid = read(text);
                self.input(ConnectionInput::Text { conn, text }.into());
            }
            Err(_) => self.input(ConnectionInput::Binary { conn, bytes: frame.len() }.into()),
        }
        assert!(self.sockets.contains_key(&self.witness), "another socket was closed");
    }

    fn request(&mut self, text: &[u8]) {
        if let Ok(request) = serde_json::from_slice::<PlayerRequest>(text) {
            let now = self.time();
            let (_response, effects) = self.player.request(now, request);
            self.run(effects);
        }
    }

    fn peer_request(&mut self, text: &[u8]) {
        if let Ok(request) = serde_json::from_slice::<PeerRequest>(text) {
            let now = self.time();
            let (_response, effects) = self.player.peer_request(now, request);
            self.run(effects);
        }
    }

    fn notice(&mut self, text: &[u8]) {
        if let Ok(notice) = serde_json::from_slice::<Notice>(text) {
            self.input(Input::Noticed { notice: &notice });
        }
    }

    /// Lets seconds pass, and restores the object from its disk.
    fn pass(&mut self, seconds: u64) {
        let until = self.now + 1000 * seconds;
        let mut rung = 0;
        while let Some(at) = self.alarm.filter(|at| at.ms() <= until) {
            rung += 1;
            assert!(rung < 10_000, "alarms never end");
            self.now = self.now.max(at.ms());
            self.alarm = None;
            self.input(Input::Woke);
        }
        self.now = until;
        let attachments: Vec<String> = self.sockets.values().flatten().cloned().collect();
        let (restored, _) = Player::restore(&self.disk, &attachments, self.time()).expect("a player");
        assert_eq!(restored.conns(), self.player.conns(), "a restart changes the sockets");
    }

    fn input(&mut self, input: Input<'_>) {
        let now = self.time();
        let effects = self.player.handle(now, input);
        self.run(effects);
    }

    /// Carries out effects and all that follow. Other objects answer at once.
    fn run(&mut self, mut effects: Vec<Effect>) {
        while !effects.is_empty() {
            let mut next = Vec::new();
            for effect in effects {
                next.extend(self.apply(effect));
            }
            effects = next;
        }
        let (memory, sockets) = self.player.durable_state();
        assert_eq!(sockets.len(), self.sockets.len());
        if self.disk.player.is_some() {
            assert_eq!(memory.player, self.disk.player, "the disk differs from the memory");
        }
        assert_eq!(memory.subscribers, self.disk.subscribers);
        let due = self.player.wake_at(self.time());
        assert!(due.is_none() || self.alarm.is_some() && self.alarm <= due, "no alarm at {due:?}");
    }

    fn apply(&mut self, effect: Effect) -> Vec<Effect> {
        let now = self.time();
        match effect {
            Effect::Save(save) => self.write(save),
            Effect::Attach { conn, data } => {
                assert!(data.len() <= 16_384, "{} bytes", data.len());
                self.sockets.entry(conn).and_modify(|attachment| *attachment = Some(data));
            }
            Effect::Send { conn, text } => {
                for message in MeMessage::read_frame(&text).expect("a frame of a me socket") {
                    let reply = matches!(message, MeMessage::Reply(_));
                    assert!(!reply || conn != self.witness, "a reply to another client: {text:?}");
                }
            }
            Effect::Broadcast { text, .. } => {
                let messages = MeMessage::read_frame(&text).expect("a frame of a me socket");
                assert!(messages.iter().all(|message| matches!(message, MeMessage::Event(_))));
            }
            Effect::Close { conn, .. } => drop(self.sockets.remove(&conn)),
            Effect::Verify { conn, id, .. } => {
                let verdict = Err("an invalid token".to_owned());
                return self.player.handle(now, ConnectionInput::Renewed { conn, id, verdict }.into());
            }
            Effect::ForceClose { call, .. } => {
                let confirmed = Input::ForcedCloseConfirmed { call, holding: Vec::new(), asked: now };
                return self.player.handle(now, confirmed);
            }
            Effect::FetchVisibility { revision } => {
                let mutual = ["p_2", "p_3"].map(|player| player.parse().expect("an id")).into();
                let visibility = Visibility { player: myself(), mutual, hidden: false };
                return self.player.handle(now, Input::VisibilityKnown { revision, visibility: &visibility });
            }
            Effect::Subscribe { call, peers } => {
                let online = PresenceAt { state: State::Online, as_of: now };
                let answers = peers.into_iter().map(|peer| (peer, online, true)).collect();
                return self.player.handle(now, Input::SubscriptionsAnswered { call, answers });
            }
            Effect::Publish { call, as_of, groups } => {
                let received = groups.into_iter().flat_map(|group| group.to).collect();
                let unsubscribed = Vec::new();
                return self
                    .player
                    .handle(now, Input::PublishConfirmed { call, as_of, received, unsubscribed });
            }
            Effect::Erase => {
                self.sockets.clear();
                self.disk = Rows::default();
                self.alarm = None;
            }
        }
        Vec::new()
    }

    fn write(&mut self, save: Save) {
        self.disk.player = save.player.or(self.disk.player.take());
        self.disk.visibility = save.visibility.or(self.disk.visibility.take());
        for (by, subscribed) in save.subscribers {
            self.disk.subscribers.retain(|one| *one != by);
            if subscribed {
                self.disk.subscribers.push(by);
            }
        }
        self.disk.subscribers.sort();
        assert!(self.disk.player.as_ref().is_none_or(|row| row.len() <= limits::BODY_BYTES_MAX * 32));
        self.alarm = save.alarm.or(self.alarm);
    }
}
