//! Statistics of recent waits, and the queue state that all sockets receive.

use crate::id::PlayerId;
use crate::limits;
use crate::lobby::tickets::ticket::Ticket;
use crate::lobby::{Effect, Lobby, Row};
use crate::pool::Pool;
use crate::time::{self, Time};
use crate::wire::envelope::{Envelope, Text};
use crate::wire::lobby::{Event, QueueState, Welcome};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Recent waits, and the number of planned matches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitStats {
    /// The number of planned matches. It makes the room of a second match of the same tickets distinct.
    pub(in crate::lobby) generation: u64,
    waits: VecDeque<Wait>,
}

/// One wait that ended in a match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Wait {
    at: Time,
    ms: u64,
    /// The class hash of the ticket.
    #[serde(rename = "like")]
    class: u64,
    /// The rating of the ticket, rounded; 0 in a pool without ratings.
    #[serde(default)]
    rating: i32,
}

/// The tickets whose waits are similar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alike {
    /// The class hash.
    class: u64,
    /// The rating, rounded so that the tickets of one band share an estimate; 0 in a pool without ratings.
    rating: i32,
}

/// The expected wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Estimate {
    /// The median of recent waits, milliseconds.
    pub p50: Option<u64>,
    /// The 90th percentile of recent waits, milliseconds.
    pub p90: Option<u64>,
}

impl Alike {
    /// Returns the tickets whose waits are similar to this ticket's, which has this class hash.
    #[must_use]
    pub fn to(ticket: &Ticket, class: u64, pool: &Pool) -> Self {
        #[allow(clippy::cast_possible_truncation)]
        let rating = pool.rating.map_or(0, |_| ticket.rating().round() as i32);
        Self { class, rating: band(rating).saturating_mul(BAND).saturating_add(BAND / 2) }
    }
}

impl WaitStats {
    /// Adds a wait that ended in a match. Above the limit the oldest wait of the fullest rating band is removed, so
    /// that rare ratings keep their samples.
    pub fn add(&mut self, now: Time, since: Time, alike: Alike) {
        let ms = time::ms(now.since(since));
        let Alike { class, rating } = alike;
        self.waits.retain(|wait| is_recent(now, wait));
        self.waits.push_back(Wait { at: now, ms, class, rating });
        if self.waits.len() > limits::WAIT_SAMPLES_MAX {
            let mut bands: BTreeMap<i32, usize> = BTreeMap::new();
            for wait in &self.waits {
                *bands.entry(band(wait.rating)).or_default() += 1;
            }
            let fullest = bands.into_iter().max_by_key(|(_, waits)| *waits).map(|(band, _)| band);
            let oldest = self.waits.iter().position(|wait| Some(band(wait.rating)) == fullest);
            oldest.and_then(|oldest| self.waits.remove(oldest));
        }
    }

    /// Returns the expected wait of similar tickets: of their class if it has enough recent waits, and of these the
    /// ones with a near rating. Waits that are too old when the estimate is read do not count.
    #[must_use]
    pub fn estimate(&self, now: Time, alike: Option<Alike>) -> Estimate {
        let recent = || self.waits.iter().filter(|wait| is_recent(now, wait));
        let mut waits: Vec<&Wait> = recent().collect();
        if let Some(alike) = alike {
            let of_class: Vec<&Wait> = recent().filter(|wait| wait.class == alike.class).collect();
            if of_class.len() >= limits::WAIT_SAMPLES_ALIKE_MIN {
                waits = of_class;
            }
            let distance = |wait: &&Wait| f64::from(wait.rating.saturating_sub(alike.rating)).abs();
            waits.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
            let near = waits.partition_point(|wait| distance(wait) <= limits::WAIT_SAMPLE_BAND);
            waits.truncate(near.max(limits::WAIT_SAMPLES_ALIKE_MIN));
        }
        let mut waits: Vec<u64> = waits.into_iter().map(|wait| wait.ms).collect();
        waits.sort_unstable();
        let nth = |percent: usize| waits.get(waits.len() * percent / 100).copied();
        Estimate { p50: nth(50), p90: nth(90) }
    }
}

fn is_recent(now: Time, wait: &Wait) -> bool {
    now.since(wait.at) <= limits::WAIT_SAMPLE_AGE_MAX
}

/// Returns the band of ratings that share an estimate.
fn band(rating: i32) -> i32 {
    rating.div_euclid(BAND)
}

/// Rating points of a band.
const BAND: i32 = 50;

impl Lobby {
    /// Returns the tickets whose waits are similar to this ticket's.
    pub(in crate::lobby) fn alike(&self, ticket: &Ticket) -> Alike {
        Alike::to(ticket, self.tickets.index.class_hash(ticket), &self.pool)
    }

    /// Records the wait of a ticket that ended in a match.
    pub(in crate::lobby) fn record_wait(&mut self, now: Time, ticket: &Ticket) {
        let alike = self.alike(ticket);
        self.wait_stats.add(now, ticket.since, alike);
        self.pending.rows.insert(Row::WaitStats);
    }

    /// Sends the queue state to all sockets after a change, at most once per `limits::LOBBY_UPDATE_INTERVAL`.
    pub(in crate::lobby) fn broadcast_stats(&mut self, now: Time) {
        if !self.stats_changed
            || self.sockets.is_empty()
            || now.since(self.stats_sent_at) < limits::LOBBY_UPDATE_INTERVAL
        {
            return;
        }
        self.stats_changed = false;
        self.stats_sent_at = now;
        let mut texts: BTreeMap<Option<Alike>, Text> = BTreeMap::new();
        let mut sends = Vec::new();
        for (conn, player) in self.recipients() {
            let alike = self.tickets.of_player(player).map(|it| self.alike(it));
            let text = texts.entry(alike).or_insert_with(|| {
                let state = self.queue_state(now, alike);
                Envelope::ephemeral(Event::Lobby(state)).text()
            });
            let text = text.clone();
            sends.push(Effect::Send { conn, text });
        }
        self.pending.out.extend(sends);
    }

    /// Returns the number of waiting players, the number of tickets in one class, and the expected wait.
    fn queue_state(&self, now: Time, alike: Option<Alike>) -> QueueState {
        let Estimate { p50, p90 } = self.wait_stats.estimate(now, alike);
        QueueState {
            estimate_ms: p50,
            estimate_p90_ms: p90,
            like_you: alike.map(|alike| self.tickets.index.count_in_class(alike.class)),
            waiting: self.tickets.player_count(),
        }
    }

    /// Returns the fields that a lobby adds to the welcome.
    pub(in crate::lobby) fn welcome_body(&self, now: Time, player: &PlayerId) -> Welcome {
        let alike = self.tickets.of_player(player).map(|ticket| self.alike(ticket));
        Welcome::new(self.pool_name.clone(), self.queue_state(now, alike))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_ms(1_000_000);

    fn alike(class: u64, rating: i32) -> Alike {
        Alike { class, rating }
    }

    /// Adds waits of a class, each with its length, the class and the rating.
    fn stats(waits: &[(u64, u64, i32)]) -> WaitStats {
        let mut stats = WaitStats::default();
        for &(ms, class, rating) in waits {
            stats.add(NOW + std::time::Duration::from_millis(ms), NOW, alike(class, rating));
        }
        stats
    }

    fn check(waits: &[(u64, u64, i32)], of: Option<Alike>, p50: Option<u64>, p90: Option<u64>) {
        assert_eq!(stats(waits).estimate(NOW, of), Estimate { p50, p90 });
    }

    #[test]
    fn estimate_uses_the_class_if_it_has_enough_waits() {
        check(&[], None, None, None);
        check(&[(10, 1, 0), (20, 1, 0), (90, 1, 0)], Some(alike(2, 0)), Some(20), Some(90));
        let mixed: Vec<_> = (0..20).map(|n| (n * 10, n % 2, 0)).collect();
        check(&mixed, Some(alike(1, 0)), Some(110), Some(190));
        check(&mixed, None, Some(100), Some(180));
    }

    #[test]
    fn estimate_uses_near_ratings() {
        // Ten players in the middle wait 1 s, ten at the edge a minute.
        let waits: Vec<_> = (0..10).flat_map(|n| [(1000 + n, 1, 1500), (60_000 + n, 1, 2400)]).collect();
        check(&waits, Some(alike(1, 1525)), Some(1005), Some(1009));
        check(&waits, Some(alike(1, 2375)), Some(60_005), Some(60_009));
        check(&waits, Some(alike(1, 3900)), Some(60_004), Some(60_007));
    }

    #[test]
    fn rare_ratings_keep_their_samples_among_many_others() {
        let rare = (0..8).map(|n| (60_000 + n, 1, 2400));
        let many = (0..10 * limits::WAIT_SAMPLES_MAX as u64).map(|n| (100_000 + n / 100, 1, 1500));
        let stats = stats(&rare.chain(many).collect::<Vec<_>>());
        assert_eq!(stats.waits.len(), limits::WAIT_SAMPLES_MAX);
        assert_eq!(stats.estimate(NOW, Some(alike(1, 2400))).p50, Some(60_004));
    }

    #[test]
    fn waits_that_are_too_old_when_read_do_not_count() {
        let stats = stats(&[(3000, 1, 0)]);
        let last = NOW + std::time::Duration::from_secs(3);
        assert_eq!(stats.estimate(last + limits::WAIT_SAMPLE_AGE_MAX, None).p50, Some(3000));
        let later = last + limits::WAIT_SAMPLE_AGE_MAX + std::time::Duration::from_millis(1);
        assert_eq!(stats.estimate(later, None), Estimate::default());
    }

    #[test]
    fn old_waits_are_removed() {
        let mut stats = stats(&[(5, 0, 0)]);
        let later = NOW + limits::WAIT_SAMPLE_AGE_MAX + std::time::Duration::from_millis(6);
        stats.add(later, later, alike(0, 0));
        assert_eq!(stats.waits.len(), 1);
    }
}
