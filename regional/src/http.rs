//! Bytes to values and back: bodies, tokens, signatures, problem documents, and what every answer carries.

pub mod active;
pub mod address;
pub mod bearer;
pub mod cursor;
pub mod extract;
pub mod idempotent;
pub mod layers;
pub mod moment;
pub mod pace;
pub mod problem;
pub mod record;
pub mod signed;
