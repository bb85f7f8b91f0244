//! The match that a person is in: never two.

use super::Player;
use crate::caps;
use crate::id::RoomId;
use crate::internal::{Bar, PlayerAnswer};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// The match that they are in, or about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Live {
    pub room: RoomId,
    /// A reservation ends then; a match that is made has no end of its own.
    pub until: Option<Time>,
}

impl Player {
    pub(super) fn reserve(&mut self, now: Time, room: RoomId) -> PlayerAnswer {
        if self.saved.bars.banned(now) {
            return PlayerAnswer::Barred { why: Bar::Banned };
        }
        self.take(now, room, true)
    }

    /// The match is made: its lobby lets go of their sockets in the same step.
    pub(super) fn commit(&mut self, now: Time, room: RoomId, lobby: &str) -> PlayerAnswer {
        let answer = self.take(now, room, false);
        if matches!(answer, PlayerAnswer::Granted { .. }) {
            self.saved.leases.retain(|lease| lease.object != lobby);
        }
        answer
    }

    pub(super) fn free(&mut self, now: Time, room: RoomId) -> PlayerAnswer {
        let saved = &mut self.saved;
        if saved.live.as_ref().is_some_and(|live| live.room == room) {
            saved.live = None;
        }
        if !saved.freed.contains(&room) {
            saved.freed.push_back(room);
            let over = saved.freed.len().saturating_sub(caps::FREED);
            saved.freed.drain(..over);
        }
        self.granted(now)
    }

    fn take(&mut self, now: Time, room: RoomId, reserve: bool) -> PlayerAnswer {
        if self.saved.freed.contains(&room) {
            return PlayerAnswer::Busy { room, until: None };
        }
        match self.live(now) {
            Some(live) if live.room != room => {
                return PlayerAnswer::Busy { room: live.room.clone(), until: live.until };
            }
            Some(live) if reserve && live.until.is_none() => {}
            Some(_) | None => {
                let until = reserve.then(|| now + caps::RESERVATION);
                self.saved.live = Some(Live { room, until });
            }
        }
        self.granted(now)
    }

    fn live(&self, now: Time) -> Option<&Live> {
        self.saved.live.as_ref().filter(|live| live.until.is_none_or(|until| now < until))
    }

    /// A reservation is not yet a match: only a match that is made is told.
    pub(super) fn granted(&self, now: Time) -> PlayerAnswer {
        let live = self.live(now).filter(|live| live.until.is_none());
        PlayerAnswer::Granted { live: live.map(|live| live.room.clone()) }
    }
}
