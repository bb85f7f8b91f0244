//! Helpers that the test binaries share: stacks, stand-ins for other services, browsers, the simulation kit.

pub mod apps;
pub mod chromium;
pub mod faults;
pub mod glicko;
pub mod issuer;
#[path = "../tests/sim/kit/mod.rs"]
pub mod kit;
pub mod listener;
pub mod programs;
pub mod receiver;
pub mod runtime_api;
pub mod secrets_manager;
pub mod stack;
pub mod tokens;
