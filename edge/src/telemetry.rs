//! Counters, billed units, traces and log lines of this isolate. They depend on the clock alone, so every
//! module may use them.

pub mod log;
pub mod meter;
pub mod metrics;
pub mod trace;
