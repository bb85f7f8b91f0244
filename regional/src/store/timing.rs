//! Measures how each request uses the store: the time it waited becomes `Server-Timing` in the response, and
//! conflicts and throttles become metrics.

use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use serde::Deserialize;
use std::cell::RefCell;
use std::time::{Duration, Instant};

tokio::task_local! {
    /// The tracker of the request that this task answers.
    static TRACKER: RefCell<Tracker>;
}

/// Adds up the time with at least one call in progress: concurrent calls count once.
#[derive(Debug, Default)]
pub(super) struct Tracker {
    in_progress: u32,
    since: Option<Instant>,
    pub(super) usage: StoreUsage,
}

/// How one request used the store.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct StoreUsage {
    /// The time with at least one call in progress.
    pub waited: Duration,
    /// Calls, not counting retries.
    pub calls: u32,
    /// Attempts that were refused because another write to the same item was in progress.
    pub conflicts: u32,
    /// Attempts that were refused because a table or a partition was at its capacity.
    pub throttles: u32,
    /// Read units that the calls consumed.
    pub read_units: f64,
    /// Write units that the calls consumed.
    pub write_units: f64,
}

/// Runs a future, and returns its output with its use of the store.
pub async fn measure<F: Future>(work: F) -> (F::Output, StoreUsage) {
    TRACKER
        .scope(RefCell::default(), async {
            let done = work.await;
            (done, TRACKER.with(|tracker| tracker.borrow().usage))
        })
        .await
}

/// Records when a call begins and ends, and why its attempts were refused.
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
        track(|tracker| {
            if tracker.in_progress == 0 {
                tracker.since = Some(Instant::now());
            }
            tracker.in_progress += 1;
            tracker.usage.calls += 1;
        });
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let refusal = context
            .response()
            .filter(|response| response.status().is_client_error())
            .and_then(|response| response.body().bytes())
            .and_then(|body| serde_json::from_slice::<Refusal>(body).ok());
        if let Some(refusal) = refusal {
            track(|tracker| {
                tracker.usage.conflicts += u32::from(refusal.is_conflict());
                tracker.usage.throttles += u32::from(refusal.is_throttle());
            });
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        track(|tracker| {
            tracker.in_progress = tracker.in_progress.saturating_sub(1);
            if tracker.in_progress == 0
                && let Some(since) = tracker.since.take()
            {
                tracker.usage.waited += since.elapsed();
            }
        });
        Ok(())
    }
}

/// Why DynamoDB refused one attempt, in the format of its response. The SDK retries throttled attempts
/// silently, so this is the only place that sees them.
#[derive(Debug, Deserialize)]
struct Refusal {
    #[serde(rename = "__type")]
    kind: String,
    #[serde(rename = "CancellationReasons", default)]
    reasons: Vec<Reason>,
}

#[derive(Debug, Deserialize)]
struct Reason {
    #[serde(rename = "Code")]
    code: Option<String>,
}

impl Refusal {
    fn is_conflict(&self) -> bool {
        self.has_code(&["TransactionConflictException", "TransactionConflict"])
    }

    fn is_throttle(&self) -> bool {
        self.has_code(&[
            "ProvisionedThroughputExceededException",
            "ProvisionedThroughputExceeded",
            "RequestLimitExceeded",
            "ThrottlingException",
            "ThrottlingError",
        ])
    }

    /// Returns whether the error itself, or the reason of one item of a transaction, has one of these codes.
    fn has_code(&self, names: &[&str]) -> bool {
        let kind = self.kind.rsplit('#').next().unwrap_or_default();
        let mut codes = self.reasons.iter().filter_map(|one| one.code.as_deref());
        names.contains(&kind) || codes.any(|code| names.contains(&code))
    }
}

/// Updates the tracker of the current request. Does nothing outside of a request.
pub(super) fn track(update: impl FnOnce(&mut Tracker)) {
    let _ = TRACKER.try_with(|tracker| update(&mut tracker.borrow_mut()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, conflict: bool, throttle: bool) {
        let refusal: Option<Refusal> = serde_json::from_str(body).ok();
        let read = refusal.map(|one| (one.is_conflict(), one.is_throttle()));
        assert_eq!(read, Some((conflict, throttle)), "{body}");
    }

    #[test]
    fn refusal_codes_count_as_conflicts_and_throttles() {
        check(r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionConflictException"}"#, true, false);
        check(r#"{"__type":"com.amazon.coral.availability#ThrottlingException"}"#, false, true);
        check(
            r#"{"__type":"a#TransactionCanceledException","CancellationReasons":[{"Code":"None"},{"Code":"TransactionConflict"}]}"#,
            true,
            false,
        );
        check(
            r#"{"__type":"a#TransactionCanceledException","CancellationReasons":[{"Code":"ThrottlingError"}]}"#,
            false,
            true,
        );
        // The content of an item is not a reason.
        let item = r#"{"Code":"ConditionalCheckFailed","Item":{"bio":{"S":"TransactionConflict"}}}"#;
        check(
            &format!(r#"{{"__type":"a#TransactionCanceledException","CancellationReasons":[{item}]}}"#),
            false,
            false,
        );
    }
}
