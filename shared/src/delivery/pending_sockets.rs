//! Sockets that wait for the player object's answer before they open. A forced close in the meantime applies
//! to them too.

use crate::connection::{Conn, Identity};
use crate::id::PlayerId;
use crate::rpc::ForcedClose;
use crate::wire::CloseCode;

/// The pending sockets of socket host. They are in memory only, like the requests that open them.
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
