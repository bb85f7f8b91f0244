//! Tests retries of cancelled transactions. No emulator produces conflicts, so a proxy does.

use crate::world::{START_MS, World, record};
use anyhow::Result;
use regional::local::{Database, LocalStore};
use tests::faults::FaultyStore;

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

#[tokio::test]
async fn permanent_failure_is_not_retried() -> Result<()> {
    assert_eq!(check("ValidationError", 99).await?, (500, 1));
    Ok(())
}
