//! The world of player objects: players, hosts, the region, on one thread, from one seed.

use crate::host::Host;
use crate::marks::{Mark, Marks};
use crate::network::Message;
use crate::oracle::Oracle;
use crate::people::Person;
use crate::player_host::PlayerHost;
use crate::weather::Weather;
use shared::connection::Conn;
use shared::connection::ConnectionInput;
use shared::time::Time;
use tests::kit::chance::Chance;
use tests::kit::clock::{self, START};
use tests::kit::identity::player;
use tests::kit::network::InFlight;

#[derive(Debug)]
pub struct World {
    pub chance: Chance,
    pub weather: Weather,
    pub now: u64,
    pub people: Vec<Person>,
    pub players: Vec<PlayerHost>,
    pub hosts: Vec<Host>,
    pub in_flight: InFlight<Message>,
    pub oracle: Oracle,
    pub marks: Marks,
    traced: bool,
}

impl World {
    pub fn new(chance: Chance, weather: Weather, traced: bool) -> Self {
        let hosts = (0..weather.hosts).map(|nth| Host::new(nth, weather.devices[nth]));
        Self {
            chance,
            now: START,
            people: (0..weather.people).map(|_| Person::default()).collect(),
            players: (0..weather.people).map(|_| PlayerHost::default()).collect(),
            hosts: hosts.collect(),
            in_flight: InFlight::default(),
            oracle: Oracle::new(weather.people),
            marks: Marks::new(),
            traced,
            weather,
        }
    }

    pub fn trace(&self, line: impl FnOnce() -> String) {
        if self.traced {
            clock::trace(self.now, &line());
        }
    }

    /// Runs all steps.
    pub fn run(&mut self) {
        for _ in 0..self.weather.steps {
            self.step();
        }
    }

    fn step(&mut self) {
        self.now += clock::step_ms(&mut self.chance, 2, 60_000);
        for person in 0..self.people.len() {
            self.ring(person);
        }
        let person = self.chance.below(self.people.len());
        self.act(person);
        for _ in 0..4 {
            if self.chance.percent(self.weather.arrives) {
                self.deliver();
            }
        }
        self.report_gone();
        if self.chance.one_in(self.weather.decides) {
            self.decide(person);
        }
        if self.chance.one_in(40) {
            self.region_repeats();
        }
        if self.chance.one_in(self.weather.faults.evict) {
            self.evict(person);
        }
        if self.chance.one_in(self.weather.faults.crash * 4) {
            self.crash(person, Mark::Crashed);
        }
        if self.chance.one_in(self.weather.faults.crash * 4) {
            let at = self.chance.below(self.hosts.len());
            self.crash_host(at);
        }
    }

    /// Makes a player act with one of their devices.
    fn act(&mut self, person: usize) {
        let at = self.chance.below(self.hosts.len());
        match self.chance.below(12) {
            0..2 => {
                let who = self.identity(person);
                self.connect(at, who);
            }
            2..4 => {
                let who = self.identity(person);
                self.connect_me(person, who);
            }
            4..6 => self.hang_up(at, person),
            6..7 => self.hang_up_me(person),
            7..8 => self.look_away(person),
            8..9 => {
                let of = self.chance.below(self.people.len());
                self.look_at(of, person);
            }
            9 => self.leave_notices(person),
            10 => self.read_notices(person),
            _ => {}
        }
    }

    fn hang_up(&mut self, at: usize, person: usize) {
        let theirs = player(person);
        let wires = self.hosts[at].wires.iter();
        let open: Option<Conn> = wires
            .filter(|(_, wire)| wire.who.player == theirs && !wire.link.is_cut())
            .map(|(&conn, _)| conn)
            .next();
        let Some(conn) = open else { return };
        if !self.chance.percent(self.weather.cut) {
            return self.disconnect(at, conn);
        }
        if let Some(wire) = self.hosts[at].wires.get_mut(&conn) {
            wire.link.cut(self.now, self.weather.unreported, &mut self.chance);
        }
    }

    fn hang_up_me(&mut self, person: usize) {
        let cut = self.chance.percent(self.weather.cut);
        let mut wires = self.players[person].wires.iter_mut();
        let Some((&conn, line)) = wires.find(|(_, line)| !line.link.is_cut()) else {
            return;
        };
        if cut {
            line.link.cut(self.now, self.weather.unreported, &mut self.chance);
        } else {
            self.players[person].wires.remove(&conn);
            self.turn(person, &ConnectionInput::Closed { conn }.into());
        }
    }

    fn look_away(&mut self, person: usize) {
        let mut wires = self.players[person].wires.iter_mut();
        let Some((&conn, line)) = wires.find(|(_, line)| !line.link.is_cut()) else {
            return;
        };
        line.active = !line.active;
        let active = line.active;
        let text = format!(r#"{{"op":"active","body":{{"active":{active}}}}}"#);
        self.turn(person, &ConnectionInput::Text { conn, text: &text }.into());
    }

    /// Reports the connections that are gone.
    pub fn report_gone(&mut self) {
        let now = self.now;
        for at in 0..self.hosts.len() {
            let wires = self.hosts[at].wires.iter();
            let gone: Vec<Conn> =
                wires.filter(|(_, wire)| wire.link.is_gone(now)).map(|(&conn, _)| conn).collect();
            for conn in gone {
                self.marks.insert(Mark::ClosedLate);
                self.disconnect(at, conn);
            }
        }
        for person in 0..self.players.len() {
            let wires = self.players[person].wires.iter();
            let gone: Vec<Conn> =
                wires.filter(|(_, line)| line.link.is_gone(now)).map(|(&conn, _)| conn).collect();
            for conn in gone {
                self.players[person].wires.remove(&conn);
                self.turn(person, &ConnectionInput::Closed { conn }.into());
            }
        }
    }

    pub fn time(&self) -> Time {
        Time::from_ms(self.now)
    }
}
