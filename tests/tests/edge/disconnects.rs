//! Tests a thousand messages while one of two players is disconnected ten times: none is lost, doubled or
//! reordered.

use anyhow::{Result, ensure};
use tests::stack;
use tokio::sync::watch;

use super::chat::{EACH, chat, check, meet, positions, seeded, server, speaker};

#[tokio::test]
async fn thousand_messages_survive_ten_disconnects() -> Result<()> {
    let mut chance = seeded("disconnects");
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let (room, ana, bo) = meet(&server).await?;
    let a = speaker(&server, &room, &ana).await?;
    let b = speaker(&server, &room, &bo).await?;
    let disconnects = positions(&mut chance, 10, 2, 2 * EACH - 50);
    let (progress, _) = watch::channel(0);
    let (a, b) = tokio::try_join!(chat(a, &[], &progress), chat(b, &disconnects, &progress))?;
    check(&a, &b, [&ana, &bo])?;
    ensure!(b.resumes.len() >= 10, "{} resumes", b.resumes.len());
    for one in [&a, &b] {
        // The object stayed in memory, so every resume was an exact replay.
        ensure!(one.log.snapshots == 0 && one.log.missed() == 0);
    }
    Ok(())
}
