//! The end of a world: faults stop, everything is delivered, and the visible state equals the true state.

use crate::marks::Mark;
use crate::world::World;
use shared::connection::ConnectionInput;
use shared::presence::State;
use tests::kit::identity::player;

impl World {
    /// Stops all faults, runs until idle, and checks the result.
    pub fn settle(&mut self) {
        self.weather.calm();
        self.run_until_idle();
        self.check_closed();
        self.reconnect_at_once();
        // Unreported cuts are found by the next query.
        self.now += 40_000;
        self.run_until_idle();
        for of in 0..self.people.len() {
            for by in 0..self.people.len() {
                self.look_at(of, by);
            }
        }
        self.run_until_idle();
        self.check_presence();
        self.check_notices();
        self.check_quiet();
    }

    /// Delivers everything in flight and rings every alarm until none is left.
    fn run_until_idle(&mut self) {
        for _ in 0..400 {
            self.region_repeats();
            while !self.in_flight.is_empty() {
                self.deliver();
            }
            self.report_gone();
            let due = self.players.iter().filter_map(|object| object.alarm.at()).min();
            match due {
                Some(due) => self.now = self.now.max(due.ms()),
                None if self.in_flight.is_empty() => {
                    self.now += 5000;
                    return;
                }
                None => {}
            }
            for person in 0..self.people.len() {
                self.ring(person);
            }
        }
        panic!("the world does not settle: {:?}", self.in_flight);
    }

    /// Checks that no socket with a revoked or banned identity is open.
    fn check_closed(&self) {
        for (person, object) in self.players.iter().enumerate() {
            for line in object.wires.values() {
                assert!(self.is_good(person, &line.who), "p_{person} has {line:?}");
            }
            for wire in self.hosts.iter().flat_map(|host| host.wires.values()) {
                let theirs = wire.who.player == player(person);
                assert!(!theirs || self.is_good(person, &wire.who), "p_{person} has {wire:?}");
            }
        }
    }

    /// Closes the only device of a player and reconnects before the change is published.
    fn reconnect_at_once(&mut self) {
        let only = |world: &Self, person: usize| {
            let lines = &world.players[person].wires;
            lines.len() == 1 && lines.values().all(|line| !line.link.is_cut())
        };
        let Some(person) = (0..self.people.len()).find(|&person| only(self, person)) else {
            return;
        };
        let conn = *self.players[person].wires.keys().next().expect("one");
        self.players[person].wires.remove(&conn);
        self.turn(person, &ConnectionInput::Closed { conn }.into());
        let who = self.identity(person);
        if self.is_good(person, &who) {
            self.connect_me(person, who);
            self.marks.insert(Mark::BackAtOnce);
        }
        self.run_until_idle();
    }

    /// Checks that every me socket shows the true presence of visible players, and no presence of others.
    fn check_presence(&mut self) {
        for person in 0..self.people.len() {
            for of in (0..self.people.len()).filter(|&of| of != person) {
                let is = self.is(of);
                let expected = if self.may_see(of, person) { is } else { State::Offline };
                for (conn, line) in &self.players[person].wires {
                    if !line.link.is_cut() {
                        let shown = line.view.state(&player(of));
                        assert_eq!(shown, expected, "p_{of} to p_{person} on {conn:?}");
                    }
                }
            }
        }
    }

    fn is(&self, person: usize) -> State {
        let theirs = player(person);
        let wires = self.hosts.iter().flat_map(|host| host.wires.values());
        let placed = wires.filter(|wire| wire.who.player == theirs).count() > 0;
        let lines = &self.players[person].wires;
        if placed || lines.values().any(|line| line.active) {
            State::Online
        } else if lines.is_empty() {
            State::Offline
        } else {
            State::Away
        }
    }

    /// Checks that no object has an alarm or work, also an hour later.
    fn check_quiet(&mut self) {
        self.now += 3_600_000;
        for person in 0..self.people.len() {
            assert_eq!(self.players[person].alarm.at(), None, "p_{person} has an alarm without work");
            self.wake(person);
            let now = self.time();
            let player = self.players[person].player.as_ref().expect("awake");
            assert_eq!(player.wake_at(now), None, "p_{person} has work left");
        }
        assert!(self.in_flight.is_empty(), "{:?}", self.in_flight);
    }
}
