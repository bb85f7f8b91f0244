//! Tests the circuit breaker between the edge's reads and the region: it opens, and a success closes it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use shared::limits;
use tests::stack;
use tokio::time::timeout;
use xtask::faults::Fault;
use xtask::wire::Server;

use super::chat::server;

/// Limit for the breaker to allow a probe.
const SOON: Duration = Duration::from_secs(30);

async fn status(server: &Server, player: &str) -> Result<u16> {
    Ok(server.get(&format!("/v1/profiles/{player}")).await?.status().as_u16())
}

#[tokio::test]
async fn successful_probe_lets_all_reads_through() -> Result<()> {
    let (stack, link) = stack::start_linked(|_| ()).await?;
    let server = server(&stack)?;
    let mut guests = Vec::new();
    for nth in 0..32 {
        guests.push(server.guest(&format!("Guest {nth}")).await?.id);
    }
    let (failing, healthy) = guests.split_at(20);
    link.fail(Fault::Status(500));
    let mut asked = 0;
    for player in failing {
        ensure!(status(&server, player).await? == 503, "the region does not answer");
        asked = link.request_count("/v1/profiles");
    }
    ensure!(asked >= limits::BREAKER_FAILURES_MAX as usize, "asked {asked} times");
    // Without the breaker, each read would ask at least once.
    ensure!(asked < failing.len(), "the breaker never opened: asked {asked} times");

    link.fail(Fault::None);
    let (probe, others) = healthy.split_first().context("guests")?;
    let probed = async {
        while status(&server, probe).await? != 200 {}
        anyhow::Ok(())
    };
    timeout(SOON, probed).await.context("the breaker stays open")??;
    // Each is a read of its own, within the time of one probe.
    for player in others {
        ensure!(status(&server, player).await? == 200, "the breaker was not told of the success");
    }
    Ok(())
}
