//! Who comes into the queue: what they say, what the region says of them, and their ticket.

use super::looks::Turn;
use super::queue::{makes, queued, ticket_body};
use super::ticket::{self, Climb, Member, State, Ticket};
use super::{Effect, Known, Lobby, party};
use crate::caps;
use crate::id::{PlayerId, TicketId};
use crate::mix::fnv;
use crate::pool::Shard;
use crate::protocol::event;
use crate::protocol::{Close, Code, Fault, Message};
use crate::socket::Conn;
use crate::time::Time;
use serde_json::Value;
use std::collections::VecDeque;
use std::time::Duration;

/// A command that waits for what the region knows. A crash forgets it; the client repeats it by key.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    pub(super) conn: Conn,
    player: PlayerId,
    id: Option<Value>,
    pub(super) key: Option<String>,
    pub(super) body: Value,
    what: Wish,
}

/// What the command wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Enter,
    Party,
    Join,
}

impl Lobby {
    /// None: the answer comes when the region has said who that is.
    pub(super) fn enter(
        &mut self,
        now: Time,
        conn: Conn,
        player: &PlayerId,
        message: &Message,
    ) -> Result<Option<Value>, Fault> {
        let what = match message.op.as_str() {
            "party" => Wish::Party,
            "join" => Wish::Join,
            _ => Wish::Enter,
        };
        if let Some(ticket) = self.book.of(player) {
            let (text, body) = (queued(ticket), ticket_body(ticket));
            if what != Wish::Enter {
                return Err(waits_already());
            }
            self.turn.out.push(Effect::Send { conn, text });
            return Ok(Some(body));
        }
        ticket::read(&message.body)?;
        match what {
            Wish::Enter => self.may_enter(now, player)?,
            Wish::Party => {
                if let Some(body) = self.party_of(player)? {
                    return Ok(Some(body));
                }
            }
            Wish::Join => {
                let code = party::code_of(&message.body)?;
                let part = code.split_once('-').and_then(|(part, _)| part.parse().ok());
                if let Some(part) = part.filter(|&part| Shard::Part(part) != self.shard) {
                    return self.go_to(conn, player, message, part);
                }
                if let Some(body) = self.may_join(player, &code)? {
                    return Ok(Some(body));
                }
            }
        }
        if !self.looks.has_room() {
            return Err(later(player, "many come at once"));
        }
        let look = self.keep_asking(conn, player, message, what);
        let turn = self.looks.join(now, look);
        self.look(turn);
        Ok(None)
    }

    /// Asks the region about whose turn it is. Where that came too late, they may come again.
    fn look(&mut self, turns: impl IntoIterator<Item = Turn>) {
        for turn in turns {
            match turn {
                Turn::Ask(look) => {
                    let player = self.asking.get(&look).map(|asking| asking.player.clone());
                    let look = player.map(|player| Effect::Look { look, player });
                    self.turn.out.extend(look);
                }
                Turn::TooLate(look) => {
                    let asking = self.asking.remove(&look);
                    if let Some((asking, id)) = asking.as_ref().and_then(|it| Some((it, it.id.as_ref()?))) {
                        let fault = later(&asking.player, "many come at once");
                        self.refuse(asking.conn, Some(id), &fault);
                    }
                }
            }
        }
    }

    /// What this socket asked is not waited for any more.
    pub(super) fn ask_no_more(&mut self, conn: Conn) {
        let gone = self.asking.extract_if(.., |_, asking| asking.conn == conn);
        for (look, _) in gone {
            self.looks.leave(look);
        }
    }

    fn keep_asking(&mut self, conn: Conn, player: &PlayerId, message: &Message, what: Wish) -> u64 {
        self.last_asked += 1;
        let asking = Asking {
            conn,
            player: player.clone(),
            id: message.id.clone(),
            key: message.key.clone(),
            body: message.body.clone(),
            what,
        };
        self.asking.insert(self.last_asked, asking);
        self.last_asked
    }

    fn may_enter(&self, now: Time, player: &PlayerId) -> Result<(), Fault> {
        self.cooled_down(now, player)?;
        if self.book.len() >= self.pool.tickets {
            let words = format!("{} wait here already", self.pool.tickets);
            return Err(Fault::new(Code::LobbyFull, words).retry_after(Duration::from_secs(10)));
        }
        self.may_lead(now, player)
    }

    pub(super) fn known(&mut self, now: Time, look: u64, answer: Option<Known>) {
        let turns = self.looks.done(now, look);
        self.look(turns);
        let Some(asking) = self.asking.get(&look).cloned() else {
            return;
        };
        // After a restart the numbers begin anew, and an answer from before it may be about somebody else.
        let about = |known: &Known| known.standing.player == asking.player;
        if !answer.as_ref().is_none_or(about) {
            return;
        }
        self.asking.remove(&look);
        let verdict = self.judged(now, &asking, answer);
        let text = match verdict {
            Ok(None) => {
                // To be answered when the other part is known.
                self.asking.insert(look, asking);
                return;
            }
            Ok(Some(body)) => asking.id.map(|id| event::ok(&id, &body)),
            Err(fault) => asking.id.map(|id| event::err(Some(&id), &fault)),
        };
        let conn = asking.conn;
        let sent = text.map(|text| Effect::Send { conn, text });
        self.turn.out.extend(sent);
    }

    fn judged(&mut self, now: Time, asking: &Asking, answer: Option<Known>) -> Result<Option<Value>, Fault> {
        let player = &asking.player;
        let Some(known) = answer else {
            return Err(later(player, "the region did not answer"));
        };
        if known.standing.banned {
            return Err(Fault::new(Code::Banned, "you are banned"));
        }
        let ticket = self.book.of(player).cloned();
        if let Some(room) = known.live.filter(|room| !makes(ticket.as_ref(), room)) {
            if let Some(ticket) = ticket.filter(Ticket::is_free) {
                self.already_in(now, &ticket, &room);
            }
            let words = "you are in a match already: go there, or leave it";
            let fault = Fault::new(Code::InMatch, words);
            return Err(Fault { room: Some(room), ..fault });
        }
        if ticket.is_some() && asking.what != Wish::Enter {
            return Err(waits_already());
        }
        let (attrs, wants) = ticket::read(&asking.body)?;
        let no_rematch = self.pool.no_rematch_s;
        let no_rematch = no_rematch.map(|secs| Duration::from_secs(secs.into()));
        let member = Member::new(known.standing, attrs, wants, no_rematch);
        if asking.what != Wish::Join
            && ticket.is_none()
            && let (Some(shards), Shard::Part(here)) = (&self.pool.shards, self.shard)
        {
            let part = shards.of(&member.player, member.rating, &member.attrs);
            // A party is where its leader made it.
            if part != here && !self.parties.has(player) {
                let player = player.clone();
                self.turn.out.push(Effect::Move { player, part });
                return Ok(None);
            }
        }
        match asking.what {
            Wish::Enter => self.enters(now, asking, member).map(Some),
            Wish::Party => self.begin_party(now, member, known.chance).map(Some),
            Wish::Join => {
                let code = party::code_of(&asking.body)?;
                self.join_party(now, &code, member).map(Some)
            }
        }
    }

    fn enters(&mut self, now: Time, asking: &Asking, member: Member) -> Result<Value, Fault> {
        let player = member.player.clone();
        if let Some(ticket) = self.book.of(&player) {
            return Ok(ticket_body(ticket));
        }
        self.may_enter(now, &player)?;
        let members = self.company_of(now, member);
        let since = now.ms().to_string();
        let lease = Self::lease(&self.pool_name, self.shard);
        let key = asking.key.as_deref().unwrap_or_default();
        let ticket = Ticket {
            id: TicketId::derive(&[&lease, player.as_str(), key, &since]),
            members,
            since: now,
            key: asking.key.clone(),
            state: State::Waiting,
            rest: None,
            home: None,
            climb: Climb::Low,
            climbs: 0,
            dropped: VecDeque::new(),
        };
        let (text, body, id) = (queued(&ticket), ticket_body(&ticket), ticket.id.clone());
        for player in ticket.players().cloned().collect::<Vec<_>>() {
            self.tell_player(&player, &text);
        }
        self.changed = true;
        self.put(now, ticket);
        self.look_after(now, &id);
        Ok(body)
    }

    /// Somebody belongs to another part of the queue.
    fn go_to(
        &mut self,
        conn: Conn,
        player: &PlayerId,
        message: &Message,
        part: u16,
    ) -> Result<Option<Value>, Fault> {
        let parts = self.pool.shards.as_ref().map_or(0, crate::pool::Shards::count);
        if part >= parts {
            return Err(Fault::new(Code::NoParty, "there is no party of this code"));
        }
        self.keep_asking(conn, player, message, Wish::Join);
        let player = player.clone();
        self.turn.out.push(Effect::Move { player, part });
        Ok(None)
    }

    /// Their own object knows where they are from now on: their next socket opens there, and says the same again.
    pub(super) fn moved(&mut self, player: &PlayerId, done: bool) {
        let waits: Vec<u64> = { self.asking.iter() }
            .filter(|(_, asking)| asking.player == *player)
            .map(|(look, _)| *look)
            .collect();
        for look in waits {
            let Some(asking) = self.asking.remove(&look) else {
                continue;
            };
            if done {
                self.drop_socket(asking.conn, Close::Moved);
            } else if let Some(id) = &asking.id {
                let fault = later(player, "your place could not be found");
                self.refuse(asking.conn, Some(id), &fault);
            }
        }
    }
}

/// They may try again after a while, each after another one: those who failed together do not come again together.
fn later(player: &PlayerId, words: &str) -> Fault {
    let spread = u64::try_from(caps::RETRY.as_millis()).unwrap_or(u64::MAX);
    let more = Duration::from_millis(fnv(player.as_str().as_bytes()) % spread);
    Fault::new(Code::Unavailable, words).retry_after(caps::RETRY + more)
}

fn waits_already() -> Fault {
    Fault::new(Code::Forbidden, "you wait already: leave the queue first")
}
