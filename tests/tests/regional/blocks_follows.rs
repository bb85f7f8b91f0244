//! Tests blocks and follows: visibility on both sides, mutual follows, limits and pages.

use crate::world::{Guest, World};
use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use shared::limits;
use std::collections::BTreeSet;
use std::time::Duration;

/// Returns the mutual followers of a player and whether the player is hidden, as the edge reads it.
async fn visibility(world: &World, who: &Guest) -> Result<(BTreeSet<String>, bool)> {
    let path = format!("/internal/v1/players/{}/circle", who.player);
    let answer = world.signed("GET", &path, String::new()).await?;
    assert_eq!((answer.status, &answer.body["player"]), (200, &json!(who.player)));
    let mutual = answer.body["mutual"].as_array().context("a list")?;
    let mutual = mutual.iter().filter_map(|one| Some(one.as_str()?.to_owned()));
    Ok((mutual.collect(), answer.body["hidden"] == json!(true)))
}

async fn put(world: &World, who: &Guest, what: &str, other: &Guest) -> Result<()> {
    change(world, who, "PUT", &format!("/v1/{what}/{}", other.player)).await
}

async fn delete(world: &World, who: &Guest, what: &str, other: &Guest) -> Result<()> {
    change(world, who, "DELETE", &format!("/v1/{what}/{}", other.player)).await
}

/// Sends a change as a client does: retries a 503 after the time that the region states.
async fn change(world: &World, who: &Guest, method: &str, path: &str) -> Result<()> {
    loop {
        let answer = world.request_as(who, method, path, Value::Null).await?;
        if answer.status != 503 {
            answer.has_status(204);
            return Ok(());
        }
        let after = answer.header("retry-after").context("when to try again")?;
        tokio::time::sleep(Duration::from_secs(after.parse()?)).await;
    }
}

fn only(who: &Guest) -> (BTreeSet<String>, bool) {
    (BTreeSet::from([who.player.clone()]), false)
}

#[tokio::test]
async fn block_is_visible_to_its_owner_and_effective_for_both() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    put(&world, &ana, "follows", &ben).await?;
    put(&world, &ben, "follows", &ana).await?;
    assert_eq!(visibility(&world, &ana).await?, only(&ben));
    assert_eq!(visibility(&world, &ben).await?, only(&ana));

    put(&world, &ana, "blocks", &ben).await?;
    put(&world, &ana, "blocks", &ben).await?;
    let none = (BTreeSet::new(), false);
    assert_eq!(visibility(&world, &ana).await?, none);
    assert_eq!(visibility(&world, &ben).await?, none);
    let own = world.get("/v1/blocks", &ana.access).await?;
    assert_eq!(own.body["blocks"][0]["player"], json!(ben.player));
    assert_eq!(own.body["blocks"][0]["since"], "2024-11-30T20:53:20Z");
    // Ben cannot see the block.
    let his = world.get("/v1/blocks", &ben.access).await?;
    assert_eq!((his.status, &his.body["blocks"]), (200, &json!([])));
    let path = format!("/v1/blocks/{}", ana.player);
    world.get(&path, &ben.access).await?.is_problem(404, "not_found");

    // A block in the other direction stays when the first is removed.
    put(&world, &ben, "blocks", &ana).await?;
    delete(&world, &ana, "blocks", &ben).await?;
    delete(&world, &ana, "blocks", &ben).await?;
    assert_eq!(visibility(&world, &ana).await?, none);
    delete(&world, &ben, "blocks", &ana).await?;
    assert_eq!(visibility(&world, &ana).await?, only(&ben));
    Ok(())
}

#[tokio::test]
async fn only_mutual_followers_are_visible() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    put(&world, &ana, "follows", &ben).await?;
    assert!(visibility(&world, &ana).await?.0.is_empty());
    assert!(visibility(&world, &ben).await?.0.is_empty());
    let path = format!("/v1/follows/{}", ben.player);
    assert_eq!(world.get(&path, &ana.access).await?.body["mutual"], json!(false));
    put(&world, &ben, "follows", &ana).await?;
    assert_eq!(world.get(&path, &ana.access).await?.body["mutual"], json!(true));
    delete(&world, &ben, "follows", &ana).await?;
    assert_eq!(world.get(&path, &ana.access).await?.body["mutual"], json!(false));
    assert!(visibility(&world, &ana).await?.0.is_empty());

    let hidden = world.request_as(&ana, "PUT", "/v1/presence/me", json!({"hidden": true}));
    hidden.await?.has_status(200);
    assert!(visibility(&world, &ana).await?.1);
    let shown = world.get("/v1/presence/me", &ana.access).await?;
    assert_eq!(shown.body, json!({"hidden": true}));
    // Hiding does not change the profile.
    let own = world.get("/v1/profiles/me", &ana.access).await?;
    assert_eq!(own.header("etag"), Some(ana.own_tag(1).as_str()));
    let path = format!("/v1/follows/{}", ana.player);
    let own = world.request_as(&ana, "PUT", &path, Value::Null).await?;
    own.is_problem(400, "bad_id");
    Ok(())
}

#[tokio::test]
async fn concurrent_follows_are_mutual_on_both_sides() -> Result<()> {
    let world = World::new().await?;
    for round in 0..10 {
        let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
        tokio::try_join!(put(&world, &ana, "follows", &ben), put(&world, &ben, "follows", &ana),)?;
        assert_eq!(visibility(&world, &ana).await?, only(&ben), "round {round}");
        assert_eq!(visibility(&world, &ben).await?, only(&ana), "round {round}");
        tokio::try_join!(delete(&world, &ana, "follows", &ben), put(&world, &ben, "follows", &ana),)?;
        assert!(visibility(&world, &ben).await?.0.is_empty(), "round {round}");
    }
    Ok(())
}

#[tokio::test]
async fn blocks_are_limited_and_listed_page_by_page() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    let many = try_join_all((0..7).map(|_| world.guest("Player"))).await?;
    for one in &many {
        put(&world, &ana, "blocks", one).await?;
    }
    let (listed, _) = world.pages(&ana, "/v1/blocks?limit=3", "blocks").await?;
    let seen: BTreeSet<_> = listed.iter().map(|one| one["player"].to_string()).collect();
    assert_eq!((listed.len(), seen.len()), (7, 7));

    // One block below the limit.
    world.set_counter(&ana, "blocks", limits::BLOCKS_MAX - 1).await?;
    let (last, over) = (world.guest("Last").await?, world.guest("Over").await?);
    put(&world, &ana, "blocks", &last).await?;
    let path = format!("/v1/blocks/{}", over.player);
    let full = world.request_as(&ana, "PUT", &path, Value::Null).await?;
    full.is_problem(409, "full");
    assert_eq!(full.body["limit"], limits::BLOCKS_MAX);
    assert!(visibility(&world, &over).await?.0.is_empty());
    // The refused block wrote no row, and a repeated block does not count.
    put(&world, &ana, "blocks", &last).await?;
    delete(&world, &ana, "blocks", &last).await?;
    put(&world, &ana, "blocks", &over).await?;
    Ok(())
}
