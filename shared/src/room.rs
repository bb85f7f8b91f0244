//! Where people who were matched meet: seats, one log, one board, an end.
//!
//! A room is driven by inputs and answers with effects. It knows no clock, no socket and no disk.

pub mod board;
mod command;
pub mod log;
mod over;
mod presence;
mod pressure;
pub mod rules;
pub mod save;
pub mod seat;
mod welcome;

use crate::call::CallId;
use crate::id::{PlayerId, PoolName, RoomId};
use crate::outbox::{Heed, Scope};
use crate::protocol::event::{self, Text};
use crate::protocol::{Close, Fault};
use crate::record::{EndReason, MatchRecord};
use crate::socket::{self, Line};
pub use crate::socket::{Conn, Who};
use crate::time::Time;
use board::Board;
use log::{Chunk, Log, New};
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

/// Where a recipient wants to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// The life of the log that the position belongs to.
    pub epoch: String,
    /// The last position seen.
    pub at: u64,
}

/// What a socket may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Has a seat.
    Member,
    /// Watches.
    Spectator,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input<'a> {
    /// A socket that was admitted is open.
    Opened {
        /// Its number, from `next_conn`.
        conn: Conn,
        /// Whose it is.
        who: Who,
        /// As what, from `admit`.
        role: Role,
        /// Where it goes on.
        resume: Option<Resume>,
    },
    /// A text frame came. A late frame of a replaced socket is ignored.
    Said {
        /// On which socket.
        conn: Conn,
        /// The frame.
        text: &'a str,
    },
    /// A frame came that nobody will read: binary.
    Binary {
        /// On which socket.
        conn: Conn,
    },
    /// A socket is gone. It may be told twice.
    Closed {
        /// Which.
        conn: Conn,
    },
    /// The alarm rang. It may ring late, twice, or for a deadline since moved.
    Woke,
    /// The other side has what it was told.
    Confirmed {
        /// Which call.
        call: CallId,
    },
    /// The shell looked at a newer token.
    Renewed {
        /// For which socket.
        conn: Conn,
        /// The id of the command.
        id: Option<Value>,
        /// Until when it is good; or why not.
        verdict: Result<Who, String>,
    },
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum Effect {
    /// Write, all of it at once or nothing.
    Save(Save),
    /// Keep this with the socket.
    Attach {
        /// Which.
        conn: Conn,
        /// At most 16 KiB.
        data: String,
    },
    /// Owe one socket a message.
    Send {
        /// Which.
        conn: Conn,
        /// The message.
        text: Text,
    },
    /// Owe everybody a message.
    Tell {
        /// The message.
        text: Text,
        /// Whom it is for.
        scope: Scope,
    },
    /// From now on one socket gets this much of what is told to all.
    Heed {
        /// Which.
        conn: Conn,
        /// How much.
        heed: Heed,
    },
    /// Close one socket, after what it is owed.
    Close {
        /// Which.
        conn: Conn,
        /// Why.
        why: Close,
    },
    /// Tell another object or the region; it is repeated until confirmed.
    Call {
        /// Its number, for the confirmation.
        id: CallId,
        /// What.
        call: Call,
    },
    /// Look at a newer token.
    Verify {
        /// For which socket.
        conn: Conn,
        /// The id of the command.
        id: Option<Value>,
        /// The token.
        token: String,
    },
    /// A fault on purpose, where the deployment allows them.
    Panic,
    /// Forget everything: the room is done.
    Erase,
}

/// One write.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Save {
    /// The room but for its log and board.
    pub room: Option<String>,
    /// The board.
    pub board: Option<String>,
    /// A row of the log.
    pub chunk: Option<Chunk>,
    /// The alarm is to ring then.
    pub alarm: Option<Time>,
}

/// What a room tells others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub enum Call {
    /// The region: this match is over.
    Record {
        /// What happened.
        record: Box<MatchRecord>,
    },
    /// A player's object: they are in this room no more.
    Free {
        /// Whose.
        player: PlayerId,
        /// Which.
        room: RoomId,
    },
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
        self.expire(now);
        match input {
            Input::Opened {
                conn,
                who,
                role,
                resume,
            } => self.opened(now, conn, who, role, resume.as_ref()),
            Input::Said { conn, text } => self.said(now, conn, text),
            Input::Binary { conn } => self.faulty(now, conn, &socket::binary()),
            Input::Closed { conn } => self.closed(now, conn),
            Input::Woke => {
                self.armed = None;
                self.woke(now);
            }
            Input::Confirmed { call } => self.turn.room |= self.saved.calls.confirm(call),
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

    /// Who is to be owed what is told: for an outbox that begins anew.
    pub fn recipients(&self) -> impl Iterator<Item = (Conn, &PlayerId, Heed)> {
        self.sockets
            .iter()
            .map(|(&conn, socket)| (conn, &socket.line.who.player, socket.heed))
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
        [self.log.due(), self.saved.calls.wake_at(), self.deadline()]
            .into_iter()
            .flatten()
            .min()
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
                Effect::Tell {
                    text: event::skip(entry.at),
                    scope,
                }
            }
            None => Effect::Tell {
                text: entry.text.clone(),
                scope: Scope::All,
            },
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
        let mut out = turn.out;
        out.extend(turn.carriers.iter().filter_map(|&conn| {
            let data = self.attachment(conn)?;
            Some(Effect::Attach { conn, data })
        }));
        let wrote = save.chunk.is_some();
        if save != Save::default() {
            out.push(Effect::Save(save));
        }
        if wrote {
            out.push(Effect::Tell {
                text: event::durable(self.log.durable()),
                scope: Scope::All,
            });
        }
        out.append(&mut turn.after);
        out.append(&mut turn.closes);
        out.extend(
            calls
                .into_iter()
                .map(|(id, call)| Effect::Call { id, call }),
        );
        if done {
            out.push(Effect::Erase);
        }
        out
    }

    fn refuse(&mut self, conn: Conn, id: Option<&Value>, fault: &Fault) {
        self.turn.out.push(Effect::Send {
            conn,
            text: event::err(id, fault),
        });
    }

    /// Closes a socket and forgets it, so that nothing late of it counts.
    fn drop_socket(&mut self, conn: Conn, why: Close) {
        if self.sockets.remove(&conn).is_some() {
            self.turn.closes.push(Effect::Close { conn, why });
        }
    }

    fn seat_of(&mut self, player: &PlayerId) -> Option<&mut Seat> {
        self.saved
            .setup
            .seats
            .iter_mut()
            .find(|seat| seat.player.as_ref() == Some(player))
    }

    fn members(&self) -> Vec<Value> {
        self.saved
            .setup
            .seats
            .iter()
            .filter_map(Seat::member)
            .collect()
    }
}
