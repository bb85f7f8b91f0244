//! Copies of profiles: how long each is good, and what an announced change does to it.

use crate::caps;
use crate::id::{PlayerId, base32};
use crate::time::Time;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// What is known of a player.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Copy {
    /// The public view.
    Profile {
        /// Which version of it; 0 where the region did not say.
        version: u64,
        /// As the region wrote it.
        text: Rc<str>,
    },
    /// There is no such player.
    Missing,
}

/// How good a copy still is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age {
    /// It counts.
    Fresh,
    /// It counts once more, while another is fetched: nobody waits, and the bound of what is stale is twice as far.
    Renew,
    /// It counts only where no other can be had.
    Old,
}

/// A copy, and since when it is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What.
    pub copy: Copy,
    /// When the region was asked for it.
    pub since: Time,
}

impl Held {
    /// How good it is now, where copies are `fresh` for so long; none, it is not good at all.
    #[must_use]
    pub fn age(&self, now: Time, fresh: Duration) -> Option<Age> {
        let age = now.since(self.since);
        match self.copy {
            Copy::Missing => (age < caps::COPY_MISSING.min(fresh)).then_some(Age::Fresh),
            Copy::Profile { .. } if age < fresh => Some(Age::Fresh),
            Copy::Profile { .. } if age < fresh * 2 => Some(Age::Renew),
            Copy::Profile { .. } => (age < caps::COPY_OLD).then_some(Age::Old),
        }
    }
}

/// The copies of one isolate: the last used, in bounded space.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copies {
    slots: BTreeMap<PlayerId, Slot>,
    /// Who was used when, the least lately first.
    order: BTreeMap<u64, PlayerId>,
    turn: u64,
    bytes: usize,
}

/// What is kept under a player's id.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Slot {
    held: Option<Held>,
    /// Copies of an earlier version than this are known to be stale.
    least: u64,
    turn: u64,
}

impl Copies {
    /// The copy of a player, where one is good for anything.
    pub fn look(&mut self, player: &PlayerId, now: Time, fresh: Duration) -> Option<(Held, Age)> {
        let held = self.slots.get(player)?.held.clone()?;
        let age = held.age(now, fresh)?;
        self.touch(player);
        Some((held, age))
    }

    /// Keeps a copy, if nothing newer is known. False: it is stale already.
    pub fn keep(&mut self, player: &PlayerId, held: Held) -> bool {
        let slot = self.slot(player);
        let known = slot.held.as_ref().map_or(0, |held| held.copy.version());
        let stale = match held.copy {
            Copy::Profile { version, .. } => version < slot.least.max(known),
            // Who is not there has no version, and may have come since; whoever is gone for good has not.
            Copy::Missing => slot.least > 0 && slot.least < u64::MAX,
        };
        if stale {
            return false;
        }
        let more = held.copy.weight();
        let less = slot.held.replace(held).map_or(0, |held| held.copy.weight());
        self.bytes = (self.bytes + more).saturating_sub(less);
        self.trim();
        true
    }

    /// A profile has changed: earlier versions are good for nothing, whoever comes with one.
    pub fn announce(&mut self, player: &PlayerId, version: u64) {
        let slot = self.slot(player);
        slot.least = slot.least.max(version);
        let least = slot.least;
        let gone = slot.held.take_if(|held| held.copy.version() < least).map_or(0, |held| held.copy.weight());
        self.bytes = self.bytes.saturating_sub(gone);
        self.trim();
    }

    /// How many players something is known of.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    fn slot(&mut self, player: &PlayerId) -> &mut Slot {
        self.touch(player);
        self.slots.entry(player.clone()).or_insert(Slot { held: None, least: 0, turn: self.turn })
    }

    fn touch(&mut self, player: &PlayerId) {
        self.turn += 1;
        if let Some(slot) = self.slots.get_mut(player) {
            self.order.remove(&slot.turn);
            slot.turn = self.turn;
        }
        self.order.insert(self.turn, player.clone());
    }

    fn trim(&mut self) {
        while self.slots.len() > caps::COPIES || self.bytes > caps::COPIES_BYTES {
            let Some((_, player)) = self.order.pop_first() else {
                return;
            };
            let held = self.slots.remove(&player).and_then(|slot| slot.held);
            let less = held.map_or(0, |held| held.copy.weight());
            self.bytes = self.bytes.saturating_sub(less);
        }
    }
}

impl Copy {
    /// Which version it is.
    #[must_use]
    pub fn version(&self) -> u64 {
        match self {
            Self::Profile { version, .. } => *version,
            Self::Missing => 0,
        }
    }

    fn weight(&self) -> usize {
        match self {
            Self::Profile { text, .. } => text.len(),
            Self::Missing => 0,
        }
    }
}

/// The profiles in an answer of the region, `{"profiles":[…]}`, each as it stands there.
pub fn read(answer: &str) -> Result<Vec<(PlayerId, Copy)>, serde_json::Error> {
    #[derive(Deserialize)]
    struct List<'a> {
        #[serde(borrow)]
        profiles: Vec<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Head {
        player: PlayerId,
        #[serde(default)]
        version: u64,
    }
    let List { profiles } = serde_json::from_str(answer)?;
    profiles
        .into_iter()
        .map(|raw| {
            let Head { player, version } = serde_json::from_str(raw.get())?;
            let text = raw.get().into();
            Ok((player, Copy::Profile { version, text }))
        })
        .collect()
}

/// The entity tag of a body: another body has another.
#[must_use]
pub fn tag(body: &str) -> String {
    let hash: [u8; 32] = Sha256::digest(body).into();
    let [first, ..] = hash.as_chunks::<16>().0 else {
        return String::new();
    };
    format!("\"{}\"", base32(first))
}

/// Whether an `If-None-Match` names this tag. A cache on the way may have made it weak.
#[must_use]
pub fn knows(header: &str, tag: &str) -> bool {
    header.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const FRESH: Duration = caps::COPY_FRESH;
    const NOW: Time = Time::from_ms(1_733_000_000_000);

    fn ana() -> PlayerId {
        "p_ana".parse().unwrap()
    }

    fn version(version: u64) -> Held {
        let text = format!("{{\"version\":{version}}}").into();
        Held { copy: Copy::Profile { version, text }, since: NOW }
    }

    fn check(held: Held, after_s: u64, expected: Option<Age>) {
        let mut copies = Copies::default();
        assert!(copies.keep(&ana(), held));
        let found = copies.look(&ana(), NOW + Duration::from_secs(after_s), FRESH);
        assert_eq!(found.map(|(_, age)| age), expected, "after {after_s} s");
    }

    #[test]
    fn a_copy_ages() {
        check(version(1), 0, Some(Age::Fresh));
        check(version(1), 59, Some(Age::Fresh));
        check(version(1), 60, Some(Age::Renew));
        check(version(1), 119, Some(Age::Renew));
        check(version(1), 120, Some(Age::Old));
        check(version(1), 24 * 3600 - 1, Some(Age::Old));
        check(version(1), 24 * 3600, None);
        let missing = Held { copy: Copy::Missing, since: NOW };
        check(missing.clone(), 9, Some(Age::Fresh));
        check(missing, 10, None);
    }

    #[test]
    fn where_nothing_is_fresh_all_is_old() {
        let age = |held: Held| held.age(NOW, Duration::ZERO);
        assert_eq!(age(version(1)), Some(Age::Old));
        let copy = Copy::Missing;
        assert_eq!(age(Held { copy, since: NOW }), None);
    }

    #[test]
    fn what_was_announced_as_changed_does_not_come_back() {
        let mut copies = Copies::default();
        assert!(copies.keep(&ana(), version(1)));
        copies.announce(&ana(), 2);
        assert_eq!(copies.look(&ana(), NOW, FRESH), None);
        // A fetch that began before the change ends after it.
        assert!(!copies.keep(&ana(), version(1)));
        assert_eq!(copies.look(&ana(), NOW, FRESH), None);
        assert!(copies.keep(&ana(), version(2)));
        copies.announce(&ana(), 1);
        assert_eq!(copies.look(&ana(), NOW, FRESH), Some((version(2), Age::Fresh)));
        // The region's replica may be behind what was read before.
        assert!(!copies.keep(&ana(), version(1)));
    }

    #[test]
    fn the_last_used_stay_within_the_bounds() {
        let mut copies = Copies::default();
        assert!(copies.keep(&ana(), version(1)));
        for n in 0..caps::COPIES + 5 {
            assert!(copies.keep(&format!("p_{n}").parse().unwrap(), version(1)));
            assert!(copies.look(&ana(), NOW, FRESH).is_some());
        }
        assert_eq!(copies.len(), caps::COPIES);
        assert_eq!(copies.look(&"p_0".parse().unwrap(), NOW, FRESH), None);

        let text: Rc<str> = "x".repeat(caps::COPIES_BYTES / 2).into();
        let copy = Copy::Profile { version: 1, text };
        let huge = Held { copy, since: NOW };
        for n in 0..3 {
            assert!(copies.keep(&format!("p_huge{n}").parse().unwrap(), huge.clone()));
        }
        assert_eq!(copies.len(), 2);
        assert_eq!(copies.order.len(), 2);
    }

    #[test]
    fn an_answer_is_taken_apart_without_being_changed() {
        let text = r#"{"profiles":[{"player":"p_ana", "name":"Ana","version":3}, {"player":"p_bo"}]}"#;
        let copies: Vec<Copy> = read(text).unwrap().into_iter().map(|(_, copy)| copy).collect();
        let copy = |version, text: &str| Copy::Profile { version, text: text.into() };
        let ana = r#"{"player":"p_ana", "name":"Ana","version":3}"#;
        assert_eq!(copies, [copy(3, ana), copy(0, r#"{"player":"p_bo"}"#)]);
    }

    #[test]
    fn tags_are_known_weak_or_strong() {
        let (one, other) = (tag("{}"), tag("[]"));
        assert_ne!(one, other);
        assert!(knows(&one, &one) && knows(&format!("{other}, W/{one}"), &one) && knows("*", &one));
        assert!(!knows(&other, &one) && !knows("", &one));
    }
}
