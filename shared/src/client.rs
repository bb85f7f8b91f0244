//! The client of one object as a pure machine: it connects, resumes, repeats commands until they are durable, and reconnects.
//!
//! ```text
//! connection    one connection over all of its sockets: handle(now, input) -> effects, wake_at
//! close_policy  what a client does after each close code
//! log_position  the position in the log: new events, duplicates, gaps
//! heartbeat     pings, silence, and reports of the last position
//! sender        commands on their way: the outbox, and the messages that are sent once
//! outbox        commands that are not durable yet, repeated with the same key
//! pace          what the rate limit of the server certainly allows
//! outcome       what became of a command whose reply was lost
//! room_view     a room as its events tell it: members, board, match
//! queue         the wait of a player in a lobby, until the match
//! ```
//!
//! Time, randomness and tokens are arguments. The crate `client` drives these machines with tokio, and the npm package has the
//! same rules in TypeScript.

pub mod close_policy;
pub mod connection;
mod heartbeat;
pub mod log_position;
pub mod object;
pub mod outbox;
pub mod outcome;
mod pace;
pub mod queue;
pub mod queue_state;
pub mod room_view;
mod sender;

pub use close_policy::{CloseAction, Stopped};
pub use connection::{Connection, ConnectionState, Effect, Input, Options, TokenFailure};
pub use log_position::LogPosition;
pub use object::{LobbyObject, MeObject, Object, RoomObject};
pub use outbox::Outcome;
pub use queue::{Queue, QueueEffect, QueueInput};
pub use queue_state::{QueueState, QueueStats, Queued};
pub use room_view::RoomView;
