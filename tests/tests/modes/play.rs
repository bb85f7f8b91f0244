//! Random play of every mode, with illegal events, absences and evictions between any two events.

use super::bodies::random_body;
use super::table::{START, all_tables, defaults, seat_or_none, start, viewers};
use serde_json::Value;
use shared::mode::{Chance, Event, MODES, Rejection, Running, Seed, patch, random_play};
use shared::time::Time;
use std::time::Duration;

/// Events after which a match that has not ended never will.
const EVENTS_MAX: usize = 20_000;
/// Matches of each mode and number of seats.
const SEEDS: u128 = 4;

/// A match that plays itself.
pub struct Game {
    pub mode: String,
    pub seats: usize,
    pub seed: u128,
    /// The match as a room that is never evicted has it.
    pub kept: Box<dyn Running>,
    pub now: Time,
    /// The accepted events.
    pub log: Vec<(Time, Event<Value>)>,
    pub refused: usize,
    chance: Chance,
}

impl Game {
    pub fn new(mode: &str, seats: usize, seed: u128) -> Self {
        Self {
            mode: mode.to_owned(),
            seats,
            seed,
            kept: start(mode, seats, &defaults(), seed),
            now: START,
            log: Vec::new(),
            refused: 0,
            chance: Chance::new(Seed::new(seed + 1000)),
        }
    }

    /// Lets one legal event happen, after anything that may happen before it. Returns false after the end.
    pub fn step(&mut self) -> bool {
        if self.chance.below(3) == 0 {
            let event = self.disturbance();
            self.handle(event);
        }
        let Some((at, event)) = random_play::next_event(&*self.kept, self.now, &mut self.chance) else {
            return false;
        };
        self.now = at;
        assert!(self.handle(event.clone()), "{}: a random move is illegal: {event:?}", self.mode);
        true
    }

    fn disturbance(&mut self) -> Event<Value> {
        let seat = seat_or_none(&mut self.chance, self.seats);
        match self.chance.below(300) {
            0 => Event::Gone { seat },
            1..20 => Event::Away { seat },
            20..40 => Event::Back { seat },
            40..60 => Event::Woke,
            60..80 => Event::Signal { body: random_body(&mut self.chance, 3) },
            80..200 => Event::Move { seat, body: random_body(&mut self.chance, 3) },
            _ => {
                let body = self.kept.random_move(seat, &mut self.chance);
                Event::Move { seat, body: body.unwrap_or_default() }
            }
        }
    }

    /// Handles an event twice: in the kept match, and in one that is restored from its text.
    fn handle(&mut self, event: Event<Value>) -> bool {
        let name = format!("{} seed {} event {}: {event:?}", self.mode, self.seed, self.log.len());
        let viewer = viewers(self.seats).nth(self.log.len() % (self.seats + 1)).unwrap();
        let before = self.kept.view(viewer).unwrap();
        let text = self.kept.encode().to_owned();
        let mut evicted = MODES.restore(&text).unwrap();
        let result = self.kept.handle(self.now, &event);
        assert_eq!(evicted.handle(self.now, &event), result, "{name}");
        assert_eq!(evicted.encode(), self.kept.encode(), "{name}");
        assert_eq!(evicted.wake_at(), self.kept.wake_at(), "{name}");
        let after = self.kept.view(viewer).unwrap();
        assert_eq!(evicted.view(viewer).unwrap(), after, "{name}");
        let mut view = before.value();
        if let Some(patch) = patch::difference(&before, &after) {
            patch::apply(&mut view, patch.value());
        }
        assert_eq!(view, after.value(), "{name}");
        match result {
            Ok(_) => {
                self.log.push((self.now, event));
                true
            }
            Err(Rejection::Fault(_)) => {
                assert_eq!(self.kept.encode(), text, "{name} was refused, and changed the match");
                self.refused += 1;
                false
            }
            Err(Rejection::Broken(broken)) => panic!("{name}: {broken}"),
        }
    }
}

#[test]
fn every_match_ends_and_survives_evictions_and_illegal_events() {
    for (mode, seats) in all_tables() {
        let (mut refused, mut moves) = (0, 0);
        for seed in 0..SEEDS {
            let mut game = Game::new(&mode, seats, seed);
            while game.step() {
                assert!(game.log.len() < EVENTS_MAX, "{mode} with {seats} seats, seed {seed}, does not end");
            }
            let outcome = game.kept.outcome();
            assert!(outcome.is_some_and(|outcome| outcome.ranks.contains(&1)), "{outcome:?}");
            assert_eq!(game.kept.wake_at(), None);
            (refused, moves) = (refused + game.refused, moves + game.log.len());
        }
        assert!(refused > 0 && moves > 10, "{mode}: {refused} refused, {moves} accepted");
    }
}

#[test]
fn accepted_events_give_the_same_match_again() {
    for (mode, seats) in all_tables() {
        let mut game = Game::new(&mode, seats, 7);
        while game.step() {}
        let mut replayed = start(&mode, seats, &defaults(), 7);
        for (at, event) in &game.log {
            assert!(replayed.handle(*at, event).is_ok(), "{mode}: {event:?}");
        }
        assert_eq!(replayed.encode(), game.kept.encode());
    }
}

#[test]
fn match_that_no_player_plays_ends_or_sleeps() {
    for (mode, seats) in all_tables() {
        let mut game = start(&mode, seats, &defaults(), 1);
        while let Some(at) = game.wake_at() {
            game.handle(at, &Event::Woke).unwrap();
            assert!(at < START + Duration::from_hours(4), "{mode} outlives its room");
        }
        assert!(game.outcome().is_some() || game.tick().is_some(), "{mode} waits for ever");
    }
}
