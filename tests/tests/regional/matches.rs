//! Is what happened kept once, and told by the edge alone?

use crate::world::{Guest, KEY, OTHER_KEY, START_MS, World, record};
use anyhow::{Context, Result};
use serde_json::json;
use shared::sign::{HEADER, SignKeys};
use shared::time::Time;
use std::time::Duration;

#[tokio::test]
async fn a_match_is_kept_once_and_read_newest_first() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    for number in 0..5 {
        let record = record(
            &format!("m_{number}"),
            &[&ana.player, &ben.player],
            START_MS + number,
        );
        let path = "/internal/v1/matches";
        for expected in [201, 200, 200] {
            let answer = world.signed("POST", path, record.to_string()).await?;
            assert_eq!(
                (answer.status, &answer.body["kept"]),
                (expected, &json!(true)),
                "{}",
                answer.body
            );
        }
        let mut other = record.clone();
        other["events"] = json!(8);
        world
            .signed("POST", path, other.to_string())
            .await?
            .is(409, "match_differs");
    }

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for expected in [2, 2, 1] {
        let page = world
            .get(
                &format!("/v1/matches?player=me&limit=2{cursor}"),
                &ana.access,
            )
            .await?;
        assert_eq!(page.status, 200, "{}", page.body);
        let matches = page.body["matches"].as_array().context("a list")?;
        assert_eq!(matches.len(), expected);
        seen.extend(
            matches
                .iter()
                .map(|one| one["match"].as_str().unwrap_or_default().to_owned()),
        );
        cursor = page.body["cursor"]
            .as_str()
            .map_or(String::new(), |cursor| format!("&cursor={cursor}"));
    }
    assert_eq!(
        (seen.join(" ").as_str(), cursor.as_str()),
        ("m_4 m_3 m_2 m_1 m_0", "")
    );

    let all = world.get("/v1/matches?player=me", &ben.access).await?;
    let first = &all.body["matches"][0];
    assert_eq!(first["ended"], "2024-11-30T20:53:20.004Z");
    assert_eq!(first["result"], json!({"liked": true, "score": 1.5}));
    assert_eq!(
        (&first["players"][0]["player"], &first["reason"]),
        (&json!(ana.player), &json!("ended"))
    );

    // What has outlived its time is gone by the clock, though the store still has it.
    world.pass(Duration::from_hours(90 * 24) + Duration::from_millis(5));
    let fresh = Guest::of(&world.refresh(&ana.refresh).await?.body);
    assert!(fresh.is_err(), "the session has expired too");
    let late = world.guest("Late").await?;
    let old = record("m_old", &[&late.player], START_MS);
    assert_eq!(
        world
            .signed("POST", "/internal/v1/matches", old.to_string())
            .await?
            .status,
        201
    );
    let none = world.get("/v1/matches?player=me", &late.access).await?;
    assert_eq!((none.status, &none.body["matches"]), (200, &json!([])));
    Ok(())
}

#[tokio::test]
async fn the_edge_alone_reaches_internal_routes() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    let path = format!("/internal/v1/players/{}", ana.player);
    let standing = world.signed("GET", &path, String::new()).await?;
    let expected = json!({"player": ana.player, "name": "Ana", "rating": 1500.0, "deviation": 350.0, "banned": false, "ep": 0});
    assert_eq!((standing.status, standing.body), (200, expected));
    world
        .signed("GET", "/internal/v1/players/p_nobody", String::new())
        .await?
        .is(404, "player_not_found");

    let ask = async |header: &str| {
        world
            .ask("GET", &path, &[(HEADER, header)], String::new())
            .await
    };
    let sign = |key: &str, at: Time, path: &str| {
        Ok::<_, anyhow::Error>(key.parse::<SignKeys>()?.sign(at, "n", "GET", path, b""))
    };
    world.get(&path, &ana.access).await?.is(401, "unsigned");
    ask("garbage").await?.is(401, "signature_invalid");
    ask(&sign(OTHER_KEY, world.time(), &path)?)
        .await?
        .is(401, "signature_invalid");
    ask(&sign(KEY, world.time(), "/internal/v1/players/p_x")?)
        .await?
        .is(401, "signature_invalid");
    let old = sign(KEY, world.time(), &path)?;
    world.pass(Duration::from_millis(60_001));
    ask(&old).await?.is(401, "signature_stale");
    Ok(())
}
