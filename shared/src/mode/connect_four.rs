//! Connect Four: two players drop discs into seven columns, and four in a line win.

mod prediction;
mod square;

use super::clock::{Clock, ClockView, TimeControl};
use super::config::{self, ConfigError};
use super::endings::{Ending, Endings};
use super::{Chance, Event, Fault, Mode, Outcome, Seat, Start, Verdict, Viewer};
use crate::limits;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::json;
use square::{COLUMNS, ROWS, Square};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ConnectFour {
    board: BTreeMap<Square, Seat>,
    turn: Seat,
    clock: Clock,
    endings: Endings,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Config {
    clock: TimeControl,
    /// Seconds of absence after which the opponent may claim the win.
    claim_after_s: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { clock: TimeControl::fischer(60, 2), claim_after_s: 30 }
    }
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Move {
    /// Drops a disc into a column, from 0.
    Drop(i8),
    End(Ending),
}

#[derive(Serialize)]
struct View<'a> {
    board: &'a BTreeMap<Square, Seat>,
    turn: Seat,
    clock: ClockView,
    #[serde(skip_serializing_if = "Option::is_none")]
    draw_offered: Option<Seat>,
}

impl Mode for ConnectFour {
    const NAME: &'static str = "connect-four";
    const VERSION: u32 = 1;
    const SEATS: RangeInclusive<usize> = 2..=2;
    const HIDES: bool = false;
    type Config = Config;
    type Move = Move;

    fn check(config: &Config) -> Result<(), ConfigError> {
        config.clock.check("clock")?;
        config::seconds("claim_after_s", config.claim_after_s, limits::CLOCK_MAX)
    }

    fn setup(start: Start<'_, Config>) -> Self {
        let clock = Clock::new(start.now, start.seats, &start.config.clock);
        let endings = Endings::new(start.config.claim_after_s);
        Self { board: BTreeMap::new(), turn: Seat::FIRST, clock, endings }
    }

    fn handle(&mut self, now: Time, event: Event<Move>) -> Result<Verdict, Fault> {
        match event {
            Event::Move { .. } if self.clock.flag(now).is_some() => Err(Clock::too_late()),
            Event::Move { seat, body: Move::End(choice) } => self.endings.choose(now, seat, choice),
            Event::Move { seat, .. } if seat != self.turn => Err(Fault::not_your_turn()),
            Event::Move { seat, body: Move::Drop(column) } => self.drop(now, seat, column),
            Event::Away { seat } => {
                self.clock.away(now, seat);
                self.endings.away(now, seat);
                Ok(Verdict::default())
            }
            Event::Back { seat } => {
                self.clock.back(now, seat);
                self.endings.back(seat);
                Ok(Verdict::default())
            }
            Event::Gone { seat } => Ok(Verdict::end(Outcome::lost(seat, 2, "left"))),
            Event::Woke => Ok(Verdict::default().ending(self.clock.lost_on_time(now))),
            Event::Signal { .. } => Err(Fault::no_signals()),
        }
    }

    fn view(&self, _viewer: Viewer) -> impl Serialize {
        let (clock, draw_offered) = (self.clock.view(), self.endings.offer());
        View { board: &self.board, turn: self.turn, clock, draw_offered }
    }

    fn wake_at(&self) -> Option<Time> {
        self.clock.wake_at()
    }

    fn random_move(&self, seat: Seat, chance: &mut Chance) -> Option<Move> {
        let open: Vec<i8> = (0..COLUMNS).filter(|column| self.free_square(*column).is_some()).collect();
        chance.pick(&open).filter(|_| seat == self.turn).map(|column| Move::Drop(*column))
    }
}

impl ConnectFour {
    fn drop(&mut self, now: Time, seat: Seat, column: i8) -> Result<Verdict, Fault> {
        if !(0..COLUMNS).contains(&column) {
            return Err(Fault::illegal("no_such_column", format!("The columns are 0 to {}.", COLUMNS - 1)));
        }
        let full = || Fault::illegal("column_full", "The column is full. Choose another.");
        let square = self.free_square(column).ok_or_else(full)?;
        self.board.insert(square, seat);
        self.turn = seat.other();
        self.clock.pass_to(now, self.turn);
        self.endings.moved(seat);
        let line = self.has_four_through(square, seat).then(|| Outcome::won(seat, 2, "four_in_a_line"));
        let is_full = (0..COLUMNS).all(|column| self.free_square(column).is_none());
        let ended = line.or_else(|| is_full.then(|| Outcome::draw(2, "board_full")));
        Ok(Verdict::tell(json!({ "by": seat, "square": square })).ending(ended))
    }

    fn free_square(&self, column: i8) -> Option<Square> {
        (0..ROWS).map(|row| Square { column, row }).find(|square| !self.board.contains_key(square))
    }

    fn has_four_through(&self, square: Square, seat: Seat) -> bool {
        let is_own = |square| self.board.get(&square) == Some(&seat);
        let run = |(x, y)| (1i8..4).take_while(|steps| is_own(square.at(*steps, (x, y)))).count();
        [(1, 0), (0, 1), (1, 1), (1, -1)].into_iter().any(|(x, y)| run((x, y)) + run((-x, -y)) >= 3)
    }
}
