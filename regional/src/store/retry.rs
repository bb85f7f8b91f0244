//! Optimistic concurrency: read, decide, commit, and start over when another write came between.

use crate::error::Error;
use futures_util::future::BoxFuture;

/// How often a decision is made again while other writers keep changing the item.
pub const DECISION_ATTEMPTS: u32 = 5;

/// Repeats `attempt` until it commits, at most `max` times. An attempt reads, decides and commits; it returns
/// none if another write came between its read and its commit. It gets its number, from 1 on.
pub async fn until_committed<'a, T, E: From<Error>>(
    call: &'static str,
    max: u32,
    mut attempt: impl FnMut(u32) -> BoxFuture<'a, Result<Option<T>, E>>,
) -> Result<T, E> {
    for number in 1..=max {
        if let Some(done) = attempt(number).await? {
            return Ok(done);
        }
    }
    Err(Error::Contended { call }.into())
}
