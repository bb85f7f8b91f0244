//! The end of a room: the last event, the match record, and the calls that remain.

use super::game::Game;
use super::log::NewEntry;
use super::seats::Seat;
use super::{Call, Conn, Phase, Room};
use crate::id::PlayerId;
use crate::mode::Outcome;
use crate::rpc::record::{MatchRecord, Participant};
use crate::time::Time;
use crate::wire::room::{Ended, Event};
use crate::wire::{CloseCode, EndReason};
use serde_json::Value;

impl Room {
    /// Ends the room: appends the last event, tells the region and the player objects, and closes all sockets.
    pub(super) fn end(
        &mut self,
        now: Time,
        reason: EndReason,
        by: Option<&PlayerId>,
        result: Value,
        key: Option<&str>,
    ) -> u64 {
        let outcome = self.outcome(reason);
        let ended = Event::Ended(Ended { by: by.cloned(), reason, result: result.clone(), outcome });
        let at = self.append_event(now, NewEntry { key, ..NewEntry::by(by, ended) });
        self.state.phase = Phase::Over { at: now, reason };
        self.pending.room = true;
        let record = self.record(now, reason, by.cloned(), result);
        // The record says all of it.
        self.state.calls.cancel(|call| matches!(call, Call::Opened { .. }));
        self.state.calls.add(now, Call::Record { record: Box::new(record) });
        let held = self.state.setup.seats.iter().filter(|seat| seat.held());
        let mut players: Vec<PlayerId> = held.filter_map(|seat| seat.player.clone()).collect();
        // The owner's object counts the room, wherever the owner is.
        players.extend(self.state.setup.owner.clone().filter(|owner| !players.contains(owner)));
        for player in players {
            let room = self.state.setup.id.clone();
            self.state.calls.add(now, Call::Free { player, room });
        }
        let open: Vec<Conn> = self.sockets.keys().copied().collect();
        for conn in open {
            self.drop_socket(conn, CloseCode::RoomOver);
            self.mark_away(now, conn);
        }
        at
    }

    /// Returns the outcome of the mode, where it ended the room.
    fn outcome(&self, reason: EndReason) -> Option<Outcome> {
        let game = self.game.as_ref().filter(|_| reason == EndReason::Mode)?;
        game.outcome().cloned()
    }

    fn record(&self, now: Time, reason: EndReason, by: Option<PlayerId>, result: Value) -> MatchRecord {
        let participant = |seat: &Seat| {
            let player = seat.player.clone()?;
            Some(Participant { player, name: seat.name.clone(), came: seat.came, erased: false })
        };
        MatchRecord {
            id: self.state.setup.id.clone(),
            pool: self.state.setup.pool.clone(),
            players: self.state.setup.seats.iter().filter_map(participant).collect(),
            started: self.state.created,
            ended: now,
            reason,
            by,
            result,
            events: self.log.head(),
            mode: self.state.setup.mode.as_ref().map(|mode| mode.name.clone()),
            outcome: self.outcome(reason),
            replay: self.game.as_ref().and_then(Game::replay),
        }
    }

    /// Returns true if nothing is left to do: all calls are confirmed, and members who lost their socket had the time
    /// to receive the end.
    pub(super) fn is_done(&self, now: Time) -> bool {
        let lingered = |at: Time| at + self.state.setup.rules.linger() <= now;
        self.state.phase.over().is_some_and(|(at, _)| lingered(at)) && self.state.calls.is_empty()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::room::{Effect, Input, Rules, Setup, Switches};
    use crate::rpc::opened::OpenedRoom;

    #[test]
    fn room_of_a_queue_tells_the_region_that_it_opened_until_it_ends() {
        let now = Time::from_ms(1_733_000_000_000);
        let opened = |pool: Option<&str>| {
            let seats = vec![Seat::of("p_1".parse().unwrap(), "Ana".into())];
            let (id, rules) = ("m_1".parse().unwrap(), Rules::default());
            let pool = pool.map(|pool| pool.parse().unwrap());
            let setup = Setup { id, pool, owner: None, seats, rules, mode: None, trace: None };
            Room::create(now, setup, Switches::default())
        };
        let calls = |effects: Vec<Effect>| {
            let call = |effect| match effect {
                Effect::Call { call, .. } => Some(call),
                _ => None,
            };
            effects.into_iter().filter_map(call).collect::<Vec<Call>>()
        };
        assert_eq!(calls(opened(None).1), []);
        let (mut room, effects) = opened(Some("ranked"));
        let said = calls(effects);
        let [Call::Opened { room: first }] = said.as_slice() else { panic!("{said:?}") };
        assert_eq!((first.pool.as_str(), first.players.len(), first.created), ("ranked", 1, now));
        // Repeated until it is confirmed, and no longer than the room is open: the record has the same facts.
        let again = calls(room.handle(now + crate::limits::RETRY_FIRST, Input::Woke));
        assert_eq!(again, said);
        let last = calls(room.handle(now + Rules::default().age(), Input::Woke));
        let [Call::Record { record }, Call::Free { .. }] = last.as_slice() else { panic!("{last:?}") };
        assert_eq!(OpenedRoom::of_record(record).as_ref(), Some(&**first));
    }

    #[test]
    fn owner_without_a_seat_is_released_with_the_members() {
        let now = Time::from_ms(1_733_000_000_000);
        let [member, owner] = ["p_1", "p_2"].map(|id| id.parse::<PlayerId>().unwrap());
        let seats = vec![Seat::of(member.clone(), String::new())];
        let rules = Rules::default();
        let owner = Some(owner);
        let setup =
            Setup { id: "m_1".parse().unwrap(), pool: None, owner, seats, rules, mode: None, trace: None };
        let (mut room, _) = Room::create(now, setup, Switches::default());
        let effects = room.handle(now + rules.age(), Input::Woke);
        let released = effects.into_iter().filter_map(|effect| match effect {
            Effect::Call { call: Call::Free { player, .. }, .. } => Some(player),
            _ => None,
        });
        assert_eq!(released.collect::<Vec<_>>(), [member, room.state.setup.owner.unwrap()]);
    }
}
