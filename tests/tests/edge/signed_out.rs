//! What the region commits closes sockets at the edge: through its own stream, and over a kill of both.

use anyhow::{Result, ensure};
use tests::stack::{self, Stack};
use xtask::wire::Player;

use super::talk::{meet, server};

/// Ends all logins of a player at the region.
async fn sign_out(stack: &Stack, player: &Player) -> Result<()> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("{}/v1/sessions", stack.region_url());
    let answer = http.delete(url).bearer_auth(&player.token).send().await?;
    ensure!(answer.status().as_u16() == 204, "{}", answer.text().await?);
    Ok(())
}

#[tokio::test]
async fn a_sign_out_at_the_region_closes_sockets_at_the_edge() -> Result<()> {
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let (room, ana, bo) = meet(&server).await?;
    let mut a = server.room(&room, &ana).connect().await?;
    a.welcome().await?;
    let mut b = server.room(&room, &bo).connect().await?;
    b.welcome().await?;
    sign_out(stack, &ana).await?;
    ensure!(a.closed().await?.code == 4302);
    // Nobody else is meant.
    b.event("away").await?;
    Ok(())
}

#[tokio::test]
async fn a_sign_out_outlives_a_kill_of_both() -> Result<()> {
    let stack = stack::start().await?;
    let server = server(&stack)?;
    let (room, ana, _) = meet(&server).await?;
    stack.kill_workerd().await?;
    sign_out(&stack, &ana).await?;
    stack.kill_region().await;
    stack.restart_edge().await?;
    stack.start_region().await?;
    // Either the edge knows already, or it hears of it while the socket is open.
    let mut a = server.room(&room, &ana).connect().await?;
    ensure!(a.closed().await?.code == 4302);
    Ok(())
}
