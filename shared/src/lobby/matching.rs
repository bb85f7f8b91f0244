//! The matchmaking rules: which tickets fit, which of them form matches, and why a ticket still waits.

pub(super) mod classes;
pub mod compatibility;
pub(super) mod explain;
pub mod gathering;
pub(super) mod groups;
pub mod index;
pub(super) mod nearest;
pub(super) mod pairs;
pub mod plan;
pub(super) mod refine;
pub(super) mod rows;
pub(super) mod teams;
