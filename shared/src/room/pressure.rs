//! Who cannot keep up: first without hints, then told to ask again, then closed. A room's memory stays bounded.

use super::{Conn, Effect, Room};
use crate::caps;
use crate::outbox::Heed;
use crate::protocol::{Close, event};
use crate::time::Time;

impl Room {
    /// A client said how far it has come.
    pub(super) fn seen(&mut self, conn: Conn, at: u64) {
        let head = self.log.head();
        let Some(socket) = self.sockets.get_mut(&conn) else {
            return;
        };
        socket.seen = Some(at.min(head));
        self.turn.carriers.insert(conn);
        if socket.heed == Heed::Events && lag(head, at) <= caps::LAG_HINTS {
            socket.heed = Heed::All;
            self.turn.out.push(Effect::Heed { conn, heed: Heed::All });
        }
    }

    /// Looks at everybody who says how far they are. A client that never says is taken at the platform's word.
    pub(super) fn watch_lag(&mut self, now: Time) {
        let head = self.log.head();
        let mut closed = Vec::new();
        for (&conn, socket) in &mut self.sockets {
            let Some(seen) = socket.seen else { continue };
            let due = match lag(head, seen) {
                behind if behind > caps::LAG_CLOSE => {
                    closed.push(conn);
                    continue;
                }
                behind if behind > caps::LAG_RESYNC => Heed::Nothing,
                behind if behind > caps::LAG_HINTS && socket.heed == Heed::All => Heed::Events,
                _ => continue,
            };
            if due == socket.heed {
                continue;
            }
            socket.heed = due;
            self.turn.carriers.insert(conn);
            if due == Heed::Nothing {
                self.turn.out.push(Effect::Send { conn, text: event::fleeting("resync", None, None) });
            }
            self.turn.out.push(Effect::Heed { conn, heed: due });
        }
        for conn in closed {
            self.drop_socket(conn, Close::TooSlow);
            self.away(now, conn);
        }
    }
}

fn lag(head: u64, seen: u64) -> u64 {
    head.saturating_sub(seen)
}
