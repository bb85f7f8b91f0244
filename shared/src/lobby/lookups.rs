//! The limits on region lookups.
//!
//! A few players are looked up at a time, the others in order of arrival. So a rush of players queues in the
//! lobby instead of in the region. A player has one lookup under way, an address a share of the queue, and commands that
//! repeat soon after a lookup are answered from it.

use crate::id::PlayerId;
use crate::limits;
use crate::rpc::record::MatchmakingProfile;
use crate::time::Time;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Lookups by number: those in flight, and those that wait.
#[derive(Debug, Clone, Default)]
pub(in crate::lobby) struct Lookups {
    in_flight: BTreeSet<u64>,
    waiting: VecDeque<Waiting>,
    by_player: BTreeMap<PlayerId, u64>,
    players: BTreeMap<u64, PlayerId>,
    /// The latest profiles, and when each was read.
    latest: BTreeMap<PlayerId, (Time, MatchmakingProfile)>,
    by_age: VecDeque<(Time, PlayerId)>,
}

/// A lookup that waits.
#[derive(Debug, Clone)]
struct Waiting {
    lookup: u64,
    since: Time,
    /// A hash of the client's address.
    address: u64,
}

/// The next step of a lookup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lobby) enum LookupStep {
    /// The lookup of this player starts now.
    Start(u64, PlayerId),
    /// The lookup waited longer than `limits::LOOKUP_QUEUE_TIMEOUT` and is dropped.
    Expired(u64),
}

impl Lookups {
    /// Returns the lookup of a player that is in flight or waits.
    pub(in crate::lobby) fn of(&self, player: &PlayerId) -> Option<u64> {
        self.by_player.get(player).copied()
    }

    /// Returns true if one more lookup from this address may start or wait.
    pub(in crate::lobby) fn has_room(&self, address: u64) -> bool {
        let of_address = self.waiting.iter().filter(|waiting| waiting.address == address).count();
        self.waiting.len() < limits::LOOKUPS_QUEUED_MAX && of_address < limits::LOOKUPS_PER_ADDRESS_MAX
    }

    /// Adds a lookup. `None` if it waits.
    pub(in crate::lobby) fn join(
        &mut self,
        now: Time,
        lookup: u64,
        player: &PlayerId,
        address: u64,
    ) -> Option<LookupStep> {
        if self.start(lookup, player) {
            return Some(LookupStep::Start(lookup, player.clone()));
        }
        self.by_player.insert(player.clone(), lookup);
        self.players.insert(lookup, player.clone());
        self.waiting.push_back(Waiting { lookup, since: now, address });
        None
    }

    /// Starts a lookup at once. False if as many as allowed are in flight.
    pub(in crate::lobby) fn start(&mut self, lookup: u64, player: &PlayerId) -> bool {
        if self.in_flight.len() >= limits::LOOKUPS_CONCURRENT_MAX {
            return false;
        }
        self.by_player.insert(player.clone(), lookup);
        self.players.insert(lookup, player.clone());
        self.in_flight.insert(lookup)
    }

    /// Removes a waiting lookup. One that is in flight ends with its answer.
    pub(in crate::lobby) fn leave(&mut self, lookup: u64) {
        let before = self.waiting.len();
        self.waiting.retain(|waiting| waiting.lookup != lookup);
        if self.waiting.len() < before {
            self.forget(lookup);
        }
    }

    /// Ends a lookup and returns the steps of the waiting ones.
    pub(in crate::lobby) fn done(&mut self, now: Time, lookup: u64) -> Vec<LookupStep> {
        if self.in_flight.remove(&lookup) {
            self.forget(lookup);
        }
        let mut steps = Vec::new();
        while self.in_flight.len() < limits::LOOKUPS_CONCURRENT_MAX
            && let Some(Waiting { lookup, since, .. }) = self.waiting.pop_front()
        {
            let player = self.players.get(&lookup).cloned();
            if let Some(player) = player.filter(|_| now.since(since) <= limits::LOOKUP_QUEUE_TIMEOUT) {
                self.in_flight.insert(lookup);
                steps.push(LookupStep::Start(lookup, player));
            } else {
                self.forget(lookup);
                steps.push(LookupStep::Expired(lookup));
            }
        }
        steps
    }

    fn forget(&mut self, lookup: u64) {
        if let Some(player) = self.players.remove(&lookup) {
            self.by_player.remove(&player);
        }
    }

    /// Keeps a profile for commands that follow soon.
    pub(in crate::lobby) fn keep(&mut self, now: Time, profile: &MatchmakingProfile) {
        self.drop_old(now);
        self.by_age.push_back((now, profile.player.clone()));
        self.latest.insert(profile.player.clone(), (now, profile.clone()));
    }

    /// Returns the profile of a player that was read a moment ago.
    pub(in crate::lobby) fn latest(&mut self, now: Time, player: &PlayerId) -> Option<MatchmakingProfile> {
        self.drop_old(now);
        self.latest.get(player).map(|(_, profile)| profile.clone())
    }

    /// Forgets the profile of a player whose match has begun: it changes with the match.
    pub(in crate::lobby) fn outdate(&mut self, player: &PlayerId) {
        self.latest.remove(player);
    }

    fn drop_old(&mut self, now: Time) {
        let is_old = |at: Time| now.since(at) > limits::LOOKUP_REUSE;
        while let Some((at, player)) = self.by_age.front()
            && (is_old(*at) || self.by_age.len() >= limits::LOOKUPS_KEPT_MAX)
        {
            if self.latest.get(player).is_some_and(|(read, _)| read == at) {
                self.latest.remove(player);
            }
            self.by_age.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::{Conn, ConnectionInput, Identity};
    use crate::lobby::{Disk, Effect, Entrant, Input, Lobby};
    use crate::pool::Shard;

    fn player(nth: u64) -> PlayerId {
        format!("p_{nth}").parse().unwrap()
    }

    fn start(lookup: u64) -> LookupStep {
        LookupStep::Start(lookup, player(lookup))
    }

    fn join(lookups: &mut Lookups, now: Time, lookup: u64) -> Option<LookupStep> {
        lookups.join(now, lookup, &player(lookup), lookup)
    }

    fn full(now: Time) -> Lookups {
        let mut lookups = Lookups::default();
        for lookup in 1..=limits::LOOKUPS_CONCURRENT_MAX as u64 {
            assert_eq!(join(&mut lookups, now, lookup), Some(start(lookup)));
        }
        lookups
    }

    #[test]
    fn waiting_lookups_start_in_order_of_arrival() {
        let mut lookups = full(Time::default());
        for lookup in [101, 102, 103] {
            assert_eq!(join(&mut lookups, Time::default(), lookup), None);
        }
        lookups.leave(102);
        assert_eq!(lookups.of(&player(102)), None);
        assert_eq!(lookups.done(Time::default(), 1), [start(101)]);
        // A repeated end frees one place only.
        assert_eq!(lookups.done(Time::default(), 1), []);
        assert_eq!(lookups.done(Time::default(), 101), [start(103)]);
        assert_eq!(lookups.done(Time::default(), 103), []);
        assert_eq!(join(&mut lookups, Time::default(), 104), Some(start(104)));
    }

    #[test]
    fn lookup_that_waited_too_long_expires_and_frees_its_place() {
        let mut lookups = full(Time::default());
        assert_eq!(join(&mut lookups, Time::from_ms(1), 101), None);
        assert_eq!(join(&mut lookups, Time::from_ms(2), 102), None);
        let late = Time::from_ms(2) + limits::LOOKUP_QUEUE_TIMEOUT;
        assert_eq!(lookups.done(late, 1), [LookupStep::Expired(101), start(102)]);
    }

    #[test]
    fn rush_is_looked_up_a_few_at_a_time_with_spread_retry_times() {
        let (mut lobby, now) = (lobby(), Time::from_ms(1000));
        let mut asked = VecDeque::new();
        let text = r#"{"id":1,"op":"enter","key":"k"}"#;
        for nth in 1..=50 {
            open(&mut lobby, now, nth, nth);
            let conn = Conn(nth);
            asked.extend(looked(&lobby.handle(now, ConnectionInput::Text { conn, text }.into())));
        }
        assert_eq!(asked.len(), limits::LOOKUPS_CONCURRENT_MAX);
        let (mut all, mut pauses) = (BTreeSet::new(), BTreeSet::new());
        while let Some(lookup) = asked.pop_front() {
            assert!(all.insert(lookup), "each lookup starts once");
            let answer = None;
            let effects = lobby.handle(now, Input::LookedUp { lookup, answer });
            asked.extend(looked(&effects));
            assert!(asked.len() <= limits::LOOKUPS_CONCURRENT_MAX);
            let said = effects.iter().find_map(|effect| match effect {
                Effect::Send { text, .. } => text.split_once("after_ms\":"),
                _ => None,
            });
            pauses.insert(said.unwrap().1[..4].to_owned());
        }
        assert_eq!(all.len(), 50);
        assert!(pauses.len() > 40, "{pauses:?}");
    }

    fn lobby() -> Lobby {
        let pool = crate::pool::read_one("p", serde_json::from_str(r#"{"seats":2}"#).unwrap()).unwrap();
        let (shard, disk) = (Shard::Child(0), Disk::default());
        Lobby::restore("p".parse().unwrap(), shard, &pool, &disk, &[], Time::from_ms(1000)).unwrap().0
    }

    fn open(lobby: &mut Lobby, now: Time, conn: u32, nth: u32) {
        drop(open_from(lobby, now, conn, nth, nth.into()));
    }

    /// Opens a socket from an address, and returns its attachment.
    fn open_from(lobby: &mut Lobby, now: Time, conn: u32, nth: u32, address: u64) -> Option<String> {
        let identity = Identity {
            player: player(nth.into()),
            sid: format!("s_{nth}").parse().unwrap(),
            ep: 0,
            exp: now + limits::RETRY_MAX,
        };
        let (conn, current_match) = (Conn(conn), None);
        let effects =
            lobby.handle(now, Input::Opened { conn, identity, current_match, address, trace: None });
        effects.into_iter().find_map(|effect| match effect {
            Effect::Attach { data, .. } => Some(data),
            _ => None,
        })
    }

    fn entrant(nth: u64) -> Entrant {
        let profile = serde_json::json!({
            "player": player(nth), "name": "", "rating": 1500.0, "banned": false, "ep": 0,
        });
        let profile = serde_json::from_value(profile).unwrap();
        Entrant { profile, current_match: None, random: 7 }
    }

    fn looked(effects: &[Effect]) -> Vec<u64> {
        let lookups = effects.iter().filter_map(|effect| match effect {
            Effect::LookUp { lookup, .. } => Some(*lookup),
            _ => None,
        });
        lookups.collect()
    }

    #[test]
    fn waiting_lookups_are_limited() {
        let mut lookups = full(Time::default());
        for lookup in 0..limits::LOOKUPS_QUEUED_MAX as u64 {
            assert!(lookups.has_room(0));
            join(&mut lookups, Time::default(), 1000 + lookup);
        }
        assert!(!lookups.has_room(0));
    }

    #[test]
    fn address_has_a_share_of_the_waiting_lookups() {
        let mut lookups = full(Time::default());
        for nth in 0..limits::LOOKUPS_PER_ADDRESS_MAX as u64 {
            assert!(lookups.has_room(7));
            lookups.join(Time::default(), 1000 + nth, &player(1000 + nth), 7);
        }
        assert!(!lookups.has_room(7) && lookups.has_room(8));
        lookups.leave(1000);
        assert!(lookups.has_room(7));
    }

    /// Returns true if the lobby accepts `enter` from this socket, so that it waits for its lookup.
    fn is_accepted(lobby: &mut Lobby, now: Time, conn: u32) -> bool {
        let (conn, text) = (Conn(conn), r#"{"id":1,"op":"enter","key":"k"}"#);
        let effects = lobby.handle(now, ConnectionInput::Text { conn, text }.into());
        !effects.iter().any(|effect| matches!(effect, Effect::Send { text, .. } if text.contains("\"err\":")))
    }

    #[test]
    fn players_of_one_address_share_its_part_of_the_queue_also_after_a_restart() {
        let now = Time::from_ms(1000);
        let (crowd, other) = (7, 8);
        let busy = u32::try_from(limits::LOOKUPS_CONCURRENT_MAX).unwrap();
        let part = u32::try_from(limits::LOOKUPS_PER_ADDRESS_MAX).unwrap();
        let (first, last) = (busy + 1, busy + part);
        let mut before = lobby();
        let attachments: Vec<String> = (1..=last + 2)
            .filter_map(|nth| {
                let address = if (first..=last + 1).contains(&nth) { crowd } else { other };
                open_from(&mut before, now, nth, nth, address)
            })
            .collect();
        let pool = before.pool.clone();
        let (name, shard) = ("p".parse().unwrap(), Shard::Child(0));
        let (after, _) = Lobby::restore(name, shard, &pool, &Disk::default(), &attachments, now).unwrap();
        for mut lobby in [before, after] {
            for nth in 1..=last {
                assert!(is_accepted(&mut lobby, now, nth), "{nth}");
            }
            assert!(!is_accepted(&mut lobby, now, last + 1), "one more from the same address");
            assert!(is_accepted(&mut lobby, now, last + 2), "another address");
        }
    }

    #[test]
    fn player_has_one_lookup_under_way_and_repeats_are_answered_from_it() {
        let mut lobby = lobby();
        let now = Time::from_ms(1000);
        let enter = |key: &str| format!(r#"{{"id":"{key}","op":"enter","key":"{key}"}}"#);
        let text = |lobby: &mut Lobby, conn, text: &str| {
            let conn = Conn(conn);
            lobby.handle(now, ConnectionInput::Text { conn, text }.into())
        };
        for conn in [1, 2] {
            open(&mut lobby, now, conn, 1);
        }
        let lookups = looked(&text(&mut lobby, 1, &enter("a")));
        assert_eq!(lookups.len(), 1);
        for (conn, key) in [(1, "b"), (2, "c")] {
            assert!(looked(&text(&mut lobby, conn, &enter(key))).is_empty());
        }
        // A client that hangs up and returns has still one lookup.
        lobby.handle(now, ConnectionInput::Closed { conn: Conn(1) }.into());
        open(&mut lobby, now, 3, 1);
        assert!(looked(&text(&mut lobby, 3, &enter("d"))).is_empty());
        let answer = Some(entrant(1));
        let effects = lobby.handle(now, Input::LookedUp { lookup: lookups[0], answer });
        let replies = effects
            .iter()
            .filter(|effect| matches!(effect, Effect::Send { text, .. } if text.contains(r#""ok":"#)));
        assert_eq!(replies.count(), 2, "both open sockets are answered: {effects:?}");
        // Leaving and entering again asks nothing, for a moment.
        for nth in 0..20 {
            text(&mut lobby, 3, r#"{"id":1,"op":"leave"}"#);
            assert!(looked(&text(&mut lobby, 3, &enter(&format!("e{nth}")))).is_empty());
        }
        text(&mut lobby, 3, r#"{"id":1,"op":"leave"}"#);
        let (later, conn) = (now + limits::LOOKUP_REUSE + std::time::Duration::from_millis(1), Conn(3));
        let effects = lobby.handle(later, ConnectionInput::Text { conn, text: &enter("f") }.into());
        assert_eq!(looked(&effects).len(), 1);
    }

    #[test]
    fn player_cannot_fill_the_queue_of_lookups() {
        let mut lobby = lobby();
        let now = Time::from_ms(1000);
        for nth in 1..=40 {
            open(&mut lobby, now, nth, nth);
            for id in 0..39 {
                let text = format!(r#"{{"id":{id},"op":"enter","key":"k{id}"}}"#);
                lobby.handle(now, ConnectionInput::Text { conn: Conn(nth), text: &text }.into());
            }
        }
        assert_eq!(lobby.lookups.waiting.len(), 40 - limits::LOOKUPS_CONCURRENT_MAX);
        assert!(lobby.pending_entries.len() <= 40 * limits::ENTRIES_PER_PLAYER_MAX);
    }
}
