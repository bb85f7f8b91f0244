//! The edge's HTTP interface: paths, request bodies and responses.

pub mod audit_reason;
pub mod entity_tag;
#[cfg(feature = "openapi")]
pub mod openapi;
mod path;
mod queues;
mod request_url;
mod status;

pub use path::{Path, normalized};
pub use queues::{QueueList, QueueSummary, TicketCursor};
pub use request_url::RequestUrl;
pub use status::{Status, status_page};

use crate::id::{NoticeId, PlayerId, PoolName, RoomId};
use crate::limits;
use crate::pool::{ChosenMode, Pool, Rules, Shards};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The body of `POST /v1/players/{player}/release`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PlayerRelease {
    /// The match that the player is freed from.
    pub room: RoomId,
}

/// The body of `POST /v1/players/{player}/notices`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewNotice {
    /// The content for the player: any JSON, up to 1 KiB.
    pub body: Value,
    /// How long it is kept while it is not read, seconds. A week without it; at most 30 days.
    #[serde(default = "notice_ttl_s")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 2_592_000, default = notice_ttl_s))]
    pub ttl_s: u64,
}

fn notice_ttl_s() -> u64 {
    limits::NOTICE_TTL.as_secs()
}

/// The answer to `POST /v1/players/{player}/notices`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeptNotice {
    pub notice: NoticeId,
    /// True if the player has an open me socket, which received it.
    pub connected: bool,
}

/// The body of `POST /v1/rooms`; fields that are left out have their defaults.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct NewRoom {
    /// Number of seats.
    #[cfg_attr(feature = "openapi", schema(value_type = openapi::Seats))]
    pub seats: usize,
    /// The room's rules.
    pub rules: Rules,
    /// The name and version of the mode that plays in the room, such as `connect-four@1`; none, it has no rules of a game.
    pub mode: Option<String>,
    /// The mode's configuration; null for its defaults.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<BTreeMap<String, Value>>))]
    pub mode_config: Value,
    /// The players of the first seats; only with a service key.
    #[cfg_attr(feature = "openapi", schema(max_items = 64))]
    pub players: Vec<NamedSeat>,
    /// The player who may remove others and end the room; only with a service key.
    pub owner: Option<PlayerId>,
}

/// A seat for one player.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NamedSeat {
    pub player: PlayerId,
    /// The display name; empty, the room asks the region for it.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_length = 40))]
    pub name: String,
    /// The team, from 0.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(maximum = 63))]
    pub team: Option<u16>,
}

impl NewRoom {
    /// Checks the room. An error names the field and its limit.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=limits::SEATS_MAX).contains(&self.seats) {
            return Err(format!("seats: 1 to {}", limits::SEATS_MAX));
        }
        if self.players.len() > self.seats {
            return Err(format!("players: {} for {} seats", self.players.len(), self.seats));
        }
        for (nth, seat) in self.players.iter().enumerate() {
            let most = limits::NAME_CHARS_MAX;
            if seat.name.chars().count() > most {
                return Err(format!("players[{nth}].name: at most {most} characters"));
            }
            if seat.team.is_some_and(|team| usize::from(team) >= limits::SEATS_MAX) {
                return Err(format!("players[{nth}].team: 0 to {}", limits::SEATS_MAX - 1));
            }
            if self.players.iter().take(nth).any(|other| other.player == seat.player) {
                return Err(format!("players[{nth}].player: {} has another seat", seat.player));
            }
        }
        if let Some((key, reason)) = self.rules.fault() {
            return Err(format!("rules.{key}: {reason}"));
        }
        let checked = ChosenMode::check(self.mode.as_deref(), &self.mode_config, [self.seats]);
        checked.map_err(|error| error.to_string())
    }

    /// Returns the mode of the room.
    #[must_use]
    pub fn chosen_mode(&self) -> Option<ChosenMode> {
        self.mode.as_deref().map(|name| ChosenMode::of(name, &self.mode_config))
    }
}

impl Default for NewRoom {
    fn default() -> Self {
        Self {
            seats: 2,
            rules: Rules::default(),
            mode: None,
            mode_config: Value::Null,
            players: Vec::new(),
            owner: None,
        }
    }
}

/// The response to `POST /v1/rooms`: a player who knows the room's name may take a free seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedRoom {
    pub room: RoomId,
}

/// The response to `GET /health`: the isolate that answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// The constant `ok`.
    pub status: &'static str,
    /// The Worker's version.
    pub version: &'static str,
    /// The platform's id of the deployed version; null where the platform has none.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub build: Option<String>,
    /// The time since the isolate's first request.
    pub uptime_ms: u64,
    /// The WebAssembly memory, which never shrinks.
    pub memory_bytes: u64,
    /// Sockets that objects in this isolate opened, and have not seen closed.
    pub sockets: u64,
    /// The share of profile reads that the cache answered; null before the first.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub cache_hit_share: Option<f64>,
    /// The median duration of the last 128 requests to the region; null before the first.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub region_p50_ms: Option<u32>,
    /// The 95th percentile of them.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub region_p95_ms: Option<u32>,
}

/// The response to `GET /ready`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ready {
    /// Either `ready` or `not_ready`.
    pub status: &'static str,
    /// The dependencies that are missing, each with the reason.
    pub missing: Vec<String>,
}

/// The response to `GET /v1/config`: what a page needs to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Config {
    /// The region's address.
    #[cfg_attr(feature = "openapi", schema(format = "uri"))]
    pub region: String,
    /// The names of the pools that are invalid. They are not among `pools`, and their sockets close with 4012.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub misconfigured: Vec<String>,
    /// The names of the pools.
    pub pools: Vec<PoolName>,
    /// The properties of each pool that a page needs before it enters.
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, PoolInfo>))]
    pub rules: BTreeMap<PoolName, PoolInfo>,
}

/// The properties of a pool that a page needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PoolInfo {
    /// Players per match.
    pub seats: usize,
    /// Number of teams; null, every player plays alone.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub teams: Option<usize>,
    /// Players per party at most.
    pub party: usize,
    /// Seconds in which each player must accept a proposal; null, matches start without one.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub propose_s: Option<u32>,
    /// Objects that share the queue.
    #[serde(rename = "parts")]
    pub parts: u16,
    /// The name and version of the mode that plays in its rooms; null, they have no rules of a game.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub mode: Option<String>,
}

impl PoolInfo {
    /// Returns the properties of a pool.
    #[must_use]
    pub fn of(pool: &Pool) -> Self {
        Self {
            seats: pool.seats,
            teams: pool.teams.map(|teams| teams.count),
            party: pool.party,
            propose_s: pool.propose_s,
            parts: pool.shards.as_ref().map_or(1, Shards::count),
            mode: pool.mode.clone(),
        }
    }
}

/// The response to `POST /internal/v1/notices`: each notice is stored by the player object that it concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StoredNotices {
    /// Number of players that the notices concern.
    pub players: usize,
}
