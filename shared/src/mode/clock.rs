//! A chess clock: the time of each seat, of which at most one runs.

use super::config::{self, ConfigError};
use super::{Fault, Outcome, Seat};
use crate::limits;
use crate::time::{self, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The rules of a clock, as a field of a mode's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeControl {
    pub pace: Pace,
    /// True if a seat's clock stands still while its player is disconnected. The room's own grace limits the pause.
    #[serde(default)]
    pub pause_while_away: bool,
}

/// The time that a seat has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Pace {
    Unlimited,
    /// A time for the whole match.
    Total {
        total_s: u32,
    },
    /// A time for the whole match, to which each move adds.
    Fischer {
        initial_s: u32,
        increment_s: u32,
    },
    /// A time for each move.
    PerMove {
        move_s: u32,
    },
}

impl TimeControl {
    /// Returns a control that adds to a seat's time with each of its moves, and never stands still.
    #[must_use]
    pub const fn fischer(initial_s: u32, increment_s: u32) -> Self {
        Self { pace: Pace::Fischer { initial_s, increment_s }, pause_while_away: false }
    }

    /// Checks the limits of a control that is the field `field` of a configuration.
    pub fn check(&self, field: &str) -> Result<(), ConfigError> {
        match self.pace {
            Pace::Unlimited => Ok(()),
            Pace::Total { total_s: span_s } | Pace::PerMove { move_s: span_s } => {
                config::seconds(field, span_s, limits::CLOCK_MAX)
            }
            Pace::Fischer { initial_s, increment_s } => {
                config::seconds(&format!("{field}.initial_s"), initial_s, limits::CLOCK_MAX)?;
                config::seconds(&format!("{field}.increment_s"), increment_s, limits::CLOCK_INCREMENT_MAX)
            }
        }
    }

    /// Returns the time at the beginning; none if it is unlimited.
    fn initial(&self) -> Option<u64> {
        let span_s = match self.pace {
            Pace::Unlimited => return None,
            Pace::Total { total_s } => total_s,
            Pace::Fischer { initial_s, .. } => initial_s,
            Pace::PerMove { move_s } => move_s,
        };
        Some(u64::from(span_s) * 1000)
    }

    /// Returns the time after a move that left `left_ms`.
    fn after_move(&self, left_ms: u64) -> u64 {
        match self.pace {
            Pace::Unlimited | Pace::Total { .. } => left_ms,
            Pace::Fischer { increment_s, .. } => left_ms.saturating_add(u64::from(increment_s) * 1000),
            Pace::PerMove { move_s } => u64::from(move_s) * 1000,
        }
    }
}

/// The clock of a match.
///
/// Time passes only between the times that its methods are given, so that a wake which comes late, twice or for a moment
/// that has moved changes nothing: [`Clock::flag`] compares, and does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    control: TimeControl,
    began: Time,
    seats: usize,
    /// The time left to each seat, as of `since` for the running seat; empty if time is unlimited.
    left_ms: BTreeMap<Seat, u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    running: Option<Seat>,
    since: Time,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    away: BTreeSet<Seat>,
}

impl Clock {
    /// Returns a clock on which the first seat runs.
    #[must_use]
    pub fn new(now: Time, seats: usize, control: &TimeControl) -> Self {
        let initial = control.initial();
        Self {
            control: control.clone(),
            began: now,
            seats,
            left_ms: initial
                .map_or_else(BTreeMap::new, |ms| Seat::all(seats).map(|seat| (seat, ms)).collect()),
            running: Some(Seat::FIRST),
            since: now,
            away: BTreeSet::new(),
        }
    }

    /// Ends the move of the running seat, and starts the clock of the next.
    pub fn pass_to(&mut self, now: Time, next: Seat) {
        self.charge(now);
        if let Some(left_ms) = self.running.and_then(|seat| self.left_ms.get_mut(&seat)) {
            *left_ms = self.control.after_move(*left_ms);
        }
        self.running = Some(next);
    }

    /// Notes that the player of a seat is disconnected.
    pub fn away(&mut self, now: Time, seat: Seat) {
        self.charge(now);
        self.away.insert(seat);
    }

    /// Notes that the player of a seat is connected again.
    pub fn back(&mut self, now: Time, seat: Seat) {
        self.charge(now);
        self.away.remove(&seat);
    }

    /// Returns the running seat if its time is over.
    #[must_use]
    pub fn flag(&self, now: Time) -> Option<Seat> {
        self.running.filter(|_| self.wake_at().is_some_and(|end| end <= now))
    }

    /// Returns the outcome of a match whose running seat's time is over.
    #[must_use]
    pub fn lost_on_time(&self, now: Time) -> Option<Outcome> {
        self.flag(now).map(|seat| Outcome::lost(seat, self.seats, "time"))
    }

    /// The refusal of a move that comes after the running seat's time is over, but before the wake that ends the match.
    #[must_use]
    pub fn too_late() -> Fault {
        Fault::too_late("time_is_over", "The time of the player to move is over. The match ends.")
    }

    /// Returns the time left to a seat; none if it is unlimited.
    #[must_use]
    pub fn left(&self, now: Time, seat: Seat) -> Option<Duration> {
        let left = Duration::from_millis(*self.left_ms.get(&seat)?);
        let used = if self.running == Some(seat) { self.used(now) } else { Duration::ZERO };
        Some(left.saturating_sub(used))
    }

    /// Returns the moment at which the running seat's time is over; none while no time passes.
    #[must_use]
    pub fn wake_at(&self) -> Option<Time> {
        let left_ms = self.left_ms.get(&self.running?)?;
        (!self.is_paused()).then(|| self.since + Duration::from_millis(*left_ms))
    }

    /// Returns the clock as all players see it; without seats if time is unlimited.
    ///
    /// It has no field that changes with time alone, and few that change with a move: each seat has the milliseconds
    /// left to it, and the running seat has the moment at which its time is over, in milliseconds after `began`.
    #[must_use]
    pub fn view(&self) -> ClockView {
        let end = |seat: Seat| self.wake_at().filter(|_| self.running == Some(seat));
        let shown = |(seat, left_ms): (&Seat, &u64)| {
            (*seat, end(*seat).map_or(*left_ms, |end| time::ms(end.since(self.began))))
        };
        let seats = self.left_ms.iter().map(shown).collect();
        ClockView { began: self.began, seats, paused: self.is_paused() }
    }

    /// Returns a clock with this view, for the prediction of moves: what a move adds is unknown, and left out.
    pub(super) fn of_view(view: &Value, running: Seat) -> Option<Self> {
        let view = view.as_object()?;
        let began = Time::from_ms(view.get("began")?.as_u64()?);
        let seat = |(seat, left): (&String, &Value)| Some((Seat::new(seat.parse().ok()?), left.as_u64()?));
        let left_ms: BTreeMap<Seat, u64> = view.iter().filter_map(seat).collect();
        Some(Self {
            control: TimeControl { pace: Pace::Unlimited, pause_while_away: false },
            began,
            seats: left_ms.len(),
            left_ms,
            running: (!view.contains_key("paused")).then_some(running),
            since: began,
            away: BTreeSet::new(),
        })
    }

    fn is_paused(&self) -> bool {
        self.control.pause_while_away && self.running.is_some_and(|seat| self.away.contains(&seat))
    }

    fn used(&self, now: Time) -> Duration {
        if self.is_paused() { Duration::ZERO } else { now.since(self.since) }
    }

    /// Takes the time since the last change from the running seat.
    fn charge(&mut self, now: Time) {
        let used_ms = time::ms(self.used(now));
        if let Some(left_ms) = self.running.and_then(|seat| self.left_ms.get_mut(&seat)) {
            *left_ms = left_ms.saturating_sub(used_ms);
        }
        self.since = now;
    }
}

/// The clock as all players see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClockView {
    pub began: Time,
    #[serde(flatten)]
    pub seats: BTreeMap<Seat, u64>,
    /// True while the running seat's clock stands still: its number is then the milliseconds left, too.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
}
