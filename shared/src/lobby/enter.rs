//! Entry into the queue: the command, the lookup of the player in the region, and the new ticket.

use super::{Effect, Entrant, Lobby};
use crate::connection::Conn;
use crate::hash::fnv;
use crate::id::{PlayerId, TicketId};
use crate::limits;
use crate::lobby::lookups::LookupStep;
use crate::lobby::tickets::ticket::{self, Escalation, Member, State, Ticket};
use crate::pool::Shard;
use crate::rpc::record::MatchmakingProfile;
use crate::time::Time;
use crate::trace::Trace;
use crate::wire::envelope;
use crate::wire::lobby::Reply;
use crate::wire::{self, CloseCode, Refusal, RefusalCode};
use serde_json::Value;
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// A command that waits for the region's data about its player. A crash loses it; the client repeats it by
/// key.
#[derive(Debug, Clone)]
pub(super) struct PendingEntry {
    /// The lookup whose answer it waits for.
    pub(super) lookup: u64,
    pub(super) conn: Conn,
    pub(super) id: Option<Value>,
    pub(super) entry: Entry,
}

/// An entry into the queue or into a party, by a player or on the player's behalf.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) player: PlayerId,
    pub(super) key: Option<String>,
    pub(super) body: Value,
    pub(super) intent: Intent,
    /// The service or operator that asks; none for a player.
    pub(super) by: Option<PlayerId>,
    /// The trace that the client named.
    pub(super) trace: Option<Trace>,
}

/// The purpose of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Intent {
    Enter,
    Party,
    /// Joins the party with this code.
    Join(String),
}

/// The decision about an entry.
pub(super) enum Decision {
    /// The entry is done.
    Done(Reply),
    /// The player's place is this shard of the queue.
    Moves(u16),
}

/// The message of a refusal while too many lookups wait.
pub(super) const RUSH: &str = "Many players are entering at once. Try again after `after_ms`.";

impl Lobby {
    /// Executes `enter`, `party` or `join`. `None`: the reply follows after the lookup of the player.
    pub(super) fn enter(&mut self, now: Time, pending: PendingEntry) -> Result<Option<Reply>, Refusal> {
        let Entry { player, intent, body, .. } = &pending.entry;
        if let Some(ticket) = self.tickets.of_player(player) {
            let (text, body) = (ticket::queued_event(ticket), ticket::wire_ticket(ticket));
            if *intent != Intent::Enter {
                return Err(already_waiting());
            }
            self.pending.out.push(Effect::Send { conn: pending.conn, text });
            return Ok(Some(Reply::Ticket(body)));
        }
        ticket::read_entry(body)?;
        match intent {
            Intent::Enter => self.check_may_enter(now, player)?,
            Intent::Party => {
                if let Some(party) = self.existing_party(player)? {
                    return Ok(Some(Reply::Party(party)));
                }
            }
            Intent::Join(code) => {
                let shard = code.split_once('-').and_then(|(shard, _)| shard.parse().ok());
                if let Some(shard) = shard.filter(|&shard| Shard::Child(shard) != self.shard) {
                    return self.redirect_to_shard(pending, shard).map(|()| None);
                }
                if let Some(party) = self.check_may_join(player, code)? {
                    return Ok(Some(Reply::Party(party)));
                }
            }
        }
        if let Some(lookup) = self.lookups.of(player) {
            return self.follow_lookup(pending, lookup).map(|()| None);
        }
        if let Some(profile) = self.latest_profile(now, &pending.entry) {
            let answer = Entrant { profile, current_match: None, random: 0 };
            return Ok(match self.decide_entry(now, &pending.entry, Some(answer))? {
                Decision::Done(reply) => Some(reply),
                Decision::Moves(shard) => {
                    self.move_entry(pending, shard);
                    None
                }
            });
        }
        let address = self.addresses.get(&pending.conn).copied().unwrap_or_default();
        if !self.lookups.has_room(address) {
            return Err(try_again_later(player, RUSH));
        }
        let player = player.clone();
        self.last_lookup += 1;
        let lookup = self.last_lookup;
        self.add_pending_entry(PendingEntry { lookup, ..pending });
        let step = self.lookups.join(now, lookup, &player, address);
        self.start_lookups(step);
        Ok(None)
    }

    /// Lets a command wait for the lookup of its player that is under way.
    fn follow_lookup(&mut self, pending: PendingEntry, lookup: u64) -> Result<(), Refusal> {
        let waiting = self.pending_entries.values().filter(|it| it.lookup == lookup).count();
        if waiting >= limits::ENTRIES_PER_PLAYER_MAX {
            let text = "Your earlier commands are still being executed. Try again after `after_ms`.";
            return Err(try_again_later(&pending.entry.player, text));
        }
        self.add_pending_entry(PendingEntry { lookup, ..pending });
        Ok(())
    }

    /// Returns the profile of the player from a lookup a moment ago. A new party needs a lookup, because its code
    /// consists of new random bits.
    pub(super) fn latest_profile(&mut self, now: Time, entry: &Entry) -> Option<MatchmakingProfile> {
        match entry.intent {
            Intent::Enter | Intent::Join(_) => self.lookups.latest(now, &entry.player),
            Intent::Party => None,
        }
    }

    /// Starts lookups, and rejects the commands of those that waited too long.
    fn start_lookups(&mut self, steps: impl IntoIterator<Item = LookupStep>) {
        for step in steps {
            match step {
                LookupStep::Start(lookup, player) => {
                    self.pending.out.push(Effect::LookUp { lookup, player });
                }
                LookupStep::Expired(lookup) => {
                    for PendingEntry { conn, id, entry, .. } in self.take_entries(lookup) {
                        if let Some(id) = &id {
                            let fault = try_again_later(&entry.player, RUSH);
                            self.refuse(conn, Some(id), &fault);
                        }
                    }
                }
            }
        }
    }

    /// Takes the commands that wait for a lookup, in order of arrival.
    fn take_entries(&mut self, lookup: u64) -> Vec<PendingEntry> {
        let taken = self.pending_entries.extract_if(.., |_, entry| entry.lookup == lookup);
        taken.map(|(_, entry)| entry).collect()
    }

    /// Drops the commands of a closed socket that wait for a lookup.
    pub(super) fn cancel_pending_entries(&mut self, conn: Conn) {
        let canceled = self.pending_entries.extract_if(.., |_, entry| entry.conn == conn);
        let lookups: BTreeSet<u64> = canceled.map(|(_, entry)| entry.lookup).collect();
        for lookup in lookups {
            if !self.pending_entries.values().any(|entry| entry.lookup == lookup) {
                self.lookups.leave(lookup);
            }
        }
    }

    fn add_pending_entry(&mut self, pending: PendingEntry) {
        self.last_entry += 1;
        self.pending_entries.insert(self.last_entry, pending);
    }

    pub(super) fn check_may_enter(&self, now: Time, player: &PlayerId) -> Result<(), Refusal> {
        self.check_cooldown(now, player)?;
        if self.tickets.len() >= self.pool.tickets {
            let text =
                format!("The lobby holds its limit of {} tickets. Try again later.", self.pool.tickets);
            return Err(Refusal::new(RefusalCode::LobbyFull, text).retry_after(limits::LOBBY_FULL_RETRY));
        }
        self.check_may_lead(now, player)
    }

    pub(super) fn looked_up(&mut self, now: Time, lookup: u64, answer: Option<&Entrant>) {
        // Lookup numbers restart with the lobby, so an answer from before may be about another player.
        let pending = self.pending_entries.values().find(|pending| pending.lookup == lookup);
        let player = pending.map(|pending| pending.entry.player.clone());
        let about = |entrant: &Entrant| Some(&entrant.profile.player) == player.as_ref();
        let is_valid = answer.is_none_or(about);
        self.lookup_done(now, lookup, answer.filter(|_| is_valid));
        if !is_valid {
            return;
        }
        for pending in self.take_entries(lookup) {
            let decided = self.decide_entry(now, &pending.entry, answer.cloned());
            if !matches!(decided, Ok(Decision::Moves(_))) {
                self.observed.command(decided.as_ref().err());
            }
            let text = match decided {
                Ok(Decision::Moves(shard)) => {
                    // The reply follows after the player object has stored the shard.
                    self.move_entry(PendingEntry { lookup: 0, ..pending }, shard);
                    continue;
                }
                Ok(Decision::Done(body)) => pending.id.map(|id| envelope::ok(&id, &body)),
                Err(fault) => pending.id.map(|id| envelope::err(Some(&id), &fault)),
            };
            let conn = pending.conn;
            self.pending.out.extend(text.map(|text| Effect::Send { conn, text }));
        }
    }

    /// Ends a lookup, which lets the next ones start, and keeps the profile of a player who may enter.
    pub(super) fn lookup_done(&mut self, now: Time, lookup: u64, answer: Option<&Entrant>) {
        let steps = self.lookups.done(now, lookup);
        self.start_lookups(steps);
        if let Some(entrant) = answer.filter(|it| it.current_match.is_none() && !it.profile.banned) {
            self.lookups.keep(now, &entrant.profile);
        }
    }

    pub(super) fn decide_entry(
        &mut self,
        now: Time,
        entry: &Entry,
        answer: Option<Entrant>,
    ) -> Result<Decision, Refusal> {
        let player = &entry.player;
        let Some(entrant) = answer else {
            return Err(try_again_later(player, "The region did not answer. Try again after `after_ms`."));
        };
        if entrant.profile.banned {
            return Err(Refusal::new(RefusalCode::Banned, "You are banned."));
        }
        let ticket = self.tickets.of_player(player).cloned();
        if let Some(room) = ticket::other_match(ticket.as_ref(), entrant.current_match) {
            if let Some(ticket) = ticket.filter(Ticket::is_free) {
                self.expire_in_match(now, &ticket, &room);
            }
            let text = "You are in a match. Join it or leave it first.";
            let fault = Refusal::new(RefusalCode::InMatch, text);
            return Err(Refusal { room: Some(room), ..fault });
        }
        if ticket.is_some() && entry.intent != Intent::Enter {
            return Err(already_waiting());
        }
        let (attrs, wants) = ticket::read_entry(&entry.body)?;
        let no_rematch = self.pool.no_rematch_s;
        let no_rematch = no_rematch.map(|secs| Duration::from_secs(secs.into()));
        let member = Member::new(entrant.profile, attrs, wants, no_rematch);
        if !matches!(entry.intent, Intent::Join(_))
            && ticket.is_none()
            && let (Some(shards), Shard::Child(here)) = (&self.pool.shards, self.shard)
        {
            let shard = shards.shard_of(&member.player, member.rating, &member.attrs);
            // A party stays in the shard in which its leader created it.
            if shard != here && !self.parties.has(player) {
                return Ok(Decision::Moves(shard));
            }
        }
        let reply = match &entry.intent {
            Intent::Enter => Reply::Ticket(self.create_ticket(now, entry, member)?),
            Intent::Party => Reply::Party(self.begin_party(now, member, entrant.random)?),
            Intent::Join(code) => Reply::Party(self.join_party(now, code, member)?),
        };
        Ok(Decision::Done(reply))
    }

    /// Has the player's object store another shard; the command waits for that.
    fn move_entry(&mut self, pending: PendingEntry, shard: u16) {
        let player = pending.entry.player.clone();
        self.add_pending_entry(pending);
        self.pending.out.push(Effect::StoreShard { player, shard });
    }

    fn create_ticket(
        &mut self,
        now: Time,
        entry: &Entry,
        member: Member,
    ) -> Result<wire::lobby::Ticket, Refusal> {
        let player = member.player.clone();
        if let Some(ticket) = self.tickets.of_player(&player) {
            return Ok(ticket::wire_ticket(ticket));
        }
        self.check_may_enter(now, &player)?;
        let members = self.party_members(now, member);
        let since = now.ms().to_string();
        let name = self.object_name().to_string();
        let key = entry.key.as_deref().unwrap_or_default();
        let ticket = Ticket {
            id: TicketId::derive(&[&name, player.as_str(), key, &since]),
            members,
            since: now,
            key: entry.key.clone(),
            by: entry.by.clone(),
            trace: entry.trace,
            state: State::Waiting,
            hold_off_until: None,
            home_shard: None,
            escalation: Escalation::Local,
            escalation_count: 0,
            canceled_matches: VecDeque::new(),
        };
        let (text, body, id) =
            (ticket::queued_event(&ticket), ticket::wire_ticket(&ticket), ticket.id.clone());
        for player in ticket.players().cloned().collect::<Vec<_>>() {
            self.send_to_player(&player, &text);
        }
        self.stats_changed = true;
        self.gathering.arrived(now);
        self.put_ticket(now, ticket);
        self.sync_connection(now, &id);
        Ok(body)
    }

    /// Sends a player to the shard of the party that they want to join.
    fn redirect_to_shard(&mut self, pending: PendingEntry, shard: u16) -> Result<(), Refusal> {
        let shards = self.pool.shards.as_ref().map_or(0, crate::pool::Shards::count);
        if shard >= shards {
            return Err(Refusal::new(RefusalCode::NoParty, "No party has this code."));
        }
        self.move_entry(pending, shard);
        Ok(())
    }

    /// Closes the sockets of a player whose object stored the new shard. The client connects to that shard
    /// and repeats its command.
    pub(super) fn shard_stored(&mut self, player: &PlayerId, stored: bool) {
        let waiting = self.pending_entries.extract_if(.., |_, pending| pending.entry.player == *player);
        for PendingEntry { conn, id, .. } in waiting.map(|(_, pending)| pending).collect::<Vec<_>>() {
            if stored {
                self.close_socket(conn, CloseCode::Moved);
            } else if let Some(id) = &id {
                let fault =
                    try_again_later(player, "Your shard could not be stored. Try again after `after_ms`.");
                self.refuse(conn, Some(id), &fault);
            }
        }
        // A ticket that a service puts into the new shard is announced there.
        if stored && self.tickets.of_player(player).is_none() {
            for conn in self.connections_of(player) {
                self.close_socket(conn, CloseCode::Moved);
            }
        }
    }
}

/// Returns a temporary refusal. The time to the next try depends on the player, so that clients that fail
/// together do not return together.
pub(super) fn try_again_later(player: &PlayerId, text: &str) -> Refusal {
    let spread = u64::try_from(limits::RETRY_FIRST.as_millis()).unwrap_or(u64::MAX);
    let more = Duration::from_millis(fnv(player.as_str().as_bytes()) % spread);
    Refusal::new(RefusalCode::Unavailable, text).retry_after(limits::RETRY_FIRST + more)
}

fn already_waiting() -> Refusal {
    Refusal::new(RefusalCode::Forbidden, "You are in the queue already. Leave it first.")
}
