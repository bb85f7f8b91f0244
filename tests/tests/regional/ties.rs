//! Do two who block each other stay apart, on both sides, and do those who follow each other find one another?

use crate::world::{Guest, World};
use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use shared::caps;
use std::collections::BTreeSet;
use std::time::Duration;

/// Who may see somebody, as the edge is told.
async fn circle(world: &World, who: &Guest) -> Result<(BTreeSet<String>, bool)> {
    let path = format!("/internal/v1/players/{}/circle", who.player);
    let answer = world.signed("GET", &path, String::new()).await?;
    assert_eq!((answer.status, &answer.body["player"]), (200, &json!(who.player)));
    let mutual = answer.body["mutual"].as_array().context("a list")?;
    let mutual = mutual.iter().filter_map(|one| Some(one.as_str()?.to_owned()));
    Ok((mutual.collect(), answer.body["hidden"] == json!(true)))
}

async fn put(world: &World, who: &Guest, what: &str, whom: &Guest) -> Result<()> {
    tie(world, who, "PUT", &format!("/v1/{what}/{}", whom.player)).await
}

async fn delete(world: &World, who: &Guest, what: &str, whom: &Guest) -> Result<()> {
    tie(world, who, "DELETE", &format!("/v1/{what}/{}", whom.player)).await
}

/// As a client does it: what the region is too busy for is asked again when it says.
async fn tie(world: &World, who: &Guest, method: &str, path: &str) -> Result<()> {
    loop {
        let answer = world.act(who, method, path, Value::Null).await?;
        if answer.status != 503 {
            answer.done(204);
            return Ok(());
        }
        let after = answer.header("retry-after").context("when to try again")?;
        tokio::time::sleep(Duration::from_secs(after.parse()?)).await;
    }
}

fn just(who: &Guest) -> (BTreeSet<String>, bool) {
    (BTreeSet::from([who.player.clone()]), false)
}

#[tokio::test]
async fn a_block_is_one_sided_to_see_and_two_sided_to_feel() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    put(&world, &ana, "follows", &ben).await?;
    put(&world, &ben, "follows", &ana).await?;
    assert_eq!(circle(&world, &ana).await?, just(&ben));
    assert_eq!(circle(&world, &ben).await?, just(&ana));

    put(&world, &ana, "blocks", &ben).await?;
    put(&world, &ana, "blocks", &ben).await?;
    let nobody = (BTreeSet::new(), false);
    assert_eq!(circle(&world, &ana).await?, nobody);
    assert_eq!(circle(&world, &ben).await?, nobody);
    let own = world.get("/v1/blocks", &ana.access).await?;
    assert_eq!(own.body["blocks"][0]["player"], json!(ben.player));
    assert_eq!(own.body["blocks"][0]["since"], "2024-11-30T20:53:20Z");
    // Ben is not told.
    let his = world.get("/v1/blocks", &ben.access).await?;
    assert_eq!((his.status, &his.body["blocks"]), (200, &json!([])));
    let path = format!("/v1/blocks/{}", ana.player);
    world.get(&path, &ben.access).await?.is(404, "not_found");

    // His own block holds when hers is gone.
    put(&world, &ben, "blocks", &ana).await?;
    delete(&world, &ana, "blocks", &ben).await?;
    delete(&world, &ana, "blocks", &ben).await?;
    assert_eq!(circle(&world, &ana).await?, nobody);
    delete(&world, &ben, "blocks", &ana).await?;
    assert_eq!(circle(&world, &ana).await?, just(&ben));
    Ok(())
}

#[tokio::test]
async fn a_circle_is_who_follow_each_other() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    put(&world, &ana, "follows", &ben).await?;
    assert!(circle(&world, &ana).await?.0.is_empty());
    assert!(circle(&world, &ben).await?.0.is_empty());
    let path = format!("/v1/follows/{}", ben.player);
    assert_eq!(world.get(&path, &ana.access).await?.body["mutual"], json!(false));
    put(&world, &ben, "follows", &ana).await?;
    assert_eq!(world.get(&path, &ana.access).await?.body["mutual"], json!(true));
    delete(&world, &ben, "follows", &ana).await?;
    assert_eq!(world.get(&path, &ana.access).await?.body["mutual"], json!(false));
    assert!(circle(&world, &ana).await?.0.is_empty());

    let hidden = world.act(&ana, "PUT", "/v1/presence/me", json!({"hidden": true}));
    hidden.await?.done(200);
    assert!(circle(&world, &ana).await?.1);
    let shown = world.get("/v1/presence/me", &ana.access).await?;
    assert_eq!(shown.body, json!({"hidden": true}));
    // To hide changes nothing that others read of a profile.
    let own = world.get("/v1/profiles/me", &ana.access).await?;
    assert_eq!(own.header("etag"), Some("\"1\""));
    let path = format!("/v1/follows/{}", ana.player);
    let self_love = world.act(&ana, "PUT", &path, Value::Null).await?;
    self_love.is(400, "bad_id");
    Ok(())
}

#[tokio::test]
async fn two_who_follow_at_once_are_mutual_on_both_sides() -> Result<()> {
    let world = World::new().await?;
    for round in 0..10 {
        let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
        tokio::try_join!(put(&world, &ana, "follows", &ben), put(&world, &ben, "follows", &ana),)?;
        assert_eq!(circle(&world, &ana).await?, just(&ben), "round {round}");
        assert_eq!(circle(&world, &ben).await?, just(&ana), "round {round}");
        tokio::try_join!(delete(&world, &ana, "follows", &ben), put(&world, &ben, "follows", &ana),)?;
        assert!(circle(&world, &ben).await?.0.is_empty(), "round {round}");
    }
    Ok(())
}

#[tokio::test]
async fn one_blocks_so_many_and_reads_them_page_by_page() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    let many = try_join_all((0..7).map(|_| world.guest("Somebody"))).await?;
    for one in &many {
        put(&world, &ana, "blocks", one).await?;
    }
    let (mut seen, mut cursor) = (BTreeSet::new(), String::new());
    loop {
        let path = format!("/v1/blocks?limit=3{cursor}");
        let page = world.get(&path, &ana.access).await?;
        for one in page.body["blocks"].as_array().context("a list")? {
            assert!(seen.insert(one["player"].to_string()));
        }
        match page.body["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 7);

    // As if there were nearly as many as there may be.
    world.count(&ana, "blocks", caps::BLOCKS - 1).await?;
    let (last, over) = (world.guest("Last").await?, world.guest("Over").await?);
    put(&world, &ana, "blocks", &last).await?;
    let path = format!("/v1/blocks/{}", over.player);
    let full = world.act(&ana, "PUT", &path, Value::Null).await?;
    full.is(409, "full");
    assert_eq!(full.body["limit"], caps::BLOCKS);
    assert!(circle(&world, &over).await?.0.is_empty());
    // Nothing of the refused one was written, and one that is there already is no second.
    put(&world, &ana, "blocks", &last).await?;
    delete(&world, &ana, "blocks", &last).await?;
    put(&world, &ana, "blocks", &over).await?;
    Ok(())
}
