//! Tests retries of cancelled transactions. No emulator produces conflicts, so a proxy does.

use crate::world::{START_MS, World, record};
use anyhow::Result;
use regional::local::{Database, LocalStore};
use serde_json::Value;
use tests::faults::{Fault, FaultyStore};

/// Sends a match record while the next `count` transactions are cancelled for `reason`. Returns the status,
/// and the number of transactions that the region sent.
async fn check(reason: &'static str, count: u32) -> Result<(u16, u32)> {
    let store = LocalStore::serve(Database::memory()?).await?;
    let proxy = FaultyStore::before(store.endpoint(), 1).await?;
    proxy.cancel(count, reason);
    let world = World::behind(&proxy.endpoint, store, &[]).await?;
    let body = record("m_1", &["p_1"], START_MS).to_string();
    let answer = world.signed("POST", "/internal/v1/matches", body).await?;
    Ok((answer.status, proxy.transactions()))
}

#[tokio::test]
async fn conflict_is_retried_a_few_times() -> Result<()> {
    assert_eq!(check("TransactionConflict", 0).await?, (201, 1));
    assert_eq!(check("TransactionConflict", 4).await?, (201, 5));
    assert_eq!(check("TransactionConflict", 99).await?, (503, 5));
    assert_eq!(check("ThrottlingError", 2).await?, (201, 3));
    Ok(())
}

/// A transaction whose response is lost and that then conflicts is one transaction: each attempt carries the same
/// token.
#[tokio::test]
async fn transaction_with_a_lost_response_is_committed_once() -> Result<()> {
    for script in [
        vec![Fault::Lost, Fault::Conflict],
        vec![Fault::Lost, Fault::Cancelled, Fault::Conflict],
        vec![Fault::Conflict, Fault::Lost, Fault::Conflict, Fault::Lost],
    ] {
        let store = LocalStore::serve(Database::memory()?).await?;
        let proxy = FaultyStore::before(store.endpoint(), 1).await?;
        let world = World::behind(&proxy.endpoint, store, &[]).await?;
        let ana = world.guest("Ana").await?;
        proxy.script(&script);
        world.request_as(&ana, "DELETE", "/v1/sessions", Value::Null).await?.has_status(204);
        let path = format!("/internal/v1/players/{}", ana.player);
        let standing = world.signed("GET", &path, String::new()).await?;
        assert_eq!(standing.body["ep"], 1, "{script:?}");
    }
    Ok(())
}

#[tokio::test]
async fn permanent_failure_is_not_retried() -> Result<()> {
    assert_eq!(check("ValidationError", 99).await?, (500, 1));
    Ok(())
}
