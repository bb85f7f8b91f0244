//! Is somebody told all that is held about them, and is nothing held once they want that?

use crate::ratings::{history, ranked, tell};
use crate::world::{Guest, START_MS, World, record, variable};
use anyhow::{Context as _, Result};
use regional::config::Config;
use regional::store::Store;
use serde_json::{Value, json};
use shared::id::PlayerId;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// What a store would say of somebody, asked directly: every item of theirs, and every item that has their name.
async fn traces(world: &World, player: &str, name: &str) -> Result<Vec<String>> {
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

/// Ana has been everywhere: two logins, blocks and follows both ways, matches of both kinds, ratings.
async fn lived(world: &World) -> Result<(Guest, Guest, Guest)> {
    let ana = world.guest("Annabel").await?;
    let (ben, carl) = (world.guest("Ben").await?, world.guest("Carl").await?);
    world.login_again(&ana).await?;
    let edit = json!({"bio": "Annabel's", "attrs": {"lang": "en"}, "private": {"mail": "a@b.test"}});
    assert_eq!(world.patch(&ana, "\"1\"", edit).await?.status, 200);
    for (by, what, whom) in
        [(&ana, "blocks", &carl), (&carl, "blocks", &ana), (&ana, "follows", &ben), (&ben, "follows", &ana)]
    {
        let path = format!("/v1/{what}/{}", whom.player);
        assert!(world.act(by, "PUT", &path, json!(null)).await?.status < 300);
    }
    let players = [ana.player.as_str(), ben.player.as_str(), carl.player.as_str()];
    for n in 0..30 {
        let result = json!({"winner": ana.player});
        let id = format!("m_{n}");
        tell(world, &named(ranked(&id, &players[..2 + n % 2], START_MS, &result))).await?;
    }
    tell(world, &named(record("m_other", &players, START_MS))).await?;
    Ok((ana, ben, carl))
}

/// A record with the names that the players have.
fn named(mut record: Value) -> Value {
    record["players"][0]["name"] = json!("Annabel");
    record
}

fn store(world: &World) -> Result<Store> {
    Ok(Store::new(world.store.client(), Config::read(&variable)?.tables))
}

#[tokio::test]
async fn all_that_is_held_is_told() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben, carl) = lived(&world).await?;
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.get(&format!("/v1/profiles/me/export{cursor}"), &ana.access).await?;
        assert_eq!(page.status, 200, "{}", page.body);
        items.extend(page.body["items"].as_array().context("a list")?.clone());
        match page.body["cursor"].as_str() {
            Some(next) => cursor = format!("?cursor={next}"),
            None => break,
        }
    }
    let count = |kind: &str| items.iter().filter(|item| item["kind"] == kind).count();
    let kinds = ["profile", "session", "rating", "block", "follow", "match"];
    assert_eq!(kinds.map(count), [1, 2, 1, 1, 1, 31]);
    let profile = items.iter().find(|item| item["kind"] == "profile").context("it")?;
    assert_eq!(profile["private"], json!({"mail": "a@b.test"}));
    let block = items.iter().find(|item| item["kind"] == "block").context("it")?;
    assert_eq!(block["about"], json!(carl.player));
    // Neither secrets nor who blocks them.
    let text = json!(items).to_string();
    assert!(!text.contains("hash") && text.contains(&ben.player));
    world.get("/v1/profiles/me/export?cursor=x", &ana.access).await?.is(400, "bad_cursor");
    Ok(())
}

#[tokio::test]
async fn who_leaves_is_forgotten_however_often_that_is_cut_short() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben, carl) = lived(&world).await?;
    for _ in 0..2 {
        let gone = world.act(&ana, "DELETE", "/v1/profiles/me", json!(null)).await?;
        assert_eq!((gone.status, &gone.body["erased"]), (202, &json!(true)), "{}", gone.body);
    }
    // At once nobody sees them, and no login of theirs changes or continues anything.
    let path = format!("/v1/profiles/{}", ana.player);
    world.get(&path, &ben.access).await?.is(404, "player_not_found");
    world.patch(&ana, "\"3\"", json!({"name": "Back"})).await?.is(401, "session_revoked");
    world.refresh(&ana.refresh).await?.is(401, "session_revoked");
    let standing = format!("/internal/v1/players/{}?pool=ranked", ana.player);
    world.signed("GET", &standing, String::new()).await?.is(404, "player_not_found");

    assert!(traces(&world, &ana.player, "Annabel").await?.len() > 90);
    // The rest is cut off at ever later points, and begun anew.
    let (store, player): (Store, PlayerId) = (store(&world)?, ana.player.parse()?);
    let mut cuts = 0;
    for steps in (3..).step_by(7) {
        let mut left = steps;
        let mut work = pin!(store.erase(&player, world.time()));
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
                break;
            }
            None => cuts += 1,
        }
    }
    assert!(cuts > 5, "{cuts}");
    let mark = vec![format!("U#{} ERASED", ana.player)];
    assert_eq!(traces(&world, &ana.player, "Annabel").await?, mark);
    store.erase(&player, world.time()).await?;
    assert_eq!(traces(&world, &ana.player, "Annabel").await?, mark);

    // Those who met them still know that there was a match; counts of ties are right again.
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

    // A match that is told late, or once more, brings nothing back.
    let late = named(ranked("m_late", &[&ana.player, &ben.player], START_MS, &json!({"draw": true})));
    assert_eq!([tell(&world, &late).await?, tell(&world, &late).await?], [201, 200]);
    let again = named(ranked("m_0", &[&ana.player, &ben.player], START_MS, &json!({"winner": ana.player})));
    assert_eq!(tell(&world, &again).await?, 200);
    assert_eq!(traces(&world, &ana.player, "Annabel").await?, mark);
    assert_eq!(history(&world, &ben, "").await?.len(), 32);
    Ok(())
}

#[tokio::test]
async fn the_banned_may_leave_and_take_what_is_theirs() -> Result<()> {
    let world = World::new().await?;
    let mo = world.guest("Mo").await?;
    let world = world.again(&[("MODERATORS", &mo.player)]).await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let path = format!("/v1/bans/{}", ana.player);
    let ban = json!({"reason": "rude"});
    world.act(&mo, "PUT", &path, ban).await?.done(201);
    world.get("/v1/sessions", &ana.access).await?.is(403, "banned");
    let export = world.get("/v1/profiles/me/export", &ana.access).await?;
    export.done(200);
    let items = export.body["items"].as_array().context("a list")?;
    assert!(items.iter().any(|item| item["kind"] == "ban" && item["reason"] == "rude"));
    let delete = async |who: &Guest| world.act(who, "DELETE", "/v1/profiles/me", json!(null)).await;
    delete(&ana).await?.done(202);
    // As before, and again without anybody left.
    delete(&ana).await?.done(202);
    store(&world)?.erase(&ana.player.parse()?, world.time()).await?;
    delete(&ana).await?.done(202);

    // A login that was ended opens nothing.
    world.act(&ben, "DELETE", "/v1/sessions", json!(null)).await?.done(204);
    let export = world.get("/v1/profiles/me/export", &ben.access).await?;
    export.is(401, "session_revoked");
    delete(&ben).await?.is(401, "session_revoked");
    let path = format!("/v1/profiles/{}", ben.player);
    world.get(&path, &mo.access).await?.done(200);
    Ok(())
}
