//! Operations: metrics and readiness.

pub mod metrics;
pub mod ready;
