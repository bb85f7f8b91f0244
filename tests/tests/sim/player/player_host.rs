//! The host of a player object: passes inputs to the machine, applies its effects, crashes and evicts it.

use crate::marks::Mark;
use crate::network::Message;
use crate::people::View;
use crate::world::World;
use shared::connection::ConnectionInput;
use shared::connection::{Conn, Identity};
use shared::player::{Effect, Input, Player, Rows, Save};
use shared::time::Time;
use shared::wire::CloseCode;
use std::collections::BTreeMap;
use tests::kit::identity::player;
use tests::kit::network::Link;
use tests::kit::platform::{Alarm, Ring, assert_unchanged, attachments};

/// The platform of one player object, and the object in memory.
#[derive(Debug, Default)]
pub struct PlayerHost {
    pub disk: Rows,
    pub alarm: Alarm,
    pub wires: BTreeMap<Conn, MeSocket>,
    pub player: Option<Player>,
    /// The instance in memory; answers to an older instance are lost.
    pub instance: u64,
    pub latest: Time,
}

/// An open me socket.
#[derive(Debug)]
pub struct MeSocket {
    pub who: Identity,
    pub link: Link,
    pub active: bool,
    pub view: View,
}

impl PlayerHost {
    fn restore(&self, now: Time) -> (Player, Vec<Effect>) {
        let attachments = attachments(self.wires.values().map(|line| &line.link));
        Player::restore(&self.disk, &attachments, now).expect("a player can be read back")
    }
}

impl World {
    /// Loads the object into memory.
    pub fn wake(&mut self, person: usize) {
        while self.players[person].player.is_none() {
            let now = self.time();
            let (player, effects) = self.players[person].restore(now);
            self.trace(|| format!("p_{person} restored -> {effects:?}"));
            self.players[person].latest = now;
            self.players[person].player = Some(player);
            self.perform(person, effects);
        }
    }

    /// Runs one turn with an answer. Returns none if the object crashed before the last effect.
    pub fn change<T: std::fmt::Debug>(
        &mut self,
        person: usize,
        turn: impl FnOnce(&mut Player, Time) -> (T, Vec<Effect>),
    ) -> Option<T> {
        self.wake(person);
        let now = self.time();
        let object = &mut self.players[person];
        object.latest = now;
        let (answer, effects) = turn(object.player.as_mut().expect("awake"), now);
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
        let crash = self.weather.faults.crash_before(effects.len(), &mut self.chance);
        for (nth, effect) in effects.into_iter().enumerate() {
            if crash == Some(nth) {
                self.crash(person, Mark::CrashedBetweenEffects);
                return false;
            }
            self.apply(person, effect);
        }
        true
    }

    fn apply(&mut self, person: usize, effect: Effect) {
        let instance = self.players[person].instance;
        match effect {
            Effect::Save(save) => self.write(person, save),
            Effect::Attach { conn, data } => {
                if let Some(wire) = self.players[person].wires.get_mut(&conn) {
                    wire.link.attachment = Some(data);
                }
            }
            Effect::Send { conn, text } => self.receive(person, conn, &text),
            Effect::Broadcast { text, .. } => {
                let all: Vec<Conn> = self.players[person].wires.keys().copied().collect();
                for conn in all {
                    self.receive(person, conn, &text);
                }
            }
            Effect::Close { conn, code: why } => self.shut(person, conn, why),
            Effect::Verify { .. } => {}
            Effect::ForceClose { call, object, close: dismissal } => {
                self.in_flight.push(Message::ForceClose { person, instance, call, object, dismissal });
            }
            Effect::FetchVisibility { revision } => {
                self.in_flight.push(Message::Visibility { person, instance, revision });
            }
            Effect::Subscribe { call, peers } => {
                self.in_flight.push(Message::Subscribe { person, instance, call, peers });
            }
            Effect::Publish { call, as_of, groups } => {
                self.check_published(person, as_of, &groups);
                self.in_flight.push(Message::Publish { person, instance, call, as_of, groups });
            }
            Effect::Erase => panic!("no account is erased here"),
        }
    }

    fn shut(&mut self, person: usize, conn: Conn, why: CloseCode) {
        let Some(wire) = self.players[person].wires.remove(&conn) else {
            return;
        };
        match why {
            CloseCode::TooManyDevices => drop(self.marks.insert(Mark::Kicked)),
            CloseCode::TokenExpired => {
                self.marks.insert(Mark::TokenExpired);
                assert!(
                    wire.who.exp <= self.time(),
                    "p_{person}: {wire:?} is closed before its token expires"
                );
            }
            CloseCode::SessionRevoked => {
                assert!(
                    !self.is_good(person, &wire.who),
                    "p_{person}: {wire:?} is closed, its login goes on"
                );
            }
            _ => {}
        }
    }

    fn write(&mut self, person: usize, save: Save) {
        let object = &mut self.players[person];
        object.disk.player = save.player.or(object.disk.player.take());
        object.disk.visibility = save.visibility.or(object.disk.visibility.take());
        for (by, watches) in save.subscribers {
            object.disk.subscribers.retain(|one| *one != by);
            if watches {
                object.disk.subscribers.push(by);
            }
        }
        object.disk.subscribers.sort();
        object.alarm.set(save.alarm);
    }

    /// Loses the machine, with its sockets and all answers.
    pub fn crash(&mut self, person: usize, mark: Mark) {
        self.trace(|| format!("p_{person} crash: {mark:?}"));
        self.marks.insert(mark);
        let object = &mut self.players[person];
        object.instance += 1;
        object.player = None;
        object.wires.clear();
    }

    /// Evicts the object between two events, keeps its sockets, and checks that the restored object is equal.
    pub fn evict(&mut self, person: usize) {
        let object = &mut self.players[person];
        let Some(player) = object.player.take() else {
            return;
        };
        object.instance += 1;
        let (back, effects) = object.restore(object.latest);
        let harmless = |effect: &Effect| match effect {
            Effect::Save(save) => save.player.is_none() && save.subscribers.is_empty(),
            _ => false,
        };
        assert!(effects.iter().all(harmless), "an eviction has effects: {effects:?}");
        assert_unchanged(&player.durable_state(), &back.durable_state());
        self.marks.insert(Mark::Evicted);
        self.trace(|| format!("p_{person} evicted"));
    }

    /// Rings the alarm if it is due, on time or late.
    pub fn ring(&mut self, person: usize) {
        let late = self.weather.faults.late;
        let due = match self.players[person].alarm.ring(self.now, late, &mut self.chance) {
            Ring::NotDue => return,
            Ring::Late => {
                self.marks.insert(Mark::AlarmLate);
                return;
            }
            Ring::Rings(due) => due,
        };
        if !self.turn(person, &Input::Woke) {
            self.players[person].alarm.retry(due);
        }
    }

    /// Connects a me socket, if the player object admits it.
    pub fn connect_me(&mut self, person: usize, who: Identity) {
        self.wake(person);
        let now = self.time();
        let player = self.players[person].player.as_ref().expect("awake");
        if player.denial(now, who.ep, &who.sid).is_some() {
            self.marks.insert(Mark::Denied);
            return;
        }
        let conn = player.next_conn();
        let mut who = who;
        if self.chance.one_in(4) {
            who.exp = Time::from_ms(self.now + self.chance.between(1000, 60_000));
        }
        let line = MeSocket { who: who.clone(), link: Link::default(), active: true, view: View::default() };
        self.players[person].wires.insert(conn, line);
        self.turn(person, &Input::Opened { conn, identity: who });
    }

    /// Closes silent me sockets.
    pub fn close_silent(&mut self, person: usize) {
        let now = self.now;
        let wires = self.players[person].wires.iter();
        let dead: Vec<Conn> =
            wires.filter(|(_, line)| line.link.is_silent(now)).map(|(&conn, _)| conn).collect();
        for conn in dead {
            self.marks.insert(Mark::Silent);
            self.players[person].wires.remove(&conn);
            self.turn(person, &ConnectionInput::Closed { conn }.into());
        }
    }

    fn check_turn(&mut self, person: usize) {
        let object = &self.players[person];
        let machine = object.player.as_ref().expect("awake");
        let (mut memory, lines) = machine.durable_state();
        if object.disk.player.is_none() {
            memory.player = None;
        }
        if object.disk.visibility.is_none() {
            memory.visibility = None;
        }
        assert_eq!(memory, object.disk, "p_{person}: the memory differs from the disk");
        assert_eq!(lines.len(), object.wires.len(), "of {:?}", player(person));
        for wire in object.wires.values() {
            assert!(object.latest < wire.who.exp, "p_{person}: {wire:?} outlives its token");
        }
        object.alarm.assert_covers(machine.wake_at(object.latest));
    }
}
