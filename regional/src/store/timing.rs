//! How long a request waited for the store: told in its answer as `Server-Timing`, so that whoever measures can tell the
//! store's share from ours.

use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use std::cell::RefCell;
use std::time::{Duration, Instant};

tokio::task_local! {
    /// Of the request that this task answers.
    static WAITED: RefCell<Waited>;
}

/// Time with at least one call under way: calls at once count once.
#[derive(Debug, Default)]
struct Waited {
    under_way: u32,
    since: Option<Instant>,
    whole: Duration,
    calls: u32,
}

/// What became of a future, how long it waited for the store, and in how many calls.
pub async fn measured<F: Future>(work: F) -> (F::Output, Duration, u32) {
    WAITED
        .scope(RefCell::default(), async {
            let done = work.await;
            let (whole, calls) = WAITED.with(|waited| {
                let waited = waited.borrow();
                (waited.whole, waited.calls)
            });
            (done, whole, calls)
        })
        .await
}

/// Notes when a call begins and ends, its repetitions included.
#[derive(Debug)]
pub struct Timing;

impl Intercept for Timing {
    fn name(&self) -> &'static str {
        "Timing"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        note(|waited| {
            if waited.under_way == 0 {
                waited.since = Some(Instant::now());
            }
            waited.under_way += 1;
            waited.calls += 1;
        });
        Ok(())
    }

    fn read_after_execution(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        note(|waited| {
            waited.under_way = waited.under_way.saturating_sub(1);
            if waited.under_way == 0
                && let Some(since) = waited.since.take()
            {
                waited.whole += since.elapsed();
            }
        });
        Ok(())
    }
}

/// Outside of a request there is nothing to note.
fn note(how: impl FnOnce(&mut Waited)) {
    let _ = WAITED.try_with(|waited| how(&mut waited.borrow_mut()));
}
