//! What the last minutes say about the wait, and what everybody in the queue is told of it.

use super::ticket::Ticket;
use super::{Effect, Lobby, Row};
use crate::caps;
use crate::id::PlayerId;
use crate::protocol::event::{self, Text};
use crate::time::{self, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};

/// How long people have waited, and how many matches were made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally {
    /// Counts the matches, so that the same people get another room the next time.
    pub(super) generation: u64,
    waits: VecDeque<Wait>,
}

/// One wait that ended in a match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Wait {
    at: Time,
    ms: u64,
    /// Of which kind of ticket.
    like: u64,
}

/// What to expect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Estimate {
    /// Half of the last ones waited no longer, milliseconds.
    #[serde(rename = "estimate_ms")]
    p50: Option<u64>,
    /// Nine of ten did.
    #[serde(rename = "estimate_p90_ms")]
    p90: Option<u64>,
}

impl Tally {
    /// Somebody's wait ended in a match.
    pub(super) fn waited(&mut self, now: Time, since: Time, like: u64) {
        let ms = time::ms(now.since(since));
        self.waits.push_back(Wait { at: now, ms, like });
        let over = self.waits.len().saturating_sub(caps::WAITS);
        self.waits.drain(..over);
        let old = |wait: &Wait| now.since(wait.at) > caps::WAITS_AGE;
        while self.waits.front().is_some_and(old) {
            self.waits.pop_front();
        }
    }

    /// What those waited who were alike, where enough of them did; else what all did.
    pub(super) fn estimate(&self, like: Option<u64>) -> Estimate {
        let of = |like: Option<u64>| -> Vec<u64> {
            let alike = |wait: &&Wait| like.is_none_or(|like| wait.like == like);
            self.waits.iter().filter(alike).map(|wait| wait.ms).collect()
        };
        let mut waits = like.map(|like| of(Some(like))).unwrap_or_default();
        if waits.len() < caps::WAITS_ALIKE {
            waits = of(None);
        }
        waits.sort_unstable();
        let nth = |percent: usize| waits.get(waits.len() * percent / 100).copied();
        Estimate { p50: nth(50), p90: nth(90) }
    }
}

impl Lobby {
    /// A wait ended in a match.
    pub(super) fn note_wait(&mut self, now: Time, ticket: &Ticket) {
        let like = self.book.waiting.like(ticket);
        self.tally.waited(now, ticket.since, like);
        self.turn.rows.insert(Row::Tally);
    }

    /// How many wait, how many like oneself, and what to expect: at most every two seconds.
    pub(super) fn tell_lobby(&mut self, now: Time) {
        if !self.changed || self.sockets.is_empty() || now.since(self.told) < caps::LOBBY_EVERY {
            return;
        }
        self.changed = false;
        self.told = now;
        let mut texts: BTreeMap<Option<u64>, Text> = BTreeMap::new();
        let mut sends = Vec::new();
        for (conn, player) in self.recipients() {
            let like = self.book.of(player).map(|it| self.book.waiting.like(it));
            let text = texts.entry(like).or_insert_with(|| {
                let body = Value::Object(self.state_of_queue(like));
                event::fleeting("lobby", None, Some(&body))
            });
            let text = text.clone();
            sends.push(Effect::Send { conn, text });
        }
        self.turn.out.extend(sends);
    }

    /// How many wait, how many of one kind, and what to expect.
    fn state_of_queue(&self, like: Option<u64>) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("waiting".into(), self.book.people().into());
        if let Some(like) = like {
            body.insert("like_you".into(), self.book.waiting.alike(like).into());
        }
        if let Ok(Value::Object(estimate)) = serde_json::to_value(self.tally.estimate(like)) {
            body.extend(estimate);
        }
        body
    }

    /// What a welcome says of the queue.
    pub(super) fn welcome_body(&self, player: &PlayerId) -> Map<String, Value> {
        let like = self.book.of(player).map(|it| self.book.waiting.like(it));
        let mut more = self.state_of_queue(like);
        more.insert("pool".into(), json!(self.pool_name));
        more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(waits: &[(u64, u64)], like: Option<u64>, p50: Option<u64>, p90: Option<u64>) {
        let mut tally = Tally::default();
        for &(ms, like) in waits {
            tally.waited(Time::from_ms(1_000_000 + ms), Time::from_ms(1_000_000), like);
        }
        assert_eq!(tally.estimate(like), Estimate { p50, p90 });
    }

    #[test]
    fn those_who_were_alike_count_where_they_are_enough() {
        check(&[], None, None, None);
        check(&[(10, 1), (20, 1), (90, 1)], Some(2), Some(20), Some(90));
        let mixed: Vec<(u64, u64)> = (0..20).map(|n| (n * 10, n % 2)).collect();
        check(&mixed, Some(1), Some(110), Some(190));
        check(&mixed, None, Some(100), Some(180));
    }

    #[test]
    fn what_is_long_ago_counts_no_more() {
        let mut tally = Tally::default();
        let t = |ms| Time::from_ms(ms);
        tally.waited(t(5), t(0), 0);
        let later = t(6) + caps::WAITS_AGE;
        tally.waited(later, later - std::time::Duration::from_millis(3), 0);
        assert_eq!(tally.estimate(None).p50, Some(3));
    }
}
