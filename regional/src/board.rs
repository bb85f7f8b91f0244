//! Who plays best in a pool: what a leaderboard is sorted by, and the ranks that it makes.

use crate::history::LAST;
use shared::id::PlayerId;
use shared::rating::Rating;
use shared::time::Time;
use std::cmp::{Ordering, Reverse};

/// What somebody is worth almost surely, in hundredths above `LEAST`: the rating less two deviations, Glickman's lower
/// bound of 95 %. Who has played little is no leader by luck, and who stays away does not sink: it is as it was after the
/// last match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Score(u32);

/// The least score there is, on Glicko's scale: far below what anybody can lose.
const LEAST: f64 = -100_000.0;
/// As many digits as a sort key has for a score, all nines.
const MOST: u32 = 99_999_999;

impl Score {
    /// Of a rating.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn of(rating: &Rating) -> Self {
        let sure = rating.rating - 2.0 * rating.deviation;
        let hundredths = ((sure - LEAST) * 100.0).round();
        // Bounded, so that nothing is lost; what is no number is the least.
        Self(hundredths.clamp(0.0, f64::from(MOST)) as u32)
    }

    /// On Glicko's scale.
    #[must_use]
    pub fn shown(self) -> f64 {
        crate::rating::hundredths(f64::from(self.0) / 100.0 + LEAST)
    }

    /// Behind all sort keys of this score, and before those of better ones.
    #[must_use]
    pub fn end(self) -> String {
        format!("{:08}~", self.0)
    }
}

/// Somebody's place on a board. The greater is the better one: a higher score, then who reached it first, then the id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What they are worth.
    pub score: Score,
    /// When they came to be so: the end of their last match.
    pub at: Time,
    /// Who.
    pub player: PlayerId,
}

impl Place {
    /// The sort key: `{score, 8 digits}#{9999999999999 - ms, 13 digits}#{player}`, so that text order is the board's order.
    #[must_use]
    pub fn key(&self) -> String {
        let left = LAST.ms().saturating_sub(self.at.ms());
        format!("{:08}#{left:013}#{}", self.score.0, self.player)
    }

    /// A place from its sort key.
    #[must_use]
    pub fn of(key: &str) -> Option<Self> {
        let (score, rest) = key.split_once('#')?;
        let (left, player) = rest.split_once('#')?;
        Some(Self {
            score: Score(score.parse().ok()?),
            at: Time::from_ms(LAST.ms().checked_sub(left.parse().ok()?)?),
            player: player.parse().ok()?,
        })
    }

    fn order(&self) -> (Score, Reverse<Time>, &PlayerId) {
        (self.score, Reverse(self.at), &self.player)
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order().cmp(&other.order())
    }
}

/// The places that the parts of a board gave from one point on, the nearest to it first, as one list in that order.
/// A part that was cut off hides what comes behind its last place, so the list ends with the nearest of these.
#[must_use]
pub fn merge(parts: Vec<(Vec<Place>, bool)>, upwards: bool) -> Vec<Place> {
    let nearer = |one: &Place, other: &Place| {
        if upwards { one.cmp(other) } else { other.cmp(one) }
    };
    let cut = parts.iter().filter(|(_, more)| *more);
    let end = cut.filter_map(|(places, _)| places.last().cloned());
    let end = end.min_by(|one, other| nearer(one, other));
    let mut all: Vec<Place> = parts.into_iter().flat_map(|(places, _)| places).collect();
    all.retain(|one| {
        let behind = |end: &Place| nearer(one, end) == Ordering::Greater;
        !end.as_ref().is_some_and(behind)
    });
    all.sort_by(nearer);
    all
}

/// The ranks of neighbours, the best one first: 1, 2, 2, 4. Of the first one it is told how many scores are better than
/// theirs, and how many who have the same come before them.
#[must_use]
pub fn ranks<'a>(
    places: impl IntoIterator<Item = &'a Place>,
    better: u64,
    same: u64,
) -> Vec<(&'a Place, u64)> {
    let mut last: Option<(Score, u64)> = None;
    let ranked = places.into_iter().zip(better + same + 1..);
    ranked
        .map(|(place, position)| {
            let rank = match last {
                Some((score, rank)) if score == place.score => rank,
                Some(_) => position,
                None => better + 1,
            };
            last = Some((place.score, rank));
            (place, rank)
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn place(score: u32, at: u64, player: &str) -> Place {
        Place { score: Score(score), at: Time::from_ms(at), player: player.parse().unwrap() }
    }

    fn rating(rating: f64, deviation: f64) -> Score {
        Score::of(&Rating { rating, deviation, ..Rating::NEW })
    }

    #[test]
    fn a_score_is_what_one_is_worth_almost_surely() {
        let shown = |score: Score| format!("{:.2}", score.shown());
        assert_eq!(shown(rating(1500.0, 350.0)), "800.00");
        assert_eq!(shown(rating(1723.456, 61.5)), "1600.46");
        assert_eq!(shown(rating(-20_000.0, 350.0)), "-20700.00");
        assert!(rating(1600.0, 50.0) > rating(1690.0, 100.0));
        for wild in [f64::NAN, f64::NEG_INFINITY, -1e9] {
            assert_eq!(rating(wild, 350.0), Score(0));
        }
        assert_eq!(rating(1e9, 350.0), Score(MOST));
    }

    #[test]
    fn the_text_of_a_key_is_in_the_order_of_places() {
        let rising = [
            place(0, 5, "p_a"),
            place(9, 5, "p_a"),
            place(10, 5, "p_a"),
            place(10, 4, "p_a"),
            place(10, 4, "p_a1"),
            place(10, 4, "p_b"),
            place(MOST, 1, "p_a"),
        ];
        for pair in rising.windows(2) {
            let [one, other] = pair else { continue };
            assert!(one < other && one.key() < other.key(), "{one:?} {other:?}");
            assert_eq!(Place::of(&one.key()).as_ref(), Some(one));
        }
        let [one, .., last] = &rising;
        assert!(one.key() < one.score.end() && last.key() < last.score.end());
        assert!(one.score.end() < rising[1].key());
        for key in ["", "1#2", "1#2#x", "-1#0#p_a", "1#99999999999999#p_a"] {
            assert_eq!(Place::of(key), None, "{key}");
        }
    }

    #[test]
    fn what_a_part_hides_is_not_passed() {
        let at = |score| place(score, 1, "p_a");
        let down = vec![(vec![at(9), at(5)], true), (vec![at(8), at(4), at(1)], false)];
        assert_eq!(merge(down, false), [at(9), at(8), at(5)]);
        let up = vec![(vec![at(5), at(9)], false), (vec![at(1), at(6)], true)];
        assert_eq!(merge(up, true), [at(1), at(5), at(6)]);
        assert_eq!(merge(vec![(Vec::new(), false)], true), []);
    }

    #[test]
    fn equals_share_a_rank() {
        let places = [9, 8, 8, 7, 7, 7, 6].map(|score| place(score, 1, "p_a"));
        let got = |better, same| -> Vec<u64> {
            let ranks = ranks(&places, better, same);
            ranks.into_iter().map(|(_, rank)| rank).collect()
        };
        assert_eq!(got(0, 0), [1, 2, 2, 4, 4, 4, 7]);
        // Before the first one there are ten better ones, and three who are as good.
        assert_eq!(got(10, 3), [11, 15, 15, 17, 17, 17, 20]);
    }
}
