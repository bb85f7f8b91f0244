//! How the repository is run: what must be installed, what is built, and the stack on this machine.
//!
//! `cargo dev` and the tests start the same [`stack::Stack`]: the WebAssembly Worker in workerd, and the
//! regional binary beside it.
//!
//! ```text
//! artifacts ─▶ tools      what is installed, and where
//!           ─▶ worker     the Worker, target/edge
//!           ─▶ pages      the pages and the SDK, target/pages
//!           ─▶ region     the regional binary
//! stack     ─▶ driver     workerd, through xtask/driver
//!           ─▶ region     the regional process
//! ```

pub mod advice;
pub mod artifacts;
pub mod bench;
pub mod chaos;
pub mod conformance;
pub mod dev;
pub mod driver;
pub mod faults;
pub mod group;
pub mod health;
pub mod lambda;
pub mod lint;
pub mod load;
pub mod manifest;
pub mod matching;
pub mod openapi;
pub mod pages;
pub mod port;
pub mod progress;
pub mod region;
pub mod root;
pub mod runtime_api;
pub mod schemathesis;
pub mod scratch;
pub mod secrets;
pub mod service;
pub mod stack;
pub mod stamp;
pub mod tools;
pub mod watch;
pub mod wire;
pub mod worker;
