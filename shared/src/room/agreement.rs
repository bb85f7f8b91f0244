//! Agreed ends: each member with a seat states the result, and it counts for all if they state the same.

use super::Room;
use super::commands::Sender;
use crate::id::PlayerId;
use crate::limits;
use crate::time::Time;
use crate::wire::EndReason;
use crate::wire::room::{EndProposal, Event};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The results that members have stated since the first one did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// The time by which all must have stated the same.
    pub until: Time,
    /// The last statement of each member.
    pub results: BTreeMap<PlayerId, Value>,
}

impl Room {
    /// Notes the result that a member states, and ends the room once all agree. A member may state another one until
    /// then. Returns the position of the statement.
    pub(super) fn propose_end(&mut self, now: Time, sender: Sender<'_>, result: Value) -> u64 {
        let new = || Agreement { until: now + limits::END_AGREEMENT_TIMEOUT, results: BTreeMap::new() };
        let agreement = self.state.agreement.get_or_insert_with(new);
        agreement.results.insert(sender.player.clone(), result.clone());
        let proposed = Event::EndProposed(EndProposal { result, until: agreement.until });
        self.pending.room = true;
        let at = self.append_event(now, sender.entry(proposed));
        self.settle_agreement(now);
        at
    }

    /// Ends the room if every member who still holds a seat has stated the same result.
    pub(super) fn settle_agreement(&mut self, now: Time) {
        let Some(agreement) = &self.state.agreement else { return };
        let held = self.state.setup.seats.iter().filter(|seat| seat.held());
        let mut stated =
            held.map(|seat| seat.player.as_ref().and_then(|player| agreement.results.get(player)));
        let Some(Some(first)) = stated.next() else { return };
        if stated.all(|result| result == Some(first)) {
            let result = first.clone();
            self.end(now, EndReason::Agreed, None, result, None);
        }
    }

    /// Ends the room without an agreement; the record keeps what each member stated.
    pub(super) fn end_disputed(&mut self, now: Time) {
        let results = self.state.agreement.take().map(|agreement| agreement.results).unwrap_or_default();
        let results: Map<String, Value> =
            results.into_iter().map(|(player, result)| (player.to_string(), result)).collect();
        self.end(now, EndReason::Disputed, None, Value::Object(results), None);
    }
}
