//! How a room ends, and what is left to do then.

use super::log::New;
use super::seat::Seat;
use super::{Call, Conn, Phase, Room};
use crate::id::PlayerId;
use crate::protocol::Close;
use crate::record::{EndReason, MatchRecord, Participant};
use crate::time::Time;
use serde_json::{Value, json};

impl Room {
    /// Ends the room: the last event, the word to the region and the players' objects, the goodbye.
    pub(super) fn over(
        &mut self,
        now: Time,
        reason: EndReason,
        by: Option<&PlayerId>,
        result: &Value,
        key: Option<&str>,
    ) -> u64 {
        let body = json!({ "reason": reason, "by": by, "result": result });
        let at = self.happen(now, &New { ev: "ended", by, to: None, key, body: Some(&body), conn: None });
        self.saved.phase = Phase::Over { at: now, reason };
        self.turn.room = true;
        let record = self.record(now, reason, by.cloned(), result.clone());
        self.saved.calls.add(now, Call::Record { record: Box::new(record) });
        let held: Vec<PlayerId> = self
            .saved
            .setup
            .seats
            .iter()
            .filter(|seat| seat.held())
            .filter_map(|seat| seat.player.clone())
            .collect();
        for player in held {
            let room = self.saved.setup.id.clone();
            self.saved.calls.add(now, Call::Free { player, room });
        }
        let open: Vec<Conn> = self.sockets.keys().copied().collect();
        for conn in open {
            self.drop_socket(conn, Close::RoomOver);
            self.away(now, conn);
        }
        at
    }

    fn record(&self, now: Time, reason: EndReason, by: Option<PlayerId>, result: Value) -> MatchRecord {
        let participant = |seat: &Seat| {
            let player = seat.player.clone()?;
            Some(Participant { player, name: seat.name.clone(), came: seat.came, gone: false })
        };
        MatchRecord {
            id: self.saved.setup.id.clone(),
            pool: self.saved.setup.pool.clone(),
            players: self.saved.setup.seats.iter().filter_map(participant).collect(),
            started: self.saved.created,
            ended: now,
            reason,
            by,
            result,
            events: self.log.head(),
        }
    }

    pub(super) fn phase_name(&self) -> &'static str {
        match self.saved.phase {
            Phase::Open => "open",
            Phase::Over { .. } => "over",
        }
    }

    /// Whether nothing is left to do: everybody was told, and who lost the connection had the time to hear it.
    pub(super) fn done(&self, now: Time) -> bool {
        let lingered = |at: Time| at + self.saved.setup.rules.linger() <= now;
        self.saved.phase.over().is_some_and(|(at, _)| lingered(at)) && self.saved.calls.is_empty()
    }
}
