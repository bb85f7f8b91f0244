//! Ratings: the matches that are rated, and how a match changes the ratings of its players.

use crate::domain::leaderboard::{RankKey, Score, round_to_hundredths};
use serde_json::{Value, json};
use shared::id::PlayerId;
use shared::rating::{Outcome, Rating, periods, rate};
use shared::rpc::record::{EndReason, MatchRecord};
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

/// Returns the players whose ratings a match changes, and the outcome. None if the match is not rated: an
/// abandoned match has no result, a match to which a player did not come was not played by all, and a result
/// that one player set counts only if it is against that player.
#[must_use]
pub fn rated_outcome(record: &MatchRecord) -> Option<(BTreeSet<PlayerId>, Outcome)> {
    match record.reason {
        EndReason::Ended | EndReason::TimeUp => {}
        EndReason::Abandoned | EndReason::NoShow => return None,
    }
    let players: BTreeSet<PlayerId> = record.players.iter().map(|one| one.player.clone()).collect();
    if players.len() < 2 || !record.players.iter().all(|one| one.came) {
        return None;
    }
    let outcome = Outcome::of(&players, &record.result)?;
    let fair = match &record.by {
        Some(by) if players.contains(by) => concedes(by, &outcome),
        Some(_) | None => true,
    };
    fair.then_some((players, outcome))
}

/// Returns whether a player of a match of two concedes it to the opponent. In a larger match a player could
/// give away the win of another.
fn concedes(by: &PlayerId, outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Draw => false,
        Outcome::Ranks(ranks) => {
            let others = ranks.iter().filter(|(player, _)| *player != by);
            let mut others = others.map(|(_, rank)| rank);
            ranks.len() == 2 && others.all(|rank| Some(rank) < ranks.get(by))
        }
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

    fn check(change: impl FnOnce(&mut MatchRecord), expected: Option<usize>) {
        let mut record: MatchRecord = serde_json::from_value(json!({
            "id": "m_1", "pool": "ranked", "started": 1, "ended": 2, "reason": "ended", "by": null, "events": 3,
            "players": [{"player": "p_1", "name": "Ana", "came": true}, {"player": "p_2", "name": "Ben", "came": true}],
            "result": {"winner": "p_1"},
        }))
        .unwrap();
        change(&mut record);
        assert_eq!(rated_outcome(&record).map(|(players, _)| players.len()), expected);
    }

    #[test]
    fn only_finished_matches_of_present_players_are_rated() {
        check(|_| (), Some(2));
        check(|r| r.reason = EndReason::TimeUp, Some(2));
        check(|r| r.reason = EndReason::NoShow, None);
        check(|r| r.result = json!({"draw": true}), Some(2));
        check(|r| r.reason = EndReason::Abandoned, None);
        check(|r| r.result = json!({}), None);
        check(
            |r| {
                r.players.iter_mut().for_each(|one| one.came = one.name == "Ana");
            },
            None,
        );
    }

    #[test]
    fn result_set_by_a_player_counts_only_against_that_player() {
        let said = |by: &str, result: Value, expected| {
            check(
                |r| {
                    r.by = by.parse().ok();
                    r.result = result;
                },
                expected,
            );
        };
        said("p_2", json!({"winner": "p_1"}), Some(2));
        said("p_2", json!({"ranks": {"p_1": 1, "p_2": 2}}), Some(2));
        said("p_1", json!({"winner": "p_1"}), None);
        said("p_1", json!({"ranks": {"p_1": 1, "p_2": 2}}), None);
        said("p_1", json!({"draw": true}), None);
        // A referee did not play.
        said("p_3", json!({"winner": "p_1"}), Some(2));
        let three = |by: Option<&str>, expected| {
            let more = |r: &mut MatchRecord| {
                let mut third = r.players.first().unwrap().clone();
                third.player = "p_3".parse().unwrap();
                r.players.push(third);
                r.by = by.and_then(|by| by.parse().ok());
            };
            check(more, expected);
        };
        three(None, Some(3));
        three(Some("p_2"), None);
    }

    #[test]
    fn match_that_one_of_three_missed_is_not_rated() {
        for missing in 0..3 {
            check(
                |r| {
                    let mut third = r.players.first().unwrap().clone();
                    third.player = "p_3".parse().unwrap();
                    r.players.push(third);
                    r.players.get_mut(missing).unwrap().came = false;
                },
                None,
            );
        }
    }

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
