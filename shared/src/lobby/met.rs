//! Who met whom, and is not to meet again so soon.

use crate::caps;
use crate::id::{PlayerId, RoomId};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The matches that were made last, and until when the people of each are kept apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Met {
    meetings: BTreeMap<RoomId, Meeting>,
    ends: BTreeSet<(Time, RoomId)>,
    /// Of each, those whose name comes after theirs.
    pairs: BTreeMap<PlayerId, BTreeMap<PlayerId, Time>>,
}

/// Some people who met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meeting {
    /// Who.
    pub players: Vec<PlayerId>,
    /// Until when they are kept apart.
    pub until: Time,
}

impl Met {
    /// Whether nobody is kept apart.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.meetings.is_empty()
    }

    /// Until when these two are kept apart; none, they are not. It does not matter who is named first.
    #[must_use]
    pub fn until(&self, a: &PlayerId, b: &PlayerId) -> Option<Time> {
        let (first, second) = if a <= b { (a, b) } else { (b, a) };
        self.pairs.get(first)?.get(second).copied()
    }

    /// They met in that match. Says which are forgotten: those whose time is over, then, of too many, those whose time
    /// is over soonest.
    pub fn add(&mut self, now: Time, room: RoomId, meeting: Meeting) -> Vec<RoomId> {
        self.read(room, meeting);
        let mut forgotten = Vec::new();
        while let Some((until, room)) = self.ends.first().cloned() {
            if until > now && self.meetings.len() <= caps::MET {
                break;
            }
            self.forget(&room);
            forgotten.push(room);
        }
        forgotten
    }

    /// As it was written.
    pub(super) fn read(&mut self, room: RoomId, meeting: Meeting) {
        self.forget(&room);
        for (first, second) in pairs(&meeting.players) {
            let until = self.pairs.entry(first.clone()).or_default();
            let until = until.entry(second.clone()).or_default();
            *until = meeting.until.max(*until);
        }
        self.ends.insert((meeting.until, room.clone()));
        self.meetings.insert(room, meeting);
    }

    pub(super) fn written(&self, room: &RoomId) -> Option<&Meeting> {
        self.meetings.get(room)
    }

    pub(super) fn rooms(&self) -> impl Iterator<Item = RoomId> {
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
            // Who has met again since is kept apart for longer.
            if others.get(second).is_some_and(|until| *until <= meeting.until) {
                others.remove(second);
            }
            if others.is_empty() {
                self.pairs.remove(first);
            }
        }
    }
}

/// Every two of them, in order.
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

    fn meet(met: &mut Met, now: u64, room: usize, players: &[usize], until: u64) -> Vec<RoomId> {
        let meeting =
            Meeting { players: players.iter().copied().map(player).collect(), until: Time::from_ms(until) };
        met.add(Time::from_ms(now), format!("m_{room}").parse().unwrap(), meeting)
    }

    fn check(met: &Met, a: usize, b: usize, expected: Option<u64>) {
        let expected = expected.map(Time::from_ms);
        assert_eq!(met.until(&player(a), &player(b)), expected);
        assert_eq!(met.until(&player(b), &player(a)), expected);
    }

    #[test]
    fn who_met_is_kept_apart_from_both_sides() {
        for a in 0..12 {
            for b in (0..12).filter(|&b| b != a) {
                let mut met = Met::default();
                meet(&mut met, 0, 0, &[a, b], 9);
                for c in 0..12 {
                    check(&met, a, c, (c == b).then_some(9));
                }
            }
        }
    }

    #[test]
    fn all_who_were_in_a_match_are_kept_apart() {
        let mut met = Met::default();
        meet(&mut met, 0, 0, &[3, 1, 2], 9);
        check(&met, 1, 2, Some(9));
        check(&met, 1, 3, Some(9));
        check(&met, 2, 3, Some(9));
        check(&met, 2, 2, None);
    }

    #[test]
    fn who_met_again_is_kept_apart_for_longer() {
        let mut met = Met::default();
        meet(&mut met, 0, 0, &[1, 2], 9);
        meet(&mut met, 5, 1, &[1, 2], 14);
        assert_eq!(meet(&mut met, 9, 2, &[3, 4], 20).len(), 1);
        check(&met, 1, 2, Some(14));
    }

    #[test]
    fn only_the_last_are_remembered() {
        let mut met = Met::default();
        let mut forgotten = Vec::new();
        for n in 0..=caps::MET {
            forgotten.extend(meet(&mut met, 0, n, &[n, n + 1], 100 + n as u64));
        }
        assert_eq!(forgotten, ["m_0".parse().unwrap()]);
        check(&met, 0, 1, None);
        check(&met, 1, 2, Some(101));
        meet(&mut met, 50_000, 0, &[1, 3], 60_000);
        check(&met, caps::MET, caps::MET + 1, None);
        assert_eq!(met.rooms().count(), 1);
    }
}
