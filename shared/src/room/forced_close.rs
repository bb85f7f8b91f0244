//! Sockets that the player object closes: bans, ended logins, and connections beyond the limit.

use super::membership::VacateReason;
use super::{Conn, Room};
use crate::id::PlayerId;
use crate::rpc::ForcedClose;
use crate::time::Time;

impl Room {
    /// Closes the sockets that a forced close applies to. The seat is kept, as after any lost connection, because a
    /// player who logs in again is the same player; a banned player vacates it, connected or not.
    pub(super) fn force_close(&mut self, now: Time, player: &PlayerId, forced: &ForcedClose) {
        let sockets = self.sockets.iter();
        let own = sockets.filter(|(_, socket)| socket.guard.identity.player == *player);
        let closed: Vec<Conn> = own
            .filter(|(conn, socket)| forced.applies_to(**conn, &socket.guard.identity))
            .map(|(&conn, _)| conn)
            .collect();
        let seated = self.seat_of(player).is_some_and(|seat| !seat.state.gone());
        if *forced == ForcedClose::Banned && seated && self.state.phase.over().is_none() {
            self.vacate(now, player, VacateReason::Banned, None);
        }
        for conn in closed {
            self.drop_socket(conn, forced.close());
            self.mark_away(now, conn);
        }
    }
}
