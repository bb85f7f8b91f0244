//! What must hold at every step, from what an onlooker sees who knows all.

use crate::marks::Mark;
use crate::network::seats;
use crate::world::{World, number, player};
use serde_json::Value;
use shared::id::{RoomId, TicketId};
use shared::internal::PlayerAsk;
use shared::lobby::ticket::{State, Ticket};
use shared::lobby::{Call, Effect};
use shared::room::Setup;
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
    apart: BTreeMap<(usize, usize, usize), u64>,
}

impl World {
    fn ticket(&self, lane: usize, id: &TicketId) -> Option<Ticket> {
        let row = self.lanes[lane].tickets.get(id)?;
        Some(serde_json::from_str(row).expect("a ticket can be read back"))
    }

    /// A row of a ticket is written. One ticket a person and queue, and its time never moves.
    pub fn check_ticket(&mut self, lane: usize, id: &TicketId, row: Option<&str>) {
        let Some(row) = row else { return };
        let ticket: Ticket = serde_json::from_str(row).expect("a ticket can be read back");
        let rows = self.lanes[lane].tickets.values();
        for row in rows {
            let other: Ticket = serde_json::from_str(row).expect("a ticket can be read back");
            assert!(
                other.id == *id || other.player != ticket.player,
                "two tickets of {}",
                ticket.player
            );
        }
        self.check_since(&(id.to_string(), ticket.since.ms()));
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
        let gone = save.tickets.iter().filter(|(_, row)| row.is_none());
        let gone: Vec<Ticket> = gone.filter_map(|(id, _)| self.ticket(lane, id)).collect();
        for ticket in gone {
            let who = number(&ticket.player);
            let told = effects.iter().any(|effect| match effect {
                Effect::Send { conn, text } => {
                    let wire = self.lanes[lane].wires.get(conn);
                    wire.is_some_and(|wire| wire.who == who)
                        && ["expired", "matched", "\"ok\""]
                            .iter()
                            .any(|word| text.contains(word))
                }
                _ => false,
            });
            let pause = Duration::from_secs(self.lanes[lane].pool.pause_s.into());
            let away = match ticket.state {
                State::Paused(since) => since + pause <= self.time(),
                _ => false,
            };
            // They were asked while they were away, and the time to answer is over.
            let silent =
                matches!(ticket.state, State::Held(_)) && self.lanes[lane].pool.propose_s.is_some();
            let played = self
                .rooms
                .values()
                .any(|made| seats(&made.setup).contains(&who));
            assert!(
                told || away || silent || played || self.live(who).is_some(),
                "{ticket:?} is lost"
            );
        }
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
        let ids = self.lanes[lane].tickets.keys();
        let held: Vec<Ticket> = ids
            .filter_map(|id| self.ticket(lane, id))
            .filter(|ticket| ticket.state == State::Held(room.clone()))
            .collect();
        let [a, b] = held.as_slice() else {
            panic!("{room} is made of {held:?}");
        };
        assert_ne!(a.player, b.player);
        assert!(
            self.fits(lane, a, b) && self.fits(lane, b, a),
            "{a:?} and {b:?}"
        );
        let (one, other) = (number(&a.player), number(&b.player));
        for pair in [(lane, one, other), (lane, other, one)] {
            let until = self.truth.apart.get(&pair).copied().unwrap_or_default();
            assert!(until <= self.now, "{a:?} and {b:?} met before");
            if until > 0 {
                self.marks.insert(Mark::Apart);
            }
        }
        let ids = held.iter().map(|ticket| ticket.id.clone()).collect();
        self.truth.making.insert(room.clone(), (lane, ids));
    }

    /// What a person asked for, read anew from what they said.
    fn fits(&self, lane: usize, mine: &Ticket, theirs: &Ticket) -> bool {
        let waited = |ticket: &Ticket| self.time().since(ticket.since).as_secs_f64();
        let near = self.lanes[lane].pool.rating.is_none_or(|window| {
            let both = waited(mine).min(waited(theirs));
            let most = (window.within + window.widen_per_s * both + 0.5).min(window.at_most);
            (mine.rating - theirs.rating).abs() <= most
        });
        let attrs = &self.people[number(&theirs.player)].body["attrs"];
        let me = &self.people[number(&mine.player)].body;
        let wants = me["wants"].as_array().expect("wants");
        near && wants.iter().all(|want| {
            let name = want["attr"].as_str().expect("a name");
            let relax = &want["relax"];
            let relaxed = relax["after_s"]
                .as_f64()
                .is_some_and(|after| waited(mine) >= after);
            if relaxed && relax["to"].is_null() {
                return true;
            }
            let within = if relaxed {
                &relax["to"]
            } else {
                &want["within"]
            };
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
            let open = self.rooms.values().filter(|made| !made.over);
            let twice = open
                .filter(|made| seats(&made.setup).contains(&who))
                .count();
            assert_eq!(twice, 0, "p_{who} is in two matches");
        }
        let players = seats(setup);
        assert_eq!(players.len(), 2);
        let pool = self.lanes[lane].pool;
        for &who in players.iter().filter(|_| pool.propose_s.is_some()) {
            let yes = (setup.id.clone(), who);
            assert!(self.truth.accepted.contains(&yes), "p_{who} never said yes");
        }
        if let Some(secs) = pool.no_rematch_s {
            let until = self.now + u64::from(secs) * 1000;
            let pair = (lane, players[0], players[1]);
            self.truth.apart.insert(pair, until);
        }
    }

    /// Who is told of a room by the lobby that made it finds it there; but for who asked their own object between
    /// its yes and another's no, and is told when that is past.
    pub fn check_told(&self, lane: usize, who: usize, room: &RoomId) {
        let (maker, tickets) = self.truth.making.get(room).expect("a match that was made");
        assert_eq!(tickets.len(), 2);
        match self.rooms.get(room) {
            Some(made) => assert!(
                made.setup
                    .seats
                    .iter()
                    .any(|seat| seat.player == Some(player(who))),
                "p_{who} has no seat in {room}"
            ),
            None => assert!(
                *maker != lane || self.truth.called_off.contains(room),
                "p_{who} is sent to {room}, which is not there"
            ),
        }
    }
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
    let between =
        between.is_null() || (between[0].as_f64()..=between[1].as_f64()).contains(&theirs.as_f64());
    is && near && some && shares && between
}
