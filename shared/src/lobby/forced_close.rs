//! Forced closes: the player object orders sockets to close.

use crate::connection::{Conn, Endpoint};
use crate::id::PlayerId;
use crate::lobby::{Effect, Lobby};
use crate::rpc::ForcedClose;
use crate::time::Time;

impl Lobby {
    /// Closes the matching sockets, which pauses the ticket. A banned player also loses the ticket, unless a
    /// match is forming with it, and leaves their party.
    pub(in crate::lobby) fn force_close(&mut self, now: Time, player: &PlayerId, close: &ForcedClose) {
        let matches = |conn: &Conn| {
            let guard = self.sockets.get(conn);
            guard.is_some_and(|guard| close.applies_to(*conn, &guard.identity))
        };
        let conns: Vec<Conn> = self.connections_of(player).into_iter().filter(matches).collect();
        for conn in conns {
            let why = close.close();
            self.pending.closes.push(Effect::Close { conn, code: why });
            self.closed(now, conn);
        }
        if *close == ForcedClose::Banned {
            self.lookups.outdate(player);
            // The first call withdraws the ticket, the second leaves the party. Errors mean there is none.
            for _ in 0..2 {
                let _ignored = self.leave(now, player);
            }
        }
    }
}
