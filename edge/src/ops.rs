//! Operations: metrics and readiness.

pub mod meter;
pub mod metrics;
pub mod ready;
