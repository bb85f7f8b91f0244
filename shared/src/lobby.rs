//! The lobby: a state machine that holds one pool's queue and forms its matches.
//!
//! A ticket is on disk and outlives its sockets. A match is formed in steps that may be repeated: reserve the
//! players, propose the match to them if the pool asks for it, commit them, open the room, announce it.
//!
//! In a divided queue each child shard is a lobby with sockets, and one parent lobby without sockets also
//! matches the tickets that a shard could not match. The shard holds its ticket for the parent's match, so a
//! ticket is in one match at most.

mod audits;
mod commands;
mod effect;
mod enter;
mod figures;
mod forced_close;
mod formation;
mod input;
mod lookups;
pub mod matching;
mod retries;
mod service;
mod sharding;
mod state;
#[cfg(test)]
mod test_lobby;
pub mod tickets;
pub mod wait_stats;

use crate::connection::{self, Conn, ConnectionGuard};
use crate::id::{AuditId, PlayerId, PoolName, RoomId, TicketId};
use crate::limits;
pub use crate::lobby::effect::{Answer, Call, Effect};
use crate::lobby::enter::PendingEntry;
use crate::lobby::figures::Reported;
use crate::lobby::formation::saga::PendingMatch;
pub use crate::lobby::input::{Entrant, Input};
use crate::lobby::lookups::Lookups;
use crate::lobby::matching::gathering::Gathering;
use crate::lobby::retries::Retries;
pub use crate::lobby::service::Served;
pub use crate::lobby::state::{Disk, Save};
use crate::lobby::tickets::cooldown::Cooldowns;
use crate::lobby::tickets::endings::Endings;
use crate::lobby::tickets::party::Parties;
use crate::lobby::tickets::recent_opponents::RecentOpponents;
use crate::lobby::tickets::store::TicketStore;
use crate::lobby::tickets::ticket::Ticket;
use crate::lobby::wait_stats::WaitStats;
use crate::metrics::Observed;
use crate::pool::Devices;
use crate::pool::{Pool, Shard};
use crate::rpc::ObjectName;
use crate::rpc::audit::AuditEntry;
use crate::rpc::shard::{ShardRequest, ShardResponse};
use crate::time::Time;
use crate::trace::Trace;
use crate::wire::envelope::{self, Text};
use crate::wire::{CloseCode, Refusal};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A lobby: the queue of a pool, or one shard of it.
#[derive(Debug, Clone)]
pub struct Lobby {
    shard: Shard,
    pool_name: PoolName,
    pool: Pool,
    tickets: TicketStore,
    pending_matches: BTreeMap<RoomId, PendingMatch>,
    /// The deadlines of matches that are not committed yet.
    match_deadlines: BTreeSet<(Time, RoomId)>,
    parties: Parties,
    recent_opponents: RecentOpponents,
    cooldowns: Cooldowns,
    endings: Endings,
    /// Actions that the region has not stored yet.
    audits: BTreeMap<AuditId, AuditEntry>,
    wait_stats: WaitStats,
    gathering: Gathering,
    /// Tickets that the parent must remove, with the count of their escalations.
    withdrawals: BTreeMap<TicketId, u32>,
    retries: Retries<Job>,
    sockets: BTreeMap<Conn, ConnectionGuard>,
    /// No token of a socket expires before this time.
    next_expiry: Time,
    conns_by_player: BTreeMap<PlayerId, BTreeSet<Conn>>,
    /// By socket, a hash of the client's address.
    addresses: BTreeMap<Conn, u64>,
    /// By socket, the trace that its client named.
    traces: BTreeMap<Conn, Trace>,
    /// In order of arrival.
    pending_entries: BTreeMap<u64, PendingEntry>,
    last_entry: u64,
    last_lookup: u64,
    lookups: Lookups,
    stats_sent_at: Time,
    stats_changed: bool,
    reported: Reported,
    armed_alarm: Option<Time>,
    pending: Pending,
    observed: Observed,
}

/// Work that is repeated until the other object confirms it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Job {
    /// Makes the calls of a match at its current step.
    FormMatch(RoomId),
    /// Sends this ticket to the parent.
    Escalate(TicketId),
    /// Withdraws this ticket from the parent.
    Withdraw(TicketId),
    /// Forwards the replies of this ticket's players to the parent.
    ForwardReplies(TicketId),
    /// Reports the figures to the index.
    Figures,
    /// Sends this action to the audit trail.
    Audit(AuditId),
}

/// A row of the lobby's storage.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    Ticket(TicketId),
    PendingMatch(RoomId),
    Party(String),
    Cooldown(PlayerId),
    RecentMatch(RoomId),
    Withdrawal(TicketId),
    Ending(PlayerId),
    Audit(AuditId),
    WaitStats,
}

/// Effects and changed rows of the current input.
#[derive(Debug, Clone, Default)]
struct Pending {
    out: Vec<Effect>,
    closes: Vec<Effect>,
    rows: BTreeSet<Row>,
}

impl Lobby {
    /// Applies one input and returns the effects to perform, in order.
    pub fn handle(&mut self, now: Time, input: Input<'_>) -> Vec<Effect> {
        if now >= self.next_expiry {
            self.next_expiry = connection::expire(self, now);
        }
        match input {
            Input::Opened { conn, identity, current_match, address, trace } => {
                self.opened(now, conn, identity, current_match, address, trace);
            }
            Input::Connection(input) => connection::handle(self, now, input),
            Input::Woke => {
                self.armed_alarm = None;
                self.expire_tickets(now);
                self.expire_matches(now);
                self.expire_parties(now);
            }
            Input::LookedUp { lookup, answer } => self.looked_up(now, lookup, answer.as_ref()),
            Input::ShardStored { player, stored } => self.shard_stored(&player, stored),
            Input::Answered { call, answer } => self.answered(now, &call, answer),
            Input::ForcedClose { player, close } => self.force_close(now, &player, &close),
        }
        self.finish(now)
    }

    /// Answers a request of another object of the same queue.
    pub fn handle_request(&mut self, now: Time, request: ShardRequest) -> (ShardResponse, Vec<Effect>) {
        let answer = match self.shard {
            Shard::Parent => self.handle_shard_request(now, request),
            Shard::Child(_) => self.handle_parent_request(now, request),
        };
        (answer, self.finish(now))
    }

    /// Returns an unused number for the next socket.
    #[must_use]
    pub fn next_conn(&self) -> Conn {
        Conn(self.sockets.keys().next_back().map_or(0, |conn| conn.0) + 1)
    }

    /// Returns the sockets of this player.
    #[must_use]
    pub fn connections_of(&self, player: &PlayerId) -> Vec<Conn> {
        self.conns_by_player.get(player).into_iter().flatten().copied().collect()
    }

    /// Returns the name of the pool, and what the lobby has counted since its shell last took it.
    pub fn observed(&mut self) -> (&PoolName, &mut Observed) {
        (&self.pool_name, &mut self.observed)
    }

    /// Returns the policy for a player who already has the most connections allowed.
    #[must_use]
    pub fn devices(&self) -> Devices {
        self.pool.devices
    }

    /// Returns the connections that receive broadcasts, with their players.
    pub fn recipients(&self) -> impl Iterator<Item = (Conn, &PlayerId)> {
        self.sockets.iter().map(|(&conn, guard)| (conn, &guard.identity.player))
    }

    /// Returns the name of this lobby's object.
    #[must_use]
    pub fn object_name(&self) -> ObjectName {
        ObjectName::Lobby(self.pool_name.clone(), self.shard)
    }

    /// Returns the time at which the lobby must act without an input.
    #[must_use]
    pub fn wake_at(&self) -> Option<Time> {
        let stats_due = (self.stats_changed && !self.sockets.is_empty())
            .then(|| self.stats_sent_at + limits::LOBBY_UPDATE_INTERVAL);
        [
            self.retries.wake_at(),
            self.tickets.next_deadline(),
            self.next_plan(),
            self.next_match_deadline(),
            self.parties.next_deadline(),
            self.next_report(),
            stats_due,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Returns the time of the next plan.
    fn next_plan(&self) -> Option<Time> {
        self.tickets.index.next_due().map(|due| self.gathering.plan_at(due))
    }

    fn finish(&mut self, now: Time) -> Vec<Effect> {
        self.plan_if_due(now);
        self.report_figures(now);
        self.take_effects(now)
    }

    fn plan_if_due(&mut self, now: Time) {
        if self.next_plan().is_some_and(|due| due <= now) {
            self.make_matches(now);
        }
    }

    /// Returns the effects of the turn, with the calls that are due.
    fn take_effects(&mut self, now: Time) -> Vec<Effect> {
        self.broadcast_stats(now);
        let calls = self.due_calls(now);
        let mut save = Save::default();
        for row in std::mem::take(&mut self.pending.rows) {
            let text = self.row(&row);
            save.rows.push((row.key(), text));
        }
        let pending = std::mem::take(&mut self.pending);
        if let Some(wake) = self.wake_at()
            && self.armed_alarm.is_none_or(|armed| wake < armed)
        {
            save.alarm = Some(wake);
            self.armed_alarm = Some(wake);
        }
        let mut out = pending.out;
        if save != Save::default() {
            // A message about a ticket is true only after the ticket is on disk.
            out.insert(0, Effect::Save(save));
        }
        out.extend(pending.closes);
        out.extend(calls.into_iter().map(Effect::Call));
        out
    }

    fn refuse(&mut self, conn: Conn, id: Option<&Value>, fault: &Refusal) {
        self.observed.command(Some(fault));
        let text = envelope::err(id, fault);
        self.pending.out.push(Effect::Send { conn, text });
    }

    fn remove_socket(&mut self, conn: Conn) -> Option<ConnectionGuard> {
        let guard = self.sockets.remove(&conn)?;
        self.addresses.remove(&conn);
        self.traces.remove(&conn);
        if let Some(conns) = self.conns_by_player.get_mut(&guard.identity.player) {
            conns.remove(&conn);
            if conns.is_empty() {
                self.conns_by_player.remove(&guard.identity.player);
            }
        }
        Some(guard)
    }

    fn close_socket(&mut self, conn: Conn, why: CloseCode) {
        if self.remove_socket(conn).is_some() {
            self.pending.closes.push(Effect::Close { conn, code: why });
        }
    }

    fn is_connected(&self, player: &PlayerId) -> bool {
        self.conns_by_player.contains_key(player)
    }

    fn send_to_player(&mut self, player: &PlayerId, text: &Text) {
        for conn in self.connections_of(player) {
            let text = text.clone();
            self.pending.out.push(Effect::Send { conn, text });
        }
    }

    /// Stores a ticket, in place of its previous version.
    fn put_ticket(&mut self, now: Time, ticket: Ticket) {
        self.pending.rows.insert(Row::Ticket(ticket.id.clone()));
        self.tickets.put(now, ticket);
    }
}
