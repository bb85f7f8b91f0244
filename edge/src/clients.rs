//! Outgoing calls: to the region and to other Durable Objects.

pub mod exchange;
pub mod keys;
pub mod object_rpc;
pub mod region;
pub mod timeout;
