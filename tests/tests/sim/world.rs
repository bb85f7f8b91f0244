//! One room, its people, its platform; one thread, one seed.

use crate::chance::Chance;
use crate::client::Client;
use crate::marks::{Mark, Marks};
use crate::platform::Platform;
use crate::rough::Rough;
use crate::shell::Shell;
use crate::truth::Truth;
use serde_json::Value;
use shared::caps;
use shared::protocol::Close;
use shared::room::seat::Seat;
use shared::room::{Conn, Input, Resume, Room, Setup, Who};
use shared::time::Time;
use std::collections::BTreeSet;

pub const START: u64 = 1_733_000_000_000;

#[derive(Debug)]
pub struct World {
    pub chance: Chance,
    pub rough: Rough,
    pub now: u64,
    /// The latest time that the room was told.
    pub latest: u64,
    pub platform: Platform,
    pub shell: Option<Shell>,
    /// How often the object came to memory.
    pub life: u64,
    pub clients: Vec<Client>,
    pub truth: Truth,
    pub marks: Marks,
    /// Tokens that the shell looks at.
    pub verifying: Vec<(Conn, Option<Value>)>,
    pub commands: u64,
    /// Who is known to have been put out, and whom somebody asked to be.
    pub put_out: BTreeSet<String>,
    pub kicks: BTreeSet<String>,
    traced: bool,
}

impl World {
    pub fn new(mut chance: Chance, rough: Rough, traced: bool) -> Self {
        let player = |n: usize| format!("p_{n}").parse().expect("an id");
        let mut clients: Vec<Client> = (0..rough.members + rough.spectators)
            .map(|n| Client::new(player(n), n >= rough.members))
            .collect();
        let slow = chance.below(clients.len());
        clients[slow].reads_slowly = rough.slow;
        if rough.no_show {
            clients[rough.members - 1].never_comes = true;
        }
        let named = rough.members - rough.free.min(rough.members);
        let seat = |n: usize| {
            if n < named { Seat::of(player(n), format!("Player {n}")) } else { Seat::free() }
        };
        let setup = Setup {
            id: "m_1".parse().expect("an id"),
            pool: None,
            owner: Some(player(0)),
            seats: (0..rough.members).map(seat).collect(),
            rules: rough.rules,
        };
        let mut world = Self {
            chance,
            now: START,
            latest: START,
            platform: Platform::default(),
            shell: None,
            life: 0,
            clients,
            truth: Truth::default(),
            marks: Marks::new(),
            verifying: Vec::new(),
            commands: 0,
            put_out: BTreeSet::new(),
            kicks: BTreeSet::new(),
            traced,
            rough,
        };
        let (room, effects) = Room::create(Time::from_ms(START), setup, false);
        for effect in effects {
            let shared::room::Effect::Save(save) = effect else { panic!("a new room is a write") };
            world.platform.write(save);
        }
        world.hold(room);
        world
    }

    pub fn trace(&self, line: impl FnOnce() -> String) {
        if self.traced {
            eprintln!("{:>9} {}", self.now - START, line());
        }
    }

    /// Everything that may happen, happens.
    pub fn run(&mut self) {
        for _ in 0..self.rough.steps {
            if self.platform.erased {
                return;
            }
            self.step();
        }
    }

    fn step(&mut self) {
        self.tick();
        self.ring();
        let who = self.chance.below(self.clients.len());
        self.act(who);
        for _ in 0..self.chance.between(1, 4) {
            self.carry_up();
        }
        self.carry_down();
        if self.chance.percent(60) {
            self.timer();
        }
        if self.chance.percent(50) {
            self.fly();
        }
        if self.chance.percent(30) {
            self.verified();
        }
        self.report_gone();
        if self.chance.one_in(self.rough.cut) {
            self.cut(who);
        }
        if self.chance.one_in(self.rough.evict) {
            self.evict();
        }
        if self.rough.crash > 0 && self.chance.one_in(self.rough.crash * 4) {
            self.crash(Mark::Crashed);
        }
    }

    fn tick(&mut self) {
        let ms = match self.chance.below(100) {
            0..60 => self.chance.between(0, 50),
            60..90 => self.chance.between(50, 1000),
            90..99 => self.chance.between(1000, 8000),
            _ => self.chance.between(10_000, 70_000),
        };
        self.now += ms;
        if self.chance.one_in(self.rough.clock) {
            let jump = self.chance.between(1, 20_000);
            if self.chance.percent(50) {
                self.now = self.now.saturating_sub(jump).max(START);
                self.marks.insert(Mark::ClockBack);
            } else {
                self.now += jump;
                self.marks.insert(Mark::ClockForward);
            }
        }
    }

    /// The timer of held output.
    pub fn timer(&mut self) {
        if self.awake() {
            self.flush();
        }
    }

    /// The alarm, where it is due: on time, late, or twice. One that does not end well rings again.
    pub fn ring(&mut self) {
        let Some(due) = self.platform.alarm else {
            return;
        };
        if due.ms() > self.now {
            return;
        }
        if self.chance.percent(self.rough.late) {
            self.marks.insert(Mark::AlarmLate);
            return;
        }
        self.platform.alarm = None;
        let lived = self.turn(&Input::Woke);
        if !lived {
            self.marks.insert(Mark::CrashedInAlarm);
            self.platform.alarm.get_or_insert(due);
        }
        if lived && self.rough.late > 0 && self.chance.one_in(10) {
            self.marks.insert(Mark::AlarmTwice);
            self.turn(&Input::Woke);
        }
    }

    /// A client dials.
    pub fn dial(&mut self, who: usize) {
        if !self.wake() {
            return self.clients[who].closed(self.now, Close::NotFound.code(), 0);
        }
        let life = 24 * 3_600_000;
        let exp = self.now + if self.clients[who].watches { life } else { self.rough.token_ms };
        let client = &self.clients[who];
        let player = client.player.clone();
        let identity = Who { sid: "s_1".parse().expect("an id"), ep: 0, player, exp: Time::from_ms(exp) };
        let room = &self.shell.as_ref().expect("awake").room;
        let role = match room.admit(&identity, client.watches) {
            Ok(role) => role,
            Err(why) => return self.clients[who].closed(self.now, why.code(), 5000),
        };
        let most = self.platform.wires.values().map(|wire| wire.conn.0).max().unwrap_or(0);
        let conn = Conn(room.next_conn().0.max(most + 1));
        let resume = client.epoch.map(|epoch| Resume { epoch: format!("e{epoch}"), at: client.at });
        let id = self.accept(who, conn);
        self.clients[who].wire = Some(id);
        self.turn(&Input::Opened { conn, who: identity, role, resume });
    }

    fn accept(&mut self, client: usize, conn: Conn) -> u64 {
        self.platform.next_wire += 1;
        let wire = crate::platform::Wire {
            conn,
            client,
            up: [].into(),
            down: [].into(),
            attachment: None,
            shut: false,
            cut: false,
            gone_at: None,
            life: self.life,
        };
        self.platform.wires.insert(self.platform.next_wire, wire);
        self.platform.next_wire
    }

    /// After every turn.
    ///
    /// While work remains, an alarm is set. Proved by an alarm that was not set again after it rang.
    pub fn check_turn(&mut self) {
        let room = &self.shell.as_ref().expect("awake").room;
        if let Some(wake) = room.wake_at() {
            let alarm = self.platform.alarm;
            assert!(alarm.is_some_and(|alarm| alarm <= wake), "to wake at {wake:?}, alarm at {alarm:?}");
        }
        if self.chance.one_in(50) {
            self.check_bounds();
        }
    }

    /// Nothing grows without a bound. Proved by a log that was trimmed by age alone.
    fn check_bounds(&self) {
        let room = &self.shell.as_ref().expect("awake").room;
        let (saved, log, board, sockets) = room.remembered();
        let most = caps::LOG_EVENTS + caps::CHUNK_EVENTS;
        assert!(log.kept().count() <= most, "{} events", log.kept().count());
        assert!(log.bytes() <= caps::LOG_BYTES + 2 * caps::CHUNK_BYTES, "{} bytes", log.bytes());
        assert!(board.len() <= 2 * caps::BOARD_BYTES, "a board of {} bytes", board.len());
        assert!(sockets.len() <= self.platform.wires.len());
        assert!(saved.setup.seats.len() == self.rough.members);
        assert!(self.platform.room.len() <= 64 * 1024);
        assert!(self.platform.slots.len() <= usize::try_from(caps::CHUNK_SLOTS).unwrap_or_default());
        for row in self.platform.slots.values() {
            assert!(row.len() <= 2 * caps::CHUNK_BYTES, "a row of {} bytes", row.len());
        }
    }
}
