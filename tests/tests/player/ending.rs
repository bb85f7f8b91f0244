//! How a world ends: nothing goes wrong any more, all is told, and what is said is what is so.

use crate::marks::Mark;
use crate::world::{World, player};
use shared::presence::State;

impl World {
    /// Everything comes to rest, and then it is looked at.
    pub fn comes_to_rest(&mut self) {
        self.rough.calm();
        self.settle();
        self.check_closed();
        self.back_at_once();
        // Connections that died without a word are found when somebody asks.
        self.now += 40_000;
        self.settle();
        for of in 0..self.people.len() {
            for by in 0..self.people.len() {
                self.look_at(of, by);
            }
        }
        self.settle();
        self.check_presence();
        self.check_quiet();
    }

    /// Everything in flight arrives, every alarm rings, until nothing is left but time.
    fn settle(&mut self) {
        for _ in 0..400 {
            self.region_repeats();
            while !self.flights.is_empty() {
                self.fly();
            }
            self.report_gone();
            let due = self.homes.iter().filter_map(|home| home.alarm).min();
            match due {
                Some(due) => self.now = self.now.max(due.ms()),
                None if self.flights.is_empty() => {
                    self.now += 5000;
                    return;
                }
                None => {}
            }
            for person in 0..self.people.len() {
                self.ring(person);
            }
        }
        panic!("the world does not come to rest: {:?}", self.flights);
    }

    /// No socket of who may not be here is open.
    fn check_closed(&self) {
        for (person, home) in self.homes.iter().enumerate() {
            for line in home.wires.values() {
                assert!(self.is_good(person, &line.who), "p_{person} has {line:?}");
            }
            for wire in self.places.iter().flat_map(|place| place.wires.values()) {
                let theirs = wire.who.player == player(person);
                assert!(!theirs || self.is_good(person, &wire.who), "p_{person} has {wire:?}");
            }
        }
    }

    /// Who loses the one device and is back before anybody hears of it was never away.
    fn back_at_once(&mut self) {
        let only = |world: &Self, person: usize| {
            let lines = &world.homes[person].wires;
            lines.len() == 1 && lines.values().all(|line| !line.cut)
        };
        let Some(person) = (0..self.people.len()).find(|&person| only(self, person)) else {
            return;
        };
        let conn = *self.homes[person].wires.keys().next().expect("one");
        self.homes[person].wires.remove(&conn);
        self.turn(person, &shared::player::Input::Closed { conn });
        let who = self.who(person);
        if self.is_good(person, &who) {
            self.dial_me(person, who);
            self.marks.insert(Mark::BackAtOnce);
        }
        self.settle();
    }

    /// What every line shows is so, and nobody sees whom they may not.
    fn check_presence(&mut self) {
        for person in 0..self.people.len() {
            for of in (0..self.people.len()).filter(|&of| of != person) {
                let is = self.is(of);
                let expected = if self.may_see(of, person) { is } else { State::Offline };
                for (conn, line) in &self.homes[person].wires {
                    if !line.cut {
                        let shown = line.view.state(&player(of));
                        assert_eq!(shown, expected, "p_{of} to p_{person} on {conn:?}");
                    }
                }
            }
        }
    }

    fn is(&self, person: usize) -> State {
        let theirs = player(person);
        let wires = self.places.iter().flat_map(|place| place.wires.values());
        let placed = wires.filter(|wire| wire.who.player == theirs).count() > 0;
        let lines = &self.homes[person].wires;
        if placed || lines.values().any(|line| line.active) {
            State::Online
        } else if lines.is_empty() {
            State::Offline
        } else {
            State::Away
        }
    }

    /// Nothing is left to do, so nothing wakes by itself: not now, and not an hour later.
    fn check_quiet(&mut self) {
        self.now += 3_600_000;
        for person in 0..self.people.len() {
            assert_eq!(self.homes[person].alarm, None, "p_{person} wakes for nothing");
            self.wake(person);
            let now = self.time();
            let player = self.homes[person].player.as_ref().expect("awake");
            assert_eq!(player.wake_at(now), None, "p_{person} has work left");
        }
        assert!(self.flights.is_empty(), "{:?}", self.flights);
    }
}
