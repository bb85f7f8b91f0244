//! Several items changed together or not at all, and what to do when they were not.

use super::item::Item;
use super::{Store, failed};
use crate::clock::chance;
use crate::error::Error;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};
use std::time::Duration;

/// Attempts at a transaction that others are in the way of.
const ATTEMPTS: u32 = 5;
/// The longest first wait; it doubles up to [`WAIT_MAX`].
const WAIT: Duration = Duration::from_millis(25);
/// The longest wait: five attempts stay within a request's time.
const WAIT_MAX: Duration = Duration::from_millis(200);

/// How a transaction ended.
#[derive(Debug)]
pub enum Outcome {
    /// All is written.
    Done,
    /// Nothing is written, because these conditions did not hold: one entry an item of the transaction, with the item
    /// as it is where its condition failed and the transaction asked for it; an empty one where there is none.
    Refused(Vec<Option<Item>>),
}

/// Why one item of a transaction was not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// This item was not the matter.
    None,
    /// Its condition did not hold.
    Condition,
    /// Somebody else was changing it.
    Conflict,
    /// Its partition or table is at its ceiling.
    Throttled,
    /// Something that no repetition cures.
    Invalid,
}

impl Reason {
    /// From the code that DynamoDB gives.
    #[must_use]
    pub fn of(code: &str) -> Self {
        match code {
            "None" => Self::None,
            "ConditionalCheckFailed" => Self::Condition,
            "TransactionConflict" => Self::Conflict,
            "ThrottlingError" | "ProvisionedThroughputExceeded" => Self::Throttled,
            _ => Self::Invalid,
        }
    }
}

/// What to do after a transaction was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Hand the failed conditions to whoever decides.
    Decide,
    /// Try again after a random part of this.
    Again(Duration),
    /// Give up: others keep being in the way.
    GiveUp,
    /// Give up: it can never succeed.
    Fail,
}

/// Decides by the reasons, one an item. A failed condition counts before a conflict: it holds whoever was in the way.
/// The SDK retries none of these by itself.
#[must_use]
pub fn decide(reasons: &[Reason], attempt: u32) -> Next {
    let any = |which: Reason| reasons.contains(&which);
    if any(Reason::Invalid) {
        return Next::Fail;
    }
    if any(Reason::Condition) {
        return Next::Decide;
    }
    if !any(Reason::Conflict) && !any(Reason::Throttled) {
        return Next::Fail;
    }
    if attempt >= ATTEMPTS {
        return Next::GiveUp;
    }
    let doubled = WAIT.saturating_mul(1 << attempt.saturating_sub(1).min(16));
    Next::Again(doubled.min(WAIT_MAX))
}

impl Store {
    /// Writes all or nothing.
    pub(super) async fn transact(
        &self,
        call: &'static str,
        items: Vec<TransactWriteItem>,
    ) -> Result<Outcome, Error> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let request = self.client.transact_write_items();
            let request = request.set_transact_items(Some(items.clone()));
            let Err(error) = request.send().await else {
                return Ok(Outcome::Done);
            };
            let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) =
                error.as_service_error()
            else {
                return Err(failed(call)(error));
            };
            let reasons = cancelled.cancellation_reasons();
            match decide(&reasons.iter().map(reason).collect::<Vec<_>>(), attempt) {
                Next::Decide => {
                    return Ok(Outcome::Refused(reasons.iter().map(held).collect()));
                }
                Next::Again(longest) => tokio::time::sleep(part(longest)?).await,
                Next::GiveUp => return Err(Error::Contended { call }),
                Next::Fail => return Err(failed(call)(error)),
            }
        }
    }
}

fn held(of: &CancellationReason) -> Option<Item> {
    (reason(of) == Reason::Condition).then(|| of.item().cloned().unwrap_or_default())
}

fn reason(reason: &CancellationReason) -> Reason {
    reason.code().map_or(Reason::None, Reason::of)
}

/// A random part of a span, so that those who collided do not meet again.
pub(super) fn part(longest: Duration) -> Result<Duration, Error> {
    let [byte] = chance::<1>()?;
    Ok(longest.saturating_mul(u32::from(byte)) / 255)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(codes: &[&str], attempt: u32, expected: Next) {
        let reasons: Vec<_> = codes.iter().map(|code| Reason::of(code)).collect();
        assert_eq!(decide(&reasons, attempt), expected, "{codes:?} {attempt}");
    }

    #[test]
    fn what_follows_a_cancelled_transaction() {
        let again = |ms| Next::Again(Duration::from_millis(ms));
        check(&["None", "ConditionalCheckFailed"], 1, Next::Decide);
        check(&["TransactionConflict", "ConditionalCheckFailed"], 9, Next::Decide);
        check(&["None", "TransactionConflict"], 1, again(25));
        check(&["None", "TransactionConflict"], 3, again(100));
        check(&["ThrottlingError"], 4, again(200));
        check(&["ProvisionedThroughputExceeded"], 5, Next::GiveUp);
        check(&["ValidationError", "TransactionConflict"], 1, Next::Fail);
        check(&["ItemCollectionSizeLimitExceeded"], 1, Next::Fail);
        check(&["SomethingNew"], 1, Next::Fail);
        check(&[], 1, Next::Fail);
    }

    #[test]
    fn all_waits_together_fit_a_request() {
        let mut waits = Duration::ZERO;
        for attempt in 1..=ATTEMPTS {
            if let Next::Again(longest) = decide(&[Reason::Conflict], attempt) {
                waits += longest;
            }
        }
        assert!(waits < Duration::from_millis(500), "{waits:?}");
    }
}
