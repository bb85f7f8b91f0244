//! Tests a thousand messages while workerd is killed five times: durable ones are kept, others are sent
//! again.

use anyhow::{Context, Result, ensure};
use tests::stack::{self, Stack};
use tokio::sync::watch;

use super::chat::{EACH, chat, check, meet, positions, seeded, server, speaker};

/// Kills workerd when the chat reaches each of these positions, and restarts it on its data.
async fn kill(stack: &Stack, points: &[u64], mut progress: watch::Receiver<u64>) -> Result<()> {
    for &point in points {
        progress.wait_for(|at| *at >= point).await?;
        stack.kill_workerd().await?;
        stack.restart_edge().await?;
        // Waits for progress, so that the clients notice every kill.
        let then = *progress.borrow_and_update();
        progress.wait_for(|at| *at > then).await?;
    }
    Ok(())
}

#[tokio::test]
async fn thousand_messages_survive_five_kills() -> Result<()> {
    let mut chance = seeded("kills");
    let stack = stack::start().await?;
    let server = server(&stack)?;
    let (room, ana, bo) = meet(&server).await?;
    let a = speaker(&server, &room, &ana).await?;
    let b = speaker(&server, &room, &bo).await?;
    let points = positions(&mut chance, 5, 20, 2 * EACH - 100);
    let (progress, watched) = watch::channel(0);
    let (a, b, ()) =
        tokio::try_join!(chat(a, &[], &progress), chat(b, &[], &progress), kill(&stack, &points, watched),)?;
    check(&a, &b, [&ana, &bo])?;
    let snapshots = a.log.snapshots + b.log.snapshots;
    println!("{snapshots} resumes with a snapshot");
    let last = a.resumes.last().context("a resume")?;
    let resumes = a.resumes.len() + b.resumes.len();
    println!("{resumes} resumes, the last after {last:?}");
    ensure!(resumes >= points.len(), "{resumes} resumes");
    stack.stop().await;
    Ok(())
}
