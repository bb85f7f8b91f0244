//! Coming, waiting, leaving: what people do with their sockets and their tickets.

use super::ending::{expired, matched};
use super::parts::Out;
use super::ticket::{Climb, State, Ticket};
use super::{Effect, Lobby};
use crate::id::{PlayerId, RoomId, TicketId};
use crate::protocol::command::unknown_op;
use crate::protocol::event::{self, Text, Welcome};
use crate::protocol::{Close, Code, Fault, Message};
use crate::socket::{Conn, Heard, Line, Who, id_of};
use crate::time::Time;
use serde_json::{Value, json};
use std::collections::BTreeMap;

impl Lobby {
    pub(super) fn opened(&mut self, now: Time, conn: Conn, who: Who, live: Option<RoomId>) {
        let player = who.player.clone();
        let data = event::encode(&super::save::Carried { conn, who: who.clone() }).to_string();
        self.sockets.insert(conn, Line::new(who, now));
        self.on.entry(player.clone()).or_default().insert(conn);
        self.turn.out.push(Effect::Attach { conn, data });
        let ticket = self.book.of(&player).cloned();
        let welcome = Welcome {
            epoch: "e1".into(),
            at: 0,
            recovered: ticket.is_some(),
            replayed: 0,
            durable: 0,
            you: &player,
            now,
            more: self.welcome_body(&player),
        };
        let text = welcome.text();
        self.turn.out.push(Effect::Send { conn, text });
        if let Some(room) = live.filter(|room| !makes(ticket.as_ref(), room)) {
            if let Some(ticket) = ticket.filter(Ticket::is_free) {
                self.already_in(now, &ticket, &room);
            }
            let text = matched(&room, &player, &[]);
            self.turn.out.push(Effect::Send { conn, text });
            self.drop_socket(conn, Close::Bye);
            return;
        }
        self.party_again(conn, &player);
        if let Some(ticket) = ticket {
            let text = queued(&ticket);
            self.turn.out.push(Effect::Send { conn, text });
            self.propose_again(conn, &player);
            self.look_after(now, &ticket.id);
        }
    }

    pub(super) fn closed(&mut self, now: Time, conn: Conn) {
        let Some(line) = self.forget_socket(conn) else {
            return;
        };
        self.ask_no_more(conn);
        if let Some(id) = self.book.of(&line.who.player).map(|it| it.id.clone()) {
            self.look_after(now, &id);
        }
    }

    /// Who can be reached can be matched, and who cannot waits for their socket.
    pub(super) fn look_after(&mut self, now: Time, id: &TicketId) {
        let Some(ticket) = self.book.get(id).cloned() else {
            return;
        };
        let here = ticket.players().all(|player| self.is_here(player));
        match ticket.state {
            State::Waiting if !here => {
                if ticket.climb != Climb::Low {
                    self.withdraw(now, &ticket);
                }
                let (state, climb) = (State::Paused(now), Climb::Low);
                self.put(now, Ticket { state, climb, ..ticket });
            }
            State::Paused(_) if here => {
                let state = State::Waiting;
                self.put(now, Ticket { state, ..ticket });
            }
            State::Waiting | State::Paused(_) | State::Held(_) | State::Freeing(_) | State::Lent(_) => {}
        }
    }

    pub(super) fn heard(&mut self, now: Time, conn: Conn, heard: Heard) {
        let Some(line) = self.sockets.get(&conn) else {
            return;
        };
        if line.who.exp <= now {
            return self.put_aside(now, conn, Close::TokenExpired);
        }
        let messages = match heard {
            Heard::Messages(messages) => messages,
            Heard::Nothing(fault) => return self.faulty(now, conn, &fault),
            Heard::Close(why) => return self.put_aside(now, conn, why),
        };
        for message in messages {
            let Some(line) = self.sockets.get_mut(&conn) else {
                return;
            };
            match line.pace(now) {
                Ok(()) => {}
                Err(Ok(fault)) => {
                    if let Some(id) = id_of(&message) {
                        self.refuse(conn, Some(id), &fault);
                    }
                    continue;
                }
                Err(Err(why)) => return self.put_aside(now, conn, why),
            }
            match message {
                Ok(message) => self.carry_out(now, conn, &message),
                Err(unread) if unread.id.is_none() => self.faulty(now, conn, &unread.fault),
                Err(unread) => self.refuse(conn, unread.id.as_ref(), &unread.fault),
            }
        }
    }

    fn faulty(&mut self, now: Time, conn: Conn, fault: &Fault) {
        let Some(line) = self.sockets.get_mut(&conn) else {
            return;
        };
        let enough = line.faulted();
        self.refuse(conn, None, fault);
        if enough {
            self.put_aside(now, conn, Close::Protocol);
        }
    }

    fn put_aside(&mut self, now: Time, conn: Conn, why: Close) {
        self.turn.closes.push(Effect::Close { conn, why });
        self.closed(now, conn);
    }

    fn carry_out(&mut self, now: Time, conn: Conn, message: &Message) {
        let Some(line) = self.sockets.get_mut(&conn) else {
            return;
        };
        line.sound();
        let player = line.who.player.clone();
        let verdict = match message.op.as_str() {
            "enter" | "party" | "join" => match self.enter(now, conn, &player, message) {
                Ok(None) => return,
                Ok(Some(body)) => Ok(body),
                Err(fault) => Err(fault),
            },
            "leave" => self.leave(now, &player),
            "put_out" => self.put_out_of_party(&player, &message.body),
            "accept" => self.accept(now, &player),
            "decline" => self.decline(now, &player),
            "why" => self.why(now, &player),
            other => Err(unknown_op(other, "enter, leave, accept, decline, why, party, join, put_out")),
        };
        let Some(id) = &message.id else { return };
        let text = match verdict {
            Ok(body) => event::ok(id, &body),
            Err(fault) => event::err(Some(id), &fault),
        };
        self.turn.out.push(Effect::Send { conn, text });
    }

    /// Out of the queue; who is in none, out of their party.
    pub(super) fn leave(&mut self, now: Time, player: &PlayerId) -> Result<Value, Fault> {
        let Some(ticket) = self.book.of(player).cloned() else {
            return self.leave_party(player);
        };
        match &ticket.state {
            State::Held(_) | State::Lent(_) if self.is_asked(player) => self.decline(now, player),
            State::Held(room) => {
                let making = self.making.get(room).filter(|making| making.is_open());
                let Some(making) = making.cloned() else {
                    return Err(being_made(room));
                };
                let out = BTreeMap::from([(ticket.id.clone(), Out::default())]);
                self.call_off(now, making, "partner_left", out);
                Ok(json!({}))
            }
            State::Lent(loan) => Err(being_made(&loan.room)),
            State::Waiting | State::Paused(_) | State::Freeing(_) => {
                self.remove(now, &ticket.id);
                let body = json!({ "ticket": ticket.id, "reason": "party_left" });
                for other in ticket.players().filter(|other| *other != player) {
                    self.tell_player(other, &expired(&body));
                }
                Ok(json!({}))
            }
        }
    }

    /// Tickets whose time is up, and those that have to climb.
    pub(super) fn pass_deadlines(&mut self, now: Time) {
        for id in self.book.passed(now) {
            let Some(ticket) = self.book.get(&id).cloned() else {
                continue;
            };
            if self.book.ends(&ticket).is_some_and(|ends| ends <= now) {
                self.put_out(now, &ticket, "waited_too_long", &Out::default());
            } else {
                self.climb(now, &ticket);
            }
        }
    }

    /// Who is in a match waits no more.
    pub(super) fn already_in(&mut self, now: Time, ticket: &Ticket, room: &RoomId) {
        let out = Out { by: Vec::new(), live: Some(room.clone()) };
        self.put_out(now, ticket, "in_match", &out);
    }
}

fn being_made(room: &RoomId) -> Fault {
    let words = "your match is being made: go there, and leave it there";
    let fault = Fault::new(Code::InMatch, words);
    Fault { room: Some(room.clone()), ..fault }
}

pub(super) fn ticket_body(ticket: &Ticket) -> Value {
    let mut body = json!({ "ticket": ticket.id, "since": ticket.since, "key": ticket.key });
    if ticket.members.len() > 1 {
        event::add(&mut body, "with", ticket.players().collect::<Vec<_>>());
    }
    body
}

pub(super) fn queued(ticket: &Ticket) -> Text {
    event::fleeting("queued", None, Some(&ticket_body(ticket)))
}

/// Whether that match is still being made of the ticket, or was. Its player's object may call it theirs before its
/// room is there.
pub(super) fn makes(ticket: Option<&Ticket>, room: &RoomId) -> bool {
    ticket.is_some_and(|ticket| ticket.room() == Some(room))
}
