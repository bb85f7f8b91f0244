//! Sort keys whose text order is the order of a list: bans, match history, disputes, leaderboards and open reports.

use super::index::{BAN_PREFIX, NOTE_PREFIX, REPORT_ABOUT_PREFIX};
use crate::domain::history::{HistoryCursor, TIME_MAX};
use crate::domain::leaderboard::{RankKey, Score};
use crate::domain::report::Case;
use crate::domain::webhook::event::Order;
use shared::id::{AuditId, BanId, MessageId, NoteId, ReportId, RoomId};
use shared::time::Time;
use std::fmt::Display;
use std::str::FromStr;

/// A text before all sort keys that begin with a digit.
pub const BEFORE_ALL: &str = "0";
/// A text after all sort keys that begin with a digit.
pub const AFTER_ALL: &str = "~";

/// The text directly after a sort key: before all longer sort keys that begin with it.
#[must_use]
pub fn directly_after(sort_key: &str) -> String {
    format!("{sort_key}!")
}

/// Thirteen digits of milliseconds: their text order is the order of time.
fn digits(time: Time) -> String {
    format!("{:013}", time.ms())
}

/// The moment that thirteen digits say.
fn parse_digits(text: &str) -> Option<Time> {
    let well_formed = text.len() == 13 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| well_formed).map(Time::from_ms)
}

/// The sort key of a ban. The profile names its active ban by it.
#[must_use]
pub fn ban_sort_key(decided: Time, ban: &BanId) -> String {
    oldest_first(BAN_PREFIX, decided, ban)
}

/// Returns when a ban was decided, and its id, from the ban's sort key.
#[must_use]
pub fn parse_ban_sort_key(key: &str) -> Option<(Time, BanId)> {
    parse_oldest_first(BAN_PREFIX, key)
}

/// The sort key of a report in the list of the reported player.
#[must_use]
pub fn report_about_sort_key(created: Time, report: &ReportId) -> String {
    oldest_first(REPORT_ABOUT_PREFIX, created, report)
}

/// Returns when the region received a report, and its id, from its sort key in the list of the reported player.
#[must_use]
pub fn parse_report_about_sort_key(key: &str) -> Option<(Time, ReportId)> {
    parse_oldest_first(REPORT_ABOUT_PREFIX, key)
}

/// The sort key of a note about a player.
#[must_use]
pub fn note_sort_key(written: Time, note: &NoteId) -> String {
    oldest_first(NOTE_PREFIX, written, note)
}

/// Returns when a note was written, and its id, from its sort key.
#[must_use]
pub fn parse_note_sort_key(key: &str) -> Option<(Time, NoteId)> {
    parse_oldest_first(NOTE_PREFIX, key)
}

/// The sort key of an action in the audit trail: the newest first in text order.
#[must_use]
pub fn audit_sort_key(at: Time, id: &AuditId) -> String {
    newest_first(at, id)
}

/// Returns when an action happened, and its id, from its sort key.
#[must_use]
pub fn parse_audit_sort_key(key: &str) -> Option<(Time, AuditId)> {
    parse_newest_first(key)
}

/// The sort key of an open room, in its partition and in the index of its pool: the newest first in text order.
#[must_use]
pub fn open_room_sort_key(created: Time, id: &RoomId) -> String {
    newest_first(created, id)
}

/// Returns when a room was created, and its id, from its sort key.
#[must_use]
pub fn parse_open_room_sort_key(key: &str) -> Option<(Time, RoomId)> {
    parse_newest_first(key)
}

/// The sort key of an event in its line, by its place there.
#[must_use]
pub fn delivery_sort_key(order: Order, id: &MessageId) -> String {
    match order {
        Order::First => format!("0#{id}"),
        Order::At(at, last) => format!("1#{}#{}#{id}", digits(at.min(TIME_MAX)), u8::from(last)),
        Order::Last => format!("2#{id}"),
    }
}

/// The index sort key of an event by the time at which it is due.
#[must_use]
pub fn due_sort_key(due: Time, id: &MessageId) -> String {
    format!("{}#{id}", digits(due.min(TIME_MAX)))
}

/// The text after the index sort keys of all events that are due at this time.
#[must_use]
pub fn due_end(now: Time) -> String {
    format!("{}{AFTER_ALL}", digits(now))
}

/// Returns when an event is due, from its index sort key.
#[must_use]
pub fn parse_due(key: &str) -> Option<Time> {
    parse_digits(key.split_once('#')?.0)
}

/// The index sort key of a dead event: the newest first in text order.
#[must_use]
pub fn dead_sort_key(died: Time, id: &MessageId) -> String {
    newest_first(died, id)
}

/// Returns whether a text is the index sort key of a dead event.
#[must_use]
pub fn is_dead_sort_key(key: &str) -> bool {
    parse_newest_first::<MessageId>(key).is_some()
}

/// A sort key `{prefix}{at, 13 digits of ms}#{id}`: text order has the oldest first.
fn oldest_first(prefix: &str, at: Time, id: &impl Display) -> String {
    format!("{prefix}{}#{id}", digits(at))
}

fn parse_oldest_first<I: FromStr>(prefix: &str, key: &str) -> Option<(Time, I)> {
    let (at, id) = key.strip_prefix(prefix)?.split_once('#')?;
    Some((parse_digits(at)?, id.parse().ok()?))
}

/// A sort key `{9999999999999 - at, 13 digits of ms}#{id}`: text order has the newest first.
fn newest_first(at: Time, id: &impl Display) -> String {
    let left = TIME_MAX.ms().saturating_sub(at.ms());
    format!("{}#{id}", digits(Time::from_ms(left)))
}

fn parse_newest_first<I: FromStr>(key: &str) -> Option<(Time, I)> {
    let (left, id) = key.split_once('#')?;
    let at = TIME_MAX.ms().checked_sub(parse_digits(left)?.ms())?;
    Some((Time::from_ms(at), id.parse().ok()?))
}

impl HistoryCursor {
    /// The sort key: `{ended, 13 digits of ms}#{match}`, so that text order is time order.
    #[must_use]
    pub fn sort_key(&self) -> String {
        format!("{}#{}", digits(self.ended), self.id)
    }

    /// Parses the sort key of a player's copy of a match.
    #[must_use]
    pub fn parse(key: &str) -> Option<Self> {
        let (ended, id) = key.split_once('#')?;
        Some(Self { ended: parse_digits(ended)?, id: id.parse().ok()? })
    }

    /// The sort key in the queue of disputes: `{9999999999999 - ended, 13 digits of ms}#{match}`, so that text order has
    /// the newest match first.
    #[must_use]
    pub fn newest_first(&self) -> String {
        newest_first(self.ended, &self.id)
    }

    /// Parses the sort key of a match in the queue of disputes.
    #[must_use]
    pub fn parse_newest_first(key: &str) -> Option<Self> {
        let (ended, id) = parse_newest_first(key)?;
        Some(Self { ended, id })
    }
}

/// The sort keys between which all matches lie that ended at `from` or later, and before `to`.
#[must_use]
pub fn history_range(from: Option<Time>, to: Option<Time>) -> (String, String) {
    let bound = |time: Time| digits(time.min(TIME_MAX));
    (from.map_or_else(|| BEFORE_ALL.to_owned(), bound), to.map_or_else(|| AFTER_ALL.to_owned(), bound))
}

impl RankKey {
    /// The sort key: `{score, 8 digits}#{9999999999999 - ms, 13 digits}#{player}`, so that text order is rank
    /// order.
    #[must_use]
    pub fn sort_key(&self) -> String {
        let left = TIME_MAX.ms().saturating_sub(self.at.ms());
        format!("{}#{left:013}#{}", score_digits(self.score), self.player)
    }

    /// Parses the index sort key of a rating.
    #[must_use]
    pub fn parse(key: &str) -> Option<Self> {
        let (score, rest) = key.split_once('#')?;
        let (left, player) = rest.split_once('#')?;
        Some(Self {
            score: Score::from_stored(score.parse().ok()?),
            at: Time::from_ms(TIME_MAX.ms().checked_sub(left.parse().ok()?)?),
            player: player.parse().ok()?,
        })
    }
}

/// The text after all sort keys of this score, and before those of higher scores.
#[must_use]
pub fn same_score_end(score: Score) -> String {
    format!("{}{AFTER_ALL}", score_digits(score))
}

fn score_digits(score: Score) -> String {
    format!("{:08}", score.stored())
}

impl Case {
    /// The index sort key while the report is open: the oldest report first.
    #[must_use]
    pub fn queue_key(&self) -> String {
        format!("{}#{}", digits(self.created), self.report.id)
    }

    /// Returns whether a text is the index sort key of an open report.
    #[must_use]
    pub fn is_queue_key(text: &str) -> bool {
        text.split_once('#')
            .is_some_and(|(created, id)| parse_digits(created).is_some() && id.parse::<ReportId>().is_ok())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::domain::leaderboard::SCORE_STORED_MAX;

    #[test]
    fn history_cursor_parses_its_own_sort_key() {
        let cursor = HistoryCursor { ended: Time::from_ms(42), id: "m_a".parse().unwrap() };
        assert_eq!(cursor.sort_key(), "0000000000042#m_a");
        assert_eq!(HistoryCursor::parse(&cursor.sort_key()), Some(cursor));
        for key in ["", "42#m_a", "0000000000042#p_a", "0000000000042"] {
            assert_eq!(HistoryCursor::parse(key), None, "{key}");
        }
    }

    #[test]
    fn newer_dispute_comes_first() {
        let cursor = |ended| HistoryCursor { ended: Time::from_ms(ended), id: "m_a".parse().unwrap() };
        let (older, newer) = (cursor(42), cursor(43));
        assert_eq!(older.newest_first(), "9999999999957#m_a");
        assert!(newer.newest_first() < older.newest_first());
        assert_eq!(HistoryCursor::parse_newest_first(&older.newest_first()), Some(older));
        for key in ["", "42#m_a", "9999999999957#p_a", "9999999999957"] {
            assert_eq!(HistoryCursor::parse_newest_first(key), None, "{key}");
        }
    }

    #[test]
    fn place_in_a_line_is_the_order_of_events() {
        let id: MessageId = "w_1".parse().unwrap();
        let at = |ms| Time::from_ms(ms);
        let rising = [
            Order::First,
            Order::At(at(5), false),
            Order::At(at(5), true),
            Order::At(at(40), false),
            Order::At(at(u64::MAX), false),
            Order::Last,
        ];
        for pair in rising.windows(2) {
            assert!(delivery_sort_key(pair[0], &id) < delivery_sort_key(pair[1], &id), "{pair:?}");
        }
        let due = due_sort_key(at(42), &id);
        assert_eq!((due.as_str(), parse_due(&due)), ("0000000000042#w_1", Some(at(42))));
        assert!(due < due_end(at(42)) && due > due_end(at(41)));
        assert!(is_dead_sort_key(&dead_sort_key(at(42), &id)) && !is_dead_sort_key("42#w_1"));
    }

    #[test]
    fn ban_parses_its_own_sort_key() {
        let (decided, id) = (Time::from_ms(42), "b_1".parse().unwrap());
        let key = ban_sort_key(decided, &id);
        assert_eq!(key, "BAN#0000000000042#b_1");
        assert_eq!(parse_ban_sort_key(&key), Some((decided, id)));
        for key in ["", "BAN#42#b_1", "0000000000042#b_1", "BAN#0000000000042#p_1"] {
            assert_eq!(parse_ban_sort_key(key), None, "{key}");
        }
    }

    #[test]
    fn rank_sort_keys_are_in_rank_order() {
        let rank = |score, at, player: &str| RankKey {
            score: Score::from_stored(score),
            at: Time::from_ms(at),
            player: player.parse().unwrap(),
        };
        let rising = [
            rank(0, 5, "p_a"),
            rank(9, 5, "p_a"),
            rank(10, 5, "p_a"),
            rank(10, 4, "p_a"),
            rank(10, 4, "p_a1"),
            rank(10, 4, "p_b"),
            rank(SCORE_STORED_MAX, 1, "p_a"),
        ];
        for pair in rising.windows(2) {
            let [one, other] = pair else { continue };
            assert!(one < other && one.sort_key() < other.sort_key(), "{one:?} {other:?}");
            assert_eq!(RankKey::parse(&one.sort_key()).as_ref(), Some(one));
        }
        let [one, .., last] = &rising;
        assert!(one.sort_key() < same_score_end(one.score));
        assert!(last.sort_key() < same_score_end(last.score));
        assert!(same_score_end(one.score) < rising[1].sort_key());
        for key in ["", "1#2", "1#2#x", "-1#0#p_a", "1#99999999999999#p_a"] {
            assert_eq!(RankKey::parse(key), None, "{key}");
        }
    }

    #[test]
    fn queue_key_is_a_moment_and_a_report() {
        assert!(Case::is_queue_key("1733000000000#r_1"));
        for bad in ["", "1733000000000", "1#r_1", "1733000000000#p_1"] {
            assert!(!Case::is_queue_key(bad), "{bad}");
        }
    }
}
