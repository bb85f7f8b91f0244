//! What a request asked of the store: how long it waited is told in its answer as `Server-Timing`, so that whoever measures
//! can tell the store's share from ours; what was refused is counted for whoever watches.

use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use serde::Deserialize;
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
    share: Share,
}

/// The store's part in one request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// Time with at least one call under way.
    pub waited: Duration,
    /// Calls, however often each was tried.
    pub calls: u32,
    /// Tries that were refused because somebody else was changing the same.
    pub conflicts: u32,
    /// Tries that were refused because a table or a part of it was at its ceiling.
    pub throttles: u32,
}

/// What became of a future, and what it asked of the store.
pub async fn measured<F: Future>(work: F) -> (F::Output, Share) {
    WAITED
        .scope(RefCell::default(), async {
            let done = work.await;
            (done, WAITED.with(|waited| waited.borrow().share))
        })
        .await
}

/// Notes when a call begins and ends, and how its tries were refused.
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
            waited.share.calls += 1;
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
            note(|waited| {
                waited.share.conflicts += u32::from(refusal.conflict());
                waited.share.throttles += u32::from(refusal.throttle());
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
        note(|waited| {
            waited.under_way = waited.under_way.saturating_sub(1);
            if waited.under_way == 0
                && let Some(since) = waited.since.take()
            {
                waited.share.waited += since.elapsed();
            }
        });
        Ok(())
    }
}

/// Why the store refused one try, as it says on the wire. The SDK repeats what is throttled without a word, so this is
/// the only place where it is seen.
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
    fn conflict(&self) -> bool {
        self.says(&["TransactionConflictException", "TransactionConflict"])
    }

    fn throttle(&self) -> bool {
        self.says(&[
            "ProvisionedThroughputExceededException",
            "ProvisionedThroughputExceeded",
            "RequestLimitExceeded",
            "ThrottlingException",
            "ThrottlingError",
        ])
    }

    /// As its own kind, behind the namespace, or as the reason of one item of a transaction.
    fn says(&self, names: &[&str]) -> bool {
        let kind = self.kind.rsplit('#').next().unwrap_or_default();
        let mut codes = self.reasons.iter().filter_map(|one| one.code.as_deref());
        names.contains(&kind) || codes.any(|code| names.contains(&code))
    }
}

/// Outside of a request there is nothing to note.
fn note(how: impl FnOnce(&mut Waited)) {
    let _ = WAITED.try_with(|waited| how(&mut waited.borrow_mut()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, conflict: bool, throttle: bool) {
        let refusal: Option<Refusal> = serde_json::from_str(body).ok();
        let read = refusal.map(|one| (one.conflict(), one.throttle()));
        assert_eq!(read, Some((conflict, throttle)), "{body}");
    }

    #[test]
    fn why_a_try_was_refused() {
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
        // What an item holds is nobody's reason.
        let held = r#"{"Code":"ConditionalCheckFailed","Item":{"bio":{"S":"TransactionConflict"}}}"#;
        check(
            &format!(r#"{{"__type":"a#TransactionCanceledException","CancellationReasons":[{held}]}}"#),
            false,
            false,
        );
    }
}
