//! Tests what moderators read about a player: account, sessions, matches, reports and notes; and the reasons of actions.

use crate::ratings::{ranked, send_record};
use crate::world::{Answer, Guest, START_MS, World};
use anyhow::{Context, Result};
use regional::config::Config;
use regional::store::Store;
use serde_json::{Value, json};
use shared::id::PlayerId;

async fn note(world: &World, by: &Guest, about: &str, key: &str, text: &str) -> Result<Answer> {
    let bearer = format!("Bearer {}", by.access);
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", key)];
    let path = format!("/v1/players/{about}/notes");
    world.request("POST", &path, &headers, json!({ "text": text }).to_string()).await
}

/// Reads one of the lists of a player.
async fn list(world: &World, mo: &Guest, player: &str, what: &str) -> Result<Vec<Value>> {
    let page = world.get(&format!("/v1/players/{player}/{what}"), &mo.access).await?;
    page.has_status(200);
    Ok(page.body[what].as_array().context("a list")?.clone())
}

#[tokio::test]
async fn moderator_reads_account_sessions_and_matches_of_a_player() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    world.login_again(&ana).await?;
    for nth in 0..3 {
        let players = [ana.player.as_str(), ben.player.as_str()];
        let result = json!({ "winner": ana.player });
        send_record(&world, &ranked(&format!("m_{nth}"), &players, START_MS + nth, &result)).await?;
    }
    let path = format!("/v1/players/{}", ana.player);
    let seen = world.get(&path, &mo.access).await?;
    seen.has_status(200);
    assert_eq!((&seen.body["name"], &seen.body["ban"]), (&json!("Ana"), &Value::Null));
    let sessions = list(&world, &mo, &ana.player, "sessions").await?;
    assert_eq!(sessions.len(), 2);
    assert!(sessions.iter().all(|session| session["current"] == false && session["refresh_token"].is_null()));

    let (mut ids, mut next) = (Vec::new(), format!("{path}/matches?limit=2"));
    loop {
        let page = world.get(&next, &mo.access).await?;
        page.has_status(200);
        let matches = page.body["matches"].as_array().context("a list")?;
        ids.extend(matches.iter().map(|one| one["match"].as_str().unwrap_or_default().to_owned()));
        let Some(cursor) = page.body["cursor"].as_str() else { break };
        next = format!("{path}/matches?limit=2&cursor={cursor}");
    }
    assert_eq!(ids, ["m_2", "m_1", "m_0"]);

    let ban = format!("/v1/bans/{}", ana.player);
    world.request_as(&mo, "PUT", &ban, json!({ "reason": "spam" })).await?.has_status(201);
    let seen = world.get(&path, &mo.access).await?;
    assert_eq!((&seen.body["ban"]["reason"], &seen.body["ban"]["by"]), (&json!("spam"), &json!(mo.player)));
    world.get("/v1/players/p_nobody", &mo.access).await?.is_problem(404, "player_not_found");
    world.get("/v1/players/p_nobody/sessions", &mo.access).await?.is_problem(404, "player_not_found");
    Ok(())
}

#[tokio::test]
async fn records_of_a_player_are_for_moderators() -> Result<()> {
    let (world, _) = World::moderated().await?;
    let (ana, op) = (world.guest("Ana").await?, world.guest("Op").await?);
    let operators = json!([{ "player": op.player, "scopes": ["players"] }]).to_string();
    let world = world.restart(&[("OPERATORS", &operators)]).await?;
    for what in ["", "/sessions", "/matches", "/reports", "/notes"] {
        let path = format!("/v1/players/{}{what}", ana.player);
        // Also about oneself: what others wrote is confidential.
        world.get(&path, &ana.access).await?.is_problem(403, "not_moderator");
        world.get(&path, &op.access).await?.is_problem(403, "scope_missing");
    }
    note(&world, &ana, &ana.player, "k", "text").await?.is_problem(403, "not_moderator");
    Ok(())
}

#[tokio::test]
async fn reports_about_a_player_are_listed_open_and_resolved() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    for nth in 0..2 {
        let report =
            json!({ "id": format!("r_{nth}"), "by": ana.player, "player": ben.player, "reason": "spam" });
        world.signed("POST", "/internal/v1/reports", report.to_string()).await?.has_status(201);
        world.signed("POST", "/internal/v1/reports", report.to_string()).await?.has_status(200);
    }
    world
        .request_as(&mo, "POST", "/v1/reports/r_0/resolve", json!({ "action": "none" }))
        .await?
        .has_status(200);
    let reports = list(&world, &mo, &ben.player, "reports").await?;
    let states: Vec<_> = reports.iter().map(|one| (&one["report"], &one["state"])).collect();
    assert_eq!(states, [(&json!("r_1"), &json!("open")), (&json!("r_0"), &json!("resolved"))]);
    assert_eq!(list(&world, &mo, &ana.player, "reports").await?, Vec::<Value>::new());
    let first = world.get(&format!("/v1/players/{}/reports?limit=1", ben.player), &mo.access).await?;
    let cursor = first.body["cursor"].as_str().context("a second page")?;
    let second = format!("/v1/players/{}/reports?limit=1&cursor={cursor}", ben.player);
    assert_eq!(world.get(&second, &mo.access).await?.body["reports"][0]["report"], "r_0");
    Ok(())
}

#[tokio::test]
async fn repeated_note_is_stored_once_and_is_in_the_audit_trail() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    let ana = world.guest("Ana").await?;
    let first = note(&world, &mo, &ana.player, "k1", "Second offence.").await?;
    first.has_status(201);
    let again = note(&world, &mo, &ana.player, "k1", "Second offence.").await?;
    assert_eq!(again.body, first.body);
    note(&world, &mo, &ana.player, "k2", "Third.").await?.has_status(201);
    let mut texts: Vec<_> = list(&world, &mo, &ana.player, "notes").await?;
    texts.sort_by_key(|one| one["text"].to_string());
    assert_eq!(texts.iter().map(|one| &one["text"]).collect::<Vec<_>>(), ["Second offence.", "Third."]);
    assert_eq!(texts[0]["by"], json!(mo.player));
    let trail = world.get("/v1/audit", &mo.access).await?;
    let actions = trail.body["actions"].as_array().context("a list")?;
    assert_eq!(actions.len(), 2);
    // The trail outlives the note, so it names the note and does not repeat it.
    assert!(actions.iter().all(|one| one["action"] == "POST /v1/players/{player}/notes"));
    assert!(actions.iter().any(|one| one["detail"] == first.body["note"]));
    note(&world, &mo, &ana.player, "k3", " ").await?.is_problem(400, "bad_text");
    note(&world, &mo, "p_nobody", "k4", "text").await?.is_problem(404, "player_not_found");
    Ok(())
}

#[tokio::test]
async fn notes_are_in_no_export_and_go_with_the_account() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    note(&world, &mo, &ana.player, "k1", "Confidential.").await?.has_status(201);
    let report = json!({ "id": "r_1", "by": ben.player, "player": ana.player, "reason": "spam" });
    world.signed("POST", "/internal/v1/reports", report.to_string()).await?.has_status(201);
    let (items, _) = world.pages(&ana, "/v1/profiles/me/export", "items").await?;
    assert!(items.iter().all(|item| item["kind"] != "note" && item["kind"] != "report"), "{items:?}");

    world.request_as(&ana, "DELETE", "/v1/profiles/me", Value::Null).await?.has_status(202);
    note(&world, &mo, &ana.player, "k2", "Late.").await?.is_problem(404, "player_not_found");
    let tables = Config::read(&crate::world::variable)?.tables;
    let player: PlayerId = ana.player.parse()?;
    Store::new(world.store.client(), tables).erase(&player, world.time()).await?;
    assert_eq!(list(&world, &mo, &ana.player, "notes").await?, Vec::<Value>::new());
    assert_eq!(list(&world, &mo, &ana.player, "reports").await?.len(), 1, "a report stays accountable");
    Ok(())
}

#[tokio::test]
async fn reason_of_an_action_is_in_the_audit_trail() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    let ana = world.guest("Ana").await?;
    let bearer = format!("Bearer {}", mo.access);
    let path = format!("/v1/players/{}/sessions", ana.player);
    let sign_out = async |reason: &str| {
        let headers = [("authorization", bearer.as_str()), ("audit-reason", reason)];
        world.request("DELETE", &path, &headers, String::new()).await
    };
    sign_out("Ger%C3%A4t gestohlen").await?.has_status(204);
    let trail = world.get("/v1/audit", &mo.access).await?;
    assert_eq!(trail.body["actions"][0]["detail"], "Gerät gestohlen");
    for wrong in ["%FF", "", &"x".repeat(401)] {
        let refused = sign_out(wrong).await?;
        refused.is_problem(400, "bad_text");
        assert_eq!(refused.body["field"], "Audit-Reason");
    }
    Ok(())
}
