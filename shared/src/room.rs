//! Where people who were matched meet: seats, one log, one board, an end.
//!
//! A room is driven by inputs and answers with effects. It knows no clock, no socket and no disk.

pub mod board;
mod command;
mod dismissal;
mod effect;
mod input;
pub mod log;
mod over;
mod presence;
mod pressure;
mod report;
pub mod rules;
pub mod save;
pub mod seat;
mod welcome;

use crate::id::{PlayerId, PoolName, RoomId};
use crate::outbox::{Heed, Scope};
use crate::protocol::event;
use crate::protocol::{Close, Fault};
use crate::record::EndReason;
use crate::socket::{self, Line};
pub use crate::socket::{Conn, Who};
use crate::time::Time;
use board::Board;
pub use effect::{Call, Effect, Save};
pub use input::{Input, Resume, Role};
use log::{Log, New};
pub use rules::{EndRule, Rules};
pub use save::Saved;
use seat::Seat;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How a room begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    /// Its name; the match's too.
    pub id: RoomId,
    /// The pool that made it.
    pub pool: Option<PoolName>,
    /// Who may put others out.
    pub owner: Option<PlayerId>,
    /// The places.
    pub seats: Vec<Seat>,
    /// What holds here.
    pub rules: Rules,
}

/// Whether the room is going on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It is.
    Open,
    /// It ended then.
    Over {
        /// When.
        at: Time,
        /// Why.
        reason: EndReason,
    },
}

/// A socket as the room knows it. What is not in its attachment may be forgotten.
#[derive(Debug, Clone)]
struct Socket {
    line: Line,
    role: Role,
    /// The position the client says it has seen; none, it never said.
    seen: Option<u64>,
    /// How much of what is told to all it still gets.
    heed: Heed,
}

/// A room.
#[derive(Debug, Clone)]
pub struct Room {
    saved: Saved,
    log: Log,
    board: Board,
    /// The position of the board that is on disk.
    board_saved: u64,
    sockets: BTreeMap<Conn, Socket>,
    /// What the platform's alarm is set to, as far as is known.
    armed: Option<Time>,
    debug: bool,
    turn: Turn,
}

/// What the input at hand has led to so far.
#[derive(Debug, Clone, Default)]
struct Turn {
    out: Vec<Effect>,
    /// After the write.
    after: Vec<Effect>,
    /// After what is said.
    closes: Vec<Effect>,
    room: bool,
    flush: bool,
    /// Sockets whose attachment is no longer what it should be.
    carriers: BTreeSet<Conn>,
}

impl Room {
    /// A new room, and the write that makes it last.
    #[must_use]
    pub fn create(now: Time, setup: Setup, debug: bool) -> (Self, Vec<Effect>) {
        let mut room = Self::from_saved(Saved::new(now, setup), debug);
        room.turn.room = true;
        let effects = room.finish(now);
        (room, effects)
    }

    fn from_saved(saved: Saved, debug: bool) -> Self {
        Self {
            saved,
            log: Log::default(),
            board: Board::default(),
            board_saved: 0,
            sockets: BTreeMap::new(),
            armed: None,
            debug,
            turn: Turn::default(),
        }
    }

    /// What happens next.
    pub fn handle(&mut self, now: Time, input: Input<'_>) -> Vec<Effect> {
        self.log.trim(now);
        // The welcome is the first word on a socket: whose time is up is seen to after it.
        if !matches!(input, Input::Opened { .. }) {
            self.expire(now);
        }
        match input {
            Input::Opened { conn, who, role, resume } => {
                self.opened(now, conn, who, role, resume.as_ref());
                self.expire(now);
            }
            Input::Said { conn, text } => self.heard(now, conn, socket::hear(text)),
            Input::Binary { conn, bytes } => self.heard(now, conn, socket::binary(bytes)),
            Input::Closed { conn } => self.closed(now, conn),
            Input::Woke => {
                self.armed = None;
                self.woke(now);
            }
            Input::Confirmed { call } => self.turn.room |= self.saved.calls.confirm(call),
            Input::Dismissed { player, dismissal } => self.dismissed(now, &player, &dismissal),
            Input::Renewed { conn, id, verdict } => self.renewed(conn, id.as_ref(), verdict),
        }
        self.finish(now)
    }

    /// A number for the next socket.
    #[must_use]
    pub fn next_conn(&self) -> Conn {
        let open = self.sockets.keys().next_back().map_or(0, |conn| conn.0);
        Conn(open.max(self.saved.last_conn) + 1)
    }

    /// The room's name.
    #[must_use]
    pub fn id(&self) -> &RoomId {
        &self.saved.setup.id
    }

    /// The sockets on which this player is here.
    #[must_use]
    pub fn holds(&self, player: &PlayerId) -> Vec<Conn> {
        self.sockets
            .iter()
            .filter(|(_, socket)| socket.line.who.player == *player)
            .map(|(&conn, _)| conn)
            .collect()
    }

    /// Those of them on which they only watch.
    #[must_use]
    pub fn watches(&self, player: &PlayerId) -> Vec<Conn> {
        let mut all = self.holds(player);
        all.retain(|conn| {
            let socket = self.sockets.get(conn);
            socket.is_some_and(|socket| socket.role == Role::Spectator)
        });
        all
    }

    /// What holds here.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.saved.setup.rules
    }

    /// Who is to be owed what is told: for an outbox that begins anew.
    pub fn recipients(&self) -> impl Iterator<Item = (Conn, &PlayerId, Heed)> {
        self.sockets.iter().map(|(&conn, socket)| (conn, &socket.line.who.player, socket.heed))
    }

    /// What anybody may know of the room.
    #[must_use]
    pub fn summary(&self) -> Value {
        serde_json::json!({
            "room": self.saved.setup.id,
            "pool": self.saved.setup.pool,
            "phase": self.phase_name(),
            "members": self.members(),
            "at": self.log.head(),
        })
    }

    /// When the room next has something to do by itself.
    #[must_use]
    pub fn wake_at(&self) -> Option<Time> {
        [self.log.due(), self.saved.calls.wake_at(), self.deadline()].into_iter().flatten().min()
    }

    fn woke(&mut self, now: Time) {
        if self.log.due().is_some_and(|due| due <= now) {
            self.turn.flush = true;
        }
        self.pass_deadlines(now);
    }

    /// Appends an event and tells everybody.
    fn happen(&mut self, now: Time, new: &New<'_>) -> u64 {
        let entry = self.log.push(now, new);
        self.turn.carriers.extend(new.conn);
        let effect = match &entry.to {
            Some(to) => {
                let scope = Scope::But(to.clone(), entry.text.clone());
                Effect::Tell { text: event::skip(entry.at), scope }
            }
            None => Effect::Tell { text: entry.text.clone(), scope: Scope::All },
        };
        self.turn.out.push(effect);
        self.watch_lag(now);
        entry.at
    }

    /// Ends the turn: one write where one is due, then what may only follow it.
    fn finish(&mut self, now: Time) -> Vec<Effect> {
        let mut turn = std::mem::take(&mut self.turn);
        let calls = self.saved.calls.take_due(now);
        turn.room |= !calls.is_empty();
        let mut save = Save::default();
        if turn.flush || turn.room || self.log.full() || self.overflows() {
            save.chunk = self.log.chunk();
            if self.board.at() > self.board_saved {
                self.board_saved = self.board.at();
                save.board = serde_json::to_string(&self.board).ok();
            }
            save.room = turn.room.then(|| self.saved.text());
        }
        let done = self.done(now);
        let wake = self.wake_at();
        if let Some(wake) = wake
            && self.armed.is_none_or(|armed| wake < armed)
            && !done
        {
            save.alarm = Some(wake);
            self.armed = Some(wake);
        }
        let wrote = save.chunk.is_some();
        let attach = turn.carriers.iter().filter_map(|&conn| {
            let data = self.attachment(conn)?;
            Some(Effect::Attach { conn, data })
        });
        // Who comes and goes is written before anybody hears of it: no socket carries it, and were it lost after it
        // was seen, its position would come again with another event. What is said need not wait; its sender's
        // socket carries it, and is missed where it is lost.
        let mut out = Vec::new();
        let first = save.room.is_some();
        let mut save = (save != Save::default()).then_some(Effect::Save(save));
        if first {
            out.extend(save.take());
        }
        out.append(&mut turn.out);
        out.extend(save);
        out.extend(attach);
        if wrote {
            out.push(Effect::Tell { text: event::durable(self.log.durable()), scope: Scope::All });
        }
        out.append(&mut turn.after);
        out.append(&mut turn.closes);
        out.extend(calls.into_iter().map(|(id, call)| Effect::Call { id, call }));
        if done {
            out.push(Effect::Erase);
        }
        out
    }

    fn refuse(&mut self, conn: Conn, id: Option<&Value>, fault: &Fault) {
        self.turn.out.push(Effect::Send { conn, text: event::err(id, fault) });
    }

    /// Closes a socket and forgets it, so that nothing late of it counts.
    fn drop_socket(&mut self, conn: Conn, why: Close) {
        if self.sockets.remove(&conn).is_some() {
            self.turn.closes.push(Effect::Close { conn, why });
        }
    }

    fn seat_of(&mut self, player: &PlayerId) -> Option<&mut Seat> {
        self.saved.setup.seats.iter_mut().find(|seat| seat.player.as_ref() == Some(player))
    }

    fn members(&self) -> Vec<Value> {
        self.saved.setup.seats.iter().filter_map(Seat::member).collect()
    }
}
