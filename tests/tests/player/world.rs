//! People, their objects, the places where their sockets end, the region; one thread, one seed.

use crate::chance::Chance;
use crate::home::Home;
use crate::marks::{Mark, Marks};
use crate::network::Flight;
use crate::people::Person;
use crate::place::Place;
use crate::rough::Rough;
use crate::truth::Truth;
use shared::id::PlayerId;
use shared::socket::Conn;
use shared::time::Time;

pub const START: u64 = 1_733_000_000_000;

#[derive(Debug)]
pub struct World {
    pub chance: Chance,
    pub rough: Rough,
    pub now: u64,
    pub people: Vec<Person>,
    pub homes: Vec<Home>,
    pub places: Vec<Place>,
    pub flights: Vec<Flight>,
    pub truth: Truth,
    pub marks: Marks,
    traced: bool,
}

impl World {
    pub fn new(chance: Chance, rough: Rough, traced: bool) -> Self {
        let places = (0..rough.places).map(|nth| Place::new(nth, rough.devices[nth]));
        Self {
            chance,
            now: START,
            people: (0..rough.people).map(|_| Person::default()).collect(),
            homes: (0..rough.people).map(|_| Home::default()).collect(),
            places: places.collect(),
            flights: Vec::new(),
            truth: Truth::new(rough.people),
            marks: Marks::new(),
            traced,
            rough,
        }
    }

    pub fn trace(&self, line: impl FnOnce() -> String) {
        if self.traced {
            eprintln!("{:>9} {}", self.now - START, line());
        }
    }

    /// Everything that may happen, happens.
    pub fn run(&mut self) {
        for _ in 0..self.rough.steps {
            self.step();
        }
    }

    fn step(&mut self) {
        self.now += match self.chance.below(100) {
            0..60 => self.chance.between(0, 50),
            60..90 => self.chance.between(50, 1000),
            90..98 => self.chance.between(1000, 8000),
            _ => self.chance.between(10_000, 60_000),
        };
        for person in 0..self.people.len() {
            self.ring(person);
        }
        let person = self.chance.below(self.people.len());
        self.act(person);
        for _ in 0..4 {
            if self.chance.percent(self.rough.flies) {
                self.fly();
            }
        }
        self.report_gone();
        if self.chance.one_in(self.rough.decides) {
            self.decide(person);
        }
        if self.chance.one_in(40) {
            self.region_repeats();
        }
        if self.chance.one_in(self.rough.evict) {
            self.evict(person);
        }
        if self.chance.one_in(self.rough.crash * 4) {
            self.crash(person, Mark::Crashed);
        }
        if self.chance.one_in(self.rough.crash * 4) {
            let at = self.chance.below(self.places.len());
            self.crash_place(at);
        }
    }

    /// Somebody does something with one of their devices.
    fn act(&mut self, person: usize) {
        let at = self.chance.below(self.places.len());
        match self.chance.below(10) {
            0..2 => {
                let who = self.who(person);
                self.dial(at, who);
            }
            2..4 => {
                let who = self.who(person);
                self.dial_me(person, who);
            }
            4..6 => self.hang_up(at, person),
            6..7 => self.hang_up_me(person),
            7..8 => self.look_away(person),
            8..9 => {
                let of = self.chance.below(self.people.len());
                self.look_at(of, person);
            }
            _ => {}
        }
    }

    fn hang_up(&mut self, at: usize, person: usize) {
        let theirs = player(person);
        let wires = self.places[at].wires.iter();
        let open: Option<Conn> = wires
            .filter(|(_, wire)| wire.who.player == theirs && wire.cut.is_none())
            .map(|(&conn, _)| conn)
            .next();
        let Some(conn) = open else { return };
        if !self.chance.percent(self.rough.cut) {
            return self.gone(at, conn);
        }
        let later = self.now + self.chance.between(0, 4000);
        let reported = !self.chance.percent(self.rough.unreported);
        let now = self.now;
        if let Some(wire) = self.places[at].wires.get_mut(&conn) {
            wire.cut = Some(now);
            wire.gone_at = reported.then_some(later);
        }
    }

    fn hang_up_me(&mut self, person: usize) {
        let later = self.now + self.chance.between(0, 4000);
        let cut = self.chance.percent(self.rough.cut);
        let reported = !self.chance.percent(self.rough.unreported);
        let now = self.now;
        let mut wires = self.homes[person].wires.iter_mut();
        let Some((&conn, line)) = wires.find(|(_, line)| !line.cut) else {
            return;
        };
        if cut {
            line.cut = true;
            line.cut_at = now;
            line.gone_at = reported.then_some(later);
        } else {
            self.homes[person].wires.remove(&conn);
            self.turn(person, &shared::player::Input::Closed { conn });
        }
    }

    fn look_away(&mut self, person: usize) {
        let mut wires = self.homes[person].wires.iter_mut();
        let Some((&conn, line)) = wires.find(|(_, line)| !line.cut) else {
            return;
        };
        line.active = !line.active;
        let active = line.active;
        let text = format!(r#"{{"op":"active","body":{{"active":{active}}}}}"#);
        self.turn(person, &shared::player::Input::Said { conn, text: &text });
    }

    /// The platform says, late, that connections are gone.
    pub fn report_gone(&mut self) {
        let now = self.now;
        let due = |at: Option<u64>| at.is_some_and(|at| at <= now);
        for at in 0..self.places.len() {
            let wires = self.places[at].wires.iter();
            let gone: Vec<Conn> =
                wires.filter(|(_, wire)| due(wire.gone_at)).map(|(&conn, _)| conn).collect();
            for conn in gone {
                self.marks.insert(Mark::ClosedLate);
                self.gone(at, conn);
            }
        }
        for person in 0..self.homes.len() {
            let wires = self.homes[person].wires.iter();
            let gone: Vec<Conn> =
                wires.filter(|(_, line)| due(line.gone_at)).map(|(&conn, _)| conn).collect();
            for conn in gone {
                self.homes[person].wires.remove(&conn);
                self.turn(person, &shared::player::Input::Closed { conn });
            }
        }
    }

    pub fn time(&self) -> Time {
        Time::from_ms(self.now)
    }
}

pub fn player(who: usize) -> PlayerId {
    format!("p_{who}").parse().expect("an id")
}

pub fn number(player: &PlayerId) -> usize {
    player.as_str()[2..].parse().expect("a player of this world")
}
