//! A player object: the authority on one player's connections, current match, restrictions and presence.
//!
//! Requests of other objects are answered at once ([`Player::request`], [`Player::peer_request`]). Notices of
//! the region are stored, then sent to each host that has a socket of the player until it confirms. The
//! player's me sockets, `/v1/me`, end here.

mod current_match;
mod devices;
mod effect;
mod inbox;
mod input;
mod inspection;
mod me_socket;
mod notices;
mod owned_rooms;
mod presence;
mod restrictions;
mod state;

use crate::connection::{self, Conn};
use crate::delivery::pending_calls::CallId;
use crate::hash;
use crate::id::{PlayerId, PoolName, SessionId};
use crate::limits;
use crate::metrics::Observed;
use crate::presence::{PlayerPresence, PresenceAt, State};
use crate::rpc::{Denial, PeerRequest, PeerResponse, PlayerRequest, PlayerResponse};
use crate::time::Time;
use crate::wire::envelope;
use devices::Claim;
pub use effect::{Call, Effect, PublishGroup};
pub use input::Input;
use me_socket::MeSocket;
pub use presence::Missing;
use presence::visibility::VisibleTo;
use serde::{Deserialize, Serialize};
use state::DurableState;
pub use state::{Rows, Save};
use std::collections::{BTreeMap, BTreeSet};

/// Returns the name of the object that holds a player. The same player always has the same one.
#[must_use]
pub fn object_name(player: &PlayerId) -> String {
    format!("players-{}", hash::fnv(player.as_str().as_bytes()) % limits::PLAYER_OBJECTS)
}

/// A player object as it is held in memory.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "DurableState", into = "DurableState")]
pub struct Player {
    durable: DurableState,
    visible_to: VisibleTo,
    /// Players who are subscribed to this player's presence.
    subscribers: BTreeSet<PlayerId>,
    sockets: BTreeMap<Conn, MeSocket>,
    /// The presence of followed players, as far as it is known since the object was loaded.
    subscriptions: BTreeMap<PlayerId, PresenceAt>,
    /// Until when `subscriptions` is kept after the last me socket closed: a player who returns sooner asks
    /// no peer.
    subscribed_until: Option<Time>,
    /// True if no update about a player outside `subscriptions` has been sent on a me socket.
    never_notified: bool,
    /// When the last update was sent on the me sockets.
    notified_at: Option<Time>,
    /// When the hosts were last asked which sockets they hold.
    leases_checked_at: Option<Time>,
    /// When each subscriber last asked, since the object was loaded.
    subscribed_at: BTreeMap<PlayerId, Time>,
    /// Calls to many players that are in flight, with their start.
    in_flight: BTreeMap<CallId, Time>,
    /// The platform's alarm, as far as it is known.
    alarm_at: Option<Time>,
    pending: Pending,
    observed: Observed,
}

/// The effects that one input has led to so far.
#[derive(Debug, Clone, Default)]
struct Pending {
    effects: Vec<Effect>,
    closes: Vec<Effect>,
    /// Subscribers that were added or removed.
    subscribers: BTreeSet<PlayerId>,
    visibility_changed: bool,
    last_socket_closed: bool,
}

impl Player {
    /// Answers a request of a host. The response is valid once the effects have been carried out.
    pub fn request(&mut self, now: Time, request: PlayerRequest) -> (PlayerResponse, Vec<Effect>) {
        let before = self.durable.clone();
        let response = self.decide(now, request);
        (response, self.finish(now, &before))
    }

    /// Answers a request of a host, and returns whether there is something to save.
    pub fn respond(&mut self, now: Time, request: PlayerRequest) -> (PlayerResponse, bool) {
        let (response, effects) = self.request(now, request);
        (response, !effects.is_empty())
    }

    /// Answers a request of another player object. `Err` names what must be looked up before it can be
    /// answered.
    pub fn peer_request(
        &mut self,
        now: Time,
        request: PeerRequest,
    ) -> (Result<PeerResponse, Missing>, Vec<Effect>) {
        let before = self.durable.clone();
        let response = match request {
            PeerRequest::Subscribe { by } => self.subscribe(now, &by),
            PeerRequest::Query { by } => self.query(now, &by),
            PeerRequest::Publish { of, presence, last } => Ok(self.peer_published(now, &of, presence, last)),
        };
        (response, self.finish(now, &before))
    }

    /// Returns those of these players whose object may be asked for presence; the others are offline to this
    /// player.
    pub fn visible_players(&self, players: &[PlayerId]) -> Result<Vec<PlayerId>, Missing> {
        if !self.durable.visibility_known {
            return Err(Missing::Visibility);
        }
        let mutual = |player: &&PlayerId| self.visible_to.mutual.contains(*player);
        Ok(players.iter().filter(mutual).cloned().collect())
    }

    /// Applies an input and returns the effects to carry out, in order.
    pub fn handle(&mut self, now: Time, input: Input<'_>) -> Vec<Effect> {
        let before = self.durable.clone();
        match input {
            Input::Opened { conn, identity } => self.opened(now, conn, identity),
            Input::Connection(input) => connection::handle(self, now, input),
            Input::Noticed { notice } => self.noticed(now, notice),
            Input::ForcedCloseConfirmed { call, holding, asked } => {
                self.forced_close_confirmed(now, call, &holding, asked);
            }
            Input::VisibilityKnown { revision, visibility } => {
                self.visibility_received(now, revision, visibility);
            }
            Input::SubscriptionsAnswered { call, answers } => self.subscriptions_answered(call, answers),
            Input::PublishConfirmed { call, as_of, received, unsubscribed } => {
                self.publish_confirmed(call, as_of, &received, &unsubscribed);
            }
            Input::Woke => self.alarm_at = None,
        }
        self.finish(now, &before)
    }

    /// Returns the time of the next work without an input: an unconfirmed call, a presence change to send, or
    /// the deletion of an erased player.
    #[must_use]
    pub fn wake_at(&self, now: Time) -> Option<Time> {
        [self.durable.calls.wake_at(), self.erase_at(), self.next_publish_at(now), self.next_update_at()]
            .into_iter()
            .flatten()
            .min()
    }

    fn erase_at(&self) -> Option<Time> {
        self.durable.erased_at.map(|at| at + limits::ACCESS_TOKEN_TTL + limits::CLOCK_SKEW_MAX)
    }

    /// Returns what the player object has counted since its shell last took it.
    pub fn observed(&mut self) -> &mut Observed {
        &mut self.observed
    }

    /// Returns the reason why a token may not be used; none if it may.
    #[must_use]
    pub fn denial(&self, now: Time, ep: u64, sid: &SessionId) -> Option<Denial> {
        self.durable.restrictions.denial(now, ep, sid)
    }

    /// Returns a number for the next me socket.
    #[must_use]
    pub fn next_conn(&self) -> Conn {
        Conn(self.sockets.keys().next_back().map_or(0, |conn| conn.0) + 1)
    }

    /// Returns the open me sockets.
    #[must_use]
    pub fn conns(&self) -> Vec<Conn> {
        self.sockets.keys().copied().collect()
    }

    /// Returns the followed players who are known not to be offline.
    fn known_online(&self) -> Vec<PlayerPresence> {
        self.subscriptions
            .iter()
            .filter(|(_, presence)| presence.state != State::Offline)
            .map(|(player, &presence)| PlayerPresence { player: player.clone(), presence })
            .collect()
    }

    fn decide(&mut self, now: Time, request: PlayerRequest) -> PlayerResponse {
        match request {
            PlayerRequest::Claim { object, conn, holding, replaces, at, ep, sid, devices } => {
                self.claim(now, Claim { object, conn, holding, replaces, at, ep, sid, devices })
            }
            PlayerRequest::Correct { object, holding, asked } => {
                self.correct(&object, &holding, asked);
                self.granted(now)
            }
            PlayerRequest::Release { object, conn } => {
                self.release(&object, conn);
                self.granted(now)
            }
            PlayerRequest::Reserve { room } => self.reserve(now, room),
            PlayerRequest::Commit { room, lobby } => self.commit(now, room, &lobby),
            PlayerRequest::Free { room } => self.release_match(now, room),
            PlayerRequest::CurrentMatch => self.granted(now),
            PlayerRequest::HomeShard { pool, shard } => self.home_shard(&pool, shard),
        }
    }

    /// Returns the player's shard of a divided queue, after setting it if one is given: a player who returns
    /// finds the ticket there.
    fn home_shard(&mut self, pool: &PoolName, shard: Option<u16>) -> PlayerResponse {
        if let Some(shard) = shard {
            let home_shards = &mut self.durable.home_shards;
            home_shards.insert(pool.clone(), shard);
            // Entries of pools that no longer exist.
            while home_shards.len() > limits::POOLS_MAX {
                home_shards.pop_first();
            }
        }
        PlayerResponse::HomeShard { shard: self.durable.home_shards.get(pool).copied() }
    }

    /// Completes an input: one write if something changed, then the effects that may only follow it.
    fn finish(&mut self, now: Time, before: &DurableState) -> Vec<Effect> {
        connection::expire(self, now);
        if self.sockets.is_empty() {
            self.expire_subscriptions(now);
        }
        self.count_devices(now);
        self.request_visibility(now);
        self.update_published(now);
        self.send_updates(now);
        let due = self.due_effects(now);
        if self.erase_at().is_some_and(|at| at <= now) && self.durable.calls.is_empty() {
            *self = Self::default();
            return vec![Effect::Erase];
        }
        let pending = std::mem::take(&mut self.pending);
        let save = self.save(now, before, &pending);
        let mut effects = Vec::new();
        if save != Save::default() {
            effects.push(Effect::Save(save));
        }
        effects.extend(pending.effects);
        effects.extend(pending.closes);
        effects.extend(due);
        effects
    }

    /// Returns the rows that changed, and the alarm if it must ring earlier.
    fn save(&mut self, now: Time, before: &DurableState, pending: &Pending) -> Save {
        let mut save = Save::default();
        if self.durable != *before {
            save.player = Some(envelope::encode(&self.durable).to_string());
        }
        if pending.visibility_changed {
            save.visibility = Some(envelope::encode(&self.visible_to).to_string());
        }
        for by in &pending.subscribers {
            save.subscribers.push((by.clone(), self.subscribers.contains(by)));
        }
        if let Some(wake) = self.wake_at(now)
            && self.alarm_at.is_none_or(|alarm_at| wake < alarm_at)
        {
            save.alarm = Some(wake);
            self.alarm_at = Some(wake);
        }
        save
    }

    /// Returns the calls that are due.
    fn due_effects(&mut self, now: Time) -> Vec<Effect> {
        let mut due = Vec::new();
        for (call, what) in self.durable.calls.take_due(now) {
            match what {
                Call::ForceClose { object, close } => due.push(Effect::ForceClose { call, object, close }),
                Call::FetchVisibility => {
                    due.push(Effect::FetchVisibility { revision: self.durable.visibility_revision });
                }
                Call::Subscribe | Call::Publish if self.in_flight.contains_key(&call) => {}
                Call::Subscribe => {
                    self.in_flight.insert(call, now);
                    due.push(Effect::Subscribe { call, peers: self.unknown_peers() });
                }
                // Nothing is published until it is known who may see the player.
                Call::Publish if !self.durable.visibility_known => {}
                Call::Publish => {
                    self.in_flight.insert(call, now);
                    let as_of = self.durable.published.map_or(now, |published| published.as_of);
                    due.push(Effect::Publish { call, as_of, groups: self.publish_groups() });
                }
            }
        }
        due
    }
}

impl From<DurableState> for Player {
    fn from(durable: DurableState) -> Self {
        Self { durable, ..Self::default() }
    }
}

impl From<Player> for DurableState {
    fn from(player: Player) -> Self {
        player.durable
    }
}

#[cfg(test)]
mod tests;
