//! What is so, as nobody in the world knows it: against this everything that is said is held.

use crate::marks::Mark;
use crate::world::{World, number, player};
use shared::caps;
use shared::id::PlayerId;
use shared::notice::{News, Notice};
use shared::player::Showing;
use shared::presence::{Presence, Sight, State};
use shared::time::{self, Time};
use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub struct Truth {
    /// When each object last counted a device.
    here: Vec<Option<u64>>,
    /// Since when the object of one knows that another may not see them. Absent: they may, or it was not told yet.
    forbidden: BTreeMap<(usize, usize), u64>,
    /// When each was last told of each, and what.
    told: BTreeMap<(usize, PlayerId), (Time, State)>,
    /// When the circle of each last changed at their object.
    turned: Vec<u64>,
}

impl Truth {
    pub fn new(people: usize) -> Self {
        Self { here: vec![None; people], turned: vec![0; people], ..Self::default() }
    }
}

impl World {
    /// After each turn: when somebody was last on a device, as far as their object knows.
    pub fn note_state(&mut self, person: usize) {
        let player = self.homes[person].player.as_ref().expect("awake");
        match player.state(self.time()) {
            State::Online | State::Away => self.truth.here[person] = Some(self.now),
            State::Reconnecting | State::Offline => {}
        }
    }

    /// There are never more sockets than the cap, wherever they are.
    pub fn check_cap(&self, person: usize) {
        let theirs = player(person);
        let wires = self.places.iter().flat_map(|place| place.wires.values());
        let open = wires.filter(|wire| wire.who.player == theirs).count();
        assert!(open <= caps::DEVICES, "{theirs} is connected {open} times");
    }

    /// The region has decided: who may not see whom from now on, once the object knows.
    pub fn judge(&mut self, of: usize, by: usize) {
        if self.may_see(of, by) {
            self.truth.forbidden.remove(&(of, by));
        }
    }

    /// The object knows what the region said: from now on it must hold.
    pub fn heard_notice(&mut self, person: usize, notice: &Notice) {
        if notice.news != News::Circle {
            return;
        }
        self.truth.turned[person] = self.now;
        for by in 0..self.people.len() {
            if !self.may_see(person, by) {
                let since = self.now;
                self.truth.forbidden.entry((person, by)).or_insert(since);
            }
        }
    }

    /// What goes out to those who watch: only to who may know, not too often, and nobody is gone too early.
    pub fn check_showing(&mut self, of: usize, as_of: Time, groups: &[Showing]) {
        for group in groups {
            for by in &group.to {
                let last = self.truth.told.insert((of, by.clone()), (as_of, group.sight.state));
                // Where the object was not told yet, it goes by what it knows.
                let told = self.people[of].notices.is_empty();
                let may = told && self.may_see(of, number(by));
                if group.sight.state != State::Offline {
                    self.check_sight(of, number(by), group.sight);
                } else if may
                    && last.is_none_or(|(before, _)| before != as_of)
                    && self.truth.turned[of] + 60_000 < self.now
                {
                    let here = self.truth.here[of].unwrap_or_default();
                    let flap = time::ms(caps::FLAP);
                    assert!(self.now >= here + flap, "p_{of} is gone too early");
                }
                if let Some((before, _)) = last.filter(|(before, _)| *before != as_of)
                    && self.truth.turned[of] + 60_000 < self.now
                {
                    let since = as_of.since(before);
                    assert!(since >= caps::PRESENCE_EVERY, "{by} hears of p_{of} again after {since:?}");
                }
            }
        }
    }

    /// Nobody is told of somebody whom they may not see, once that somebody's object was told so.
    pub fn check_sight(&mut self, of: usize, by: usize, sight: Sight) {
        if !self.may_see(of, by) {
            self.marks.insert(Mark::Strange);
        }
        let Some(&since) = self.truth.forbidden.get(&(of, by)) else {
            return;
        };
        assert!(
            sight.state == State::Offline || sight.as_of.ms() <= since,
            "p_{by} sees p_{of} as {sight:?}, forbidden since {since}"
        );
    }

    /// A line hears of somebody.
    pub fn check_hearing(&mut self, person: usize, presence: &Presence) {
        self.marks.insert(match presence.sight.state {
            State::Online => Mark::Online,
            State::Away => Mark::Away,
            State::Reconnecting => Mark::Reconnecting,
            State::Offline => Mark::Offline,
        });
        let of = number(&presence.player);
        if self.people[of].hidden && presence.sight.state == State::Offline {
            self.marks.insert(Mark::Hidden);
        }
        self.check_sight(of, person, presence.sight);
    }
}
