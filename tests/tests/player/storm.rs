//! What does it cost when somebody whom a thousand follow comes and goes all the time?
//!
//! The bound follows from two limits. A change is told at most every [`caps::PRESENCE_EVERY`], so in a minute there are
//! at most 31 words; each is one request to the object of each follower, and at most one frame on each of their lines.
//! Who is back within [`caps::FLAP`] was never
//! offline, and asks nobody how they are. The other way round a line hears of a thousand who come and go
//! at most so often too, of all of them at once.

use crate::world::{START, player};
use shared::caps;
use shared::id::PlayerId;
use shared::player::{Effect, Input, Player};
use shared::presence::{Need, PeerAnswer, PeerAsk};
use shared::record::Circle;
use shared::socket::Who;
use shared::time::Time;
use std::collections::VecDeque;
use std::time::Duration;

const FANS: usize = 1_000;
const MINUTE: Duration = Duration::from_mins(1);
const TICK: Duration = Duration::from_millis(50);

/// The first is followed by all others, and follows them. Nothing is lost, nobody crashes.
struct Crowd {
    now: Time,
    people: Vec<Player>,
    alarms: Vec<Option<Time>>,
    todo: VecDeque<(usize, Effect)>,
    /// Words that the first one's object had for the others, and requests between objects to tell them.
    words: usize,
    requests: usize,
    /// Frames on each one's lines.
    frames: Vec<usize>,
    /// The last that each line heard, and whether it ever heard that somebody is offline.
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
            words: 0,
            requests: 0,
            frames: vec![0; all],
            last: vec![String::new(); all],
            offline: false,
        }
    }

    fn circle(who: usize) -> Circle {
        Circle {
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

    /// What the shell gathers into one frame: what one turn owes to all lines.
    fn take(&mut self, who: usize, effects: Vec<Effect>) {
        let mut told = false;
        for effect in effects {
            if let Effect::Tell { text, .. } = &effect {
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
            Effect::Circle { turn } => {
                let circle = Self::circle(who);
                let circle = &circle;
                let effects = self.people[who].handle(self.now, Input::Circled { turn, circle });
                self.take(who, effects);
            }
            Effect::Watch { call, peers } => {
                let ask = PeerAsk::Watch { by: player(who) };
                let sights = peers.into_iter().map(|peer| match self.ask(&peer, &ask) {
                    PeerAnswer::Sight { sight, kept } => (peer, sight, kept),
                    other => panic!("{other:?} to {ask:?}"),
                });
                let answers = sights.collect();
                let effects = self.people[who].handle(self.now, Input::Sighted { call, answers });
                self.take(who, effects);
            }
            Effect::Show { call, as_of, groups } => {
                self.words += usize::from(who == 0);
                let (mut heard, mut gone) = (Vec::new(), Vec::new());
                for group in groups {
                    let (sight, last, of) = (group.sight, group.last, player(who));
                    let ask = PeerAsk::Show { of, sight, last };
                    for by in group.to {
                        match self.ask(&by, &ask) {
                            PeerAnswer::Gone => gone.push(by),
                            _ => heard.push(by),
                        }
                    }
                }
                let told = Input::Told { call, as_of, heard, gone };
                let effects = self.people[who].handle(self.now, told);
                self.take(who, effects);
            }
            Effect::Attach { .. } | Effect::Send { .. } | Effect::Tell { .. } => {}
            other => panic!("nobody does anything that leads to {other:?}"),
        }
    }

    fn ask(&mut self, whom: &PlayerId, ask: &PeerAsk) -> PeerAnswer {
        let whom = crate::world::number(whom);
        self.requests += 1;
        loop {
            let (answer, effects) = self.people[whom].peer(self.now, ask.clone());
            self.take(whom, effects);
            match answer {
                Ok(answer) => return answer,
                Err(Need::Circle) => {
                    let turn = self.people[whom].circle_turn();
                    let circle = Self::circle(whom);
                    let circle = &circle;
                    let input = Input::Circled { turn, circle };
                    let effects = self.people[whom].handle(self.now, input);
                    self.take(whom, effects);
                }
                Err(Need::Look(objects)) => panic!("nobody is in {objects:?}"),
            }
        }
    }

    fn open(&mut self, who: usize) {
        let conn = self.people[who].next_conn();
        let token = Who {
            player: player(who),
            sid: format!("s_{who}").parse().expect("an id"),
            ep: 0,
            exp: Time::from_ms(u64::MAX),
        };
        self.turn(who, Input::Opened { conn, who: token });
    }

    fn close(&mut self, who: usize) {
        for conn in self.people[who].conns() {
            self.turn(who, Input::Closed { conn });
        }
    }

    /// Time goes by; alarms ring when they are due.
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
        (self.words, self.requests, self.offline) = (0, 0, false);
        self.frames.fill(0);
    }
}

/// What is told at most so often, so often in this span: at its beginning, and each time that it may be again.
fn times(span: Duration) -> usize {
    let times = span.as_millis() / caps::PRESENCE_EVERY.as_millis() + 1;
    usize::try_from(times).expect("few")
}

#[test]
fn a_thousand_followers_hear_of_one_who_flaps_no_more_often_than_promised() {
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
        let most = times(span).min(changes + usize::from(every > caps::FLAP) * changes);
        println!(
            "every {every_ms} ms: {changes} changes, {} words, {} requests of objects",
            crowd.words, crowd.requests
        );
        assert!(crowd.words <= most, "{} words, {most} at most", crowd.words);
        assert!(crowd.words > 3, "it is told at all");
        // Each word once to each follower; and who was away for longer than a moment asks each of them once.
        let asked = if every > caps::FLAP { changes / 2 } else { 0 };
        assert!(crowd.requests <= (crowd.words + asked) * FANS);
        assert!(crowd.frames[1..].iter().all(|&frames| frames <= most));
        assert_eq!(crowd.offline, every > caps::FLAP, "every {every_ms} ms");
        crowd.pass(MINUTE);
        let here = |text: &String| text.contains("online");
        assert!(crowd.last[1..].iter().all(here), "{}", crowd.last[1]);
    }
}

#[test]
fn one_line_hears_of_a_thousand_who_flap_in_a_frame_at_a_time() {
    let mut crowd = Crowd::new();
    for who in 0..=FANS {
        crowd.open(who);
    }
    crowd.pass(MINUTE);
    crowd.reset();
    let mut changes = 0;
    let (begin, pause) = (crowd.now, Duration::from_millis(300));
    // Never all at once.
    for part in (0..10).cycle().take(200) {
        let some = || (1..=FANS).filter(move |who| who % 10 == part);
        some().for_each(|who| crowd.close(who));
        crowd.pass(pause);
        some().for_each(|who| crowd.open(who));
        changes += 2 * some().count();
    }
    let (frames, most) = (crowd.frames[0], times(crowd.now.since(begin)));
    println!("{changes} changes, {frames} frames, {} requests of objects", crowd.requests);
    assert!(frames > 3 && frames <= most, "{frames} of {most}");
    // A change is a word at most, to the only one who follows them.
    assert!(crowd.requests <= changes);
}
