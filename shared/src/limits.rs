//! Every limit of the system, with its reason: nothing grows without one of these.

mod cache;
mod call;
mod frame;
mod lobby;
mod metrics;
mod mode;
mod people;
mod player;
mod rating;
mod room;
mod service;
mod token;
mod webhook;

pub use cache::*;
pub use call::*;
pub use frame::*;
pub use lobby::*;
pub use metrics::*;
pub use mode::*;
pub use people::*;
pub use player::*;
pub use rating::*;
pub use room::*;
pub use service::*;
pub use token::*;
pub use webhook::*;
