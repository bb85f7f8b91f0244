//! Entering, waiting, leaving: what people do with their tickets.

use super::ticket::{State, Ticket};
use super::{Effect, Lobby};
use crate::caps;
use crate::id::{PlayerId, RoomId, TicketId};
use crate::protocol::command::unknown_op;
use crate::protocol::event::{self, Text, Welcome};
use crate::protocol::{Close, Code, Fault, Message};
use crate::socket::{Conn, Heard, Line, Who, id_of};
use crate::time::Time;
use serde_json::{Map, Value, json};
use std::time::Duration;

impl Lobby {
    pub(super) fn opened(&mut self, now: Time, conn: Conn, who: Who, live: Option<RoomId>) {
        let player = who.player.clone();
        let data = event::encode(&super::save::Carried {
            conn,
            who: who.clone(),
        })
        .to_string();
        self.sockets.insert(conn, Line::new(who, now));
        self.turn.out.push(Effect::Attach { conn, data });
        let ticket = self.ticket_of(&player).cloned();
        let mut more = Map::new();
        more.insert("pool".into(), self.pool_name.as_str().into());
        more.insert("waiting".into(), self.tickets.len().into());
        more.insert("estimate_ms".into(), self.estimate().into());
        let welcome = Welcome {
            epoch: "e1".into(),
            at: 0,
            recovered: ticket.is_some(),
            replayed: 0,
            durable: 0,
            you: &player,
            now,
            more,
        };
        self.turn.out.push(Effect::Send {
            conn,
            text: welcome.text(),
        });
        if let Some(room) = live.filter(|room| !makes(ticket.as_ref(), room)) {
            if let Some(ticket) = ticket.filter(Ticket::is_free) {
                self.already_in(&ticket.id, &room);
            }
            self.turn.out.push(Effect::Send {
                conn,
                text: matched(&room, &[]),
            });
            self.drop_socket(conn, Close::Bye);
            return;
        }
        if let Some(ticket) = ticket {
            self.turn.out.push(Effect::Send {
                conn,
                text: queued(&ticket),
            });
            self.propose_again(conn, &player);
            if matches!(ticket.state, State::Paused(_)) {
                self.set_state(&ticket.id, State::Waiting);
                self.turn.plan = true;
            }
        }
    }

    pub(super) fn closed(&mut self, now: Time, conn: Conn) {
        let Some(line) = self.sockets.remove(&conn) else {
            return;
        };
        let player = line.who.player;
        self.asking.retain(|_, asking| asking.conn != conn);
        if !self.holds(&player).is_empty() {
            return;
        }
        if let Some(ticket) = self.ticket_of(&player)
            && ticket.state == State::Waiting
        {
            let id = ticket.id.clone();
            self.set_state(&id, State::Paused(now));
        }
    }

    pub(super) fn heard(&mut self, now: Time, conn: Conn, heard: Heard) {
        let Some(line) = self.sockets.get(&conn) else {
            return;
        };
        if line.who.exp <= now {
            return self.put_out(now, conn, Close::TokenExpired);
        }
        let messages = match heard {
            Heard::Messages(messages) => messages,
            Heard::Nothing(fault) => return self.faulty(now, conn, &fault),
            Heard::Close(why) => return self.put_out(now, conn, why),
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
                Err(Err(why)) => return self.put_out(now, conn, why),
            }
            match message {
                Ok(message) => self.carry_out(now, conn, &message),
                Err(unread) if unread.id.is_none() => self.faulty(now, conn, &unread.fault),
                Err(unread) => self.refuse(conn, unread.id.as_ref(), &unread.fault),
            }
        }
    }

    pub(super) fn faulty(&mut self, now: Time, conn: Conn, fault: &Fault) {
        let Some(line) = self.sockets.get_mut(&conn) else {
            return;
        };
        let enough = line.faulted();
        self.refuse(conn, None, fault);
        if enough {
            self.put_out(now, conn, Close::Protocol);
        }
    }

    fn put_out(&mut self, now: Time, conn: Conn, why: Close) {
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
            "enter" => match self.enter(now, conn, &player, message) {
                Ok(None) => return,
                Ok(Some(body)) => Ok(body),
                Err(fault) => Err(fault),
            },
            "leave" => self.leave(now, &player),
            "accept" => self.accept(now, &player),
            "decline" => self.decline(now, &player),
            "why" => self.why(now, &player),
            other => Err(unknown_op(other, "enter, leave, accept, decline, why")),
        };
        let Some(id) = &message.id else { return };
        let text = match verdict {
            Ok(body) => event::ok(id, &body),
            Err(fault) => event::err(Some(id), &fault),
        };
        self.turn.out.push(Effect::Send { conn, text });
    }

    pub(super) fn leave(&mut self, now: Time, player: &PlayerId) -> Result<Value, Fault> {
        match self
            .ticket_of(player)
            .map(|ticket| (ticket.id.clone(), ticket.state.clone()))
        {
            None => Err(Fault::new(Code::NoTicket, "you are not in this queue")),
            Some((_, State::Held(_))) if self.is_asked(player) => self.decline(now, player),
            Some((id, State::Held(room))) if self.is_open(&room) => {
                self.call_off(now, &room, "partner_left", &[id]);
                Ok(json!({}))
            }
            Some((_, State::Held(room))) => {
                let fault = Fault::new(
                    Code::InMatch,
                    "your match is being made: go there, and leave it there",
                );
                Err(Fault {
                    room: Some(room),
                    ..fault
                })
            }
            Some((id, State::Waiting | State::Paused(_) | State::Freeing(_))) => {
                self.remove(&id);
                Ok(json!({}))
            }
        }
    }

    pub(super) fn set_state(&mut self, id: &TicketId, state: State) {
        if let Some(ticket) = self.tickets.get_mut(id) {
            ticket.state = state;
            self.turn.tickets.insert(id.clone());
        }
    }

    pub(super) fn remove(&mut self, id: &TicketId) -> Option<Ticket> {
        let ticket = self.tickets.remove(id)?;
        self.turn.tickets.insert(id.clone());
        self.changed = true;
        Some(ticket)
    }

    /// When the next ticket's time is up.
    pub(super) fn patience(&self) -> Option<Time> {
        self.tickets
            .values()
            .filter_map(|ticket| self.ends(ticket))
            .min()
    }

    fn ends(&self, ticket: &Ticket) -> Option<Time> {
        match ticket.state {
            State::Waiting => Some(ticket.since + caps::TICKET_AGE),
            State::Paused(since) => Some(since + Duration::from_secs(self.pool.pause_s.into())),
            State::Held(_) | State::Freeing(_) => None,
        }
    }

    pub(super) fn pass_deadlines(&mut self, now: Time) {
        let ended: Vec<TicketId> = self
            .tickets
            .values()
            .filter(|ticket| self.ends(ticket).is_some_and(|ends| ends <= now))
            .map(|ticket| ticket.id.clone())
            .collect();
        for id in ended {
            if let Some(ticket) = self.remove(&id) {
                let body = json!({ "ticket": ticket.id, "reason": "waited_too_long" });
                self.tell_player(
                    &ticket.player,
                    &event::fleeting("expired", None, Some(&body)),
                );
            }
        }
    }
}

pub(super) fn ticket_body(ticket: &Ticket) -> Value {
    json!({ "ticket": ticket.id, "since": ticket.since, "key": ticket.key })
}

pub(super) fn queued(ticket: &Ticket) -> Text {
    event::fleeting("queued", None, Some(&ticket_body(ticket)))
}

/// Whether that match is still being made of the ticket, or was. Its player's object may call it theirs before its
/// room is there.
pub(super) fn makes(ticket: Option<&Ticket>, room: &RoomId) -> bool {
    ticket.is_some_and(|ticket| match &ticket.state {
        State::Held(of) | State::Freeing(of) => of == room,
        State::Waiting | State::Paused(_) => false,
    })
}

/// The way to the room.
pub(super) fn matched(room: &RoomId, with: &[PlayerId]) -> Text {
    event::fleeting(
        "matched",
        None,
        Some(&json!({ "match": room, "room": room, "with": with })),
    )
}
