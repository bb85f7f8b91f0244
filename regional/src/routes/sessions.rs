//! The session routes: create, refresh, list and end.

pub mod create;
pub mod external;
pub mod id_token;
pub mod issue;
pub mod manage;
pub mod refresh;
