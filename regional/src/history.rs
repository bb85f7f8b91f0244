//! What happened to a player: finished matches, newest first, page by page.

use crate::error::Refusal;
use crate::http::problem::Code;
use shared::caps;
use shared::id::RoomId;
use shared::record::MatchRecord;
use shared::time::Time;
use std::collections::BTreeSet;

/// The last moment that fits the 13 digits of a sort key: in the year 2286.
pub const LAST: Time = Time::from_ms(9_999_999_999_999);

/// A match's place in a player's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// When it ended.
    pub ended: Time,
    /// Which.
    pub id: RoomId,
}

impl Place {
    /// The sort key: `{ended, 13 digits of ms}#{match}`, so that text order is time order.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{:013}#{}", self.ended.ms(), self.id)
    }

    /// A place from its sort key.
    #[must_use]
    pub fn of(key: &str) -> Option<Self> {
        let (ms, id) = key.split_once('#')?;
        if ms.len() != 13 || !ms.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Some(Self { ended: Time::from_ms(ms.parse().ok()?), id: id.parse().ok()? })
    }
}

/// Checks a record that the edge sends. One that is wrong will be wrong again, so it is refused, not failed.
pub fn check(record: &MatchRecord) -> Result<(), Refusal> {
    let bad = |field: &str, detail: String| Err(Refusal::new(Code::BadBody, detail).field(field));
    if record.players.len() > caps::SEATS {
        let detail = format!("A match has at most {} players.", caps::SEATS);
        return bad("players", detail);
    }
    let distinct: BTreeSet<_> = record.players.iter().map(|one| &one.player).collect();
    if distinct.len() != record.players.len() {
        return bad("players", "A player has one seat in a match.".into());
    }
    if record.players.iter().any(|one| one.name.chars().count() > caps::NAME_CHARS) {
        let detail = format!("A name has at most {} characters.", caps::NAME_CHARS);
        return bad("players", detail);
    }
    if record.started > record.ended || record.ended > LAST {
        return bad("ended", "A match ends after it has started, and before 2286.".into());
    }
    if record.result.to_string().len() > caps::RESULT_BYTES {
        let detail = format!("A result has at most {} bytes of JSON.", caps::RESULT_BYTES);
        return bad("result", detail);
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let place = Place { ended: Time::from_ms(42), id: "m_a".parse().unwrap() };
        assert_eq!(place.key(), "0000000000042#m_a");
        assert_eq!(Place::of(&place.key()), Some(place));
        for key in ["", "42#m_a", "0000000000042#p_a", "0000000000042"] {
            assert_eq!(Place::of(key), None, "{key}");
        }
    }

    fn record(change: impl FnOnce(&mut MatchRecord)) -> Result<(), Option<String>> {
        let mut record: MatchRecord = serde_json::from_value(json!({
            "id": "m_1", "pool": null, "players": [{"player": "p_1", "name": "Ana", "came": true}],
            "started": 1, "ended": 2, "reason": "ended", "by": null, "result": {}, "events": 3,
        }))
        .unwrap();
        change(&mut record);
        check(&record).map_err(|refusal| refusal.field)
    }

    #[test]
    fn a_record_that_cannot_be_names_the_field() {
        assert_eq!(record(|_| ()), Ok(()));
        let bad = |field: &str| Err(Some(field.to_owned()));
        assert_eq!(record(|r| r.ended = Time::from_ms(0)), bad("ended"));
        assert_eq!(record(|r| r.ended = Time::from_ms(u64::MAX)), bad("ended"));
        assert_eq!(record(|r| r.result = json!("x".repeat(4096))), bad("result"));
        assert_eq!(record(|r| r.players.push(r.players.first().unwrap().clone())), bad("players"));
    }
}
