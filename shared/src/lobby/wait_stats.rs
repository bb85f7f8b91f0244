//! Statistics of recent waits, and the queue state that all sockets receive.

use crate::id::PlayerId;
use crate::limits;
use crate::lobby::tickets::ticket::Ticket;
use crate::lobby::{Effect, Lobby, Row};
use crate::time::{self, Time};
use crate::wire::envelope::{Envelope, Text};
use crate::wire::lobby::{Event, QueueState, Welcome};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Recent waits, and the number of planned matches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::lobby) struct WaitStats {
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
}

/// The expected wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::lobby) struct Estimate {
    /// The median of recent waits, milliseconds.
    pub(in crate::lobby) p50: Option<u64>,
    /// The 90th percentile of recent waits, milliseconds.
    pub(in crate::lobby) p90: Option<u64>,
}

impl WaitStats {
    /// Adds a wait that ended in a match.
    pub(in crate::lobby) fn add(&mut self, now: Time, since: Time, class: u64) {
        let ms = time::ms(now.since(since));
        self.waits.push_back(Wait { at: now, ms, class });
        let over = self.waits.len().saturating_sub(limits::WAIT_SAMPLES_MAX);
        self.waits.drain(..over);
        let old = |wait: &Wait| now.since(wait.at) > limits::WAIT_SAMPLE_AGE_MAX;
        while self.waits.front().is_some_and(old) {
            self.waits.pop_front();
        }
    }

    /// Returns the expected wait of a class if it has enough recent waits, else of all tickets.
    pub(in crate::lobby) fn estimate(&self, class: Option<u64>) -> Estimate {
        let of = |class: Option<u64>| -> Vec<u64> {
            let alike = |wait: &&Wait| class.is_none_or(|class| wait.class == class);
            self.waits.iter().filter(alike).map(|wait| wait.ms).collect()
        };
        let mut waits = class.map(|class| of(Some(class))).unwrap_or_default();
        if waits.len() < limits::WAIT_SAMPLES_ALIKE_MIN {
            waits = of(None);
        }
        waits.sort_unstable();
        let nth = |percent: usize| waits.get(waits.len() * percent / 100).copied();
        Estimate { p50: nth(50), p90: nth(90) }
    }
}

impl Lobby {
    /// Records the wait of a ticket that ended in a match.
    pub(in crate::lobby) fn record_wait(&mut self, now: Time, ticket: &Ticket) {
        let class = self.tickets.index.class_hash(ticket);
        self.wait_stats.add(now, ticket.since, class);
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
        let mut texts: BTreeMap<Option<u64>, Text> = BTreeMap::new();
        let mut sends = Vec::new();
        for (conn, player) in self.recipients() {
            let class = self.tickets.of_player(player).map(|it| self.tickets.index.class_hash(it));
            let text = texts.entry(class).or_insert_with(|| {
                let state = self.queue_state(class);
                Envelope::ephemeral(Event::Lobby(state)).text()
            });
            let text = text.clone();
            sends.push(Effect::Send { conn, text });
        }
        self.pending.out.extend(sends);
    }

    /// Returns the number of waiting players, the number of tickets in one class, and the expected wait.
    fn queue_state(&self, class: Option<u64>) -> QueueState {
        let Estimate { p50, p90 } = self.wait_stats.estimate(class);
        QueueState {
            estimate_ms: p50,
            estimate_p90_ms: p90,
            like_you: class.map(|class| self.tickets.index.count_in_class(class)),
            waiting: self.tickets.player_count(),
        }
    }

    /// Returns the fields that a lobby adds to the welcome.
    pub(in crate::lobby) fn welcome_body(&self, player: &PlayerId) -> Welcome {
        let class = self.tickets.of_player(player).map(|ticket| self.tickets.index.class_hash(ticket));
        Welcome::new(self.pool_name.clone(), self.queue_state(class))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(waits: &[(u64, u64)], class: Option<u64>, p50: Option<u64>, p90: Option<u64>) {
        let mut stats = WaitStats::default();
        for &(ms, class) in waits {
            stats.add(Time::from_ms(1_000_000 + ms), Time::from_ms(1_000_000), class);
        }
        assert_eq!(stats.estimate(class), Estimate { p50, p90 });
    }

    #[test]
    fn estimate_uses_the_class_if_it_has_enough_waits() {
        check(&[], None, None, None);
        check(&[(10, 1), (20, 1), (90, 1)], Some(2), Some(20), Some(90));
        let mixed: Vec<(u64, u64)> = (0..20).map(|n| (n * 10, n % 2)).collect();
        check(&mixed, Some(1), Some(110), Some(190));
        check(&mixed, None, Some(100), Some(180));
    }

    #[test]
    fn old_waits_are_removed() {
        let mut stats = WaitStats::default();
        let t = |ms| Time::from_ms(ms);
        stats.add(t(5), t(0), 0);
        let later = t(6) + limits::WAIT_SAMPLE_AGE_MAX;
        stats.add(later, later - std::time::Duration::from_millis(3), 0);
        assert_eq!(stats.estimate(None).p50, Some(3));
    }
}
