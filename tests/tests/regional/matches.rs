//! Tests match records and the history: stored once, only from the edge, filters, cursors, retention.

use crate::world::{Guest, KEY, OTHER_KEY, START_MS, World, record};
use anyhow::{Context, Result};
use serde_json::json;
use shared::sign::{HEADER, SignKeys};
use shared::time::Time;
use std::time::Duration;

#[tokio::test]
async fn match_is_stored_once_and_listed_newest_first() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    for number in 0..5 {
        let record = record(&format!("m_{number}"), &[&ana.player, &ben.player], START_MS + number);
        let path = "/internal/v1/matches";
        for expected in [201, 200, 200] {
            let answer = world.signed("POST", path, record.to_string()).await?;
            assert_eq!((answer.status, &answer.body["kept"]), (expected, &json!(true)), "{}", answer.body);
        }
        let mut other = record.clone();
        other["events"] = json!(8);
        world.signed("POST", path, other.to_string()).await?.is_problem(409, "match_differs");
    }

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for expected in [2, 2, 1] {
        let page = world.get(&format!("/v1/matches?player=me&limit=2{cursor}"), &ana.access).await?;
        assert_eq!(page.status, 200, "{}", page.body);
        let matches = page.body["matches"].as_array().context("a list")?;
        assert_eq!(matches.len(), expected);
        seen.extend(matches.iter().map(|one| one["match"].as_str().unwrap_or_default().to_owned()));
        cursor = page.body["cursor"].as_str().map_or(String::new(), |cursor| format!("&cursor={cursor}"));
    }
    assert_eq!((seen.join(" ").as_str(), cursor.as_str()), ("m_4 m_3 m_2 m_1 m_0", ""));

    let all = world.get("/v1/matches?player=me", &ben.access).await?;
    let first = &all.body["matches"][0];
    assert_eq!(first["ended"], "2024-11-30T20:53:20.004Z");
    assert_eq!(first["result"], json!({"liked": true, "score": 1.5}));
    assert_eq!((&first["players"][0]["player"], &first["reason"]), (&json!(ana.player), &json!("ended")));

    // A record past its retention is not shown, although the store still has it.
    world.advance(Duration::from_hours(90 * 24) + Duration::from_millis(5));
    let fresh = Guest::of(&world.refresh(&ana.refresh).await?.body);
    assert!(fresh.is_err(), "the session has expired too");
    let late = world.guest("Late").await?;
    let old = record("m_old", &[&late.player], START_MS);
    assert_eq!(world.signed("POST", "/internal/v1/matches", old.to_string()).await?.status, 201);
    let none = world.get("/v1/matches?player=me", &late.access).await?;
    assert_eq!((none.status, &none.body["matches"]), (200, &json!([])));
    Ok(())
}

#[tokio::test]
async fn internal_routes_require_the_signature_of_the_edge() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    let path = format!("/internal/v1/players/{}", ana.player);
    let standing = world.signed("GET", &path, String::new()).await?;
    let expected = json!({"player": ana.player, "name": "Ana", "rating": 1500.0, "deviation": 350.0, "banned": false, "ep": 0});
    assert_eq!((standing.status, standing.body), (200, expected));
    world
        .signed("GET", "/internal/v1/players/p_nobody", String::new())
        .await?
        .is_problem(404, "player_not_found");

    let ask = async |header: &str| world.request("GET", &path, &[(HEADER, header)], String::new()).await;
    let sign = |key: &str, at: Time, path: &str| {
        Ok::<_, anyhow::Error>(key.parse::<SignKeys>()?.sign(at, "n", "GET", path, b""))
    };
    world.get(&path, &ana.access).await?.is_problem(401, "unsigned");
    ask("garbage").await?.is_problem(401, "signature_invalid");
    ask(&sign(OTHER_KEY, world.time(), &path)?).await?.is_problem(401, "signature_invalid");
    ask(&sign(KEY, world.time(), "/internal/v1/players/p_x")?).await?.is_problem(401, "signature_invalid");
    let old = sign(KEY, world.time(), &path)?;
    world.advance(Duration::from_millis(60_001));
    ask(&old).await?.is_problem(401, "signature_stale");
    Ok(())
}

/// Returns the ids of all matches in the history of a player with this filter, and the cursors on the way.
async fn pages(world: &World, guest: &Guest, filter: &str) -> Result<(Vec<String>, Vec<String>)> {
    let path = format!("/v1/matches?player=me{filter}");
    let (matches, cursors) = world.pages(guest, &path, "matches").await?;
    let ids = matches.iter().map(|one| Ok(one["match"].as_str().context("an id")?.to_owned()));
    Ok((ids.collect::<Result<_>>()?, cursors))
}

/// Stores ten matches, a second apart. Every third one is ranked.
async fn ten_matches(world: &World) -> Result<(Guest, Guest)> {
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    for n in 0..10 {
        let players = [ana.player.as_str(), ben.player.as_str()];
        let mut record = record(&format!("m_{n}"), &players, START_MS + n * 1000);
        if n % 3 == 0 {
            record["pool"] = json!("ranked");
        }
        let path = "/internal/v1/matches";
        let told = world.signed("POST", path, record.to_string()).await?;
        told.has_status(201);
    }
    Ok((ana, ben))
}

#[tokio::test]
async fn history_is_filtered_by_pool_and_time() -> Result<()> {
    let world = World::new().await?;
    let (ana, _) = ten_matches(&world).await?;
    let (from, to) = ("from=2024-11-30T20:53:22Z", "to=2024-11-30T20:53:28Z");
    let all: Vec<u64> = (0..10).rev().collect();
    let cases = [
        (String::new(), 0..10, 1),
        ("&pool=ranked".into(), 0..10, 3),
        (format!("&{from}"), 2..10, 1),
        (format!("&{to}"), 0..8, 1),
        (format!("&{from}&{to}"), 2..8, 1),
        (format!("&{from}&{to}&pool=ranked"), 2..8, 3),
    ];
    for (filter, ended, each) in cases {
        let some = all.iter().filter(|n| ended.contains(*n) && **n % each == 0);
        let expected: Vec<String> = some.map(|n| format!("m_{n}")).collect();
        for limit in [1, 2, 3, 50] {
            let (ids, _) = pages(&world, &ana, &format!("{filter}&limit={limit}")).await?;
            assert_eq!(ids, expected, "{filter} {limit}");
        }
    }
    let (none, _) = pages(&world, &ana, "&pool=nowhere&limit=1").await?;
    assert!(none.is_empty());
    for (filter, field) in [
        ("from=yesterday".to_owned(), "from"),
        ("to=1".to_owned(), "to"),
        ("from=2024-11-30T20:53:28Z&to=2024-11-30T20:53:28Z".to_owned(), "to"),
    ] {
        let path = format!("/v1/matches?player=me&{filter}");
        let refused = world.get(&path, &ana.access).await?;
        refused.is_problem(400, "bad_query");
        assert_eq!(refused.body["field"], field);
    }
    Ok(())
}

#[tokio::test]
async fn every_page_is_full_or_the_last_one() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let players = [ana.player.as_str(), ben.player.as_str()];
    // Seven ranked matches behind sixty of another pool, some of which say `ranked` in their results.
    for n in 0..67 {
        let mut record = record(&format!("m_{n}"), &players, START_MS + n * 1000);
        if n < 7 {
            record["pool"] = json!("ranked");
        } else if n % 2 == 0 {
            record["result"] = json!({"pool": "ranked"});
        }
        world.signed("POST", "/internal/v1/matches", record.to_string()).await?.has_status(201);
    }
    for (filter, limit, expected) in [
        ("&pool=ranked", 1, vec![1; 7]),
        ("&pool=ranked", 5, vec![5, 2]),
        ("&pool=ranked", 7, vec![7]),
        ("&pool=ranked", 50, vec![7]),
        ("&pool=nowhere", 1, vec![0]),
        ("&pool=speed-dating", 30, vec![30, 30]),
        ("", 50, vec![50, 17]),
    ] {
        let path = format!("/v1/matches?player=me&limit={limit}{filter}");
        let (mut sizes, mut next) = (Vec::new(), String::new());
        loop {
            let page = world.get(&format!("{path}{next}"), &ana.access).await?;
            page.has_status(200);
            sizes.push(page.body["matches"].as_array().context("a list")?.len());
            match page.body["cursor"].as_str() {
                Some(cursor) => next = format!("&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(sizes, expected, "{filter} {limit}");
    }
    Ok(())
}

#[tokio::test]
async fn cursor_belongs_to_one_list_and_expires_after_a_day() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben) = ten_matches(&world).await?;
    let (_, cursors) = pages(&world, &ana, "&pool=ranked&limit=2").await?;
    let cursor = cursors.first().context("a second page")?;
    let ask =
        async |who: &Guest, rest: &str| world.get(&format!("/v1/matches?player=me{rest}"), &who.access).await;
    ask(&ana, &format!("&pool=ranked&cursor={cursor}")).await?.has_status(200);
    // Another page size is still the same list.
    ask(&ana, &format!("&pool=ranked&limit=5&cursor={cursor}")).await?.has_status(200);
    let mut tampered = cursor.clone();
    tampered.replace_range(30..31, if &cursor[30..31] == "A" { "B" } else { "A" });
    for (who, rest) in [
        (&ben, format!("&pool=ranked&cursor={cursor}")),
        (&ana, format!("&cursor={cursor}")),
        (&ana, format!("&pool=ranked&to=2030-01-01T00:00:00Z&cursor={cursor}")),
        (&ana, format!("&pool=ranked&cursor={tampered}")),
    ] {
        let refused = ask(who, &rest).await?;
        refused.is_problem(400, "bad_cursor");
        assert_eq!(refused.body["field"], "cursor");
    }
    world.advance(Duration::from_hours(20));
    let ana = Guest::of(&world.refresh(&ana.refresh).await?.body)?;
    ask(&ana, &format!("&pool=ranked&cursor={cursor}")).await?.has_status(200);
    world.advance(Duration::from_hours(5));
    let ana = Guest::of(&world.refresh(&ana.refresh).await?.body)?;
    let stale = ask(&ana, &format!("&pool=ranked&cursor={cursor}")).await?;
    stale.is_problem(400, "bad_cursor");
    assert!(stale.body["detail"].as_str().is_some_and(|text| text.contains("24 hours")));
    Ok(())
}
