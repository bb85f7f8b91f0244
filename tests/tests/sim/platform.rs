//! What the platform remembers: disk, the attachments of open sockets, the alarm, calls in flight. Nothing else.

use serde_json::Value;
use shared::call::CallId;
use shared::id::RoomId;
use shared::record::MatchRecord;
use shared::room::log::Chunk;
use shared::room::save::Disk;
use shared::room::{Call, Conn, Save};
use shared::time::Time;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

/// One socket, from end to end.
#[derive(Debug)]
pub struct Wire {
    pub conn: Conn,
    /// Whose it is.
    pub client: usize,
    /// On its way to the room.
    pub up: VecDeque<String>,
    /// On its way to the client.
    pub down: VecDeque<Down>,
    pub attachment: Option<String>,
    /// The room has closed it. What still comes of it comes late.
    pub shut: bool,
    /// The client let go of it, or nothing passes any more.
    pub cut: bool,
    /// When the platform says that it is gone; a cut that nobody reports has none.
    pub gone_at: Option<u64>,
    /// In which life of the object it was shut: a later one knows nothing of it.
    pub life: u64,
}

#[derive(Debug, Clone)]
pub enum Down {
    /// Read once for all who get it.
    Frame(Rc<Vec<Value>>),
    Close(u16),
}

/// A call on its way, or its confirmation on the way back.
#[derive(Debug)]
pub enum Flight {
    Out(CallId, Call),
    Back(CallId),
}

/// Rows written, by what they hold.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rows {
    pub room: u64,
    pub board: u64,
    pub chunk: u64,
    pub alarm: u64,
}

impl Rows {
    pub fn all(self) -> u64 {
        self.room + self.board + self.chunk + self.alarm
    }
}

#[derive(Debug, Default)]
pub struct Platform {
    pub room: String,
    pub board: Option<String>,
    pub slots: BTreeMap<u64, String>,
    pub last_slot: Option<u64>,
    pub alarm: Option<Time>,
    pub rows: Rows,
    pub wires: BTreeMap<u64, Wire>,
    pub next_wire: u64,
    pub flights: Vec<Flight>,
    pub erased: bool,
    /// What the region was told, by match.
    pub records: BTreeMap<RoomId, MatchRecord>,
    /// Whom the players' objects were told to free.
    pub freed: BTreeSet<String>,
}

/// What a write did to the log.
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
            chunks: self.slots.iter().map(|(&slot, text)| Chunk { slot, text: text.clone() }).collect(),
        }
    }

    /// What the open sockets carry. One that is closing may still have its attachment; the shell leaves it out.
    pub fn attachments(&self) -> Vec<String> {
        self.wires.values().filter(|wire| !wire.shut).filter_map(|wire| wire.attachment.clone()).collect()
    }

    /// All of it at once.
    pub fn write(&mut self, save: Save) -> Wrote {
        if let Some(room) = save.room {
            self.room = room;
            self.rows.room += 1;
        }
        if let Some(board) = save.board {
            self.board = Some(board);
            self.rows.board += 1;
        }
        if let Some(alarm) = save.alarm {
            self.alarm = Some(alarm);
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

    /// The open socket of this number.
    pub fn wire_of(&mut self, conn: Conn) -> Option<&mut Wire> {
        self.wires.values_mut().find(|wire| wire.conn == conn && !wire.shut)
    }

    /// The machine is lost: with it the sockets, what they carried, and the answers to calls.
    pub fn lose_machine(&mut self, mut arrives: impl FnMut(usize) -> usize) {
        self.flights.retain(|flight| match flight {
            Flight::Out(..) => true,
            Flight::Back(_) => false,
        });
        for wire in self.wires.values_mut() {
            wire.up.clear();
            wire.attachment = None;
            wire.gone_at = None;
            if !wire.shut {
                // What had left the machine may still arrive, up to some point.
                let some = arrives(wire.down.len() + 1);
                wire.down.truncate(some);
                wire.down.push_back(Down::Close(1006));
                wire.shut = true;
            }
        }
        self.wires.retain(|_, wire| !wire.cut);
    }
}
