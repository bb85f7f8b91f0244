//! The region: who somebody is, and what happened.
//!
//! A request passes through three layers, and each knows only the next:
//!
//! - [`http`]: bytes to values and back: bodies, tokens, signatures, problem documents;
//! - [`routes`]: one file a resource; each loads, lets a rule decide, and commits;
//! - [`store`]: DynamoDB; every key is in [`store::keys`], every mutation is conditional or a transaction.
//!
//! The rules themselves ([`session`], [`ban`], [`profile`], [`history`], [`rating`], [`board`]) are pure: time and chance come in as
//! arguments.
//! [`router`] is the whole of it; the binaries put it behind Lambda (`lambda`) or a plain socket (`local`).

// DynamoDB and OpenID are names, not code.
#![allow(clippy::doc_markdown)]

pub mod ban;
pub mod board;
pub mod bucket;
pub mod clock;
pub mod config;
pub mod error;
pub mod history;
pub mod http;
pub mod identity;
#[cfg(feature = "local")]
pub mod local;
pub mod lockout;
pub mod mint;
pub mod news;
pub mod openapi;
pub mod outside;
pub mod picture;
pub mod profile;
pub mod rating;
pub mod report;
pub mod routes;
pub mod session;
pub mod status;
pub mod store;
pub mod stream;
pub mod studio;

pub use routes::{App, router};
