//! Tests profiles: reads, concurrent edits, versions, attributes, tiers, and data for the lobby.

use crate::world::{Guest, World};
use anyhow::{Context, Result};
use serde_json::json;
use shared::sign::HEADER;
use std::time::Duration;

#[tokio::test]
async fn guest_gets_a_profile_and_tokens() -> Result<()> {
    let world = World::new().await?;
    let answer = world.post("/v1/sessions", json!({"guest": {"name": " Ana "}})).await?;
    assert_eq!((answer.status, &answer.body["expires_in"]), (201, &json!(600)));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let ana = Guest::of(&answer.body)?;

    let own = world.get("/v1/profiles/me", &ana.access).await?;
    assert_eq!((own.status, own.header("etag")), (200, Some(ana.own_tag(1).as_str())));
    assert_eq!(own.body["name"], "Ana");
    assert_eq!(own.body["created"], "2024-11-30T20:53:20Z");
    assert!(own.body["private"].is_object());
    assert_eq!(own.header("cache-control"), Some("private, no-store"));

    let path = format!("/v1/profiles/{}", ana.player);
    let public = world.request("GET", &path, &[], String::new()).await?;
    assert_eq!((public.status, &public.body["player"]), (200, &json!(ana.player)));
    assert!(public.body.get("private").is_none());

    let ben = world.guest("Ben").await?;
    let ids = format!("/v1/profiles?ids={},p_nobody,{},{}", ben.player, ana.player, ben.player);
    let list = world.request("GET", &ids, &[], String::new()).await?;
    let names: Vec<_> =
        list.body["profiles"].as_array().context("a list")?.iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["Ben", "Ana"]);
    Ok(())
}

#[tokio::test]
async fn name_that_shows_nothing_is_refused_at_every_entrance() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("👨\u{200d}👩\u{200d}👧").await?;
    for blank in ["\u{200b}", "\u{2800}\u{3164}", "\u{e0041}\u{e0042}", "\u{115f} \u{fe0f}"] {
        let body = json!({"guest": {"name": blank}});
        let refused = world.post("/v1/sessions", body).await?;
        refused.is_problem(400, "bad_text");
        assert_eq!(refused.body["field"], "guest.name");
        world.patch(&ana, "*", json!({"name": blank})).await?.is_problem(400, "bad_text");
    }
    Ok(())
}

#[tokio::test]
async fn edit_requires_the_current_version() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    let bearer = format!("Bearer {}", ana.access);
    let none = world.request("PATCH", "/v1/profiles/me", &[("authorization", &bearer)], "{}".into()).await?;
    none.is_problem(428, "version_required");

    let first = world.patch(&ana, &ana.own_tag(1), json!({"bio": "chess"})).await?;
    assert_eq!((first.status, first.header("etag")), (200, Some(ana.own_tag(2).as_str())));
    assert_eq!((&first.body["bio"], &first.body["name"]), (&json!("chess"), &json!("Ana")));

    let ben = world.guest("Ben").await?;
    let weak = format!("W/{}", ana.own_tag(2));
    for stale in [ana.own_tag(1), ana.own_tag(3), "\"2\"".into(), "\"other\"".into(), ben.own_tag(2), weak] {
        let answer = world.patch(&ana, &stale, json!({"name": "Zoe"})).await?;
        answer.is_problem(412, "version_changed");
        assert_eq!(answer.header("etag"), Some(ana.own_tag(2).as_str()), "{stale}");
    }
    for invalid in ["", "2", "\"2", "*, \"2\""] {
        world.patch(&ana, invalid, json!({"name": "Zoe"})).await?.is_problem(400, "bad_if_match");
    }
    let removed = world.patch(&ana, &ana.own_tag(2), json!({"bio": null})).await?;
    assert_eq!((removed.status, &removed.body["bio"]), (200, &json!("")));
    // The public view has the same version; a list and `*` admit it too.
    let list = format!("\"x\", {}", ana.own_tag(4));
    for (version, admitted) in [(4, ana.public_tag(3)), (5, list), (6, "*".into())] {
        let edited = world.patch(&ana, &admitted, json!({"bio": admitted})).await?;
        assert_eq!(edited.header("etag"), Some(ana.own_tag(version).as_str()), "{}", edited.body);
    }
    Ok(())
}

#[tokio::test]
async fn copy_of_one_view_never_stands_for_another() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let path = format!("/v1/profiles/{}", ana.player);
    let ask = async |who: Option<&Guest>, path: &str, known: String| {
        let bearer = who.map(|who| format!("Bearer {}", who.access));
        let mut headers = vec![("if-none-match", known.as_str())];
        headers.extend(bearer.as_ref().map(|bearer| ("authorization", bearer.as_str())));
        world.request("GET", path, &headers, String::new()).await
    };
    let (own, public) = (ana.own_tag(1), ana.public_tag(1));
    let weak = format!("\"x\", W/{public}");
    for (who, path, known, status) in [
        // The next player of the same browser asks with the copy of the first.
        (Some(&ben), "/v1/profiles/me", own.clone(), 200),
        (Some(&ben), path.as_str(), own.clone(), 200),
        (None, &path, own.clone(), 200),
        (Some(&ana), &path, public.clone(), 200),
        (Some(&ana), &path, own.clone(), 304),
        (Some(&ana), "/v1/profiles/me", own, 304),
        (Some(&ben), &path, public.clone(), 304),
        (None, &path, public, 304),
        (None, &path, weak, 304),
    ] {
        let answer = ask(who, path, known.clone()).await?;
        assert_eq!(answer.status, status, "{path} {known}");
        let shows_private = who.is_some_and(|who| who.player == ana.player || path.ends_with("/me"));
        let expected = if shows_private { "private, no-store" } else { "public, max-age=60" };
        assert_eq!(answer.header("cache-control"), Some(expected), "{path} {known}");
        assert_eq!(answer.body.get("private").is_some(), shows_private && status == 200);
    }
    Ok(())
}

#[tokio::test]
async fn any_version_is_edited_whatever_comes_between() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    for round in 0..20 {
        let edit = |name: &str| world.patch(&ana, "*", json!({"attrs": {name: round}}));
        let (one, two) = tokio::try_join!(edit("one"), edit("two"))?;
        assert_eq!((one.status, two.status), (200, 200), "{} {}", one.body, two.body);
        let own = world.get("/v1/profiles/me", &ana.access).await?;
        assert_eq!(own.body["attrs"], json!({"one": round, "two": round}));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_concurrent_edits_is_accepted() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    let other = world.login_again(&ana).await?;
    let (mut won, mut kept) = ([0, 0], json!({}));
    for round in 1..=1000_u64 {
        let etag = ana.own_tag(round);
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
        let next = ana.own_tag(round + 1);
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
    let edited = world.patch(&ana, &ana.own_tag(1), edit).await?;
    assert_eq!(
        (edited.status, edited.header("etag")),
        (200, Some(ana.own_tag(2).as_str())),
        "{}",
        edited.body
    );
    // An edit without a difference does not change the version.
    let same = world.patch(&ana, &ana.own_tag(2), json!({"attrs": {"lang": "en"}})).await?;
    assert_eq!((same.status, same.header("etag")), (200, Some(ana.own_tag(2).as_str())));

    let wrong = json!({"name": "", "colour": 1, "attrs": {"tier": "gold", "Elo": 1}});
    let refused = world.patch(&ana, &ana.own_tag(2), wrong).await?;
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
    let edited = world.patch(&ana, &ana.own_tag(1), json!({"attrs": {"lang": "en"}})).await?;
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
    for (known, status) in [(ana.public_tag(4), 200), (ana.public_tag(5), 304)] {
        let headers = [("if-none-match", known.as_str())];
        let answer =
            world.request("GET", &format!("/v1/profiles/{}", ana.player), &headers, String::new()).await?;
        assert_eq!(answer.status, status, "{known}");
    }
    Ok(())
}

#[tokio::test]
async fn signed_tier_cannot_be_replayed() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    let path = format!("/internal/v1/players/{}/tier", ana.player);
    let (gold, none) = (json!({"tier": "gold"}).to_string(), json!({"tier": null}).to_string());
    let send = async |signature: &str, body: &str| {
        world.request("PUT", &path, &[(HEADER, signature)], body.to_owned()).await
    };
    let first = world.signature("PUT", &path, &gold)?;
    send(&first, &gold).await?.has_status(200);
    // The second changes nothing, and is used up nevertheless.
    let second = world.signature("PUT", &path, &gold)?;
    send(&second, &gold).await?.has_status(200);
    world.advance(Duration::from_secs(1));
    world.signed("PUT", &path, none).await?.has_status(200);
    for after in [0, 29, 30] {
        world.advance(Duration::from_secs(after));
        for replayed in [&first, &second] {
            send(replayed, &gold).await?.is_problem(401, "signature_used");
        }
    }
    world.advance(Duration::from_secs(1));
    send(&first, &gold).await?.is_problem(401, "signature_stale");
    // A forged signature uses up nothing.
    let third = world.signature("PUT", &path, &gold)?;
    send(&third, "{}").await?.is_problem(401, "signature_invalid");
    let own = world.get("/v1/profiles/me", &ana.access).await?;
    assert_eq!(own.body["account"]["tier"], json!(null));
    send(&third, &gold).await?.has_status(200);
    Ok(())
}

#[tokio::test]
async fn lobby_receives_attributes_tier_and_blocked_players() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    world
        .patch(&ana, &ana.own_tag(1), json!({"attrs": {"lang": "en", "elo": 1712, "likes": ["go"]}}))
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
