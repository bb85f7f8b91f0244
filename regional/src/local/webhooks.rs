//! Delivers events of webhooks from a local region, as the stream of the events table and a schedule do in AWS.

use super::Wake;
use crate::clock::Clock;
use crate::error::Error;
use crate::webhook_delivery::WebhookDelivery;
use std::time::Duration;

/// The wait after the store could not be read.
const WAIT: Duration = Duration::from_secs(1);
/// The time after which due events are looked for without a wake-up: a request that timed out may still commit later.
const RECHECK: Duration = Duration::from_secs(30);

/// Delivers events until the process ends: after each request that may have committed one, and when one is due again.
pub async fn deliver(delivery: WebhookDelivery, clock: Clock, wake: Wake) {
    loop {
        match Box::pin(turn(&delivery, &clock)).await {
            Ok(pause) => drop(tokio::time::timeout(pause, wake.notified()).await),
            Err(error) => {
                tracing::error!(%error, "the events of webhooks cannot be read");
                tokio::time::sleep(WAIT).await;
            }
        }
    }
}

/// Attempts what is due, and returns the time until the next event is.
async fn turn(delivery: &WebhookDelivery, clock: &Clock) -> Result<Duration, Error> {
    delivery.deliver_due().await?;
    let next = delivery.next_due().await?;
    Ok(next.map_or(RECHECK, |due| due.since(clock.now()).min(RECHECK)))
}
