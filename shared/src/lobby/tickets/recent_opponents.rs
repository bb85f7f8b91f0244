//! Recent opponents: pairs of players whose rematch is excluded for a time.

use crate::id::{PlayerId, RoomId};
use crate::limits;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The last matches, and the time before which a rematch of their players is excluded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecentOpponents {
    meetings: BTreeMap<RoomId, RecentMatch>,
    ends: BTreeSet<(Time, RoomId)>,
    /// By player, the opponents with a greater id.
    pairs: BTreeMap<PlayerId, BTreeMap<PlayerId, Time>>,
}

/// The players of one match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentMatch {
    pub players: Vec<PlayerId>,
    /// The end of the time in which a rematch is excluded.
    pub until: Time,
}

impl RecentOpponents {
    /// Returns true if no rematch is excluded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.meetings.is_empty()
    }

    /// Returns the time before which a rematch of the two is excluded, in either order; `None` if it is not.
    #[must_use]
    pub fn until(&self, a: &PlayerId, b: &PlayerId) -> Option<Time> {
        let (first, second) = if a <= b { (a, b) } else { (b, a) };
        self.pairs.get(first)?.get(second).copied()
    }

    /// Adds a match. Returns the matches that are removed: those whose time is over, and above the limit
    /// those whose time ends first.
    pub fn add(&mut self, now: Time, room: RoomId, meeting: RecentMatch) -> Vec<RoomId> {
        self.read(room, meeting);
        let mut forgotten = Vec::new();
        while let Some((until, room)) = self.ends.first().cloned() {
            if until > now && self.meetings.len() <= limits::RECENT_MATCHES_MAX {
                break;
            }
            self.forget(&room);
            forgotten.push(room);
        }
        forgotten
    }

    /// Restores a match from its row.
    pub(in crate::lobby) fn read(&mut self, room: RoomId, meeting: RecentMatch) {
        self.forget(&room);
        for (first, second) in pairs(&meeting.players) {
            let until = self.pairs.entry(first.clone()).or_default();
            let until = until.entry(second.clone()).or_default();
            *until = meeting.until.max(*until);
        }
        self.ends.insert((meeting.until, room.clone()));
        self.meetings.insert(room, meeting);
    }

    pub(in crate::lobby) fn written(&self, room: &RoomId) -> Option<&RecentMatch> {
        self.meetings.get(room)
    }

    pub(in crate::lobby) fn rooms(&self) -> impl Iterator<Item = RoomId> {
        self.meetings.keys().cloned()
    }

    fn forget(&mut self, room: &RoomId) {
        let Some(meeting) = self.meetings.remove(room) else {
            return;
        };
        self.ends.remove(&(meeting.until, room.clone()));
        for (first, second) in pairs(&meeting.players) {
            let Some(others) = self.pairs.get_mut(first) else {
                continue;
            };
            // A later match of the same two keeps its later time.
            if others.get(second).is_some_and(|until| *until <= meeting.until) {
                others.remove(second);
            }
            if others.is_empty() {
                self.pairs.remove(first);
            }
        }
    }
}

/// Returns all pairs of players, the smaller id first.
fn pairs(players: &[PlayerId]) -> impl Iterator<Item = (&PlayerId, &PlayerId)> {
    players.iter().flat_map(move |a| {
        let after = players.iter().filter(move |b| a < *b);
        after.map(move |b| (a, b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn player(n: usize) -> PlayerId {
        format!("p_{n}").parse().unwrap()
    }

    fn meet(met: &mut RecentOpponents, now: u64, room: usize, players: &[usize], until: u64) -> Vec<RoomId> {
        let meeting = RecentMatch {
            players: players.iter().copied().map(player).collect(),
            until: Time::from_ms(until),
        };
        met.add(Time::from_ms(now), format!("m_{room}").parse().unwrap(), meeting)
    }

    fn check(met: &RecentOpponents, a: usize, b: usize, expected: Option<u64>) {
        let expected = expected.map(Time::from_ms);
        assert_eq!(met.until(&player(a), &player(b)), expected);
        assert_eq!(met.until(&player(b), &player(a)), expected);
    }

    #[test]
    fn rematch_is_excluded_in_both_directions() {
        for a in 0..12 {
            for b in (0..12).filter(|&b| b != a) {
                let mut met = RecentOpponents::default();
                meet(&mut met, 0, 0, &[a, b], 9);
                for c in 0..12 {
                    check(&met, a, c, (c == b).then_some(9));
                }
            }
        }
    }

    #[test]
    fn all_players_of_a_match_are_excluded_from_each_other() {
        let mut met = RecentOpponents::default();
        meet(&mut met, 0, 0, &[3, 1, 2], 9);
        check(&met, 1, 2, Some(9));
        check(&met, 1, 3, Some(9));
        check(&met, 2, 3, Some(9));
        check(&met, 2, 2, None);
    }

    #[test]
    fn second_match_extends_the_exclusion() {
        let mut met = RecentOpponents::default();
        meet(&mut met, 0, 0, &[1, 2], 9);
        meet(&mut met, 5, 1, &[1, 2], 14);
        assert_eq!(meet(&mut met, 9, 2, &[3, 4], 20).len(), 1);
        check(&met, 1, 2, Some(14));
    }

    #[test]
    fn oldest_match_is_evicted_at_the_limit() {
        let mut met = RecentOpponents::default();
        let mut forgotten = Vec::new();
        for n in 0..=limits::RECENT_MATCHES_MAX {
            forgotten.extend(meet(&mut met, 0, n, &[n, n + 1], 100 + n as u64));
        }
        assert_eq!(forgotten, ["m_0".parse().unwrap()]);
        check(&met, 0, 1, None);
        check(&met, 1, 2, Some(101));
        meet(&mut met, 50_000, 0, &[1, 3], 60_000);
        check(&met, limits::RECENT_MATCHES_MAX, limits::RECENT_MATCHES_MAX + 1, None);
        assert_eq!(met.rooms().count(), 1);
    }
}
