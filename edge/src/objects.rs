//! The Durable Objects: rooms, lobbies and players, each a `shared` state machine with its sockets and rows.

pub mod admission;
pub mod lobby;
pub mod metrics_object;
pub mod player;
pub mod player_calls;
pub mod player_requests;
pub mod room;
pub mod runtime;
pub mod sockets;
pub mod store;
