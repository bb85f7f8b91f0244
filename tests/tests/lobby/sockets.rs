//! The sockets between people and lobbies: dialled, opened, cut, and reported gone.

use crate::marks::Mark;
use crate::network::Flight;
use crate::world::{World, player};
use shared::id::RoomId;
use shared::internal::{PlayerAnswer, PlayerAsk};
use shared::lobby::Input;
use shared::player::Devices;
use shared::socket::{Conn, Who};
use shared::time::Time;

impl World {
    /// Somebody dials: their own object is asked, then the lobby again.
    pub fn dial(&mut self, lane: usize, who: usize) {
        self.wake(lane);
        let at = &mut self.lanes[lane];
        let lobby = at.lobby.as_ref().expect("awake");
        let conn = Conn(lobby.next_conn().0.max(at.last_conn + 1));
        at.last_conn = conn.0;
        let life = at.life;
        let claim = PlayerAsk::Claim {
            object: at.lease(),
            conn,
            holding: lobby.holds(&player(who)),
            replaces: Vec::new(),
            at: Time::from_ms(self.now),
            ep: 0,
            sid: "s_1".parse().expect("an id"),
            devices: Devices::default(),
        };
        let mut answer = self.ask(who, &claim);
        if let PlayerAnswer::Full { at, .. } = &answer {
            for object in at.clone() {
                self.correct(who, object);
            }
            answer = self.ask(who, &claim);
        }
        match answer.clone() {
            PlayerAnswer::Granted { live } => {
                self.people[who].places[lane].dialing = Some((conn, life));
                self.flights.push(Flight::Opening { lane, life, conn, who, live });
            }
            PlayerAnswer::Full { .. } => drop(self.marks.insert(Mark::TooManyDevices)),
            PlayerAnswer::Busy { .. } | PlayerAnswer::Barred { .. } | PlayerAnswer::Home { .. } => {
                panic!("{answer:?} is no answer to a connection")
            }
        }
    }

    /// An object says which sockets it still holds.
    fn correct(&mut self, who: usize, object: String) {
        let lane = self.lanes.iter().position(|lane| lane.lease() == object);
        let Some(lane) = lane else { return };
        self.wake(lane);
        let lobby = self.lanes[lane].lobby.as_ref().expect("awake");
        let holding = lobby.holds(&player(who));
        let asked = self.time();
        self.ask(who, &PlayerAsk::Correct { object, holding, asked });
    }

    pub fn opened(&mut self, lane: usize, conn: Conn, who: usize, live: Option<RoomId>) {
        // The shell has its machine before it accepts a socket.
        self.wake(lane);
        let wire = crate::lane::Wire { who, attachment: None, cut: false, gone_at: None };
        self.lanes[lane].wires.insert(conn, wire);
        let place = &mut self.people[who].places[lane];
        place.wire = Some(conn);
        place.dialing = None;
        let identity = Who {
            player: player(who),
            sid: "s_1".parse().expect("an id"),
            ep: 0,
            exp: Time::from_ms(u64::MAX),
        };
        self.turn(lane, &Input::Opened { conn, who: identity, live });
    }

    pub fn release(&mut self, lane: usize, conn: Conn, who: usize) {
        let object = self.lanes[lane].lease();
        self.ask(who, &PlayerAsk::Release { object, conn });
    }

    /// A connection is lost; the platform says so later, or never.
    pub fn cut(&mut self, lane: usize, who: usize) {
        let Some(conn) = self.people[who].places[lane].wire.take() else {
            return;
        };
        let later = self.now + self.chance.between(0, 4000);
        let reported = !self.chance.percent(self.rough.unreported);
        let wire = self.lanes[lane].wires.get_mut(&conn).expect("open");
        wire.cut = true;
        wire.gone_at = reported.then_some(later);
        self.trace(|| format!("{lane} cut {conn:?} of p_{who}"));
    }

    pub fn report_gone(&mut self) {
        for lane in 0..self.lanes.len() {
            let now = self.now;
            let gone = |at: Option<u64>| at.is_some_and(|at| at <= now);
            let wires = self.lanes[lane].wires.iter();
            let gone: Vec<(Conn, usize)> =
                wires.filter(|(_, wire)| gone(wire.gone_at)).map(|(&conn, wire)| (conn, wire.who)).collect();
            for (conn, who) in gone {
                self.marks.insert(Mark::ClosedLate);
                self.lanes[lane].wires.remove(&conn);
                self.turn(lane, &Input::Closed { conn });
                self.release(lane, conn, who);
            }
        }
    }
}
