//! The network between objects: requests and answers, lost, doubled, late, in any order.

use crate::marks::Mark;
use crate::world::World;
use shared::connection::{Conn, Identity};
use shared::delivery::pending_calls::CallId;
use shared::id::PlayerId;
use shared::player::{Input, PublishGroup};
use shared::presence::PresenceAt;
use shared::rpc::PeerRequest;
use shared::rpc::notice::Notice;
use shared::rpc::object_name::ObjectName;
use shared::rpc::record::Visibility;
use shared::rpc::{ForcedClose, PlayerRequest, PlayerResponse};
use shared::time::Time;
use tests::kit::identity::number;

/// A message in flight.
#[derive(Debug, Clone)]
pub enum Message {
    /// A notice of the region.
    Notice { person: usize, notice: Notice },
    /// A host asks the player object to admit a socket.
    Claim { at: usize, instance: u64, conn: Conn, who: Identity, beside: (Vec<Conn>, Vec<Conn>), asked: Time },
    /// The answer to a claim.
    Claimed { at: usize, instance: u64, conn: Conn, who: Identity, granted: bool },
    /// The sockets that a host held when it was asked.
    Holds { person: usize, object: ObjectName, holding: Vec<Conn>, asked: Time },
    /// A host reports that a socket is gone.
    Release { person: usize, object: ObjectName, conn: Conn },
    /// A host must close sockets.
    ForceClose { person: usize, instance: u64, call: CallId, object: ObjectName, dismissal: ForcedClose },
    /// The sockets that the host holds after that.
    ForceClosed { person: usize, instance: u64, call: CallId, holding: Vec<Conn>, asked: Time },
    /// A query for the visibility of a player.
    Visibility { person: usize, instance: u64, revision: u64 },
    /// The answer to that query.
    VisibilityKnown { person: usize, instance: u64, revision: u64, visibility: Visibility },
    /// A subscription to the presence of other players.
    Subscribe { person: usize, instance: u64, call: CallId, peers: Vec<PlayerId> },
    /// The answers to a subscription.
    Subscribed { person: usize, instance: u64, call: CallId, answers: Vec<(PlayerId, PresenceAt, bool)> },
    /// The presence of a player, for its subscribers.
    Publish { person: usize, instance: u64, call: CallId, as_of: Time, groups: Vec<PublishGroup> },
    /// A duplicate to one subscriber.
    Duplicate { to: usize, ask: PeerRequest },
    /// The subscribers that received it, and those that are gone.
    Published {
        person: usize,
        instance: u64,
        call: CallId,
        as_of: Time,
        received: Vec<PlayerId>,
        unsubscribed: Vec<PlayerId>,
    },
}

impl World {
    /// Delivers one message.
    pub fn deliver(&mut self) {
        let Some(message) = self.in_flight.pop(&mut self.chance) else {
            return;
        };
        // A claim is never lost silently: the caller learns of a failure.
        let may_be_lost = !matches!(message, Message::Claim { .. } | Message::Claimed { .. });
        if may_be_lost && self.chance.percent(self.weather.faults.lost) {
            return self.lose(message);
        }
        if may_be_lost && self.chance.percent(self.weather.doubled) {
            self.marks.insert(Mark::CallDoubled);
            self.in_flight.push(message.clone());
        }
        self.arrive(message);
    }

    fn lose(&mut self, message: Message) {
        self.marks.insert(Mark::CallLost);
        match message {
            Message::Release { .. } => drop(self.marks.insert(Mark::ReleaseLost)),
            // The shell learns that no peer answered.
            Message::Subscribe { person, instance, call, .. } => {
                let answers = Vec::new();
                self.arrive(Message::Subscribed { person, instance, call, answers });
            }
            Message::Publish { person, instance, call, as_of, .. } => {
                let (received, unsubscribed) = (Vec::new(), Vec::new());
                self.arrive(Message::Published { person, instance, call, as_of, received, unsubscribed });
            }
            // Answers inside the object are late but never lost.
            Message::Subscribed { .. } | Message::Published { .. } => self.in_flight.push(message),
            _ => {}
        }
    }

    fn lives(&self, person: usize, instance: u64) -> bool {
        self.players[person].instance == instance
    }

    pub fn arrive(&mut self, message: Message) {
        self.trace(|| format!("arrives {message:?}"));
        match message {
            Message::Notice { person, notice } => self.notice(person, &notice),
            Message::Claim { at, instance, conn, who, beside, asked } => {
                self.claim((at, instance), conn, who, beside, asked);
            }
            Message::Claimed { at, instance, conn, who, granted } => {
                if self.hosts[at].instance != instance {
                    self.release(at, conn, number(&who.player));
                } else if granted {
                    self.open_admitted(at, conn, who);
                } else {
                    self.hosts[at].coming.end(conn);
                }
            }
            Message::Holds { person, object, holding, asked } => self.correct(person, object, holding, asked),
            Message::Release { person, object, conn } => {
                let ask = PlayerRequest::Release { object, conn };
                self.change(person, |player, now| player.request(now, ask));
            }
            Message::ForceClose { person, instance, call, object, dismissal } => {
                let asked = self.time();
                let at = self.host_of(&object);
                let holding = self.force_close(at, person, &dismissal);
                self.in_flight.push(Message::ForceClosed { person, instance, call, holding, asked });
            }
            Message::ForceClosed { person, instance, call, holding, asked } => {
                if self.lives(person, instance) {
                    self.turn(person, &Input::ForcedCloseConfirmed { call, holding, asked });
                }
            }
            other => self.between_peers(other),
        }
    }

    /// Handles a claim as the shell of a player object does: before a refusal it corrects leases and closes
    /// sockets.
    fn claim(
        &mut self,
        (at, instance): (usize, u64),
        conn: Conn,
        who: Identity,
        (holding, replaces): (Vec<Conn>, Vec<Conn>),
        asked: Time,
    ) {
        let person = number(&who.player);
        let ask = PlayerRequest::Claim {
            object: self.hosts[at].name.clone(),
            conn,
            holding,
            replaces,
            at: asked,
            ep: who.ep,
            sid: who.sid.clone(),
            devices: self.hosts[at].devices,
        };
        let mut answer = self.change(person, |player, now| player.request(now, ask.clone()));
        if let Some(PlayerResponse::Full { objects: at, .. }) = &answer {
            self.marks.insert(Mark::DeviceLimitReached);
            for object in at.clone() {
                self.look_again(person, object);
            }
            answer = self.change(person, |player, now| player.request(now, ask.clone()));
        }
        if let Some(PlayerResponse::Full { evict: out, .. }) = &answer
            && !out.is_empty()
        {
            for one in out.clone() {
                self.marks.insert(match one.close {
                    ForcedClose::TakenOver { .. } => Mark::TookOver,
                    _ => Mark::Kicked,
                });
                let asked = self.time();
                let host = self.host_of(&one.object);
                let left = self.force_close(host, person, &one.close);
                self.correct(person, one.object, left, asked);
            }
            answer = self.change(person, |player, now| player.request(now, ask.clone()));
        }
        if matches!(answer, Some(PlayerResponse::Denied { .. })) {
            self.marks.insert(Mark::Denied);
        }
        let granted = matches!(answer, Some(PlayerResponse::Granted { .. }));
        self.in_flight.push(Message::Claimed { at, instance, conn, who, granted });
    }

    pub fn look_again(&mut self, person: usize, object: ObjectName) {
        let asked = self.time();
        let at = self.host_of(&object);
        let holding = self.holding(at, person);
        if self.chance.percent(self.weather.doubled) {
            self.in_flight.push(Message::Holds {
                person,
                object: object.clone(),
                holding: holding.clone(),
                asked,
            });
        }
        self.correct(person, object, holding, asked);
    }

    fn correct(&mut self, person: usize, object: ObjectName, holding: Vec<Conn>, asked: Time) {
        let ask = PlayerRequest::Correct { object, holding, asked };
        self.change(person, |player, now| player.request(now, ask));
    }

    fn notice(&mut self, person: usize, notice: &Notice) {
        let known = self.people[person].notices.first();
        if known.is_none_or(|first| first.at > notice.at) {
            self.marks.insert(Mark::NoticeTwice);
        } else if known != Some(notice) {
            self.marks.insert(Mark::NoticeLate);
        }
        if self.turn(person, &Input::Noticed { notice }) {
            self.note_notice(person, notice);
            self.people[person].notices.retain(|one| one != notice);
        }
    }

    /// Repeats unconfirmed notices.
    pub fn region_repeats(&mut self) {
        for person in 0..self.people.len() {
            for notice in self.people[person].notices.clone() {
                self.in_flight.push(Message::Notice { person, notice });
            }
        }
    }
}
