//! The oracle of lobbies: checks tickets, matches and rooms at every step.

use crate::marks::Mark;
use crate::network::seats;
use crate::world::World;
use serde_json::Value;
use shared::id::{AuditId, PoolName, RoomId, TicketId};
use shared::lobby::tickets::ticket::{State, Ticket};
use shared::lobby::{Call, Effect};
use shared::pool::{GrowsWith, Shard};
use shared::rpc::PlayerRequest;
use shared::rpc::Setup;
use shared::rpc::queue_figures::{QueueFigures, ShardFigures};
use shared::rpc::record::Opponent;
use shared::time::Time;
use shared::wire::lobby::{Event, LobbyMessage};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tests::kit::identity::{number, player};

/// The facts recorded so far.
#[derive(Debug, Default)]
pub struct Oracle {
    /// The time of entry of each ticket.
    since: BTreeMap<TicketId, Time>,
    /// The lobby that forms each match, and its tickets.
    forming: BTreeMap<RoomId, (usize, BTreeSet<TicketId>)>,
    /// The room of each ticket that was played.
    played: BTreeMap<TicketId, RoomId>,
    /// The matches that were called off.
    called_off: BTreeSet<RoomId>,
    /// The players that received a proposal, and those that accepted it.
    pub proposed: BTreeSet<(RoomId, usize)>,
    pub accepted: BTreeSet<(RoomId, usize)>,
    /// The players whose backend learns of their room from the end of their ticket.
    pub known_to_service: BTreeSet<(RoomId, usize)>,
    /// The index of queues.
    pub figures: BTreeMap<(PoolName, u16), QueueFigures>,
    /// The actions that the region has stored.
    pub audited: BTreeSet<AuditId>,
    /// The time until which two players may not be rematched in a pool.
    no_rematch_until: BTreeMap<(PoolName, usize, usize), u64>,
}

impl Oracle {
    /// Keeps reported figures as the index does: those of an older report do not replace them.
    pub fn store_figures(&mut self, report: ShardFigures) {
        let ShardFigures { pool, shard, figures } = report;
        let known = self.figures.entry((pool, shard)).or_default();
        if figures.as_of >= known.as_of {
            *known = figures;
        }
    }
}

impl World {
    /// Checks that the index shows an empty queue: no player waits any longer, and no lobby would report again by itself.
    pub fn check_figures(&self) {
        for ((pool, shard), figures) in &self.oracle.figures {
            assert_eq!((figures.players, figures.tickets, figures.oldest), (0, 0, None), "{pool} {shard}");
        }
    }

    fn ticket(&self, host: usize, key: &str) -> Option<Ticket> {
        let row = self.hosts[host].disk.get(key).filter(|_| key.starts_with("t/"))?;
        Some(serde_json::from_str(row).expect("a ticket can be read back"))
    }

    /// Checks a written row: a player has one ticket per lobby, and its time of entry never changes.
    pub fn check_row(&mut self, host: usize, key: &str, row: Option<&str>) {
        let Some(row) = row.filter(|_| key.starts_with("t/")) else {
            return;
        };
        let ticket: Ticket = serde_json::from_str(row).expect("a ticket can be read back");
        for other in self.hosts[host].tickets() {
            let both = other.players().find(|it| ticket.players().any(|mine| mine == *it));
            assert!(other.id == ticket.id || both.is_none(), "two tickets of {both:?}");
        }
        self.check_since(&ticket.id, ticket.since);
    }

    pub fn check_since(&mut self, ticket: &TicketId, since: Time) {
        let before = *self.oracle.since.entry(ticket.clone()).or_insert(since);
        assert_eq!(before, since, "the time of entry of {ticket} changed");
    }

    /// Checks that a ticket is removed only if its players are told, are in a match, or were away too long.
    pub fn check_removed(&mut self, host: usize, effects: &[Effect]) {
        let Some(Effect::Save(save)) = effects.first() else {
            return;
        };
        if self.hosts[host].shard == Shard::Parent {
            // The parent holds a copy; the shard has the ticket.
            return;
        }
        let gone = save.rows.iter().filter(|(_, row)| row.is_none());
        let gone: Vec<Ticket> = gone.filter_map(|(key, _)| self.ticket(host, key)).collect();
        for ticket in gone {
            if self.has_ending(&ticket, &save.rows) {
                continue;
            }
            assert!(ticket.by.is_none(), "{ticket:?} of the backend ended without a record");
            for player in ticket.players() {
                self.check_lost(host, &ticket, number(player), effects);
            }
        }
    }

    /// Returns whether a ticket is removed together with the record of its end, from which the operator's backend learns of
    /// the room, whether its players are connected or not.
    fn has_ending(&mut self, ticket: &Ticket, rows: &[(String, Option<String>)]) -> bool {
        let key = format!("e/{}", ticket.leader().expect("a leader").player);
        let row = rows.iter().find(|(name, _)| *name == key).and_then(|(_, row)| row.as_deref());
        let Some(row) = row.filter(|row| row.contains(ticket.id.as_str())) else {
            return false;
        };
        let row: Value = serde_json::from_str(row).expect("JSON");
        if let Some(room) = row["status"]["room"].as_str() {
            let room: RoomId = room.parse().expect("an id");
            let players = ticket.players().map(number);
            self.oracle.known_to_service.extend(players.map(|who| (room.clone(), who)));
        }
        true
    }

    fn check_lost(&mut self, host: usize, ticket: &Ticket, who: usize, effects: &[Effect]) {
        let told = effects.iter().any(|effect| match effect {
            Effect::Send { conn, text } => {
                let wire = self.hosts[host].wires.get(conn);
                wire.is_some_and(|wire| wire.who == who) && ends_ticket(text)
            }
            _ => false,
        });
        let pause = Duration::from_secs(self.hosts[host].pool.pause_s.into());
        let away = match ticket.state {
            State::Paused(since) => since + pause <= self.time(),
            _ => false,
        };
        let lobby = self.hosts[host].lobby.as_ref().expect("awake");
        // An absent player is not told that a member left the party, or that the time to answer is over.
        let absent = lobby.connections_of(&player(who)).is_empty();
        let asks = self.hosts[host].pool.propose_s.is_some();
        let silent = absent && asks && matches!(ticket.state, State::Forming(_) | State::HeldByParent(_));
        let left = absent && ticket.members.len() > 1;
        let played = self.rooms.values().any(|made| seats(&made.setup).contains(&who));
        assert!(
            told || away || silent || left || played || self.current_match(who).is_some(),
            "{ticket:?} is lost to p_{who}"
        );
    }

    /// Checks that the tickets of a formed match fit each other.
    pub fn check_call(&mut self, host: usize, call: &Call) {
        let Call::Player { request, .. } = call else {
            return;
        };
        let (room, begins) = match request {
            PlayerRequest::Reserve { room } => (room, true),
            PlayerRequest::Free { room } => {
                self.marks.insert(Mark::CalledOff);
                self.oracle.called_off.insert(room.clone());
                (room, false)
            }
            _ => return,
        };
        if !begins || self.oracle.forming.contains_key(room) {
            return;
        }
        let held: Vec<Ticket> = { self.hosts[host].tickets() }
            .filter(|ticket| ticket.state == State::Forming(room.clone()))
            .collect();
        let pool = self.hosts[host].pool.clone();
        let people: usize = held.iter().map(|ticket| ticket.members.len()).sum();
        let least = pool.min.map_or(pool.seats, |least| least.seats);
        assert!((least..=pool.seats).contains(&people), "{room} is made of {held:?}");
        if people < pool.seats {
            self.marks.insert(Mark::StartedEarly);
        }
        for (nth, a) in held.iter().enumerate() {
            for b in held.iter().skip(nth + 1) {
                self.check_pair(host, a, b);
            }
        }
        if self.hosts[host].shard == Shard::Parent {
            self.check_held(host, room, &held);
        }
        let ids = held.iter().map(|ticket| ticket.id.clone()).collect();
        self.oracle.forming.insert(room.clone(), (host, ids));
    }

    /// Checks two tickets of a match: they fit, share no player, and no two players block each other or met
    /// recently.
    fn check_pair(&mut self, host: usize, a: &Ticket, b: &Ticket) {
        assert!(self.near(host, a, b), "{a:?} and {b:?}");
        let queue = self.hosts[host].name.clone();
        for one in a.players().map(number) {
            for other in b.players().map(number) {
                assert_ne!(one, other);
                assert!(self.fits(one, other, a) && self.fits(other, one, b), "{a:?} and {b:?}");
                assert!(!self.people[one].blocked.contains(&other), "{one} and {other}");
                let pair = (queue.clone(), one.min(other), one.max(other));
                let until = self.oracle.no_rematch_until.get(&pair).copied().unwrap_or_default();
                assert!(until <= self.now, "{a:?} and {b:?} met before");
                if until > 0 {
                    self.marks.insert(Mark::NoRematch);
                }
            }
        }
    }

    /// Checks that the shards hold the tickets of a match that the parent makes.
    fn check_held(&self, top: usize, room: &RoomId, held: &[Ticket]) {
        for ticket in held {
            let home = Shard::Child(ticket.home_shard.expect("a part"));
            let home = self.host_of(&self.hosts[top].name, home).expect("a part");
            let mut there = self.hosts[home].tickets();
            let mine = there.find(|it| it.id == ticket.id);
            let lent = mine.as_ref().and_then(Ticket::room);
            assert_eq!(lent, Some(room), "{ticket:?} is not held");
        }
    }

    fn near(&self, host: usize, a: &Ticket, b: &Ticket) -> bool {
        self.hosts[host].pool.rating.is_none_or(|window| {
            let both = [self.waited(a), self.waited(b)];
            let wait = match window.grows_with {
                GrowsWith::Older => both[0].max(both[1]),
                GrowsWith::Newer => both[0].min(both[1]),
            };
            let most = (window.within + window.widen_per_s * wait + 0.5).min(window.at_most);
            // The deviations come from the players, not from the tickets.
            let deviations = a.players().chain(b.players()).map(|it| self.people[number(it)].deviation);
            let uncertain = deviations.fold(0.0, f64::max) * window.uncertainty;
            let gap = (a.rating() - b.rating()).abs();
            gap <= most + uncertain.min(window.within)
        })
    }

    fn waited(&self, ticket: &Ticket) -> f64 {
        self.time().since(ticket.since).as_secs_f64()
    }

    /// Returns the recent opponents of a player, as the region knows them.
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

    /// True if a player satisfies the wishes of another, computed from their frames.
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

    /// Checks an opened room: it is the only one of its tickets, and its players are in no other room.
    pub fn check_open(&mut self, setup: &Setup) {
        let forming = &self.oracle.forming;
        let (host, tickets) = forming.get(&setup.id).expect("a match that was made");
        let host = *host;
        for ticket in tickets.clone() {
            let before = self.oracle.played.insert(ticket.clone(), setup.id.clone());
            assert_eq!(before, None, "{ticket} has two rooms");
        }
        for who in seats(setup) {
            assert_eq!(self.current_match(who).as_ref(), Some(&setup.id));
            let open = self.rooms.values().filter(|made| made.over.is_none());
            let twice = open.filter(|made| seats(&made.setup).contains(&who)).count();
            assert_eq!(twice, 0, "p_{who} is in two matches");
        }
        let players = seats(setup);
        let pool = self.hosts[host].pool.clone();
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
            assert!(self.oracle.accepted.contains(&yes), "p_{who} did not accept");
        }
        if let Some(secs) = pool.no_rematch_s {
            let until = self.now + u64::from(secs) * 1000;
            let queue = &self.hosts[host].name;
            for (nth, &a) in players.iter().enumerate() {
                for &b in &players[nth + 1..] {
                    let pair = (queue.clone(), a.min(b), a.max(b));
                    self.oracle.no_rematch_until.insert(pair, until);
                }
            }
        }
    }

    /// Checks that a player who is sent to a room has a seat in it. Another lobby may name a match that was
    /// called off after it asked the player object.
    pub fn check_told(&self, host: usize, who: usize, room: &RoomId) {
        let (maker, tickets) = self.oracle.forming.get(room).expect("a match that was made");
        assert!(!tickets.is_empty());
        match self.rooms.get(room) {
            Some(made) => assert!(
                made.setup.seats.iter().any(|seat| seat.player == Some(player(who))),
                "p_{who} has no seat in {room}"
            ),
            None => assert!(
                *maker != host || self.oracle.called_off.contains(room),
                "p_{who} is sent to {room}, which is not there"
            ),
        }
    }
}

/// Returns the number of tickets of a room.
fn tickets_of(world: &World, setup: &Setup) -> usize {
    world.oracle.forming[&setup.id].1.len()
}

/// True if a frame tells a player that their ticket has ended.
fn ends_ticket(frame: &str) -> bool {
    let messages = LobbyMessage::read_frame(frame).expect("a frame of a lobby");
    messages.iter().any(|message| match message {
        LobbyMessage::Reply(reply) => reply.ok.is_some(),
        LobbyMessage::Event(envelope) => matches!(envelope.event, Event::Expired(_) | Event::Matched(_)),
        LobbyMessage::Welcome(_) => false,
    })
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
