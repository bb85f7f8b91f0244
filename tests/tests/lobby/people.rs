//! People: what they want, what they do, and what they were told.

use crate::chance::Chance;
use crate::marks::Mark;
use crate::rough::Rough;
use crate::world::World;
use serde_json::{Value, json};
use shared::id::RoomId;
use shared::lobby::Input;
use shared::socket::Conn;
use std::collections::BTreeSet;

/// Somebody.
#[derive(Debug)]
pub struct Person {
    pub rating: f64,
    pub banned: bool,
    pub body: Value,
    pub places: [Place; 2],
    /// The room that they went to.
    pub room: Option<RoomId>,
    pub told: BTreeSet<RoomId>,
}

/// What somebody knows of one queue.
#[derive(Debug, Default)]
pub struct Place {
    pub wants: bool,
    pub wire: Option<Conn>,
    /// A socket that is not open yet, and which life of the lobby it was for.
    pub dialing: Option<(Conn, u64)>,
    /// The ticket and its time, as told last.
    pub ticket: Option<(String, u64)>,
    pub entered: u64,
    /// The match that they are asked about.
    pub asked: Option<String>,
}

impl Person {
    pub fn draw(chance: &mut Chance, rough: &Rough) -> Self {
        let wants = chance.pick(&[
            "[]",
            "[]",
            r#"[{"attr":"lang","is":"en"}]"#,
            r#"[{"attr":"lang","is":"en","relax":{"after_s":5}}]"#,
            r#"[{"attr":"age","within":5,"relax":{"after_s":10,"to":20}}]"#,
            r#"[{"attr":"lang","any_of":["en","de"],"relax":{"after_s":20}}]"#,
            r#"[{"attr":"age","between":[20,32]},{"attr":"likes","shares":true,"relax":{"after_s":3}}]"#,
        ]);
        let likes = chance.pick(&[&["chess", "tango"][..], &["chess"], &["golf"]]);
        let both = chance.below(3);
        let place = |wants| Place {
            wants,
            ..Place::default()
        };
        Self {
            #[allow(clippy::cast_precision_loss)]
            rating: 1400.0 + chance.between(0, 400) as f64,
            banned: chance.percent(rough.banned),
            body: json!({
                "attrs": { "lang": chance.pick(&["en", "fr"]), "age": 20 + chance.below(20), "likes": likes },
                "wants": serde_json::from_str::<Value>(wants).expect("wants"),
            }),
            places: [place(both != 1), place(both != 2)],
            room: None,
            told: BTreeSet::new(),
        }
    }
}

impl World {
    /// Somebody does something.
    pub fn act(&mut self, who: usize) {
        let lane = self.chance.below(self.lanes.len());
        let busy = self.people[who].room.is_some() && !self.rough.stays;
        let place = &self.people[who].places[lane];
        if !place.wants || busy {
            return self.cut(lane, who);
        }
        if place.wire.is_none() {
            let dialing = place.dialing.map(|(_, life)| life);
            if dialing != Some(self.lanes[lane].life) {
                self.dial(lane, who);
            }
            return;
        }
        if place.ticket.is_none() {
            return self.enter(lane, who);
        }
        if place.asked.is_some() {
            self.make_up_their_mind(lane, who);
        }
        let other = &self.people[who].places[1 - lane];
        if other.ticket.is_some() {
            self.marks.insert(Mark::TwoPools);
        }
        match self.chance.below(40) {
            0..4 => self.enter(lane, who),
            4..8 => self.say(lane, who, &json!({ "id": "why", "op": "why" })),
            8 => self.say(lane, who, &json!({ "id": "leave", "op": "leave" })),
            _ => {}
        }
    }

    pub fn make_up_their_mind(&mut self, lane: usize, who: usize) {
        let Some(room) = self.people[who].places[lane].asked.take() else {
            return;
        };
        if self.chance.percent(self.rough.ignored) {
            self.marks.insert(Mark::Silence);
            return;
        }
        let op = if self.chance.percent(self.rough.declined) {
            "decline"
        } else {
            let room = room.parse().expect("a room");
            self.truth.accepted.insert((room, who));
            "accept"
        };
        self.say(lane, who, &json!({ "id": op, "op": op }));
    }

    pub fn enter(&mut self, lane: usize, who: usize) {
        let person = &mut self.people[who];
        let place = &mut person.places[lane];
        place.entered += 1;
        let frame = json!({ "id": "enter", "op": "enter", "key": "k", "body": person.body });
        self.say(lane, who, &frame);
    }

    pub fn say(&mut self, lane: usize, who: usize, frame: &Value) {
        let Some(conn) = self.people[who].places[lane].wire else {
            return;
        };
        let text = frame.to_string();
        self.turn(lane, &Input::Said { conn, text: &text });
    }

    /// A message arrives.
    pub fn hear(&mut self, lane: usize, conn: Conn, text: &str) {
        let Some(wire) = self.lanes[lane].wires.get(&conn) else {
            return;
        };
        if wire.cut {
            return;
        }
        let who = wire.who;
        let message: Value = serde_json::from_str(text).expect("JSON");
        let body = &message["body"];
        let ticket = || {
            let id = body["ticket"].as_str().expect("a ticket").to_owned();
            (id, body["since"].as_u64().unwrap_or_default())
        };
        match message["ev"].as_str() {
            Some("welcome") => {
                if message["recovered"] == true {
                    self.marks.insert(Mark::Resumed);
                } else {
                    self.people[who].places[lane].ticket = None;
                }
            }
            Some("queued") => {
                self.marks.insert(Mark::Queued);
                self.has_place(lane, who, ticket());
            }
            Some("returned") => {
                self.marks.insert(Mark::Returned);
                self.people[who].places[lane].asked = None;
                self.has_place(lane, who, ticket());
            }
            Some("proposed") => self.is_asked(lane, who, body),
            Some("expired") => {
                if let Some(after) = body["after_ms"].as_u64() {
                    let grew = after > shared::time::ms(shared::caps::COOLDOWN);
                    self.marks.extend(grew.then_some(Mark::CooldownGrew));
                }
                self.marks.insert(match body["reason"].as_str() {
                    Some("in_match") => Mark::InMatch,
                    _ => Mark::Expired,
                });
                self.people[who].places[lane].ticket = None;
            }
            Some("matched") => {
                self.marks.insert(Mark::Matched);
                if body["with"].as_array().is_some_and(Vec::is_empty) {
                    self.marks.insert(Mark::ToldAtOpening);
                }
                let room = body["room"].as_str().expect("a room");
                self.goes(lane, who, room);
            }
            Some("lobby") => {}
            Some(other) => panic!("{other} is nothing that a lobby says"),
            None => self.answered(lane, who, &message),
        }
    }

    fn answered(&mut self, lane: usize, who: usize, message: &Value) {
        let (id, err) = (message["id"].as_str(), &message["err"]);
        match (id, err["code"].as_str()) {
            (Some("enter"), None) => {
                let ok = &message["ok"];
                let id = ok["ticket"].as_str().expect("a ticket").to_owned();
                self.has_place(lane, who, (id, ok["since"].as_u64().expect("a time")));
            }
            (Some("accept"), None) => drop(self.marks.insert(Mark::Accepted)),
            (Some("decline"), None) => drop(self.marks.insert(Mark::Declined)),
            (Some("enter"), Some("cooldown")) => {
                assert!(err["after_ms"].as_u64().is_some_and(|after| after > 0));
                self.marks.insert(Mark::CooledDown);
            }
            (Some("why"), None) => drop(self.marks.insert(Mark::Why)),
            (Some("leave"), None) => {
                self.marks.insert(Mark::Left);
                self.people[who].places[lane].ticket = None;
            }
            (Some(_), Some("no_ticket")) => self.people[who].places[lane].ticket = None,
            (Some("enter"), Some("in_match")) => {
                let room = err["room"].as_str().expect("a room");
                self.goes(lane, who, room);
            }
            (Some("enter"), Some("banned")) => {
                assert!(self.people[who].banned, "p_{who} is not banned");
                self.marks.insert(Mark::Banned);
            }
            (Some("enter"), Some("unavailable")) => drop(self.marks.insert(Mark::NoAnswer)),
            (Some("leave"), Some("in_match"))
            | (Some("accept" | "decline"), Some("not_found"))
            | (Some(_), Some("too_fast")) => {}
            _ => panic!("{message} is no answer to anything"),
        }
    }

    /// A ticket keeps its time from the first word of it to the last.
    fn has_place(&mut self, lane: usize, who: usize, ticket: (String, u64)) {
        assert!(!self.people[who].banned, "p_{who} is banned and waits");
        self.check_since(&ticket);
        self.people[who].places[lane].ticket = Some(ticket);
    }

    fn is_asked(&mut self, lane: usize, who: usize, body: &Value) {
        let until = body["until"].as_u64().expect("a time");
        let most = u64::from(self.lanes[lane].pool.propose_s.expect("a pool that asks")) * 1000;
        assert!(until <= self.now + most);
        let room = body["match"].as_str().expect("a match").to_owned();
        if !self.truth.asked.insert((room.clone(), who)) {
            self.marks.insert(Mark::ProposedAgain);
        }
        let accepted = body["accepted"] == true;
        self.people[who].places[lane].asked = Some(room).filter(|_| !accepted);
    }

    /// Somebody is told of a room.
    fn goes(&mut self, lane: usize, who: usize, room: &str) {
        let room: RoomId = room.parse().expect("a room");
        self.check_told(lane, who, &room);
        let person = &mut self.people[who];
        person.places[lane].ticket = None;
        if self.rooms.get(&room).is_some_and(|made| !made.over) {
            person.room = Some(room.clone());
        }
        person.told.insert(room);
    }
}
