//! The players of a lobby world: their wishes, their actions, and the messages they received.

use crate::lobby_host::LobbyHost;
use crate::marks::Mark;
use crate::weather::Weather;
use crate::world::World;
use serde_json::{Value, json};
use shared::connection::Conn;
use shared::connection::ConnectionInput;
use shared::id::{RoomId, TicketId};
use shared::lobby::tickets::ticket::{State, Ticket};
use shared::pool::Shard;
use shared::time::Time;
use shared::wire::envelope;
use shared::wire::lobby::{Event, LobbyMessage, PartyChange, Proposed, Reply};
use shared::wire::{Refusal, RefusalCode};
use std::collections::BTreeSet;
use tests::kit::chance::Chance;
use tests::kit::identity::number;

/// A player of the lobby world.
#[derive(Debug)]
pub struct Person {
    pub rating: f64,
    /// The uncertainty of the rating.
    pub deviation: f64,
    pub banned: bool,
    pub body: Value,
    /// Their state in each lobby.
    pub queues: Vec<QueueState>,
    /// Players that they block or that block them.
    pub blocked: BTreeSet<usize>,
    /// The room that they are in.
    pub room: Option<RoomId>,
    pub told: BTreeSet<RoomId>,
}

/// The state of a player in one lobby, as the player knows it.
#[derive(Debug, Default)]
pub struct QueueState {
    pub wants: bool,
    pub wire: Option<Conn>,
    /// A socket that is not open yet, and the instance of the lobby that it is for.
    pub connecting: Option<(Conn, u64)>,
    /// The ticket, as last received.
    pub ticket: Option<TicketId>,
    pub entered: u64,
    /// The proposed match that is not answered yet.
    pub proposed: Option<RoomId>,
    /// The code of their party.
    pub party: Option<String>,
}

impl Person {
    pub fn draw(chance: &mut Chance, weather: &Weather, hosts: &[LobbyHost]) -> Self {
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
        let first = &hosts[0].name;
        let state = |host: &LobbyHost| QueueState {
            wants: both == 0 || (both == 1) == (host.name == *first),
            ..QueueState::default()
        };
        Self {
            #[allow(clippy::cast_precision_loss)]
            rating: 1400.0 + chance.between(0, 400) as f64,
            #[allow(clippy::cast_precision_loss)]
            deviation: chance.between(0, 120) as f64,
            banned: chance.percent(weather.banned),
            body: json!({
                "attrs": { "lang": chance.pick(&["en", "fr"]), "age": 20 + chance.below(20), "likes": likes },
                "wants": serde_json::from_str::<Value>(wants).expect("wants"),
            }),
            queues: hosts.iter().map(state).collect(),
            blocked: BTreeSet::new(),
            room: None,
            told: BTreeSet::new(),
        }
    }
}

impl World {
    /// Makes a player act in one lobby.
    pub fn act(&mut self, who: usize) {
        let host = self.chance.below(self.hosts.len());
        if self.hosts[host].shard == Shard::Parent {
            return;
        }
        let busy = self.people[who].room.is_some() && !self.weather.stays;
        let state = &self.people[who].queues[host];
        if !state.wants || busy {
            return self.cut(host, who);
        }
        if state.wire.is_none() {
            let connecting = state.connecting.map(|(_, instance)| instance);
            if connecting != Some(self.hosts[host].instance) && self.shard_of(host, who) == host {
                self.connect(host, who);
            }
            return;
        }
        if state.ticket.is_none() {
            if self.hosts[host].pool.party > 1 && self.chance.percent(60) {
                return self.act_on_party(host, who);
            }
            return self.enter(host, who);
        }
        if state.proposed.is_some() {
            self.answer_proposal(host, who);
        }
        let queues = &self.people[who].queues;
        if queues.iter().filter(|state| state.ticket.is_some()).count() > 1 {
            self.marks.insert(Mark::TwoPools);
        }
        match self.chance.below(40) {
            0..4 => self.enter(host, who),
            4..8 => self.send(host, who, &json!({ "id": "why", "op": "why" })),
            8 => self.send(host, who, &json!({ "id": "leave", "op": "leave" })),
            9 => {
                let auth = json!({ "id": "auth", "op": "auth", "body": { "token": "t" } });
                self.send(host, who, &auth);
            }
            _ => {}
        }
    }

    /// Makes a party, joins one, leaves it, or removes a member.
    fn act_on_party(&mut self, host: usize, who: usize) {
        let mut body = self.people[who].body.clone();
        let others = self.people.iter();
        let codes = others.filter_map(|it| it.queues[host].party.clone());
        let codes: Vec<String> = codes.collect();
        let mine = self.people[who].queues[host].party.clone();
        let op = match self.chance.below(10) {
            0..4 if !codes.is_empty() && mine.is_none() => {
                body["party"] = codes[self.chance.below(codes.len())].clone().into();
                "join"
            }
            0..5 => "party",
            5 if mine.is_some() => {
                let other = self.chance.below(self.people.len());
                body = json!({ "player": tests::kit::identity::player(other) });
                "put_out"
            }
            6 if mine.is_some() => "leave",
            _ => return self.enter(host, who),
        };
        self.send(host, who, &json!({ "id": op, "op": op, "body": body }));
    }

    /// Accepts, declines or ignores a proposal.
    pub fn answer_proposal(&mut self, host: usize, who: usize) {
        let Some(room) = self.people[who].queues[host].proposed.take() else {
            return;
        };
        if self.chance.percent(self.weather.ignored) {
            self.marks.insert(Mark::ProposalIgnored);
            return;
        }
        let op = if self.chance.percent(self.weather.declined) {
            "decline"
        } else {
            self.oracle.accepted.insert((room, who));
            "accept"
        };
        self.send(host, who, &json!({ "id": op, "op": op }));
    }

    pub fn enter(&mut self, host: usize, who: usize) {
        let person = &mut self.people[who];
        let state = &mut person.queues[host];
        state.entered += 1;
        let frame = json!({ "id": "enter", "op": "enter", "key": "k", "body": person.body });
        self.send(host, who, &frame);
    }

    pub fn send(&mut self, host: usize, who: usize, frame: &Value) {
        let Some(conn) = self.people[who].queues[host].wire else {
            return;
        };
        let text = frame.to_string();
        self.turn(host, &ConnectionInput::Text { conn, text: &text }.into());
    }

    /// Delivers a frame of the lobby to a player.
    pub fn receive(&mut self, host: usize, conn: Conn, text: &str) {
        let Some(wire) = self.hosts[host].wires.get(&conn) else {
            return;
        };
        if wire.link.is_cut() {
            return;
        }
        let who = wire.who;
        for message in LobbyMessage::read_frame(text).expect("a frame of a lobby") {
            match message {
                LobbyMessage::Welcome(welcome) if welcome.recovered => {
                    self.marks.insert(Mark::Resumed);
                }
                LobbyMessage::Welcome(_) => self.people[who].queues[host].ticket = None,
                LobbyMessage::Event(envelope) => self.event(host, who, envelope.event),
                LobbyMessage::Reply(reply) => self.reply(host, who, &reply),
            }
        }
    }

    fn event(&mut self, host: usize, who: usize, event: Event) {
        match event {
            Event::Queued(ticket) => {
                self.marks.insert(Mark::Queued);
                self.note_ticket(host, who, ticket.ticket, ticket.since);
            }
            Event::Returned(returned) => {
                self.marks.insert(Mark::Returned);
                self.people[who].queues[host].proposed = None;
                self.note_ticket(host, who, returned.ticket, returned.since);
            }
            Event::Proposed(proposed) => self.note_proposal(host, who, proposed),
            Event::Expired(expired) => {
                let first = shared::time::ms(shared::limits::COOLDOWN_FIRST);
                let grew = expired.after_ms.is_some_and(|after| after > first);
                self.marks.extend(grew.then_some(Mark::CooldownGrew));
                self.marks.insert(match expired.reason.as_str() {
                    "in_match" => Mark::InMatch,
                    "party_left" => Mark::PartyLeft,
                    _ => Mark::Expired,
                });
                self.people[who].queues[host].ticket = None;
            }
            Event::Matched(matched) => {
                self.marks.insert(Mark::Matched);
                if matched.with.is_empty() {
                    self.marks.insert(Mark::ToldAtOpening);
                }
                self.sent_to_room(host, who, matched.room);
            }
            Event::Party(change) => {
                let party = match change {
                    PartyChange::In(party) => Some(party),
                    PartyChange::Out { .. } => None,
                };
                if party.as_ref().is_some_and(|party| party.members.len() > 1) {
                    self.marks.insert(Mark::Party);
                }
                self.people[who].queues[host].party = party.map(|party| party.party);
            }
            Event::Lobby(_) => {}
            Event::Unknown { ev, .. } => panic!("unknown event {ev}"),
        }
    }

    fn reply(&mut self, host: usize, who: usize, reply: &envelope::Reply) {
        let op = reply.id.as_ref().and_then(Value::as_str).expect("the id of a command");
        if let Some(refusal) = &reply.err {
            return self.refused(host, who, op, refusal);
        }
        let result = reply.ok.clone().expect("a result or a refusal");
        let result: Reply = serde_json::from_value(result).expect("a result");
        match (op, result) {
            ("enter", Reply::Ticket(ticket)) => self.note_ticket(host, who, ticket.ticket, ticket.since),
            ("accept", _) => drop(self.marks.insert(Mark::Accepted)),
            ("decline", _) => drop(self.marks.insert(Mark::Declined)),
            ("why", Reply::Why(why)) => {
                self.marks.insert(Mark::Explained);
                let kept_apart = |ticket: &Ticket| {
                    let mut players = ticket.players().map(number);
                    ticket.state == State::Waiting && players.any(|it| self.people[who].blocked.contains(&it))
                };
                if self.hosts[host].tickets().any(|ticket| kept_apart(&ticket)) {
                    assert!(why.rules.iter().all(|it| it.rule != "blocked"), "a block is revealed");
                    self.marks.insert(Mark::Blocked);
                }
            }
            ("leave", _) => {
                self.marks.insert(Mark::Left);
                self.people[who].queues[host].ticket = None;
            }
            ("party" | "join", Reply::Party(party)) => {
                self.people[who].queues[host].party = Some(party.party);
            }
            ("auth", _) => drop(self.marks.insert(Mark::Renewed)),
            ("put_out", _) => drop(self.marks.insert(Mark::MemberRemoved)),
            (_, other) => panic!("unexpected reply to {op}: {other:?}"),
        }
    }

    fn refused(&mut self, host: usize, who: usize, op: &str, refusal: &Refusal) {
        use RefusalCode::{
            BadToken, Banned, Cooldown, Forbidden, InMatch, NoParty, NoTicket, NotFound, NotLeader,
            PartyFull, TooFast, Unavailable,
        };
        match (op, refusal.code) {
            ("enter", Cooldown) => {
                assert!(refusal.after_ms.is_some_and(|after| after > 0));
                self.marks.insert(Mark::CooledDown);
            }
            (
                "join" | "put_out" | "party" | "enter",
                NoParty | PartyFull | NotLeader | Forbidden | NotFound,
            ) => {
                self.marks.insert(Mark::PartyRefused);
            }
            (_, NoTicket) => self.people[who].queues[host].ticket = None,
            ("enter", InMatch) => {
                self.sent_to_room(host, who, refusal.room.clone().expect("a room"));
            }
            ("enter", Banned) => {
                assert!(self.people[who].banned, "p_{who} is not banned");
                self.marks.insert(Mark::Banned);
            }
            ("enter", Unavailable) => drop(self.marks.insert(Mark::Unavailable)),
            ("party" | "join", Banned | Unavailable | InMatch)
            | ("leave", InMatch)
            | ("accept" | "decline", NotFound)
            | ("auth", BadToken)
            | (_, TooFast) => {}
            _ => panic!("unexpected refusal of {op}: {refusal:?}"),
        }
    }

    /// Records a ticket. Its time of entry never changes.
    fn note_ticket(&mut self, host: usize, who: usize, ticket: TicketId, since: Time) {
        assert!(!self.people[who].banned, "p_{who} is banned and queued");
        self.check_since(&ticket, since);
        self.people[who].queues[host].ticket = Some(ticket);
    }

    fn note_proposal(&mut self, host: usize, who: usize, proposed: Proposed) {
        let answer_s = self.hosts[host].pool.propose_s.expect("a pool with proposals");
        assert!(proposed.until.ms() <= self.now + u64::from(answer_s) * 1000);
        if !self.oracle.proposed.insert((proposed.room.clone(), who)) {
            self.marks.insert(Mark::ProposedAgain);
        }
        self.people[who].queues[host].proposed = (!proposed.accepted).then_some(proposed.room);
    }

    /// Records that a player was sent to a room.
    fn sent_to_room(&mut self, host: usize, who: usize, room: RoomId) {
        self.check_told(host, who, &room);
        let person = &mut self.people[who];
        person.queues[host].ticket = None;
        if self.rooms.get(&room).is_some_and(|made| made.over.is_none()) {
            person.room = Some(room.clone());
        }
        person.told.insert(room);
    }
}
