//! Transactions: several items are written together or not at all, and what follows a cancelled transaction.

use super::item::Item;
use super::{Store, failed};
use crate::clock::random_bytes;
use crate::error::Error;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};
use shared::id::base32;
use std::time::Duration;

/// Attempts at a transaction that conflicts with other writers.
const ATTEMPTS: u32 = 5;
/// The upper bound of the first wait; it doubles up to [`WAIT_MAX`].
const WAIT: Duration = Duration::from_millis(25);
/// The upper bound of all waits: five attempts stay within the time of a request.
const WAIT_MAX: Duration = Duration::from_millis(200);

/// How a transaction ended.
#[derive(Debug)]
pub enum CommitOutcome {
    /// Everything is written.
    Committed,
    /// Nothing is written, because conditions did not hold. One entry for each write of the transaction: the
    /// item as it is if the write's condition failed, with an empty item if there is none, and none if its
    /// condition held.
    ConditionFailed(Vec<Option<Item>>),
}

/// Why one item of a transaction was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelReason {
    /// This item did not cause the cancellation.
    None,
    /// Its condition did not hold.
    Condition,
    /// Another write to the item was in progress.
    Conflict,
    /// Its partition or table is at its capacity.
    Throttled,
    /// The write is invalid and can never succeed.
    Invalid,
}

impl CommitOutcome {
    /// Returns whether everything is written.
    #[must_use]
    pub fn is_committed(&self) -> bool {
        matches!(self, Self::Committed)
    }
}

impl CancelReason {
    /// The reason for a code of DynamoDB.
    #[must_use]
    pub fn parse(code: &str) -> Self {
        match code {
            "None" => Self::None,
            "ConditionalCheckFailed" => Self::Condition,
            "TransactionConflict" => Self::Conflict,
            "ThrottlingError" | "ProvisionedThroughputExceeded" => Self::Throttled,
            _ => Self::Invalid,
        }
    }
}

/// The next step after a cancelled transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// Return the failed conditions to the caller, which decides again.
    Decide,
    /// Try again after a random part of this time.
    Retry(Duration),
    /// Give up: other writers keep conflicting.
    GiveUp,
    /// Give up: the transaction can never succeed.
    Fail,
}

/// Decides what follows a cancelled transaction, by the reasons of its items. A failed condition takes
/// precedence over a conflict, because a retry would not change it. The SDK itself retries none of these.
#[must_use]
pub fn decide(reasons: &[CancelReason], attempt: u32) -> NextStep {
    let any = |which: CancelReason| reasons.contains(&which);
    if any(CancelReason::Invalid) {
        return NextStep::Fail;
    }
    if any(CancelReason::Condition) {
        return NextStep::Decide;
    }
    if !any(CancelReason::Conflict) && !any(CancelReason::Throttled) {
        return NextStep::Fail;
    }
    if attempt >= ATTEMPTS {
        return NextStep::GiveUp;
    }
    let doubled = WAIT.saturating_mul(1 << attempt.saturating_sub(1).min(16));
    NextStep::Retry(doubled.min(WAIT_MAX))
}

impl Store {
    /// Writes all items or none, once: all attempts carry one token, by which the store recognizes a transaction
    /// that it has committed although the response was lost.
    pub(super) async fn transact(
        &self,
        call: &'static str,
        items: Vec<TransactWriteItem>,
    ) -> Result<CommitOutcome, Error> {
        let token = base32(&random_bytes::<16>()?);
        let mut attempt = 0;
        loop {
            attempt += 1;
            let request = self.client.transact_write_items();
            let request = request.set_transact_items(Some(items.clone())).client_request_token(&token);
            let Err(error) = request.send().await else {
                return Ok(CommitOutcome::Committed);
            };
            let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
                error.as_service_error()
            else {
                return Err(failed(call)(error));
            };
            let reasons = cancelled.cancellation_reasons();
            match decide(&reasons.iter().map(reason).collect::<Vec<_>>(), attempt) {
                NextStep::Decide => {
                    return Ok(CommitOutcome::ConditionFailed(reasons.iter().map(found_item).collect()));
                }
                NextStep::Retry(longest) => tokio::time::sleep(jitter(longest)?).await,
                NextStep::GiveUp => return Err(Error::Contended { call }),
                NextStep::Fail => return Err(failed(call)(error)),
            }
        }
    }
}

fn found_item(of: &CancellationReason) -> Option<Item> {
    (reason(of) == CancelReason::Condition).then(|| of.item().cloned().unwrap_or_default())
}

fn reason(reason: &CancellationReason) -> CancelReason {
    reason.code().map_or(CancelReason::None, CancelReason::parse)
}

/// Returns a random part of a time span, so that writers that collided do not collide again.
pub(super) fn jitter(longest: Duration) -> Result<Duration, Error> {
    let [byte] = random_bytes::<1>()?;
    Ok(longest.saturating_mul(u32::from(byte)) / 255)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(codes: &[&str], attempt: u32, expected: NextStep) {
        let reasons: Vec<_> = codes.iter().map(|code| CancelReason::parse(code)).collect();
        assert_eq!(decide(&reasons, attempt), expected, "{codes:?} {attempt}");
    }

    #[test]
    fn cancellation_reasons_decide_the_next_step() {
        let again = |ms| NextStep::Retry(Duration::from_millis(ms));
        check(&["None", "ConditionalCheckFailed"], 1, NextStep::Decide);
        check(&["TransactionConflict", "ConditionalCheckFailed"], 9, NextStep::Decide);
        check(&["None", "TransactionConflict"], 1, again(25));
        check(&["None", "TransactionConflict"], 3, again(100));
        check(&["ThrottlingError"], 4, again(200));
        check(&["ProvisionedThroughputExceeded"], 5, NextStep::GiveUp);
        check(&["ValidationError", "TransactionConflict"], 1, NextStep::Fail);
        check(&["ItemCollectionSizeLimitExceeded"], 1, NextStep::Fail);
        check(&["SomethingNew"], 1, NextStep::Fail);
        check(&[], 1, NextStep::Fail);
    }

    #[test]
    fn all_waits_together_fit_into_a_request() {
        let mut waits = Duration::ZERO;
        for attempt in 1..=ATTEMPTS {
            if let NextStep::Retry(longest) = decide(&[CancelReason::Conflict], attempt) {
                waits += longest;
            }
        }
        assert!(waits < Duration::from_millis(500), "{waits:?}");
    }
}
