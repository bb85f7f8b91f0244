//! The messages of all matches, counted on both sides: what each player sent, and what the other one heard.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::heard::Heard;

/// The sums over all talks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TalkSums {
    /// Messages that a sender gave and no room refused.
    pub sent: u64,
    pub received: u64,
    pub lost: u64,
    pub doubled: u64,
    pub reordered: u64,
    pub damaged: u64,
    /// Talks of which only one side was told, because the other player could not go on.
    pub one_sided: u64,
}

/// One direction of a talk, as far as it is known.
#[derive(Debug, Default)]
struct Direction {
    sent: Option<u64>,
    heard: Option<Heard>,
}

/// All talks that are not counted on both sides yet, and the sums of the others.
#[derive(Debug, Default)]
pub struct Talks {
    open: BTreeMap<(String, String), Direction>,
    sums: TalkSums,
}

impl Talks {
    /// The player has sent this many messages in the room, and the other one should have all of them.
    pub fn sent(&mut self, room: &str, player: &str, messages: u64) {
        self.part(room, player, |direction| direction.sent = Some(messages));
    }

    /// The other player of the room has heard these messages of the player.
    pub fn heard(&mut self, room: &str, player: &str, heard: Heard) {
        self.part(room, player, |direction| direction.heard = Some(heard));
    }

    fn part(&mut self, room: &str, player: &str, tell: impl FnOnce(&mut Direction)) {
        let key = (room.to_owned(), player.to_owned());
        let mut direction = self.open.remove(&key).unwrap_or_default();
        tell(&mut direction);
        let Direction { sent: Some(sent), heard: Some(heard) } = &direction else {
            self.open.insert(key, direction);
            return;
        };
        self.sums.sent += sent;
        self.sums.received += heard.received();
        self.sums.lost += heard.lost(*sent);
        self.sums.doubled += heard.doubled;
        self.sums.reordered += heard.reordered;
        // A message that was never sent.
        self.sums.damaged += heard.damaged + heard.received().saturating_sub(*sent);
    }

    /// Returns the sums; a direction of which one side is missing is counted as such.
    #[must_use]
    pub fn sums(&self) -> TalkSums {
        TalkSums { one_sided: self.open.len() as u64, ..self.sums }
    }
}

impl TalkSums {
    /// Adds the talks of another generator.
    pub fn add(&mut self, other: &Self) {
        let Self { sent, received, lost, doubled, reordered, damaged, one_sided } = other;
        self.sent += sent;
        self.received += received;
        self.lost += lost;
        self.doubled += doubled;
        self.reordered += reordered;
        self.damaged += damaged;
        self.one_sided += one_sided;
    }

    /// Returns true if every message came exactly once and in order.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.lost + self.doubled + self.reordered + self.damaged == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(sent: u64, numbers: &[u64]) -> TalkSums {
        let (mut talks, mut heard) = (Talks::default(), Heard::default());
        for n in numbers {
            heard.hear(*n);
        }
        talks.heard("m_1", "p_a", heard);
        talks.sent("m_1", "p_a", sent);
        talks.sums()
    }

    #[test]
    fn whole_talk_is_exact() {
        assert_eq!(sums(3, &[0, 1, 2]), TalkSums { sent: 3, received: 3, ..TalkSums::default() });
        assert!(sums(3, &[0, 1, 2]).is_exact());
    }

    #[test]
    fn planted_faults_are_counted() {
        for (sent, numbers) in [(3, vec![0, 2]), (3, vec![0, 1]), (2, vec![0, 1, 1]), (2, vec![1, 0])] {
            assert!(!sums(sent, &numbers).is_exact(), "{numbers:?} of {sent}");
        }
        assert_eq!(sums(1, &[0, 1]).damaged, 1, "a message that was never sent");
    }

    #[test]
    fn talk_with_one_side_is_not_counted_as_lost() {
        let mut talks = Talks::default();
        talks.sent("m_1", "p_a", 4);
        assert_eq!(talks.sums(), TalkSums { one_sided: 1, ..TalkSums::default() });
    }
}
