//! Operations: metrics, logs, traces, readiness and health.

pub mod health;
pub mod log;
pub mod meter;
pub mod metrics;
pub mod ready;
pub mod status;
pub mod trace;
