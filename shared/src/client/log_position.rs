//! A client's position in an object's log: tells new events, duplicates and gaps apart.

use crate::wire::welcome::Welcome;
use std::fmt::Write as _;

/// An epoch of the log, and the last position that the client has seen in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogPosition {
    /// Without an epoch the server sends a snapshot.
    pub epoch: Option<String>,
    pub at: u64,
}

/// The manner of an opening.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Manner {
    /// Opens as a spectator.
    pub watches: bool,
    /// Opens only where no other connection of the player has to give way.
    pub yields: bool,
}

/// The result of comparing an event with the position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PositionCheck {
    /// The event has no position.
    Ephemeral,
    /// The event follows the last one, and has this position.
    Next(u64),
    /// The client has the event already.
    Duplicate,
    /// Events before this one are missing.
    Gap,
}

impl LogPosition {
    /// Returns the position after a welcome: that of its snapshot, or the known one, or the one before the replayed events.
    #[must_use]
    pub fn after_welcome<W>(&self, welcome: &Welcome<W>, snapshot_at: Option<u64>) -> Self {
        let is_same = self.epoch.as_ref() == Some(&welcome.epoch);
        let at = match snapshot_at {
            Some(at) => at,
            None if welcome.recovered && is_same => self.at,
            None => welcome.at.saturating_sub(welcome.replayed),
        };
        Self { epoch: Some(welcome.epoch.clone()), at }
    }

    /// Compares the position of an event. Positions are contiguous for every recipient, counting each `skip`.
    #[must_use]
    pub fn check(&self, at: Option<u64>) -> PositionCheck {
        match at {
            None => PositionCheck::Ephemeral,
            Some(at) if at <= self.at => PositionCheck::Duplicate,
            Some(at) if at == self.at + 1 => PositionCheck::Next(at),
            Some(_) => PositionCheck::Gap,
        }
    }

    /// Returns the query of an opening: the position to resume from, and the manner.
    #[must_use]
    pub fn query(&self, manner: Manner) -> String {
        let mut query = String::new();
        let mut add = |name: &str, value: &str| {
            let mark = if query.is_empty() { '?' } else { '&' };
            let _ = write!(query, "{mark}{name}={value}");
        };
        if let Some(epoch) = &self.epoch {
            let epoch: String = form_urlencoded::byte_serialize(epoch.as_bytes()).collect();
            add("epoch", &epoch);
            add("at", &self.at.to_string());
        }
        if manner.watches {
            add("watch", "1");
        }
        if manner.yields {
            add("yield", "1");
        }
        query
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(at: u64) -> LogPosition {
        LogPosition { epoch: Some("e1".into()), at }
    }

    #[test]
    fn event_is_next_duplicate_or_after_a_gap() {
        assert_eq!(at(5).check(Some(6)), PositionCheck::Next(6));
        assert_eq!(at(5).check(Some(5)), PositionCheck::Duplicate);
        assert_eq!(at(5).check(Some(1)), PositionCheck::Duplicate);
        assert_eq!(at(5).check(Some(7)), PositionCheck::Gap);
        assert_eq!(at(5).check(None), PositionCheck::Ephemeral);
    }

    #[test]
    fn query_has_what_the_opening_needs() {
        assert_eq!(LogPosition::default().query(Manner::default()), "");
        assert_eq!(at(5).query(Manner { yields: true, ..Manner::default() }), "?epoch=e1&at=5&yield=1");
        assert_eq!(LogPosition::default().query(Manner { watches: true, ..Manner::default() }), "?watch=1");
    }
}
