//! Entry into the queue: the command, the lookup of the player in the region, and the new ticket.

use super::{Effect, Entrant, Lobby};
use crate::connection::Conn;
use crate::hash::fnv;
use crate::id::{PlayerId, TicketId};
use crate::limits;
use crate::lobby::lookups::LookupStep;
use crate::lobby::tickets::ticket::{self, Escalation, Member, State, Ticket};
use crate::pool::Shard;
use crate::time::Time;
use crate::wire::envelope;
use crate::wire::lobby::Reply;
use crate::wire::{self, CloseCode, Refusal, RefusalCode};
use serde_json::Value;
use std::collections::VecDeque;
use std::time::Duration;

/// A command that waits for the region's data about its player. A crash loses it; the client repeats it by
/// key.
#[derive(Debug, Clone)]
pub(super) struct PendingEntry {
    pub(super) conn: Conn,
    pub(super) player: PlayerId,
    pub(super) id: Option<Value>,
    pub(super) key: Option<String>,
    pub(super) body: Value,
    pub(super) intent: Intent,
}

/// The purpose of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Intent {
    Enter,
    Party,
    /// Joins the party with this code.
    Join(String),
}

/// The message of a refusal while too many lookups wait.
const RUSH: &str = "Many players are entering at once. Try again after `after_ms`.";

impl Lobby {
    /// Executes `enter`, `party` or `join`. `None`: the reply follows after the lookup of the player.
    pub(super) fn enter(&mut self, now: Time, entry: PendingEntry) -> Result<Option<Reply>, Refusal> {
        let player = &entry.player;
        if let Some(ticket) = self.tickets.of_player(player) {
            let (text, body) = (ticket::queued_event(ticket), ticket::wire_ticket(ticket));
            if entry.intent != Intent::Enter {
                return Err(already_waiting());
            }
            self.pending.out.push(Effect::Send { conn: entry.conn, text });
            return Ok(Some(Reply::Ticket(body)));
        }
        ticket::read_entry(&entry.body)?;
        match &entry.intent {
            Intent::Enter => self.check_may_enter(now, player)?,
            Intent::Party => {
                if let Some(party) = self.existing_party(player)? {
                    return Ok(Some(Reply::Party(party)));
                }
            }
            Intent::Join(code) => {
                let shard = code.split_once('-').and_then(|(shard, _)| shard.parse().ok());
                if let Some(shard) = shard.filter(|&shard| Shard::Child(shard) != self.shard) {
                    return self.redirect_to_shard(entry, shard).map(|()| None);
                }
                if let Some(party) = self.check_may_join(player, code)? {
                    return Ok(Some(Reply::Party(party)));
                }
            }
        }
        if !self.lookups.has_room() {
            return Err(try_again_later(player, RUSH));
        }
        let lookup = self.add_pending_entry(entry);
        let step = self.lookups.join(now, lookup);
        self.start_lookups(step);
        Ok(None)
    }

    /// Starts lookups, and rejects the commands of those that waited too long.
    fn start_lookups(&mut self, steps: impl IntoIterator<Item = LookupStep>) {
        for step in steps {
            match step {
                LookupStep::Start(lookup) => {
                    let player = self.pending_entries.get(&lookup).map(|entry| entry.player.clone());
                    let lookup = player.map(|player| Effect::LookUp { lookup, player });
                    self.pending.out.extend(lookup);
                }
                LookupStep::Expired(lookup) => {
                    let entry = self.pending_entries.remove(&lookup);
                    if let Some((entry, id)) = entry.as_ref().and_then(|it| Some((it, it.id.as_ref()?))) {
                        let fault = try_again_later(&entry.player, RUSH);
                        self.refuse(entry.conn, Some(id), &fault);
                    }
                }
            }
        }
    }

    /// Drops the commands of a closed socket that wait for a lookup.
    pub(super) fn cancel_pending_entries(&mut self, conn: Conn) {
        let canceled = self.pending_entries.extract_if(.., |_, entry| entry.conn == conn);
        for (lookup, _) in canceled {
            self.lookups.leave(lookup);
        }
    }

    fn add_pending_entry(&mut self, entry: PendingEntry) -> u64 {
        self.last_lookup += 1;
        self.pending_entries.insert(self.last_lookup, entry);
        self.last_lookup
    }

    fn check_may_enter(&self, now: Time, player: &PlayerId) -> Result<(), Refusal> {
        self.check_cooldown(now, player)?;
        if self.tickets.len() >= self.pool.tickets {
            let text =
                format!("The lobby holds its limit of {} tickets. Try again later.", self.pool.tickets);
            return Err(Refusal::new(RefusalCode::LobbyFull, text).retry_after(limits::LOBBY_FULL_RETRY));
        }
        self.check_may_lead(now, player)
    }

    pub(super) fn looked_up(&mut self, now: Time, lookup: u64, answer: Option<Entrant>) {
        let steps = self.lookups.done(now, lookup);
        self.start_lookups(steps);
        let Some(entry) = self.pending_entries.get(&lookup).cloned() else {
            return;
        };
        // Lookup numbers restart with the lobby, so an answer from before may be about another player.
        let about = |entrant: &Entrant| entrant.profile.player == entry.player;
        if !answer.as_ref().is_none_or(about) {
            return;
        }
        self.pending_entries.remove(&lookup);
        let verdict = self.decide_entry(now, &entry, answer);
        let text = match verdict {
            Ok(None) => {
                // The reply follows after the player object has stored the shard.
                self.pending_entries.insert(lookup, entry);
                return;
            }
            Ok(Some(body)) => entry.id.map(|id| envelope::ok(&id, &body)),
            Err(fault) => entry.id.map(|id| envelope::err(Some(&id), &fault)),
        };
        let conn = entry.conn;
        let sent = text.map(|text| Effect::Send { conn, text });
        self.pending.out.extend(sent);
    }

    fn decide_entry(
        &mut self,
        now: Time,
        entry: &PendingEntry,
        answer: Option<Entrant>,
    ) -> Result<Option<Reply>, Refusal> {
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
                let player = player.clone();
                self.pending.out.push(Effect::StoreShard { player, shard });
                return Ok(None);
            }
        }
        let reply = match &entry.intent {
            Intent::Enter => Reply::Ticket(self.create_ticket(now, entry, member)?),
            Intent::Party => Reply::Party(self.begin_party(now, member, entrant.random)?),
            Intent::Join(code) => Reply::Party(self.join_party(now, code, member)?),
        };
        Ok(Some(reply))
    }

    fn create_ticket(
        &mut self,
        now: Time,
        entry: &PendingEntry,
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
        self.put_ticket(now, ticket);
        self.sync_connection(now, &id);
        Ok(body)
    }

    /// Sends a player to the shard of the party that they want to join.
    fn redirect_to_shard(&mut self, entry: PendingEntry, shard: u16) -> Result<(), Refusal> {
        let shards = self.pool.shards.as_ref().map_or(0, crate::pool::Shards::count);
        if shard >= shards {
            return Err(Refusal::new(RefusalCode::NoParty, "No party has this code."));
        }
        let player = entry.player.clone();
        self.add_pending_entry(entry);
        self.pending.out.push(Effect::StoreShard { player, shard });
        Ok(())
    }

    /// Closes the sockets of a player whose object stored the new shard. The client connects to that shard
    /// and repeats its command.
    pub(super) fn shard_stored(&mut self, player: &PlayerId, stored: bool) {
        let waiting: Vec<u64> = { self.pending_entries.iter() }
            .filter(|(_, entry)| entry.player == *player)
            .map(|(lookup, _)| *lookup)
            .collect();
        for lookup in waiting {
            let Some(entry) = self.pending_entries.remove(&lookup) else {
                continue;
            };
            if stored {
                self.close_socket(entry.conn, CloseCode::Moved);
            } else if let Some(id) = &entry.id {
                let fault =
                    try_again_later(player, "Your shard could not be stored. Try again after `after_ms`.");
                self.refuse(entry.conn, Some(id), &fault);
            }
        }
    }
}

/// Returns a temporary refusal. The time to the next try depends on the player, so that clients that fail
/// together do not return together.
fn try_again_later(player: &PlayerId, text: &str) -> Refusal {
    let spread = u64::try_from(limits::RETRY_FIRST.as_millis()).unwrap_or(u64::MAX);
    let more = Duration::from_millis(fnv(player.as_str().as_bytes()) % spread);
    Refusal::new(RefusalCode::Unavailable, text).retry_after(limits::RETRY_FIRST + more)
}

fn already_waiting() -> Refusal {
    Refusal::new(RefusalCode::Forbidden, "You are in the queue already. Leave it first.")
}
