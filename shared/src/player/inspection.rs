//! The inspection of a player object: what an operator sees of it.

use super::Player;
use crate::id::PlayerId;
use crate::rpc::{DeviceInspection, MatchInspection, PlayerInspection};
use crate::time::Time;

impl Player {
    /// Returns what an operator sees of this player. Nothing changes.
    #[must_use]
    pub fn inspect(&self, now: Time, player: PlayerId) -> PlayerInspection {
        let devices = self.durable.leases.iter().map(|lease| DeviceInspection {
            at: lease.object.clone(),
            conn: lease.conn,
            since: lease.since,
            sid: lease.sid.clone(),
        });
        let owned = self.durable.owned_rooms.iter().filter(|(_, until)| now < **until);
        let current = self.current_match(now);
        PlayerInspection {
            player,
            devices: devices.collect(),
            me_sockets: self.sockets.len(),
            current_match: current
                .map(|current| MatchInspection { room: current.room.clone(), until: current.until }),
            owned_rooms: owned.map(|(room, _)| room.clone()).collect(),
            banned_until: self.durable.restrictions.banned_until().filter(|until| now < *until),
            unread_notices: self.unread(now),
            unconfirmed: self.durable.calls.count(|_| true),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::limits;
    use crate::rpc::PlayerRequest;

    #[test]
    fn inspection_shows_a_reservation_until_it_expires() {
        let (player, now) = ("p_ana".parse::<PlayerId>().unwrap(), Time::from_ms(1_000_000));
        let room = "m_1".parse().unwrap();
        let mut machine = Player::default();
        let _ = machine.request(now, PlayerRequest::Reserve { room });
        let seen = machine.inspect(now, player.clone());
        let current = seen.current_match.unwrap();
        assert_eq!((current.room.as_str(), current.until), ("m_1", Some(now + limits::RESERVATION_TTL)));
        assert_eq!((seen.devices.len(), seen.me_sockets, seen.banned_until), (0, 0, None));
        assert_eq!(machine.inspect(now + limits::RESERVATION_TTL, player).current_match, None);
    }
}
