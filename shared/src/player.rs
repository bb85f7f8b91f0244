//! The one authority on a person: how often they are connected, and in which match.

use crate::caps;
use crate::id::RoomId;
use crate::internal::{PlayerAnswer, PlayerAsk};
use crate::socket::Conn;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// A person, as the edge knows them. A value: each question has its answer at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Player {
    leases: Vec<Lease>,
    live: Option<Live>,
    /// The last matches that let them go: what a lobby asked for one of these before may still come.
    #[serde(default)]
    freed: VecDeque<RoomId>,
}

/// A socket somewhere in the world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Lease {
    object: String,
    conn: Conn,
    since: Time,
}

/// The match that they are in, or about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Live {
    room: RoomId,
    /// A reservation ends then; a match that is made has no end of its own.
    until: Option<Time>,
}

impl Player {
    /// Answers, and says whether there is something to save.
    pub fn answer(&mut self, now: Time, ask: PlayerAsk) -> (PlayerAnswer, bool) {
        let before = self.clone();
        let answer = self.decide(now, ask);
        (answer, *self != before)
    }

    fn decide(&mut self, now: Time, ask: PlayerAsk) -> PlayerAnswer {
        self.leases
            .retain(|lease| now.since(lease.since) < caps::LEASE);
        match ask {
            PlayerAsk::Claim {
                object,
                conn,
                holding,
                ep: _,
            } => self.claim(now, object, conn, &holding),
            PlayerAsk::Correct { object, holding } => {
                self.leases
                    .retain(|lease| lease.object != object || holding.contains(&lease.conn));
                self.granted(now)
            }
            PlayerAsk::Release { object, conn } => {
                self.leases
                    .retain(|lease| lease.object != object || lease.conn != conn);
                self.granted(now)
            }
            PlayerAsk::Reserve { room } => self.take(now, room, true),
            PlayerAsk::Commit { room, lobby } => {
                let answer = self.take(now, room, false);
                if matches!(answer, PlayerAnswer::Granted { .. }) {
                    self.leases.retain(|lease| lease.object != lobby);
                }
                answer
            }
            PlayerAsk::Free { room } => {
                if self.live.as_ref().is_some_and(|live| live.room == room) {
                    self.live = None;
                }
                if !self.freed.contains(&room) {
                    self.freed.push_back(room);
                    let over = self.freed.len().saturating_sub(caps::FREED);
                    self.freed.drain(..over);
                }
                self.granted(now)
            }
            PlayerAsk::Live => self.granted(now),
        }
    }

    /// The object knows best what it holds: leases there that it does not name are gone.
    fn claim(&mut self, now: Time, object: String, conn: Conn, holding: &[Conn]) -> PlayerAnswer {
        self.leases
            .retain(|lease| lease.object != object || holding.contains(&lease.conn));
        if self.leases.len() >= caps::DEVICES {
            let at = self
                .leases
                .iter()
                .map(|lease| lease.object.clone())
                .filter(|at| *at != object)
                .collect();
            return PlayerAnswer::Full { at };
        }
        self.leases.push(Lease {
            object,
            conn,
            since: now,
        });
        self.granted(now)
    }

    fn take(&mut self, now: Time, room: RoomId, reserve: bool) -> PlayerAnswer {
        if self.freed.contains(&room) {
            return PlayerAnswer::Busy { room, until: None };
        }
        match self.live(now) {
            Some(live) if live.room != room => {
                return PlayerAnswer::Busy {
                    room: live.room.clone(),
                    until: live.until,
                };
            }
            Some(live) if reserve && live.until.is_none() => {}
            Some(_) | None => {
                let until = reserve.then(|| now + caps::RESERVATION);
                self.live = Some(Live { room, until });
            }
        }
        self.granted(now)
    }

    fn live(&self, now: Time) -> Option<&Live> {
        self.live
            .as_ref()
            .filter(|live| live.until.is_none_or(|until| now < until))
    }

    /// A reservation is not yet a match: only a match that is made is told.
    fn granted(&self, now: Time) -> PlayerAnswer {
        let live = self.live(now).filter(|live| live.until.is_none());
        PlayerAnswer::Granted {
            live: live.map(|live| live.room.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(object: &str, conn: u32, holding: &[u32]) -> PlayerAsk {
        let holding = holding.iter().copied().map(Conn).collect();
        PlayerAsk::Claim {
            object: object.into(),
            conn: Conn(conn),
            holding,
            ep: 0,
        }
    }

    fn room(n: u32) -> RoomId {
        format!("m_{n}").parse().unwrap()
    }

    fn busy(n: u32, until: Option<u64>) -> PlayerAnswer {
        PlayerAnswer::Busy {
            room: room(n),
            until: until.map(Time::from_ms),
        }
    }

    const FREE: PlayerAnswer = PlayerAnswer::Granted { live: None };

    fn check(asks: Vec<(u64, PlayerAsk, PlayerAnswer)>) {
        let mut player = Player::default();
        for (ms, ask, expected) in asks {
            assert_eq!(
                player.answer(Time::from_ms(ms), ask.clone()).0,
                expected,
                "{ask:?}"
            );
        }
    }

    fn full(at: &[&str]) -> PlayerAnswer {
        PlayerAnswer::Full {
            at: at.iter().map(|&at| at.to_owned()).collect(),
        }
    }

    #[test]
    fn a_third_connection_is_one_too_many() {
        check(vec![
            (0, claim("a", 1, &[]), FREE),
            (0, claim("b", 1, &[]), FREE),
            (0, claim("c", 1, &[]), full(&["a", "b"])),
            (
                0,
                PlayerAsk::Release {
                    object: "a".into(),
                    conn: Conn(1),
                },
                FREE,
            ),
            (0, claim("c", 1, &[]), FREE),
        ]);
    }

    #[test]
    fn an_object_that_lost_its_sockets_gives_their_leases_back() {
        check(vec![
            (0, claim("a", 1, &[]), FREE),
            (0, claim("a", 2, &[]), FREE),
            (0, claim("a", 3, &[2]), FREE),
            (0, claim("b", 1, &[]), full(&["a", "a"])),
            (
                0,
                PlayerAsk::Correct {
                    object: "a".into(),
                    holding: vec![],
                },
                FREE,
            ),
            (0, claim("b", 1, &[]), FREE),
        ]);
    }

    #[test]
    fn nobody_is_in_two_matches() {
        let ms = crate::time::ms(caps::RESERVATION);
        let live = || PlayerAnswer::Granted {
            live: Some(room(2)),
        };
        check(vec![
            (0, PlayerAsk::Reserve { room: room(1) }, FREE),
            (0, PlayerAsk::Reserve { room: room(2) }, busy(1, Some(ms))),
            (ms, PlayerAsk::Reserve { room: room(2) }, FREE),
            (
                ms,
                PlayerAsk::Commit {
                    room: room(2),
                    lobby: "l".into(),
                },
                live(),
            ),
            (
                9 * ms,
                PlayerAsk::Commit {
                    room: room(1),
                    lobby: "l".into(),
                },
                busy(2, None),
            ),
            (9 * ms, PlayerAsk::Reserve { room: room(2) }, live()),
            (99 * ms, PlayerAsk::Free { room: room(1) }, live()),
            (99 * ms, PlayerAsk::Free { room: room(2) }, FREE),
        ]);
    }

    #[test]
    fn a_match_that_let_go_takes_nobody_back() {
        let commit = || PlayerAsk::Commit {
            room: room(1),
            lobby: "l".into(),
        };
        check(vec![
            (0, PlayerAsk::Free { room: room(1) }, FREE),
            (0, PlayerAsk::Reserve { room: room(1) }, busy(1, None)),
            (0, commit(), busy(1, None)),
            (0, PlayerAsk::Live, FREE),
        ]);
    }

    #[test]
    fn a_match_that_is_made_lets_go_of_the_lobby() {
        check(vec![
            (0, claim("lobby", 1, &[]), FREE),
            (0, claim("lobby", 2, &[1]), FREE),
            (
                0,
                PlayerAsk::Commit {
                    room: room(1),
                    lobby: "lobby".into(),
                },
                PlayerAnswer::Granted {
                    live: Some(room(1)),
                },
            ),
            (
                0,
                claim("room", 1, &[]),
                PlayerAnswer::Granted {
                    live: Some(room(1)),
                },
            ),
        ]);
    }
}
