//! What must hold at every step, from what an onlooker sees who knows all.

use crate::marks::Mark;
use crate::network::seats;
use crate::world::{World, number, player};
use serde_json::Value;
use shared::id::{PoolName, RoomId, TicketId};
use shared::internal::PlayerAsk;
use shared::lobby::ticket::{State, Ticket};
use shared::lobby::{Call, Effect};
use shared::pool::Shard;
use shared::record::Opponent;
use shared::room::Setup;
use shared::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What the onlooker wrote down.
#[derive(Debug, Default)]
pub struct Truth {
    /// Since when each ticket waits.
    since: BTreeMap<String, u64>,
    /// Where each match is being made, and of which tickets.
    making: BTreeMap<RoomId, (usize, BTreeSet<TicketId>)>,
    /// The tickets that came to a room.
    played: BTreeMap<TicketId, RoomId>,
    /// The matches that came to nothing.
    called_off: BTreeSet<RoomId>,
    /// Who was asked about a match, and who said yes.
    pub asked: BTreeSet<(String, usize)>,
    pub accepted: BTreeSet<(RoomId, usize)>,
    /// Until when two are kept apart in a queue.
    apart: BTreeMap<(PoolName, usize, usize), u64>,
}

impl World {
    fn ticket(&self, lane: usize, key: &str) -> Option<Ticket> {
        let row = self.lanes[lane].disk.get(key).filter(|_| key.starts_with("t/"))?;
        Some(serde_json::from_str(row).expect("a ticket can be read back"))
    }

    /// A row is written. Of a ticket: one a person and lobby, and its time never moves.
    pub fn check_row(&mut self, lane: usize, key: &str, row: Option<&str>) {
        let Some(row) = row.filter(|_| key.starts_with("t/")) else {
            return;
        };
        let ticket: Ticket = serde_json::from_str(row).expect("a ticket can be read back");
        for other in self.lanes[lane].tickets() {
            let both = other.players().find(|it| ticket.players().any(|mine| mine == *it));
            assert!(other.id == ticket.id || both.is_none(), "two tickets of {both:?}");
        }
        self.check_since(&(ticket.id.to_string(), ticket.since.ms()));
    }

    pub fn check_since(&mut self, ticket: &(String, u64)) {
        let since = *self.truth.since.entry(ticket.0.clone()).or_insert(ticket.1);
        assert_eq!(since, ticket.1, "the time of {} moved", ticket.0);
    }

    /// A ticket goes only where its holder hears of it, is in a match, or was away too long.
    pub fn check_removed(&mut self, lane: usize, effects: &[Effect]) {
        let Some(Effect::Save(save)) = effects.first() else {
            return;
        };
        if self.lanes[lane].shard == Shard::Top {
            // A copy: its part has the ticket.
            return;
        }
        let gone = save.rows.iter().filter(|(_, row)| row.is_none());
        let gone: Vec<Ticket> = gone.filter_map(|(key, _)| self.ticket(lane, key)).collect();
        for ticket in gone {
            for player in ticket.players() {
                self.check_lost(lane, &ticket, number(player), effects);
            }
        }
    }

    fn check_lost(&mut self, lane: usize, ticket: &Ticket, who: usize, effects: &[Effect]) {
        let told = effects.iter().any(|effect| match effect {
            Effect::Send { conn, text } => {
                let wire = self.lanes[lane].wires.get(conn);
                wire.is_some_and(|wire| wire.who == who)
                    && ["expired", "matched", "\"ok\""].iter().any(|word| text.contains(word))
            }
            _ => false,
        });
        let pause = Duration::from_secs(self.lanes[lane].pool.pause_s.into());
        let away = match ticket.state {
            State::Paused(since) => since + pause <= self.time(),
            _ => false,
        };
        let lobby = self.lanes[lane].lobby.as_ref().expect("awake");
        // They are not here to be told: of a party that one of them left, or of a time to answer that is over.
        let absent = lobby.holds(&player(who)).is_empty();
        let asks = self.lanes[lane].pool.propose_s.is_some();
        let silent = absent && asks && matches!(ticket.state, State::Held(_) | State::Lent(_));
        let left = absent && ticket.members.len() > 1;
        let played = self.rooms.values().any(|made| seats(&made.setup).contains(&who));
        assert!(
            told || away || silent || left || played || self.live(who).is_some(),
            "{ticket:?} is lost to p_{who}"
        );
    }

    /// A match begins with two who fit; and it is always the same two. Proved by a plan that asked one side.
    pub fn check_call(&mut self, lane: usize, call: &Call) {
        let Call::Player { ask, .. } = call else {
            return;
        };
        let (room, begins) = match ask {
            PlayerAsk::Reserve { room } => (room, true),
            PlayerAsk::Free { room } => {
                self.marks.insert(Mark::CalledOff);
                self.truth.called_off.insert(room.clone());
                (room, false)
            }
            _ => return,
        };
        if !begins || self.truth.making.contains_key(room) {
            return;
        }
        let held: Vec<Ticket> = { self.lanes[lane].tickets() }
            .filter(|ticket| ticket.state == State::Held(room.clone()))
            .collect();
        let pool = self.lanes[lane].pool.clone();
        let people: usize = held.iter().map(|ticket| ticket.members.len()).sum();
        let least = pool.min.map_or(pool.seats, |least| least.seats);
        assert!((least..=pool.seats).contains(&people), "{room} is made of {held:?}");
        if people < pool.seats {
            self.marks.insert(Mark::StartedEarly);
        }
        for (nth, a) in held.iter().enumerate() {
            for b in held.iter().skip(nth + 1) {
                self.check_pair(lane, a, b);
            }
        }
        if self.lanes[lane].shard == Shard::Top {
            self.check_lent(lane, room, &held);
        }
        let ids = held.iter().map(|ticket| ticket.id.clone()).collect();
        self.truth.making.insert(room.clone(), (lane, ids));
    }

    /// Two tickets in one match: all fit, nobody is there twice, nobody blocks another, nobody has met before.
    fn check_pair(&mut self, lane: usize, a: &Ticket, b: &Ticket) {
        assert!(self.near(lane, a, b), "{a:?} and {b:?}");
        let queue = self.lanes[lane].name.clone();
        for one in a.players().map(number) {
            for other in b.players().map(number) {
                assert_ne!(one, other);
                assert!(self.fits(one, other, a) && self.fits(other, one, b), "{a:?} and {b:?}");
                assert!(!self.people[one].apart.contains(&other), "{one} and {other}");
                let pair = (queue.clone(), one.min(other), one.max(other));
                let until = self.truth.apart.get(&pair).copied().unwrap_or_default();
                assert!(until <= self.now, "{a:?} and {b:?} met before");
                if until > 0 {
                    self.marks.insert(Mark::Apart);
                }
            }
        }
    }

    /// What the top makes a match of, the parts have lent to that match.
    fn check_lent(&self, top: usize, room: &RoomId, held: &[Ticket]) {
        for ticket in held {
            let home = Shard::Part(ticket.home.expect("a part"));
            let home = self.lane_of(&self.lanes[top].name, home).expect("a part");
            let mut there = self.lanes[home].tickets();
            let mine = there.find(|it| it.id == ticket.id);
            let lent = mine.as_ref().and_then(Ticket::room);
            assert_eq!(lent, Some(room), "{ticket:?} is not lent");
        }
    }

    fn near(&self, lane: usize, a: &Ticket, b: &Ticket) -> bool {
        self.lanes[lane].pool.rating.is_none_or(|window| {
            let both = self.waited(a).min(self.waited(b));
            let most = (window.within + window.widen_per_s * both + 0.5).min(window.at_most);
            (a.rating() - b.rating()).abs() <= most
        })
    }

    fn waited(&self, ticket: &Ticket) -> f64 {
        self.time().since(ticket.since).as_secs_f64()
    }

    /// Whom somebody met lately, as the region knows: of matches that are over.
    pub fn recent_of(&self, queue: &PoolName, who: usize) -> Vec<Opponent> {
        let over = self.rooms.values().filter_map(|made| Some((made, made.over?)));
        let here = over.filter(|(made, _)| made.setup.pool.as_ref() == Some(queue));
        let mine = here.filter(|(made, _)| seats(&made.setup).contains(&who));
        let others = mine.flat_map(|(made, ended)| {
            let others = seats(&made.setup).into_iter().filter(|&it| it != who);
            others.map(move |other| Opponent { player: player(other), ended: Time::from_ms(ended) })
        });
        others.collect()
    }

    /// What a person asked for, read anew from what they said.
    fn fits(&self, mine: usize, theirs: usize, ticket: &Ticket) -> bool {
        let waited = self.waited(ticket);
        let attrs = &self.people[theirs].body["attrs"];
        let me = &self.people[mine].body;
        let wants = me["wants"].as_array().expect("wants");
        wants.iter().all(|want| {
            let name = want["attr"].as_str().expect("a name");
            let relax = &want["relax"];
            let relaxed = relax["after_s"].as_f64().is_some_and(|after| waited >= after);
            if relaxed && relax["to"].is_null() {
                return true;
            }
            let within = if relaxed { &relax["to"] } else { &want["within"] };
            holds(want, within, &me["attrs"][name], &attrs[name])
        })
    }

    /// A room opens: once for its tickets, and its people are in it and in no other.
    pub fn check_open(&mut self, setup: &Setup) {
        let making = &self.truth.making;
        let (lane, tickets) = making.get(&setup.id).expect("a match that was made");
        let lane = *lane;
        for ticket in tickets.clone() {
            let before = self.truth.played.insert(ticket.clone(), setup.id.clone());
            assert_eq!(before, None, "{ticket} has two rooms");
        }
        for who in seats(setup) {
            assert_eq!(self.live(who).as_ref(), Some(&setup.id));
            let open = self.rooms.values().filter(|made| made.over.is_none());
            let twice = open.filter(|made| seats(&made.setup).contains(&who)).count();
            assert_eq!(twice, 0, "p_{who} is in two matches");
        }
        let players = seats(setup);
        let pool = self.lanes[lane].pool.clone();
        assert!(players.len() <= pool.seats);
        if players.len() > tickets_of(self, setup) {
            self.marks.insert(Mark::PartyPlayed);
        }
        if let Some(teams) = pool.teams {
            for team in 0..teams.count {
                let of = setup.seats.iter().filter(|it| it.team.map(usize::from) == Some(team));
                assert_eq!(of.count(), players.len() / teams.count, "uneven teams");
            }
        }
        for &who in players.iter().filter(|_| pool.propose_s.is_some()) {
            let yes = (setup.id.clone(), who);
            assert!(self.truth.accepted.contains(&yes), "p_{who} never said yes");
        }
        if let Some(secs) = pool.no_rematch_s {
            let until = self.now + u64::from(secs) * 1000;
            let queue = &self.lanes[lane].name;
            for (nth, &a) in players.iter().enumerate() {
                for &b in &players[nth + 1..] {
                    let pair = (queue.clone(), a.min(b), a.max(b));
                    self.truth.apart.insert(pair, until);
                }
            }
        }
    }

    /// Who is told of a room by the lobby that made it finds it there; but for who asked their own object between
    /// its yes and another's no, and is told when that is past.
    pub fn check_told(&self, lane: usize, who: usize, room: &RoomId) {
        let (maker, tickets) = self.truth.making.get(room).expect("a match that was made");
        assert!(!tickets.is_empty());
        match self.rooms.get(room) {
            Some(made) => assert!(
                made.setup.seats.iter().any(|seat| seat.player == Some(player(who))),
                "p_{who} has no seat in {room}"
            ),
            None => assert!(
                *maker != lane || self.truth.called_off.contains(room),
                "p_{who} is sent to {room}, which is not there"
            ),
        }
    }
}

/// How many tickets a room was made of.
fn tickets_of(world: &World, setup: &Setup) -> usize {
    world.truth.making[&setup.id].1.len()
}

fn holds(want: &Value, within: &Value, mine: &Value, theirs: &Value) -> bool {
    let is = want["is"].is_null() || want["is"] == *theirs;
    let near = within.as_f64().is_none_or(|within| {
        let both = mine.as_f64().zip(theirs.as_f64());
        both.is_some_and(|(a, b)| (a - b).abs() <= within)
    });
    let any_of = want["any_of"].as_array();
    let some = any_of.is_none_or(|any_of| any_of.contains(theirs));
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let shares = want["shares"].is_null() || list(mine).iter().any(|it| list(theirs).contains(it));
    let between = &want["between"];
    let between = between.is_null() || (between[0].as_f64()..=between[1].as_f64()).contains(&theirs.as_f64());
    is && near && some && shares && between
}
