//! The sockets between players and lobbies: connecting, opened, cut, and reported gone.

use crate::marks::Mark;
use crate::network::Message;
use crate::world::World;
use serde_json::Value;
use shared::connection::Conn;
use shared::connection::ConnectionInput;
use shared::id::RoomId;
use shared::lobby::Input;
use shared::pool::Devices;
use shared::rpc::ObjectName;
use shared::rpc::{PlayerRequest, PlayerResponse};
use shared::time::Time;
use tests::kit::identity::{identity, player, session};
use tests::kit::network::Link;

impl World {
    /// Connects a player: asks the player object, then opens the socket at the lobby.
    pub fn connect(&mut self, host: usize, who: usize) {
        self.wake(host);
        let at = &mut self.hosts[host];
        let lobby = at.lobby.as_ref().expect("awake");
        let conn = Conn(lobby.next_conn().0.max(at.last_conn + 1));
        at.last_conn = conn.0;
        let instance = at.instance;
        let claim = PlayerRequest::Claim {
            object: at.object_name(),
            conn,
            holding: lobby.connections_of(&player(who)),
            replaces: Vec::new(),
            at: Time::from_ms(self.now),
            ep: 0,
            sid: session(),
            devices: Devices::default(),
        };
        let mut answer = self.ask_player(who, &claim);
        if let PlayerResponse::Full { objects: at, .. } = &answer {
            for object in at.clone() {
                self.correct(who, object);
            }
            answer = self.ask_player(who, &claim);
        }
        match answer.clone() {
            PlayerResponse::Granted { current_match: live } => {
                self.people[who].queues[host].connecting = Some((conn, instance));
                self.in_flight.push(Message::Opening { host, instance, conn, who, live });
            }
            PlayerResponse::Full { .. } => drop(self.marks.insert(Mark::TooManyDevices)),
            PlayerResponse::Busy { .. }
            | PlayerResponse::Denied { .. }
            | PlayerResponse::HomeShard { .. } => {
                panic!("{answer:?} is no answer to a claim")
            }
        }
    }

    /// Tells a player object which sockets a lobby still holds.
    fn correct(&mut self, who: usize, object: ObjectName) {
        let host = self.hosts.iter().position(|host| host.object_name() == object);
        let Some(host) = host else { return };
        self.wake(host);
        let lobby = self.hosts[host].lobby.as_ref().expect("awake");
        let holding = lobby.connections_of(&player(who));
        let asked = self.time();
        self.ask_player(who, &PlayerRequest::Correct { object, holding, asked });
    }

    pub fn opened(&mut self, host: usize, conn: Conn, who: usize, live: Option<RoomId>) {
        // The shell loads its machine before it accepts a socket.
        self.wake(host);
        let wire = crate::lobby_host::Wire { who, link: Link::default() };
        self.hosts[host].wires.insert(conn, wire);
        let state = &mut self.people[who].queues[host];
        state.wire = Some(conn);
        state.connecting = None;
        let identity = identity(who, u64::MAX);
        self.turn(host, &Input::Opened { conn, identity, current_match: live, address: 0, trace: None });
    }

    /// Verifies the token of an `auth` command: usually valid.
    pub fn verify(&mut self, host: usize, conn: Conn, id: Option<Value>) {
        let Some(who) = self.hosts[host].wires.get(&conn).map(|wire| wire.who) else {
            return;
        };
        let valid = self.chance.percent(75);
        let verdict = if valid { Ok(identity(who, u64::MAX)) } else { Err("an invalid token".to_owned()) };
        let instance = self.hosts[host].instance;
        self.in_flight.push(Message::Verified { host, instance, conn, id, verdict });
    }

    pub fn release(&mut self, host: usize, conn: Conn, who: usize) {
        let object = self.hosts[host].object_name();
        self.ask_player(who, &PlayerRequest::Release { object, conn });
    }

    /// Cuts a connection. The platform reports it later, or never.
    pub fn cut(&mut self, host: usize, who: usize) {
        let Some(conn) = self.people[who].queues[host].wire.take() else {
            return;
        };
        let wire = self.hosts[host].wires.get_mut(&conn).expect("open");
        wire.link.cut(self.now, self.weather.unreported, &mut self.chance);
        self.trace(|| format!("{host} cut {conn:?} of p_{who}"));
    }

    pub fn report_gone(&mut self) {
        for host in 0..self.hosts.len() {
            let now = self.now;
            let wires = self.hosts[host].wires.iter();
            let gone: Vec<(Conn, usize)> = wires
                .filter(|(_, wire)| wire.link.is_gone(now))
                .map(|(&conn, wire)| (conn, wire.who))
                .collect();
            for (conn, who) in gone {
                self.marks.insert(Mark::ClosedLate);
                self.hosts[host].wires.remove(&conn);
                self.turn(host, &ConnectionInput::Closed { conn }.into());
                self.release(host, conn, who);
            }
        }
    }
}
