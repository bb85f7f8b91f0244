//! Waits until a part of the stack answers its health check.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::time::{Instant, sleep};

/// Limit for a part's start, from listening to the first healthy answer.
const READY: Duration = Duration::from_secs(30);
const AGAIN: Duration = Duration::from_millis(25);

/// Waits until `GET {url}/health` answers 200.
pub async fn wait(url: &str) -> Result<()> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).no_proxy().build()?;
    let deadline = Instant::now() + READY;
    loop {
        let answer =
            client.get(format!("{url}/health")).send().await.and_then(reqwest::Response::error_for_status);
        match answer {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() >= deadline => {
                return Err(error).with_context(|| format!("{url}/health does not answer"));
            }
            // A client error is final: it does not change when the request is repeated.
            Err(error) if error.status().is_some_and(|status| status.is_client_error()) => {
                bail!("{error}")
            }
            Err(_) => sleep(AGAIN).await,
        }
    }
}
