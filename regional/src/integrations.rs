//! Connections to other services: identity providers, the picture bucket, and HTTP in general.

pub mod http_client;
pub mod identity;
pub mod object_store;
pub mod secrets;
pub mod webhook_client;
