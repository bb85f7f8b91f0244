//! A thousand messages while workerd is killed five times: what was durable is there, what was not is repeated.

use anyhow::{Context, Result, ensure};
use tests::stack::{self, Stack};
use tokio::sync::watch;

use super::talk::{Chance, EACH, check, meet, server, talk, talker};

/// Kills workerd when the talk has come to each of these positions, and starts it again on its data.
async fn kill(stack: &Stack, points: &[u64], mut progress: watch::Receiver<u64>) -> Result<()> {
    for &point in points {
        progress.wait_for(|at| *at >= point).await?;
        stack.kill_workerd().await?;
        stack.restart_edge().await?;
        // Somebody is back before the next one, so that each is noticed.
        let then = *progress.borrow_and_update();
        progress.wait_for(|at| *at > then).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_thousand_messages_survive_five_kills() -> Result<()> {
    let mut chance = Chance::new("kills");
    let stack = stack::start().await?;
    let server = server(&stack)?;
    let (room, ana, bo) = meet(&server).await?;
    let (a, of_a) = talker(&server, &room, &ana);
    let (b, of_b) = talker(&server, &room, &bo);
    let points = chance.points(5, 20, 2 * EACH - 100);
    let (progress, watched) = watch::channel(0);
    let (a, b, ()) =
        tokio::try_join!(talk(a, &[], &progress), talk(b, &[], &progress), kill(&stack, &points, watched),)?;
    check(&a, &b, &[of_a, of_b])?;
    let told = a.ledger.snapshots + b.ledger.snapshots;
    println!("told {told} times that something may be missing");
    let last = a.resumes.last().context("it was resumed")?;
    let resumes = a.resumes.len() + b.resumes.len();
    println!("{resumes} resumes, the last after {last:?}");
    ensure!(resumes >= points.len(), "{resumes} resumes");
    stack.stop().await;
    Ok(())
}
