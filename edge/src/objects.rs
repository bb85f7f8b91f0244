//! The Durable Objects: rooms, lobbies and players, each a `shared` state machine with its sockets and rows.

pub mod admission;
pub mod class;
pub mod lobby;
pub mod metrics_object;
pub mod player;
pub mod player_calls;
pub mod player_requests;
pub mod player_shard;
pub mod player_store;
pub mod room;
pub mod runtime;
mod socket_events;
pub mod sockets;
pub mod sql;
pub mod store;
mod ticks;
