//! Sockets that wait for the player object's answer before they open. A forced close in the meantime applies
//! to them too.

use crate::connection::{Conn, Identity};
use crate::id::PlayerId;
use crate::rpc::ForcedClose;
use crate::wire::CloseCode;

/// The pending sockets of a host. They are in memory only, like the requests that open them.
#[derive(Debug, Default)]
pub struct PendingSockets(Vec<PendingSocket>);

#[derive(Debug)]
struct PendingSocket {
    conn: Conn,
    identity: Identity,
    /// True if it replaces an older one.
    takes_over: bool,
    /// The code to close it with, even if the player object grants the lease.
    close: Option<CloseCode>,
}

impl PendingSockets {
    /// Adds a socket. `open` are the player's open sockets at this host; `kept` are those that stay open,
    /// where the new one replaces an older one. Returns the sockets that may be open beside it, and those
    /// that it replaces.
    pub fn begin(
        &mut self,
        conn: Conn,
        identity: &Identity,
        open: Vec<Conn>,
        kept: Option<&[Conn]>,
    ) -> (Vec<Conn>, Vec<Conn>) {
        let takes_over = kept.is_some();
        for socket in &mut self.0 {
            if takes_over && socket.takes_over && socket.identity.player == identity.player {
                socket.close.get_or_insert(CloseCode::TakenOver);
            }
        }
        let closes = |conn: &Conn| kept.is_some_and(|kept| !kept.contains(conn));
        let replaces = open.iter().copied().filter(closes).collect();
        let mut holding = open;
        holding.extend(self.of(&identity.player));
        self.0.push(PendingSocket { conn, identity: identity.clone(), takes_over, close: None });
        (holding, replaces)
    }

    /// Removes a socket after the player object's answer. Returns the code to close it with, if a forced
    /// close came in the meantime.
    pub fn end(&mut self, conn: Conn) -> Option<CloseCode> {
        let at = self.0.iter().position(|socket| socket.conn == conn)?;
        self.0.swap_remove(at).close
    }

    /// Applies a forced close to the player's pending sockets.
    pub fn force_close(&mut self, player: &PlayerId, close: &ForcedClose) {
        for socket in &mut self.0 {
            if socket.identity.player == *player && close.applies_to(socket.conn, &socket.identity) {
                socket.close.get_or_insert(close.close());
            }
        }
    }

    /// Returns the player's sockets that may still open.
    #[must_use]
    pub fn of(&self, player: &PlayerId) -> Vec<Conn> {
        let theirs = |socket: &&PendingSocket| socket.identity.player == *player && socket.close.is_none();
        self.0.iter().filter(theirs).map(|socket| socket.conn).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::time::Time;

    fn identity(player: &str, sid: &str, ep: u64) -> Identity {
        let (player, sid) = (player.parse().unwrap(), sid.parse().unwrap());
        Identity { player, sid, ep, exp: Time::from_ms(u64::MAX) }
    }

    fn ana() -> Identity {
        identity("p_ana", "s_1", 0)
    }

    #[test]
    fn pending_socket_counts_beside_the_open_ones() {
        let mut pending = PendingSockets::default();
        assert_eq!(pending.begin(Conn(2), &ana(), vec![Conn(1)], None), (vec![Conn(1)], vec![]));
        let (holding, replaces) = pending.begin(Conn(3), &ana(), vec![Conn(1)], None);
        assert_eq!((holding, replaces), (vec![Conn(1), Conn(2)], vec![]));
        // Another player's sockets do not.
        assert_eq!(pending.begin(Conn(4), &identity("p_bo", "s_2", 0), vec![], None), (vec![], vec![]));
        assert_eq!(pending.of(&ana().player), [Conn(2), Conn(3)]);
        assert_eq!([pending.end(Conn(2)), pending.end(Conn(9))], [None, None]);
        assert_eq!(pending.of(&ana().player), [Conn(3)]);
    }

    #[test]
    fn newer_socket_of_a_seat_replaces_open_and_pending_ones() {
        let mut pending = PendingSockets::default();
        let spectator = Conn(1);
        let (_, replaces) = pending.begin(Conn(3), &ana(), vec![spectator, Conn(2)], Some(&[spectator]));
        assert_eq!(replaces, [Conn(2)]);
        let watching = pending.begin(Conn(4), &ana(), vec![spectator, Conn(2)], None);
        assert_eq!(watching, (vec![spectator, Conn(2), Conn(3)], vec![]));
        let other = identity("p_bo", "s_2", 0);
        drop(pending.begin(Conn(5), &other, vec![], Some(&[])));
        // It overtakes the first one, which must not open, and no longer counts.
        let (holding, _) = pending.begin(Conn(6), &ana(), vec![spectator, Conn(2)], Some(&[spectator]));
        assert_eq!(holding, [spectator, Conn(2), Conn(4)]);
        let ends = [3, 4, 5, 6].map(|conn| pending.end(Conn(conn)));
        assert_eq!(ends, [Some(CloseCode::TakenOver), None, None, None]);
    }

    #[test]
    fn forced_close_reaches_the_pending_sockets_that_it_applies_to() {
        let sockets = [
            (1, identity("p_ana", "s_1", 0)),
            (2, identity("p_ana", "s_2", 1)),
            (3, identity("p_bo", "s_3", 0)),
        ];
        let check = |close: &ForcedClose, expected: [Option<CloseCode>; 3]| {
            let mut pending = PendingSockets::default();
            for (conn, identity) in &sockets {
                drop(pending.begin(Conn(*conn), identity, vec![], None));
            }
            pending.force_close(&ana().player, close);
            let open: Vec<Conn> = (1..)
                .map(Conn)
                .zip(&expected)
                .take(2)
                .filter(|(_, close)| close.is_none())
                .map(|(c, _)| c)
                .collect();
            assert_eq!(pending.of(&ana().player), open, "{close:?}");
            assert_eq!([1, 2, 3].map(|conn| pending.end(Conn(conn))), expected, "{close:?}");
        };
        let revoked = Some(CloseCode::SessionRevoked);
        check(&ForcedClose::Banned, [Some(CloseCode::Banned), Some(CloseCode::Banned), None]);
        check(&ForcedClose::Revoked { ep: 1 }, [revoked, None, None]);
        check(&ForcedClose::SessionEnded { sid: "s_2".parse().unwrap() }, [None, revoked, None]);
        check(&ForcedClose::OneTooMany { conn: Conn(1) }, [Some(CloseCode::TooManyDevices), None, None]);
        check(&ForcedClose::TakenOver { conn: Conn(2) }, [None, Some(CloseCode::TakenOver), None]);
        check(&ForcedClose::TakenOver { conn: Conn(3) }, [None, None, None]);
    }
}
