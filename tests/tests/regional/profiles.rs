//! Is a profile what its owner last made it?

use crate::world::{Guest, World};
use anyhow::{Context, Result};
use serde_json::json;

#[tokio::test]
async fn a_guest_is_somebody() -> Result<()> {
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
    let public = world.ask("GET", &path, &[], String::new()).await?;
    assert_eq!((public.status, &public.body["player"]), (200, &json!(ana.player)));
    assert!(public.body.get("private").is_none());
    let again = world.ask("GET", &path, &[("if-none-match", "\"1\"")], String::new()).await?;
    assert_eq!(again.status, 304);

    let ben = world.guest("Ben").await?;
    let ids = format!("/v1/profiles?ids={},p_nobody,{},{}", ben.player, ana.player, ben.player);
    let list = world.ask("GET", &ids, &[], String::new()).await?;
    let names: Vec<_> =
        list.body["profiles"].as_array().context("a list")?.iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["Ben", "Ana"]);
    Ok(())
}

#[tokio::test]
async fn two_devices_do_not_overwrite_each_other() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    let bearer = format!("Bearer {}", ana.access);
    let none = world.ask("PATCH", "/v1/profiles/me", &[("authorization", &bearer)], "{}".into()).await?;
    none.is(428, "version_required");

    let first = world.patch(&ana, "\"1\"", json!({"bio": "chess"})).await?;
    assert_eq!((first.status, first.header("etag")), (200, Some("\"2\"")));
    assert_eq!((&first.body["bio"], &first.body["name"]), (&json!("chess"), &json!("Ana")));

    for stale in ["\"1\"", "\"3\"", "\"other\""] {
        let answer = world.patch(&ana, stale, json!({"name": "Zoe"})).await?;
        answer.is(412, "version_changed");
        assert_eq!(answer.header("etag"), Some("\"2\""));
    }
    world.patch(&ana, "*", json!({"name": "Zoe"})).await?.is(400, "bad_if_match");
    world.patch(&ana, "W/\"2\"", json!({"name": "Zoe"})).await?.is(400, "bad_if_match");
    let removed = world.patch(&ana, "\"2\"", json!({"bio": null})).await?;
    assert_eq!((removed.status, &removed.body["bio"]), (200, &json!("")));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_edits_at_once_one_is_accepted() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    let other = world.login_again(&ana).await?;
    let (mut won, mut kept) = ([0, 0], json!({}));
    for round in 1..=1000_u64 {
        let etag = format!("\"{round}\"");
        // Each writes its own name, and its own attribute: a change that is lost shows in either.
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
        loser.is(412, "version_changed");
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

#[allow(clippy::too_many_lines)]
#[tokio::test]
async fn a_profile_has_parts_for_queues_for_its_owner_and_for_the_service() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    let edit =
        json!({"attrs": {"lang": "en", "elo": 1712, "likes": ["go"]}, "private": {"mail": {"news": true}}});
    let edited = world.patch(&ana, "\"1\"", edit).await?;
    assert_eq!((edited.status, edited.header("etag")), (200, Some("\"2\"")), "{}", edited.body);
    // What changes nothing is no change.
    let same = world.patch(&ana, "\"2\"", json!({"attrs": {"lang": "en"}})).await?;
    assert_eq!((same.status, same.header("etag")), (200, Some("\"2\"")));

    let wrong = json!({"name": "", "colour": 1, "attrs": {"tier": "gold", "Elo": 1}});
    let refused = world.patch(&ana, "\"2\"", wrong).await?;
    refused.is(400, "bad_attribute");
    let errors = refused.body["errors"].as_array().context("a list")?;
    let fields: Vec<_> = errors.iter().map(|one| one["field"].as_str().unwrap_or_default()).collect();
    assert_eq!(fields, ["attrs.Elo", "attrs.tier", "colour", "name"], "{}", refused.body);

    let path = format!("/internal/v1/players/{}/tier", ana.player);
    world.act(&ana, "PUT", &path, json!({"tier": "gold"})).await?.is(401, "unsigned");
    for (tier, version) in
        [(json!("gold"), 3), (json!("gold"), 3), (json!(null), 4), (json!(null), 4), (json!("gold"), 5)]
    {
        let answer = world.signed("PUT", &path, json!({ "tier": tier }).to_string()).await?;
        let expected = json!({"player": ana.player, "tier": tier, "version": version});
        assert_eq!((answer.status, answer.body), (200, expected));
    }
    world.signed("PUT", &path, json!({"tier": "Gold"}).to_string()).await?.is(400, "bad_text");
    let nobody = path.replace(&ana.player, "p_nobody");
    world.signed("PUT", &nobody, json!({"tier": "x"}).to_string()).await?.is(404, "player_not_found");

    let own = world.get("/v1/profiles/me", &ana.access).await?;
    assert_eq!(
        (&own.body["private"], &own.body["account"]["tier"]),
        (&json!({"mail": {"news": true}}), &json!("gold"))
    );
    let public = world.ask("GET", &format!("/v1/profiles/{}", ana.player), &[], String::new()).await?;
    assert_eq!(public.body["attrs"], json!({"lang": "en", "elo": 1712, "likes": ["go"]}));
    assert!(public.body.get("private").is_none() && public.body.get("account").is_none());
    for (asked, status) in
        [("\"4\"", 200), ("\"5\"", 304), ("W/\"5\"", 304), ("\"1\", \"5\"", 304), ("*", 304)]
    {
        let headers = [("if-none-match", asked)];
        let answer =
            world.ask("GET", &format!("/v1/profiles/{}", ana.player), &headers, String::new()).await?;
        assert_eq!(answer.status, status, "{asked}");
    }

    // The queue hears of all this, and of whom they block.
    let ben = world.guest("Ben").await?;
    let carl = world.guest("Carl").await?;
    for (by, whom) in [(&ana, &ben), (&carl, &ana)] {
        let path = format!("/v1/blocks/{}", whom.player);
        assert!(world.act(by, "PUT", &path, json!(null)).await?.status < 300);
    }
    let path = format!("/internal/v1/players/{}?pool=ranked", ana.player);
    let standing = world.signed("GET", &path, String::new()).await?;
    assert_eq!(standing.body["attrs"], json!({"lang": "en", "elo": 1712, "likes": ["go"], "tier": "gold"}));
    let mut apart = [ben.player, carl.player];
    apart.sort();
    assert_eq!(standing.body["apart"], json!(apart));
    Ok(())
}
