//! The result of a match.

use super::Seat;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// The result of a match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = ModeOutcome))]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Outcome {
    /// The rank of each seat, in the order of seats; 1 is first. Equal ranks are ties, and the ranks after a tie are
    /// skipped: 1, 1, 3.
    pub ranks: Vec<u32>,
    /// True if all seats share the first rank.
    pub draw: bool,
    /// The mode's own `snake_case` word for how the match ended.
    pub why: String,
}

impl Outcome {
    /// Ranks the seats by their scores, given in the order of seats; the highest is first.
    pub fn by_score(scores: impl IntoIterator<Item = i64>, why: &str) -> Self {
        let scores: Vec<i64> = scores.into_iter().collect();
        let mut sorted = scores.clone();
        sorted.sort_by_key(|score| Reverse(*score));
        let rank = |score: &i64| sorted.partition_point(|other| other > score) + 1;
        let ranks: Vec<u32> =
            scores.iter().map(|score| u32::try_from(rank(score)).unwrap_or(u32::MAX)).collect();
        Self { draw: ranks.iter().all(|rank| *rank == 1), ranks, why: why.to_owned() }
    }

    /// One seat is first, and all others tie behind it.
    #[must_use]
    pub fn won(by: Seat, seats: usize, why: &str) -> Self {
        Self::by_score(Seat::all(seats).map(|seat| i64::from(seat == by)), why)
    }

    /// One seat is last, and all others tie before it.
    #[must_use]
    pub fn lost(by: Seat, seats: usize, why: &str) -> Self {
        Self::by_score(Seat::all(seats).map(|seat| i64::from(seat != by)), why)
    }

    /// All seats tie.
    #[must_use]
    pub fn draw(seats: usize, why: &str) -> Self {
        Self::by_score(Seat::all(seats).map(|_| 0), why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(outcome: &Outcome, ranks: &[u32], draw: bool) {
        assert_eq!((outcome.ranks.as_slice(), outcome.draw), (ranks, draw));
    }

    #[test]
    fn equal_scores_share_a_rank_and_the_next_ranks_are_skipped() {
        check(&Outcome::by_score([3, 9, 3, 1, 9], "books"), &[3, 1, 3, 5, 1], false);
        check(&Outcome::by_score([4, 4], "books"), &[1, 1], true);
    }

    #[test]
    fn winner_is_first_and_loser_is_last() {
        check(&Outcome::won(Seat::SECOND, 3, "line"), &[2, 1, 2], false);
        check(&Outcome::lost(Seat::SECOND, 3, "time"), &[1, 3, 1], false);
        check(&Outcome::draw(2, "full"), &[1, 1], true);
    }
}
