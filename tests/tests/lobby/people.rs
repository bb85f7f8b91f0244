//! People: what they want, what they do, and what they were told.

use crate::chance::Chance;
use crate::lane::Lane;
use crate::marks::Mark;
use crate::rough::Rough;
use crate::world::World;
use serde_json::{Value, json};
use shared::id::RoomId;
use shared::lobby::Input;
use shared::pool::Shard;
use shared::socket::Conn;
use std::collections::BTreeSet;

/// Somebody.
#[derive(Debug)]
pub struct Person {
    pub rating: f64,
    pub banned: bool,
    pub body: Value,
    /// In each lane.
    pub places: Vec<Place>,
    /// Whom they block, or who blocks them.
    pub apart: BTreeSet<usize>,
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
    /// The party that they are in.
    pub party: Option<String>,
}

impl Person {
    pub fn draw(chance: &mut Chance, rough: &Rough, lanes: &[Lane]) -> Self {
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
        let first = &lanes[0].name;
        let place = |lane: &Lane| Place {
            wants: both == 0 || (both == 1) == (lane.name == *first),
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
            places: lanes.iter().map(place).collect(),
            apart: BTreeSet::new(),
            room: None,
            told: BTreeSet::new(),
        }
    }
}

impl World {
    /// Somebody does something.
    pub fn act(&mut self, who: usize) {
        let lane = self.chance.below(self.lanes.len());
        if self.lanes[lane].shard == Shard::Top {
            return;
        }
        let busy = self.people[who].room.is_some() && !self.rough.stays;
        let place = &self.people[who].places[lane];
        if !place.wants || busy {
            return self.cut(lane, who);
        }
        if place.wire.is_none() {
            let dialing = place.dialing.map(|(_, life)| life);
            if dialing != Some(self.lanes[lane].life) && self.home(lane, who) == lane {
                self.dial(lane, who);
            }
            return;
        }
        if place.ticket.is_none() {
            if self.lanes[lane].pool.party > 1 && self.chance.percent(60) {
                return self.see_to_party(lane, who);
            }
            return self.enter(lane, who);
        }
        if place.asked.is_some() {
            self.make_up_their_mind(lane, who);
        }
        let places = &self.people[who].places;
        if places.iter().filter(|place| place.ticket.is_some()).count() > 1 {
            self.marks.insert(Mark::TwoPools);
        }
        match self.chance.below(40) {
            0..4 => self.enter(lane, who),
            4..8 => self.say(lane, who, &json!({ "id": "why", "op": "why" })),
            8 => self.say(lane, who, &json!({ "id": "leave", "op": "leave" })),
            _ => {}
        }
    }

    /// Makes a party, joins somebody's, or puts somebody out of one's own.
    fn see_to_party(&mut self, lane: usize, who: usize) {
        let mut body = self.people[who].body.clone();
        let others = self.people.iter();
        let codes = others.filter_map(|it| it.places[lane].party.clone());
        let codes: Vec<String> = codes.collect();
        let mine = self.people[who].places[lane].party.clone();
        let op = match self.chance.below(10) {
            0..4 if !codes.is_empty() && mine.is_none() => {
                body["party"] = codes[self.chance.below(codes.len())].clone().into();
                "join"
            }
            0..5 => "party",
            5 if mine.is_some() => {
                let whom = self.chance.below(self.people.len());
                body = json!({ "player": crate::world::player(whom) });
                "put_out"
            }
            6 if mine.is_some() => "leave",
            _ => return self.enter(lane, who),
        };
        self.say(lane, who, &json!({ "id": op, "op": op, "body": body }));
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
                    Some("party_left") => Mark::PartyLeft,
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
            Some("party") => {
                let party = body["party"].as_str().map(str::to_owned);
                let members = body["members"].as_array().map_or(0, Vec::len);
                if members > 1 {
                    self.marks.insert(Mark::Party);
                }
                self.people[who].places[lane].party = party;
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
            (Some("why"), None) => {
                self.marks.insert(Mark::Why);
                let rules = message["ok"]["rules"].as_array().into_iter().flatten();
                if { rules }.any(|it| it["rule"] == "blocked") {
                    self.marks.insert(Mark::Blocked);
                }
            }
            (Some("leave"), None) => {
                self.marks.insert(Mark::Left);
                self.people[who].places[lane].ticket = None;
            }
            (Some("party" | "join"), None) => {
                let code = message["ok"]["party"].as_str().expect("a code").to_owned();
                self.people[who].places[lane].party = Some(code);
            }
            (Some("put_out"), None) => drop(self.marks.insert(Mark::PutOut)),
            (
                Some("join" | "put_out" | "party" | "enter"),
                Some("no_party" | "party_full" | "not_leader" | "forbidden" | "not_found"),
            ) => drop(self.marks.insert(Mark::PartyRefused)),
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
            (Some("party" | "join"), Some("banned" | "unavailable" | "in_match"))
            | (Some("leave"), Some("in_match"))
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
        if self.rooms.get(&room).is_some_and(|made| made.over.is_none()) {
            person.room = Some(room.clone());
        }
        person.told.insert(room);
    }
}
