//! Tests that a sign-out at the region closes sockets at the edge, also after both were killed.

use anyhow::{Result, ensure};
use tests::stack::{self, Stack};
use xtask::next_event;
use xtask::wire::{Player, RoomEvent};

use super::chat::{meet, server};

/// Ends all sessions of a player at the region.
async fn sign_out(stack: &Stack, player: &Player) -> Result<()> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("{}/v1/sessions", stack.region_url());
    let answer = http.delete(url).bearer_auth(&player.token).send().await?;
    ensure!(answer.status().as_u16() == 204, "{}", answer.text().await?);
    Ok(())
}

#[tokio::test]
async fn sign_out_at_the_region_closes_sockets_at_the_edge() -> Result<()> {
    let stack = stack::shared().await?;
    let server = server(stack)?;
    let (room, ana, bo) = meet(&server).await?;
    let mut a = server.room(&room, &ana).connect().await?;
    a.welcome().await?;
    let mut b = server.room(&room, &bo).connect().await?;
    b.welcome().await?;
    sign_out(stack, &ana).await?;
    ensure!(a.closed().await?.code == 4302);
    // The other player stays connected.
    next_event!(b, RoomEvent::Away).await?;
    Ok(())
}

#[tokio::test]
async fn sign_out_survives_a_kill_of_edge_and_region() -> Result<()> {
    let stack = stack::start().await?;
    let server = server(&stack)?;
    let (room, ana, _) = meet(&server).await?;
    stack.kill_workerd().await?;
    sign_out(&stack, &ana).await?;
    stack.kill_region().await;
    stack.restart_edge().await?;
    stack.start_region().await?;
    // The edge knows of it already, or receives the notice while the socket is open.
    let mut a = server.room(&room, &ana).connect().await?;
    ensure!(a.closed().await?.code == 4302);
    Ok(())
}
