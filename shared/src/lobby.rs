//! Where people wait to be matched. A ticket is on disk and outlives its sockets; each match is made in steps that
//! may be repeated: reserve the players, commit them, open the room, tell them.

mod consent;
mod dismissal;
mod enter;
mod line;
mod making;
pub mod met;
pub mod plan;
mod queue;
mod save;
mod search;
pub mod ticket;
pub mod want;
mod why;

use crate::call::{CallId, Calls};
use crate::caps;
use crate::id::{PlayerId, PoolName, RoomId, TicketId};
use crate::internal::{Dismissal, PlayerAnswer, PlayerAsk};
use crate::outbox::Scope;
use crate::player::Devices;
use crate::pool::Pool;
use crate::protocol::event::{self, Text};
use crate::protocol::{Close, Fault};
use crate::record::Standing;
use crate::room::Setup;
use crate::socket::{self, Conn, Line, Who};
use crate::time::Time;
pub use save::{Disk, Save};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use ticket::Ticket;

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input<'a> {
    /// A socket is open.
    Opened {
        /// Its number, from `next_conn`.
        conn: Conn,
        /// Whose.
        who: Who,
        /// The match that its player is in.
        live: Option<RoomId>,
    },
    /// A text frame came.
    Said {
        /// On which socket.
        conn: Conn,
        /// The frame.
        text: &'a str,
    },
    /// A frame came that nobody will read.
    Binary {
        /// On which socket.
        conn: Conn,
        /// How large it was.
        bytes: usize,
    },
    /// A socket is gone.
    Closed {
        /// Which.
        conn: Conn,
    },
    /// The alarm rang. It may ring late, twice, or for a deadline since moved.
    Woke,
    /// What the region and the player's object know of somebody who enters; or that they did not answer.
    Known {
        /// For which `Look`.
        look: u64,
        /// Their standing, and the match that they are in.
        answer: Option<(Standing, Option<RoomId>)>,
    },
    /// A player's object answered.
    Answered {
        /// Which call.
        call: CallId,
        /// What.
        answer: PlayerAnswer,
    },
    /// The room is there.
    Opening {
        /// Which call.
        call: CallId,
    },
    /// The object of a player says that sockets of theirs are to close. It may be told twice, or late.
    Dismissed {
        /// Whose.
        player: PlayerId,
        /// Which.
        dismissal: Dismissal,
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
    /// Close one socket, after what it is owed.
    Close {
        /// Which.
        conn: Conn,
        /// Why.
        why: Close,
    },
    /// Ask the region and the player's object who that is; once.
    Look {
        /// The number for the answer.
        look: u64,
        /// Who.
        player: PlayerId,
    },
    /// Tell another object; it is repeated until answered.
    Call {
        /// Its number, for the answer.
        id: CallId,
        /// What.
        call: Call,
    },
}

/// What a lobby tells others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// A player's object.
    Player {
        /// Whose.
        player: PlayerId,
        /// What.
        ask: PlayerAsk,
    },
    /// The room that is to be.
    Open {
        /// How.
        setup: Box<Setup>,
    },
}

/// The life of one match before its room is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Making {
    room: RoomId,
    tickets: Vec<TicketId>,
    step: Step,
    /// Who has said yes to this step.
    agreed: BTreeSet<PlayerId>,
    /// A reservation is not waited for longer than it holds, nor an answer longer than the pool says.
    until: Time,
}

/// Which step a match is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    Reserving,
    /// Where the pool asks its people.
    Proposing,
    Committing,
    Opening,
}

/// What is kept beside the tickets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Saved {
    making: BTreeMap<RoomId, Making>,
    calls: Calls<Call>,
    /// How long the last ones waited, milliseconds.
    waits: Vec<u64>,
    /// Who met whom.
    #[serde(default)]
    met: met::Met,
    /// Who let others down.
    #[serde(default)]
    cooldowns: consent::Cooldowns,
    /// Counts the matches made, so that the same people get another room the next time.
    generation: u64,
}

/// A lobby of one pool.
#[derive(Debug, Clone)]
pub struct Lobby {
    name: String,
    pool_name: PoolName,
    pool: Pool,
    tickets: BTreeMap<TicketId, Ticket>,
    saved: Saved,
    sockets: BTreeMap<Conn, Line>,
    asking: BTreeMap<u64, Asking>,
    looks: u64,
    /// When a pair comes to fit by waiting alone.
    ripe: Option<Time>,
    told: Time,
    changed: bool,
    armed: Option<Time>,
    turn: Turn,
}

/// An `enter` that waits for what the region knows. A crash forgets it; the client repeats it by key.
#[derive(Debug, Clone)]
struct Asking {
    conn: Conn,
    id: Option<Value>,
    key: Option<String>,
    body: Value,
}

/// What the input at hand has led to so far.
#[derive(Debug, Clone, Default)]
struct Turn {
    out: Vec<Effect>,
    closes: Vec<Effect>,
    tickets: BTreeSet<TicketId>,
    saved: bool,
    plan: bool,
}

impl Lobby {
    /// What happens next.
    pub fn handle(&mut self, now: Time, input: Input<'_>) -> Vec<Effect> {
        match input {
            Input::Opened { conn, who, live } => self.opened(now, conn, who, live),
            Input::Said { conn, text } => self.heard(now, conn, socket::hear(text)),
            Input::Binary { conn, bytes } => self.heard(now, conn, socket::binary(bytes)),
            Input::Closed { conn } => self.closed(now, conn),
            Input::Woke => {
                self.armed = None;
                self.woke(now);
            }
            Input::Known { look, answer } => self.known(now, look, answer),
            Input::Answered { call, answer } => self.answered(now, call, answer),
            Input::Opening { call } => self.opening(now, call),
            Input::Dismissed { player, dismissal } => self.dismissed(now, &player, &dismissal),
        }
        self.finish(now)
    }

    /// A number for the next socket.
    #[must_use]
    pub fn next_conn(&self) -> Conn {
        Conn(self.sockets.keys().next_back().map_or(0, |conn| conn.0) + 1)
    }

    /// The sockets on which this player is here.
    #[must_use]
    pub fn holds(&self, player: &PlayerId) -> Vec<Conn> {
        self.sockets
            .iter()
            .filter(|(_, line)| line.who.player == *player)
            .map(|(&conn, _)| conn)
            .collect()
    }

    /// What happens where somebody who comes is connected as often as is allowed.
    #[must_use]
    pub fn devices(&self) -> Devices {
        self.pool.devices
    }

    /// Who is to be owed what is told.
    pub fn recipients(&self) -> impl Iterator<Item = (Conn, &PlayerId)> {
        self.sockets
            .iter()
            .map(|(&conn, line)| (conn, &line.who.player))
    }

    /// When the lobby next has something to do by itself.
    #[must_use]
    pub fn wake_at(&self) -> Option<Time> {
        let tell =
            (self.changed && !self.sockets.is_empty()).then(|| self.told + caps::LOBBY_EVERY);
        let making = self
            .saved
            .making
            .values()
            .filter(|making| matches!(making.step, Step::Reserving | Step::Proposing));
        let until = making.map(|making| making.until).min();
        [
            self.saved.calls.wake_at(),
            self.patience(),
            self.ripe,
            tell,
            until,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn woke(&mut self, now: Time) {
        self.pass_deadlines(now);
        self.give_up_slow(now);
        self.pass_proposals(now);
    }

    fn finish(&mut self, now: Time) -> Vec<Effect> {
        if self.turn.plan || self.ripe.is_some_and(|ripe| ripe <= now) {
            self.turn.plan = false;
            self.make_matches(now);
        }
        self.tell_lobby(now);
        let calls = self.due_calls(now);
        let turn = std::mem::take(&mut self.turn);
        let mut save = Save::default();
        if turn.saved || !calls.is_empty() {
            save.lobby = Some(event::encode(&self.saved).to_string());
        }
        for id in turn.tickets {
            let text = self
                .tickets
                .get(&id)
                .map(|ticket| event::encode(ticket).to_string());
            save.tickets.push((id, text));
        }
        if let Some(wake) = self.wake_at()
            && self.armed.is_none_or(|armed| wake < armed)
        {
            save.alarm = Some(wake);
            self.armed = Some(wake);
        }
        let mut out = turn.out;
        if save != Save::default() {
            // What is said of a ticket is true only once the ticket is on disk.
            out.insert(0, Effect::Save(save));
        }
        out.extend(turn.closes);
        out.extend(
            calls
                .into_iter()
                .map(|(id, call)| Effect::Call { id, call }),
        );
        out
    }

    /// The number of people waiting and what to expect, at most every two seconds.
    fn tell_lobby(&mut self, now: Time) {
        if !self.changed || self.sockets.is_empty() || now.since(self.told) < caps::LOBBY_EVERY {
            return;
        }
        self.changed = false;
        self.told = now;
        let body = json!({ "waiting": self.tickets.len(), "estimate_ms": self.estimate() });
        let text = event::fleeting("lobby", None, Some(&body));
        self.turn.out.push(Effect::Tell {
            text,
            scope: Scope::All,
        });
    }

    /// The median of the last waits.
    fn estimate(&self) -> Option<u64> {
        self.estimate_of(50)
    }

    /// So many percent of the last ones waited no longer than this.
    fn estimate_of(&self, percent: usize) -> Option<u64> {
        let mut waits = self.saved.waits.clone();
        waits.sort_unstable();
        waits.get(waits.len() * percent / 100).copied()
    }

    fn refuse(&mut self, conn: Conn, id: Option<&Value>, fault: &Fault) {
        self.turn.out.push(Effect::Send {
            conn,
            text: event::err(id, fault),
        });
    }

    fn drop_socket(&mut self, conn: Conn, why: Close) {
        if self.sockets.remove(&conn).is_some() {
            self.turn.closes.push(Effect::Close { conn, why });
        }
    }

    fn tell_player(&mut self, player: &PlayerId, text: &Text) {
        for conn in self.holds(player) {
            self.turn.out.push(Effect::Send {
                conn,
                text: text.clone(),
            });
        }
    }

    fn ticket_of(&self, player: &PlayerId) -> Option<&Ticket> {
        self.tickets
            .values()
            .find(|ticket| ticket.player == *player)
    }
}
