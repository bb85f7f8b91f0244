//! Creates a crowd's guest sessions before a measurement.

use std::time::Duration;

use anyhow::Result;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::sleep;

use crate::wire::{Player, Server};

/// Guests that are created concurrently: more are not faster on two cores.
const AT_ONCE: usize = 8;
/// Attempts per guest: a small machine answers that it is busy.
const TRIES: u32 = 20;

/// Creates `count` guest players.
pub(super) async fn guests(server: &Server, count: usize) -> Result<Vec<Player>> {
    stream::iter(0..count)
        .map(|nth| guest(server, format!("Crowd {nth}")))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

async fn guest(server: &Server, name: String) -> Result<Player> {
    for _ in 1..TRIES {
        if let Ok(player) = server.guest(&name).await {
            return Ok(player);
        }
        sleep(Duration::from_millis(200)).await;
    }
    server.guest(&name).await
}
