//! Where people wait to be matched. A ticket is on disk and outlives its sockets; each match is made in steps that
//! may be repeated: reserve the players, ask them where the pool says so, commit them, open the room, tell them.
//!
//! Where a queue is divided, each part is a lobby with sockets, and above them is one without, the top: whom a part
//! cannot match is matched there too. A part lends its ticket to the match that the top makes, so that it is in one
//! match at most.

mod answers;
mod book;
mod climb;
mod consent;
mod cooldown;
mod dismissal;
mod ending;
mod enter;
pub mod fit;
mod group;
mod io;
mod kind;
mod lent;
mod looks;
mod making;
pub mod met;
mod pairs;
pub mod parts;
mod party;
pub mod plan;
mod queue;
mod retry;
mod save;
mod swap;
mod tally;
mod teams;
pub mod ticket;
pub mod waiting;
pub mod want;
mod why;

use crate::caps;
use crate::id::{PlayerId, PoolName, RoomId, TicketId};
use crate::player::Devices;
use crate::pool::{Pool, Shard};
use crate::protocol::event::{self, Text};
use crate::protocol::{Close, Fault};
use crate::socket::{self, Conn, Line};
use crate::time::Time;
use book::Book;
use cooldown::Cooldowns;
use enter::Asking;
pub use io::{Answer, Call, Effect, Input, Known};
use looks::Looks;
use making::Making;
use met::Met;
use party::Parties;
use retry::Retries;
pub use save::{Disk, Save};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tally::Tally;
use ticket::Ticket;

/// A lobby: a pool's queue, or a part of it.
#[derive(Debug, Clone)]
pub struct Lobby {
    shard: Shard,
    pool_name: PoolName,
    pool: Pool,
    book: Book,
    making: BTreeMap<RoomId, Making>,
    /// Until when each of them is waited for.
    untils: BTreeSet<(Time, RoomId)>,
    parties: Parties,
    met: Met,
    cooldowns: Cooldowns,
    tally: Tally,
    /// Tickets that the top is to forget.
    withdrawn: BTreeMap<TicketId, u32>,
    retries: Retries<Job>,
    sockets: BTreeMap<Conn, Line>,
    on: BTreeMap<PlayerId, BTreeSet<Conn>>,
    asking: BTreeMap<u64, Asking>,
    last_asked: u64,
    looks: Looks,
    told: Time,
    changed: bool,
    armed: Option<Time>,
    turn: Turn,
}

/// Something that is said again until it is confirmed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Job {
    /// What a match needs at its step.
    Make(RoomId),
    /// To the top: this ticket.
    Climb(TicketId),
    /// To the top: no more of this ticket.
    Withdraw(TicketId),
    /// To the top: what this ticket's people say to a match.
    Say(TicketId),
}

/// A row on disk.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    Ticket(TicketId),
    Making(RoomId),
    Party(String),
    Cooldown(PlayerId),
    Met(RoomId),
    Withdrawn(TicketId),
    Tally,
}

/// What the input at hand has led to so far.
#[derive(Debug, Clone, Default)]
struct Turn {
    out: Vec<Effect>,
    closes: Vec<Effect>,
    rows: BTreeSet<Row>,
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
                self.pass_deadlines(now);
                self.pass_makings(now);
                self.pass_parties(now);
            }
            Input::Known { look, answer } => self.known(now, look, answer),
            Input::Moved { player, done } => self.moved(&player, done),
            Input::Answered { call, answer } => self.answered(now, &call, answer),
            Input::Dismissed { player, dismissal } => self.dismissed(now, &player, &dismissal),
        }
        self.finish(now)
    }

    /// Another part of the queue asks.
    pub fn asked(&mut self, now: Time, ask: parts::LobbyAsk) -> (parts::LobbyAnswer, Vec<Effect>) {
        let answer = match self.shard {
            Shard::Top => self.asked_by_part(now, ask),
            Shard::Part(_) => self.asked_by_top(now, ask),
        };
        (answer, self.finish(now))
    }

    /// A number for the next socket.
    #[must_use]
    pub fn next_conn(&self) -> Conn {
        Conn(self.sockets.keys().next_back().map_or(0, |conn| conn.0) + 1)
    }

    /// The sockets on which this player is here.
    #[must_use]
    pub fn holds(&self, player: &PlayerId) -> Vec<Conn> {
        self.on.get(player).into_iter().flatten().copied().collect()
    }

    /// What happens where somebody who comes is connected as often as is allowed.
    #[must_use]
    pub fn devices(&self) -> Devices {
        self.pool.devices
    }

    /// Who is to be owed what is told.
    pub fn recipients(&self) -> impl Iterator<Item = (Conn, &PlayerId)> {
        self.sockets.iter().map(|(&conn, line)| (conn, &line.who.player))
    }

    /// How many people wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.book.people()
    }

    /// How an object of this queue is called in leases.
    #[must_use]
    pub fn lease(pool: &PoolName, shard: Shard) -> String {
        format!("lobby:{}", shard.object(pool))
    }

    /// When the lobby next has something to do by itself.
    #[must_use]
    pub fn wake_at(&self) -> Option<Time> {
        let tell = (self.changed && !self.sockets.is_empty()).then(|| self.told + caps::LOBBY_EVERY);
        [
            self.retries.wake_at(),
            self.book.next_deadline(),
            self.book.waiting.next_due(),
            self.making_until(),
            self.parties.next_deadline(),
            tell,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn finish(&mut self, now: Time) -> Vec<Effect> {
        if self.book.waiting.next_due().is_some_and(|due| due <= now) {
            self.make_matches(now);
        }
        self.tell_lobby(now);
        let calls = self.due_calls(now);
        let mut save = Save::default();
        for row in std::mem::take(&mut self.turn.rows) {
            let text = self.row(&row);
            save.rows.push((row.key(), text));
        }
        let turn = std::mem::take(&mut self.turn);
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
        out.extend(calls.into_iter().map(Effect::Call));
        out
    }

    fn refuse(&mut self, conn: Conn, id: Option<&Value>, fault: &Fault) {
        let text = event::err(id, fault);
        self.turn.out.push(Effect::Send { conn, text });
    }

    /// The socket is no more.
    fn forget_socket(&mut self, conn: Conn) -> Option<Line> {
        let line = self.sockets.remove(&conn)?;
        if let Some(conns) = self.on.get_mut(&line.who.player) {
            conns.remove(&conn);
            if conns.is_empty() {
                self.on.remove(&line.who.player);
            }
        }
        Some(line)
    }

    fn drop_socket(&mut self, conn: Conn, why: Close) {
        if self.forget_socket(conn).is_some() {
            self.turn.closes.push(Effect::Close { conn, why });
        }
    }

    fn is_here(&self, player: &PlayerId) -> bool {
        self.on.contains_key(player)
    }

    fn tell_player(&mut self, player: &PlayerId, text: &Text) {
        for conn in self.holds(player) {
            let text = text.clone();
            self.turn.out.push(Effect::Send { conn, text });
        }
    }

    /// A ticket is as this from now on.
    fn put(&mut self, now: Time, ticket: Ticket) {
        self.turn.rows.insert(Row::Ticket(ticket.id.clone()));
        self.book.put(now, ticket);
    }
}
