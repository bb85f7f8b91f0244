//! The stored state of a lobby: its rows, its sockets' attachments, and the restore after a restart.

use crate::connection::{Conn, ConnectionGuard, Identity};
use crate::id::{PlayerId, PoolName};
use crate::lobby::figures::Reported;
use crate::lobby::formation::saga::PendingMatch;
use crate::lobby::lookups::Lookups;
use crate::lobby::matching::gathering::Gathering;
use crate::lobby::retries::Retries;
use crate::lobby::tickets::cooldown::Cooldowns;
use crate::lobby::tickets::endings::Endings;
use crate::lobby::tickets::party::{Parties, Party};
use crate::lobby::tickets::recent_opponents::RecentOpponents;
use crate::lobby::tickets::store::TicketStore;
use crate::lobby::tickets::ticket::{Escalation, State, Ticket};
use crate::lobby::wait_stats::WaitStats;
use crate::lobby::{Effect, Job, Lobby, Pending, Row};
use crate::metrics::Observed;
use crate::pool::{Pool, Shard};
use crate::rpc::audit::AuditEntry;
use crate::time::Time;
use crate::trace::Trace;
use crate::wire::envelope;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One atomic write.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Save {
    /// Changed rows by key; `None` deletes the row.
    pub rows: Vec<(String, Option<String>)>,
    /// The new time of the alarm.
    pub alarm: Option<Time>,
}

/// The rows of a lobby by key.
///
/// | key | row | lives |
/// |---|---|---|
/// | `t/{ticket}` | the ticket | until it is matched or removed |
/// | `m/{match}` | a forming match | until its players are told |
/// | `p/{code}` | a party | until it is empty or idle |
/// | `c/{player}` | a cooldown | until it is forgiven and another is written |
/// | `n/{match}` | the players of a recent match | until their rematch is allowed and another is written |
/// | `w/{ticket}` | a ticket that the parent must remove | until the parent confirms |
/// | `e/{player}` | how the player's ticket of the operator's backend ended | until it is old and another ends |
/// | `a/{action}` | an action for the audit trail | until the region has stored it |
/// | `tally` | recent waits, and the number of matches | forever |
pub type Disk = BTreeMap<String, String>;

/// The attachment of a socket.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::lobby) struct Attachment {
    pub(in crate::lobby) conn: Conn,
    #[serde(rename = "who")]
    pub(in crate::lobby) identity: Identity,
    /// A hash of the client's address.
    #[serde(default, rename = "from")]
    pub(in crate::lobby) address: u64,
    /// The trace that the client named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::lobby) trace: Option<Trace>,
}

impl Row {
    pub(in crate::lobby) fn key(&self) -> String {
        match self {
            Self::Ticket(id) => format!("t/{id}"),
            Self::PendingMatch(room) => format!("m/{room}"),
            Self::Party(code) => format!("p/{code}"),
            Self::Cooldown(player) => format!("c/{player}"),
            Self::RecentMatch(room) => format!("n/{room}"),
            Self::Withdrawal(id) => format!("w/{id}"),
            Self::Ending(player) => format!("e/{player}"),
            Self::Audit(id) => format!("a/{id}"),
            Self::WaitStats => "tally".to_owned(),
        }
    }
}

impl Lobby {
    /// Reads the number and the identity of a socket from its attachment.
    #[must_use]
    pub fn read_attachment(attachment: &str) -> Option<(Conn, Identity)> {
        let attachment: Attachment = serde_json::from_str(attachment).ok()?;
        Some((attachment.conn, attachment.identity))
    }

    /// Restores a lobby from its rows and attachments, and returns the effects that follow.
    ///
    /// # Errors
    /// A row that cannot be read.
    pub fn restore(
        pool_name: PoolName,
        shard: Shard,
        pool: &Pool,
        disk: &Disk,
        attachments: &[String],
        now: Time,
    ) -> Result<(Self, Vec<Effect>), serde_json::Error> {
        let mut lobby = Self {
            shard,
            pool_name,
            pool: pool.clone(),
            tickets: TicketStore::new(pool, shard),
            pending_matches: BTreeMap::new(),
            match_deadlines: BTreeSet::new(),
            parties: Parties::default(),
            recent_opponents: RecentOpponents::default(),
            cooldowns: Cooldowns::default(),
            endings: Endings::default(),
            audits: BTreeMap::new(),
            wait_stats: WaitStats::default(),
            gathering: Gathering::default(),
            withdrawals: BTreeMap::new(),
            retries: Retries::default(),
            sockets: BTreeMap::new(),
            next_expiry: Time::from_ms(0),
            conns_by_player: BTreeMap::new(),
            addresses: BTreeMap::new(),
            traces: BTreeMap::new(),
            pending_entries: BTreeMap::new(),
            last_entry: 0,
            last_lookup: 0,
            lookups: Lookups::default(),
            stats_sent_at: Time::default(),
            stats_changed: false,
            reported: Reported::default(),
            armed_alarm: None,
            pending: Pending::default(),
            observed: Observed::default(),
        };
        for (key, text) in disk {
            lobby.read_row(now, key, text)?;
        }
        // The restored rows are on disk already.
        lobby.pending = Pending::default();
        let attachments = attachments.iter().filter_map(|text| serde_json::from_str(text).ok());
        for Attachment { conn, identity, address, trace } in attachments {
            lobby.traces.extend(trace.map(|trace| (conn, trace)));
            lobby.addresses.insert(conn, address);
            lobby.conns_by_player.entry(identity.player.clone()).or_default().insert(conn);
            lobby.sockets.insert(conn, ConnectionGuard::new(identity, now));
        }
        lobby.resume(now);
        lobby.plan_if_due(now);
        let effects = lobby.take_effects(now);
        Ok((lobby, effects))
    }

    fn read_row(&mut self, now: Time, key: &str, text: &str) -> Result<(), serde_json::Error> {
        let mut segments = key.split('/');
        match (segments.next(), segments.next()) {
            (Some("t"), _) => self.tickets.put(now, serde_json::from_str(text)?),
            (Some("m"), _) => {
                let forming: PendingMatch = serde_json::from_str(text)?;
                self.put_match(forming);
            }
            (Some("p"), _) => self.parties.put(serde_json::from_str::<Party>(text)?),
            (Some("c"), Some(player)) => {
                if let Ok(player) = player.parse() {
                    self.cooldowns.read(player, serde_json::from_str(text)?);
                }
            }
            (Some("n"), Some(room)) => {
                if let Ok(room) = room.parse() {
                    self.recent_opponents.read(room, serde_json::from_str(text)?);
                }
            }
            (Some("w"), Some(id)) => {
                if let Ok(id) = id.parse() {
                    self.withdrawals.insert(id, serde_json::from_str(text)?);
                }
            }
            (Some("e"), Some(player)) => {
                if let Ok(player) = player.parse() {
                    self.endings.read(player, serde_json::from_str(text)?);
                }
            }
            (Some("a"), _) => {
                let entry: AuditEntry = serde_json::from_str(text)?;
                self.audits.insert(entry.id.clone(), entry);
            }
            (Some("tally"), _) => self.wait_stats = serde_json::from_str(text)?,
            // Rows of a later version are ignored.
            _ => {}
        }
        Ok(())
    }

    /// Returns the current text of a row; `None` if its item no longer exists.
    pub(in crate::lobby) fn row(&self, row: &Row) -> Option<String> {
        let text = match row {
            Row::Ticket(id) => envelope::encode(self.tickets.get(id)?),
            Row::PendingMatch(room) => envelope::encode(self.pending_matches.get(room)?),
            Row::Party(code) => envelope::encode(self.parties.get(code)?),
            Row::Cooldown(player) => envelope::encode(self.cooldowns.written(player)?),
            Row::RecentMatch(room) => envelope::encode(self.recent_opponents.written(room)?),
            Row::Withdrawal(id) => envelope::encode(self.withdrawals.get(id)?),
            Row::Ending(player) => envelope::encode(self.endings.written(player)?),
            Row::Audit(id) => envelope::encode(self.audits.get(id)?),
            Row::WaitStats => envelope::encode(&self.wait_stats),
        };
        Some(text.to_string())
    }

    /// Repeats all unconfirmed work, and pauses tickets whose players lost their sockets.
    fn resume(&mut self, now: Time) {
        let matches: Vec<PendingMatch> = self.pending_matches.values().cloned().collect();
        for forming in matches {
            self.retries.begin(now, Job::FormMatch(forming.room));
        }
        for id in self.withdrawals.keys().cloned().collect::<Vec<_>>() {
            self.retries.begin(now, Job::Withdraw(id));
        }
        for id in self.audits.keys().cloned().collect::<Vec<_>>() {
            self.retries.begin(now, Job::Audit(id));
        }
        let tickets: Vec<Ticket> = self.tickets.iter().cloned().collect();
        let waiting = tickets.iter().filter(|ticket| ticket.state == State::Waiting);
        if let Some(latest) = waiting.map(|ticket| ticket.since).max() {
            self.gathering.resume(now, latest);
        }
        for ticket in tickets {
            if ticket.escalation == Escalation::Sending {
                self.retries.begin(now, Job::Escalate(ticket.id.clone()));
            }
            if matches!(&ticket.state, State::HeldByParent(hold) if !hold.replies.is_empty()) {
                self.retries.begin(now, Job::ForwardReplies(ticket.id.clone()));
            }
            if self.shard != Shard::Parent {
                self.sync_connection(now, &ticket.id);
            }
        }
    }

    /// Returns everything that a restart must restore: the rows, and the sockets with their players.
    #[must_use]
    pub fn durable_state(&self) -> (Disk, Vec<(Conn, PlayerId)>) {
        let tickets = self.tickets.iter().map(|ticket| Row::Ticket(ticket.id.clone()));
        let matches = self.pending_matches.keys().cloned().map(Row::PendingMatch);
        let parties = self.parties.codes().map(Row::Party);
        let cooldowns = self.cooldowns.players().map(Row::Cooldown);
        let recent_matches = self.recent_opponents.rooms().map(Row::RecentMatch);
        let withdrawn = self.withdrawals.keys().cloned().map(Row::Withdrawal);
        let endings = self.endings.players().map(Row::Ending);
        let audits = self.audits.keys().cloned().map(Row::Audit);
        let rows = tickets
            .chain(matches)
            .chain(parties)
            .chain(cooldowns)
            .chain(recent_matches)
            .chain(withdrawn)
            .chain(endings)
            .chain(audits)
            .chain([Row::WaitStats]);
        let disk = rows.filter_map(|row| Some((row.key(), self.row(&row)?)));
        let sockets = self.recipients().map(|(conn, player)| (conn, player.clone()));
        (disk.collect(), sockets.collect())
    }
}
