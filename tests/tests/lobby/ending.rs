//! How a world ends: everybody comes back and is served, then all is quiet.

use crate::network::seats;
use crate::rough::Rough;
use crate::world::{START, World};
use serde_json::Value;
use shared::caps;
use shared::id::RoomId;
use shared::pool::Shard;
use shared::time;

/// Rounds in which everybody has surely been served.
const ROUNDS: usize = 400;

impl World {
    /// The world grows calm; everybody comes back, and every ticket comes to an end.
    pub fn comes_to_rest(&mut self) {
        self.rough = Rough::calm(self.people.len());
        for lane in 0..self.lanes.len() {
            for wire in self.lanes[lane].wires.values_mut() {
                if wire.cut {
                    wire.gone_at = Some(self.now);
                }
            }
        }
        self.everybody_hears();
        self.nobody_enters();
        self.all_is_quiet();
    }

    /// All who have a match are told so.
    fn everybody_hears(&mut self) {
        for _ in 0..40 {
            self.round(500);
            for who in 0..self.people.len() {
                for lane in 0..self.lanes.len() {
                    self.come(lane, who);
                }
            }
        }
        let open: Vec<RoomId> = self.open_rooms();
        for room in open {
            for who in seats(&self.rooms[&room].setup) {
                assert!(self.people[who].told.contains(&room), "p_{who} was never told of {room}");
            }
        }
    }

    fn come(&mut self, lane: usize, who: usize) {
        let place = &self.people[who].places[lane];
        if !place.wants {
            return;
        }
        if self.lanes[lane].shard == Shard::Top {
            return;
        }
        if place.wire.is_none() {
            let dialing = place.dialing.map(|(_, life)| life);
            if dialing != Some(self.lanes[lane].life) && self.home(lane, who) == lane {
                self.dial(lane, who);
            }
        } else if place.asked.is_some() {
            self.make_up_their_mind(lane, who);
        } else if place.ticket.is_none() && self.people[who].room.is_none() {
            self.enter(lane, who);
        }
    }

    fn open_rooms(&self) -> Vec<RoomId> {
        let open = self.rooms.iter().filter(|(_, made)| made.over.is_none());
        open.map(|(room, _)| room.clone()).collect()
    }

    /// Everything in flight arrives, and every due alarm rings.
    fn round(&mut self, ms: u64) {
        self.now += ms;
        self.report_gone();
        for lane in 0..self.lanes.len() {
            self.ring(lane);
        }
        while !self.flights.is_empty() {
            self.fly();
        }
    }

    /// Those who wait keep waiting, with their sockets open, until there is nobody.
    fn nobody_enters(&mut self) {
        let most = START + 3 * time::ms(caps::TICKET_AGE) + self.now - START;
        for _ in 0..ROUNDS {
            let next = self.lanes.iter().filter_map(|lane| lane.alarm).min();
            let Some(next) = next else { break };
            let ms = next.ms().saturating_sub(self.now).max(1);
            self.round(ms);
        }
        assert!(self.now < most, "alarms go on and on");
        for lane in &self.lanes {
            let waits: Vec<_> = lane.tickets().collect();
            assert!(waits.is_empty(), "{waits:?} wait for ever");
        }
    }

    /// Rooms end; no lobby has anything to do, and no player is held by anything.
    fn all_is_quiet(&mut self) {
        for room in self.open_rooms() {
            self.finish(&room);
        }
        self.round(1);
        for lane in &self.lanes {
            assert_eq!(lane.alarm, None, "an alarm for nothing");
            let open = |key: &&String| {
                let kinds = ["t/", "m/", "p/", "w/"];
                kinds.iter().any(|kind| key.starts_with(kind))
            };
            let open: Vec<&String> = lane.disk.keys().filter(open).collect();
            assert!(open.is_empty(), "{open:?} come to no end");
        }
        for (who, row) in self.players.iter().enumerate() {
            if row.is_empty() {
                continue;
            }
            let row: Value = serde_json::from_str(row).expect("JSON");
            let live = &row["live"];
            let over = live["until"].as_u64().is_some_and(|until| until <= self.now);
            assert!(live.is_null() || over, "p_{who} is held by {live}");
        }
    }
}
