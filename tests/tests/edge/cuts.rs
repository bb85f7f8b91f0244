//! A thousand messages while one of two is cut off ten times: nothing is missing, doubled or out of order.

use anyhow::{Result, ensure};
use tests::stack;
use tokio::sync::watch;

use super::talk::{Chance, EACH, check, meet, server, talk, talker};

#[tokio::test]
async fn a_thousand_messages_survive_ten_cuts() -> Result<()> {
    let mut chance = Chance::new("cuts");
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let (room, ana, bo) = meet(&server).await?;
    let (a, of_a) = talker(&server, &room, &ana);
    let (b, of_b) = talker(&server, &room, &bo);
    let cuts = chance.points(10, 2, 2 * EACH - 50);
    let (progress, _) = watch::channel(0);
    let (a, b) = tokio::try_join!(talk(a, &[], &progress), talk(b, &cuts, &progress))?;
    check(&a, &b, &[of_a, of_b])?;
    ensure!(b.resumes.len() >= 10, "{} resumes", b.resumes.len());
    for one in [&a, &b] {
        // The object lived all the time, so every resume was an exact replay.
        ensure!(one.ledger.snapshots == 0 && one.ledger.missed() == 0);
    }
    Ok(())
}
