//! Canary: a mode for tests, in which every seat hides a text that no other client may receive.

use super::config::NoConfig;
use super::{Chance, Event, Fault, Mode, Outcome, Seat, Start, Verdict, Viewer};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Seconds after which all canaries are dealt again.
const DEAL: Duration = Duration::from_secs(20);
/// Moves after which the match ends.
const MOVES_MAX: u64 = 120;
/// Times that canaries are dealt again in one match.
const DEALS_MAX: u32 = 60;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Canary {
    canaries: BTreeMap<Seat, String>,
    moves: BTreeMap<Seat, u64>,
    deal_at: Time,
    deals_left: u32,
    chance: Chance,
}

/// A move with the number of its command. Zero is refused, with the canary of the sender.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Move {
    n: u64,
}

impl Mode for Canary {
    const NAME: &'static str = "canary";
    const VERSION: u32 = 1;
    const SEATS: RangeInclusive<usize> = 2..=5;
    type Config = NoConfig;
    type Move = Move;

    fn setup(start: Start<'_, NoConfig>) -> Self {
        let moves = Seat::all(start.seats).map(|seat| (seat, 0)).collect();
        let (canaries, deal_at) = (BTreeMap::new(), start.now + DEAL);
        let mut canary = Self { canaries, moves, deal_at, deals_left: DEALS_MAX, chance: start.chance };
        for seat in Seat::all(start.seats) {
            canary.deal(seat);
        }
        canary
    }

    fn handle(&mut self, now: Time, event: Event<Move>) -> Result<Verdict, Fault> {
        match event {
            Event::Move { seat, body: Move { n: 0 } } => Err(Fault::illegal("zero", self.of(seat))),
            Event::Move { seat, body: Move { n } } => {
                self.deal(seat);
                *self.moves.entry(seat).or_default() += 1;
                let told =
                    Verdict::tell(json!({ "n": n })).tell_seat(seat, json!({ "dealt": self.of(seat) }));
                Ok(told.ending(self.outcome()))
            }
            Event::Woke if now >= self.deal_at => {
                let seats: Vec<Seat> = self.canaries.keys().copied().collect();
                for seat in seats {
                    self.deal(seat);
                }
                self.deal_at = now + DEAL;
                self.deals_left = self.deals_left.saturating_sub(1);
                Ok(Verdict::default().ending(self.outcome()))
            }
            Event::Gone { seat } => {
                self.canaries.remove(&seat);
                let next = seat.next(self.moves.len());
                Ok(Verdict::default().tell_seat(next, json!({ "left": seat })).ending(self.outcome()))
            }
            Event::Woke | Event::Away { .. } | Event::Back { .. } => Ok(Verdict::default()),
            Event::Signal { .. } => Err(Fault::no_signals()),
        }
    }

    fn view(&self, viewer: Viewer) -> impl Serialize {
        let yours: BTreeMap<_, _> = self.canaries.iter().filter(|(seat, _)| viewer.is(**seat)).collect();
        json!({ "moves": self.moves, "yours": yours })
    }

    fn wake_at(&self) -> Option<Time> {
        Some(self.deal_at)
    }

    fn random_move(&self, _seat: Seat, chance: &mut Chance) -> Option<Move> {
        Some(Move { n: u64::try_from(1 + chance.below(1_000_000)).ok()? })
    }
}

impl Canary {
    fn deal(&mut self, seat: Seat) {
        let canary = format!("canary-{}-{:016x}", seat.index(), self.chance.number());
        self.canaries.insert(seat, canary);
    }

    fn outcome(&self) -> Option<Outcome> {
        let has_moved = self.moves.values().sum::<u64>() >= MOVES_MAX;
        let is_over = has_moved || self.deals_left == 0 || self.canaries.len() < 2;
        let score = |moves: &u64| i64::try_from(*moves).unwrap_or(i64::MAX);
        is_over.then(|| Outcome::by_score(self.moves.values().map(score), "moves"))
    }

    fn of(&self, seat: Seat) -> String {
        self.canaries.get(&seat).cloned().unwrap_or_default()
    }
}
