//! Everybody is asked before a match is theirs; who says no, or nothing, waits before the next one.

use super::making::{Making, Step};
use super::parts::{Offer, Out};
use super::ticket::{State, Ticket};
use super::{Effect, Job, Lobby};
use crate::id::{PlayerId, RoomId, TicketId};
use crate::protocol::event::{self, Text};
use crate::protocol::{Code, Fault};
use crate::socket::Conn;
use crate::time::Time;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What somebody is asked.
struct Asked {
    ticket: Ticket,
    room: RoomId,
    offer: Offer,
    accepted: bool,
}

impl Asked {
    fn text(&self, player: &PlayerId) -> Text {
        let all = self.offer.teams.iter().flatten();
        let with: Vec<&PlayerId> = all.filter(|other| *other != player).collect();
        let mut body = json!({
            "match": self.room,
            "with": with,
            "until": self.offer.until,
            "accepted": self.accepted,
        });
        if self.offer.teams.len() > 1 {
            event::add(&mut body, "teams", &self.offer.teams);
        }
        event::fleeting("proposed", None, Some(&body))
    }
}

impl Lobby {
    /// All are reserved: each is asked whether they want the others.
    pub(super) fn propose(&mut self, making: &Making) {
        for player in making.players.clone() {
            self.ask_again(&player);
        }
    }

    /// Says to somebody what they are asked, where they are.
    pub(super) fn ask_again(&mut self, player: &PlayerId) {
        if let Some(text) = self.question(player) {
            self.tell_player(player, &text);
        }
    }

    /// Somebody is back while they are asked.
    pub(super) fn propose_again(&mut self, conn: Conn, player: &PlayerId) {
        if let Some(text) = self.question(player) {
            self.turn.out.push(Effect::Send { conn, text });
        }
    }

    fn question(&self, player: &PlayerId) -> Option<Text> {
        Some(self.asked_of(player)?.text(player))
    }

    /// What somebody is asked, by a match of our own or by the top.
    fn asked_of(&self, player: &PlayerId) -> Option<Asked> {
        let ticket = self.book.of(player)?;
        match &ticket.state {
            State::Held(room) => {
                let making = self.making.get(room)?;
                (making.step == Step::Proposing).then(|| Asked {
                    ticket: ticket.clone(),
                    room: room.clone(),
                    offer: self.offer(making),
                    accepted: making.agreed.contains(player),
                })
            }
            State::Lent(loan) => Some(Asked {
                ticket: ticket.clone(),
                room: loan.room.clone(),
                offer: loan.offer.clone()?,
                accepted: loan.said.get(player) == Some(&true),
            }),
            State::Waiting | State::Paused(_) | State::Freeing(_) => None,
        }
    }

    pub(super) fn is_asked(&self, player: &PlayerId) -> bool {
        self.asked_of(player).is_some()
    }

    pub(super) fn accept(&mut self, now: Time, player: &PlayerId) -> Result<Value, Fault> {
        let asked = self.asked_of(player).ok_or_else(|| self.nothing(player))?;
        let room = asked.room.clone();
        self.say(now, asked, player, true);
        Ok(json!({ "match": room }))
    }

    pub(super) fn decline(&mut self, now: Time, player: &PlayerId) -> Result<Value, Fault> {
        let asked = self.asked_of(player).ok_or_else(|| self.nothing(player))?;
        self.say(now, asked, player, false);
        Ok(json!({}))
    }

    /// Somebody said what they want.
    fn say(&mut self, now: Time, asked: Asked, player: &PlayerId, yes: bool) {
        if let State::Lent(mut loan) = asked.ticket.state.clone() {
            loan.said.insert(player.clone(), yes);
            let id = asked.ticket.id.clone();
            let state = State::Lent(loan);
            self.put(now, Ticket { state, ..asked.ticket });
            self.retries.begin(now, Job::Say(id));
            return;
        }
        self.answer(now, &asked.room, player, yes);
    }

    /// What somebody wants of a match of our own.
    pub(super) fn answer(&mut self, now: Time, room: &RoomId, player: &PlayerId, yes: bool) {
        let making = self.making.get(room).filter(|it| it.step == Step::Proposing);
        let Some(mut making) = making.cloned() else {
            return;
        };
        if yes && making.players.contains(player) {
            making.agreed.insert(player.clone());
            self.advance(now, making);
        } else if let Some(id) = self.book.of(player).map(|ticket| ticket.id.clone()) {
            let out = Out { by: vec![player.clone()], live: None };
            self.call_off(now, making, "declined", BTreeMap::from([(id, out)]));
        }
    }

    /// The time to answer is over.
    pub(super) fn nobody_answered(&mut self, now: Time, making: Making) {
        let silent = |id: &TicketId| {
            let ticket = self.book.get(id)?;
            let quiet = ticket.players().filter(|it| !making.agreed.contains(*it));
            let by: Vec<PlayerId> = quiet.cloned().collect();
            (!by.is_empty()).then(|| (id.clone(), Out { by, live: None }))
        };
        let out = making.tickets().filter_map(silent).collect();
        self.call_off(now, making, "no_answer", out);
    }

    fn nothing(&self, player: &PlayerId) -> Fault {
        if self.book.of(player).is_some() {
            Fault::new(Code::NotFound, "no match is proposed to you now")
        } else {
            Fault::new(Code::NoTicket, "you are not in this queue")
        }
    }
}
