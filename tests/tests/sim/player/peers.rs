//! The messages between player objects, and the visibility that the region reports.

use crate::marks::Mark;
use crate::network::Message;
use crate::world::World;
use shared::id::PlayerId;
use shared::player::{Input, Missing, PublishGroup};
use shared::presence::PresenceAt;
use shared::rpc::{PeerRequest, PeerResponse};
use tests::kit::identity::{number, player};

impl World {
    pub fn between_peers(&mut self, message: Message) {
        match message {
            Message::Visibility { person, instance, revision } => {
                let visibility = self.visibility(person);
                self.in_flight.push(Message::VisibilityKnown { person, instance, revision, visibility });
            }
            Message::VisibilityKnown { person, instance, revision, visibility } => {
                if self.players[person].instance != instance {
                    return;
                }
                self.wake(person);
                let known = self.players[person].player.as_ref().expect("awake");
                if known.visibility_revision() != revision {
                    self.marks.insert(Mark::OldAnswer);
                }
                self.turn(person, &Input::VisibilityKnown { revision, visibility: &visibility });
            }
            Message::Subscribe { person, instance, call, peers } => {
                let answers = self.subscribe(person, peers);
                self.in_flight.push(Message::Subscribed { person, instance, call, answers });
            }
            Message::Subscribed { person, instance, call, answers } => {
                if self.players[person].instance == instance {
                    self.turn(person, &Input::SubscriptionsAnswered { call, answers });
                }
            }
            Message::Publish { person, instance, call, as_of, groups } => {
                let (received, unsubscribed) = self.publish(person, groups);
                self.in_flight.push(Message::Published {
                    person,
                    instance,
                    call,
                    as_of,
                    received,
                    unsubscribed,
                });
            }
            Message::Duplicate { to, ask } => drop(self.peer(to, &ask)),
            Message::Published { person, instance, call, as_of, received, unsubscribed } => {
                if self.players[person].instance == instance {
                    let input = Input::PublishConfirmed { call, as_of, received, unsubscribed };
                    self.turn(person, &input);
                }
            }
            other => panic!("{other:?} is no message between peers"),
        }
    }

    /// Subscribes to the presence of each peer. Some requests are lost.
    fn subscribe(&mut self, person: usize, peers: Vec<PlayerId>) -> Vec<(PlayerId, PresenceAt, bool)> {
        let mut answers = Vec::new();
        for peer in peers {
            if self.chance.percent(self.weather.faults.lost) {
                continue;
            }
            let ask = PeerRequest::Subscribe { by: player(person) };
            if let Some(PeerResponse::State { presence, subscribed }) = self.peer(number(&peer), &ask) {
                answers.push((peer, presence, subscribed));
            }
        }
        answers
    }

    /// Publishes the presence of a player. Returns the subscribers that received it, and those that
    /// unsubscribed.
    fn publish(&mut self, person: usize, groups: Vec<PublishGroup>) -> (Vec<PlayerId>, Vec<PlayerId>) {
        let (mut received, mut unsubscribed) = (Vec::new(), Vec::new());
        for PublishGroup { to, presence, last, .. } in groups {
            for by in to {
                let ask = PeerRequest::Publish { of: player(person), presence, last };
                if self.chance.percent(self.weather.doubled) {
                    let to = number(&by);
                    self.in_flight.push(Message::Duplicate { to, ask: ask.clone() });
                }
                if self.chance.percent(self.weather.faults.lost) {
                    continue;
                }
                match self.peer(number(&by), &ask) {
                    Some(PeerResponse::Unsubscribe) => {
                        self.marks.insert(Mark::SubscriberGone);
                        unsubscribed.push(by);
                    }
                    Some(_) => received.push(by),
                    None => {}
                }
            }
        }
        (received, unsubscribed)
    }

    /// Handles the request of another player object as the shell does: fetches what is missing, then answers.
    pub fn peer(&mut self, person: usize, ask: &PeerRequest) -> Option<PeerResponse> {
        self.close_silent(person);
        for _ in 0..4 {
            let ask = ask.clone();
            match self.change(person, |player, now| player.peer_request(now, ask))? {
                Ok(answer) => return Some(answer),
                Err(Missing::Visibility) => {
                    self.wake(person);
                    let known = self.players[person].player.as_ref().expect("awake");
                    let revision = known.visibility_revision();
                    let visibility = self.visibility(person);
                    self.turn(person, &Input::VisibilityKnown { revision, visibility: &visibility });
                }
                Err(Missing::LeaseCheck(objects)) => {
                    let asked = self.time();
                    for object in objects {
                        self.look_again(person, object);
                    }
                    self.change(person, |player, _| (player.leases_checked(asked), Vec::new()))?;
                }
            }
        }
        None
    }

    /// Reads the presence of a player over HTTP.
    pub fn look_at(&mut self, of: usize, by: usize) {
        let ask = PeerRequest::Query { by: player(by) };
        if let Some(PeerResponse::State { presence: sight, .. }) = self.peer(of, &ask) {
            self.check_visible(of, by, sight);
        }
    }
}
