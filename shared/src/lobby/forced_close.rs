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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lobby::test_lobby::{TestLobby, player};

    fn open(lobby: &TestLobby) -> [usize; 2] {
        [1, 2].map(|nth| lobby.lobby.connections_of(&player(nth)).len())
    }

    #[test]
    fn forced_close_reaches_the_sockets_of_the_ended_login_and_no_other() {
        let session = |sid: &str| ForcedClose::SessionEnded { sid: sid.parse().unwrap() };
        for (close, expected) in [
            (session("s_1"), [0, 1]),
            (session("s_2"), [1, 1]),
            (ForcedClose::Revoked { ep: 1 }, [0, 1]),
            (ForcedClose::Revoked { ep: 0 }, [1, 1]),
            (ForcedClose::Banned, [0, 1]),
        ] {
            let mut lobby = TestLobby::new(r#"{"seats":3}"#);
            lobby.enter(&[1, 2]);
            lobby.force_close(1, &close);
            assert_eq!(open(&lobby), expected, "{close:?}");
            // A banned player has no ticket either; another one keeps the place.
            let tickets = if close == ForcedClose::Banned { 1 } else { 2 };
            assert_eq!(lobby.rows("t/"), tickets, "{close:?}");
        }
    }
}
