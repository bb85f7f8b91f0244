//! Protection against overload and outages: circuit breaker, retry budget, request coalescing, token buckets.

pub mod breaker;
pub mod retry_budget;
pub mod single_flight;
pub mod token_bucket;
