//! The load generator of `cargo xtask bench room`: one thread, one epoll, no WebSocket library, so that it costs less than any
//! server it measures. A [`plan::Plan`] says what to do, a [`plan::Outcome`] what was seen.

mod client;
mod frames;
mod mark;
pub mod plan;
mod replies;
mod run;
mod tally;
pub mod usage;

pub use run::run;
