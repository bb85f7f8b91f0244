//! What the tests share.

pub mod chromium;
pub mod faults;
pub mod issuer;
pub mod listener;
pub mod runtime_api;
pub mod stack;
pub mod worlds;
