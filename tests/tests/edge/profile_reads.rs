//! Tests the profile cache of the edge: hits, coalescing, renewal, invalidation, and reads without a region.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use reqwest::Response;
use serde_json::{Value, json};
use tests::stack::{self, Stack};
use tokio::time::timeout;
use xtask::faults::{Fault, Link};
use xtask::wire::{Server, num, text};

use super::chat::server;
use super::region_client::notify;

const LISTS: &str = "/v1/profiles?ids=";

/// Starts a stack with a fault link between edge and region, and this freshness of copies.
async fn linked(fresh_s: &str) -> Result<(Stack, Link)> {
    stack::start_linked(|options| {
        let fresh = ("PROFILE_FRESH_S".to_owned(), fresh_s.to_owned());
        options.edge_values.extend([fresh]);
    })
    .await
}

struct Answer {
    status: u16,
    cache: String,
    tag: String,
    body: Value,
}

async fn read(answer: Response) -> Result<Answer> {
    let header = |name: &str| {
        let value = answer.headers().get(name);
        let value = value.and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let (cache, tag) = (header("x-cache"), header("etag"));
    Ok(Answer {
        status: answer.status().as_u16(),
        cache,
        tag,
        body: serde_json::from_slice(&answer.bytes().await?).unwrap_or_default(),
    })
}

async fn get(server: &Server, player: &str) -> Result<Answer> {
    read(server.get(&format!("/v1/profiles/{player}")).await?).await
}

#[tokio::test]
async fn cached_read_does_not_ask_the_region() -> Result<()> {
    let (stack, link) = linked("60").await?;
    let server = server(&stack)?;
    let ana = server.guest("Ana").await?;

    let first = get(&server, &ana.id).await?;
    ensure!((first.status, first.cache.as_str()) == (200, "miss"));
    ensure!(text(&first.body, "/name") == "Ana", "{}", first.body);
    for _ in 0..50 {
        let again = get(&server, &ana.id).await?;
        ensure!(again.cache == "hit", "{}", again.cache);
        ensure!(again.body == first.body && again.tag == first.tag);
    }
    // The owner gets the public view here too.
    let url = format!("{}/v1/profiles/{}", server.edge(), ana.id);
    let own = server.http().get(&url).bearer_auth(&ana.token);
    let own = read(own.send().await?).await?;
    ensure!(own.cache == "hit" && own.body.get("private").is_none());
    let known = server.http().get(&url).header("if-none-match", &first.tag);
    let known = read(known.send().await?).await?;
    ensure!((known.status, known.cache.as_str()) == (304, "hit"));

    let list = format!("{LISTS}{},p_nobody,{}", ana.id, ana.id);
    let list_one = read(server.get(&list).await?).await?;
    let found = list_one.body["profiles"].as_array().context("a list")?;
    ensure!(found.len() == 1 && found[0] == first.body, "{found:?}");
    let list_two = read(server.get(&list).await?).await?;
    ensure!(list_two.cache == "hit" && list_two.tag == list_one.tag);
    // One request for Ana, one for the unknown player.
    ensure!(link.request_count("/v1/profiles") == 2, "{}", link.request_count("/"));
    let unknown = get(&server, "p_nobody").await?;
    ensure!((unknown.status, text(&unknown.body, "/code")) == (404, "player_not_found"));
    ensure!(link.request_count("/v1/profiles") == 2, "{}", link.request_count("/"));
    Ok(())
}

#[tokio::test]
async fn simultaneous_reads_ask_the_region_once() -> Result<()> {
    let (stack, link) = linked("60").await?;
    let server = server(&stack)?;
    let ana = server.guest("Ana").await?;
    link.fail(Fault::Delay(Duration::from_millis(500)));
    let all = try_join_all((0..50).map(|_| get(&server, &ana.id))).await?;
    for one in all {
        ensure!(one.status == 200 && text(&one.body, "/name") == "Ana");
    }
    ensure!(link.request_count(LISTS) == 1, "asked {} times", link.request_count(LISTS));
    Ok(())
}

#[tokio::test]
async fn stale_copy_is_renewed_in_the_background() -> Result<()> {
    let (stack, link) = linked("2").await?;
    let server = server(&stack)?;
    let ana = server.guest("Ana").await?;
    ensure!(get(&server, &ana.id).await?.cache == "miss");
    // From here on a read that waited for the region would time out.
    link.fail(Fault::Delay(Duration::from_secs(4)));
    let mut asked = 1;
    while asked == 1 {
        let again = get(&server, &ana.id).await?;
        ensure!(again.cache == "hit", "{}", again.cache);
        asked = link.request_count(LISTS);
    }
    Ok(())
}

#[tokio::test]
async fn announced_change_invalidates_the_copy_at_once() -> Result<()> {
    let (stack, link) = linked("600").await?;
    let server = server(&stack)?;
    let ana = server.guest("Ana").await?;
    let first = get(&server, &ana.id).await?;
    let url = format!("{}/v1/profiles/me", stack.region_url());
    let edit = server.http().patch(url).bearer_auth(&ana.token);
    let edit = edit.header("if-match", &first.tag);
    let edited = edit.json(&json!({"name": "Anastasia"})).send().await?;
    ensure!(edited.status().is_success(), "{}", edited.text().await?);
    let version = num(&first.body, "/version").context("a version")? + 1;

    // The region announces the change; without a notice the copy would stay fresh for ten minutes.
    let seen = async {
        loop {
            let second = get(&server, &ana.id).await?;
            if num(&second.body, "/version") == Some(version) {
                return anyhow::Ok(second);
            }
        }
    };
    let second = timeout(Duration::from_secs(30), seen).await??;
    ensure!(text(&second.body, "/name") == "Anastasia", "{}", second.body);
    ensure!(second.tag != first.tag, "{}", second.tag);
    let asked = link.request_count(LISTS);
    // A notice may arrive twice and late.
    for late in [version, version - 1] {
        let news = json!([{"player": ana.id, "at": 1, "kind": "profile", "version": late}]);
        notify(&stack, news).await?;
        let third = get(&server, &ana.id).await?;
        ensure!((third.cache.as_str(), &third.tag) == ("hit", &second.tag));
    }
    let list = format!("{LISTS}{}", ana.id);
    let list = read(server.get(&list).await?).await?;
    ensure!(list.cache == "hit", "{}", list.cache);
    ensure!(text(&list.body, "/profiles/0/name") == "Anastasia");
    ensure!(link.request_count(LISTS) == asked);
    Ok(())
}

#[tokio::test]
async fn new_isolate_reads_the_cache_of_its_location() -> Result<()> {
    let (stack, link) = linked("600").await?;
    let server = server(&stack)?;
    let ana = server.guest("Ana").await?;
    ensure!(get(&server, &ana.id).await?.cache == "miss");
    // The copy is stored after the answer: reads until it is on disk.
    while !holds_files(&stack.data().join("edge/cache"), "blobs") {
        ensure!(get(&server, "p_nobody").await?.status == 404);
    }
    ensure!(get(&server, "p_nothing").await?.status == 404);
    let before = link.request_count(LISTS);
    stack.kill_workerd().await?;
    stack.restart_edge().await?;
    stack.stop_region().await;
    let again = get(&server, &ana.id).await?;
    ensure!((again.status, again.cache.as_str()) == (200, "hit"));
    ensure!(link.request_count(LISTS) == before);
    Ok(())
}

/// True if there is a file anywhere under a directory of this name.
fn holds_files(dir: &Path, name: &str) -> bool {
    let inside = |path: &Path| {
        let is_file = path.is_file();
        let in_it = path.parent().is_some_and(|dir| dir.ends_with(name));
        (is_file && in_it) || holds_files(path, name)
    };
    let Ok(entries) = std::fs::read_dir(dir) else {
        return false;
    };
    entries.flatten().any(|entry| inside(&entry.path()))
}

#[tokio::test]
async fn failing_region_is_covered_by_stale_copies() -> Result<()> {
    // No copy is fresh: every read asks the region, with a stale copy as its fallback.
    let (stack, link) = linked("0").await?;
    let server = server(&stack)?;
    let (ana, bo) = (server.guest("Ana").await?, server.guest("Bo").await?);
    let first = get(&server, &ana.id).await?;
    for fault in [
        Fault::Status(500),
        Fault::Status(429),
        Fault::Drop,
        Fault::Partial,
        Fault::Delay(Duration::from_secs(4)),
    ] {
        link.fail(fault);
        let known = get(&server, &ana.id).await?;
        ensure!(
            (known.status, known.cache.as_str()) == (200, "stale"),
            "{fault:?}: {} {}",
            known.status,
            known.cache
        );
        ensure!(known.body == first.body && known.tag == first.tag);
        let url = format!("/v1/profiles/{}", bo.id);
        let unknown = server.get(&url).await?;
        let wait = unknown.headers().get("retry-after").cloned();
        ensure!(unknown.status().as_u16() == 503, "{fault:?}");
        ensure!(wait.is_some(), "{fault:?}: no Retry-After");
        recover(&server, &link, &ana.id).await?;
    }
    Ok(())
}

/// Reads until the region is asked again and answers: after failures the breaker stays open for a while.
async fn recover(server: &Server, link: &Link, player: &str) -> Result<()> {
    link.fail(Fault::None);
    let all = async {
        loop {
            if get(server, player).await?.cache == "miss" {
                return anyhow::Ok(());
            }
        }
    };
    let limit = Duration::from_secs(40);
    timeout(limit, all).await.context("the breaker never closed")?
}

#[tokio::test]
async fn rare_failure_is_retried_within_the_budget() -> Result<()> {
    let (stack, link) = linked("0").await?;
    let server = server(&stack)?;
    let ana = server.guest("Ana").await?;
    // Twenty successful reads earn two retries.
    for _ in 0..20 {
        ensure!(get(&server, &ana.id).await?.cache == "miss");
    }
    let before = link.request_count(LISTS);
    link.fail_once(Fault::Status(500));
    let read = get(&server, &ana.id).await?;
    ensure!((read.status, read.cache.as_str()) == (200, "miss"));
    ensure!(link.request_count(LISTS) == before + 2);
    ensure!(num(&read.body, "/version") == Some(1), "{}", read.body);
    Ok(())
}
