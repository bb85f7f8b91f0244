//! A crowd's sessions, made before anything is measured.

use std::time::Duration;

use anyhow::Result;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::sleep;

use crate::wire::{Player, Server};

/// Guests that are made at once: more do not come faster, on two cores.
const AT_ONCE: usize = 8;
/// How often making one is tried: the machine is small, and the region says so.
const TRIES: u32 = 20;

/// So many new players.
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
