//! What a restart finds: the room's row, its board, its log, and what the sockets carry.

use super::log::{Chunk, Entry, Log};
use super::seat::Presence;
use super::{Call, Conn, Effect, Phase, Role, Room, Setup, Socket, Who};
use crate::call::Calls;
use crate::caps;
use crate::outbox::Heed;
use crate::protocol::event;
use crate::record::EndReason;
use crate::socket::Line;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// The room but for its log and board.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    /// How it began, with the seats as they are now.
    pub setup: Setup,
    /// When it began.
    pub created: Time,
    /// Whether it is going on.
    pub phase: Phase,
    /// Which life of the log this is.
    pub epoch: u64,
    /// The highest socket number given to a member.
    pub last_conn: u32,
    /// What others have not confirmed.
    pub calls: Calls<Call>,
}

impl Saved {
    pub(super) fn new(now: Time, setup: Setup) -> Self {
        Self { setup, created: now, phase: Phase::Open, epoch: 1, last_conn: 0, calls: Calls::default() }
    }

    pub(super) fn text(&self) -> String {
        event::encode(self).to_string()
    }
}

/// What is on disk.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Disk {
    /// The room's row.
    pub room: String,
    /// The board's row.
    pub board: Option<String>,
    /// The rows of the log.
    pub chunks: Vec<Chunk>,
}

/// What one socket carries.
#[derive(Debug, Serialize, Deserialize)]
struct Carried {
    conn: Conn,
    who: Who,
    role: Role,
    seen: Option<u64>,
    #[serde(default)]
    heed: Heed,
    log: Vec<Box<RawValue>>,
}

/// A room that cannot be read back.
#[derive(Debug)]
pub struct Corrupt(
    /// What the parser said.
    pub String,
);

impl Room {
    /// The room as a restart finds it, and what follows from that. Sockets that the platform still has come with
    /// their attachments; where one that the disk knows is missing, something may be lost, and the epoch changes.
    pub fn restore(
        disk: &Disk,
        attachments: &[String],
        now: Time,
        debug: bool,
    ) -> Result<(Self, Vec<Effect>), Corrupt> {
        let saved: Saved = serde_json::from_str(&disk.room).map_err(|error| Corrupt(error.to_string()))?;
        let mut room = Self::from_saved(saved, debug);
        if let Some(board) = &disk.board {
            room.board = serde_json::from_str(board).map_err(|error| Corrupt(error.to_string()))?;
            room.board_saved = room.board.at();
        }
        let mut journal = Vec::new();
        for text in attachments {
            let Ok(carried) = serde_json::from_str::<Carried>(text) else {
                continue;
            };
            journal.extend(carried.log.iter().filter_map(|raw| Entry::restore(raw, Some(carried.conn))));
            let fresh = Socket::new(carried.who, carried.role, now);
            let socket = Socket { seen: carried.seen, heed: carried.heed, ..fresh };
            room.sockets.insert(carried.conn, socket);
        }
        let (log, whole) = Log::restore(&disk.chunks, journal, now);
        room.log = log;
        room.reapply_board();
        let seats = &room.saved.setup.seats;
        let lost: Vec<Conn> = seats
            .iter()
            .filter_map(super::Seat::conn)
            .filter(|conn| !room.sockets.contains_key(conn))
            .collect();
        if lost.is_empty() && whole {
            return Ok((room, Vec::new()));
        }
        room.saved.epoch += 1;
        room.turn.room = true;
        for &conn in room.sockets.keys() {
            // Before it hears anything of the new epoch; and what it carried of the old must not come up again.
            room.turn.carriers.insert(conn);
            room.turn.out.push(Effect::Send { conn, text: event::fleeting("resync", None, None) });
        }
        for conn in lost {
            room.away(now, conn);
        }
        let effects = room.finish(now);
        Ok((room, effects))
    }

    /// Which socket an attachment belongs to, and whose it is.
    #[must_use]
    pub fn who_of(attachment: &str) -> Option<(Conn, Who)> {
        let carried: Carried = serde_json::from_str(attachment).ok()?;
        Some((carried.conn, carried.who))
    }

    /// Writes of the board that are in the log but not yet in its row.
    fn reapply_board(&mut self) {
        for entry in self.log.kept().filter(|entry| entry.at > self.board_saved && entry.is("set")) {
            if let Some(Value::Object(keys)) =
                entry.body().and_then(|mut body| body.get_mut("keys").map(Value::take))
            {
                self.board.write(&keys, entry.at);
            }
        }
    }

    /// Whether some socket would have to carry more than it can.
    pub(super) fn overflows(&self) -> bool {
        let newest = self.log.unwritten().next();
        match newest.map(|entry| entry.conn) {
            Some(Some(conn)) => {
                // Each with the comma between it and the next.
                let weight: usize = self.log.journal(conn).map(|text| text.len() + 1).sum();
                weight > caps::JOURNAL_BYTES || !self.sockets.contains_key(&conn)
            }
            Some(None) => true,
            None => false,
        }
    }

    /// What a socket carries: who it is, and its events that are not yet on disk.
    pub(super) fn attachment(&self, conn: Conn) -> Option<String> {
        let socket = self.sockets.get(&conn)?;
        let mut journal: Vec<&str> = self.log.journal(conn).collect();
        journal.reverse();
        let head = Carried {
            conn,
            who: socket.line.who.clone(),
            role: socket.role,
            seen: socket.seen,
            heed: socket.heed,
            log: Vec::new(),
        };
        let mut text = event::encode(&head).to_string();
        if !journal.is_empty() && text.ends_with("[]}") {
            text.truncate(text.len() - 2);
            text.push_str(&journal.join(","));
            text.push_str("]}");
        }
        Some(text)
    }

    /// What a restart must find again: for tests that evict between any two events.
    #[must_use]
    pub fn remembered(&self) -> (Saved, Log, String, Vec<(Conn, Option<String>)>) {
        let sockets = self.sockets.keys().map(|&conn| (conn, self.attachment(conn))).collect();
        (self.saved.clone(), self.log.clone(), event::encode(&self.board).to_string(), sockets)
    }
}

impl Socket {
    pub(super) fn new(who: Who, role: Role, now: Time) -> Self {
        Self { line: Line::new(who, now), role, seen: None, heed: Heed::All }
    }
}

impl Phase {
    /// Why it is over, where it is.
    #[must_use]
    pub fn over(&self) -> Option<(Time, EndReason)> {
        match self {
            Self::Open => None,
            Self::Over { at, reason } => Some((*at, *reason)),
        }
    }
}

impl Presence {
    /// Whether the seat is given up for good.
    #[must_use]
    pub fn gone(self) -> bool {
        match self {
            Self::Left | Self::Out | Self::Banned => true,
            Self::Expected | Self::Here(_) | Self::Away(_) => false,
        }
    }
}
