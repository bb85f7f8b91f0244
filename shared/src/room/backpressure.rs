//! Backpressure: a slow client first gets no hints, then must open the room again, then is closed.

use super::snapshot::resync;
use super::{Conn, Effect, Room};
use crate::delivery::outbox::DeliveryLevel;
use crate::limits;
use crate::time::Time;
use crate::wire::CloseCode;

impl Room {
    /// Notes the position that a client confirmed.
    pub(super) fn seen(&mut self, conn: Conn, at: u64) {
        let head = self.log.head();
        let Some(socket) = self.sockets.get_mut(&conn) else {
            return;
        };
        let at = at.min(head);
        socket.seen = Some(at);
        self.seen_min = self.seen_min.min(at);
        self.unflushed.attachments.insert(conn);
        if socket.level == DeliveryLevel::Events && lag(head, at) <= limits::LAG_HINTS {
            socket.level = DeliveryLevel::All;
            self.pending.out.push(Effect::SetDeliveryLevel { conn, level: DeliveryLevel::All });
        }
    }

    /// Applies the limits of lag to all clients that confirm positions. For a client that never does, the platform's
    /// buffer is the only limit.
    pub(super) fn enforce_lag(&mut self, now: Time) {
        let head = self.log.head();
        if lag(head, self.seen_min) <= limits::LAG_HINTS {
            return;
        }
        self.seen_min = head;
        let mut closed = Vec::new();
        for (&conn, socket) in &mut self.sockets {
            let Some(seen) = socket.seen else { continue };
            self.seen_min = self.seen_min.min(seen);
            let due = match lag(head, seen) {
                behind if behind > limits::LAG_CLOSE => {
                    closed.push(conn);
                    continue;
                }
                behind if behind > limits::LAG_RESYNC => DeliveryLevel::Nothing,
                behind if behind > limits::LAG_HINTS && socket.level == DeliveryLevel::All => {
                    DeliveryLevel::Events
                }
                _ => continue,
            };
            if due == socket.level {
                continue;
            }
            socket.level = due;
            self.pending.attachments.insert(conn);
            if due == DeliveryLevel::Nothing {
                self.pending.out.push(Effect::Send { conn, text: resync() });
            }
            self.pending.out.push(Effect::SetDeliveryLevel { conn, level: due });
        }
        for conn in closed {
            self.drop_socket(conn, CloseCode::TooSlow);
            self.mark_away(now, conn);
        }
    }
}

fn lag(head: u64, seen: u64) -> u64 {
    head.saturating_sub(seen)
}
