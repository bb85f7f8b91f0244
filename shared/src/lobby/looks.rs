//! Whom the region is asked about: a few people at a time, the others in the order in which they came. A crowd that
//! comes at once is a queue here, not a crowd there.

use crate::caps;
use crate::time::Time;
use std::collections::{BTreeSet, VecDeque};

/// Questions by their numbers: those on their way, and those that are not asked yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Looks {
    under_way: BTreeSet<u64>,
    waiting: VecDeque<(u64, Time)>,
}

/// What becomes of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is asked now.
    Ask(u64),
    /// It has waited so long that it is not asked any more.
    TooLate(u64),
}

impl Looks {
    /// Whether one more could be asked, or wait for that.
    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < caps::LOOKS_WAITING
    }

    /// A question joins. None: its turn comes.
    pub(super) fn join(&mut self, now: Time, look: u64) -> Option<Turn> {
        if self.under_way.len() < caps::LOOKS {
            self.under_way.insert(look);
            return Some(Turn::Ask(look));
        }
        self.waiting.push_back((look, now));
        None
    }

    /// Nobody waits for this any more.
    pub(super) fn leave(&mut self, look: u64) {
        self.waiting.retain(|(one, _)| *one != look);
    }

    /// A question was answered, or never will be: whose turn it is.
    pub(super) fn done(&mut self, now: Time, look: u64) -> Vec<Turn> {
        self.under_way.remove(&look);
        let mut turns = Vec::new();
        while self.under_way.len() < caps::LOOKS
            && let Some((look, since)) = self.waiting.pop_front()
        {
            if now.since(since) > caps::LOOK_WAIT {
                turns.push(Turn::TooLate(look));
            } else {
                self.under_way.insert(look);
                turns.push(Turn::Ask(look));
            }
        }
        turns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lobby::{Disk, Effect, Input, Lobby};
    use crate::pool::Shard;
    use crate::socket::{Conn, Who};

    fn full(now: Time) -> Looks {
        let mut looks = Looks::default();
        for look in 1..=caps::LOOKS as u64 {
            assert_eq!(looks.join(now, look), Some(Turn::Ask(look)));
        }
        looks
    }

    #[test]
    fn a_few_are_asked_and_the_others_follow_in_their_order() {
        let mut looks = full(Time::default());
        for look in [101, 102, 103] {
            assert_eq!(looks.join(Time::default(), look), None);
        }
        looks.leave(102);
        assert_eq!(looks.done(Time::default(), 1), [Turn::Ask(101)]);
        // Said twice, it makes room once.
        assert_eq!(looks.done(Time::default(), 1), []);
        assert_eq!(looks.done(Time::default(), 101), [Turn::Ask(103)]);
        assert_eq!(looks.done(Time::default(), 103), []);
        assert_eq!(looks.join(Time::default(), 104), Some(Turn::Ask(104)));
    }

    #[test]
    fn who_waited_too_long_is_told_so_and_holds_nobody_up() {
        let mut looks = full(Time::default());
        assert_eq!(looks.join(Time::from_ms(1), 101), None);
        assert_eq!(looks.join(Time::from_ms(2), 102), None);
        let late = Time::from_ms(2) + caps::LOOK_WAIT;
        assert_eq!(looks.done(late, 1), [Turn::TooLate(101), Turn::Ask(102)]);
    }

    #[test]
    fn a_crowd_is_asked_about_a_few_at_a_time_and_told_to_come_again_at_different_times() {
        let pool = crate::pool::one("p", serde_json::from_str(r#"{"seats":2}"#).unwrap()).unwrap();
        let (shard, disk, now) = (Shard::Part(0), Disk::default(), Time::from_ms(1000));
        let restored = Lobby::restore("p".parse().unwrap(), shard, &pool, &disk, &[], now);
        let mut lobby = restored.unwrap().0;
        let mut asked = VecDeque::new();
        let text = r#"{"id":1,"op":"enter","key":"k"}"#;
        for nth in 1..=50 {
            let who = Who {
                player: format!("p_{nth}").parse().unwrap(),
                sid: format!("s_{nth}").parse().unwrap(),
                ep: 0,
                exp: now + caps::RETRY_MAX,
            };
            let (conn, live) = (Conn(nth), None);
            lobby.handle(now, Input::Opened { conn, who, live });
            asked.extend(looked(&lobby.handle(now, Input::Said { conn, text })));
        }
        assert_eq!(asked.len(), caps::LOOKS);
        let (mut all, mut pauses) = (BTreeSet::new(), BTreeSet::new());
        while let Some(look) = asked.pop_front() {
            assert!(all.insert(look), "asked once");
            let answer = None;
            let effects = lobby.handle(now, Input::Known { look, answer });
            asked.extend(looked(&effects));
            assert!(asked.len() <= caps::LOOKS);
            let said = effects.iter().find_map(|effect| match effect {
                Effect::Send { text, .. } => text.split_once("after_ms\":"),
                _ => None,
            });
            pauses.insert(said.unwrap().1[..4].to_owned());
        }
        assert_eq!(all.len(), 50);
        assert!(pauses.len() > 40, "{pauses:?}");
    }

    fn looked(effects: &[Effect]) -> Vec<u64> {
        let looks = effects.iter().filter_map(|effect| match effect {
            Effect::Look { look, .. } => Some(*look),
            _ => None,
        });
        looks.collect()
    }

    #[test]
    fn the_queue_has_an_end() {
        let mut looks = full(Time::default());
        for look in 0..caps::LOOKS_WAITING as u64 {
            assert!(looks.has_room());
            looks.join(Time::default(), 1000 + look);
        }
        assert!(!looks.has_room());
    }
}
