//! The open rooms that a player has created: a limited number at a time.

use super::{Effect, Player};
use crate::limits;
use crate::rpc::{OwnRoomRequest, OwnRoomResponse};
use crate::time::Time;

impl Player {
    /// Answers the edge, which creates a room for the player once this is granted. A repeated request counts
    /// once.
    pub fn own_room(&mut self, now: Time, request: OwnRoomRequest) -> (OwnRoomResponse, Vec<Effect>) {
        let before = self.durable.clone();
        let response = self.grant_room(now, request);
        (response, self.finish(now, &before))
    }

    fn grant_room(&mut self, now: Time, request: OwnRoomRequest) -> OwnRoomResponse {
        if let Some(denial) = self.durable.restrictions.denial(now, request.ep, &request.sid) {
            return OwnRoomResponse::Denied(denial);
        }
        let rooms = &mut self.durable.owned_rooms;
        rooms.retain(|_, until| now < *until);
        if rooms.len() >= limits::ROOMS_OWNED_MAX && !rooms.contains_key(&request.room) {
            return OwnRoomResponse::Full;
        }
        rooms.insert(request.room, request.until);
        OwnRoomResponse::Granted
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::player::{Input, Rows};
    use crate::rpc::{Denial, Notice, NoticeKind, PlayerRequest};

    fn at(ms: u64) -> Time {
        Time::from_ms(ms)
    }

    fn create(player: &mut Player, now: u64, room: usize, ep: u64) -> OwnRoomResponse {
        let request = OwnRoomRequest {
            room: format!("m_{room}").parse().unwrap(),
            until: at(now + 1000),
            ep,
            sid: "s_1".parse().unwrap(),
        };
        player.own_room(at(now), request).0
    }

    #[test]
    fn player_owns_a_limited_number_of_rooms_at_a_time() {
        let mut player = Player::default();
        for room in 0..limits::ROOMS_OWNED_MAX {
            assert_eq!(create(&mut player, 0, room, 0), OwnRoomResponse::Granted);
        }
        assert_eq!(create(&mut player, 0, 99, 0), OwnRoomResponse::Full);
        assert_eq!(create(&mut player, 0, 0, 0), OwnRoomResponse::Granted, "a repeated request");
        // A room that has ended frees its place, and so does one that has outlived its time.
        let _ = player.request(at(1), PlayerRequest::Free { room: "m_3".parse().unwrap() });
        assert_eq!(create(&mut player, 1, 99, 0), OwnRoomResponse::Granted);
        assert_eq!(create(&mut player, 1, 100, 0), OwnRoomResponse::Full);
        assert_eq!(create(&mut player, 1000, 100, 0), OwnRoomResponse::Granted);
    }

    #[test]
    fn owned_rooms_survive_a_restart() {
        let mut player = Player::default();
        for room in 0..limits::ROOMS_OWNED_MAX {
            assert_eq!(create(&mut player, 0, room, 0), OwnRoomResponse::Granted);
        }
        let (rows, _) = player.durable_state();
        let rows = Rows { subscribers: Vec::new(), ..rows };
        let (mut restored, _) = Player::restore(&rows, &[], at(0)).unwrap();
        assert_eq!(create(&mut restored, 0, 99, 0), OwnRoomResponse::Full);
    }

    #[test]
    fn ended_login_creates_no_room() {
        let mut player = Player::default();
        let notice =
            Notice { player: "p_1".parse().unwrap(), at: at(0), kind: NoticeKind::Revoked { ep: 1 } };
        let _ = player.handle(at(0), Input::Noticed { notice: &notice });
        assert_eq!(create(&mut player, 1, 1, 0), OwnRoomResponse::Denied(Denial::Revoked));
        assert_eq!(create(&mut player, 1, 1, 1), OwnRoomResponse::Granted);
    }
}
