//! Tic-tac-toe: two players mark nine squares in turn, and three in a line win.

mod prediction;

use super::clock::{Clock, TimeControl};
use super::config::ConfigError;
use super::{Chance, Event, Fault, Mode, Outcome, Seat, Start, Verdict, Viewer};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// The number of squares.
const SQUARES: u8 = 9;
/// Each line of three: its first square, and the step to the next.
const LINES: [(u8, u8); 8] = [(0, 1), (3, 1), (6, 1), (0, 3), (1, 3), (2, 3), (0, 4), (2, 2)];

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct TicTacToe {
    /// The seat of each marked square, from 0 in the first row to 8 in the last.
    board: BTreeMap<u8, Seat>,
    turn: Seat,
    clock: Clock,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Config {
    clock: TimeControl,
}

impl Default for Config {
    fn default() -> Self {
        Self { clock: TimeControl::fischer(60, 2) }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Move {
    mark: u8,
}

impl Mode for TicTacToe {
    const NAME: &'static str = "tic-tac-toe";
    const VERSION: u32 = 1;
    const SEATS: RangeInclusive<usize> = 2..=2;
    const HIDES: bool = false;
    type Config = Config;
    type Move = Move;

    fn check(config: &Config) -> Result<(), ConfigError> {
        config.clock.check("clock")
    }

    fn setup(start: Start<'_, Config>) -> Self {
        let clock = Clock::new(start.now, start.seats, &start.config.clock);
        Self { board: BTreeMap::new(), turn: Seat::FIRST, clock }
    }

    fn handle(&mut self, now: Time, event: Event<Move>) -> Result<Verdict, Fault> {
        match event {
            Event::Move { .. } if self.clock.flag(now).is_some() => Err(Clock::too_late()),
            Event::Move { seat, .. } if seat != self.turn => Err(Fault::not_your_turn()),
            Event::Move { seat, body: Move { mark } } => self.mark(now, seat, mark),
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
        json!({ "board": self.board, "turn": self.turn, "clock": self.clock.view() })
    }

    fn wake_at(&self) -> Option<Time> {
        self.clock.wake_at()
    }

    fn random_move(&self, seat: Seat, chance: &mut Chance) -> Option<Move> {
        let open: Vec<u8> = (0..SQUARES).filter(|square| !self.board.contains_key(square)).collect();
        chance.pick(&open).filter(|_| seat == self.turn).map(|mark| Move { mark: *mark })
    }
}

impl TicTacToe {
    fn mark(&mut self, now: Time, seat: Seat, square: u8) -> Result<Verdict, Fault> {
        if square >= SQUARES {
            return Err(Fault::illegal("no_such_square", format!("The squares are 0 to {}.", SQUARES - 1)));
        }
        if self.board.contains_key(&square) {
            return Err(Fault::illegal("square_taken", "The square has a mark. Choose another."));
        }
        self.board.insert(square, seat);
        self.turn = seat.other();
        self.clock.pass_to(now, self.turn);
        let is_own = |square| self.board.get(&square) == Some(&seat);
        let has_line = LINES.iter().any(|(first, step)| (0..3).all(|steps| is_own(first + steps * step)));
        let line = has_line.then(|| Outcome::won(seat, 2, "three_in_a_line"));
        let is_full = self.board.len() == usize::from(SQUARES);
        let ended = line.or_else(|| is_full.then(|| Outcome::draw(2, "board_full")));
        Ok(Verdict::tell(json!({ "by": seat, "square": square })).ending(ended))
    }
}
