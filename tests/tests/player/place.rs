//! Rooms and lobbies, as much of them as a player's object sees: sockets, and those that are coming.

use crate::marks::Mark;
use crate::network::Flight;
use crate::world::{World, number, player};
use shared::coming::Coming;
use shared::internal::Dismissal;
use shared::player::Devices;
use shared::socket::{Conn, Who};
use shared::time::Time;
use std::collections::BTreeMap;

/// A place. The first takes a player's newer socket in the older one's place, as a room does.
#[derive(Debug)]
pub struct Place {
    pub lease: String,
    pub takes_over: bool,
    pub devices: Devices,
    pub wires: BTreeMap<Conn, Wire>,
    pub coming: Coming,
    pub last_conn: u32,
    /// Answers to a place that is lost are lost.
    pub life: u64,
}

/// An open socket.
#[derive(Debug)]
pub struct Wire {
    pub who: Who,
    /// Since when nothing passes any more.
    pub cut: Option<u64>,
    /// When the platform says that it is gone; one that nobody reports has none.
    pub gone_at: Option<u64>,
}

impl Place {
    pub fn new(nth: usize, devices: Devices) -> Self {
        let kind = if nth == 0 { "room" } else { "lobby" };
        Self {
            lease: format!("{kind}:{nth}"),
            takes_over: nth == 0,
            devices,
            wires: BTreeMap::new(),
            coming: Coming::default(),
            last_conn: 0,
            life: 0,
        }
    }

    fn holds(&self, person: usize) -> Vec<Conn> {
        let theirs = |wire: &Wire| wire.who.player == player(person);
        let wires = self.wires.iter().filter(|(_, wire)| theirs(wire));
        wires.map(|(&conn, _)| conn).collect()
    }
}

impl World {
    pub fn place(&self, lease: &str) -> usize {
        let mut places = self.places.iter();
        places.position(|place| place.lease == lease).expect("a place")
    }

    /// Somebody dials: the object of their own is asked, and the place again when it has answered.
    pub fn dial(&mut self, at: usize, who: Who) {
        let person = number(&who.player);
        let holds = self.places[at].holds(person);
        let place = &mut self.places[at];
        place.last_conn += 1;
        let conn = Conn(place.last_conn);
        let leaves: Option<&[Conn]> = place.takes_over.then_some(&[]);
        let beside = place.coming.begin(conn, &who, holds, leaves);
        let life = place.life;
        self.flights.push(Flight::Claim { at, life, conn, who, beside, asked: Time::from_ms(self.now) });
    }

    /// What a place answers to a player's object: what it holds of theirs. What was silent for too long it closes first.
    pub fn holding(&mut self, at: usize, person: usize) -> Vec<Conn> {
        let silent = |wire: &Wire, now: u64| wire.cut.is_some_and(|since| now - since > 35_000);
        for conn in self.places[at].holds(person) {
            if silent(&self.places[at].wires[&conn], self.now) {
                self.marks.insert(Mark::Silent);
                self.gone(at, conn);
            }
        }
        let mut conns = self.places[at].holds(person);
        conns.extend(self.places[at].coming.of(&player(person)));
        conns
    }

    /// A place closes what it is told to close.
    pub fn dismissed(&mut self, at: usize, person: usize, dismissal: &Dismissal) -> Vec<Conn> {
        let place = &mut self.places[at];
        let coming = place.coming.of(&player(person)).len();
        place.coming.dismiss(&player(person), dismissal);
        if place.coming.of(&player(person)).len() < coming {
            self.marks.insert(Mark::DismissedComing);
        }
        for conn in self.places[at].holds(person) {
            if dismissal.means(conn, &self.places[at].wires[&conn].who) {
                self.gone(at, conn);
            }
        }
        let mut conns = self.places[at].holds(person);
        conns.extend(self.places[at].coming.of(&player(person)));
        conns
    }

    /// The player's object has said yes: the socket opens, unless something came in between.
    pub fn opens(&mut self, at: usize, conn: Conn, who: Who) {
        let person = number(&who.player);
        if self.places[at].coming.end(conn).is_some() {
            return self.release(at, conn, person);
        }
        if self.places[at].takes_over {
            for old in self.places[at].holds(person) {
                self.gone(at, old);
            }
        }
        let wire = Wire { who, cut: None, gone_at: None };
        self.places[at].wires.insert(conn, wire);
        self.check_cap(person);
    }

    /// A socket is gone; its player's object is told, if that arrives.
    pub fn gone(&mut self, at: usize, conn: Conn) {
        if let Some(wire) = self.places[at].wires.remove(&conn) {
            self.release(at, conn, number(&wire.who.player));
        }
    }

    pub fn release(&mut self, at: usize, conn: Conn, person: usize) {
        let object = self.places[at].lease.clone();
        self.flights.push(Flight::Release { object, conn, person });
    }

    /// The place is lost, with all sockets: nobody is told.
    pub fn crash_place(&mut self, at: usize) {
        self.marks.insert(Mark::PlaceCrashed);
        let place = &mut self.places[at];
        place.wires.clear();
        place.coming = Coming::default();
        place.life += 1;
    }
}
