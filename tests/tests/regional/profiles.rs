//! Is a profile what its owner last made it?

use crate::world::{Guest, World};
use anyhow::{Context, Result};
use serde_json::json;

#[tokio::test]
async fn a_guest_is_somebody() -> Result<()> {
    let world = World::new().await?;
    let answer = world
        .post("/v1/sessions", json!({"guest": {"name": " Ana "}}))
        .await?;
    assert_eq!(
        (answer.status, &answer.body["expires_in"]),
        (201, &json!(600))
    );
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
    assert_eq!(
        (public.status, &public.body["player"]),
        (200, &json!(ana.player))
    );
    assert!(public.body.get("private").is_none());
    let again = world
        .ask("GET", &path, &[("if-none-match", "\"1\"")], String::new())
        .await?;
    assert_eq!(again.status, 304);

    let ben = world.guest("Ben").await?;
    let ids = format!(
        "/v1/profiles?ids={},p_nobody,{},{}",
        ben.player, ana.player, ben.player
    );
    let list = world.ask("GET", &ids, &[], String::new()).await?;
    let names: Vec<_> = list.body["profiles"]
        .as_array()
        .context("a list")?
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["Ben", "Ana"]);
    Ok(())
}

#[tokio::test]
async fn two_devices_do_not_overwrite_each_other() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    let bearer = format!("Bearer {}", ana.access);
    let none = world
        .ask(
            "PATCH",
            "/v1/profiles/me",
            &[("authorization", &bearer)],
            "{}".into(),
        )
        .await?;
    none.is(428, "version_required");

    let first = world.patch(&ana, "\"1\"", json!({"bio": "chess"})).await?;
    assert_eq!((first.status, first.header("etag")), (200, Some("\"2\"")));
    assert_eq!(
        (&first.body["bio"], &first.body["name"]),
        (&json!("chess"), &json!("Ana"))
    );

    for stale in ["\"1\"", "\"3\"", "\"other\""] {
        let answer = world.patch(&ana, stale, json!({"name": "Zoe"})).await?;
        answer.is(412, "version_changed");
        assert_eq!(answer.header("etag"), Some("\"2\""));
    }
    world
        .patch(&ana, "*", json!({"name": "Zoe"}))
        .await?
        .is(400, "bad_if_match");
    world
        .patch(&ana, "W/\"2\"", json!({"name": "Zoe"}))
        .await?
        .is(400, "bad_if_match");
    let removed = world.patch(&ana, "\"2\"", json!({"bio": null})).await?;
    assert_eq!((removed.status, &removed.body["bio"]), (200, &json!("")));
    Ok(())
}

#[tokio::test]
async fn of_two_edits_at_once_one_is_accepted() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    for round in 1..=20_u64 {
        let etag = format!("\"{round}\"");
        let edit = |name: String| world.patch(&ana, &etag, json!({ "name": name }));
        let (one, two) =
            tokio::try_join!(edit(format!("one {round}")), edit(format!("two {round}")))?;
        let mut codes = [one.status, two.status];
        codes.sort_unstable();
        assert_eq!(codes, [200, 412], "round {round}");
        let accepted = if one.status == 200 { &one } else { &two };
        let read = world.get("/v1/profiles/me", &ana.access).await?;
        assert_eq!(read.body["name"], accepted.body["name"]);
        assert_eq!(
            read.header("etag"),
            Some(format!("\"{}\"", round + 1).as_str())
        );
    }
    Ok(())
}
