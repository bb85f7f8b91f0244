//! Match history: the position of a match in it, and the checks that a match record must pass.

use crate::error::Refusal;
use crate::error::code::Code;
use shared::id::RoomId;
use shared::limits;
use shared::rpc::record::{EndReason, MatchRecord};
use shared::time::Time;
use std::collections::BTreeSet;

/// The last moment that fits the 13 digits of a sort key, in the year 2286.
pub const TIME_MAX: Time = Time::from_ms(9_999_999_999_999);

/// The position of a match in a player's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryCursor {
    pub ended: Time,
    pub id: RoomId,
}

impl HistoryCursor {
    /// The position of this match.
    #[must_use]
    pub fn of(record: &MatchRecord) -> Self {
        Self { ended: record.ended, id: record.id.clone() }
    }
}

/// Bytes of a match record. A match is one item of the store, of at most 400 KB with its rating changes; a record has
/// a replay of [`limits::REPLAY_BYTES_MAX`], or a result of [`limits::RESULT_BYTES_MAX`] for each seat.
pub const RECORD_BYTES_MAX: usize = 384 * 1024;

/// Checks a match record that the edge sends. A bad record stays bad, so it is refused rather than failed:
/// the edge does not retry a refusal.
///
/// A refused record is lost, so only what cannot be stored is refused. An outcome of a mode that does not fit the
/// players is stored, and not rated.
pub fn check_record(record: &MatchRecord) -> Result<(), Refusal> {
    let bad = |field: &str, detail: String| Err(Refusal::new(Code::BadBody, detail).field(field));
    if record.players.len() > limits::SEATS_MAX {
        let detail = format!("A match can have at most {} players.", limits::SEATS_MAX);
        return bad("players", detail);
    }
    let distinct: BTreeSet<_> = record.players.iter().map(|one| &one.player).collect();
    if distinct.len() != record.players.len() {
        return bad("players", "A player can have only one seat in a match.".into());
    }
    if record.players.iter().any(|one| one.name.chars().count() > limits::NAME_CHARS_MAX) {
        let detail = format!("A name can have at most {} characters.", limits::NAME_CHARS_MAX);
        return bad("players", detail);
    }
    if record.started > record.ended || record.ended > TIME_MAX {
        return bad("ended", "A match must end after it started, and before the year 2286.".into());
    }
    if record.replay.as_ref().is_some_and(|replay| replay.seats > limits::SEATS_MAX) {
        let detail = format!("A replay can have at most {} seats.", limits::SEATS_MAX);
        return bad("replay.seats", detail);
    }
    if record.replay.as_ref().is_some_and(|replay| replay.started > TIME_MAX) {
        return bad("replay.started", "A match must start before the year 2286.".into());
    }
    let statements = statements_max(record);
    if record.result.to_string().len() > statements * limits::RESULT_BYTES_MAX {
        let bytes = limits::RESULT_BYTES_MAX;
        let detail =
            format!("A result can have at most {bytes} bytes of JSON for each player who stated it.");
        return bad("result", detail);
    }
    Ok(())
}

/// Returns how many results a record may contain: a disputed match has one of each player, and one more is left for
/// the names of the fields.
fn statements_max(record: &MatchRecord) -> usize {
    match record.reason {
        EndReason::Disputed => record.players.len() + 1,
        EndReason::Ended
        | EndReason::Abandoned
        | EndReason::NoShow
        | EndReason::TimeUp
        | EndReason::Mode
        | EndReason::Agreed
        | EndReason::ModeGone => 1,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;
    use shared::mode::Outcome;

    fn record(change: impl FnOnce(&mut MatchRecord)) -> Result<(), Option<String>> {
        let mut record: MatchRecord = serde_json::from_value(json!({
            "id": "m_1", "pool": null, "players": [{"player": "p_1", "name": "Ana", "came": true}],
            "started": 1, "ended": 2, "reason": "ended", "by": null, "result": {}, "events": 3,
        }))
        .unwrap();
        change(&mut record);
        check_record(&record).map_err(|refusal| refusal.field)
    }

    #[test]
    fn bad_record_names_the_field() {
        assert_eq!(record(|_| ()), Ok(()));
        let bad = |field: &str| Err(Some(field.to_owned()));
        assert_eq!(record(|r| r.ended = Time::from_ms(0)), bad("ended"));
        assert_eq!(record(|r| r.ended = Time::from_ms(u64::MAX)), bad("ended"));
        assert_eq!(record(|r| r.result = json!("x".repeat(4096))), bad("result"));
        assert_eq!(record(|r| r.players.push(r.players.first().unwrap().clone())), bad("players"));
    }

    #[test]
    fn disputed_record_has_a_result_of_each_player() {
        let disputed = |bytes: usize| {
            record(|r| {
                r.reason = EndReason::Disputed;
                r.result = json!({"p_1": "x".repeat(bytes)});
            })
        };
        assert_eq!(disputed(limits::RESULT_BYTES_MAX), Ok(()));
        assert_eq!(disputed(2 * limits::RESULT_BYTES_MAX), Err(Some("result".to_owned())));
    }

    #[test]
    fn outcome_that_does_not_fit_is_not_refused() {
        let outcome = |ranks: &[u32]| Outcome { ranks: ranks.to_vec(), draw: false, why: "line".into() };
        for ranks in [&[][..], &[0], &[7], &[1, 2, 3]] {
            assert_eq!(record(|r| r.outcome = Some(outcome(ranks))), Ok(()));
        }
    }
}
