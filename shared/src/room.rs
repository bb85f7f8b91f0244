//! A room: seats, one ordered log, one board, and an end.
//!
//! A room is driven by inputs and answers with effects. It has no clock, no socket and no disk.

mod backpressure;
pub mod board;
mod commands;
mod effect;
mod end;
mod forced_close;
mod input;
pub mod log;
mod membership;
mod report;
pub mod seats;
pub mod snapshot;
pub mod state;
mod welcome;

pub use crate::connection::{Conn, Identity};
pub use crate::pool::rules::{EndRule, Rules};
pub use crate::rpc::Setup;
pub use effect::{Call, Effect, Save};
pub use input::{Input, Resume, Role, Switches};
pub use state::{Phase, RoomState};

use crate::connection::{self, ConnectionGuard};
use crate::delivery::outbox::{Audience, DeliveryLevel};
use crate::id::{PlayerId, RoomId};
use crate::time::Time;
use crate::wire::CloseCode;
use crate::wire::envelope::Envelope;
use crate::wire::room::{Event, Member};
use board::Board;
use log::{Log, NewEntry};
use seats::Seat;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A room as its object holds it in memory.
#[derive(Debug, Clone)]
pub struct Room {
    state: RoomState,
    log: Log,
    board: Board,
    /// The position of the board that is on disk.
    board_saved: u64,
    sockets: BTreeMap<Conn, Socket>,
    /// The last time to which the platform's alarm was set; none if it fired or is unknown.
    armed: Option<Time>,
    switches: Switches,
    pending: Pending,
}

/// One open socket. A restart finds its identity, role, confirmed position and delivery level in the attachment.
#[derive(Debug, Clone)]
struct Socket {
    guard: ConnectionGuard,
    role: Role,
    /// The position that the client confirmed last; none if it never did.
    seen: Option<u64>,
    level: DeliveryLevel,
}

/// The effects of the input that is being handled.
#[derive(Debug, Clone, Default)]
struct Pending {
    /// Effects that need not wait for the write.
    out: Vec<Effect>,
    /// Effects that follow the write.
    after: Vec<Effect>,
    /// Closes, which follow all messages.
    closes: Vec<Effect>,
    /// True if the room's row changed.
    room: bool,
    /// True if the log must be written now.
    flush: bool,
    /// The sockets whose attachment changed.
    dirty_attachments: BTreeSet<Conn>,
}

impl Room {
    /// Creates a room, and the write that stores it.
    #[must_use]
    pub fn create(now: Time, setup: Setup, switches: Switches) -> (Self, Vec<Effect>) {
        let mut room = Self::from_state(RoomState::new(now, setup), switches);
        room.pending.room = true;
        let effects = room.finish(now);
        (room, effects)
    }

    fn from_state(state: RoomState, switches: Switches) -> Self {
        Self {
            state,
            log: Log::default(),
            board: Board::default(),
            board_saved: 0,
            sockets: BTreeMap::new(),
            armed: None,
            switches,
            pending: Pending::default(),
        }
    }

    /// Handles one input, and returns the effects in the order in which they must be carried out.
    pub fn handle(&mut self, now: Time, input: Input<'_>) -> Vec<Effect> {
        self.log.trim(now);
        // The welcome is the first message on a socket, so expired tokens are handled after it.
        if !matches!(input, Input::Opened { .. }) {
            self.expire(now);
        }
        match input {
            Input::Opened { conn, identity: who, role, resume } => {
                self.opened(now, conn, who, role, resume.as_ref());
                self.expire(now);
            }
            Input::Connection(input) => connection::handle(self, now, input),
            Input::Woke => {
                self.armed = None;
                self.woke(now);
            }
            Input::Confirmed { call } => self.pending.room |= self.state.calls.confirm(call),
            Input::ForcedClose { player, close: dismissal } => self.force_close(now, &player, &dismissal),
        }
        self.finish(now)
    }

    /// Returns a number for the next socket.
    #[must_use]
    pub fn next_conn(&self) -> Conn {
        let open = self.sockets.keys().next_back().map_or(0, |conn| conn.0);
        Conn(open.max(self.state.last_conn) + 1)
    }

    /// Returns the name of the room.
    #[must_use]
    pub fn id(&self) -> &RoomId {
        &self.state.setup.id
    }

    /// Returns the sockets of a player.
    #[must_use]
    pub fn connections_of(&self, player: &PlayerId) -> Vec<Conn> {
        let sockets = self.sockets.iter();
        let own = sockets.filter(|(_, socket)| socket.guard.identity.player == *player);
        own.map(|(&conn, _)| conn).collect()
    }

    /// Returns the sockets on which a player is a spectator.
    #[must_use]
    pub fn spectator_conns(&self, player: &PlayerId) -> Vec<Conn> {
        let mut conns = self.connections_of(player);
        conns.retain(|conn| self.sockets.get(conn).is_some_and(|socket| socket.role == Role::Spectator));
        conns
    }

    /// Returns the rules of the room.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.state.setup.rules
    }

    /// Returns the connections that receive broadcasts; used to rebuild the outbox.
    pub fn recipients(&self) -> impl Iterator<Item = (Conn, &PlayerId, DeliveryLevel)> {
        let sockets = self.sockets.iter();
        sockets.map(|(&conn, socket)| (conn, &socket.guard.identity.player, socket.level))
    }

    /// Returns the public summary of the room.
    #[must_use]
    pub fn summary(&self) -> Value {
        serde_json::json!({
            "room": self.state.setup.id,
            "pool": self.state.setup.pool,
            "phase": self.state.phase.name(),
            "members": self.members(),
            "at": self.log.head(),
        })
    }

    /// Returns the time at which the room next acts without an input.
    #[must_use]
    pub fn wake_at(&self) -> Option<Time> {
        [self.log.due(), self.state.calls.wake_at(), self.deadline()].into_iter().flatten().min()
    }

    fn woke(&mut self, now: Time) {
        if self.log.due().is_some_and(|due| due <= now) {
            self.pending.flush = true;
        }
        self.pass_deadlines(now);
    }

    /// Appends an event to the log, and broadcasts it.
    fn append_event(&mut self, now: Time, new: NewEntry<'_>) -> u64 {
        self.pending.dirty_attachments.extend(new.conn);
        let entry = self.log.push(now, new);
        let effect = match &entry.to {
            Some(to) => {
                let scope = Audience::Except(to.clone(), entry.text.clone());
                Effect::Broadcast { text: log::skip(entry.at), audience: scope }
            }
            None => Effect::Broadcast { text: entry.text.clone(), audience: Audience::All },
        };
        self.pending.out.push(effect);
        self.enforce_lag(now);
        entry.at
    }

    /// Collects the effects of an input: one write where one is due, then the effects that must follow it.
    fn finish(&mut self, now: Time) -> Vec<Effect> {
        let mut pending = std::mem::take(&mut self.pending);
        let calls = self.state.calls.take_due(now);
        pending.room |= !calls.is_empty();
        let mut save = self.save(&pending);
        let done = self.is_done(now);
        if !done {
            save.alarm = self.alarm();
        }
        let wrote = save.chunk.is_some();
        let attach = pending.dirty_attachments.iter().filter_map(|&conn| {
            let data = self.attachment(conn)?;
            Some(Effect::Attach { conn, data })
        });
        // Membership events are written before they are sent: no attachment carries them, and if one were lost after
        // it was sent, its position would be used again. Other events need not wait: the sender's attachment carries
        // them, and the loss of that socket is noticed.
        let mut out = Vec::new();
        let first = save.room.is_some();
        let mut save = (save != Save::default()).then_some(Effect::Save(save));
        if first {
            out.extend(save.take());
        }
        out.append(&mut pending.out);
        out.extend(save);
        out.extend(attach);
        if wrote {
            let text = Envelope::ephemeral(Event::Durable { to: self.log.durable() }).text();
            out.push(Effect::Broadcast { text, audience: Audience::All });
        }
        out.append(&mut pending.after);
        out.append(&mut pending.closes);
        out.extend(calls.into_iter().map(|(id, call)| Effect::Call { id, call }));
        if done {
            out.push(Effect::Erase);
        }
        out
    }

    /// Returns the rows that must be written now.
    fn save(&mut self, pending: &Pending) -> Save {
        let mut save = Save::default();
        if pending.flush || pending.room || self.log.full() || self.overflows() {
            save.chunk = self.log.chunk();
            if self.board.at() > self.board_saved {
                self.board_saved = self.board.at();
                save.board = serde_json::to_string(&self.board).ok();
            }
            save.room = pending.room.then(|| self.state.text());
        }
        save
    }

    /// Returns the new alarm, where the next deadline is earlier than the known one.
    fn alarm(&mut self) -> Option<Time> {
        let wake = self.wake_at().filter(|wake| self.armed.is_none_or(|armed| *wake < armed))?;
        self.armed = Some(wake);
        Some(wake)
    }

    /// Closes a socket and forgets it, so that its late frames are ignored.
    fn drop_socket(&mut self, conn: Conn, why: CloseCode) {
        if self.sockets.remove(&conn).is_some() {
            self.pending.closes.push(Effect::Close { conn, code: why });
        }
    }

    fn seat_of(&mut self, player: &PlayerId) -> Option<&mut Seat> {
        self.state.setup.seats.iter_mut().find(|seat| seat.player.as_ref() == Some(player))
    }

    fn members(&self) -> Vec<Member> {
        self.state.setup.seats.iter().filter_map(Seat::member).collect()
    }
}
