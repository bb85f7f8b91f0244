//! What a finished match makes of the ratings of those who played it.

use crate::board::{Place, Score};
use serde_json::{Value, json};
use shared::id::PlayerId;
use shared::rating::{Outcome, Rating, periods, rate};
use shared::record::{EndReason, MatchRecord};
use shared::time::Time;
use std::collections::{BTreeMap, BTreeSet};

/// Somebody's rating in one pool, as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Rated {
    /// How many matches made it; its version. Nobody's first is 0: it is not stored.
    pub matches: u64,
    /// What it is.
    pub rating: Rating,
    /// When the last of these matches was over.
    pub at: Time,
}

impl Rated {
    /// As uncertain as it is now.
    #[must_use]
    pub fn now(&self, now: Time) -> Rating {
        self.rating.idle(periods(self.at, now))
    }

    /// Where it puts somebody on the leaderboard.
    #[must_use]
    pub fn place(&self, player: &PlayerId) -> Place {
        Place { score: Score::of(&self.rating), at: self.at, player: player.clone() }
    }
}

/// What a match does to one rating.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// How many matches there were before.
    pub matches: u64,
    /// The rating before.
    pub before: Rating,
    /// The rating after.
    pub after: Rating,
    /// When the last match is over now.
    pub at: Time,
}

impl Move {
    /// What the rating is then.
    #[must_use]
    pub fn rated(&self) -> Rated {
        Rated { matches: self.matches + 1, rating: self.after, at: self.at }
    }

    /// As the history shows it. Ratings are told to a hundredth.
    #[must_use]
    pub fn show(&self) -> Value {
        json!({
            "before": hundredths(self.before.rating),
            "after": hundredths(self.after.rating),
            "deviation": hundredths(self.after.deviation),
            "matches": self.matches + 1,
        })
    }
}

/// A number to a hundredth.
#[must_use]
pub fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// Whose ratings a match changes, and by what outcome. None: nobody's. A match that somebody left standing has no
/// result; who never came has not played; and what a player alone says counts only as far as it is against them.
#[must_use]
pub fn rates(record: &MatchRecord) -> Option<(BTreeSet<PlayerId>, Outcome)> {
    match record.reason {
        EndReason::Ended | EndReason::TimeUp => {}
        EndReason::Abandoned | EndReason::NoShow => return None,
    }
    let came = record.players.iter().filter(|one| one.came);
    let players: BTreeSet<PlayerId> = came.map(|one| one.player.clone()).collect();
    if players.len() < 2 {
        return None;
    }
    let outcome = Outcome::of(&players, &record.result)?;
    let fair = match &record.by {
        Some(by) if players.contains(by) => concedes(by, &outcome),
        Some(_) | None => true,
    };
    fair.then_some((players, outcome))
}

/// Whether somebody says of a match of two that the other won. Of more than two one could give away what others won.
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

/// The ratings after a match that was over then. Who is not in `known` has not played before.
#[must_use]
pub fn decide(
    ended: Time,
    players: &BTreeSet<PlayerId>,
    outcome: &Outcome,
    known: &BTreeMap<PlayerId, Rated>,
) -> BTreeMap<PlayerId, Move> {
    let before = |player: &PlayerId| {
        known.get(player).map_or((Rating::NEW, 0.0), |rated| (rated.rating, periods(rated.at, ended)))
    };
    let before: BTreeMap<_, _> = players.iter().map(|player| (player.clone(), before(player))).collect();
    let step = |(player, after): (PlayerId, Rating)| {
        let rated = known.get(&player);
        let step = Move {
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
        assert_eq!(rates(&record).map(|(players, _)| players.len()), expected);
    }

    #[test]
    fn only_what_was_played_is_rated() {
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
    fn what_a_player_says_counts_only_against_them() {
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
        // Somebody who did not play: a referee.
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
    fn a_match_that_is_told_late_moves_no_clock_back() {
        let [one, two]: [PlayerId; 2] = ["p_1", "p_2"].map(|id| id.parse().unwrap());
        let late = Rated { matches: 7, rating: Rating::NEW, at: Time::from_ms(100) };
        let players = BTreeSet::from([one.clone(), two.clone()]);
        let known = BTreeMap::from([(one.clone(), late)]);
        let steps = decide(Time::from_ms(50), &players, &Outcome::Draw, &known);
        let seen = |who: &PlayerId| (steps[who].matches, steps[who].at.ms());
        assert_eq!((seen(&one), seen(&two)), ((7, 100), (0, 50)));
    }
}
