//! A part of a divided queue and its top, as the part sees it: tickets climb, and are lent to matches of the top.

use super::parts::{LobbyAnswer, LobbyAsk, Offer, Out};
use super::ticket::{Climb, Loan, State, Ticket};
use super::{Call, Job, Lobby, Row};
use crate::caps;
use crate::id::{PlayerId, RoomId, TicketId};
use crate::pool::Shard;
use crate::time::Time;
use std::collections::BTreeMap;

impl Lobby {
    /// Which part a ticket came from, where it is not our own.
    pub(super) fn home_of(&self, id: &TicketId) -> Option<u16> {
        self.book.get(id)?.home
    }

    /// A ticket waited long enough in its part alone.
    pub(super) fn climb(&mut self, now: Time, ticket: &Ticket) {
        // What was said of an earlier climb has to be heard first.
        if self.withdrawn.contains_key(&ticket.id) {
            return;
        }
        let id = ticket.id.clone();
        let climbed =
            Ticket { climb: Climb::Climbing, climbs: ticket.climbs.saturating_add(1), ..ticket.clone() };
        self.put(now, climbed);
        self.retries.begin(now, Job::Climb(id));
    }

    /// The top is to forget a ticket.
    pub(super) fn withdraw(&mut self, now: Time, ticket: &Ticket) {
        self.retries.done(&Job::Climb(ticket.id.clone()));
        self.withdrawn.insert(ticket.id.clone(), ticket.climbs);
        self.turn.rows.insert(Row::Withdrawn(ticket.id.clone()));
        self.retries.begin(now, Job::Withdraw(ticket.id.clone()));
    }

    /// What the top is to be told; nothing, it is no longer true.
    pub(super) fn words_to_top(&self, job: &Job, id: &TicketId) -> Option<Vec<Call>> {
        let asks = match job {
            Job::Climb(_) => {
                let ticket = self.book.get(id)?;
                if ticket.climb != Climb::Climbing || ticket.state != State::Waiting {
                    return None;
                }
                let ticket = Box::new(Ticket { home: self.part(), climb: Climb::Low, ..ticket.clone() });
                vec![LobbyAsk::Climb { ticket }]
            }
            Job::Withdraw(_) => {
                vec![LobbyAsk::Withdraw { ticket: id.clone(), climbs: *self.withdrawn.get(id)? }]
            }
            Job::Say(_) => match &self.book.get(id)?.state {
                State::Lent(loan) => { loan.said.iter() }
                    .map(|(player, &yes)| LobbyAsk::Said {
                        room: loan.room.clone(),
                        player: player.clone(),
                        yes,
                    })
                    .collect(),
                State::Waiting | State::Paused(_) | State::Held(_) | State::Freeing(_) => {
                    return None;
                }
            },
            Job::Make(_) => return None,
        };
        let call = |ask| Call::Lobby { shard: Shard::Top, ask };
        Some(asks.into_iter().map(call).collect())
    }

    /// The top has heard it.
    pub(super) fn top_answered(&mut self, now: Time, ask: &LobbyAsk, answer: LobbyAnswer) {
        match ask {
            // Not yet: it is said again.
            LobbyAsk::Climb { .. } if answer == LobbyAnswer::Busy => {}
            LobbyAsk::Climb { ticket } => {
                self.retries.done(&Job::Climb(ticket.id.clone()));
                let mine = self.book.get(&ticket.id);
                let same = mine.filter(|it| it.climb == Climb::Climbing && it.climbs == ticket.climbs);
                if let Some(mine) = same.cloned() {
                    let climb = Climb::High;
                    self.put(now, Ticket { climb, ..mine });
                }
            }
            LobbyAsk::Withdraw { ticket, climbs } => {
                if self.withdrawn.get(ticket) != Some(climbs) {
                    return;
                }
                self.withdrawn.remove(ticket);
                self.turn.rows.insert(Row::Withdrawn(ticket.clone()));
                self.retries.done(&Job::Withdraw(ticket.clone()));
                // It may be back meanwhile, and due to climb again.
                if let Some(mine) = self.book.get(ticket).cloned()
                    && self.book.climbs(&mine).is_some_and(|at| at <= now)
                {
                    self.climb(now, &mine);
                }
            }
            LobbyAsk::Said { player, room, .. } => {
                // The next word comes from the top, or from the same player.
                if let Some(ticket) = self.book.of(player)
                    && ticket.room() == Some(room)
                {
                    self.retries.done(&Job::Say(ticket.id.clone()));
                }
            }
            LobbyAsk::Hold { .. }
            | LobbyAsk::Offer { .. }
            | LobbyAsk::Drop { .. }
            | LobbyAsk::Matched { .. } => {}
        }
    }

    /// The top asks about a ticket of ours.
    pub(super) fn asked_by_top(&mut self, now: Time, ask: LobbyAsk) -> LobbyAnswer {
        match ask {
            LobbyAsk::Hold { ticket, room } => self.lend(now, &ticket, room),
            LobbyAsk::Offer { ticket, room, offer } => self.offered(now, &ticket, &room, offer),
            LobbyAsk::Drop { ticket, room, reason, out } => self.dropped(now, &ticket, &room, &reason, out),
            LobbyAsk::Matched { ticket, room, teams } => self.made_above(now, &ticket, &room, &teams),
            LobbyAsk::Climb { .. } | LobbyAsk::Withdraw { .. } | LobbyAsk::Said { .. } => LobbyAnswer::Gone,
        }
    }

    fn lend(&mut self, now: Time, id: &TicketId, room: RoomId) -> LobbyAnswer {
        let Some(ticket) = self.book.get(id).cloned() else {
            return LobbyAnswer::Gone;
        };
        if ticket.dropped.contains(&room) {
            return LobbyAnswer::Busy;
        }
        match &ticket.state {
            State::Waiting => {
                let state = State::Lent(Box::new(Loan { room, offer: None, said: BTreeMap::new() }));
                self.put(now, Ticket { state, ..ticket });
                LobbyAnswer::Done
            }
            State::Lent(loan) if loan.room == room => LobbyAnswer::Done,
            State::Paused(_) => LobbyAnswer::Gone,
            State::Held(_) | State::Freeing(_) | State::Lent(_) => LobbyAnswer::Busy,
        }
    }

    /// The ticket, where it is lent to that match.
    fn lent_to(&self, id: &TicketId, room: &RoomId) -> Option<(Ticket, Loan)> {
        let ticket = self.book.get(id)?;
        match &ticket.state {
            State::Lent(loan) if loan.room == *room => Some((ticket.clone(), (**loan).clone())),
            State::Waiting | State::Paused(_) | State::Held(_) | State::Freeing(_) | State::Lent(_) => None,
        }
    }

    fn offered(&mut self, now: Time, id: &TicketId, room: &RoomId, offer: Offer) -> LobbyAnswer {
        let Some((ticket, loan)) = self.lent_to(id, room) else {
            return LobbyAnswer::Gone;
        };
        if loan.offer.is_none() {
            let players: Vec<PlayerId> = ticket.players().cloned().collect();
            let offer = Some(offer);
            let state = State::Lent(Box::new(Loan { offer, ..loan }));
            self.put(now, Ticket { state, ..ticket });
            for player in players {
                self.ask_again(&player);
            }
        }
        LobbyAnswer::Done
    }

    fn dropped(
        &mut self,
        now: Time,
        id: &TicketId,
        room: &RoomId,
        reason: &str,
        out: Option<Out>,
    ) -> LobbyAnswer {
        if let Some(mut ticket) = self.book.get(id).cloned()
            && !ticket.dropped.contains(room)
        {
            ticket.dropped.push_back(room.clone());
            let over = ticket.dropped.len().saturating_sub(caps::FREED);
            ticket.dropped.drain(..over);
            self.put(now, ticket);
        }
        let Some((ticket, _)) = self.lent_to(id, room) else {
            return LobbyAnswer::Done;
        };
        self.retries.done(&Job::Say(id.clone()));
        if let Some(out) = out {
            self.put_out(now, &ticket, reason, &out);
            return LobbyAnswer::Done;
        }
        self.returned(&ticket, reason);
        let state = State::Waiting;
        self.put(now, Ticket { state, ..ticket });
        self.look_after(now, id);
        LobbyAnswer::Done
    }

    fn made_above(
        &mut self,
        now: Time,
        id: &TicketId,
        room: &RoomId,
        teams: &[Vec<PlayerId>],
    ) -> LobbyAnswer {
        if self.lent_to(id, room).is_some() {
            self.send_to_room(now, id, room, teams);
            self.keep_apart(now, room, teams);
        }
        LobbyAnswer::Done
    }

    fn part(&self) -> Option<u16> {
        match self.shard {
            Shard::Part(nth) => Some(nth),
            Shard::Top => None,
        }
    }
}
