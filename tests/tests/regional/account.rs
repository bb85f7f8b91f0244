//! Tests the export of an account, and its erasure.

use crate::identity::TrustingRegion;
use crate::ratings::{history, ranked, send_record};
use crate::world::{Guest, START_MS, World, record, variable};
use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jsonwebtoken::Algorithm;
use regional::config::Config;
use regional::store::Store;
use regional::store::item::Item;
use serde_json::{Value, json};
use shared::id::PlayerId;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Returns the keys of all rows that belong to a player or contain the name.
async fn rows_of(world: &World, player: &str, name: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for table in ["core", "history"] {
        let all = world.store.client().scan().table_name(table).send().await?;
        for item in all.items.unwrap_or_default() {
            let text = |key: &str| item.get(key).and_then(|value| value.as_s().ok()).cloned();
            let (pk, sk) = (text("pk").unwrap_or_default(), text("sk").unwrap_or_default());
            let named = format!("{item:?}").contains(name);
            let own = pk.contains(player) || sk.contains(player) || text("uid").as_deref() == Some(player);
            if named || own {
                found.push(format!("{pk} {sk}"));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Makes a player with rows of every kind: sessions, blocks and follows in both directions, matches, ratings,
/// a report with its counter, and the stored response to it.
async fn with_all_rows(world: &World) -> Result<(Guest, Guest, Guest)> {
    let ana = world.guest("Annabel").await?;
    let (ben, carl) = (world.guest("Ben").await?, world.guest("Carl").await?);
    world.login_again(&ana).await?;
    let edit = json!({"bio": "Annabel's", "attrs": {"lang": "en"}, "private": {"mail": "a@b.test"}});
    assert_eq!(world.patch(&ana, &ana.own_tag(1), edit).await?.status, 200);
    for (by, what, other) in
        [(&ana, "blocks", &carl), (&carl, "blocks", &ana), (&ana, "follows", &ben), (&ben, "follows", &ana)]
    {
        let path = format!("/v1/{what}/{}", other.player);
        assert!(world.request_as(by, "PUT", &path, json!(null)).await?.status < 300);
    }
    let bearer = format!("Bearer {}", ana.access);
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "k1")];
    let report = json!({"player": carl.player, "reason": "spam"});
    world.request("POST", "/v1/reports", &headers, report.to_string()).await?.has_status(201);
    let players = [ana.player.as_str(), ben.player.as_str(), carl.player.as_str()];
    for n in 0..30 {
        let result = json!({"winner": ana.player});
        let id = format!("m_{n}");
        send_record(world, &named(ranked(&id, &players[..2 + n % 2], START_MS, &result))).await?;
    }
    send_record(world, &named(record("m_other", &players, START_MS))).await?;
    Ok((ana, ben, carl))
}

/// Returns the record with the name of the first player.
fn named(mut record: Value) -> Value {
    record["players"][0]["name"] = json!("Annabel");
    record
}

fn store(world: &World) -> Result<Store> {
    Ok(Store::new(world.store.client(), Config::read(&variable)?.tables))
}

#[tokio::test]
async fn export_contains_every_row_of_the_player() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben, carl) = with_all_rows(&world).await?;
    let (items, _) = world.pages(&ana, "/v1/profiles/me/export", "items").await?;
    let count = |kind: &str| items.iter().filter(|item| item["kind"] == kind).count();
    let kinds = ["profile", "session", "rating", "block", "follow", "match"];
    assert_eq!(kinds.map(count), [1, 2, 1, 1, 1, 31]);
    let profile = items.iter().find(|item| item["kind"] == "profile").context("an item")?;
    assert_eq!(profile["private"], json!({"mail": "a@b.test"}));
    let block = items.iter().find(|item| item["kind"] == "block").context("an item")?;
    assert_eq!(block["about"], json!(carl.player));
    // The export contains neither secrets nor the players that block this one.
    let text = json!(items).to_string();
    assert!(!text.contains("hash") && text.contains(&ben.player));
    // A cursor longer than the keys of the store, of either section.
    for cursor in ["x".to_owned(), "cA".repeat(2_000), BASE64.encode(format!("p{}", "x".repeat(1_100)))] {
        let path = format!("/v1/profiles/me/export?cursor={cursor}");
        world.get(&path, &ana.access).await?.is_problem(400, "bad_cursor");
    }
    // Any other position is one in the caller's own data.
    let elsewhere = BASE64.encode("pU");
    let path = format!("/v1/profiles/me/export?cursor={elsewhere}");
    world.get(&path, &ana.access).await?.has_status(200);
    Ok(())
}

/// Erases the rows of a player, interrupted at ever later points and restarted. Returns the number of
/// interruptions.
async fn erase_with_interruptions(store: &Store, player: &PlayerId, world: &World) -> Result<u32> {
    let mut interruptions = 0;
    for steps in (3..).step_by(7) {
        let mut left = steps;
        let mut work = pin!(store.erase(player, world.time()));
        let done = poll_fn(|context| {
            left -= 1;
            match work.as_mut().poll(context) {
                Poll::Ready(done) => Poll::Ready(Some(done)),
                Poll::Pending if left == 0 => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        });
        match done.await {
            Some(done) => {
                done?;
                return Ok(interruptions);
            }
            None => interruptions += 1,
        }
    }
    unreachable!("the steps never end")
}

#[tokio::test]
async fn erasure_removes_every_row_however_often_it_is_interrupted() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben, carl) = with_all_rows(&world).await?;
    for _ in 0..2 {
        let gone = world.request_as(&ana, "DELETE", "/v1/profiles/me", json!(null)).await?;
        assert_eq!((gone.status, &gone.body["erased"]), (202, &json!(true)), "{}", gone.body);
    }
    // The player is invisible at once, and the sessions are revoked.
    let path = format!("/v1/profiles/{}", ana.player);
    world.get(&path, &ben.access).await?.is_problem(404, "player_not_found");
    world.patch(&ana, "\"3\"", json!({"name": "Back"})).await?.is_problem(401, "session_revoked");
    world.refresh(&ana.refresh).await?.is_problem(401, "session_revoked");
    let standing = format!("/internal/v1/players/{}?pool=ranked", ana.player);
    world.signed("GET", &standing, String::new()).await?.is_problem(404, "player_not_found");

    let rows = rows_of(&world, &ana.player, "Annabel").await?;
    assert!(rows.len() > 90);
    for row in [format!("I#{}#k1 I", ana.player), format!("L#reports:{} L", ana.player)] {
        assert!(rows.contains(&row), "{row}");
    }
    let store = store(&world)?;
    let player: PlayerId = ana.player.parse()?;
    let interruptions = erase_with_interruptions(&store, &player, &world).await?;
    assert!(interruptions > 5, "{interruptions}");
    let mark = vec![format!("U#{} ERASED", ana.player)];
    assert_eq!(rows_of(&world, &ana.player, "Annabel").await?, mark);
    store.erase(&player, world.time()).await?;
    assert_eq!(rows_of(&world, &ana.player, "Annabel").await?, mark);

    // Opponents keep their history; the counts of follows and blocks are right again.
    let matches = history(&world, &ben, "").await?;
    assert_eq!(matches.len(), 31);
    for one in &matches {
        let them = json!({"player": ana.player, "name": "", "came": true, "gone": true});
        assert_eq!(one["players"][0], them);
    }
    for (who, what) in [(&ben, "follows"), (&carl, "blocks")] {
        let list = world.get(&format!("/v1/{what}"), &who.access).await?;
        assert_eq!(list.body[what], json!([]), "{}", list.body);
    }

    // A match record that arrives late or twice restores no row.
    let late = named(ranked("m_late", &[&ana.player, &ben.player], START_MS, &json!({"draw": true})));
    assert_eq!([send_record(&world, &late).await?, send_record(&world, &late).await?], [201, 200]);
    let again = named(ranked("m_0", &[&ana.player, &ben.player], START_MS, &json!({"winner": ana.player})));
    assert_eq!(send_record(&world, &again).await?, 200);
    assert_eq!(rows_of(&world, &ana.player, "Annabel").await?, mark);
    assert_eq!(history(&world, &ben, "").await?.len(), 32);
    Ok(())
}

/// A player with what only some players have: an account at a provider with a failed login, pictures in all
/// states, and stored answers.
#[tokio::test]
async fn erasure_removes_accounts_pictures_and_stored_answers() -> Result<()> {
    let bucket = [
        ("PICTURES_URL", "https://pictures.test"),
        ("AWS_REGION", "local"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
    ];
    let region = TrustingRegion::with_config(Algorithm::EdDSA, &bucket).await?;
    let world = &region.world;
    let ana = Guest::of(&region.sign_in(|claims| claims["name"] = json!("Annabel")).await?.body)?;
    region.sign_in(|claims| claims["aud"] = json!("other")).await?.is_problem(401, "id_token_audience");
    let ben = world.guest("Ben").await?;
    for _ in 0..3 {
        let picture = json!({"type": "image/png", "bytes": 10});
        world.request_as(&ana, "POST", "/v1/pictures", picture).await?.has_status(201);
    }
    let bearer = format!("Bearer {}", ana.access);
    for key in ["k1", "k2"] {
        let headers = [("authorization", bearer.as_str()), ("idempotency-key", key)];
        let report = json!({"player": ben.player, "reason": "spam"}).to_string();
        world.request("POST", "/v1/reports", &headers, report).await?.has_status(201);
    }
    let kinds = async || -> Result<Vec<String>> {
        let all = world.store.client().scan().table_name("core").send().await?.items.unwrap_or_default();
        let text = |item: &Item, name: &str| item.get(name)?.as_s().ok().cloned();
        let of_ben = |item: &Item| {
            format!("{item:?}").contains(&ben.player) && text(item, "t").as_deref() != Some("report")
        };
        let mut kinds: Vec<String> =
            all.iter().filter(|item| !of_ben(item)).filter_map(|item| text(item, "t")).collect();
        kinds.sort();
        Ok(kinds)
    };
    let before = [
        "account", "answer", "answer", "count", "count", "count", "picture", "picture", "picture", "profile",
        "report", "report", "report", "report", "session",
    ];
    assert_eq!(kinds().await?, before);
    world.request_as(&ana, "DELETE", "/v1/profiles/me", json!(null)).await?.has_status(202);
    let (store, player) = (store(world)?, ana.player.parse()?);
    store.erase(&player, world.time()).await?;
    // The failed login of the address is not about a player, and reports are kept.
    // Each has a second row, in the list of the reported player.
    assert_eq!(kinds().await?, ["count", "erased", "report", "report", "report", "report"]);
    // The account has no player now: the next sign-in creates one.
    let again = Guest::of(&region.sign_in(|_| ()).await?.body)?;
    assert_ne!(again.player, ana.player);
    Ok(())
}

#[tokio::test]
async fn banned_player_can_export_and_erase_the_account() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let path = format!("/v1/bans/{}", ana.player);
    let ban = json!({"reason": "rude"});
    world.request_as(&mo, "PUT", &path, ban).await?.has_status(201);
    world.get("/v1/sessions", &ana.access).await?.is_problem(403, "banned");
    let export = world.get("/v1/profiles/me/export", &ana.access).await?;
    export.has_status(200);
    let items = export.body["items"].as_array().context("a list")?;
    assert!(items.iter().any(|item| item["kind"] == "ban" && item["reason"] == "rude"));
    let delete = async |who: &Guest| world.request_as(who, "DELETE", "/v1/profiles/me", json!(null)).await;
    delete(&ana).await?.has_status(202);
    // A repeated request succeeds, also after the erasure.
    delete(&ana).await?.has_status(202);
    store(&world)?.erase(&ana.player.parse()?, world.time()).await?;
    delete(&ana).await?.has_status(202);

    // A revoked session can neither export nor erase.
    world.request_as(&ben, "DELETE", "/v1/sessions", json!(null)).await?.has_status(204);
    let export = world.get("/v1/profiles/me/export", &ben.access).await?;
    export.is_problem(401, "session_revoked");
    delete(&ben).await?.is_problem(401, "session_revoked");
    let path = format!("/v1/profiles/{}", ben.player);
    world.get(&path, &mo.access).await?.has_status(200);
    Ok(())
}
