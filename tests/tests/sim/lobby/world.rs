//! The world of lobbies: two pools, their players and player objects, the platform, on one thread, from one
//! seed.

use crate::lobby_host::LobbyHost;
use crate::marks::{Mark, Marks};
use crate::network::{Match, Message};
use crate::oracle::Oracle;
use crate::people::Person;
use crate::weather::Weather;
use shared::id::{PoolName, RoomId};
use shared::lobby::Input;
use shared::pool::{self, Pool, Shard, Shards};
use shared::rpc::{PlayerRequest, PlayerResponse};
use shared::time::Time;
use std::collections::BTreeMap;
use tests::kit::chance::Chance;
use tests::kit::clock::{self, START};
use tests::kit::identity::player;
use tests::kit::network::InFlight;
use tests::kit::platform::Ring;

/// A pool of each kind: by age, by rating, sharded, and with parties and teams.
const POOLS: &str = r#"{"first":{"seats":2},
    "many":{"seats":4,"party":3,"min":{"seats":3,"after_s":20}},
    "rated":{"seats":2,"pause_s":5,"rating":{"within":100,"widen_per_s":10,"at_most":300,"uncertainty":1}},
    "strict":{"seats":2,"rating":{"within":50,"widen_per_s":10,"at_most":300,"grows_with":"newer"}},
    "teams":{"teams":{"count":2,"size":2},"party":2},
    "wide":{"seats":2,"shards":{"by":"rating","bands":[1600],"climb_s":4}},
    "wide-teams":{"teams":{"count":2,"size":2},"party":2,"shards":{"by":"hash","count":2,"climb_s":2}}}"#;

#[derive(Debug)]
pub struct World {
    pub chance: Chance,
    pub weather: Weather,
    pub now: u64,
    pub hosts: Vec<LobbyHost>,
    pub people: Vec<Person>,
    /// The row of each player object.
    pub players: Vec<String>,
    pub in_flight: InFlight<Message>,
    pub rooms: BTreeMap<RoomId, Match>,
    pub oracle: Oracle,
    pub marks: Marks,
    traced: bool,
}

impl World {
    pub fn new(mut chance: Chance, weather: Weather, traced: bool) -> Self {
        let pools = pool::read(POOLS).expect("pools");
        let pools = weather.queues.iter().map(|name| {
            let name: PoolName = name.parse().expect("a name");
            (name.clone(), pools[&name].clone())
        });
        let asks = weather.propose_s.into_iter().zip(weather.no_rematch_s);
        let mut hosts = Vec::new();
        for ((name, pool), (propose_s, no_rematch_s)) in pools.zip(asks) {
            let pool = Pool { propose_s, no_rematch_s, ..pool };
            let parts = pool.shards.as_ref().map_or(1, Shards::count);
            let top = pool.shards.as_ref().map(|_| Shard::Parent);
            for shard in (0..parts).map(Shard::Child).chain(top) {
                hosts.push(LobbyHost::new(name.clone(), shard, pool.clone()));
            }
        }
        let mut people: Vec<Person> =
            (0..weather.people).map(|_| Person::draw(&mut chance, &weather, &hosts)).collect();
        for _ in 0..weather.blocks {
            let (a, b) = (chance.below(people.len()), chance.below(people.len()));
            if a != b {
                people[a].blocked.insert(b);
                people[b].blocked.insert(a);
            }
        }
        Self {
            chance,
            now: START,
            hosts,
            people,
            players: vec![String::new(); weather.people],
            in_flight: InFlight::default(),
            rooms: BTreeMap::new(),
            oracle: Oracle::default(),
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
        self.now += clock::step_ms(&mut self.chance, 1, 70_000);
        for host in 0..self.hosts.len() {
            self.ring(host);
        }
        let who = self.chance.below(self.people.len());
        self.act(who);
        if self.chance.percent(self.weather.serves) {
            self.serve(who);
        }
        for _ in 0..3 {
            if self.chance.percent(self.weather.arrives) {
                self.deliver();
            }
        }
        if self.chance.percent(self.weather.ends) {
            self.end_a_room();
        }
        self.report_gone();
        let host = self.chance.below(self.hosts.len());
        if self.chance.one_in(self.weather.cut) {
            self.cut(host, who);
        }
        if self.chance.one_in(self.weather.faults.evict) {
            self.evict(host);
        }
        if self.chance.one_in(self.weather.faults.crash * 4) {
            self.crash(host, Mark::Crashed);
        }
    }

    /// Rings the alarm if it is due: on time, late or twice. An alarm whose handler crashes rings again.
    pub fn ring(&mut self, host: usize) {
        let late = self.weather.faults.late;
        let due = match self.hosts[host].alarm.ring(self.now, late, &mut self.chance) {
            Ring::NotDue => return,
            Ring::Late => {
                self.marks.insert(Mark::AlarmLate);
                return;
            }
            Ring::Rings(due) => due,
        };
        if !self.turn(host, &Input::Woke) {
            self.hosts[host].alarm.retry(due);
        } else if late > 0 && self.chance.one_in(10) {
            self.marks.insert(Mark::AlarmTwice);
            self.turn(host, &Input::Woke);
        }
    }

    pub fn host_of(&self, queue: &PoolName, shard: Shard) -> Option<usize> {
        let mut hosts = self.hosts.iter();
        hosts.position(|host| host.name == *queue && host.shard == shard)
    }

    /// Returns the shard of a pool that a player connects to.
    pub fn shard_of(&mut self, host: usize, who: usize) -> usize {
        let (pool, shards) = (&self.hosts[host].name, &self.hosts[host].pool.shards);
        let (pool, Some(shards)) = (pool.clone(), shards.clone()) else {
            return host;
        };
        let ask = PlayerRequest::HomeShard { pool: pool.clone(), shard: None };
        let part = match self.ask_player(who, &ask) {
            PlayerResponse::HomeShard { shard: part } => part,
            other => panic!("{other:?} is no answer"),
        };
        let part = part.unwrap_or_else(|| shards.first_shard(&player(who)));
        self.host_of(&pool, Shard::Child(part)).expect("a part")
    }

    pub fn time(&self) -> Time {
        Time::from_ms(self.now)
    }
}
