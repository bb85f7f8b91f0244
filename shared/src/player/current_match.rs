//! The match that a player is in: one at most.

use super::Player;
use crate::id::RoomId;
use crate::limits;
use crate::rpc::{Denial, ObjectName, PlayerResponse};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// The match that the player is in, or is reserved for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CurrentMatch {
    pub room: RoomId,
    /// When the reservation expires; a match that was formed does not expire.
    pub until: Option<Time>,
}

impl Player {
    pub(super) fn reserve(&mut self, now: Time, room: RoomId) -> PlayerResponse {
        if self.durable.restrictions.is_banned(now) {
            return PlayerResponse::Denied { denial: Denial::Banned };
        }
        self.enter_match(now, room, true)
    }

    /// Enters a match that was formed. In the same step its lobby gives up the player's sockets.
    pub(super) fn commit(&mut self, now: Time, room: RoomId, lobby: &ObjectName) -> PlayerResponse {
        let response = self.enter_match(now, room, false);
        if matches!(response, PlayerResponse::Granted { .. }) {
            self.durable.leases.retain(|lease| lease.object != *lobby);
        }
        response
    }

    pub(super) fn release_match(&mut self, now: Time, room: RoomId) -> PlayerResponse {
        let durable = &mut self.durable;
        durable.owned_rooms.remove(&room);
        if durable.current_match.as_ref().is_some_and(|current| current.room == room) {
            durable.current_match = None;
        }
        if !durable.released.contains(&room) {
            durable.released.push_back(room);
            let excess = durable.released.len().saturating_sub(limits::RELEASED_MATCHES_MAX);
            durable.released.drain(..excess);
        }
        self.granted(now)
    }

    fn enter_match(&mut self, now: Time, room: RoomId, reserve: bool) -> PlayerResponse {
        if self.durable.released.contains(&room) {
            return PlayerResponse::Busy { room, until: None };
        }
        match self.current_match(now) {
            Some(current) if current.room != room => {
                return PlayerResponse::Busy { room: current.room.clone(), until: current.until };
            }
            Some(current) if reserve && current.until.is_none() => {}
            Some(_) | None => {
                let until = reserve.then(|| now + limits::RESERVATION_TTL);
                self.durable.current_match = Some(CurrentMatch { room, until });
            }
        }
        self.granted(now)
    }

    pub(super) fn current_match(&self, now: Time) -> Option<&CurrentMatch> {
        let is_current = |current: &&CurrentMatch| current.until.is_none_or(|until| now < until);
        self.durable.current_match.as_ref().filter(is_current)
    }

    /// Returns `Granted`. A reservation is not yet a match: only a match that was formed is named.
    pub(super) fn granted(&self, now: Time) -> PlayerResponse {
        let formed = self.current_match(now).filter(|current| current.until.is_none());
        PlayerResponse::Granted { current_match: formed.map(|current| current.room.clone()) }
    }
}
