//! The players, their devices, and the decisions of the region.

use crate::inbox::Ledger;
use crate::marks::Mark;
use crate::network::Message;
use crate::world::World;
use shared::connection::{Conn, Identity};
use shared::id::{NoticeId, PlayerId, SessionId};
use shared::presence::{PlayerPresence, PresenceAt, State};
use shared::rpc::notice::{Notice, NoticeKind};
use shared::rpc::record::Visibility;
use shared::time::Time;
use shared::wire::envelope::Envelope;
use shared::wire::me::{Event, MeMessage};
use std::collections::{BTreeMap, BTreeSet};
use tests::kit::identity::player;

/// A player as the region knows it.
#[derive(Debug, Default)]
pub struct Person {
    pub ep: u64,
    /// The numbers of their two current logins. A new login has the next number.
    pub logins: [u32; 2],
    pub ended: BTreeSet<SessionId>,
    pub banned: Option<Time>,
    pub hidden: bool,
    pub friends: BTreeSet<usize>,
    /// The notices that the edge has not confirmed, the oldest first.
    pub notices: Vec<Notice>,
    /// The notices of the operator's backend.
    pub inbox: Ledger,
}

/// The content of a me socket, as a page shows it.
#[derive(Debug, Default)]
pub struct View {
    pub presences: BTreeMap<PlayerId, PresenceAt>,
    /// The unread notices of the operator's backend.
    pub notices: BTreeSet<NoticeId>,
    /// The notices of each `read` that was sent; its position is the id of the command.
    pub reads: Vec<Vec<NoticeId>>,
}

impl View {
    pub fn state(&self, of: &PlayerId) -> State {
        self.presences.get(of).map_or(State::Offline, |sight| sight.state)
    }
}

impl World {
    /// Returns the identity of a token of one of their logins.
    pub fn identity(&mut self, person: usize) -> Identity {
        let login = self.chance.below(2);
        let at = &self.people[person];
        Identity {
            player: player(person),
            sid: sid(person, login, at.logins[login]),
            ep: at.ep,
            exp: Time::from_ms(u64::MAX),
        }
    }

    /// Makes a random decision of the region, with a notice to the edge.
    pub fn decide(&mut self, person: usize) {
        let now = self.time();
        let other = self.chance.below(self.people.len());
        match self.chance.below(7) {
            0 => {
                self.people[person].ep += 1;
                let ep = self.people[person].ep;
                self.marks.insert(Mark::Revoked);
                self.announce(person, NoticeKind::Revoked { ep });
            }
            1 => {
                let login = self.chance.below(2);
                let at = &mut self.people[person];
                let ended = sid(person, login, at.logins[login]);
                at.logins[login] += 1;
                at.ended.insert(ended.clone());
                self.marks.insert(Mark::SessionEnded);
                self.announce(person, NoticeKind::SessionEnded { sid: ended });
            }
            2 => {
                let until = now + std::time::Duration::from_hours(24);
                self.people[person].banned = Some(until);
                self.marks.insert(Mark::Banned);
                self.announce(person, NoticeKind::Banned { until });
            }
            3 => {
                self.people[person].banned = None;
                self.marks.insert(Mark::Unbanned);
                self.announce(person, NoticeKind::Unbanned);
            }
            4 => {
                self.people[person].hidden ^= true;
                self.announce(person, NoticeKind::Visibility);
                for by in 0..self.people.len() {
                    self.allow(person, by);
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
                self.announce(one, NoticeKind::Visibility);
                self.announce(two, NoticeKind::Visibility);
                self.allow(one, two);
                self.allow(two, one);
            }
            _ => {}
        }
    }

    fn announce(&mut self, person: usize, news: NoticeKind) {
        // Two decisions never have the same time: the store of the region ensures it.
        self.now += 1;
        let notice = Notice { player: player(person), at: self.time(), kind: news };
        self.trace(|| format!("region: {notice:?}"));
        self.people[person].notices.push(notice.clone());
        self.in_flight.push(Message::Notice { person, notice });
    }

    /// True if `by` may see the presence of `of`.
    pub fn may_see(&self, of: usize, by: usize) -> bool {
        let at = &self.people[of];
        !at.hidden && at.friends.contains(&by)
    }

    pub fn visibility(&self, person: usize) -> Visibility {
        let at = &self.people[person];
        Visibility {
            player: player(person),
            mutual: at.friends.iter().map(|&one| player(one)).collect(),
            hidden: at.hidden,
        }
    }

    /// True if the decisions of the region allow a socket with this identity.
    pub fn is_good(&self, person: usize, who: &Identity) -> bool {
        let at = &self.people[person];
        who.ep >= at.ep && !at.ended.contains(&who.sid) && at.banned.is_none_or(|until| until <= self.time())
    }

    /// Delivers a frame to a me socket.
    pub fn receive(&mut self, person: usize, conn: Conn, text: &str) {
        for message in MeMessage::read_frame(text).expect("a frame of a me socket") {
            match message {
                MeMessage::Event(Envelope { event: Event::Presence(presence), .. }) => {
                    self.show(person, conn, presence);
                }
                MeMessage::Event(Envelope { event: Event::Notice(notice), .. }) => {
                    self.show_notice(person, conn, notice);
                }
                MeMessage::Reply(reply) => self.note_read(person, conn, &reply),
                MeMessage::Event(Envelope { event: Event::Unknown { .. }, .. }) => {
                    panic!("p_{person} receives an event of another version: {text}");
                }
                MeMessage::Welcome(_) => {}
            }
        }
    }

    fn show(&mut self, person: usize, conn: Conn, presence: PlayerPresence) {
        self.check_event(person, &presence);
        let Some(wire) = self.players[person].wires.get_mut(&conn) else {
            return;
        };
        if wire.link.is_cut() {
            return;
        }
        let known = wire.view.presences.get(&presence.player);
        if known.is_none_or(|known| known.as_of <= presence.presence.as_of) {
            wire.view.presences.insert(presence.player, presence.presence);
        }
    }
}

fn sid(person: usize, login: usize, nth: u32) -> SessionId {
    format!("s_{person}-{login}-{nth}").parse().expect("an id")
}
