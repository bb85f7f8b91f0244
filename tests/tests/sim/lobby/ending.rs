//! The end of a world: all players reconnect and are served, then no work remains.

use crate::network::seats;
use crate::weather::Weather;
use crate::world::World;
use serde_json::Value;
use shared::id::RoomId;
use shared::limits;
use shared::pool::Shard;
use shared::time;
use tests::kit::clock::START;

/// Rounds in which every player has been served.
const ROUNDS: usize = 400;

impl World {
    /// Stops all faults, reconnects all players, and runs until every ticket has ended.
    pub fn settle(&mut self) {
        self.weather = Weather::calm(self.people.len());
        for host in 0..self.hosts.len() {
            for wire in self.hosts[host].wires.values_mut() {
                wire.link.report_cut(self.now);
            }
        }
        self.check_all_notified();
        self.drain();
        self.check_quiet();
    }

    /// Checks that every player of an open room was told of it.
    fn check_all_notified(&mut self) {
        for _ in 0..40 {
            self.round(500);
            for who in 0..self.people.len() {
                for host in 0..self.hosts.len() {
                    self.reconnect(host, who);
                }
            }
        }
        let open: Vec<RoomId> = self.open_rooms();
        for room in open {
            for who in seats(&self.rooms[&room].setup) {
                let told = self.people[who].told.contains(&room);
                let by_service = self.oracle.known_to_service.contains(&(room.clone(), who));
                assert!(told || by_service, "p_{who} was never told of {room}");
            }
        }
    }

    fn reconnect(&mut self, host: usize, who: usize) {
        let state = &self.people[who].queues[host];
        if !state.wants {
            return;
        }
        if self.hosts[host].shard == Shard::Parent {
            return;
        }
        if state.wire.is_none() {
            let connecting = state.connecting.map(|(_, instance)| instance);
            if connecting != Some(self.hosts[host].instance) && self.shard_of(host, who) == host {
                self.connect(host, who);
            }
        } else if state.proposed.is_some() {
            self.answer_proposal(host, who);
        } else if state.ticket.is_none() && self.people[who].room.is_none() {
            self.enter(host, who);
        }
    }

    fn open_rooms(&self) -> Vec<RoomId> {
        let open = self.rooms.iter().filter(|(_, made)| made.over.is_none());
        open.map(|(room, _)| room.clone()).collect()
    }

    /// Advances the time, rings due alarms, and delivers everything in flight.
    fn round(&mut self, ms: u64) {
        self.now += ms;
        self.report_gone();
        for host in 0..self.hosts.len() {
            self.ring(host);
        }
        while !self.in_flight.is_empty() {
            self.deliver();
        }
    }

    /// Advances from alarm to alarm until every ticket has expired, with the sockets open.
    fn drain(&mut self) {
        let most = START + 3 * time::ms(limits::TICKET_AGE_MAX) + self.now - START;
        for _ in 0..ROUNDS {
            let next = self.hosts.iter().filter_map(|host| host.alarm.at()).min();
            let Some(next) = next else { break };
            let ms = next.ms().saturating_sub(self.now).max(1);
            self.round(ms);
        }
        assert!(self.now < most, "alarms never end");
        for host in &self.hosts {
            let waits: Vec<_> = host.tickets().collect();
            assert!(waits.is_empty(), "{waits:?} never expire");
        }
    }

    /// Ends the rooms. Checks that no lobby has work or an alarm, and that no player is held by a match.
    fn check_quiet(&mut self) {
        for room in self.open_rooms() {
            self.finish(&room);
        }
        self.round(1);
        self.check_figures();
        for host in &self.hosts {
            assert_eq!(host.alarm.at(), None, "an alarm without work");
            let open = |key: &&String| {
                let kinds = ["t/", "m/", "p/", "w/", "a/"];
                kinds.iter().any(|kind| key.starts_with(kind))
            };
            let open: Vec<&String> = host.disk.keys().filter(open).collect();
            assert!(open.is_empty(), "{open:?} never end");
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
