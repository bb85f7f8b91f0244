//! Timeouts of calls to the region and to other objects.

use crate::error::{Error, Result};
use futures_util::future::{Either, select};
use shared::limits;
use std::pin::pin;
use std::time::Duration;
use worker::Delay;

/// Waits for `answer` at most [`limits::CALL_TIMEOUT`]; `callee` names the other side in errors.
pub async fn with_timeout<T, F>(answer: F, callee: &str) -> Result<T>
where
    F: Future<Output = worker::Result<T>>,
{
    with_timeout_of(limits::CALL_TIMEOUT, answer, callee).await
}

/// Waits for `answer` at most `limit`; `callee` names the other side in errors.
pub async fn with_timeout_of<T, F>(limit: Duration, answer: F, callee: &str) -> Result<T>
where
    F: Future<Output = worker::Result<T>>,
{
    match select(pin!(answer), pin!(Delay::from(limit))).await {
        Either::Left((Ok(answer), _)) => Ok(answer),
        Either::Left((Err(error), _)) => Err(Error::Unavailable(format!("{callee}: {error}"))),
        Either::Right(_) => Err(Error::Unavailable(format!("{callee}: no answer in {limit:?}"))),
    }
}
