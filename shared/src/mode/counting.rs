//! Counting: two players add one to three in turn, and the player who says the target wins.

use super::clock::{Clock, TimeControl};
use super::config::{self, ConfigError};
use super::{Chance, Event, Fault, Mode, Outcome, Seat, Start, Verdict, Viewer};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::ops::RangeInclusive;

/// The whole state of a match. A room stores it, so that its old forms must stay readable.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Counting {
    count: u32,
    target: u32,
    turn: Seat,
    clock: Clock,
}

/// The `mode_config` of a pool. All fields have defaults.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Config {
    target: u32,
    clock: TimeControl,
}

impl Default for Config {
    fn default() -> Self {
        Self { target: 21, clock: TimeControl::fischer(60, 2) }
    }
}

/// The body of a move: `{"add":2}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Move {
    add: u32,
}

impl Mode for Counting {
    const NAME: &'static str = "counting";
    const VERSION: u32 = 1;
    const SEATS: RangeInclusive<usize> = 2..=2;
    // All see everything. Leave this out if a player hides something, and show it in `view` to that player alone.
    const HIDES: bool = false;
    type Config = Config;
    type Move = Move;

    fn check(config: &Config) -> Result<(), ConfigError> {
        config::within("target", config.target, &(4..=1000))?;
        config.clock.check("clock")
    }

    fn setup(start: Start<'_, Config>) -> Self {
        let clock = Clock::new(start.now, start.seats, &start.config.clock);
        Self { count: 0, target: start.config.target, turn: Seat::FIRST, clock }
    }

    fn handle(&mut self, now: Time, event: Event<Move>) -> Result<Verdict, Fault> {
        match event {
            Event::Move { .. } if self.clock.flag(now).is_some() => Err(Clock::too_late()),
            Event::Move { seat, .. } if seat != self.turn => Err(Fault::not_your_turn()),
            Event::Move { body: Move { add }, .. } if !(1..=self.most()).contains(&add) => {
                Err(Fault::illegal("one_to_three", format!("Add one to {}.", self.most())))
            }
            Event::Move { seat, body: Move { add } } => {
                self.count += add;
                self.turn = seat.other();
                self.clock.pass_to(now, self.turn);
                let won = (self.count == self.target).then(|| Outcome::won(seat, 2, "said_the_target"));
                Ok(Verdict::tell(json!({ "by": seat, "said": self.count })).ending(won))
            }
            Event::Away { seat } => {
                self.clock.away(now, seat);
                Ok(Verdict::default())
            }
            Event::Back { seat } => {
                self.clock.back(now, seat);
                Ok(Verdict::default())
            }
            Event::Gone { seat } => Ok(Verdict::end(Outcome::lost(seat, 2, "left"))),
            Event::Woke => Ok(Verdict::default().ending(self.clock.lost_on_time(now))),
            Event::Signal { .. } => Err(Fault::no_signals()),
        }
    }

    fn view(&self, _viewer: Viewer) -> impl Serialize {
        json!({ "count": self.count, "target": self.target, "turn": self.turn, "clock": self.clock.view() })
    }

    fn wake_at(&self) -> Option<Time> {
        self.clock.wake_at()
    }

    fn random_move(&self, seat: Seat, chance: &mut Chance) -> Option<Move> {
        let adds: Vec<u32> = (1..=self.most()).collect();
        chance.pick(&adds).filter(|_| seat == self.turn).map(|add| Move { add: *add })
    }
}

impl Counting {
    /// Returns the largest number that may be added.
    fn most(&self) -> u32 {
        self.target.saturating_sub(self.count).min(3)
    }
}
