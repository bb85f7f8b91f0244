//! Leaderboards: the score that orders them, and the ranks that follow from the order.

use shared::id::PlayerId;
use shared::rating::Rating;
use shared::time::Time;
use std::cmp::{Ordering, Reverse};

/// A conservative estimate of a player's skill: the rating minus two deviations, Glickman's lower bound of 95
/// %.
///
/// A player with few matches does not lead by luck. A player who stays away does not sink: the score stays as
/// it was after the last match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score(u32);

/// The lowest score, on Glicko's scale: far below what a player can lose.
const SCORE_MIN: f64 = -100_000.0;
/// The highest stored number: a sort key has eight digits for a score.
pub const SCORE_STORED_MAX: u32 = 99_999_999;

impl Score {
    /// The score of a rating.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn from_rating(rating: &Rating) -> Self {
        let lower_bound = rating.rating - 2.0 * rating.deviation;
        let hundredths = ((lower_bound - SCORE_MIN) * 100.0).round();
        // The clamp makes the cast lossless. NaN becomes the lowest score.
        Self(hundredths.clamp(0.0, f64::from(SCORE_STORED_MAX)) as u32)
    }

    /// The score on Glicko's scale, to a hundredth.
    #[must_use]
    pub fn to_rating_scale(self) -> f64 {
        round_to_hundredths(f64::from(self.0) / 100.0 + SCORE_MIN)
    }

    /// The number that is stored: hundredths above the lowest score.
    #[must_use]
    pub fn stored(self) -> u32 {
        self.0
    }

    /// A score from the number that is stored.
    #[must_use]
    pub fn from_stored(hundredths: u32) -> Self {
        Self(hundredths)
    }
}

/// Rounds a number to two decimals.
#[must_use]
pub fn round_to_hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// A player's position on a leaderboard. The greater key ranks higher: the higher score, then the player who
/// reached it first, then the id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankKey {
    pub score: Score,
    /// When the player reached the score: the end of the last match.
    pub at: Time,
    pub player: PlayerId,
}

impl RankKey {
    fn order(&self) -> (Score, Reverse<Time>, &PlayerId) {
        (self.score, Reverse(self.at), &self.player)
    }
}

impl PartialOrd for RankKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RankKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order().cmp(&other.order())
    }
}

/// Merges the rank keys that the shards of a leaderboard returned from one point on, the nearest first, into
/// one list in the same order. A truncated shard hides the keys after its last one, so the list ends at the
/// nearest of these ends.
#[must_use]
pub fn merge_shards(shards: Vec<(Vec<RankKey>, bool)>, upwards: bool) -> Vec<RankKey> {
    let nearer = |one: &RankKey, other: &RankKey| {
        if upwards { one.cmp(other) } else { other.cmp(one) }
    };
    let truncated = shards.iter().filter(|(_, more)| *more);
    let end = truncated.filter_map(|(keys, _)| keys.last().cloned());
    let end = end.min_by(|one, other| nearer(one, other));
    let mut all: Vec<RankKey> = shards.into_iter().flat_map(|(keys, _)| keys).collect();
    all.retain(|one| {
        let hidden = |end: &RankKey| nearer(one, end) == Ordering::Greater;
        !end.as_ref().is_some_and(hidden)
    });
    all.sort_by(nearer);
    all
}

/// Returns the ranks of neighbours on a leaderboard, the highest first: 1, 2, 2, 4. `better` counts the
/// players with a higher score than the first neighbour, and `same` those with the same score who come before
/// that neighbour.
#[must_use]
pub fn ranks<'a>(
    keys: impl IntoIterator<Item = &'a RankKey>,
    better: u64,
    same: u64,
) -> Vec<(&'a RankKey, u64)> {
    let mut last: Option<(Score, u64)> = None;
    let ranked = keys.into_iter().zip(better + same + 1..);
    ranked
        .map(|(key, position)| {
            let rank = match last {
                Some((score, rank)) if score == key.score => rank,
                Some(_) => position,
                None => better + 1,
            };
            last = Some((key.score, rank));
            (key, rank)
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn place(score: u32, at: u64, player: &str) -> RankKey {
        RankKey { score: Score(score), at: Time::from_ms(at), player: player.parse().unwrap() }
    }

    fn rating(rating: f64, deviation: f64) -> Score {
        Score::from_rating(&Rating { rating, deviation, ..Rating::NEW })
    }

    #[test]
    fn score_is_the_lower_bound_of_the_rating() {
        let shown = |score: Score| format!("{:.2}", score.to_rating_scale());
        assert_eq!(shown(rating(1500.0, 350.0)), "800.00");
        assert_eq!(shown(rating(1723.456, 61.5)), "1600.46");
        assert_eq!(shown(rating(-20_000.0, 350.0)), "-20700.00");
        assert!(rating(1600.0, 50.0) > rating(1690.0, 100.0));
        for wild in [f64::NAN, f64::NEG_INFINITY, -1e9] {
            assert_eq!(rating(wild, 350.0), Score(0));
        }
        assert_eq!(rating(1e9, 350.0), Score(SCORE_STORED_MAX));
    }

    #[test]
    fn merged_list_ends_where_a_truncated_shard_ends() {
        let at = |score| place(score, 1, "p_a");
        let down = vec![(vec![at(9), at(5)], true), (vec![at(8), at(4), at(1)], false)];
        assert_eq!(merge_shards(down, false), [at(9), at(8), at(5)]);
        let up = vec![(vec![at(5), at(9)], false), (vec![at(1), at(6)], true)];
        assert_eq!(merge_shards(up, true), [at(1), at(5), at(6)]);
        assert_eq!(merge_shards(vec![(Vec::new(), false)], true), []);
    }

    #[test]
    fn equal_scores_share_a_rank() {
        let places = [9, 8, 8, 7, 7, 7, 6].map(|score| place(score, 1, "p_a"));
        let got = |better, same| -> Vec<u64> {
            let ranks = ranks(&places, better, same);
            ranks.into_iter().map(|(_, rank)| rank).collect()
        };
        assert_eq!(got(0, 0), [1, 2, 2, 4, 4, 4, 7]);
        // Ten players have a higher score than the first neighbour, and three with the same score come before
        // them.
        assert_eq!(got(10, 3), [11, 15, 15, 17, 17, 17, 20]);
    }
}
