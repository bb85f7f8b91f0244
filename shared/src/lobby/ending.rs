//! How the making of a match ends: it is there, or it came to nothing and everybody who stays keeps their place.

use super::making::{Making, Step};
use super::met::Meeting;
use super::parts::Out;
use super::ticket::{Climb, State, Ticket};
use super::{Job, Lobby, Row};
use crate::id::{PlayerId, RoomId, TicketId};
use crate::pool::Shard;
use crate::protocol::Close;
use crate::protocol::event::{self, Text};
use crate::time::{self, Time};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Why most matches come to nothing.
pub(super) const UNAVAILABLE: &str = "partner_unavailable";

impl Lobby {
    /// The room is there.
    pub(super) fn opened_room(&mut self, now: Time, room: &RoomId) {
        let making = self.making.get(room).filter(|it| it.step == Step::Opening);
        let Some(making) = making.cloned() else {
            return;
        };
        if self.shard == Shard::Top {
            return self.enter_step(now, making, Step::Telling);
        }
        let teams = self.players_by_team(&making);
        for id in making.tickets().cloned().collect::<Vec<_>>() {
            self.send_to_room(now, &id, room, &teams);
        }
        self.keep_apart(now, room, &teams);
        self.take_making(room);
    }

    /// A ticket's people are told where they play, and it is done with.
    pub(super) fn send_to_room(&mut self, now: Time, id: &TicketId, room: &RoomId, teams: &[Vec<PlayerId>]) {
        let Some(ticket) = self.book.get(id).cloned() else {
            return;
        };
        self.note_wait(now, &ticket);
        self.remove(now, id);
        for player in ticket.players() {
            self.tell_player(player, &matched(room, player, teams));
            for conn in self.holds(player) {
                self.drop_socket(conn, Close::Bye);
            }
        }
    }

    /// At the top: the parts have told everybody.
    pub(super) fn all_told(&mut self, now: Time, making: &Making) {
        let teams = self.players_by_team(making);
        for id in making.tickets() {
            if let Some(ticket) = self.book.get(id).cloned() {
                self.note_wait(now, &ticket);
            }
            self.remove(now, id);
        }
        self.keep_apart(now, &making.room, &teams);
        self.take_making(&making.room);
    }

    /// Those who met are not matched again for as long as the pool says.
    pub(super) fn keep_apart(&mut self, now: Time, room: &RoomId, teams: &[Vec<PlayerId>]) {
        let Some(secs) = self.pool.no_rematch_s else {
            return;
        };
        let meeting = Meeting {
            players: teams.iter().flatten().cloned().collect(),
            until: now + Duration::from_secs(secs.into()),
        };
        for forgotten in self.met.add(now, room.clone(), meeting) {
            self.turn.rows.insert(Row::Met(forgotten));
        }
        self.turn.rows.insert(Row::Met(room.clone()));
    }

    /// A match comes to nothing: `out` are out of the queue, the others keep their place in it. They can be matched
    /// again once their own objects have let go of them.
    pub(super) fn call_off(
        &mut self,
        now: Time,
        mut making: Making,
        reason: &str,
        mut out: BTreeMap<TicketId, Out>,
    ) {
        let room = making.room.clone();
        making.drops.clear();
        for id in making.tickets().cloned().collect::<Vec<_>>() {
            let Some(ticket) = self.book.get(&id).cloned() else {
                continue;
            };
            let gone = out.remove(&id);
            if self.shard == Shard::Top {
                making.drops.insert(id.clone(), (reason.to_owned(), gone.clone()));
                if gone.is_none() {
                    let state = State::Freeing(room.clone());
                    self.put(now, Ticket { state, ..ticket });
                }
                continue;
            }
            if let Some(gone) = gone {
                self.put_out(now, &ticket, reason, &gone);
            } else {
                let state = State::Freeing(room.clone());
                self.returned(&ticket, reason);
                self.put(now, Ticket { state, ..ticket });
            }
        }
        let top_out: Vec<TicketId> =
            { making.drops.iter() }.filter(|(_, (_, out))| out.is_some()).map(|(id, _)| id.clone()).collect();
        self.enter_step(now, making, Step::Freeing);
        // Their part still has to hear it, so it is asked for before the ticket is gone.
        for id in top_out {
            self.set_free(now, &id);
        }
    }

    /// At the top: a ticket that is out stays until its part knows, but is in no match any more.
    fn set_free(&mut self, now: Time, id: &TicketId) {
        if let Some(ticket) = self.book.get(id).cloned()
            && let State::Held(room) = &ticket.state
        {
            let state = State::Freeing(room.clone());
            self.put(now, Ticket { state, ..ticket });
        }
    }

    /// A ticket's people are out of the queue, and hear why.
    pub(super) fn put_out(&mut self, now: Time, ticket: &Ticket, reason: &str, out: &Out) {
        self.remove(now, &ticket.id);
        for player in ticket.players().cloned().collect::<Vec<_>>() {
            let mut body = json!({ "ticket": ticket.id, "reason": reason });
            if out.by.contains(&player) {
                let after = self.cool_down(now, &player).map(time::ms);
                event::add(&mut body, "after_ms", after);
            } else if let Some(live) = &out.live {
                event::add(&mut body, "reason", "in_match");
                event::add(&mut body, "room", live);
            } else if !out.by.is_empty() {
                event::add(&mut body, "reason", "party_left");
            }
            self.tell_player(&player, &expired(&body));
        }
    }

    /// A ticket's people keep their place, and hear why.
    pub(super) fn returned(&mut self, ticket: &Ticket, reason: &str) {
        let body = json!({ "ticket": ticket.id, "since": ticket.since, "reason": reason });
        let text = event::fleeting("returned", None, Some(&body));
        for player in ticket.players().cloned().collect::<Vec<_>>() {
            self.tell_player(&player, &text);
        }
    }

    /// A player's object has let go of a match that came to nothing.
    pub(super) fn freed(&mut self, now: Time, room: &RoomId, player: &PlayerId) {
        let making = self.making.get(room).filter(|it| it.step == Step::Freeing);
        let Some(mut making) = making.cloned() else {
            return;
        };
        making.agreed.insert(player.clone());
        if let Some(id) = self.book.of(player).map(|ticket| ticket.id.clone()) {
            self.release(now, &id, &making);
        }
        self.advance(now, making);
    }

    /// A ticket can be matched again once everybody has let go of it.
    pub(super) fn release(&mut self, now: Time, id: &TicketId, making: &Making) {
        let Some(ticket) = self.book.get(id).cloned() else {
            return;
        };
        let freed = ticket.players().all(|player| making.agreed.contains(player));
        let told = !making.drops.contains_key(id) || making.told.contains(id);
        if ticket.state != State::Freeing(making.room.clone()) || !freed || !told {
            return;
        }
        let is_out = making.drops.get(id).is_some_and(|(_, out)| out.is_some());
        if is_out {
            self.remove(now, id);
            return;
        }
        let state = State::Waiting;
        self.put(now, Ticket { state, ..ticket });
        if self.shard != Shard::Top {
            self.look_after(now, id);
        }
    }

    /// What did not come together in its time.
    pub(super) fn pass_makings(&mut self, now: Time) {
        while let Some((until, room)) = self.untils.first().cloned() {
            if until > now {
                return;
            }
            let Some(making) = self.making.get(&room).cloned() else {
                self.untils.remove(&(until, room));
                continue;
            };
            if making.step == Step::Proposing {
                self.nobody_answered(now, making);
            } else {
                self.call_off(now, making, UNAVAILABLE, BTreeMap::new());
            }
        }
    }

    /// A ticket is no more. The top is to forget it, where it has it.
    pub(super) fn remove(&mut self, now: Time, id: &TicketId) -> Option<Ticket> {
        let ticket = self.book.take(id)?;
        self.turn.rows.insert(Row::Ticket(id.clone()));
        self.changed = true;
        let lent = matches!(ticket.state, State::Lent(_));
        if ticket.climb != Climb::Low && !lent {
            self.withdraw(now, &ticket);
        }
        self.retries.done(&Job::Climb(id.clone()));
        self.retries.done(&Job::Say(id.clone()));
        Some((*ticket).clone())
    }
}

/// The way to the room.
pub(super) fn matched(room: &RoomId, player: &PlayerId, teams: &[Vec<PlayerId>]) -> Text {
    let all = teams.iter().flatten();
    let with: Vec<&PlayerId> = all.filter(|other| *other != player).collect();
    let mut body = json!({ "match": room, "room": room, "with": with });
    if teams.len() > 1 {
        event::add(&mut body, "teams", teams);
    }
    event::fleeting("matched", None, Some(&body))
}

pub(super) fn expired(body: &Value) -> Text {
    event::fleeting("expired", None, Some(body))
}
