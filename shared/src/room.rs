//! A room: seats, one ordered log, one board, and an end.
//!
//! A room is driven by inputs and answers with effects. It has no clock, no socket and no disk.

pub mod agreement;
mod backpressure;
pub mod board;
mod commands;
mod effect;
mod end;
mod flush;
mod forced_close;
mod game;
mod input;
pub mod log;
mod membership;
mod play;
mod report;
pub mod seats;
mod service;
pub mod snapshot;
pub mod state;
mod welcome;

pub use crate::connection::{Conn, Identity};
pub use crate::pool::ChosenMode;
pub use crate::pool::rules::{EndRule, Rules};
pub use crate::rpc::Setup;
pub use effect::{Call, Effect, Save};
pub use input::{Input, Resume, Role, Switches};
pub use state::{Phase, RoomState};

use crate::connection::{self, ConnectionGuard};
use crate::delivery::outbox::{Audience, DeliveryLevel};
use crate::id::{PlayerId, RoomId};
use crate::metrics::{Measure, Observed};
use crate::rpc::audit::AuditEntry;
use crate::rpc::opened::OpenedRoom;
use crate::time::Time;
use crate::trace::Trace;
use crate::wire::CloseCode;
use crate::wire::room::Member;
use board::Board;
use flush::Unflushed;
use game::Game;
use log::{Log, NewEntry};
use seats::{Seat, SeatState};
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
    /// The match; none before it starts, and in a room without a mode.
    game: Option<Game>,
    sockets: BTreeMap<Conn, Socket>,
    /// No token of a socket expires before this time.
    next_expiry: Time,
    /// No socket that confirms positions is behind this one.
    seen_min: u64,
    /// The last time to which the platform's alarm was set; none if it fired or is unknown.
    armed: Option<Time>,
    switches: Switches,
    pending: Pending,
    unflushed: Unflushed,
    observed: Observed,
    /// The one trace of the match, which follows from the setup.
    trace: Trace,
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
    /// Messages, and effects that no write precedes.
    out: Vec<Effect>,
    /// Closes, which follow all messages.
    closes: Vec<Effect>,
    /// True if the room's row changed.
    room: bool,
    /// The sockets whose attachment must change with this input.
    attachments: BTreeSet<Conn>,
}

impl Room {
    /// Creates a room, and the write that stores it.
    #[must_use]
    pub fn create(now: Time, setup: Setup, switches: Switches) -> (Self, Vec<Effect>) {
        Self::create_audited(now, setup, switches, None)
    }

    fn create_audited(
        now: Time,
        setup: Setup,
        switches: Switches,
        audit: Option<AuditEntry>,
    ) -> (Self, Vec<Effect>) {
        let mut room = Self::from_state(RoomState::new(now, setup), switches);
        room.pending.room = true;
        if let Some(opened) = OpenedRoom::of_setup(&room.state.setup, now) {
            room.state.calls.add(now, Call::Opened { room: Box::new(opened) });
        }
        if let Some(entry) = audit {
            room.audit(now, entry);
        }
        let effects = room.finish(now);
        (room, effects)
    }

    /// Creates a room unless it exists: its creator repeats the request where the answer was lost, and must change
    /// nothing in a room that players have entered since. Returns the room, and the write that stores a new one.
    #[must_use]
    pub fn create_once(
        existing: Option<Self>,
        now: Time,
        setup: Setup,
        switches: Switches,
        audit: Option<AuditEntry>,
    ) -> (Self, Vec<Effect>) {
        match existing {
            Some(room) => (room, Vec::new()),
            None => Self::create_audited(now, setup, switches, audit),
        }
    }

    fn from_state(state: RoomState, switches: Switches) -> Self {
        let trace = state.setup.match_trace();
        Self {
            state,
            log: Log::default(),
            board: Board::default(),
            board_saved: 0,
            game: None,
            sockets: BTreeMap::new(),
            next_expiry: Time::from_ms(u64::MAX),
            seen_min: u64::MAX,
            armed: None,
            switches,
            pending: Pending::default(),
            unflushed: Unflushed::default(),
            observed: Observed::default(),
            trace,
        }
    }

    /// Handles one input, and returns the effects in the order in which they must be carried out.
    pub fn handle(&mut self, now: Time, input: Input<'_>) -> Vec<Effect> {
        // The welcome is the first message on a socket, so what is due is handled after it.
        if matches!(input, Input::Opened { .. }) {
            self.log.trim(now);
        } else {
            self.begin_turn(now);
        }
        match input {
            Input::Opened { conn, identity: who, role, resume, name } => {
                self.name_seat(&who.player, name);
                self.opened(now, conn, who, role, resume.as_ref());
                self.expire(now);
            }
            Input::Connection(input) => connection::handle(self, now, input),
            Input::Buffered { conn, bytes } => self.buffered(now, conn, bytes),
            Input::Woke => {
                self.armed = None;
                self.woke(now);
            }
            // The match was woken above.
            Input::Tick => {}
            Input::Confirmed { call } => {
                if let Some(since) = self.state.calls.confirm(call) {
                    self.pending.room = true;
                    self.observed.measure_since(Measure::OutboxAge, since, now);
                }
            }
            Input::ForcedClose { player, close: dismissal } => self.force_close(now, &player, &dismissal),
        }
        self.finish(now)
    }

    /// Handles what is due before an input.
    fn begin_turn(&mut self, now: Time) {
        self.log.trim(now);
        self.expire(now);
        self.wake_game(now);
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

    /// Returns the one trace of the match.
    #[must_use]
    pub fn trace(&self) -> Trace {
        self.trace
    }

    /// Returns what the room has counted since its shell last took it.
    pub fn observed(&mut self) -> &mut Observed {
        &mut self.observed
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
        let dues = [self.log.due(), self.state.calls.wake_at(), self.deadline(), self.game_deadline()];
        dues.into_iter().flatten().min()
    }

    fn woke(&mut self, now: Time) {
        if self.log.due().is_some_and(|due| due <= now) {
            self.unflushed.write = true;
        }
        self.pass_deadlines(now);
    }

    /// Appends an event to the log, and broadcasts it.
    fn append_event(&mut self, now: Time, new: NewEntry<'_>) -> u64 {
        let entry = self.log.push(now, new);
        let effect = match entry.to {
            Some(to) => {
                let audience = Audience::Personal(BTreeMap::from([(to, entry.text)]));
                Effect::Broadcast { text: log::skip(entry.at), audience }
            }
            None if entry.own_texts.is_empty() => {
                Effect::Broadcast { text: entry.text, audience: Audience::All }
            }
            None => Effect::Broadcast { text: entry.text, audience: Audience::Personal(entry.own_texts) },
        };
        self.pending.out.push(effect);
        self.enforce_lag(now);
        entry.at
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

    /// Returns the players in the order of their seats.
    fn players(&self) -> Vec<PlayerId> {
        self.state.setup.seats.iter().filter_map(|seat| seat.player.clone()).collect()
    }
}
