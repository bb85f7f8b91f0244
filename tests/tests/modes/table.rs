//! A match under test, which is evicted before every event.

use serde_json::{Value, json};
use shared::mode::{Chance, Event, MODES, Outcome, Rejection, Running, Seat, Seed, Verdict, Viewer, patch};
use shared::time::Time;
use std::time::Duration;

/// The time at which all matches start.
pub const START: Time = Time::from_ms(1_733_000_000_000);

/// Returns the names of all modes, each with every number of seats.
pub fn all_tables() -> impl Iterator<Item = (String, usize)> {
    MODES.iter().flat_map(|entry| entry.seats().map(move |seats| (entry.to_string(), seats)))
}

/// Starts a match.
pub fn start(mode: &str, seats: usize, config: &Value, seed: u128) -> Box<dyn Running> {
    MODES.start(mode, seats, config, Seed::new(seed), START).expect("a match")
}

/// Returns all viewers of a match.
pub fn viewers(seats: usize) -> impl Iterator<Item = Viewer> {
    Seat::all(seats).map(Viewer::Seat).chain([Viewer::Spectator])
}

/// Returns a random seat, or the one behind the last, which does not exist.
pub fn seat_or_none(chance: &mut Chance, seats: usize) -> Seat {
    Seat::new(u8::try_from(chance.below(seats + 1)).unwrap())
}

/// A match and its time.
pub struct Table {
    pub game: Box<dyn Running>,
    pub now: Time,
}

impl Table {
    pub fn new(mode: &str, seats: usize, config: &Value) -> Self {
        Self { game: start(mode, seats, config, 1), now: START }
    }

    /// Returns the same match with a change of its stored state.
    pub fn edited(mut self, edit: impl Fn(&mut Value)) -> Self {
        let mut stored: Value = serde_json::from_str(self.game.encode()).unwrap();
        edit(&mut stored["state"]);
        self.game = MODES.restore(&stored.to_string()).expect("an edited match");
        self
    }

    /// Lets time pass.
    pub fn wait(&mut self, span: Duration) {
        self.now = self.now + span;
    }

    /// Evicts the match, and handles an event now.
    #[expect(clippy::needless_pass_by_value, reason = "events are written where they are passed")]
    pub fn handle(&mut self, event: Event<Value>) -> Result<Verdict, Rejection> {
        self.game = MODES.restore(self.game.encode()).expect("the stored match");
        self.game.handle(self.now, &event)
    }

    /// Handles an event that is accepted.
    pub fn accept(&mut self, event: Event<Value>) -> Verdict {
        self.handle(event).expect("an accepted event")
    }

    /// Makes a legal move.
    pub fn play(&mut self, seat: u8, body: Value) -> Verdict {
        self.accept(Event::Move { seat: Seat::new(seat), body })
    }

    /// Makes a move that is refused, and returns the mode's word for the reason.
    pub fn cheat(&mut self, seat: u8, body: Value) -> &'static str {
        let before = self.game.encode().to_owned();
        let result = self.handle(Event::Move { seat: Seat::new(seat), body });
        assert_eq!(self.game.encode(), before);
        let Err(Rejection::Fault(fault)) = result else { panic!("{result:?} is not a fault") };
        fault.why
    }

    pub fn view(&self, viewer: Viewer) -> Value {
        self.game.view(viewer).expect("a view").value()
    }

    /// Handles an event, and returns the patch that a spectator receives.
    pub fn patch(&mut self, event: Event<Value>) -> Option<Value> {
        let before = self.game.view(Viewer::Spectator).expect("a view");
        self.accept(event);
        patch::difference(&before, &self.game.view(Viewer::Spectator).expect("a view"))
            .map(|patch| patch.value())
    }
}

/// Returns the event of a seat that leaves, comes back or is away.
pub fn away(seat: u8) -> Event<Value> {
    Event::Away { seat: Seat::new(seat) }
}

pub fn back(seat: u8) -> Event<Value> {
    Event::Back { seat: Seat::new(seat) }
}

pub fn gone(seat: u8) -> Event<Value> {
    Event::Gone { seat: Seat::new(seat) }
}

/// Asserts the end of a match.
pub fn ended(verdict: &Verdict, ranks: &[u32], why: &str) {
    let draw = ranks.iter().all(|rank| *rank == 1);
    let expected = Outcome { ranks: ranks.to_vec(), draw, why: why.into() };
    assert_eq!(verdict.ended, Some(expected));
}

/// Returns the configuration that a pool without one has.
pub fn defaults() -> Value {
    json!(null)
}
