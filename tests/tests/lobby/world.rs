//! Two lobbies, their people and the people's objects, their platform; one thread, one seed.

use crate::chance::Chance;
use crate::lane::Lane;
use crate::marks::{Mark, Marks};
use crate::network::{Flight, Match};
use crate::people::Person;
use crate::rough::Rough;
use crate::truth::Truth;
use shared::id::{PlayerId, RoomId};
use shared::lobby::Input;
use shared::pool::{self, Pool};
use shared::time::Time;
use std::collections::BTreeMap;

pub const START: u64 = 1_733_000_000_000;

const POOLS: &str = r#"{"first":{"seats":2},
    "rated":{"seats":2,"pause_s":5,"rating":{"within":100,"widen_per_s":10,"at_most":300}}}"#;

#[derive(Debug)]
pub struct World {
    pub chance: Chance,
    pub rough: Rough,
    pub now: u64,
    pub lanes: Vec<Lane>,
    pub people: Vec<Person>,
    /// The row of each player's object.
    pub players: Vec<String>,
    pub flights: Vec<Flight>,
    pub rooms: BTreeMap<RoomId, Match>,
    pub truth: Truth,
    pub marks: Marks,
    traced: bool,
}

impl World {
    pub fn new(mut chance: Chance, rough: Rough, traced: bool) -> Self {
        let pools = pool::read(POOLS).expect("pools");
        let lanes = pools
            .into_iter()
            .zip(rough.propose_s)
            .zip(rough.no_rematch_s);
        let lanes = lanes.map(|(((name, pool), propose_s), no_rematch_s)| {
            let pool = Pool {
                propose_s,
                no_rematch_s,
                ..pool
            };
            Lane::new(name, pool)
        });
        let people = (0..rough.people)
            .map(|_| Person::draw(&mut chance, &rough))
            .collect();
        Self {
            chance,
            now: START,
            lanes: lanes.collect(),
            people,
            players: vec![String::new(); rough.people],
            flights: Vec::new(),
            rooms: BTreeMap::new(),
            truth: Truth::default(),
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
            90..99 => self.chance.between(1000, 8000),
            _ => self.chance.between(10_000, 70_000),
        };
        for lane in 0..self.lanes.len() {
            self.ring(lane);
        }
        let who = self.chance.below(self.people.len());
        self.act(who);
        for _ in 0..3 {
            if self.chance.percent(self.rough.flies) {
                self.fly();
            }
        }
        if self.chance.percent(self.rough.over) {
            self.somebody_is_done();
        }
        self.report_gone();
        let lane = self.chance.below(self.lanes.len());
        if self.chance.one_in(self.rough.cut) {
            self.cut(lane, who);
        }
        if self.chance.one_in(self.rough.evict) {
            self.evict(lane);
        }
        if self.chance.one_in(self.rough.crash * 4) {
            self.crash(lane, Mark::Crashed);
        }
    }

    /// The alarm, where it is due: on time, late, or twice. One that does not end well rings again.
    pub fn ring(&mut self, lane: usize) {
        let Some(due) = self.lanes[lane].alarm else {
            return;
        };
        if due.ms() > self.now {
            return;
        }
        if self.chance.percent(self.rough.late) {
            self.marks.insert(Mark::AlarmLate);
            return;
        }
        self.lanes[lane].alarm = None;
        if !self.turn(lane, &Input::Woke) {
            self.lanes[lane].alarm.get_or_insert(due);
        } else if self.rough.late > 0 && self.chance.one_in(10) {
            self.marks.insert(Mark::AlarmTwice);
            self.turn(lane, &Input::Woke);
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
    player.as_str()[2..]
        .parse()
        .expect("a player of this world")
}
