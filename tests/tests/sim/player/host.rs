//! The hosts of a player world: rooms and lobbies, reduced to their sockets and pending sockets.

use crate::marks::Mark;
use crate::network::Message;
use crate::world::World;
use shared::connection::{Conn, Identity};
use shared::delivery::pending_sockets::PendingSockets;
use shared::pool::Devices;
use shared::pool::Shard;
use shared::rpc::ForcedClose;
use shared::rpc::object_name::ObjectName;
use shared::time::Time;
use std::collections::BTreeMap;
use tests::kit::identity::{number, player};
use tests::kit::network::Link;

/// A room or a lobby. The first is a room, in which a newer socket of a player replaces the older one.
#[derive(Debug)]
pub struct Host {
    pub name: ObjectName,
    pub takes_over: bool,
    pub devices: Devices,
    pub wires: BTreeMap<Conn, Wire>,
    pub coming: PendingSockets,
    pub last_conn: u32,
    /// The instance in memory; answers to an older instance are lost.
    pub instance: u64,
}

/// An open socket.
#[derive(Debug)]
pub struct Wire {
    pub who: Identity,
    pub link: Link,
}

impl Host {
    pub fn new(nth: usize, devices: Devices) -> Self {
        let name = match nth {
            0 => ObjectName::Room("m_0".parse().expect("an id")),
            _ => ObjectName::Lobby(format!("pool-{nth}").parse().expect("a name"), Shard::Child(0)),
        };
        Self {
            name,
            takes_over: nth == 0,
            devices,
            wires: BTreeMap::new(),
            coming: PendingSockets::default(),
            last_conn: 0,
            instance: 0,
        }
    }

    fn holds(&self, person: usize) -> Vec<Conn> {
        let theirs = |wire: &Wire| wire.who.player == player(person);
        let wires = self.wires.iter().filter(|(_, wire)| theirs(wire));
        wires.map(|(&conn, _)| conn).collect()
    }
}

impl World {
    pub fn host_of(&self, name: &ObjectName) -> usize {
        let mut hosts = self.hosts.iter();
        hosts.position(|host| host.name == *name).expect("a host")
    }

    /// Connects a player: claims the socket at the player object.
    pub fn connect(&mut self, at: usize, who: Identity) {
        let person = number(&who.player);
        let holds = self.hosts[at].holds(person);
        let host = &mut self.hosts[at];
        host.last_conn += 1;
        let conn = Conn(host.last_conn);
        let leaves: Option<&[Conn]> = host.takes_over.then_some(&[]);
        let beside = host.coming.begin(conn, &who, holds, leaves);
        let instance = host.instance;
        self.in_flight.push(Message::Claim {
            at,
            instance,
            conn,
            who,
            beside,
            asked: Time::from_ms(self.now),
        });
    }

    /// Returns the sockets of a player that a host holds. Closes silent ones first.
    pub fn holding(&mut self, at: usize, person: usize) -> Vec<Conn> {
        for conn in self.hosts[at].holds(person) {
            if self.hosts[at].wires[&conn].link.is_silent(self.now) {
                self.marks.insert(Mark::Silent);
                self.disconnect(at, conn);
            }
        }
        let mut conns = self.hosts[at].holds(person);
        conns.extend(self.hosts[at].coming.of(&player(person)));
        conns
    }

    /// Closes the sockets that a forced close names. Returns the remaining ones.
    pub fn force_close(&mut self, at: usize, person: usize, dismissal: &ForcedClose) -> Vec<Conn> {
        let host = &mut self.hosts[at];
        let coming = host.coming.of(&player(person)).len();
        host.coming.force_close(&player(person), dismissal);
        if host.coming.of(&player(person)).len() < coming {
            self.marks.insert(Mark::PendingSocketClosed);
        }
        for conn in self.hosts[at].holds(person) {
            let who = self.hosts[at].wires[&conn].who.clone();
            if dismissal.applies_to(conn, &who) {
                let ends_login =
                    matches!(dismissal, ForcedClose::Revoked { .. } | ForcedClose::SessionEnded { .. });
                assert!(!ends_login || !self.is_good(person, &who), "{who:?} is closed, its login goes on");
                self.disconnect(at, conn);
            }
        }
        let mut conns = self.hosts[at].holds(person);
        conns.extend(self.hosts[at].coming.of(&player(person)));
        conns
    }

    /// Opens an admitted socket, unless a forced close came first.
    pub fn open_admitted(&mut self, at: usize, conn: Conn, who: Identity) {
        let person = number(&who.player);
        if self.hosts[at].coming.end(conn).is_some() {
            return self.release(at, conn, person);
        }
        if self.hosts[at].takes_over {
            for old in self.hosts[at].holds(person) {
                self.disconnect(at, old);
            }
        }
        let wire = Wire { who, link: Link::default() };
        self.hosts[at].wires.insert(conn, wire);
        self.check_device_limit(person);
    }

    /// Removes a socket and reports it to the player object.
    pub fn disconnect(&mut self, at: usize, conn: Conn) {
        if let Some(wire) = self.hosts[at].wires.remove(&conn) {
            self.release(at, conn, number(&wire.who.player));
        }
    }

    pub fn release(&mut self, at: usize, conn: Conn, person: usize) {
        let object = self.hosts[at].name.clone();
        self.in_flight.push(Message::Release { object, conn, person });
    }

    /// Loses the host with all its sockets, without a report.
    pub fn crash_host(&mut self, at: usize) {
        self.marks.insert(Mark::HostCrashed);
        let host = &mut self.hosts[at];
        host.wires.clear();
        host.coming = PendingSockets::default();
        host.instance += 1;
    }
}
