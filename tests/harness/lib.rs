//! What the tests share.

pub mod chromium;
pub mod runtime_api;
pub mod stack;
