//! Tests of the list of open rooms: what the edge tells of openings and ends, in any order and repeated.

use crate::world::{START_MS, World, record};
use anyhow::{Context, Result};
use serde_json::json;
use shared::service_key::{SECRET_BYTES, Scope, ServiceKey};
use std::time::Duration;

struct Backend {
    world: World,
    key: String,
}

impl Backend {
    async fn with(scope: Scope) -> Result<Self> {
        let (key, text) = ServiceKey::create("backend", [scope].into(), [7; SECRET_BYTES])?;
        let world = World::with_config(&[("SERVICE_KEYS", &json!([key]).to_string())]).await?;
        Ok(Self { world, key: text })
    }

    async fn open(&self, room: &str, pool: &str, after_s: u64) -> Result<u16> {
        let created = START_MS + after_s * 1000;
        let body = json!({ "id": room, "pool": pool, "players": ["p_1", "p_2"], "created": created });
        Ok(self.world.signed("POST", "/internal/v1/rooms", body.to_string()).await?.status)
    }

    async fn end(&self, room: &str, started_after_s: u64) -> Result<u16> {
        let mut body = record(room, &["p_1", "p_2"], START_MS + 60_000);
        body["started"] = (START_MS + started_after_s * 1000).into();
        Ok(self.world.signed("POST", "/internal/v1/matches", body.to_string()).await?.status)
    }

    /// Returns the names of all rooms of a list, page by page.
    async fn rooms(&self, query: &str) -> Result<Vec<String>> {
        let (mut rooms, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.world.get(&format!("/v1/open-rooms?limit=2{query}{cursor}"), &self.key).await?;
            page.has_status(200);
            let list = page.body["rooms"].as_array().context("a list")?;
            rooms.extend(list.iter().filter_map(|room| room["room"].as_str()).map(str::to_owned));
            let Some(next) = page.body["cursor"].as_str() else { return Ok(rooms) };
            cursor = format!("&cursor={next}");
        }
    }
}

#[tokio::test]
async fn open_rooms_are_listed_by_pool_newest_first_until_they_end() -> Result<()> {
    let backend = Backend::with(Scope::Rooms).await?;
    for nth in 0..7 {
        let pool = if nth % 2 == 0 { "ranked" } else { "speed-dating" };
        assert_eq!(backend.open(&format!("m_{nth}"), pool, nth).await?, 201);
    }
    assert_eq!(backend.rooms("").await?, ["m_6", "m_5", "m_4", "m_3", "m_2", "m_1", "m_0"]);
    assert_eq!(backend.rooms("&pool=ranked").await?, ["m_6", "m_4", "m_2", "m_0"]);
    assert_eq!(backend.rooms("&pool=other").await?, [""; 0]);
    assert_eq!((backend.end("m_4", 4).await?, backend.end("m_4", 4).await?), (201, 200));
    assert_eq!(backend.rooms("&pool=ranked").await?, ["m_6", "m_2", "m_0"]);
    let page = backend.world.get("/v1/open-rooms?limit=1", &backend.key).await?;
    let expected = json!({ "room": "m_6", "pool": "ranked", "players": ["p_1", "p_2"], "created": "2024-11-30T20:53:26Z" });
    assert_eq!(page.body["rooms"][0], expected);
    Ok(())
}

#[tokio::test]
async fn late_and_repeated_openings_open_nothing_again() -> Result<()> {
    let backend = Backend::with(Scope::Rooms).await?;
    assert_eq!(
        (backend.open("m_1", "ranked", 1).await?, backend.open("m_1", "ranked", 1).await?),
        (201, 200)
    );
    assert_eq!(backend.rooms("").await?, ["m_1"]);
    backend.end("m_1", 1).await?;
    assert_eq!(backend.open("m_1", "ranked", 1).await?, 200);
    // The end is told first.
    backend.end("m_2", 2).await?;
    assert_eq!(backend.open("m_2", "ranked", 2).await?, 200);
    assert_eq!(backend.rooms("").await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn room_whose_end_is_never_told_expires() -> Result<()> {
    let backend = Backend::with(Scope::Rooms).await?;
    backend.open("m_1", "ranked", 1).await?;
    backend.world.advance(shared::limits::OPEN_ROOM_AGE_MAX + Duration::from_secs(2));
    assert_eq!(backend.rooms("").await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn list_is_for_keys_with_the_scope_and_its_cursors_are_sealed() -> Result<()> {
    let other = Backend::with(Scope::Sessions).await?;
    other.world.get("/v1/open-rooms", &other.key).await?.is_problem(403, "scope_missing");
    let backend = Backend::with(Scope::Rooms).await?;
    for nth in 0..3 {
        backend.open(&format!("m_{nth}"), "ranked", nth).await?;
    }
    let page = backend.world.get("/v1/open-rooms?limit=1", &backend.key).await?;
    let cursor = page.body["cursor"].as_str().context("a cursor")?;
    // A cursor is of one list, and only the region makes one.
    for wrong in [format!("cursor={cursor}&pool=ranked"), "cursor=bV8x".into()] {
        let answer = backend.world.get(&format!("/v1/open-rooms?{wrong}"), &backend.key).await?;
        answer.is_problem(400, "bad_cursor");
    }
    for wrong in ["pool=Ranked", "limit=0", "state=open"] {
        let answer = backend.world.get(&format!("/v1/open-rooms?{wrong}"), &backend.key).await?;
        answer.is_problem(400, "bad_query");
    }
    Ok(())
}
