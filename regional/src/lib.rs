//! The region: sessions, profiles, social lists, moderation, match history and ratings over DynamoDB, behind
//! Lambda.
//!
//! A request passes through these layers, and each knows only those below it:
//!
//! - [`routes`]: one file per resource; a handler reads, lets a domain rule decide, and commits;
//! - [`http`]: bodies, tokens, signatures, rate limits and problem documents;
//! - [`edge_notices`]: notices to the edge, and the work that follows a committed change;
//! - [`webhook_delivery`]: events to the operator's backend, until they are delivered or dead;
//! - [`integrations`]: identity providers, the bucket of pictures, and the HTTP client;
//! - [`store`]: DynamoDB; every key is in [`store::keys`], and every mutation is conditional or a
//!   transaction;
//! - [`domain`]: pure rules, which receive the time and random bytes as arguments;
//! - [`error`]: refusals, errors and their codes.
//!
//! [`router`] is the whole service; the binaries put it behind Lambda (`lambda`) or a plain socket (`local`).

// DynamoDB and OpenID are names, not code.
#![allow(clippy::doc_markdown)]

pub mod app;
pub mod clock;
pub mod config;
pub mod cursor;
pub mod domain;
pub mod edge_notices;
pub mod error;
pub mod http;
pub mod integrations;
#[cfg(feature = "local")]
pub mod local;
pub mod meter;
pub mod openapi;
pub mod picture_processing;
pub mod process_memory;
pub mod rate_buckets;
pub mod request_metrics;
pub mod routes;
pub mod schemas;
pub mod store;
pub mod token_issuer;
pub mod trace;
pub mod webhook_delivery;

pub use app::App;
pub use routes::router;
