//! Members whose player may not be here any more: their own object said so.

use super::presence::GiveUp;
use super::{Conn, Room};
use crate::id::PlayerId;
use crate::internal::Dismissal;
use crate::time::Time;

impl Room {
    /// Closes the sockets that are meant. A seat is kept, as for any lost socket, because somebody who logs in again
    /// is the same person; who is banned gives it up, whether they are here or away.
    pub(super) fn dismissed(&mut self, now: Time, player: &PlayerId, dismissal: &Dismissal) {
        let meant: Vec<Conn> = self
            .sockets
            .iter()
            .filter(|(conn, socket)| {
                socket.line.who.player == *player && dismissal.means(**conn, &socket.line.who)
            })
            .map(|(&conn, _)| conn)
            .collect();
        let banned = *dismissal == Dismissal::Banned;
        let seated = self.seat_of(player).is_some_and(|seat| !seat.state.gone());
        if banned && seated && self.saved.phase.over().is_none() {
            self.give_up(now, player, GiveUp::Banned, None);
        }
        for conn in meant {
            self.drop_socket(conn, dismissal.close());
            self.away(now, conn);
        }
    }
}
