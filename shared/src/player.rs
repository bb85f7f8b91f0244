//! The one authority on a person: how often they are connected, in which match, whether they may be here at all, and
//! who may see that they are.
//!
//! What another object asks is answered at once ([`Player::ask`], [`Player::peer`]); what the region says is kept, and
//! told to each place that has a socket of theirs until it confirms. The lines of their own, `/v1/me`, end here.

mod bars;
mod circle;
mod devices;
mod effect;
mod line;
mod live;
mod notices;
mod save;
mod seen;
mod shown;
#[cfg(test)]
mod tests;

use crate::call::{CallId, Calls};
use crate::caps;
use crate::id::{PlayerId, PoolName, RoomId, SessionId};
use crate::internal::{Bar, PlayerAnswer, PlayerAsk};
use crate::presence::{Need, PeerAnswer, PeerAsk, Presence, Sight, State};
use crate::protocol::event;
use crate::socket::{self, Conn};
use crate::time::Time;
use bars::Bars;
use circle::Ring;
pub use devices::Devices;
use devices::{Claim, Lease};
pub use effect::{Call, Effect, Input, Showing};
use line::Device;
use live::Live;
pub use save::{Disk, Save};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A person, as the edge knows them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub struct Player {
    saved: Saved,
    ring: Ring,
    /// Who wants to be told how they are.
    watchers: BTreeSet<PlayerId>,
    sockets: BTreeMap<Conn, Device>,
    /// How those are whom they follow, as far as anybody said since this was last in memory.
    seen: BTreeMap<PlayerId, Sight>,
    /// Until when `seen` is kept up though no line is open: who is back by then asks nobody anew.
    listens_until: Option<Time>,
    /// Whether the lines were told of nobody but those in `seen`.
    blank: bool,
    /// When the lines were last told something.
    told_at: Option<Time>,
    /// When the places were last asked what they hold.
    looked: Option<Time>,
    /// Who asked to be told, and when, since this was last in memory.
    renewed: BTreeMap<PlayerId, Time>,
    /// Calls to many that are out now, and since when.
    flying: BTreeMap<CallId, Time>,
    /// What the platform's alarm is set to, as far as is known.
    armed: Option<Time>,
    turn: Turn,
}

/// What a restart finds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Saved {
    leases: Vec<Lease>,
    live: Option<Live>,
    /// The last matches that let them go: what a lobby asked for one of these before may still come.
    freed: VecDeque<RoomId>,
    /// In which part of each divided queue they are.
    homes: BTreeMap<PoolName, u16>,
    bars: Bars,
    /// What others have not confirmed.
    calls: Calls<Call>,
    /// Whether they are on any device, and since when they are on none.
    here: bool,
    lost: Option<Time>,
    /// Whether what the region said of who may see them is still so, as far as is known.
    fresh: bool,
    circle_turn: u64,
    /// What those who watch were told last, and who of them has not confirmed it.
    shown: Option<Sight>,
    owed: BTreeSet<PlayerId>,
    /// What the lines are to be told of others.
    news: BTreeMap<PlayerId, Sight>,
    /// Since when they are gone for good.
    erased: Option<Time>,
}

/// What the input at hand has led to so far.
#[derive(Debug, Clone, Default)]
struct Turn {
    out: Vec<Effect>,
    closes: Vec<Effect>,
    /// Those who watch have changed.
    watchers: BTreeSet<PlayerId>,
    ring: bool,
    /// The last line was closed.
    hung_up: bool,
}

impl Player {
    /// A place or a lobby asks: the answer, and what follows from it. It is good once the effects are carried out.
    pub fn ask(&mut self, now: Time, ask: PlayerAsk) -> (PlayerAnswer, Vec<Effect>) {
        let before = self.saved.clone();
        let answer = self.decide(now, ask);
        (answer, self.finish(now, &before))
    }

    /// Answers, and says whether there is something to save.
    pub fn answer(&mut self, now: Time, ask: PlayerAsk) -> (PlayerAnswer, bool) {
        let (answer, effects) = self.ask(now, ask);
        (answer, !effects.is_empty())
    }

    /// Another player's object asks. `Err`: what is to be found out before it can be answered.
    pub fn peer(&mut self, now: Time, ask: PeerAsk) -> (Result<PeerAnswer, Need>, Vec<Effect>) {
        let before = self.saved.clone();
        let answer = match ask {
            PeerAsk::Watch { by } => self.watched(now, &by),
            PeerAsk::Look { by } => self.looked_at(now, &by),
            PeerAsk::Show { of, sight, last } => Ok(self.shown(now, &of, sight, last)),
        };
        (answer, self.finish(now, &before))
    }

    /// Which of these their own object is to be asked about: the others are offline to them.
    pub fn may_see(&self, players: &[PlayerId]) -> Result<Vec<PlayerId>, Need> {
        if !self.saved.fresh {
            return Err(Need::Circle);
        }
        let mutual = |of: &&PlayerId| self.ring.mutual.contains(*of);
        Ok(players.iter().filter(mutual).cloned().collect())
    }

    /// What happens next.
    pub fn handle(&mut self, now: Time, input: Input<'_>) -> Vec<Effect> {
        let before = self.saved.clone();
        match input {
            Input::Opened { conn, who } => self.opened(now, conn, who),
            Input::Said { conn, text } => self.text_frame(now, conn, text),
            Input::Binary { conn, bytes } => self.heard(now, conn, socket::binary(bytes)),
            Input::Closed { conn } => self.closed(conn),
            Input::Renewed { conn, id, verdict } => self.renewed(conn, id.as_ref(), verdict),
            Input::Noticed { notice } => self.noticed(now, notice),
            Input::Dismissed { call, holding, asked } => self.dismissed(call, &holding, asked),
            Input::Circled { turn, circle } => self.circled(now, turn, circle),
            Input::Sighted { call, answers } => self.sighted(call, answers),
            Input::Told { call, as_of, heard, gone } => self.told(call, as_of, &heard, &gone),
            Input::Woke => self.armed = None,
        }
        self.finish(now, &before)
    }

    /// When there is something to do without anybody asking: a call that is not confirmed, a change that somebody is
    /// to hear of, a person who is to be forgotten. Else never.
    #[must_use]
    pub fn wake_at(&self, now: Time) -> Option<Time> {
        [self.saved.calls.wake_at(), self.forget_at(), self.follow_at(now), self.news_at()]
            .into_iter()
            .flatten()
            .min()
    }

    fn forget_at(&self) -> Option<Time> {
        self.saved.erased.map(|at| at + caps::TOKEN + caps::SKEW)
    }

    /// Why a token may not be used here; nothing, it may.
    #[must_use]
    pub fn bar(&self, now: Time, ep: u64, sid: &SessionId) -> Option<Bar> {
        self.saved.bars.why(now, ep, sid)
    }

    /// A number for the next line.
    #[must_use]
    pub fn next_conn(&self) -> Conn {
        Conn(self.sockets.keys().next_back().map_or(0, |conn| conn.0) + 1)
    }

    /// The lines that are open.
    #[must_use]
    pub fn conns(&self) -> Vec<Conn> {
        self.sockets.keys().copied().collect()
    }

    /// Those who are known not to be offline.
    fn known_here(&self) -> Vec<Presence> {
        let here = |(_, sight): &(&PlayerId, &Sight)| sight.state != State::Offline;
        let presence = |(player, &sight): (&PlayerId, &Sight)| Presence { player: player.clone(), sight };
        self.seen.iter().filter(here).map(presence).collect()
    }

    fn decide(&mut self, now: Time, ask: PlayerAsk) -> PlayerAnswer {
        match ask {
            PlayerAsk::Claim { object, conn, holding, replaces, at, ep, sid, devices } => {
                self.claim(now, Claim { object, conn, holding, replaces, at, ep, sid, devices })
            }
            PlayerAsk::Correct { object, holding, asked } => {
                self.correct(&object, &holding, asked);
                self.granted(now)
            }
            PlayerAsk::Release { object, conn } => {
                self.release(&object, conn);
                self.granted(now)
            }
            PlayerAsk::Reserve { room } => self.reserve(now, room),
            PlayerAsk::Commit { room, lobby } => self.commit(now, room, &lobby),
            PlayerAsk::Free { room } => self.free(now, room),
            PlayerAsk::Live => self.granted(now),
            PlayerAsk::Home { pool, part } => self.home(&pool, part),
        }
    }

    /// In which part of a divided queue they are: the last one that was said, so that who comes back finds their
    /// ticket.
    fn home(&mut self, pool: &PoolName, part: Option<u16>) -> PlayerAnswer {
        if let Some(part) = part {
            let homes = &mut self.saved.homes;
            homes.insert(pool.clone(), part);
            // Of queues that are no more.
            while homes.len() > caps::POOLS {
                homes.pop_first();
            }
        }
        PlayerAnswer::Home { part: self.saved.homes.get(pool).copied() }
    }

    /// Ends the turn: one write where something changed, then what may only follow it.
    fn finish(&mut self, now: Time, before: &Saved) -> Vec<Effect> {
        self.expire(now);
        if self.sockets.is_empty() {
            self.stop_seeing(now);
        }
        self.count_devices(now);
        self.want_circle(now);
        self.follow(now);
        self.tell_news(now);
        let due = self.due(now);
        if self.forget_at().is_some_and(|at| at <= now) && self.saved.calls.is_empty() {
            *self = Self::default();
            return vec![Effect::Erase];
        }
        let turn = std::mem::take(&mut self.turn);
        let mut save = Save::default();
        if self.saved != *before {
            save.player = Some(event::encode(&self.saved).to_string());
        }
        if turn.ring {
            save.circle = Some(event::encode(&self.ring).to_string());
        }
        for by in turn.watchers {
            let watches = self.watchers.contains(&by);
            save.watchers.push((by, watches));
        }
        if let Some(wake) = self.wake_at(now)
            && self.armed.is_none_or(|armed| wake < armed)
        {
            save.alarm = Some(wake);
            self.armed = Some(wake);
        }
        let mut out = Vec::new();
        if save != Save::default() {
            out.push(Effect::Save(save));
        }
        out.extend(turn.out);
        out.extend(turn.closes);
        out.extend(due);
        out
    }

    /// The calls to make now.
    fn due(&mut self, now: Time) -> Vec<Effect> {
        let mut out = Vec::new();
        for (call, what) in self.saved.calls.take_due(now) {
            match what {
                Call::Dismiss { object, dismissal } => out.push(Effect::Dismiss { call, object, dismissal }),
                Call::Circle => {
                    let turn = self.saved.circle_turn;
                    out.push(Effect::Circle { turn });
                }
                Call::Watch | Call::Show if self.flying.contains_key(&call) => {}
                Call::Watch => {
                    self.flying.insert(call, now);
                    let peers = self.unseen();
                    out.push(Effect::Watch { call, peers });
                }
                // Until it is known who may see them nobody is told anything.
                Call::Show if !self.saved.fresh => {}
                Call::Show => {
                    self.flying.insert(call, now);
                    let as_of = self.saved.shown.map_or(now, |shown| shown.as_of);
                    let groups = self.showing();
                    out.push(Effect::Show { call, as_of, groups });
                }
            }
        }
        out
    }
}

impl From<Saved> for Player {
    fn from(saved: Saved) -> Self {
        Self { saved, ..Self::default() }
    }
}

impl From<Player> for Saved {
    fn from(player: Player) -> Self {
        player.saved
    }
}
