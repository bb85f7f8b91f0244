//! Cached profiles: how long each may be served, and how an announced change invalidates it.

use crate::id::{PlayerId, base32};
use crate::limits;
use crate::time::Time;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

/// A cached answer about a player.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CachedProfile {
    /// The public view of the profile.
    Profile {
        /// Its version; 0 if the region did not state one.
        version: u64,
        /// The JSON text as the region wrote it.
        text: Rc<str>,
    },
    /// No such player exists.
    Missing,
}

impl CachedProfile {
    /// Returns the display name of a profile.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Named {
            name: String,
        }
        match self {
            Self::Profile { text, .. } => serde_json::from_str::<Named>(text).ok().map(|named| named.name),
            Self::Missing => None,
        }
    }
}

/// How a cached entry may still be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// It is served.
    Fresh,
    /// It is served once more while another request fetches a newer one: no request waits, and staleness is
    /// bounded by twice the lifetime.
    Revalidate,
    /// It is served only if the region does not answer.
    StaleIfError,
}

/// A cached profile with the time at which it was requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheEntry {
    pub profile: CachedProfile,
    /// When the region was asked for it.
    pub since: Time,
}

impl CacheEntry {
    /// Returns how the entry may be used now, where `fresh` is the lifetime of profiles; none if it has
    /// expired.
    #[must_use]
    pub fn age(&self, now: Time, fresh: Duration) -> Option<Freshness> {
        let age = now.since(self.since);
        match self.profile {
            CachedProfile::Missing => {
                (age < limits::NEGATIVE_CACHE_TTL.min(fresh)).then_some(Freshness::Fresh)
            }
            CachedProfile::Profile { .. } if age < fresh => Some(Freshness::Fresh),
            CachedProfile::Profile { .. } if age < fresh * 2 => Some(Freshness::Revalidate),
            CachedProfile::Profile { .. } => {
                (age < limits::STALE_IF_ERROR).then_some(Freshness::StaleIfError)
            }
        }
    }
}

/// The profile cache of one isolate: least recently used entries are evicted, within limits of count and
/// bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileCache {
    slots: BTreeMap<PlayerId, Slot>,
    /// Players by their last use, least recent first.
    order: BTreeMap<u64, PlayerId>,
    turn: u64,
    bytes: usize,
}

/// The entry of one player.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Slot {
    entry: Option<CacheEntry>,
    /// Earlier versions than this are known to be stale.
    min_version: u64,
    turn: u64,
}

impl ProfileCache {
    /// Returns the player's entry if it may still be used.
    pub fn get(&mut self, player: &PlayerId, now: Time, fresh: Duration) -> Option<(CacheEntry, Freshness)> {
        let entry = self.slots.get(player)?.entry.clone()?;
        let age = entry.age(now, fresh)?;
        self.touch(player);
        Some((entry, age))
    }

    /// Stores an entry unless a newer one is known. False: it is stale already.
    pub fn insert(&mut self, player: &PlayerId, entry: CacheEntry) -> bool {
        let slot = self.slot(player);
        let known = slot.entry.as_ref().map_or(0, |entry| entry.profile.version());
        let stale = match entry.profile {
            CachedProfile::Profile { version, .. } => version < slot.min_version.max(known),
            // A missing player has no version and may have been created since, unless the player was erased.
            CachedProfile::Missing => slot.min_version > 0 && slot.min_version < u64::MAX,
        };
        if stale {
            return false;
        }
        let more = entry.profile.weight();
        let less = slot.entry.replace(entry).map_or(0, |entry| entry.profile.weight());
        self.bytes = (self.bytes + more).saturating_sub(less);
        self.trim();
        true
    }

    /// Records that a profile has changed: earlier versions are neither served nor stored.
    pub fn invalidate(&mut self, player: &PlayerId, version: u64) {
        let slot = self.slot(player);
        slot.min_version = slot.min_version.max(version);
        let min_version = slot.min_version;
        let gone = slot
            .entry
            .take_if(|entry| entry.profile.version() < min_version)
            .map_or(0, |entry| entry.profile.weight());
        self.bytes = self.bytes.saturating_sub(gone);
        self.trim();
    }

    /// Returns the number of players that have an entry.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// True if the cache is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    fn slot(&mut self, player: &PlayerId) -> &mut Slot {
        self.touch(player);
        self.slots.entry(player.clone()).or_insert(Slot { entry: None, min_version: 0, turn: self.turn })
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
        while self.slots.len() > limits::CACHE_ENTRIES_MAX || self.bytes > limits::CACHE_BYTES_MAX {
            let Some((_, player)) = self.order.pop_first() else {
                return;
            };
            let entry = self.slots.remove(&player).and_then(|slot| slot.entry);
            let less = entry.map_or(0, |entry| entry.profile.weight());
            self.bytes = self.bytes.saturating_sub(less);
        }
    }
}

impl CachedProfile {
    /// Returns the version; 0 for a missing player.
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

/// Reads the profiles of the region's response `{"profiles":[…]}`; each text is the exact slice of the
/// response.
pub fn read(answer: &str) -> Result<Vec<(PlayerId, CachedProfile)>, serde_json::Error> {
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
            Ok((player, CachedProfile::Profile { version, text }))
        })
        .collect()
}

/// Returns the entity tag of a body.
#[must_use]
pub fn tag(body: &str) -> String {
    let hash: [u8; 32] = Sha256::digest(body).into();
    let [first, ..] = hash.as_chunks::<16>().0 else {
        return String::new();
    };
    format!("\"{}\"", base32(first))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const FRESH: Duration = limits::PROFILE_CACHE_TTL;
    const NOW: Time = Time::from_ms(1_733_000_000_000);

    fn ana() -> PlayerId {
        "p_ana".parse().unwrap()
    }

    fn version(version: u64) -> CacheEntry {
        let text = format!("{{\"version\":{version}}}").into();
        CacheEntry { profile: CachedProfile::Profile { version, text }, since: NOW }
    }

    fn check(entry: CacheEntry, after_s: u64, expected: Option<Freshness>) {
        let mut cache = ProfileCache::default();
        assert!(cache.insert(&ana(), entry));
        let found = cache.get(&ana(), NOW + Duration::from_secs(after_s), FRESH);
        assert_eq!(found.map(|(_, age)| age), expected, "after {after_s} s");
    }

    #[test]
    fn entry_ages_from_fresh_to_expired() {
        check(version(1), 0, Some(Freshness::Fresh));
        check(version(1), 59, Some(Freshness::Fresh));
        check(version(1), 60, Some(Freshness::Revalidate));
        check(version(1), 119, Some(Freshness::Revalidate));
        check(version(1), 120, Some(Freshness::StaleIfError));
        check(version(1), 24 * 3600 - 1, Some(Freshness::StaleIfError));
        check(version(1), 24 * 3600, None);
        let missing = CacheEntry { profile: CachedProfile::Missing, since: NOW };
        check(missing.clone(), 9, Some(Freshness::Fresh));
        check(missing, 10, None);
    }

    #[test]
    fn zero_lifetime_serves_entries_only_on_error() {
        let age = |entry: CacheEntry| entry.age(NOW, Duration::ZERO);
        assert_eq!(age(version(1)), Some(Freshness::StaleIfError));
        let profile = CachedProfile::Missing;
        assert_eq!(age(CacheEntry { profile, since: NOW }), None);
    }

    #[test]
    fn invalidated_version_is_neither_served_nor_stored() {
        let mut cache = ProfileCache::default();
        assert!(cache.insert(&ana(), version(1)));
        cache.invalidate(&ana(), 2);
        assert_eq!(cache.get(&ana(), NOW, FRESH), None);
        // A fetch that began before the change ends after it.
        assert!(!cache.insert(&ana(), version(1)));
        assert_eq!(cache.get(&ana(), NOW, FRESH), None);
        assert!(cache.insert(&ana(), version(2)));
        cache.invalidate(&ana(), 1);
        assert_eq!(cache.get(&ana(), NOW, FRESH), Some((version(2), Freshness::Fresh)));
        // The region's replica may lag behind an earlier read.
        assert!(!cache.insert(&ana(), version(1)));
    }

    #[test]
    fn least_recently_used_entries_are_evicted_within_the_limits() {
        let mut cache = ProfileCache::default();
        assert!(cache.insert(&ana(), version(1)));
        for n in 0..limits::CACHE_ENTRIES_MAX + 5 {
            assert!(cache.insert(&format!("p_{n}").parse().unwrap(), version(1)));
            assert!(cache.get(&ana(), NOW, FRESH).is_some());
        }
        assert_eq!(cache.len(), limits::CACHE_ENTRIES_MAX);
        assert_eq!(cache.get(&"p_0".parse().unwrap(), NOW, FRESH), None);

        let text: Rc<str> = "x".repeat(limits::CACHE_BYTES_MAX / 2).into();
        let copy = CachedProfile::Profile { version: 1, text };
        let huge = CacheEntry { profile: copy, since: NOW };
        for n in 0..3 {
            assert!(cache.insert(&format!("p_huge{n}").parse().unwrap(), huge.clone()));
        }
        assert_eq!(cache.len(), 2);
        assert_eq!(cache.order.len(), 2);
    }

    #[test]
    fn response_is_split_without_changing_the_text() {
        let text = r#"{"profiles":[{"player":"p_ana", "name":"Ana","version":3}, {"player":"p_bo"}]}"#;
        let copies: Vec<CachedProfile> = read(text).unwrap().into_iter().map(|(_, copy)| copy).collect();
        let copy = |version, text: &str| CachedProfile::Profile { version, text: text.into() };
        let ana = r#"{"player":"p_ana", "name":"Ana","version":3}"#;
        assert_eq!(copies, [copy(3, ana), copy(0, r#"{"player":"p_bo"}"#)]);
    }

    #[test]
    fn bodies_have_their_own_tags() {
        assert_ne!(tag("{}"), tag("[]"));
        assert_eq!(tag("{}"), tag("{}"));
    }
}
