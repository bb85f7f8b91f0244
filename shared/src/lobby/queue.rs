//! Entering, waiting, leaving: what people do with their tickets.

use super::ticket::{self, State, Ticket};
use super::{Asking, Effect, Lobby};
use crate::caps;
use crate::id::{PlayerId, RoomId, TicketId};
use crate::protocol::command::unknown_op;
use crate::protocol::event::{self, Text, Welcome};
use crate::protocol::{Close, Code, Fault, Message};
use crate::record::Standing;
use crate::socket::{Conn, Heard, Line, Who, id_of};
use crate::time::{self, Time};
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
        if let Some(room) = live {
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

    pub(super) fn said(&mut self, now: Time, conn: Conn, text: &str) {
        let Some(line) = self.sockets.get(&conn) else {
            return;
        };
        if line.who.exp <= now {
            return self.put_out(now, conn, Close::TokenExpired);
        }
        let messages = match line.hear(text) {
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
            "enter" => match self.enter(conn, &player, message) {
                Ok(None) => return,
                Ok(Some(body)) => Ok(body),
                Err(fault) => Err(fault),
            },
            "leave" => self.leave(&player),
            "why" => self.why(now, &player),
            other => Err(unknown_op(other, "enter, leave, why")),
        };
        let Some(id) = &message.id else { return };
        let text = match verdict {
            Ok(body) => event::ok(id, &body),
            Err(fault) => event::err(Some(id), &fault),
        };
        self.turn.out.push(Effect::Send { conn, text });
    }

    /// None: the answer comes when the region has said who that is.
    fn enter(
        &mut self,
        conn: Conn,
        player: &PlayerId,
        message: &Message,
    ) -> Result<Option<Value>, Fault> {
        if let Some(ticket) = self.ticket_of(player) {
            let (text, body) = (queued(ticket), ticket_body(ticket));
            self.turn.out.push(Effect::Send { conn, text });
            return Ok(Some(body));
        }
        ticket::read(&message.body)?;
        if self.tickets.len() >= caps::TICKETS {
            let words = format!("{} wait here already", caps::TICKETS);
            return Err(Fault::new(Code::LobbyFull, words).retry_after(Duration::from_secs(10)));
        }
        self.looks += 1;
        let asking = Asking {
            conn,
            id: message.id.clone(),
            key: message.key.clone(),
            body: message.body.clone(),
        };
        self.asking.insert(self.looks, asking);
        self.turn.out.push(Effect::Look {
            look: self.looks,
            player: player.clone(),
        });
        Ok(None)
    }

    pub(super) fn known(
        &mut self,
        now: Time,
        look: u64,
        answer: Option<(Standing, Option<RoomId>)>,
    ) {
        let Some(asking) = self.asking.remove(&look) else {
            return;
        };
        let Some(line) = self.sockets.get(&asking.conn) else {
            return;
        };
        let player = line.who.player.clone();
        let verdict =
            match answer {
                None => Err(Fault::new(Code::Unavailable, "the region did not answer")
                    .retry_after(caps::RETRY)),
                Some((standing, _)) if standing.banned => {
                    Err(Fault::new(Code::Banned, "you are banned"))
                }
                Some((_, Some(room))) => {
                    let fault = Fault::new(
                        Code::InMatch,
                        "you are in a match already: go there, or leave it",
                    );
                    Err(Fault {
                        room: Some(room),
                        ..fault
                    })
                }
                Some((standing, None)) => Ok(standing),
            };
        let text = match verdict {
            Ok(standing) => {
                let id = self.ticket_of(&player).map(|ticket| ticket.id.clone());
                let id = id.unwrap_or_else(|| self.add_ticket(now, &player, standing, &asking));
                let Some(ticket) = self.tickets.get(&id) else {
                    return;
                };
                let (text, body) = (queued(ticket), ticket_body(ticket));
                self.tell_player(&player, &text);
                asking.id.map(|id| event::ok(&id, &body))
            }
            Err(fault) => asking.id.map(|id| event::err(Some(&id), &fault)),
        };
        self.turn.out.extend(text.map(|text| Effect::Send {
            conn: asking.conn,
            text,
        }));
    }

    fn add_ticket(
        &mut self,
        now: Time,
        player: &PlayerId,
        standing: Standing,
        asking: &Asking,
    ) -> TicketId {
        let since = now.ms().to_string();
        let key = asking.key.as_deref().unwrap_or_default();
        let id = TicketId::derive(&[&self.name, player.as_str(), key, &since]);
        let (attrs, wants) = ticket::read(&asking.body).unwrap_or_default();
        let ticket = Ticket {
            id: id.clone(),
            player: player.clone(),
            name: standing.name,
            rating: standing.rating,
            since: now,
            key: asking.key.clone(),
            attrs,
            wants,
            state: State::Waiting,
        };
        self.tickets.insert(id.clone(), ticket);
        self.turn.tickets.insert(id.clone());
        self.turn.plan = true;
        self.changed = true;
        id
    }

    fn leave(&mut self, player: &PlayerId) -> Result<Value, Fault> {
        match self
            .ticket_of(player)
            .map(|ticket| (ticket.id.clone(), ticket.state.clone()))
        {
            None => Err(Fault::new(Code::NoTicket, "you are not in this queue")),
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
            Some((id, State::Waiting | State::Paused(_))) => {
                self.remove(&id);
                Ok(json!({}))
            }
        }
    }

    fn why(&self, now: Time, player: &PlayerId) -> Result<Value, Fault> {
        let Some(mine) = self.ticket_of(player) else {
            return Err(Fault::new(Code::NoTicket, "you are not in this queue"));
        };
        let others = || self.tickets.values().filter(|other| other.id != mine.id);
        let fits: Vec<Time> = others()
            .filter_map(|other| super::plan::fits_at(mine, other, &self.pool))
            .collect();
        let next = fits.iter().filter(|&&fits| fits > now).min();
        Ok(json!({
            "waiting": others().count(),
            "fit_now": fits.iter().filter(|&&fits| fits <= now).count(),
            "fit_later": fits.iter().filter(|&&fits| fits > now).count(),
            "next_in_ms": next.map(|next| time::ms(next.since(now))),
            "estimate_ms": self.estimate(),
        }))
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
            State::Held(_) => None,
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

fn ticket_body(ticket: &Ticket) -> Value {
    json!({ "ticket": ticket.id, "since": ticket.since, "key": ticket.key })
}

pub(super) fn queued(ticket: &Ticket) -> Text {
    event::fleeting("queued", None, Some(&ticket_body(ticket)))
}

/// The way to the room.
pub(super) fn matched(room: &RoomId, with: &[PlayerId]) -> Text {
    event::fleeting(
        "matched",
        None,
        Some(&json!({ "match": room, "room": room, "with": with })),
    )
}
