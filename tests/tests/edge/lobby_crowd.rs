//! Tests that a crowd in one queue, a fifth of it disconnected while it waits, is matched exactly once each.

use std::time::Duration;

use anyhow::{Result, ensure};
use tests::stack::{self, Options};
use xtask::load::lobby::Crowd;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crowd_is_matched_although_sockets_are_cut() -> Result<()> {
    let stack = stack::start_with(Options::disable_rate_limits).await?;
    let crowd =
        Crowd { people: 120, over: Duration::from_secs(2), drop: 0.2, pool: "speed-dating".to_owned() };
    let outcome = crowd.run(&stack).await?;
    println!("{outcome}");
    ensure!(outcome.is_success(), "{outcome}");
    Ok(())
}
