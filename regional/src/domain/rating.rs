//! Ratings: a player's rating in one pool, and how a match changes the ratings of its players.

use crate::domain::leaderboard::{RankKey, Score, round_to_hundredths};
use serde_json::{Value, json};
use shared::id::PlayerId;
use shared::rating::{Outcome, Rating, periods, rate};
use shared::time::Time;
use std::collections::{BTreeMap, BTreeSet};

/// A player's rating in one pool, as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct PlayerRating {
    /// How many rated matches led to this rating; also its version. At least 1: an unrated player has no
    /// stored rating.
    pub matches: u64,
    pub rating: Rating,
    /// When the last of these matches ended.
    pub at: Time,
}

impl PlayerRating {
    /// The rating with the deviation that has grown since the last match.
    #[must_use]
    pub fn at_time(&self, now: Time) -> Rating {
        self.rating.idle(periods(self.at, now))
    }

    /// The player's position on the leaderboard of the pool.
    #[must_use]
    pub fn rank_key(&self, player: &PlayerId) -> RankKey {
        RankKey { score: Score::from_rating(&self.rating), at: self.at, player: player.clone() }
    }
}

/// The effect of one match on the rating of one player.
#[derive(Debug, Clone, PartialEq)]
pub struct RatingChange {
    /// How many rated matches the player had before this one.
    pub matches: u64,
    pub before: Rating,
    pub after: Rating,
    /// When the latest of all rated matches ended.
    pub at: Time,
}

impl RatingChange {
    /// The rating after the match.
    #[must_use]
    pub fn new_rating(&self) -> PlayerRating {
        PlayerRating { matches: self.matches + 1, rating: self.after, at: self.at }
    }

    /// The change as the match history shows it, with ratings to a hundredth.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "before": round_to_hundredths(self.before.rating),
            "after": round_to_hundredths(self.after.rating),
            "deviation": round_to_hundredths(self.after.deviation),
            "matches": self.matches + 1,
        })
    }
}

/// Returns the rating changes of a match that ended at `ended`. A player who is not in `known` has no rating
/// yet.
#[must_use]
pub fn rating_changes(
    ended: Time,
    players: &BTreeSet<PlayerId>,
    outcome: &Outcome,
    known: &BTreeMap<PlayerId, PlayerRating>,
) -> BTreeMap<PlayerId, RatingChange> {
    let before = |player: &PlayerId| {
        known.get(player).map_or((Rating::NEW, 0.0), |rated| (rated.rating, periods(rated.at, ended)))
    };
    let before: BTreeMap<_, _> = players.iter().map(|player| (player.clone(), before(player))).collect();
    let step = |(player, after): (PlayerId, Rating)| {
        let rated = known.get(&player);
        let step = RatingChange {
            matches: rated.map_or(0, |rated| rated.matches),
            before: before.get(&player)?.0,
            after,
            at: rated.map_or(ended, |rated| rated.at.max(ended)),
        };
        Some((player, step))
    };
    rate(&before, outcome).into_iter().filter_map(step).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn late_record_does_not_move_the_last_match_back() {
        let [one, two]: [PlayerId; 2] = ["p_1", "p_2"].map(|id| id.parse().unwrap());
        let late = PlayerRating { matches: 7, rating: Rating::NEW, at: Time::from_ms(100) };
        let players = BTreeSet::from([one.clone(), two.clone()]);
        let known = BTreeMap::from([(one.clone(), late)]);
        let steps = rating_changes(Time::from_ms(50), &players, &Outcome::Draw, &known);
        let seen = |who: &PlayerId| (steps[who].matches, steps[who].at.ms());
        assert_eq!((seen(&one), seen(&two)), ((7, 100), (0, 50)));
    }
}
