//! People and their devices, and the region that decides who they are.

use crate::marks::Mark;
use crate::network::Flight;
use crate::world::{World, player};
use serde_json::Value;
use shared::id::{PlayerId, SessionId};
use shared::notice::{News, Notice};
use shared::presence::{Presence, Sight, State};
use shared::record::Circle;
use shared::socket::{Conn, Who};
use shared::time::Time;
use std::collections::{BTreeMap, BTreeSet};

/// A person, as the region knows them.
#[derive(Debug, Default)]
pub struct Person {
    pub ep: u64,
    /// Which of their two logins have ended: a newer one has the next number.
    pub logins: [u32; 2],
    pub ended: BTreeSet<SessionId>,
    pub banned: Option<Time>,
    pub hidden: bool,
    pub friends: BTreeSet<usize>,
    /// What the edge has not confirmed, the oldest first.
    pub notices: Vec<Notice>,
}

/// What a line shows of others.
#[derive(Debug, Default)]
pub struct View(pub BTreeMap<PlayerId, Sight>);

impl View {
    pub fn state(&self, of: &PlayerId) -> State {
        self.0.get(of).map_or(State::Offline, |sight| sight.state)
    }
}

impl World {
    /// A token of one of their logins, as it is given now.
    pub fn who(&mut self, person: usize) -> Who {
        let login = self.chance.below(2);
        let at = &self.people[person];
        Who {
            player: player(person),
            sid: sid(person, login, at.logins[login]),
            ep: at.ep,
            exp: Time::from_ms(u64::MAX),
        }
    }

    /// The region decides something of somebody; the edge is to be told.
    pub fn decide(&mut self, person: usize) {
        let now = self.time();
        let other = self.chance.below(self.people.len());
        match self.chance.below(7) {
            0 => {
                self.people[person].ep += 1;
                let ep = self.people[person].ep;
                self.marks.insert(Mark::Revoked);
                self.owe(person, News::Revoked { ep });
            }
            1 => {
                let login = self.chance.below(2);
                let at = &mut self.people[person];
                let ended = sid(person, login, at.logins[login]);
                at.logins[login] += 1;
                at.ended.insert(ended.clone());
                self.marks.insert(Mark::SessionEnded);
                self.owe(person, News::SessionEnded { sid: ended });
            }
            2 => {
                let until = now + std::time::Duration::from_hours(24);
                self.people[person].banned = Some(until);
                self.marks.insert(Mark::Banned);
                self.owe(person, News::Banned { until });
            }
            3 => {
                self.people[person].banned = None;
                self.marks.insert(Mark::Unbanned);
                self.owe(person, News::Unbanned);
            }
            4 => {
                self.people[person].hidden ^= true;
                self.owe(person, News::Circle);
                for by in 0..self.people.len() {
                    self.judge(person, by);
                }
            }
            _ if other != person => {
                let (one, two) = (person, other);
                for (a, b) in [(one, two), (two, one)] {
                    let friends = &mut self.people[a].friends;
                    if !friends.remove(&b) {
                        friends.insert(b);
                    }
                }
                self.owe(one, News::Circle);
                self.owe(two, News::Circle);
                self.judge(one, two);
                self.judge(two, one);
            }
            _ => {}
        }
    }

    fn owe(&mut self, person: usize, news: News) {
        // Two decisions are never of the same moment: the region's store sees to it.
        self.now += 1;
        let notice = Notice { player: player(person), at: self.time(), news };
        self.trace(|| format!("region: {notice:?}"));
        self.people[person].notices.push(notice.clone());
        self.flights.push(Flight::Notice { person, notice });
    }

    /// Whether `by` may see whether `of` is here.
    pub fn may_see(&self, of: usize, by: usize) -> bool {
        let at = &self.people[of];
        !at.hidden && at.friends.contains(&by)
    }

    pub fn circle(&self, person: usize) -> Circle {
        let at = &self.people[person];
        Circle {
            player: player(person),
            mutual: at.friends.iter().map(|&one| player(one)).collect(),
            hidden: at.hidden,
        }
    }

    /// Whether a socket with this token may be open, by what the region has decided.
    pub fn is_good(&self, person: usize, who: &Who) -> bool {
        let at = &self.people[person];
        who.ep >= at.ep && !at.ended.contains(&who.sid) && at.banned.is_none_or(|until| until <= self.time())
    }

    /// A line hears a frame.
    pub fn hear(&mut self, person: usize, conn: Conn, text: &str) {
        let value: Value = serde_json::from_str(text).expect("JSON goes out");
        if value["ev"] != "presence" {
            return;
        }
        let presence: Presence = serde_json::from_value(value["body"].clone()).expect("a presence");
        self.check_hearing(person, &presence);
        let Some(wire) = self.homes[person].wires.get_mut(&conn) else {
            return;
        };
        if wire.cut {
            return;
        }
        let known = wire.view.0.get(&presence.player);
        if known.is_none_or(|known| known.as_of <= presence.sight.as_of) {
            wire.view.0.insert(presence.player, presence.sight);
        }
    }
}

fn sid(person: usize, login: usize, nth: u32) -> SessionId {
    format!("s_{person}-{login}-{nth}").parse().expect("an id")
}
