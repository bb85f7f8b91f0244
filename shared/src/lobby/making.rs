//! How a match is made, step by step. Each step may be repeated; none may be half.

use super::parts::{LobbyAsk, Offer, Out};
use super::plan::Match;
use super::ticket::{State, Ticket};
use super::{Call, Job, Lobby, Row};
use crate::caps;
use crate::id::{PlayerId, RoomId, TicketId};
use crate::internal::PlayerAsk;
use crate::pool::Shard;
use crate::room::Setup;
use crate::room::seat::Seat;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The life of one match before its people are told where it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Making {
    pub(super) room: RoomId,
    /// The tickets of each team.
    pub(super) teams: Vec<Vec<TicketId>>,
    /// Everybody, also who is out since.
    pub(super) players: BTreeSet<PlayerId>,
    pub(super) step: Step,
    /// Who has answered at this step.
    pub(super) agreed: BTreeSet<PlayerId>,
    /// Whose part of the queue has answered at this step.
    pub(super) told: BTreeSet<TicketId>,
    /// A reservation is not waited for longer than it holds, nor an answer longer than the pool says.
    pub(super) until: Time,
    /// What the parts are told of their tickets where it came to nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) drops: BTreeMap<TicketId, (String, Option<Out>)>,
}

/// Which step a match is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    /// At the top: the parts lend their tickets.
    Lending,
    /// The players' objects keep everybody for it.
    Reserving,
    /// Where the pool asks its people.
    Proposing,
    /// The players' objects take it for theirs.
    Committing,
    /// The room is made.
    Opening,
    /// At the top: the parts tell their people.
    Telling,
    /// It came to nothing: the players' objects let go of it.
    Freeing,
}

impl Making {
    /// All tickets.
    pub(super) fn tickets(&self) -> impl Iterator<Item = &TicketId> {
        self.teams.iter().flatten()
    }

    /// Whether nobody is committed yet.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.step, Step::Lending | Step::Reserving | Step::Proposing)
    }

    /// Whether everybody has answered who is asked at this step.
    fn is_through(&self) -> bool {
        let all_told = || self.tickets().all(|id| self.told.contains(id));
        let all_agreed = self.players.is_subset(&self.agreed);
        match self.step {
            Step::Lending | Step::Telling => all_told(),
            Step::Reserving | Step::Proposing | Step::Committing => all_agreed,
            Step::Opening => false,
            Step::Freeing => all_agreed && self.drops.keys().all(|id| self.told.contains(id)),
        }
    }
}

impl Lobby {
    pub(super) fn make_matches(&mut self, now: Time) {
        let plan = self.book.waiting.plan(now, &self.met);
        for made in plan.matches {
            self.begin(now, made);
        }
    }

    fn begin(&mut self, now: Time, made: Match) {
        self.tally.generation += 1;
        self.turn.rows.insert(Row::Tally);
        let lease = Self::lease(&self.pool_name, self.shard);
        let generation = self.tally.generation.to_string();
        let mut parts = vec![lease.as_str(), &generation];
        parts.extend(made.tickets().map(TicketId::as_str));
        let room = RoomId::derive(&parts);
        let mut players = BTreeSet::new();
        for id in made.tickets() {
            let Some(ticket) = self.book.get(id).cloned() else {
                continue;
            };
            players.extend(ticket.players().cloned());
            let state = State::Held(room.clone());
            self.put(now, Ticket { state, ..ticket });
        }
        let step = match self.shard {
            Shard::Top => Step::Lending,
            Shard::Part(_) => Step::Reserving,
        };
        let making = Making {
            room,
            teams: made.teams,
            players,
            step,
            agreed: BTreeSet::new(),
            told: BTreeSet::new(),
            until: now + caps::RESERVATION,
            drops: BTreeMap::new(),
        };
        self.enter_step(now, making, step);
    }

    /// A match is at this step from now on.
    pub(super) fn enter_step(&mut self, now: Time, mut making: Making, step: Step) {
        making.step = step;
        making.agreed.clear();
        making.told.clear();
        match step {
            Step::Lending | Step::Reserving => making.until = now + caps::RESERVATION,
            Step::Proposing => {
                let secs = self.pool.propose_s.unwrap_or_default();
                making.until = now + Duration::from_secs(secs.into());
            }
            Step::Committing | Step::Opening | Step::Telling | Step::Freeing => {}
        }
        self.retries.begin(now, Job::Make(making.room.clone()));
        self.put_making(making.clone());
        if step == Step::Proposing && self.shard != Shard::Top {
            self.propose(&making);
        }
    }

    pub(super) fn put_making(&mut self, making: Making) {
        self.forget_until(&making.room);
        if making.is_open() {
            self.untils.insert((making.until, making.room.clone()));
        }
        self.turn.rows.insert(Row::Making(making.room.clone()));
        self.making.insert(making.room.clone(), making);
    }

    fn forget_until(&mut self, room: &RoomId) {
        if let Some(before) = self.making.get(room) {
            self.untils.remove(&(before.until, room.clone()));
        }
    }

    pub(super) fn take_making(&mut self, room: &RoomId) -> Option<Making> {
        self.forget_until(room);
        self.retries.done(&Job::Make(room.clone()));
        self.turn.rows.insert(Row::Making(room.clone()));
        self.making.remove(room)
    }

    /// Until when the first of them is waited for.
    pub(super) fn making_until(&self) -> Option<Time> {
        self.untils.first().map(|(until, _)| *until)
    }

    /// Goes on where everybody has answered.
    pub(super) fn advance(&mut self, now: Time, making: Making) {
        if !making.is_through() {
            return self.put_making(making);
        }
        let next = match making.step {
            Step::Lending => Step::Reserving,
            Step::Reserving if self.pool.propose_s.is_some() => Step::Proposing,
            Step::Reserving | Step::Proposing => Step::Committing,
            Step::Committing | Step::Opening => Step::Opening,
            Step::Telling => return self.all_told(now, &making),
            Step::Freeing => {
                self.take_making(&making.room);
                return;
            }
        };
        self.enter_step(now, making, next);
    }

    /// What a match asks for at its step and has no answer to.
    pub(super) fn asks(&self, making: &Making) -> Vec<Call> {
        let room = || making.room.clone();
        let quiet = making.players.difference(&making.agreed);
        let of_all = |ask: PlayerAsk| -> Vec<Call> {
            let call = |player: &PlayerId| Call::Player { player: player.clone(), ask: ask.clone() };
            quiet.clone().map(call).collect()
        };
        let untold = || making.tickets().filter(|id| !making.told.contains(id));
        match making.step {
            Step::Lending => {
                let hold = |ticket: TicketId| LobbyAsk::Hold { ticket, room: room() };
                self.of_parts(untold(), hold)
            }
            Step::Reserving => of_all(PlayerAsk::Reserve { room: room() }),
            Step::Proposing => {
                let offer = self.offer(making);
                let ask = |ticket: TicketId| LobbyAsk::Offer { ticket, room: room(), offer: offer.clone() };
                self.of_parts(untold(), ask)
            }
            Step::Committing => quiet
                .map(|player| Call::Player {
                    player: player.clone(),
                    ask: PlayerAsk::Commit { room: room(), lobby: self.lobby_of(player) },
                })
                .collect(),
            Step::Opening => vec![Call::Open { setup: Box::new(self.setup(making)) }],
            Step::Telling => {
                let teams = self.players_by_team(making);
                let ask = |ticket: TicketId| LobbyAsk::Matched { ticket, room: room(), teams: teams.clone() };
                self.of_parts(untold(), ask)
            }
            Step::Freeing => {
                let mut calls = of_all(PlayerAsk::Free { room: room() });
                let untold = making.drops.keys().filter(|id| !making.told.contains(*id));
                calls.extend(self.of_parts(untold, |ticket| {
                    let (reason, out) = making.drops.get(&ticket).cloned().unwrap_or_default();
                    LobbyAsk::Drop { ticket, room: room(), reason, out }
                }));
                calls
            }
        }
    }

    /// The same question about each ticket, to the part that it came from; none, where it is our own.
    fn of_parts<'a>(
        &self,
        tickets: impl Iterator<Item = &'a TicketId>,
        ask: impl Fn(TicketId) -> LobbyAsk,
    ) -> Vec<Call> {
        let call = |id: &TicketId| {
            let shard = Shard::Part(self.home_of(id)?);
            let ask = ask(id.clone());
            Some(Call::Lobby { shard, ask })
        };
        tickets.filter_map(call).collect()
    }

    /// How the lobby is called in whose leases somebody's sockets are.
    fn lobby_of(&self, player: &PlayerId) -> String {
        let home = self.book.of(player).and_then(|ticket| ticket.home);
        Self::lease(&self.pool_name, home.map_or(self.shard, Shard::Part))
    }

    pub(super) fn offer(&self, making: &Making) -> Offer {
        Offer { teams: self.players_by_team(making), until: making.until }
    }

    pub(super) fn players_by_team(&self, making: &Making) -> Vec<Vec<PlayerId>> {
        let players = |id: &TicketId| {
            let ticket = self.book.get(id);
            let players = ticket.into_iter().flat_map(Ticket::players);
            players.cloned().collect::<Vec<_>>()
        };
        let team = |team: &Vec<TicketId>| team.iter().flat_map(players).collect();
        making.teams.iter().map(team).collect()
    }

    fn setup(&self, making: &Making) -> Setup {
        let mut seats = Vec::new();
        for (nth, team) in (0..).zip(&making.teams) {
            let tickets = team.iter().filter_map(|id| self.book.get(id));
            for member in tickets.flat_map(|ticket| &ticket.members) {
                let mut seat = Seat::of(member.player.clone(), member.name.clone());
                seat.team = self.pool.teams.map(|_| nth);
                seats.push(seat);
            }
        }
        Setup {
            id: making.room.clone(),
            pool: Some(self.pool_name.clone()),
            owner: None,
            seats,
            rules: self.pool.room,
        }
    }

    /// The calls to make now.
    pub(super) fn due_calls(&mut self, now: Time) -> Vec<Call> {
        let mut calls = Vec::new();
        for job in self.retries.take_due(now) {
            let asks = match &job {
                Job::Make(room) => self.making.get(room).map(|making| self.asks(making)),
                Job::Climb(id) | Job::Withdraw(id) | Job::Say(id) => self.words_to_top(&job, id),
            };
            match asks {
                // A proposal of our own waits for people, not for objects.
                Some(asks) if !asks.is_empty() => calls.extend(asks),
                Some(_) | None => self.retries.done(&job),
            }
        }
        calls
    }
}
