//! Tests matches that a mode decided, or that all players stated: their ratings, replays and disputes.

use crate::ratings::{history, ranked, send_record};
use crate::world::{Guest, START_MS, World, variable};
use anyhow::{Context, Result};
use regional::config::Config;
use regional::openapi::document;
use regional::store::Store;
use serde_json::{Value, json};
use std::time::Duration;
use xtask::openapi::operations;

/// A text that occurs in a replay and nowhere else.
const CANARY: &str = "canary-7f3a9c";

/// Returns the record of a match that a mode ended with these ranks, by seat. The players hid the canary.
fn moded(id: &str, players: &[&str], ranks: &[u32]) -> Value {
    let mut record = ranked(id, players, START_MS, &Value::Null);
    let tied = ranks.iter().all(|rank| *rank == 1);
    record["reason"] = json!("mode");
    record["mode"] = json!("go-fish@1");
    record["outcome"] = json!({"ranks": ranks, "draw": tied, "why": "books"});
    record["replay"] = json!({
        "mode": "go-fish@1", "config": null, "seats": players.len(), "seed": "00000000000000000000000000000001",
        "started": START_MS - 500, "events": [
            [START_MS - 400, {"move": {"seat": 0, "body": {"hidden": CANARY}}}],
            [START_MS - 300, {"gone": {"seat": 1}}],
        ],
    });
    record
}

/// Returns the record of a match about which its two players stated different winners.
fn disputed(id: &str, [one, two]: [&str; 2], ended: u64) -> Value {
    let result = json!({one: {"winner": one}, two: {"winner": two}});
    let mut record = ranked(id, &[one, two], ended, &result);
    record["reason"] = json!("disputed");
    record
}

/// Returns a player's rating in the pool, and the number of rated matches; none if the player is unrated.
async fn rating(world: &World, player: &str) -> Result<Option<(f64, u64)>> {
    let path = format!("/v1/profiles/{player}/ratings");
    let answer = world.request("GET", &path, &[], String::new()).await?;
    answer.has_status(200);
    let rating = &answer.body["ratings"][0];
    Ok(rating["rating"].as_f64().zip(rating["matches"].as_u64()))
}

/// Returns the ids of the matches on all pages of the disputes.
async fn disputes(world: &World, moderator: &Guest, limit: usize) -> Result<Vec<String>> {
    let path = format!("/v1/disputes?limit={limit}");
    let (matches, _) = world.pages(moderator, &path, "matches").await?;
    matches.iter().map(|one| Ok(one["match"].as_str().context("an id")?.to_owned())).collect()
}

#[tokio::test]
async fn mode_rates_both_players_though_the_opponent_left() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let mut record = moded("m_1", &[&ana.player, &ben.player], &[1, 2]);
    record["outcome"]["why"] = json!("left");
    // A result beside the outcome does not count.
    record["result"] = json!({"winner": ben.player});
    assert_eq!(send_record(&world, &record).await?, 201);
    let (won, lost) = (rating(&world, &ana.player).await?, rating(&world, &ben.player).await?);
    let ((won, _), (lost, _)) = won.zip(lost).context("two ratings")?;
    assert!(won > 1600.0 && (won + lost - 3000.0).abs() < 0.01, "{won} {lost}");
    for who in [&ana, &ben] {
        let own = history(&world, who, "").await?;
        let shown = (&own[0]["reason"], &own[0]["by"], &own[0]["mode"], &own[0]["outcome"]);
        let outcome = json!({"ranks": [1, 2], "draw": false, "why": "left"});
        assert_eq!(shown, (&json!("mode"), &Value::Null, &json!("go-fish@1"), &outcome));
        assert_eq!(own[0]["rating"]["matches"], 1);
    }
    Ok(())
}

#[tokio::test]
async fn draw_of_a_mode_is_rated_as_a_draw() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    send_record(&world, &moded("m_1", &[&ana.player, &ben.player], &[1, 2])).await?;
    let before = rating(&world, &ana.player).await?.context("a rating")?;
    send_record(&world, &moded("m_2", &[&ana.player, &ben.player], &[1, 1])).await?;
    let after = rating(&world, &ana.player).await?.context("a rating")?;
    // The better player loses points by a draw, but not as many as by a defeat.
    assert!(after.0 < before.0 && after.0 > 1500.0, "{before:?} {after:?}");
    assert_eq!(after.1, 2);
    Ok(())
}

#[tokio::test]
async fn mode_ranks_three_players_by_seat() -> Result<()> {
    let world = World::new().await?;
    let names = ["p_c", "p_a", "p_b"];
    send_record(&world, &moded("m_1", &names, &[2, 1, 3])).await?;
    let mut rated = Vec::new();
    for name in names {
        rated.push(rating(&world, name).await?.context("a rating")?.0);
    }
    assert!(rated[1] > rated[0] && rated[0] > rated[2], "{rated:?}");
    Ok(())
}

#[tokio::test]
async fn outcome_that_does_not_fit_is_stored_and_not_rated() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let unfit: [&[u32]; 5] = [&[], &[1], &[1, 2, 3], &[0, 1], &[1, 9]];
    for (n, ranks) in unfit.iter().enumerate() {
        let record = moded(&format!("m_{n}"), &[&ana.player, &ben.player], ranks);
        assert_eq!(send_record(&world, &record).await?, 201, "{ranks:?}");
    }
    let mut absent = moded("m_absent", &[&ana.player, &ben.player], &[1, 2]);
    absent["players"][1]["came"] = json!(false);
    send_record(&world, &absent).await?;
    let mut gone = moded("m_gone", &[&ana.player, &ben.player], &[1, 2]);
    gone["reason"] = json!("mode_gone");
    send_record(&world, &gone).await?;
    assert_eq!(rating(&world, &ana.player).await?, None);
    assert_eq!(history(&world, &ana, "").await?.len(), 7);
    Ok(())
}

#[tokio::test]
async fn agreed_result_rates_all_players() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let players = [ana.player.as_str(), ben.player.as_str(), "p_third"];
    let ranks = json!({"ranks": {players[0]: 2, players[1]: 1, players[2]: 3}});
    let mut record = ranked("m_1", &players, START_MS, &ranks);
    record["reason"] = json!("agreed");
    send_record(&world, &record).await?;
    let mut rated = Vec::new();
    for name in players {
        rated.push(rating(&world, name).await?.context("a rating")?.0);
    }
    assert!(rated[1] > rated[0] && rated[0] > rated[2], "{rated:?}");
    Ok(())
}

#[tokio::test]
async fn disputed_match_is_kept_unrated_and_listed_for_moderators_only() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    let (ana, ben, eve) = (world.guest("Ana").await?, world.guest("Ben").await?, world.guest("Eve").await?);
    let record = disputed("m_1", [&ana.player, &ben.player], START_MS);
    assert_eq!([send_record(&world, &record).await?, send_record(&world, &record).await?], [201, 200]);
    send_record(&world, &moded("m_2", &[&ana.player, &ben.player], &[1, 2])).await?;
    assert_eq!(rating(&world, &ana.player).await?.context("a rating")?.1, 1);

    // The entry is there once; other matches have none.
    let page = world.get("/v1/disputes", &mo.access).await?;
    page.has_status(200);
    assert_eq!(page.body["matches"].as_array().context("a list")?.len(), 1);
    let shown = &page.body["matches"][0];
    assert_eq!((&shown["match"], &shown["reason"]), (&json!("m_1"), &json!("disputed")));
    assert_eq!(shown["result"], record["result"]);
    let one = world.get("/v1/matches/m_1", &mo.access).await?;
    assert_eq!((&one.body["match"], &one.body["ratings"]), (shown, &json!([])));
    assert!(one.body.get("replay").is_none());

    // Both players see the match in their own history, and no other player does.
    for (who, count) in [(&ana, 2), (&ben, 2), (&eve, 0)] {
        assert_eq!(history(&world, who, "").await?.len(), count);
        for path in ["/v1/disputes", "/v1/matches/m_1", "/v1/matches/m_none"] {
            world.get(path, &who.access).await?.is_problem(403, "not_moderator");
        }
    }
    for path in ["/v1/disputes", "/v1/matches/m_1"] {
        world.request("GET", path, &[], String::new()).await?.is_problem(401, "token_missing");
    }
    world.get("/v1/matches/m_none", &mo.access).await?.is_problem(404, "match_not_found");
    world.get("/v1/matches/p_1", &mo.access).await?.is_problem(400, "bad_id");
    Ok(())
}

#[tokio::test]
async fn disputes_are_listed_newest_first_page_by_page() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    let mut expected = Vec::new();
    for n in 0..11 {
        let id = format!("m_{n}");
        send_record(&world, &disputed(&id, ["p_1", "p_2"], START_MS + n * 1000)).await?;
        expected.insert(0, id);
    }
    for limit in [1, 4, 11, 50] {
        assert_eq!(disputes(&world, &mo, limit).await?, expected, "{limit}");
    }
    for query in ["cursor=none", "cursor=MTIz", "limit=0", "state=open"] {
        let path = format!("/v1/disputes?{query}");
        world.get(&path, &mo.access).await?.has_status(400);
    }
    Ok(())
}

#[tokio::test]
async fn expired_match_is_neither_returned_nor_listed() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    let long_ago = START_MS - u64::try_from(Duration::from_hours(91 * 24).as_millis())?;
    send_record(&world, &disputed("m_old", ["p_1", "p_2"], long_ago)).await?;
    send_record(&world, &disputed("m_new", ["p_1", "p_2"], START_MS)).await?;
    assert_eq!(disputes(&world, &mo, 20).await?, ["m_new"]);
    world.get("/v1/matches/m_old", &mo.access).await?.is_problem(404, "match_not_found");
    // The entry expires at the same moment as the match.
    let rows = world.store.client().scan().table_name("history").send().await?.items.unwrap_or_default();
    let ttl = |kind: &str| {
        let rows = rows.iter().filter(|row| row.get("pk").is_some_and(|pk| format!("{pk:?}").contains(kind)));
        let mut all: Vec<String> = rows.map(|row| format!("{:?}", row.get("ttl"))).collect();
        all.sort();
        all
    };
    assert_eq!(ttl("DQ#").len(), 2);
    assert_eq!(ttl("DQ#"), ttl("M#"));
    Ok(())
}

#[tokio::test]
async fn replay_is_shown_to_moderators_and_to_no_player() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let record = moded("m_1", &[&ana.player, &ben.player], &[1, 2]);
    send_record(&world, &record).await?;
    let shown = world.get("/v1/matches/m_1", &mo.access).await?;
    shown.has_status(200);
    assert_eq!(shown.body["replay"], record["replay"]);
    let players = shown.body["ratings"].as_array().context("a list")?;
    assert_eq!(players.iter().map(|one| &one["player"]).collect::<Vec<_>>(), [&ana.player, &ben.player]);

    // The item of the match has the replay, and no other row does.
    let mut rows = Vec::new();
    for table in ["core", "history"] {
        let all = world.store.client().scan().table_name(table).send().await?.items.unwrap_or_default();
        rows.extend(all.into_iter().filter(|row| format!("{row:?}").contains(CANARY)));
    }
    assert_eq!(rows.len(), 1);
    assert!(rows[0]["pk"].as_s().is_ok_and(|pk| pk == "M#m_1"), "{rows:?}");

    // No operation of the document answers a player with it.
    let document = document()?;
    let mut answered = 0;
    for (path, method, _) in operations(&document) {
        // The erasure ends the sessions; each request has its own guest with the match of its own.
        let guest = world.guest("Guest").await?;
        let id = format!("m_own{answered}");
        send_record(&world, &moded(&id, &[&guest.player, &ben.player], &[1, 2])).await?;
        let query = if method == "GET" && path == "/v1/matches" { "?player=me" } else { "" };
        let path = path.replace("{player}", "me").replace("{match}", &id).replace("{pool}", "ranked");
        for path in [format!("{path}{query}"), path.replace("/me", &format!("/{}", guest.player))] {
            let answer = world.request_as(&guest, &method, &path, json!(null)).await?;
            assert!(!format!("{}", answer.body).contains(CANARY), "{method} {path}");
            assert!(!format!("{:?}", answer.headers).contains(CANARY), "{method} {path}");
        }
        answered += 1;
    }
    assert!(answered > 40, "{answered}");
    let (items, _) = world.pages(&ana, "/v1/profiles/me/export", "items").await?;
    let copy = items.iter().find(|item| item["about"] == "m_1").context("a copy")?;
    assert_eq!(copy["record"]["mode"], "go-fish@1");
    assert!(!json!(items).to_string().contains(CANARY));
    assert!(!json!(history(&world, &ana, "").await?).to_string().contains(CANARY));
    Ok(())
}

#[tokio::test]
async fn record_with_another_replay_conflicts() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let record = moded("m_1", &[&ana.player, &ben.player], &[1, 2]);
    assert_eq!([send_record(&world, &record).await?, send_record(&world, &record).await?], [201, 200]);
    let mut other = record.clone();
    other["replay"]["events"][0][1]["move"]["body"]["hidden"] = json!("else");
    let mut none = record.clone();
    none["replay"] = Value::Null;
    for different in [other, none] {
        let path = "/internal/v1/matches";
        world.signed("POST", path, different.to_string()).await?.is_problem(409, "match_differs");
    }
    let shown = world.get("/v1/matches/m_1", &mo.access).await?;
    assert_eq!(shown.body["replay"], record["replay"]);
    assert_eq!(rating(&world, &ana.player).await?.context("a rating")?.1, 1);
    Ok(())
}

#[tokio::test]
async fn largest_records_are_stored() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    let names: Vec<String> = (0..64).map(|n| format!("p_{n:040}")).collect();
    let players: Vec<&str> = names.iter().map(String::as_str).collect();
    // A replay of 64 KiB.
    let mut long = moded("m_long", &players, &(1..=64).collect::<Vec<_>>());
    let events = (0..64).map(|n| json!([START_MS, {"move": {"seat": n, "body": {"text": "x".repeat(960)}}}]));
    long["replay"]["events"] = events.collect();
    let bytes = long["replay"]["events"].to_string().len();
    assert!((62 * 1024..=64 * 1024).contains(&bytes), "{bytes}");
    assert_eq!(send_record(&world, &long).await?, 201);
    let shown = world.get("/v1/matches/m_long", &mo.access).await?;
    assert_eq!(shown.body["replay"], long["replay"]);
    // A result of 4 KiB from each player.
    let mut dispute = disputed("m_dispute", [players[0], players[1]], START_MS);
    dispute["players"] = long["players"].clone();
    let stated = players.iter().map(|player| ((*player).to_owned(), json!("x".repeat(4 * 1024 - 2))));
    dispute["result"] = Value::Object(stated.collect());
    assert_eq!(send_record(&world, &dispute).await?, 201);
    assert_eq!(disputes(&world, &mo, 20).await?, ["m_dispute"]);
    // Only signed requests may be as large.
    let large = json!({"guest": {"name": "x".repeat(65 * 1024)}});
    world.post("/v1/sessions", large).await?.is_problem(413, "too_large");
    let larger = json!({"result": "x".repeat(384 * 1024)}).to_string();
    let refused = world.signed("POST", "/internal/v1/matches", larger).await?;
    refused.is_problem(413, "too_large");
    assert_eq!(refused.body["limit"], 384 * 1024);
    Ok(())
}

#[tokio::test]
async fn erasure_of_a_player_deletes_the_replay() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let record = moded("m_1", &[&ana.player, &ben.player], &[1, 2]);
    send_record(&world, &record).await?;
    world.request_as(&ana, "DELETE", "/v1/profiles/me", json!(null)).await?.has_status(202);
    let store = Store::new(world.store.client(), Config::read(&variable)?.tables);
    store.erase(&ana.player.parse()?, world.time()).await?;
    // A record that arrives after the erasure loses its replay too.
    let late = moded("m_late", &[&ana.player, &ben.player], &[2, 1]);
    send_record(&world, &late).await?;
    for (id, record) in [("m_1", &record), ("m_late", &late)] {
        let shown = world.get(&format!("/v1/matches/{id}"), &mo.access).await?;
        shown.has_status(200);
        assert_eq!(shown.body["match"]["outcome"], record["outcome"]);
        assert_eq!(shown.body["match"]["players"][0]["gone"], true);
        assert!(shown.body.get("replay").is_none());
        assert_eq!(send_record(&world, record).await?, 200);
    }
    Ok(())
}
