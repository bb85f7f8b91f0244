//! Repository tasks: tools, builds, the local stack, conformance checks, load and replays.
//!
//! `cargo dev` and the tests start the same [`stack::Stack`]: the WebAssembly Worker in workerd, and the
//! regional binary beside it.
//!
//! ```text
//! artifacts ─▶ tools      installed programs
//!           ─▶ worker     the Worker, target/edge, through wasm
//!           ─▶ predict    the modes for browsers, target/predict
//!           ─▶ pages      the pages and the SDK, target/pages
//!           ─▶ region     the regional binary
//! stack     ─▶ driver     workerd, through xtask/driver
//!           ─▶ region     the regional process
//! ```

pub mod artifacts;
pub mod bench;
pub mod build_stamp;
pub mod chaos;
pub mod clients;
pub mod conformance;
pub mod cost;
pub mod dev;
pub mod driver;
pub mod faults;
pub mod generated;
pub mod health;
pub mod hints;
pub mod hooks;
pub mod issuer;
pub mod keys;
pub mod lambda;
pub mod language;
pub mod ledger;
pub mod lint;
pub mod load;
pub mod manifest;
pub mod map;
pub mod matching;
pub mod mode;
pub mod new;
pub mod observe;
pub mod openapi;
pub mod ops;
mod page;
pub mod pages;
mod plot;
pub mod port;
pub mod predict;
pub mod process_group;
pub mod program;
pub mod progress;
pub mod region;
pub mod root;
pub mod runtime_api;
pub mod schemathesis;
pub mod scratch;
pub mod sdk;
pub mod secrets;
pub mod service;
pub mod stack;
pub mod tools;
pub mod wasm;
pub mod watch;
pub mod wire;
pub mod wire_files;
pub mod worker;
