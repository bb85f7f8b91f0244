//! Who may not wait here any more: their own object said so.

use super::{Effect, Lobby};
use crate::id::PlayerId;
use crate::internal::Dismissal;
use crate::socket::Conn;
use crate::time::Time;

impl Lobby {
    /// Closes the sockets that are meant, which pauses the ticket; who is banned has none any more, unless a match is
    /// being made of it.
    pub(super) fn dismissed(&mut self, now: Time, player: &PlayerId, dismissal: &Dismissal) {
        let meant = |conn: &Conn| {
            let line = self.sockets.get(conn);
            line.is_some_and(|line| dismissal.means(*conn, &line.who))
        };
        let meant: Vec<Conn> = self.holds(player).into_iter().filter(meant).collect();
        for conn in meant {
            let why = dismissal.close();
            self.turn.closes.push(Effect::Close { conn, why });
            self.closed(now, conn);
        }
        if *dismissal == Dismissal::Banned {
            // No ticket, or one that a room waits for already: there is nothing to withdraw. Then their party.
            for _ in 0..2 {
                let _nothing = self.leave(now, player);
            }
        }
    }
}
