//! Sockets that are not open yet: their player's object is being asked. What it decides meanwhile must reach them too.

use crate::id::PlayerId;
use crate::internal::Dismissal;
use crate::protocol::Close;
use crate::socket::{Conn, Who};

/// Those of one object. They are in memory alone, as the requests are that bring them.
#[derive(Debug, Default)]
pub struct Coming(Vec<One>);

#[derive(Debug)]
struct One {
    conn: Conn,
    who: Who,
    /// Whether it takes the place of an older one.
    takes_over: bool,
    /// Why it is to be refused, though its player's object may have said yes before.
    dismissed: Option<Close>,
}

impl Coming {
    /// One more. `holds` are those of its player that are open, and `leaves`, where it takes the place of an older one,
    /// those of them that it leaves open. The answer is what may be open beside it, and what of that it replaces.
    pub fn begin(
        &mut self,
        conn: Conn,
        who: &Who,
        holds: Vec<Conn>,
        leaves: Option<&[Conn]>,
    ) -> (Vec<Conn>, Vec<Conn>) {
        let takes_over = leaves.is_some();
        for one in &mut self.0 {
            if takes_over && one.takes_over && one.who.player == who.player {
                one.dismissed.get_or_insert(Close::TakenOver);
            }
        }
        let goes = |conn: &Conn| leaves.is_some_and(|leaves| !leaves.contains(conn));
        let replaces = holds.iter().copied().filter(goes).collect();
        let mut holding = holds;
        holding.extend(self.of(&who.player));
        self.0.push(One { conn, who: who.clone(), takes_over, dismissed: None });
        (holding, replaces)
    }

    /// Its player's object has answered. The answer is why it must not open all the same.
    pub fn end(&mut self, conn: Conn) -> Option<Close> {
        let at = self.0.iter().position(|one| one.conn == conn)?;
        self.0.swap_remove(at).dismissed
    }

    /// Sockets of a player are to close, open or not.
    pub fn dismiss(&mut self, player: &PlayerId, dismissal: &Dismissal) {
        for one in &mut self.0 {
            if one.who.player == *player && dismissal.means(one.conn, &one.who) {
                one.dismissed.get_or_insert(dismissal.close());
            }
        }
    }

    /// Those of a player that may yet open.
    #[must_use]
    pub fn of(&self, player: &PlayerId) -> Vec<Conn> {
        let theirs = |one: &&One| one.who.player == *player && one.dismissed.is_none();
        self.0.iter().filter(theirs).map(|one| one.conn).collect()
    }
}
