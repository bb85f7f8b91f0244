//! Translates between HTTP and values: bodies, tokens, signatures, problem documents, and the layers around
//! every route.

pub mod address;
pub mod audit_reason;
pub mod bearer;
pub mod caller;
pub mod extract;
pub mod idempotency;
pub mod layers;
pub mod problem;
pub mod rate_limit;
pub mod rfc3339;
pub mod service;
pub mod signature;
