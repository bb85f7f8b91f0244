//! Tests profiles: reads, concurrent edits, versions, attributes, tiers, and data for the lobby.

use crate::world::{Guest, World};
use anyhow::{Context, Result};
use serde_json::json;

#[tokio::test]
async fn guest_gets_a_profile_and_tokens() -> Result<()> {
    let world = World::new().await?;
    let answer = world.post("/v1/sessions", json!({"guest": {"name": " Ana "}})).await?;
    assert_eq!((answer.status, &answer.body["expires_in"]), (201, &json!(600)));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let ana = Guest::of(&answer.body)?;

    let own = world.get("/v1/profiles/me", &ana.access).await?;
    assert_eq!((own.status, own.header("etag")), (200, Some("\"1\"")));
    assert_eq!(own.body["name"], "Ana");
    assert_eq!(own.body["created"], "2024-11-30T20:53:20Z");
    assert!(own.body["private"].is_object());
    assert_eq!(own.header("cache-control"), Some("private, no-cache"));

    let path = format!("/v1/profiles/{}", ana.player);
    let public = world.request("GET", &path, &[], String::new()).await?;
    assert_eq!((public.status, &public.body["player"]), (200, &json!(ana.player)));
    assert!(public.body.get("private").is_none());
    let again = world.request("GET", &path, &[("if-none-match", "\"1\"")], String::new()).await?;
    assert_eq!(again.status, 304);

    let ben = world.guest("Ben").await?;
    let ids = format!("/v1/profiles?ids={},p_nobody,{},{}", ben.player, ana.player, ben.player);
    let list = world.request("GET", &ids, &[], String::new()).await?;
    let names: Vec<_> =
        list.body["profiles"].as_array().context("a list")?.iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["Ben", "Ana"]);
    Ok(())
}

#[tokio::test]
async fn edit_requires_the_current_version() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    let bearer = format!("Bearer {}", ana.access);
    let none = world.request("PATCH", "/v1/profiles/me", &[("authorization", &bearer)], "{}".into()).await?;
    none.is_problem(428, "version_required");

    let first = world.patch(&ana, "\"1\"", json!({"bio": "chess"})).await?;
    assert_eq!((first.status, first.header("etag")), (200, Some("\"2\"")));
    assert_eq!((&first.body["bio"], &first.body["name"]), (&json!("chess"), &json!("Ana")));

    for stale in ["\"1\"", "\"3\"", "\"other\""] {
        let answer = world.patch(&ana, stale, json!({"name": "Zoe"})).await?;
        answer.is_problem(412, "version_changed");
        assert_eq!(answer.header("etag"), Some("\"2\""));
    }
    world.patch(&ana, "*", json!({"name": "Zoe"})).await?.is_problem(400, "bad_if_match");
    world.patch(&ana, "W/\"2\"", json!({"name": "Zoe"})).await?.is_problem(400, "bad_if_match");
    let removed = world.patch(&ana, "\"2\"", json!({"bio": null})).await?;
    assert_eq!((removed.status, &removed.body["bio"]), (200, &json!("")));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_concurrent_edits_is_accepted() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    let other = world.login_again(&ana).await?;
    let (mut won, mut kept) = ([0, 0], json!({}));
    for round in 1..=1000_u64 {
        let etag = format!("\"{round}\"");
        // Each device writes a name and an attribute of its own, so a lost change shows in either.
        let attribute = format!("a{}", round % 6);
        let edit = |who, by: &str| {
            let body =
                json!({"name": format!("{by} {round}"), "attrs": {format!("{attribute}-{by}"): round}});
            world.patch(who, &etag, body)
        };
        let (one, two) = tokio::try_join!(edit(&ana, "one"), edit(&other, "two"))?;
        let (winner, loser, by) = if one.status == 200 {
            won[0] += 1;
            (one, two, "one")
        } else {
            won[1] += 1;
            (two, one, "two")
        };
        assert_eq!(winner.status, 200, "round {round}: {}", winner.body);
        loser.is_problem(412, "version_changed");
        let next = format!("\"{}\"", round + 1);
        assert_eq!(loser.header("etag"), Some(next.as_str()));
        kept[format!("{attribute}-{by}")] = json!(round);
        let read = world.get("/v1/profiles/me", &ana.access).await?;
        assert_eq!((&read.body["name"], &read.body["attrs"]), (&json!(format!("{by} {round}")), &kept));
        assert_eq!(read.header("etag"), Some(next.as_str()));
    }
    eprintln!("accepted: {won:?}");
    Ok(())
}

#[tokio::test]
async fn attributes_are_checked_and_private_data_stays_private() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    let edit =
        json!({"attrs": {"lang": "en", "elo": 1712, "likes": ["go"]}, "private": {"mail": {"news": true}}});
    let edited = world.patch(&ana, "\"1\"", edit).await?;
    assert_eq!((edited.status, edited.header("etag")), (200, Some("\"2\"")), "{}", edited.body);
    // An edit without a difference does not change the version.
    let same = world.patch(&ana, "\"2\"", json!({"attrs": {"lang": "en"}})).await?;
    assert_eq!((same.status, same.header("etag")), (200, Some("\"2\"")));

    let wrong = json!({"name": "", "colour": 1, "attrs": {"tier": "gold", "Elo": 1}});
    let refused = world.patch(&ana, "\"2\"", wrong).await?;
    refused.is_problem(400, "bad_attribute");
    let errors = refused.body["errors"].as_array().context("a list")?;
    let fields: Vec<_> = errors.iter().map(|one| one["field"].as_str().unwrap_or_default()).collect();
    assert_eq!(fields, ["attrs.Elo", "attrs.tier", "colour", "name"], "{}", refused.body);

    let own = world.get("/v1/profiles/me", &ana.access).await?;
    assert_eq!(own.body["private"], json!({"mail": {"news": true}}));
    let public = world.request("GET", &format!("/v1/profiles/{}", ana.player), &[], String::new()).await?;
    assert_eq!(public.body["attrs"], json!({"lang": "en", "elo": 1712, "likes": ["go"]}));
    assert!(public.body.get("private").is_none() && public.body.get("account").is_none());
    Ok(())
}

#[tokio::test]
async fn only_the_edge_sets_the_tier_and_each_change_is_a_version() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    let edited = world.patch(&ana, "\"1\"", json!({"attrs": {"lang": "en"}})).await?;
    edited.has_status(200);
    let path = format!("/internal/v1/players/{}/tier", ana.player);
    world.request_as(&ana, "PUT", &path, json!({"tier": "gold"})).await?.is_problem(401, "unsigned");
    for (tier, version) in
        [(json!("gold"), 3), (json!("gold"), 3), (json!(null), 4), (json!(null), 4), (json!("gold"), 5)]
    {
        let answer = world.signed("PUT", &path, json!({ "tier": tier }).to_string()).await?;
        let expected = json!({"player": ana.player, "tier": tier, "version": version});
        assert_eq!((answer.status, answer.body), (200, expected));
    }
    world.signed("PUT", &path, json!({"tier": "Gold"}).to_string()).await?.is_problem(400, "bad_text");
    let unknown = path.replace(&ana.player, "p_nobody");
    world
        .signed("PUT", &unknown, json!({"tier": "x"}).to_string())
        .await?
        .is_problem(404, "player_not_found");

    let own = world.get("/v1/profiles/me", &ana.access).await?;
    assert_eq!(own.body["account"]["tier"], json!("gold"));
    for (asked, status) in
        [("\"4\"", 200), ("\"5\"", 304), ("W/\"5\"", 304), ("\"1\", \"5\"", 304), ("*", 304)]
    {
        let headers = [("if-none-match", asked)];
        let answer =
            world.request("GET", &format!("/v1/profiles/{}", ana.player), &headers, String::new()).await?;
        assert_eq!(answer.status, status, "{asked}");
    }

    Ok(())
}

#[tokio::test]
async fn lobby_receives_attributes_tier_and_blocked_players() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    world
        .patch(&ana, "\"1\"", json!({"attrs": {"lang": "en", "elo": 1712, "likes": ["go"]}}))
        .await?
        .has_status(200);
    let path = format!("/internal/v1/players/{}/tier", ana.player);
    world.signed("PUT", &path, json!({"tier": "gold"}).to_string()).await?.has_status(200);
    let ben = world.guest("Ben").await?;
    let carl = world.guest("Carl").await?;
    for (by, other) in [(&ana, &ben), (&carl, &ana)] {
        let path = format!("/v1/blocks/{}", other.player);
        assert!(world.request_as(by, "PUT", &path, json!(null)).await?.status < 300);
    }
    let path = format!("/internal/v1/players/{}?pool=ranked", ana.player);
    let standing = world.signed("GET", &path, String::new()).await?;
    assert_eq!(standing.body["attrs"], json!({"lang": "en", "elo": 1712, "likes": ["go"], "tier": "gold"}));
    let mut blocked = [ben.player, carl.player];
    blocked.sort();
    assert_eq!(standing.body["apart"], json!(blocked));
    Ok(())
}
