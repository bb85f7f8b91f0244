//! What one player's object says to another's, and what the region says of who may see whom.

use crate::marks::Mark;
use crate::network::Flight;
use crate::world::{World, number, player};
use shared::player::Input;
use shared::presence::{Need, PeerAnswer, PeerAsk};

impl World {
    #[allow(clippy::too_many_lines, reason = "one arm a flight")]
    pub fn between_peers(&mut self, flight: Flight) {
        match flight {
            Flight::Circle { person, life, turn } => {
                let circle = self.circle(person);
                self.flights.push(Flight::Circled { person, life, turn, circle });
            }
            Flight::Circled { person, life, turn, circle } => {
                if self.homes[person].life != life {
                    return;
                }
                self.wake(person);
                let known = self.homes[person].player.as_ref().expect("awake");
                if known.circle_turn() != turn {
                    self.marks.insert(Mark::OldAnswer);
                }
                let circle = &circle;
                self.turn(person, &Input::Circled { turn, circle });
            }
            Flight::Watch { person, life, call, peers } => {
                let by = player(person);
                let mut answers = Vec::new();
                for peer in peers {
                    if self.chance.percent(self.rough.lost) {
                        continue;
                    }
                    let ask = PeerAsk::Watch { by: by.clone() };
                    if let Some(PeerAnswer::Sight { sight, kept }) = self.peer(number(&peer), &ask) {
                        answers.push((peer, sight, kept));
                    }
                }
                self.flights.push(Flight::Sighted { person, life, call, answers });
            }
            Flight::Sighted { person, life, call, answers } => {
                if self.homes[person].life == life {
                    self.turn(person, &Input::Sighted { call, answers });
                }
            }
            Flight::Show { person, life, call, as_of, groups } => {
                let (mut heard, mut gone) = (Vec::new(), Vec::new());
                for group in groups {
                    for by in group.to {
                        let ask = PeerAsk::Show { of: player(person), sight: group.sight, last: group.last };
                        if self.chance.percent(self.rough.doubled) {
                            let to = number(&by);
                            self.flights.push(Flight::Again { to, ask: ask.clone() });
                        }
                        if self.chance.percent(self.rough.lost) {
                            continue;
                        }
                        match self.peer(number(&by), &ask) {
                            Some(PeerAnswer::Gone) => {
                                self.marks.insert(Mark::Gone);
                                gone.push(by);
                            }
                            Some(_) => heard.push(by),
                            None => {}
                        }
                    }
                }
                self.flights.push(Flight::Told { person, life, call, as_of, heard, gone });
            }
            Flight::Again { to, ask } => drop(self.peer(to, &ask)),
            Flight::Told { person, life, call, as_of, heard, gone } => {
                if self.homes[person].life == life {
                    self.turn(person, &Input::Told { call, as_of, heard, gone });
                }
            }
            other => panic!("{other:?} is not between peers"),
        }
    }

    /// What the shell does when another player's object asks: it finds out what is missing, then answers.
    pub fn peer(&mut self, person: usize, ask: &PeerAsk) -> Option<PeerAnswer> {
        self.hush(person);
        for _ in 0..4 {
            let ask = ask.clone();
            match self.change(person, |player, now| player.peer(now, ask))? {
                Ok(answer) => return Some(answer),
                Err(Need::Circle) => {
                    self.wake(person);
                    let known = self.homes[person].player.as_ref().expect("awake");
                    let turn = known.circle_turn();
                    let circle = self.circle(person);
                    let circle = &circle;
                    self.turn(person, &Input::Circled { turn, circle });
                }
                Err(Need::Look(objects)) => {
                    let asked = self.time();
                    for object in objects {
                        self.look_again(person, object);
                    }
                    self.change(person, |player, _| (player.looked(asked), Vec::new()))?;
                }
            }
        }
        None
    }

    /// Somebody asks how another is, over HTTP.
    pub fn look_at(&mut self, of: usize, by: usize) {
        let ask = PeerAsk::Look { by: player(by) };
        if let Some(PeerAnswer::Sight { sight, .. }) = self.peer(of, &ask) {
            self.check_sight(of, by, sight);
        }
    }
}
