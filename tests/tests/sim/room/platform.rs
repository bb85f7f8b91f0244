//! The platform under a room: disk, sockets with attachments, the alarm, calls in flight.

use shared::delivery::pending_calls::CallId;
use shared::id::{AuditId, RoomId};
use shared::room::log::Chunk;
use shared::room::state::Disk;
use shared::room::{Call, Conn, Save};
use shared::rpc::audit::AuditEntry;
use shared::rpc::opened::OpenedRoom;
use shared::rpc::record::MatchRecord;
use shared::wire::room::RoomMessage;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use tests::kit::network::InFlight;
use tests::kit::platform::Alarm;

/// A socket with the frames in flight on it.
#[derive(Debug)]
pub struct Wire {
    pub conn: Conn,
    pub client: usize,
    /// Frames in flight to the room.
    pub up: VecDeque<String>,
    /// Frames in flight to the client.
    pub down: VecDeque<Down>,
    pub attachment: Option<String>,
    /// The room has closed it; frames from it may still arrive.
    pub shut: bool,
    /// The client has dropped it, or nothing passes any longer.
    pub cut: bool,
    /// The time at which the platform reports it gone. None: it never does.
    pub gone_at: Option<u64>,
    /// The instance of the object that closed it; a later instance does not know it.
    pub instance: u64,
    /// The login of its token.
    pub login: u32,
}

#[derive(Debug, Clone)]
pub enum Down {
    /// Parsed once for all recipients, with its text.
    Frame(Rc<(String, Vec<RoomMessage>)>),
    /// The platform's answer to a ping.
    Pong,
    Close(u16),
}

/// A call or its confirmation in flight.
#[derive(Debug)]
pub enum Flight {
    Out(CallId, Call),
    Back(CallId),
}

/// The number of rows written, by kind.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rows {
    pub room: u64,
    pub board: u64,
    pub game: u64,
    pub chunk: u64,
    pub alarm: u64,
}

impl Rows {
    pub fn all(self) -> u64 {
        self.room + self.board + self.game + self.chunk + self.alarm
    }
}

#[derive(Debug, Default)]
pub struct Platform {
    pub room: String,
    pub board: Option<String>,
    pub game: Option<String>,
    pub slots: BTreeMap<u64, String>,
    pub last_slot: Option<u64>,
    pub alarm: Alarm,
    pub rows: Rows,
    pub wires: BTreeMap<u64, Wire>,
    pub next_wire: u64,
    pub calls: InFlight<Flight>,
    pub erased: bool,
    /// The records that the region received, by match.
    pub records: BTreeMap<RoomId, MatchRecord>,
    /// The opening that the region received.
    pub opened: Option<OpenedRoom>,
    /// The actions that the region received for its audit trail.
    pub actions: BTreeMap<AuditId, AuditEntry>,
    /// The players whose objects were told to release them.
    pub freed: BTreeSet<String>,
}

/// The effect of a write on the chunks of the log.
#[derive(Debug, PartialEq, Eq)]
pub enum Wrote {
    Nothing,
    New,
    Merged,
    Reused,
}

impl Platform {
    pub fn disk(&self) -> Disk {
        Disk {
            room: self.room.clone(),
            board: self.board.clone(),
            game: self.game.clone(),
            chunks: self.slots.iter().map(|(&slot, text)| Chunk { slot, text: text.clone() }).collect(),
        }
    }

    /// Returns the attachments of the open sockets. A closing socket may still have one, which the shell
    /// ignores.
    pub fn attachments(&self) -> Vec<String> {
        self.wires.values().filter(|wire| !wire.shut).filter_map(|wire| wire.attachment.clone()).collect()
    }

    /// Applies a write atomically.
    pub fn write(&mut self, save: Save) -> Wrote {
        if let Some(room) = save.room {
            self.room = room;
            self.rows.room += 1;
        }
        if let Some(board) = save.board {
            self.board = Some(board);
            self.rows.board += 1;
        }
        if let Some(game) = save.game {
            self.game = Some(game);
            self.rows.game += 1;
        }
        if save.alarm.is_some() {
            self.alarm.set(save.alarm);
            self.rows.alarm += 1;
        }
        let Some(chunk) = save.chunk else {
            return Wrote::Nothing;
        };
        self.rows.chunk += 1;
        let merged = self.last_slot.replace(chunk.slot) == Some(chunk.slot);
        match self.slots.insert(chunk.slot, chunk.text) {
            Some(_) if merged => Wrote::Merged,
            Some(_) => Wrote::Reused,
            None => Wrote::New,
        }
    }

    /// Returns the open socket of a connection.
    pub fn wire_of(&mut self, conn: Conn) -> Option<&mut Wire> {
        self.wires.values_mut().find(|wire| wire.conn == conn && !wire.shut)
    }

    /// Loses the machine, with the sockets, their attachments, and the replies to calls.
    pub fn lose_machine(&mut self, mut arrives: impl FnMut(usize) -> usize) {
        self.calls.retain(|flight| match flight {
            Flight::Out(..) => true,
            Flight::Back(_) => false,
        });
        for wire in self.wires.values_mut() {
            wire.up.clear();
            wire.attachment = None;
            wire.gone_at = None;
            if !wire.shut {
                // Frames that had left the machine may still arrive, up to some point.
                let some = arrives(wire.down.len() + 1);
                wire.down.truncate(some);
                wire.down.push_back(Down::Close(1006));
                wire.shut = true;
            }
        }
        self.wires.retain(|_, wire| !wire.cut);
    }
}
