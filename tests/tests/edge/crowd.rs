//! A crowd in one queue, a fifth of it cut off while it waits: everybody is matched, once.

use std::time::Duration;

use anyhow::{Result, ensure};
use tests::stack::{self, Options};
use xtask::load::lobby::Crowd;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_is_matched_whatever_happens_to_its_sockets() -> Result<()> {
    let stack = stack::start_with(Options::unpace).await?;
    let crowd =
        Crowd { people: 120, over: Duration::from_secs(2), drop: 0.2, pool: "speed-dating".to_owned() };
    let outcome = crowd.run(&stack).await?;
    println!("{outcome}");
    ensure!(outcome.is_fine(), "{outcome}");
    Ok(())
}
