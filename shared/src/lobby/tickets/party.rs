//! Parties: players who want to be matched together. The creator leads; others join by the party's code.

use crate::connection::Conn;
use crate::id::{PlayerId, base32};
use crate::limits;
use crate::lobby::tickets::ticket::Member;
use crate::lobby::{Effect, Lobby, Row};
use crate::pool::Shard;
use crate::time::Time;
use crate::wire::envelope::{Envelope, Text};
use crate::wire::lobby::{Event, PartyChange, PartyMember, Reply};
use crate::wire::{self, Refusal, RefusalCode};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Players who enter the queue together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::lobby) struct Party {
    code: String,
    /// The members. The first is the leader.
    members: Vec<Member>,
    until: Time,
}

/// All parties of a lobby, by code, player and deadline.
#[derive(Debug, Clone, Default)]
pub(in crate::lobby) struct Parties {
    by_code: BTreeMap<String, Party>,
    by_player: BTreeMap<PlayerId, String>,
    deadlines: BTreeSet<(Time, String)>,
}

impl Party {
    fn players(&self) -> Vec<PlayerId> {
        self.members.iter().map(|it| it.player.clone()).collect()
    }

    fn is_leader(&self, player: &PlayerId) -> bool {
        self.members.first().is_some_and(|it| it.player == *player)
    }

    fn body(&self, members_max: usize) -> wire::lobby::Party {
        let member = |it: &Member| PartyMember { name: it.name.clone(), player: it.player.clone() };
        wire::lobby::Party {
            leader: self.members.first().map(|it| it.player.clone()),
            members: self.members.iter().map(member).collect(),
            most: members_max,
            party: self.code.clone(),
        }
    }
}

impl Parties {
    pub(in crate::lobby) fn get(&self, code: &str) -> Option<&Party> {
        self.by_code.get(code)
    }

    fn of(&self, player: &PlayerId) -> Option<&Party> {
        self.get(self.by_player.get(player)?)
    }

    pub(in crate::lobby) fn has(&self, player: &PlayerId) -> bool {
        self.by_player.contains_key(player)
    }

    pub(in crate::lobby) fn codes(&self) -> impl Iterator<Item = String> {
        self.by_code.keys().cloned()
    }

    pub(in crate::lobby) fn put(&mut self, party: Party) {
        self.take(&party.code);
        for player in party.players() {
            self.by_player.insert(player, party.code.clone());
        }
        self.deadlines.insert((party.until, party.code.clone()));
        self.by_code.insert(party.code.clone(), party);
    }

    fn take(&mut self, code: &str) -> Option<Party> {
        let party = self.by_code.remove(code)?;
        self.deadlines.remove(&(party.until, code.to_owned()));
        for player in party.players() {
            self.by_player.remove(&player);
        }
        Some(party)
    }

    /// Returns the time at which the next party expires.
    pub(in crate::lobby) fn next_deadline(&self) -> Option<Time> {
        self.deadlines.first().map(|(until, _)| *until)
    }
}

impl Lobby {
    /// Returns the party that the player is already in, or checks that a new one is allowed.
    pub(in crate::lobby) fn existing_party(
        &self,
        player: &PlayerId,
    ) -> Result<Option<wire::lobby::Party>, Refusal> {
        if self.pool.party < 2 {
            return Err(Refusal::new(RefusalCode::Forbidden, "Parties are disabled in this pool."));
        }
        let party = self.parties.of(player);
        if party.is_none() && self.parties.by_code.len() >= limits::PARTIES_MAX {
            let text =
                format!("The lobby holds its limit of {} parties. Try again later.", limits::PARTIES_MAX);
            return Err(Refusal::new(RefusalCode::LobbyFull, text).retry_after(limits::LOBBY_FULL_RETRY));
        }
        Ok(party.map(|party| party.body(self.pool.party)))
    }

    /// Returns the party if the player is already in it; `None` if the player may join it.
    pub(in crate::lobby) fn check_may_join(
        &self,
        player: &PlayerId,
        code: &str,
    ) -> Result<Option<wire::lobby::Party>, Refusal> {
        if let Some(party) = self.parties.of(player) {
            if party.code == code {
                return Ok(Some(party.body(self.pool.party)));
            }
            let text = "You are in another party. Leave it first.";
            return Err(Refusal::new(RefusalCode::Forbidden, text));
        }
        let party = self.parties.get(code);
        let party = party.ok_or_else(|| Refusal::new(RefusalCode::NoParty, "No party has this code."))?;
        if party.members.iter().any(|it| self.tickets.of_player(&it.player).is_some()) {
            let fault = Refusal::new(
                RefusalCode::Forbidden,
                "The party is in the queue already. Try again when it has left the queue.",
            );
            return Err(fault.retry_after(limits::RETRY_FIRST));
        }
        if party.members.len() >= self.pool.party {
            let text = format!("The party is full. Its limit is {} members.", self.pool.party);
            return Err(Refusal::new(RefusalCode::PartyFull, text));
        }
        Ok(None)
    }

    pub(in crate::lobby) fn begin_party(
        &mut self,
        now: Time,
        member: Member,
        random: u64,
    ) -> Result<wire::lobby::Party, Refusal> {
        if let Some(body) = self.existing_party(&member.player)? {
            return Ok(body);
        }
        let shard = match self.shard {
            Shard::Child(shard) => shard,
            Shard::Parent => {
                return Err(Refusal::new(
                    RefusalCode::Forbidden,
                    "Parties exist only in shards with sockets.",
                ));
            }
        };
        let code = base32(&random.to_be_bytes());
        let party = Party {
            code: format!("{shard}-{code}"),
            members: vec![member],
            until: now + limits::PARTY_AGE_MAX,
        };
        Ok(self.put_party(party))
    }

    pub(in crate::lobby) fn join_party(
        &mut self,
        now: Time,
        code: &str,
        member: Member,
    ) -> Result<wire::lobby::Party, Refusal> {
        if let Some(body) = self.check_may_join(&member.player, code)? {
            return Ok(body);
        }
        let Some(mut party) = self.parties.get(code).cloned() else {
            return Err(Refusal::new(RefusalCode::NoParty, "No party has this code."));
        };
        if party.members.iter().any(|it| it.kept_apart_until(&member).is_err()) {
            return Err(Refusal::new(RefusalCode::NoParty, "No party has this code."));
        }
        party.members.push(member);
        party.until = now + limits::PARTY_AGE_MAX;
        Ok(self.put_party(party))
    }

    /// Ends a party soon after its last member hung up, unless one returns or it has a ticket: a party without clients
    /// must not take a place for an hour. The sockets of matched players do not hang up: their party lives on.
    pub(in crate::lobby) fn sync_party(&mut self, now: Time, player: &PlayerId) {
        let Some(mut party) = self.parties.of(player).cloned() else {
            return;
        };
        let is_held = party.members.iter().any(|it| self.is_connected(&it.player));
        let until = if is_held {
            now + limits::PARTY_AGE_MAX
        } else {
            party.until.min(now + Duration::from_secs(self.pool.pause_s.into()))
        };
        // A party in use is written once in a while, not at each connection.
        let is_near = |until: Time| until.since(party.until) < limits::PARTY_AGE_MAX / 2;
        if until != party.until && !(is_held && is_near(until)) {
            party.until = until;
            self.pending.rows.insert(Row::Party(party.code.clone()));
            self.parties.put(party);
        }
    }

    /// Stores a party, or removes an empty one, and sends it to its members.
    fn put_party(&mut self, party: Party) -> wire::lobby::Party {
        let body = party.body(self.pool.party);
        let text = party_event(PartyChange::In(body.clone()));
        let players = party.players();
        self.pending.rows.insert(Row::Party(party.code.clone()));
        if party.members.is_empty() {
            self.parties.take(&party.code);
        } else {
            self.parties.put(party);
        }
        for player in players {
            self.send_to_player(&player, &text);
        }
        body
    }

    /// Checks that the player may take their party, if any, into the queue.
    pub(in crate::lobby) fn check_may_lead(&self, now: Time, player: &PlayerId) -> Result<(), Refusal> {
        let Some(party) = self.parties.of(player) else {
            return Ok(());
        };
        if !party.is_leader(player) {
            let text = "Only the leader of the party can enter the queue with it.";
            return Err(Refusal::new(RefusalCode::NotLeader, text));
        }
        for member in &party.members {
            if !self.is_connected(&member.player) {
                let text = format!(
                    "{} is not connected to the lobby. Wait, or remove the member with `put_out`.",
                    member.player
                );
                return Err(Refusal::new(RefusalCode::NotFound, text).retry_after(limits::RETRY_FIRST));
            }
            self.check_cooldown(now, &member.player)?;
        }
        Ok(())
    }

    /// Returns the members of the player's ticket: the player alone, or their party with the leader's current
    /// data.
    pub(in crate::lobby) fn party_members(&mut self, now: Time, leader: Member) -> Vec<Member> {
        let Some(mut party) = self.parties.of(&leader.player).cloned() else {
            return vec![leader];
        };
        if let Some(first) = party.members.first_mut() {
            *first = leader;
        }
        party.until = now + limits::PARTY_AGE_MAX;
        let members = party.members.clone();
        self.put_party(party);
        members
    }

    pub(in crate::lobby) fn leave_party(&mut self, player: &PlayerId) -> Result<Reply, Refusal> {
        let Some(mut party) = self.parties.of(player).cloned() else {
            return Err(Refusal::new(RefusalCode::NoTicket, "You are not in this queue."));
        };
        self.parties.take(&party.code);
        party.members.retain(|it| it.player != *player);
        self.send_to_player(player, &party_event(PartyChange::Out { party: () }));
        self.put_party(party);
        Ok(Reply::Done {})
    }

    /// Removes a member on the leader's command.
    pub(in crate::lobby) fn remove_from_party(
        &mut self,
        player: &PlayerId,
        member: &PlayerId,
    ) -> Result<Reply, Refusal> {
        let party = self.parties.of(player);
        let party = party.ok_or_else(|| Refusal::new(RefusalCode::NoParty, "You are not in a party."))?;
        if !party.is_leader(player) || member == player {
            let text = "Only the leader can remove another member.";
            return Err(Refusal::new(RefusalCode::NotLeader, text));
        }
        if !party.members.iter().any(|it| it.player == *member) {
            return Err(Refusal::new(RefusalCode::NotFound, "The player is not in your party."));
        }
        if self.tickets.of_player(member).is_some() {
            let text = "The party is in the queue. Leave the queue first.";
            return Err(Refusal::new(RefusalCode::Forbidden, text));
        }
        self.leave_party(member)
    }

    /// Sends the party to a member who reconnected.
    pub(in crate::lobby) fn resend_party(&mut self, conn: Conn, player: &PlayerId) {
        if let Some(party) = self.parties.of(player) {
            let text = party_event(PartyChange::In(party.body(self.pool.party)));
            self.pending.out.push(Effect::Send { conn, text });
        }
    }

    /// Removes idle parties. A party with a ticket stays.
    pub(in crate::lobby) fn expire_parties(&mut self, now: Time) {
        while let Some((until, code)) = self.parties.deadlines.first().cloned() {
            if until > now {
                return;
            }
            let Some(mut party) = self.parties.take(&code) else {
                return;
            };
            let waits = party.members.iter().any(|it| self.tickets.of_player(&it.player).is_some());
            if waits {
                party.until = now + limits::PARTY_AGE_MAX;
                self.parties.put(party);
            } else {
                for player in party.players() {
                    self.send_to_player(&player, &party_event(PartyChange::Out { party: () }));
                }
            }
            self.pending.rows.insert(Row::Party(code));
        }
    }
}

fn party_event(change: PartyChange) -> Text {
    Envelope::ephemeral(Event::Party(change)).text()
}

#[cfg(test)]
mod tests;
