//! HTTP requests and WebSocket upgrades as the Worker receives them, before any Durable Object.

pub mod body;
pub mod caller;
pub mod notices;
pub mod players;
pub mod queues;
pub mod rate_limit;
pub mod response_headers;
pub mod routes;
pub mod service;
pub mod upgrade;
