//! Coming and going: seats are taken, kept while a socket is lost, and given up.

use super::log::New;
use super::seat::{Presence, Seat};
use super::{Call, Conn, Effect, Resume, Role, Room, Socket, Who};
use crate::caps;
use crate::id::PlayerId;
use crate::protocol::Close;
use crate::record::EndReason;
use crate::time::Time;
use serde_json::{Value, json};

impl Room {
    /// Whether this person may come in, and as what. It changes nothing.
    pub fn admit(&self, who: &Who, watch: bool) -> Result<Role, Close> {
        let seats = &self.saved.setup.seats;
        if let Some(seat) = seats.iter().find(|seat| seat.player.as_ref() == Some(&who.player)) {
            return match seat.state {
                Presence::Out => Err(Close::Kicked),
                Presence::Banned => Err(Close::Banned),
                Presence::Left if self.saved.phase.over().is_none() => Err(Close::Forbidden),
                Presence::Expected | Presence::Here(_) | Presence::Away(_) | Presence::Left => {
                    Ok(Role::Member)
                }
            };
        }
        if self.saved.phase.over().is_some() {
            return Err(Close::RoomOver);
        }
        if !watch && seats.iter().any(|seat| seat.player.is_none()) {
            return Ok(Role::Member);
        }
        if !self.saved.setup.rules.spectators {
            return Err(Close::Forbidden);
        }
        let watching = self.sockets.values().filter(|socket| socket.role == Role::Spectator).count();
        if watching < caps::SPECTATORS { Ok(Role::Spectator) } else { Err(Close::Overloaded) }
    }

    pub(super) fn opened(&mut self, now: Time, conn: Conn, who: Who, role: Role, resume: Option<&Resume>) {
        let player = who.player.clone();
        self.sockets.insert(conn, Socket::new(who, role, now));
        self.turn.carriers.insert(conn);
        self.welcome(now, conn, resume);
        if self.saved.phase.over().is_some() {
            self.drop_socket(conn, Close::RoomOver);
            return;
        }
        match role {
            Role::Spectator => {}
            Role::Member => self.take_seat(now, conn, &player),
        }
    }

    fn take_seat(&mut self, now: Time, conn: Conn, player: &PlayerId) {
        let seats = &mut self.saved.setup.seats;
        let own = seats.iter().position(|seat| seat.player.as_ref() == Some(player));
        let free = || seats.iter().position(|seat| seat.player.is_none());
        let Some(seat) = own.or_else(free).and_then(|at| self.saved.setup.seats.get_mut(at)) else {
            self.drop_socket(conn, Close::Forbidden);
            return;
        };
        seat.player = Some(player.clone());
        seat.came = true;
        let before = std::mem::replace(&mut seat.state, Presence::Here(conn));
        let body = json!({ "name": seat.name });
        self.saved.last_conn = conn.0;
        self.turn.room = true;
        let ev = match before {
            Presence::Here(old) => {
                self.drop_socket(old, Close::TakenOver);
                return;
            }
            Presence::Away(_) => "back",
            Presence::Expected | Presence::Left | Presence::Out | Presence::Banned => "joined",
        };
        self.happen(now, &New { ev, by: Some(player), to: None, key: None, body: Some(&body), conn: None });
    }

    pub(super) fn closed(&mut self, now: Time, conn: Conn) {
        if self.sockets.remove(&conn).is_some() {
            self.away(now, conn);
        }
    }

    /// The seat on this socket is kept for a while.
    pub(super) fn away(&mut self, now: Time, conn: Conn) {
        let seats = &mut self.saved.setup.seats;
        let Some(seat) = seats.iter_mut().find(|seat| seat.conn() == Some(conn)) else {
            return;
        };
        seat.state = Presence::Away(now);
        let player = seat.player.clone();
        self.turn.room = true;
        if self.saved.phase.over().is_none() {
            self.happen(
                now,
                &New { ev: "away", by: player.as_ref(), to: None, key: None, body: None, conn: None },
            );
        }
    }

    /// The seat is given up: by leaving, by staying away, or by being put out.
    pub(super) fn give_up(&mut self, now: Time, player: &PlayerId, how: GiveUp, key: Option<&str>) -> u64 {
        let Some(seat) = self.seat_of(player) else {
            return self.log.head();
        };
        let conn = seat.conn();
        seat.state = how.state();
        let body = json!({ "reason": how.reason() });
        self.turn.room = true;
        let at = self
            .happen(now, &New { ev: "left", by: Some(player), to: None, key, body: Some(&body), conn: None });
        let room = self.saved.setup.id.clone();
        self.saved.calls.add(now, Call::Free { player: player.clone(), room });
        if let Some(conn) = conn {
            self.drop_socket(conn, how.close());
        }
        if !self.saved.setup.seats.iter().any(Seat::held) {
            self.over(now, EndReason::Abandoned, None, &Value::Null, None);
        }
        at
    }

    /// When the next deadline of the room itself is.
    pub(super) fn deadline(&self) -> Option<Time> {
        let rules = &self.saved.setup.rules;
        if let Some((over, _)) = self.saved.phase.over() {
            return Some(over + rules.linger()).filter(|_| self.saved.calls.is_empty());
        }
        let age = self.saved.created + rules.age();
        let no_show = self.awaits().then(|| self.saved.created + rules.no_show());
        let grace = self.saved.setup.seats.iter().filter_map(|seat| match seat.state {
            Presence::Away(since) => Some(since + rules.grace()),
            Presence::Expected | Presence::Here(_) | Presence::Left | Presence::Out | Presence::Banned => {
                None
            }
        });
        grace.chain(no_show).chain([age]).min()
    }

    /// Whether somebody is still to come: a named player who never did, or anybody at all.
    fn awaits(&self) -> bool {
        let seats = &self.saved.setup.seats;
        let named = seats.iter().any(|seat| seat.player.is_some() && seat.state == Presence::Expected);
        named || !seats.iter().any(|seat| seat.came)
    }

    pub(super) fn pass_deadlines(&mut self, now: Time) {
        if self.saved.phase.over().is_some() {
            return;
        }
        let rules = self.saved.setup.rules;
        let stale: Vec<PlayerId> = self
            .saved
            .setup
            .seats
            .iter()
            .filter(|seat| matches!(seat.state, Presence::Away(since) if since + rules.grace() <= now))
            .filter_map(|seat| seat.player.clone())
            .collect();
        for player in stale {
            self.give_up(now, &player, GiveUp::StayedAway, None);
        }
        if self.saved.phase.over().is_some() {
            return;
        }
        if self.saved.created + rules.age() <= now {
            self.over(now, EndReason::TimeUp, None, &Value::Null, None);
        } else if self.awaits() && self.saved.created + rules.no_show() <= now {
            self.over(now, EndReason::NoShow, None, &Value::Null, None);
        }
    }

    /// Sockets whose token's time is up hear nothing more. Looked at when something happens, so that an idle room
    /// needs no alarm for it.
    pub(super) fn expire(&mut self, now: Time) {
        let stale: Vec<Conn> = self
            .sockets
            .iter()
            .filter(|(_, socket)| socket.line.who.exp <= now)
            .map(|(&conn, _)| conn)
            .collect();
        for conn in stale {
            self.drop_socket(conn, Close::TokenExpired);
            self.away(now, conn);
        }
    }

    pub(super) fn renewed(&mut self, conn: Conn, id: Option<&Value>, verdict: Result<Who, String>) {
        use crate::protocol::{Code, Fault, event};
        let Some(socket) = self.sockets.get_mut(&conn) else {
            return;
        };
        let text = match verdict {
            Ok(who) if who.renews(&socket.line.who) => {
                socket.line.who = who;
                self.turn.carriers.insert(conn);
                id.map(|id| event::ok(id, &json!({})))
            }
            Ok(_) => id.map(|id| {
                event::err(
                    Some(id),
                    &Fault::new(
                        Code::BadToken,
                        "the token is of somebody else, of another login, or an older one",
                    ),
                )
            }),
            Err(why) => id.map(|id| event::err(Some(id), &Fault::new(Code::BadToken, why))),
        };
        self.turn.out.extend(text.map(|text| Effect::Send { conn, text }));
    }
}

/// How a seat is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GiveUp {
    Chose,
    StayedAway,
    PutOut,
    Banned,
}

impl GiveUp {
    fn state(self) -> Presence {
        match self {
            Self::Chose | Self::StayedAway => Presence::Left,
            Self::PutOut => Presence::Out,
            Self::Banned => Presence::Banned,
        }
    }

    fn reason(self) -> &'static str {
        match self {
            Self::Chose => "left",
            Self::StayedAway => "stayed_away",
            Self::PutOut => "kicked",
            Self::Banned => "banned",
        }
    }

    fn close(self) -> Close {
        match self {
            Self::Chose | Self::StayedAway => Close::Bye,
            Self::PutOut => Close::Kicked,
            Self::Banned => Close::Banned,
        }
    }
}
