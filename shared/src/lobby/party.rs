//! Friends who want to be matched together: who made the party leads it, the others join by its code.

use super::ticket::Member;
use super::{Effect, Lobby, Row};
use crate::caps;
use crate::id::{PlayerId, base32};
use crate::pool::Shard;
use crate::protocol::event::{self, Text};
use crate::protocol::{Code, Fault};
use crate::socket::Conn;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A party.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Party {
    code: String,
    /// The first leads.
    members: Vec<Member>,
    until: Time,
}

/// All parties of a lobby.
#[derive(Debug, Clone, Default)]
pub(super) struct Parties {
    by_code: BTreeMap<String, Party>,
    of: BTreeMap<PlayerId, String>,
    deadlines: BTreeSet<(Time, String)>,
}

impl Party {
    fn players(&self) -> Vec<PlayerId> {
        self.members.iter().map(|it| it.player.clone()).collect()
    }

    fn leads(&self, player: &PlayerId) -> bool {
        self.members.first().is_some_and(|it| it.player == *player)
    }

    fn body(&self, most: usize) -> Value {
        let member = |it: &Member| json!({ "player": it.player, "name": it.name });
        json!({
            "party": self.code,
            "leader": self.members.first().map(|it| &it.player),
            "members": self.members.iter().map(member).collect::<Vec<_>>(),
            "most": most,
        })
    }
}

impl Parties {
    pub(super) fn get(&self, code: &str) -> Option<&Party> {
        self.by_code.get(code)
    }

    fn of(&self, player: &PlayerId) -> Option<&Party> {
        self.get(self.of.get(player)?)
    }

    pub(super) fn has(&self, player: &PlayerId) -> bool {
        self.of.contains_key(player)
    }

    pub(super) fn codes(&self) -> impl Iterator<Item = String> {
        self.by_code.keys().cloned()
    }

    pub(super) fn put(&mut self, party: Party) {
        self.take(&party.code);
        for player in party.players() {
            self.of.insert(player, party.code.clone());
        }
        self.deadlines.insert((party.until, party.code.clone()));
        self.by_code.insert(party.code.clone(), party);
    }

    fn take(&mut self, code: &str) -> Option<Party> {
        let party = self.by_code.remove(code)?;
        self.deadlines.remove(&(party.until, code.to_owned()));
        for player in party.players() {
            self.of.remove(&player);
        }
        Some(party)
    }

    /// When the next is over.
    pub(super) fn next_deadline(&self) -> Option<Time> {
        self.deadlines.first().map(|(until, _)| *until)
    }
}

impl Lobby {
    /// The party that somebody is in already.
    pub(super) fn party_of(&self, player: &PlayerId) -> Result<Option<Value>, Fault> {
        if self.pool.party < 2 {
            return Err(Fault::new(Code::Forbidden, "nobody comes in company here"));
        }
        let party = self.parties.of(player);
        if party.is_none() && self.parties.by_code.len() >= caps::PARTIES {
            return Err(Fault::new(Code::LobbyFull, format!("{} parties are here already", caps::PARTIES)));
        }
        Ok(party.map(|party| party.body(self.pool.party)))
    }

    /// The party, where they are in it; none, they may join it.
    pub(super) fn may_join(&self, player: &PlayerId, code: &str) -> Result<Option<Value>, Fault> {
        if let Some(party) = self.parties.of(player) {
            if party.code == code {
                return Ok(Some(party.body(self.pool.party)));
            }
            let words = "you are in another party: leave it first";
            return Err(Fault::new(Code::Forbidden, words));
        }
        let party = self.parties.get(code);
        let party = party.ok_or_else(|| Fault::new(Code::NoParty, "there is no party of this code"))?;
        if party.members.iter().any(|it| self.book.of(&it.player).is_some()) {
            let fault = Fault::new(Code::Forbidden, "the party waits already");
            return Err(fault.retry_after(caps::RETRY));
        }
        if party.members.len() >= self.pool.party {
            let words = format!("a party here has at most {}", self.pool.party);
            return Err(Fault::new(Code::PartyFull, words));
        }
        Ok(None)
    }

    pub(super) fn begin_party(&mut self, now: Time, member: Member, chance: u64) -> Result<Value, Fault> {
        if let Some(body) = self.party_of(&member.player)? {
            return Ok(body);
        }
        let part = match self.shard {
            Shard::Part(part) => part,
            Shard::Top => return Err(Fault::new(Code::Forbidden, "not here")),
        };
        let word = base32(&chance.to_be_bytes());
        let party =
            Party { code: format!("{part}-{word}"), members: vec![member], until: now + caps::PARTY_AGE };
        Ok(self.party_is(party))
    }

    pub(super) fn join_party(&mut self, now: Time, code: &str, member: Member) -> Result<Value, Fault> {
        if let Some(body) = self.may_join(&member.player, code)? {
            return Ok(body);
        }
        let Some(mut party) = self.parties.get(code).cloned() else {
            return Err(Fault::new(Code::NoParty, "there is no party of this code"));
        };
        if party.members.iter().any(|it| it.apart_from(&member).is_err()) {
            return Err(Fault::new(Code::NoParty, "there is no party of this code"));
        }
        party.members.push(member);
        party.until = now + caps::PARTY_AGE;
        Ok(self.party_is(party))
    }

    /// A party is as this from now on, and everybody in it hears it.
    fn party_is(&mut self, party: Party) -> Value {
        let body = party.body(self.pool.party);
        let players = party.players();
        self.turn.rows.insert(Row::Party(party.code.clone()));
        if party.members.is_empty() {
            self.parties.take(&party.code);
        } else {
            self.parties.put(party);
        }
        for player in players {
            self.tell_player(&player, &told(&body));
        }
        body
    }

    /// Whether somebody may take their party into the queue.
    pub(super) fn may_lead(&self, now: Time, player: &PlayerId) -> Result<(), Fault> {
        let Some(party) = self.parties.of(player) else {
            return Ok(());
        };
        if !party.leads(player) {
            let words = "who leads the party takes all of it into the queue";
            return Err(Fault::new(Code::NotLeader, words));
        }
        for member in &party.members {
            if !self.is_here(&member.player) {
                let words = format!("{} is not here: wait, or put them out", member.player);
                return Err(Fault::new(Code::NotFound, words).retry_after(caps::RETRY));
            }
            self.cooled_down(now, &member.player)?;
        }
        Ok(())
    }

    /// Everybody who comes with somebody, the leader as they are now.
    pub(super) fn company_of(&mut self, now: Time, leader: Member) -> Vec<Member> {
        let Some(mut party) = self.parties.of(&leader.player).cloned() else {
            return vec![leader];
        };
        if let Some(first) = party.members.first_mut() {
            *first = leader;
        }
        party.until = now + caps::PARTY_AGE;
        let members = party.members.clone();
        self.party_is(party);
        members
    }

    pub(super) fn leave_party(&mut self, player: &PlayerId) -> Result<Value, Fault> {
        let Some(mut party) = self.parties.of(player).cloned() else {
            return Err(Fault::new(Code::NoTicket, "you are not in this queue"));
        };
        self.parties.take(&party.code);
        party.members.retain(|it| it.player != *player);
        let gone = json!({ "party": null });
        self.tell_player(player, &told(&gone));
        self.party_is(party);
        Ok(json!({}))
    }

    /// The leader puts somebody out.
    pub(super) fn put_out_of_party(&mut self, player: &PlayerId, body: &Value) -> Result<Value, Fault> {
        let whom = body.get("player").and_then(Value::as_str);
        let whom: Option<PlayerId> = whom.and_then(|whom| whom.parse().ok());
        let whom = whom.ok_or_else(|| Fault::field("body.player", "a member's id"))?;
        let party = self.parties.of(player);
        let party = party.ok_or_else(|| Fault::new(Code::NoParty, "you are in no party"))?;
        if !party.leads(player) || whom == *player {
            let words = "only who leads may put somebody else out";
            return Err(Fault::new(Code::NotLeader, words));
        }
        if !party.members.iter().any(|it| it.player == whom) {
            return Err(Fault::new(Code::NotFound, "they are not in your party"));
        }
        if self.book.of(&whom).is_some() {
            let words = "the party waits: leave the queue first";
            return Err(Fault::new(Code::Forbidden, words));
        }
        self.leave_party(&whom)
    }

    /// Somebody is back: what party they are in.
    pub(super) fn party_again(&mut self, conn: Conn, player: &PlayerId) {
        if let Some(party) = self.parties.of(player) {
            let text = told(&party.body(self.pool.party));
            self.turn.out.push(Effect::Send { conn, text });
        }
    }

    /// Parties that did nothing for so long. Those that wait go on.
    pub(super) fn pass_parties(&mut self, now: Time) {
        while let Some((until, code)) = self.parties.deadlines.first().cloned() {
            if until > now {
                return;
            }
            let Some(mut party) = self.parties.take(&code) else {
                return;
            };
            let waits = party.members.iter().any(|it| self.book.of(&it.player).is_some());
            if waits {
                party.until = now + caps::PARTY_AGE;
                self.parties.put(party);
            } else {
                for player in party.players() {
                    self.tell_player(&player, &told(&json!({ "party": null })));
                }
            }
            self.turn.rows.insert(Row::Party(code));
        }
    }
}

fn told(body: &Value) -> Text {
    event::fleeting("party", None, Some(body))
}

/// The code that a body names.
pub(super) fn code_of(body: &Value) -> Result<String, Fault> {
    let code = body.get("party").and_then(Value::as_str);
    let code = code.filter(|code| !code.is_empty() && code.len() <= caps::KEY_BYTES);
    let code = code.map(str::to_ascii_lowercase);
    code.ok_or_else(|| Fault::field("body.party", "the code of a party"))
}
