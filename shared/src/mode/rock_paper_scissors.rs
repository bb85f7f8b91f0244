//! Rock, paper, scissors: both players choose in secret, and the better choice wins the round.

mod hand;
mod prediction;

use super::config::{self, ConfigError};
use super::{Chance, Event, Fault, Mode, Outcome, Seat, Start, Verdict, Viewer};
use crate::limits;
use crate::time::Time;
use hand::Hand;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

/// After this many times `best_of` rounds the wins decide, however many rounds were ties.
const ROUNDS_EACH: u32 = 5;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RockPaperScissors {
    config: Config,
    /// The number of the round, from 1.
    round: u32,
    /// The end of the round: a player who has not chosen by then loses it.
    until: Time,
    /// The choices of the round, hidden until both are there.
    chosen: BTreeMap<Seat, Hand>,
    wins: BTreeMap<Seat, u32>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Config {
    /// Rounds of which a player must win more than half.
    best_of: u32,
    /// Seconds in which both players must choose.
    round_s: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { best_of: 3, round_s: 20 }
    }
}

#[derive(Serialize)]
struct View<'a> {
    /// The players who have chosen.
    chosen: BTreeMap<Seat, bool>,
    round: u32,
    until: Time,
    wins: &'a BTreeMap<Seat, u32>,
    /// The viewer's own choice.
    yours: BTreeMap<Seat, Hand>,
}

impl Mode for RockPaperScissors {
    const NAME: &'static str = "rock-paper-scissors";
    const VERSION: u32 = 1;
    const SEATS: RangeInclusive<usize> = 2..=2;
    type Config = Config;
    type Move = Hand;

    fn check(config: &Config) -> Result<(), ConfigError> {
        config::within("best_of", config.best_of, &(1..=99))?;
        if config.best_of.is_multiple_of(2) {
            return Err(ConfigError::new(
                "best_of",
                format!("{} is even: choose an odd number", config.best_of),
            ));
        }
        config::seconds("round_s", config.round_s, limits::CLOCK_MAX)
    }

    fn setup(start: Start<'_, Config>) -> Self {
        let config = start.config.clone();
        let wins = Seat::all(2).map(|seat| (seat, 0)).collect();
        let until = start.now + Duration::from_secs(config.round_s.into());
        Self { config, round: 1, until, chosen: BTreeMap::new(), wins }
    }

    fn handle(&mut self, now: Time, event: Event<Hand>) -> Result<Verdict, Fault> {
        match event {
            Event::Move { .. } if now >= self.until => {
                Err(Fault::too_late("round_over", "The time of the round is over. Choose in the next round."))
            }
            Event::Move { seat, .. } if self.chosen.contains_key(&seat) => {
                Err(Fault::illegal("already_chosen", "You have chosen. Wait for your opponent."))
            }
            Event::Move { seat, body } => {
                self.chosen.insert(seat, body);
                let is_complete = self.chosen.len() == 2;
                Ok(if is_complete { self.close_round(now) } else { Verdict::tell(json!({ "chose": seat })) })
            }
            Event::Woke if now >= self.until => Ok(self.close_round(now)),
            Event::Gone { seat } => Ok(Verdict::end(Outcome::lost(seat, 2, "left"))),
            Event::Woke | Event::Away { .. } | Event::Back { .. } => Ok(Verdict::default()),
            Event::Signal { .. } => Err(Fault::no_signals()),
        }
    }

    fn view(&self, viewer: Viewer) -> impl Serialize {
        let Self { round, until, wins, .. } = self;
        let chosen = self.chosen.keys().map(|seat| (*seat, true)).collect();
        let yours =
            self.chosen.iter().filter(|(seat, _)| viewer.is(**seat)).map(|(seat, hand)| (*seat, *hand));
        View { round: *round, until: *until, wins, chosen, yours: yours.collect() }
    }

    fn wake_at(&self) -> Option<Time> {
        Some(self.until)
    }

    fn random_move(&self, seat: Seat, chance: &mut Chance) -> Option<Hand> {
        chance
            .pick(&[Hand::Rock, Hand::Paper, Hand::Scissors])
            .copied()
            .filter(|_| !self.chosen.contains_key(&seat))
    }
}

impl RockPaperScissors {
    /// Shows the choices, counts the win, and begins the next round.
    fn close_round(&mut self, now: Time) -> Verdict {
        let beats = |seat: &Seat| match (self.chosen.get(seat), self.chosen.get(&seat.other())) {
            (Some(mine), Some(theirs)) => mine.beats(*theirs),
            (mine, None) => mine.is_some(),
            (None, Some(_)) => false,
        };
        let winners: Vec<Seat> = Seat::all(2).filter(beats).collect();
        let told = json!({ "round": self.round, "choices": self.chosen, "won_by": winners });
        for seat in winners {
            *self.wins.entry(seat).or_default() += 1;
        }
        let is_decided = self.wins.values().any(|wins| wins * 2 > self.config.best_of);
        let ended = (is_decided || self.round >= self.config.best_of * ROUNDS_EACH)
            .then(|| Outcome::by_score(self.wins.values().map(|wins| i64::from(*wins)), "rounds"));
        self.round += 1;
        self.chosen.clear();
        self.until = now + Duration::from_secs(self.config.round_s.into());
        Verdict::tell(told).ending(ended)
    }
}
