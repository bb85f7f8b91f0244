//! The client of Matchpoint for Rust: sessions, queues and rooms, over tokio.
//!
//! ```no_run
//! use matchpoint_client::{Client, RoomEvent, Wish};
//! use serde_json::json;
//!
//! # async fn play() -> Result<(), matchpoint_client::Error> {
//! let client = Client::new("https://edge.example")?;
//! let ana = client.guest("Ana").await?;
//! let found = ana.queue("speed-dating", Wish::default()).await?;
//! let room = ana.room(found.room).await?;
//! let mut events = room.events();
//! let accepted = room.say(&json!({ "text": "hello" })).await?;
//! println!("all members have it at position {}", accepted.at);
//! while let Some(event) = events.next().await {
//!     if let RoomEvent::Event(event) = event {
//!         println!("{:?}: {:?}", event.at, event.event);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A connection reconnects by itself after every loss and resumes exactly: each event arrives once and in order, and each
//! command is repeated with the same key until it is durable. The rules are those of [`shared::client`], which has no
//! socket and no clock; this crate has both. Dropping a [`Room`] closes its connection, and keeps the seat.

mod client;
mod clock;
mod command;
mod driver;
mod error;
mod http;
mod player;
mod room;
mod room_owner;
mod session;
mod socket;
mod wait;

pub use client::Client;
pub use command::{Accepted, Sent};
pub use error::Error;
pub use player::Player;
pub use room::{Room, RoomEvents, RoomOptions};
pub use room_owner::RoomEvent;
pub use session::Tokens;
pub use wait::Wait;

pub use shared::client::queue_state::{Match, Out, Proposal, Queued};
pub use shared::client::{ConnectionState, LogPosition, QueueState, RoomView};
pub use shared::id::{PlayerId, RoomId};
pub use shared::wire::envelope::Envelope;
pub use shared::wire::lobby::EnterBody as Wish;
pub use shared::wire::room::{Command, Event};
pub use shared::wire::{Json, Refusal, RefusalCode};

/// The samples of the README, which the documentation tests compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
