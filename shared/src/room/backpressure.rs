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
            self.set_level(conn, DeliveryLevel::All);
        }
    }

    /// Applies the limits of lag to all clients that confirm positions. A client that never does is limited by the
    /// platform's buffer.
    pub(super) fn enforce_lag(&mut self, now: Time) {
        let head = self.log.head();
        if lag(head, self.seen_min) <= limits::LAG_HINTS {
            return;
        }
        let positions = self.sockets.iter().filter_map(|(&conn, socket)| Some((conn, socket.seen?)));
        let positions: Vec<(Conn, u64)> = positions.collect();
        self.seen_min = positions.iter().map(|(_, seen)| *seen).min().unwrap_or(head);
        for (conn, seen) in positions {
            match lag(head, seen) {
                behind if behind > limits::LAG_CLOSE => self.close_slow(now, conn),
                behind if behind > limits::LAG_RESYNC => self.lower(conn, DeliveryLevel::Nothing),
                behind if behind > limits::LAG_HINTS => self.lower(conn, DeliveryLevel::Events),
                _ => {}
            }
        }
    }

    /// Applies the limits of the platform's buffer to a client, which need not confirm positions.
    pub(super) fn buffered(&mut self, now: Time, conn: Conn, bytes: u64) {
        let head = self.log.head();
        let Some(socket) = self.sockets.get(&conn) else {
            return;
        };
        let drained = socket.level == DeliveryLevel::Events
            && bytes <= limits::BUFFER_DRAINED
            && socket.seen.is_none_or(|seen| lag(head, seen) <= limits::LAG_HINTS);
        match bytes {
            _ if bytes > limits::BUFFER_CLOSE => self.close_slow(now, conn),
            _ if bytes > limits::BUFFER_RESYNC => self.lower(conn, DeliveryLevel::Nothing),
            _ if bytes > limits::BUFFER_HINTS => self.lower(conn, DeliveryLevel::Events),
            _ if drained => self.set_level(conn, DeliveryLevel::All),
            _ => {}
        }
    }

    /// Lowers the level of a socket, if it is higher.
    fn lower(&mut self, conn: Conn, level: DeliveryLevel) {
        let higher = match self.sockets.get(&conn).map(|socket| socket.level) {
            None | Some(DeliveryLevel::Nothing) => false,
            Some(DeliveryLevel::Events) => level == DeliveryLevel::Nothing,
            Some(DeliveryLevel::All) => true,
        };
        if !higher {
            return;
        }
        if level == DeliveryLevel::Nothing {
            self.pending.out.push(Effect::Send { conn, text: resync() });
        }
        self.set_level(conn, level);
    }

    fn set_level(&mut self, conn: Conn, level: DeliveryLevel) {
        if let Some(socket) = self.sockets.get_mut(&conn) {
            socket.level = level;
            self.pending.attachments.insert(conn);
            self.pending.out.push(Effect::SetDeliveryLevel { conn, level });
        }
    }

    fn close_slow(&mut self, now: Time, conn: Conn) {
        self.drop_socket(conn, CloseCode::TooSlow);
        self.mark_away(now, conn);
    }
}

fn lag(head: u64, seen: u64) -> u64 {
    head.saturating_sub(seen)
}
