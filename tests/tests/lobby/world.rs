//! Some queues, their people and the people's objects, their platform; one thread, one seed.

use crate::chance::Chance;
use crate::lane::Lane;
use crate::marks::{Mark, Marks};
use crate::network::{Flight, Match};
use crate::people::Person;
use crate::rough::Rough;
use crate::truth::Truth;
use shared::id::{PlayerId, PoolName, RoomId};
use shared::internal::{PlayerAnswer, PlayerAsk};
use shared::lobby::Input;
use shared::pool::{self, Pool, Shard, Shards};
use shared::time::Time;
use std::collections::BTreeMap;

pub const START: u64 = 1_733_000_000_000;

/// A queue of each sort: by age, by rating, divided, and of parties and teams.
const POOLS: &str = r#"{"first":{"seats":2},
    "many":{"seats":4,"party":3,"min":{"seats":3,"after_s":20}},
    "rated":{"seats":2,"pause_s":5,"rating":{"within":100,"widen_per_s":10,"at_most":300}},
    "teams":{"teams":{"count":2,"size":2},"party":2},
    "wide":{"seats":2,"shards":{"by":"rating","bands":[1600],"climb_s":4}},
    "wide-teams":{"teams":{"count":2,"size":2},"party":2,"shards":{"by":"hash","count":2,"climb_s":2}}}"#;

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
        let pools = rough.queues.iter().map(|name| {
            let name: PoolName = name.parse().expect("a name");
            (name.clone(), pools[&name].clone())
        });
        let asks = rough.propose_s.into_iter().zip(rough.no_rematch_s);
        let mut lanes = Vec::new();
        for ((name, pool), (propose_s, no_rematch_s)) in pools.zip(asks) {
            let pool = Pool { propose_s, no_rematch_s, ..pool };
            let parts = pool.shards.as_ref().map_or(1, Shards::count);
            let top = pool.shards.as_ref().map(|_| Shard::Top);
            for shard in (0..parts).map(Shard::Part).chain(top) {
                lanes.push(Lane::new(name.clone(), shard, pool.clone()));
            }
        }
        let mut people: Vec<Person> =
            (0..rough.people).map(|_| Person::draw(&mut chance, &rough, &lanes)).collect();
        for _ in 0..rough.blocks {
            let (a, b) = (chance.below(people.len()), chance.below(people.len()));
            if a != b {
                people[a].apart.insert(b);
                people[b].apart.insert(a);
            }
        }
        Self {
            chance,
            now: START,
            lanes,
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

    pub fn lane_of(&self, queue: &PoolName, shard: Shard) -> Option<usize> {
        let mut lanes = self.lanes.iter();
        lanes.position(|lane| lane.name == *queue && lane.shard == shard)
    }

    /// The part of a queue that somebody's sockets open in.
    pub fn home(&mut self, lane: usize, who: usize) -> usize {
        let (pool, shards) = (&self.lanes[lane].name, &self.lanes[lane].pool.shards);
        let (pool, Some(shards)) = (pool.clone(), shards.clone()) else {
            return lane;
        };
        let ask = PlayerAsk::Home { pool: pool.clone(), part: None };
        let part = match self.ask(who, &ask) {
            PlayerAnswer::Home { part } => part,
            other => panic!("{other:?} is no answer"),
        };
        let part = part.unwrap_or_else(|| shards.front(&player(who)));
        self.lane_of(&pool, Shard::Part(part)).expect("a part")
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
