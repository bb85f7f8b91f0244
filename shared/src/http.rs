//! What the edge answers over HTTP: which paths there are, and what goes in and comes out.

#[cfg(feature = "openapi")]
pub mod openapi;
mod path;

pub use path::Path;

use crate::id::{PoolName, RoomId};
use crate::pool::{Pool, Shards};
use crate::room::Rules;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `POST /v1/rooms`: an open room. What is left out has its usual value.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct NewRoom {
    /// For how many.
    #[cfg_attr(feature = "openapi", schema(value_type = openapi::Seats))]
    pub seats: usize,
    /// What holds in it.
    pub rules: Rules,
}

impl Default for NewRoom {
    fn default() -> Self {
        Self { seats: 2, rules: Rules::default() }
    }
}

/// The room that was made: whoever has its name may take a free seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Opened {
    /// Its name.
    pub room: RoomId,
}

/// `GET /health`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// `ok`.
    pub status: &'static str,
    /// Of the Worker.
    pub version: &'static str,
}

/// `GET /ready`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ready {
    /// `ready` or `not_ready`.
    pub status: &'static str,
    /// What is missing, each with the reason.
    pub missing: Vec<String>,
}

/// `GET /v1/config`: what a page must know to begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Config {
    /// Where the region is.
    #[cfg_attr(feature = "openapi", schema(format = "uri"))]
    pub region: String,
    /// The queues.
    pub pools: Vec<PoolName>,
    /// What a page has to know of each before it enters.
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, Queue>))]
    pub rules: BTreeMap<PoolName, Queue>,
}

/// A pool, as a page has to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Queue {
    /// People a match.
    pub seats: usize,
    /// How many teams; null, everybody is on their own.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub teams: Option<usize>,
    /// People a party, at most.
    pub party: usize,
    /// How long each has to accept the others, seconds; null, nobody is asked.
    #[cfg_attr(feature = "openapi", schema(required))]
    pub propose_s: Option<u32>,
    /// Objects that the queue is divided among.
    pub parts: u16,
}

impl Queue {
    /// Of a pool.
    #[must_use]
    pub fn of(pool: &Pool) -> Self {
        Self {
            seats: pool.seats,
            teams: pool.teams.map(|teams| teams.count),
            party: pool.party,
            propose_s: pool.propose_s,
            parts: pool.shards.as_ref().map_or(1, Shards::count),
        }
    }
}

/// `POST /internal/v1/notices`: every notice is on disk with the object that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Noticed {
    /// How many people they are about.
    pub players: usize,
}
