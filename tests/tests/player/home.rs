//! A player's object in the world: inputs in, effects out, and every way in which that can be cut short.

use crate::marks::Mark;
use crate::network::Flight;
use crate::people::View;
use crate::world::{World, player};
use shared::player::{Disk, Effect, Input, Player, Save};
use shared::protocol::Close;
use shared::socket::{Conn, Who};
use shared::time::Time;
use std::collections::BTreeMap;

/// What the platform remembers of one object, and what is in memory.
#[derive(Debug, Default)]
pub struct Home {
    pub disk: Disk,
    pub alarm: Option<Time>,
    pub wires: BTreeMap<Conn, Line>,
    pub player: Option<Player>,
    /// Of which machine: answers to one that is lost are lost.
    pub life: u64,
    pub latest: Time,
}

/// A line of their own.
#[derive(Debug)]
pub struct Line {
    pub who: Who,
    pub attachment: Option<String>,
    pub active: bool,
    pub cut: bool,
    pub cut_at: u64,
    pub gone_at: Option<u64>,
    pub view: View,
}

impl Home {
    fn restore(&self, now: Time) -> (Player, Vec<Effect>) {
        let carried = self.wires.values().filter_map(|wire| wire.attachment.clone());
        let attachments: Vec<String> = carried.collect();
        Player::restore(&self.disk, &attachments, now).expect("a player can be read back")
    }
}

impl World {
    /// The object is in memory: from before, or from what the platform remembers.
    pub fn wake(&mut self, person: usize) {
        while self.homes[person].player.is_none() {
            let now = self.time();
            let (player, effects) = self.homes[person].restore(now);
            self.trace(|| format!("p_{person} restored -> {effects:?}"));
            self.homes[person].latest = now;
            self.homes[person].player = Some(player);
            self.perform(person, effects);
        }
    }

    /// One turn that has an answer; none where the machine did not live to its end.
    pub fn change<T: std::fmt::Debug>(
        &mut self,
        person: usize,
        turn: impl FnOnce(&mut Player, Time) -> (T, Vec<Effect>),
    ) -> Option<T> {
        self.wake(person);
        let now = self.time();
        let home = &mut self.homes[person];
        home.latest = now;
        let (answer, effects) = turn(home.player.as_mut().expect("awake"), now);
        self.trace(|| format!("p_{person} {answer:?} <- {effects:?}"));
        let lived = self.perform(person, effects);
        if lived {
            self.note_state(person);
            self.check_turn(person);
        }
        lived.then_some(answer)
    }

    pub fn turn(&mut self, person: usize, input: &Input<'_>) -> bool {
        self.trace(|| format!("p_{person} {input:?}"));
        let input = input.clone();
        self.change(person, |player, now| ((), player.handle(now, input))).is_some()
    }

    fn perform(&mut self, person: usize, effects: Vec<Effect>) -> bool {
        let crash = self.chance.one_in(self.rough.crash);
        let last = self.chance.below(effects.len() + 1);
        for (nth, effect) in effects.into_iter().enumerate() {
            if crash && nth == last {
                self.crash(person, Mark::CrashedBetweenEffects);
                return false;
            }
            self.carry_out(person, effect);
        }
        true
    }

    fn carry_out(&mut self, person: usize, effect: Effect) {
        let life = self.homes[person].life;
        match effect {
            Effect::Save(save) => self.write(person, save),
            Effect::Attach { conn, data } => {
                if let Some(wire) = self.homes[person].wires.get_mut(&conn) {
                    wire.attachment = Some(data);
                }
            }
            Effect::Send { conn, text } => self.hear(person, conn, &text),
            Effect::Tell { text, .. } => {
                let all: Vec<Conn> = self.homes[person].wires.keys().copied().collect();
                for conn in all {
                    self.hear(person, conn, &text);
                }
            }
            Effect::Close { conn, why } => self.shut(person, conn, why),
            Effect::Verify { .. } => {}
            Effect::Dismiss { call, object, dismissal } => {
                self.flights.push(Flight::Dismiss { person, life, call, object, dismissal })
            }
            Effect::Circle { turn } => self.flights.push(Flight::Circle { person, life, turn }),
            Effect::Watch { call, peers } => self.flights.push(Flight::Watch { person, life, call, peers }),
            Effect::Show { call, as_of, groups } => {
                self.check_showing(person, as_of, &groups);
                self.flights.push(Flight::Show { person, life, call, as_of, groups });
            }
            Effect::Erase => panic!("nobody is gone for good here"),
        }
    }

    fn shut(&mut self, person: usize, conn: Conn, why: Close) {
        if why == Close::TooManyDevices {
            self.marks.insert(Mark::Kicked);
        }
        self.homes[person].wires.remove(&conn);
    }

    fn write(&mut self, person: usize, save: Save) {
        let home = &mut self.homes[person];
        home.disk.player = save.player.or(home.disk.player.take());
        home.disk.circle = save.circle.or(home.disk.circle.take());
        for (by, watches) in save.watchers {
            home.disk.watchers.retain(|one| *one != by);
            if watches {
                home.disk.watchers.push(by);
            }
        }
        home.disk.watchers.sort();
        home.alarm = save.alarm.or(home.alarm);
    }

    /// The machine is lost, and with it the lines and all answers.
    pub fn crash(&mut self, person: usize, mark: Mark) {
        self.trace(|| format!("p_{person} crash: {mark:?}"));
        self.marks.insert(mark);
        let home = &mut self.homes[person];
        home.life += 1;
        home.player = None;
        home.wires.clear();
    }

    /// The object leaves memory between two events, with the lines kept. What comes back is what was there.
    pub fn evict(&mut self, person: usize) {
        let home = &mut self.homes[person];
        let Some(player) = home.player.take() else {
            return;
        };
        home.life += 1;
        let (back, effects) = home.restore(home.latest);
        let harmless = |effect: &Effect| match effect {
            Effect::Save(save) => save.player.is_none() && save.watchers.is_empty(),
            _ => false,
        };
        assert!(effects.iter().all(harmless), "an eviction has effects: {effects:?}");
        assert_eq!(player.remembered(), back.remembered());
        self.marks.insert(Mark::Evicted);
        self.trace(|| format!("p_{person} evicted"));
    }

    /// The alarm, where it is due: on time, or late.
    pub fn ring(&mut self, person: usize) {
        let Some(due) = self.homes[person].alarm.filter(|due| due.ms() <= self.now) else {
            return;
        };
        if self.chance.percent(self.rough.late) {
            self.marks.insert(Mark::AlarmLate);
            return;
        }
        self.homes[person].alarm = None;
        if !self.turn(person, &Input::Woke) {
            self.homes[person].alarm.get_or_insert(due);
        }
    }

    /// A line of their own opens, where their object lets it.
    pub fn dial_me(&mut self, person: usize, who: Who) {
        self.wake(person);
        let now = self.time();
        let player = self.homes[person].player.as_ref().expect("awake");
        if player.bar(now, who.ep, &who.sid).is_some() {
            self.marks.insert(Mark::Barred);
            return;
        }
        let conn = player.next_conn();
        let line = Line {
            who: who.clone(),
            attachment: None,
            active: true,
            cut: false,
            cut_at: 0,
            gone_at: None,
            view: View::default(),
        };
        self.homes[person].wires.insert(conn, line);
        self.turn(person, &Input::Opened { conn, who });
    }

    /// Lines of which nothing was heard for too long are closed before anything is said of them.
    pub fn hush(&mut self, person: usize) {
        let now = self.now;
        let silent = |line: &Line| line.cut && now - line.cut_at > 35_000;
        let wires = self.homes[person].wires.iter();
        let dead: Vec<Conn> = wires.filter(|(_, line)| silent(line)).map(|(&conn, _)| conn).collect();
        for conn in dead {
            self.marks.insert(Mark::Silent);
            self.homes[person].wires.remove(&conn);
            self.turn(person, &Input::Closed { conn });
        }
    }

    fn check_turn(&mut self, person: usize) {
        let home = &self.homes[person];
        let machine = home.player.as_ref().expect("awake");
        let (mut memory, lines) = machine.remembered();
        if home.disk.player.is_none() {
            memory.player = None;
        }
        if home.disk.circle.is_none() {
            memory.circle = None;
        }
        assert_eq!(memory, home.disk, "p_{person}: memory is not what is on disk");
        assert_eq!(lines.len(), home.wires.len(), "of {:?}", player(person));
        if let Some(wake) = machine.wake_at(home.latest) {
            let alarm = home.alarm;
            assert!(alarm.is_some_and(|alarm| alarm <= wake), "to wake at {wake:?}, alarm at {alarm:?}");
        }
    }
}
