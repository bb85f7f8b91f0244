//! The oracle of player objects: knows the true state, and checks every published presence against it.

use crate::marks::Mark;
use crate::world::World;
use shared::id::PlayerId;
use shared::limits;
use shared::player::PublishGroup;
use shared::presence::{PlayerPresence, PresenceAt, State};
use shared::rpc::notice::{Notice, NoticeKind};
use shared::time::{self, Time};
use std::collections::BTreeMap;
use tests::kit::identity::{number, player};

#[derive(Debug, Default)]
pub struct Oracle {
    /// The time at which each object last had a device.
    here: Vec<Option<u64>>,
    /// The time since which a player object knows that another player may not see it.
    forbidden: BTreeMap<(usize, usize), u64>,
    /// The last presence of each player that each subscriber was sent.
    told: BTreeMap<(usize, PlayerId), (Time, State)>,
    /// The time of the last change of visibility at each object.
    visibility_changed: Vec<u64>,
}

impl Oracle {
    pub fn new(people: usize) -> Self {
        Self { here: vec![None; people], visibility_changed: vec![0; people], ..Self::default() }
    }
}

impl World {
    /// Records after each turn when the object last had a device.
    pub fn note_state(&mut self, person: usize) {
        let player = self.players[person].player.as_ref().expect("awake");
        match player.state(self.time()) {
            State::Online | State::Away => self.oracle.here[person] = Some(self.now),
            State::Reconnecting | State::Offline => {}
        }
    }

    /// Checks that a player never has more sockets than the limit, over all hosts.
    pub fn check_device_limit(&self, person: usize) {
        let theirs = player(person);
        let wires = self.hosts.iter().flat_map(|host| host.wires.values());
        let open = wires.filter(|wire| wire.who.player == theirs).count();
        assert!(open <= limits::DEVICES_MAX, "{theirs} is connected {open} times");
    }

    /// Lifts the prohibition if the region now allows it.
    pub fn allow(&mut self, of: usize, by: usize) {
        if self.may_see(of, by) {
            self.oracle.forbidden.remove(&(of, by));
        }
    }

    /// Records that the object received a notice, and must follow it from now on.
    pub fn note_notice(&mut self, person: usize, notice: &Notice) {
        if notice.kind != NoticeKind::Visibility {
            return;
        }
        self.oracle.visibility_changed[person] = self.now;
        for by in 0..self.people.len() {
            if !self.may_see(person, by) {
                let since = self.now;
                self.oracle.forbidden.entry((person, by)).or_insert(since);
            }
        }
    }

    /// Checks a published presence: only visible players, not too often, and offline only after the debounce.
    pub fn check_published(&mut self, of: usize, as_of: Time, groups: &[PublishGroup]) {
        for group in groups {
            for by in &group.to {
                let last = self.oracle.told.insert((of, by.clone()), (as_of, group.presence.state));
                // Without the notice, the object follows the visibility that it knows.
                let told = self.people[of].notices.is_empty();
                let may = told && self.may_see(of, number(by));
                if group.presence.state != State::Offline {
                    self.check_visible(of, number(by), group.presence);
                } else if may
                    && last.is_none_or(|(before, _)| before != as_of)
                    && self.oracle.visibility_changed[of] + 60_000 < self.now
                {
                    let here = self.oracle.here[of].unwrap_or_default();
                    let flap = time::ms(limits::OFFLINE_DEBOUNCE);
                    assert!(self.now >= here + flap, "p_{of} is offline too early");
                }
                if let Some((before, _)) = last.filter(|(before, _)| *before != as_of)
                    && self.oracle.visibility_changed[of] + 60_000 < self.now
                {
                    let since = as_of.since(before);
                    assert!(
                        since >= limits::PRESENCE_INTERVAL,
                        "{by} is told of p_{of} again after {since:?}"
                    );
                }
            }
        }
    }

    /// Checks that a player is not shown to others after its object learned that they may not see it.
    pub fn check_visible(&mut self, of: usize, by: usize, sight: PresenceAt) {
        if !self.may_see(of, by) {
            self.marks.insert(Mark::NotVisible);
        }
        let Some(&since) = self.oracle.forbidden.get(&(of, by)) else {
            return;
        };
        assert!(
            sight.state == State::Offline || sight.as_of.ms() <= since,
            "p_{by} sees p_{of} as {sight:?}, forbidden since {since}"
        );
    }

    /// Checks a presence event on a me socket.
    pub fn check_event(&mut self, person: usize, presence: &PlayerPresence) {
        self.marks.insert(match presence.presence.state {
            State::Online => Mark::Online,
            State::Away => Mark::Away,
            State::Reconnecting => Mark::Reconnecting,
            State::Offline => Mark::Offline,
        });
        let of = number(&presence.player);
        if self.people[of].hidden && presence.presence.state == State::Offline {
            self.marks.insert(Mark::Hidden);
        }
        self.check_visible(of, person, presence.presence);
    }
}
