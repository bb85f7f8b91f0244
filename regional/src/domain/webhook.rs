//! Webhooks: the endpoints of the operator's backend, the events that they receive, and when an attempt is repeated.

pub mod address;
pub mod endpoint;
pub mod event;
pub mod retry;

/// The events of one subject for one endpoint, which are sent one after the other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line {
    /// The id of the endpoint.
    pub endpoint: String,
    /// The match, or the player, that the events are about.
    pub subject: String,
}
