//! The world of a room: its clients and its platform, on one thread, from one seed.

use crate::client::Client;
use crate::machine::Machine;
use crate::marks::{Mark, Marks};
use crate::oracle::Oracle;
use crate::platform::{Flight, Platform};
use crate::shell::Shell;
use crate::weather::Weather;
use serde_json::Value;
use shared::delivery::conn_numbers::ConnNumbers;
use shared::id::PlayerId;
use shared::limits;
use shared::mode::Seed;
use shared::pool::ChosenMode;
use shared::room::seats::Seat;
use shared::room::{Conn, Effect, Input, Resume, Room, Switches};
use shared::rpc::{ForcedClose, Setup};
use shared::time::Time;
use shared::wire::CloseCode;
use std::collections::{BTreeMap, BTreeSet};
use tests::kit::chance::Chance;
use tests::kit::clock::{self, START};
use tests::kit::identity::{login, player};
use tests::kit::platform::{Ring, assert_unchanged};

#[derive(Debug)]
pub struct World {
    pub chance: Chance,
    pub weather: Weather,
    pub now: u64,
    /// The latest time that the room has seen.
    pub latest: u64,
    pub platform: Platform,
    pub shell: Option<Shell>,
    /// How often the room was loaded into memory.
    pub instance: u64,
    pub clients: Vec<Client>,
    pub oracle: Oracle,
    pub marks: Marks,
    /// Tokens that the shell is verifying.
    pub verifying: Vec<(Conn, Option<Value>)>,
    pub commands: u64,
    /// The numbers of sockets, which the shell has in memory.
    pub numbers: ConnNumbers,
    /// The time of the restart that began these numbers.
    pub numbers_since: u64,
    /// Every number that was ever given, with the time.
    given: BTreeMap<Conn, u64>,
    /// The setup of the room, which its creator may send again.
    setup: Setup,
    /// The players that are known to be kicked, and the players that a command tried to kick.
    pub kicked: BTreeSet<String>,
    pub kick_requests: BTreeSet<String>,
    /// The forced closes so far, by player.
    pub forced_closes: Vec<(PlayerId, ForcedClose)>,
    /// The last message of the operator's backend: its position and its tag.
    pub said_by_service: Option<(u64, u64)>,
    /// The clock of the clients' devices: the time of the world that it has seen, and a time that never goes back.
    pub device_clock: (u64, u64),
    traced: bool,
}

/// Lets machines drive a part of the clients.
fn choose_machines(clients: &mut [Client], percent: u64, chance: &mut Chance) {
    for client in clients {
        let driven = chance.percent(percent);
        client.machine = driven.then(|| Box::new(Machine::new(client.spectates, chance.draw())));
    }
}

impl World {
    pub fn new(mut chance: Chance, weather: Weather, traced: bool) -> Self {
        let mut clients: Vec<Client> = (0..weather.members + weather.spectators)
            .map(|n| Client::new(player(n), n >= weather.members))
            .collect();
        let slow = chance.below(clients.len());
        clients[slow].reads_slowly = weather.slow;
        clients[weather.members - 1].never_connects |= weather.no_show;
        choose_machines(&mut clients, weather.machines, &mut chance);
        let named = weather.members - weather.free.min(weather.members);
        let seat = |n: usize| {
            if n < named { Seat::of(player(n), format!("Player {n}")) } else { Seat::free() }
        };
        let setup = Setup {
            mode: weather.mode.map(|name| ChosenMode { name: name.into(), config: Value::Null, seed: None }),
            id: "m_1".parse().expect("an id"),
            // A room whose seats are all taken is one that a queue made.
            pool: (named == weather.members && weather.mode.is_none())
                .then(|| "ranked".parse().expect("a pool")),
            owner: Some(player(0)),
            seats: (0..weather.members).map(seat).collect(),
            rules: weather.rules,
            trace: None,
        }
        .with_seed(Seed::new(u128::from(chance.between(0, u64::MAX - 1))));
        let mut world = Self {
            chance,
            now: START,
            latest: START,
            platform: Platform::default(),
            shell: None,
            instance: 0,
            clients,
            oracle: Oracle::default(),
            marks: Marks::new(),
            verifying: Vec::new(),
            commands: 0,
            numbers: ConnNumbers::default(),
            numbers_since: 0,
            given: BTreeMap::new(),
            setup: setup.clone(),
            kicked: BTreeSet::new(),
            kick_requests: BTreeSet::new(),
            forced_closes: Vec::new(),
            said_by_service: None,
            device_clock: (START, 1),
            traced,
            weather,
        };
        let (room, effects) = Room::create(Time::from_ms(START), setup, Switches::default());
        for effect in effects {
            match effect {
                Effect::Save(save) => drop(world.platform.write(save)),
                Effect::Call { id, call } => world.platform.calls.push(Flight::Out(id, call)),
                other => panic!("a new room is a write and a call: {other:?}"),
            }
        }
        world.hold(room);
        world
    }

    pub fn trace(&self, line: impl FnOnce() -> String) {
        if self.traced {
            clock::trace(self.now, &line());
        }
    }

    /// Runs all steps.
    pub fn run(&mut self) {
        for _ in 0..self.weather.steps {
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
            self.deliver_up();
        }
        self.deliver_down();
        if self.chance.one_in(20) {
            self.report_buffered();
        }
        if self.chance.percent(60) {
            self.timer();
        }
        self.ring_tick();
        if self.chance.percent(50) {
            self.deliver_call();
        }
        if self.chance.percent(30) {
            self.verified();
        }
        self.report_gone();
        if self.chance.one_in(self.weather.cut) {
            self.cut(who);
        }
        if self.chance.one_in(self.weather.faults.lost * 2) {
            self.create_again();
        }
        if self.chance.one_in(self.weather.signs_out) {
            self.sign_out(who);
        }
        if self.chance.one_in(self.weather.signs_out) {
            self.close_again();
        }
        if self.chance.one_in(self.weather.serves) {
            self.serve();
        }
        if self.chance.one_in(self.weather.faults.evict) {
            self.evict();
        }
        if self.weather.faults.crash > 0 && self.chance.one_in(self.weather.faults.crash * 4) {
            self.crash(Mark::Crashed);
        }
    }

    fn tick(&mut self) {
        self.now += clock::step_ms(&mut self.chance, 1, 70_000);
        if self.chance.one_in(self.weather.clock) {
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

    /// Fires the timer of pending output.
    pub fn timer(&mut self) {
        if self.awake() {
            self.flush();
        }
    }

    /// Rings the alarm if it is due: on time, late or twice. An alarm whose handler crashes rings again.
    pub fn ring(&mut self) {
        let late = self.weather.faults.late;
        let due = match self.platform.alarm.ring(self.now, late, &mut self.chance) {
            Ring::NotDue => return,
            Ring::Late => {
                self.marks.insert(Mark::AlarmLate);
                return;
            }
            Ring::Rings(due) => due,
        };
        let lived = self.turn(&Input::Woke);
        if !lived {
            self.marks.insert(Mark::CrashedInAlarm);
            self.platform.alarm.retry(due);
        }
        if lived && late > 0 && self.chance.one_in(10) {
            self.marks.insert(Mark::AlarmTwice);
            self.turn(&Input::Woke);
        }
    }

    /// Connects a client. Proved by a room that admitted a kicked player again.
    pub fn connect(&mut self, who: usize) {
        if !self.wake() {
            return self.close_client(who, CloseCode::NotFound.code(), 0);
        }
        let day = 24 * 3_600_000;
        let exp = self.now + if self.clients[who].spectates { day } else { self.weather.token_ms };
        let client = &self.clients[who];
        let identity = login(who, client.login, exp);
        let resume = client.epoch.map(|epoch| Resume { epoch: format!("e{epoch}"), at: client.at });
        let room = &self.shell.as_ref().expect("awake").room;
        let role = match room.admit(&identity, client.spectates) {
            Ok(role) => {
                assert!(!self.kicked.contains(identity.player.as_str()), "a kicked player was admitted");
                role
            }
            Err(why) => return self.close_client(who, why.code(), 5000),
        };
        let conn = self.numbers.take(room.next_conn());
        self.check_number(conn);
        let room = &self.shell.as_ref().expect("awake").room;
        // The region does not always answer when the shell looks up a name.
        let lacks_name = room.lacks_name(&identity.player);
        let name = Some(format!("Player {who}")).filter(|_| lacks_name && !self.chance.one_in(4));
        let id = self.accept(who, conn);
        self.clients[who].wire = Some(id);
        self.turn(&Input::Opened { conn, identity, role, resume, name });
    }

    /// Has the creator of the room repeat the request, because the answer to the first was lost. Proved by a creation
    /// that replaced the room.
    fn create_again(&mut self) {
        if !self.wake() {
            return;
        }
        let now = Time::from_ms(self.now);
        let room = self.shell.as_ref().expect("awake").room.clone();
        let before = room.remembered();
        let (room, effects) =
            Room::create_once(Some(room), now, self.setup.clone(), Switches::default(), None);
        assert!(effects.is_empty(), "a repeated creation has effects: {effects:?}");
        assert_unchanged(&before, &room.remembered());
        self.marks.insert(Mark::CreatedAgain);
    }

    /// Checks that a number names one socket, also after a restart. Only a clock that was set back, or a restart within
    /// the same second, may repeat the number of a closed socket. Proved by numbers that began at 1 after a restart,
    /// and by the next number of the machine alone.
    fn check_number(&mut self, conn: Conn) {
        let before = self.given.insert(conn, self.now);
        let late = before.is_some_and(|at| !(at..=at + 1_000).contains(&self.numbers_since));
        assert!(
            !late || self.marks.contains(&Mark::ClockBack),
            "{conn:?} was given twice, at {before:?} and now"
        );
        // A socket without an attachment is unknown after a restart: its frames have no effect.
        let mut known = self.platform.wires.values().filter(|wire| wire.attachment.is_some());
        let open = known.any(|wire| wire.conn == conn);
        assert!(!open, "{conn:?} is the number of an open socket");
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
            instance: self.instance,
            login: self.clients[client].login,
        };
        self.platform.wires.insert(self.platform.next_wire, wire);
        self.platform.next_wire
    }

    /// Checks after every turn that an alarm is set while work remains. Proved by an alarm that was not set
    /// again after it rang.
    pub fn check_turn(&mut self) {
        let room = &self.shell.as_ref().expect("awake").room;
        if !room.has_unflushed() {
            self.platform.alarm.assert_covers(room.wake_at());
        }
        if self.chance.one_in(50) {
            self.check_bounds();
            self.check_tokens();
        }
    }

    /// Checks that no socket outlives its token. Proved by a room that closed such sockets only when another opened.
    fn check_tokens(&self) {
        let room = &self.shell.as_ref().expect("awake").room;
        let (.., sockets) = room.remembered();
        for attachment in sockets.into_iter().filter_map(|(_, attachment)| attachment) {
            let (conn, identity) = Room::read_attachment(&attachment).expect("an attachment");
            assert!(
                identity.exp.ms() > self.now,
                "{conn:?} is open, its token expired at {:?}",
                identity.exp
            );
        }
    }

    /// Checks that the state stays within its limits. Proved by a log that was trimmed by age alone.
    fn check_bounds(&self) {
        let room = &self.shell.as_ref().expect("awake").room;
        let (saved, log, board, _, sockets) = room.remembered();
        let most = limits::LOG_EVENTS_MAX + limits::CHUNK_EVENTS_MAX;
        assert!(log.retained().count() <= most, "{} events", log.retained().count());
        assert!(log.bytes() <= limits::LOG_BYTES_MAX + 2 * limits::CHUNK_BYTES_MAX, "{} bytes", log.bytes());
        assert!(board.len() <= 2 * limits::BOARD_BYTES_MAX, "a board of {} bytes", board.len());
        assert!(sockets.len() <= self.platform.wires.len());
        assert!(saved.setup.seats.len() == self.weather.members);
        assert!(self.platform.room.len() <= 64 * 1024);
        assert!(self.platform.slots.len() <= usize::try_from(limits::CHUNK_SLOTS).unwrap_or_default());
        for row in self.platform.slots.values() {
            assert!(row.len() <= 2 * limits::CHUNK_BYTES_MAX, "a row of {} bytes", row.len());
        }
    }
}
