//! What is between the objects: questions and answers, lost, doubled, late, in any order.

use crate::marks::Mark;
use crate::world::{World, number};
use shared::call::CallId;
use shared::id::PlayerId;
use shared::internal::{Dismissal, PlayerAnswer, PlayerAsk};
use shared::notice::Notice;
use shared::player::{Input, Showing};
use shared::presence::{PeerAsk, Sight};
use shared::record::Circle;
use shared::socket::{Conn, Who};
use shared::time::Time;

/// Something on its way.
#[derive(Debug, Clone)]
pub enum Flight {
    /// What the region says.
    Notice { person: usize, notice: Notice },
    /// A place asks whether a socket may open.
    Claim { at: usize, life: u64, conn: Conn, who: Who, beside: (Vec<Conn>, Vec<Conn>), asked: Time },
    /// The answer.
    Claimed { at: usize, life: u64, conn: Conn, who: Who, granted: bool },
    /// What a place held when it was asked.
    Holds { person: usize, object: String, holding: Vec<Conn>, asked: Time },
    /// A socket is gone.
    Release { person: usize, object: String, conn: Conn },
    /// A place is to close sockets.
    Dismiss { person: usize, life: u64, call: CallId, object: String, dismissal: Dismissal },
    /// It has.
    Dismissed { person: usize, life: u64, call: CallId, holding: Vec<Conn>, asked: Time },
    /// Who may see them?
    Circle { person: usize, life: u64, turn: u64 },
    /// These.
    Circled { person: usize, life: u64, turn: u64, circle: Circle },
    /// How are these?
    Watch { person: usize, life: u64, call: CallId, peers: Vec<PlayerId> },
    /// So.
    Sighted { person: usize, life: u64, call: CallId, answers: Vec<(PlayerId, Sight, bool)> },
    /// This is how they are.
    Show { person: usize, life: u64, call: CallId, as_of: Time, groups: Vec<Showing> },
    /// The same, to one, once more.
    Again { to: usize, ask: PeerAsk },
    /// Who has it.
    Told { person: usize, life: u64, call: CallId, as_of: Time, heard: Vec<PlayerId>, gone: Vec<PlayerId> },
}

impl World {
    /// Something arrives.
    pub fn fly(&mut self) {
        if self.flights.is_empty() {
            return;
        }
        let nth = self.chance.below(self.flights.len());
        let flight = self.flights.swap_remove(nth);
        // A request between two objects is answered, or the one who asked knows that it was not.
        let may_be_lost = !matches!(flight, Flight::Claim { .. } | Flight::Claimed { .. });
        if may_be_lost && self.chance.percent(self.rough.lost) {
            return self.loses(flight);
        }
        if may_be_lost && self.chance.percent(self.rough.doubled) {
            self.marks.insert(Mark::CallDoubled);
            self.flights.push(flight.clone());
        }
        self.arrive(flight);
    }

    fn loses(&mut self, flight: Flight) {
        self.marks.insert(Mark::CallLost);
        match flight {
            Flight::Release { .. } => drop(self.marks.insert(Mark::ReleaseLost)),
            // The shell hears that nobody answered: of many, nobody.
            Flight::Watch { person, life, call, .. } => {
                let answers = Vec::new();
                self.arrive(Flight::Sighted { person, life, call, answers });
            }
            Flight::Show { person, life, call, as_of, .. } => {
                let (heard, gone) = (Vec::new(), Vec::new());
                self.arrive(Flight::Told { person, life, call, as_of, heard, gone });
            }
            // Nobody else is told of these: they come, late.
            Flight::Sighted { .. } | Flight::Told { .. } => self.flights.push(flight),
            _ => {}
        }
    }

    fn lives(&self, person: usize, life: u64) -> bool {
        self.homes[person].life == life
    }

    pub fn arrive(&mut self, flight: Flight) {
        self.trace(|| format!("arrives {flight:?}"));
        match flight {
            Flight::Notice { person, notice } => self.notice(person, &notice),
            Flight::Claim { at, life, conn, who, beside, asked } => {
                self.claim((at, life), conn, who, beside, asked)
            }
            Flight::Claimed { at, life, conn, who, granted } => {
                if self.places[at].life != life {
                    self.release(at, conn, number(&who.player));
                } else if granted {
                    self.opens(at, conn, who);
                } else {
                    self.places[at].coming.end(conn);
                }
            }
            Flight::Holds { person, object, holding, asked } => self.correct(person, object, holding, asked),
            Flight::Release { person, object, conn } => {
                let ask = PlayerAsk::Release { object, conn };
                self.change(person, |player, now| player.ask(now, ask));
            }
            Flight::Dismiss { person, life, call, object, dismissal } => {
                let asked = self.time();
                let at = self.place(&object);
                let holding = self.dismissed(at, person, &dismissal);
                self.flights.push(Flight::Dismissed { person, life, call, holding, asked });
            }
            Flight::Dismissed { person, life, call, holding, asked } => {
                if self.lives(person, life) {
                    self.turn(person, &Input::Dismissed { call, holding, asked });
                }
            }
            other => self.between_peers(other),
        }
    }

    /// What the shell of a player's object does when a place asks: it looks again, and makes room, before it says no.
    fn claim(
        &mut self,
        (at, life): (usize, u64),
        conn: Conn,
        who: Who,
        (holding, replaces): (Vec<Conn>, Vec<Conn>),
        asked: Time,
    ) {
        let person = number(&who.player);
        let ask = PlayerAsk::Claim {
            object: self.places[at].lease.clone(),
            conn,
            holding,
            replaces,
            at: asked,
            ep: who.ep,
            sid: who.sid.clone(),
            devices: self.places[at].devices,
        };
        let mut answer = self.change(person, |player, now| player.ask(now, ask.clone()));
        if let Some(PlayerAnswer::Full { at, .. }) = &answer {
            self.marks.insert(Mark::Full);
            for object in at.clone() {
                self.look_again(person, object);
            }
            answer = self.change(person, |player, now| player.ask(now, ask.clone()));
        }
        if let Some(PlayerAnswer::Full { out, .. }) = &answer
            && !out.is_empty()
        {
            for one in out.clone() {
                self.marks.insert(match one.dismissal {
                    Dismissal::TakenOver { .. } => Mark::TookOver,
                    _ => Mark::Kicked,
                });
                let asked = self.time();
                let place = self.place(&one.object);
                let left = self.dismissed(place, person, &one.dismissal);
                self.correct(person, one.object, left, asked);
            }
            answer = self.change(person, |player, now| player.ask(now, ask.clone()));
        }
        if matches!(answer, Some(PlayerAnswer::Barred { .. })) {
            self.marks.insert(Mark::Barred);
        }
        let granted = matches!(answer, Some(PlayerAnswer::Granted { .. }));
        self.flights.push(Flight::Claimed { at, life, conn, who, granted });
    }

    pub fn look_again(&mut self, person: usize, object: String) {
        let asked = self.time();
        let at = self.place(&object);
        let holding = self.holding(at, person);
        if self.chance.percent(self.rough.doubled) {
            self.flights.push(Flight::Holds {
                person,
                object: object.clone(),
                holding: holding.clone(),
                asked,
            });
        }
        self.correct(person, object, holding, asked);
    }

    fn correct(&mut self, person: usize, object: String, holding: Vec<Conn>, asked: Time) {
        let ask = PlayerAsk::Correct { object, holding, asked };
        self.change(person, |player, now| player.ask(now, ask));
    }

    fn notice(&mut self, person: usize, notice: &Notice) {
        let known = self.people[person].notices.first();
        if known.is_none_or(|first| first.at > notice.at) {
            self.marks.insert(Mark::NoticeTwice);
        } else if known != Some(notice) {
            self.marks.insert(Mark::NoticeLate);
        }
        if self.turn(person, &Input::Noticed { notice }) {
            self.heard_notice(person, notice);
            self.people[person].notices.retain(|one| one != notice);
        }
    }

    /// What is not confirmed is said again.
    pub fn region_repeats(&mut self) {
        for person in 0..self.people.len() {
            for notice in self.people[person].notices.clone() {
                self.flights.push(Flight::Notice { person, notice });
            }
        }
    }
}
