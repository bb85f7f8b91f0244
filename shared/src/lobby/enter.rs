//! Who comes into the queue: what they say, what the region says of them, and their ticket.

use super::queue::{makes, queued, ticket_body};
use super::ticket::{self, State, Ticket};
use super::{Asking, Effect, Lobby};
use crate::caps;
use crate::id::{PlayerId, RoomId, TicketId};
use crate::protocol::event;
use crate::protocol::{Code, Fault, Message};
use crate::record::Standing;
use crate::socket::Conn;
use crate::time::Time;
use serde_json::Value;
use std::time::Duration;

impl Lobby {
    /// None: the answer comes when the region has said who that is.
    pub(super) fn enter(
        &mut self,
        now: Time,
        conn: Conn,
        player: &PlayerId,
        message: &Message,
    ) -> Result<Option<Value>, Fault> {
        if let Some(ticket) = self.ticket_of(player) {
            let (text, body) = (queued(ticket), ticket_body(ticket));
            self.turn.out.push(Effect::Send { conn, text });
            return Ok(Some(body));
        }
        self.cooled_down(now, player)?;
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
        let Some(asking) = self.asking.get(&look) else {
            return;
        };
        let Some(line) = self.sockets.get(&asking.conn) else {
            return;
        };
        let player = line.who.player.clone();
        // After a restart the numbers begin anew, and an answer from before it may be about somebody else.
        let about = |(standing, _): &(Standing, _)| standing.player == player;
        if !answer.as_ref().is_none_or(about) {
            return;
        }
        let Some(asking) = self.asking.remove(&look) else {
            return;
        };
        let ticket = self.ticket_of(&player).cloned();
        let verdict =
            match answer {
                None => Err(Fault::new(Code::Unavailable, "the region did not answer")
                    .retry_after(caps::RETRY)),
                Some((standing, _)) if standing.banned => {
                    Err(Fault::new(Code::Banned, "you are banned"))
                }
                Some((_, Some(room))) if !makes(ticket.as_ref(), &room) => {
                    if let Some(ticket) = ticket.filter(Ticket::is_free) {
                        self.already_in(&ticket.id, &room);
                    }
                    let fault = Fault::new(
                        Code::InMatch,
                        "you are in a match already: go there, or leave it",
                    );
                    Err(Fault {
                        room: Some(room),
                        ..fault
                    })
                }
                Some((standing, _)) => Ok(standing),
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
            rest: None,
        };
        self.tickets.insert(id.clone(), ticket);
        self.turn.tickets.insert(id.clone());
        self.turn.plan = true;
        self.changed = true;
        id
    }
}
