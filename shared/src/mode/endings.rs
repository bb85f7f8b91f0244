//! The endings that two players choose: resigning, agreeing on a draw, and claiming the win when the opponent is away.

use super::{Fault, Outcome, Seat, Verdict};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The choice of a player about the end of the match: a part of a mode's moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    Resign,
    OfferDraw,
    AcceptDraw,
    DeclineDraw,
    /// Claims the win because the opponent has been away for the grace.
    Claim,
}

/// The state of the offers and absences in a match of two.
///
/// A draw may be offered once for each of the player's own moves. A move of the opponent declines the offer, and an offer
/// against an offer accepts it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endings {
    /// The open offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offer: Option<Seat>,
    /// The seats that have offered since their last move.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    offered: BTreeSet<Seat>,
    /// The disconnected seats, and since when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    away: BTreeMap<Seat, Time>,
    claim_after_s: u32,
}

impl Endings {
    /// Returns the state at the beginning, with the seconds of absence after which the opponent may claim the win.
    #[must_use]
    pub fn new(claim_after_s: u32) -> Self {
        Self { claim_after_s, ..Self::default() }
    }

    /// Executes the choice of a player.
    pub fn choose(&mut self, now: Time, seat: Seat, choice: Ending) -> Result<Verdict, Fault> {
        let is_offered = self.offer == Some(seat.other());
        match choice {
            Ending::Resign => Ok(Verdict::end(Outcome::lost(seat, 2, "resigned"))),
            Ending::OfferDraw | Ending::AcceptDraw if is_offered => {
                Ok(Verdict::end(Outcome::draw(2, "agreed")))
            }
            Ending::OfferDraw if self.offered.insert(seat) => {
                self.offer = Some(seat);
                Ok(Verdict::tell(json!({ "draw_offered": seat })))
            }
            Ending::OfferDraw => Err(Fault::illegal(
                "already_offered",
                "You have offered a draw. Move before you offer again.",
            )),
            Ending::DeclineDraw if is_offered => {
                self.offer = None;
                Ok(Verdict::tell(json!({ "draw_declined": seat })))
            }
            Ending::AcceptDraw | Ending::DeclineDraw => {
                Err(Fault::illegal("no_offer", "Your opponent has not offered a draw."))
            }
            Ending::Claim => self.claim(now, seat),
        }
    }

    fn claim(&self, now: Time, seat: Seat) -> Result<Verdict, Fault> {
        let Some(since) = self.away.get(&seat.other()) else {
            return Err(Fault::illegal("opponent_is_here", "Your opponent is connected. Play on."));
        };
        if now.since(*since) < Duration::from_secs(self.claim_after_s.into()) {
            let after_s = self.claim_after_s;
            let message = format!("You may claim the win when your opponent has been away for {after_s} s.");
            return Err(Fault::illegal("too_early", message));
        }
        Ok(Verdict::end(Outcome::won(seat, 2, "claimed")))
    }

    /// Notes a move: it declines the opponent's offer, and the player may offer again.
    pub fn moved(&mut self, seat: Seat) {
        self.offer = self.offer.filter(|by| *by == seat);
        self.offered.remove(&seat);
    }

    /// Notes that the player of a seat is disconnected.
    pub fn away(&mut self, now: Time, seat: Seat) {
        self.away.entry(seat).or_insert(now);
    }

    /// Notes that the player of a seat is connected again.
    pub fn back(&mut self, seat: Seat) {
        self.away.remove(&seat);
    }

    /// Returns the seat whose offer of a draw is open.
    #[must_use]
    pub fn offer(&self) -> Option<Seat> {
        self.offer
    }
}
