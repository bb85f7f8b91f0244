//! Reports for operators: metrics, readiness, health and the status page.

pub mod health;
pub mod ready;
pub mod report;
pub mod status;
