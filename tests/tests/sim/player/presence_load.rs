//! Tests the load of presence when a player with a thousand followers connects and disconnects continuously.
//!
//! The bound follows from two limits. A player is published at most every [`limits::PRESENCE_INTERVAL`], so
//! there are at most 31 updates in a minute; each is one request to the object of each follower, and at most
//! one frame on each me socket. A player who is back within [`limits::OFFLINE_DEBOUNCE`] was never offline,
//! and asks no peer for its presence. A me socket receives the changes of a thousand players at the same
//! rate, batched into frames.

use shared::connection::ConnectionInput;
use shared::id::PlayerId;
use shared::limits;
use shared::player::Missing;
use shared::player::{Effect, Input, Player};
use shared::rpc::record::Visibility;
use shared::rpc::{PeerRequest, PeerResponse};
use shared::time::Time;
use std::collections::VecDeque;
use std::time::Duration;
use tests::kit::clock::START;
use tests::kit::identity::{identity, player};

const FANS: usize = 1_000;
const MINUTE: Duration = Duration::from_mins(1);
const TICK: Duration = Duration::from_millis(50);

/// Players of which the first and all others follow each other. There are no faults.
struct Crowd {
    now: Time,
    people: Vec<Player>,
    alarms: Vec<Option<Time>>,
    todo: VecDeque<(usize, Effect)>,
    /// Updates that the first object published, and requests between objects.
    updates: usize,
    requests: usize,
    /// Frames on the me sockets of each player.
    frames: Vec<usize>,
    /// The last frame of each player, and whether any frame reported a player as offline.
    last: Vec<String>,
    offline: bool,
}

impl Crowd {
    fn new() -> Self {
        let all = FANS + 1;
        Self {
            now: Time::from_ms(START),
            people: vec![Player::default(); all],
            alarms: vec![None; all],
            todo: VecDeque::new(),
            updates: 0,
            requests: 0,
            frames: vec![0; all],
            last: vec![String::new(); all],
            offline: false,
        }
    }

    fn visibility(who: usize) -> Visibility {
        Visibility {
            player: player(who),
            mutual: match who {
                0 => (1..=FANS).map(player).collect(),
                _ => vec![player(0)],
            },
            hidden: false,
        }
    }

    fn turn(&mut self, who: usize, input: Input<'_>) {
        let effects = self.people[who].handle(self.now, input);
        self.take(who, effects);
        while let Some((who, effect)) = self.todo.pop_front() {
            self.perform(who, effect);
        }
    }

    /// Counts the output of a turn as one frame, as the shell sends it.
    fn take(&mut self, who: usize, effects: Vec<Effect>) {
        let mut told = false;
        for effect in effects {
            if let Effect::Broadcast { text, .. } = &effect {
                self.last[who] = text.to_string();
                self.offline |= text.contains("offline");
                told = true;
            }
            self.todo.push_back((who, effect));
        }
        self.frames[who] += usize::from(told);
    }

    fn perform(&mut self, who: usize, effect: Effect) {
        match effect {
            Effect::Save(save) => {
                if save.alarm.is_some() {
                    self.alarms[who] = save.alarm;
                }
            }
            Effect::FetchVisibility { revision } => {
                let visibility = Self::visibility(who);
                let effects = self.people[who]
                    .handle(self.now, Input::VisibilityKnown { revision, visibility: &visibility });
                self.take(who, effects);
            }
            Effect::Subscribe { call, peers } => {
                let ask = PeerRequest::Subscribe { by: player(who) };
                let sights = peers.into_iter().map(|peer| match self.ask(&peer, &ask) {
                    PeerResponse::State { presence: sight, subscribed: kept } => (peer, sight, kept),
                    other => panic!("{other:?} to {ask:?}"),
                });
                let answers = sights.collect();
                let effects =
                    self.people[who].handle(self.now, Input::SubscriptionsAnswered { call, answers });
                self.take(who, effects);
            }
            Effect::Publish { call, as_of, groups } => {
                self.updates += usize::from(who == 0);
                let (mut heard, mut gone) = (Vec::new(), Vec::new());
                for group in groups {
                    let (sight, last, of) = (group.presence, group.last, player(who));
                    let ask = PeerRequest::Publish { of, presence: sight, last };
                    for by in group.to {
                        match self.ask(&by, &ask) {
                            PeerResponse::Unsubscribe => gone.push(by),
                            _ => heard.push(by),
                        }
                    }
                }
                let told = Input::PublishConfirmed { call, as_of, received: heard, unsubscribed: gone };
                let effects = self.people[who].handle(self.now, told);
                self.take(who, effects);
            }
            Effect::Attach { .. } | Effect::Send { .. } | Effect::Broadcast { .. } => {}
            other => panic!("unexpected effect {other:?}"),
        }
    }

    fn ask(&mut self, peer: &PlayerId, ask: &PeerRequest) -> PeerResponse {
        let peer = tests::kit::identity::number(peer);
        self.requests += 1;
        loop {
            let (answer, effects) = self.people[peer].peer_request(self.now, ask.clone());
            self.take(peer, effects);
            match answer {
                Ok(answer) => return answer,
                Err(Missing::Visibility) => {
                    let revision = self.people[peer].visibility_revision();
                    let visibility = Self::visibility(peer);
                    let input = Input::VisibilityKnown { revision, visibility: &visibility };
                    let effects = self.people[peer].handle(self.now, input);
                    self.take(peer, effects);
                }
                Err(Missing::LeaseCheck(objects)) => panic!("no player is in {objects:?}"),
            }
        }
    }

    fn open(&mut self, who: usize) {
        let conn = self.people[who].next_conn();
        let token = identity(who, u64::MAX);
        self.turn(who, Input::Opened { conn, identity: token });
    }

    fn close(&mut self, who: usize) {
        for conn in self.people[who].conns() {
            self.turn(who, ConnectionInput::Closed { conn }.into());
        }
    }

    /// Advances the time and rings due alarms.
    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while self.now < end {
            self.now = self.now + TICK;
            for who in 0..self.alarms.len() {
                if self.alarms[who].is_some_and(|at| at <= self.now) {
                    self.alarms[who] = None;
                    self.turn(who, Input::Woke);
                }
            }
        }
    }

    fn reset(&mut self) {
        (self.updates, self.requests, self.offline) = (0, 0, false);
        self.frames.fill(0);
    }
}

/// Returns the largest number of updates in a span: one at its beginning, and one per interval.
fn updates_max(span: Duration) -> usize {
    let times = span.as_millis() / limits::PRESENCE_INTERVAL.as_millis() + 1;
    usize::try_from(times).expect("few")
}

#[test]
fn flapping_player_is_published_at_the_limited_rate() {
    let mut crowd = Crowd::new();
    for who in 0..=FANS {
        crowd.open(who);
    }
    crowd.pass(MINUTE);
    for every_ms in [100, 700, 1_900, 2_500, 4_900, 6_000] {
        crowd.reset();
        let every = Duration::from_millis(every_ms);
        let end = crowd.now + MINUTE;
        let mut changes = 0;
        while crowd.now < end {
            crowd.close(0);
            crowd.pass(every);
            crowd.open(0);
            crowd.pass(every);
            changes += 2;
        }
        let span = crowd.now.since(end) + MINUTE;
        let most = updates_max(span).min(changes + usize::from(every > limits::OFFLINE_DEBOUNCE) * changes);
        println!(
            "every {every_ms} ms: {changes} changes, {} updates, {} requests of objects",
            crowd.updates, crowd.requests
        );
        assert!(crowd.updates <= most, "{} updates, {most} at most", crowd.updates);
        assert!(crowd.updates > 3, "updates are sent");
        // Each update goes once to each follower; a return after the debounce asks each of them once.
        let asked = if every > limits::OFFLINE_DEBOUNCE { changes / 2 } else { 0 };
        assert!(crowd.requests <= (crowd.updates + asked) * FANS);
        assert!(crowd.frames[1..].iter().all(|&frames| frames <= most));
        assert_eq!(crowd.offline, every > limits::OFFLINE_DEBOUNCE, "every {every_ms} ms");
        crowd.pass(MINUTE);
        let here = |text: &String| text.contains("online");
        assert!(crowd.last[1..].iter().all(here), "{}", crowd.last[1]);
    }
}

#[test]
fn thousand_flapping_players_are_batched_into_frames() {
    let mut crowd = Crowd::new();
    for who in 0..=FANS {
        crowd.open(who);
    }
    crowd.pass(MINUTE);
    crowd.reset();
    let mut changes = 0;
    let (begin, pause) = (crowd.now, Duration::from_millis(300));
    // A tenth of them at a time.
    for part in (0..10).cycle().take(200) {
        let some = || (1..=FANS).filter(move |who| who % 10 == part);
        some().for_each(|who| crowd.close(who));
        crowd.pass(pause);
        some().for_each(|who| crowd.open(who));
        changes += 2 * some().count();
    }
    let (frames, most) = (crowd.frames[0], updates_max(crowd.now.since(begin)));
    println!("{changes} changes, {frames} frames, {} requests of objects", crowd.requests);
    assert!(frames > 3 && frames <= most, "{frames} of {most}");
    // A change causes at most one update, to the only follower.
    assert!(crowd.requests <= changes);
}
