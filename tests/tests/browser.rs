//! Tests the SDK and the demo in real browsers: parties, proposals, chat over a disconnect, games, history.

#[path = "browser/console.rs"]
mod console;
#[path = "browser/games.rs"]
mod games;

use std::process::Command;

use anyhow::{Context, Result, ensure};
use tests::chromium::{self, Chromium, Page};
use xtask::root::Root;
use xtask::tools;

const LINES: &str = "[data-testid='message-text']";

/// Runs the unit tests and the type check of the SDK under the pinned Node.
#[test]
fn sdk_unit_tests_and_types_pass() -> Result<()> {
    let root = Root::here();
    let node = tools::node::ensure(&root)?;
    let run = |args: &[&str]| -> Result<()> {
        let done = Command::new(&node.program)
            .args(args)
            .current_dir(root.dir())
            .output()
            .context("Node does not run")?;
        let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        ensure!(done.status.success(), "node {}:\n{out}\n{err}", args.join(" "));
        Ok(())
    };
    let tsc = node.tsc.to_string_lossy().into_owned();
    for project in ["sdk", "sdk/tests", "edge"] {
        run(&[&tsc, "--project", project])?;
    }
    run(&["--test", "sdk/tests/*.test.ts"])
}

/// Starts browsers if Chromium is installed. CI must have it.
async fn browsers() -> Result<Option<Chromium>> {
    if chromium::installed().is_none() {
        ensure!(std::env::var_os("CI").is_none(), "CI has no Chromium: install chromium and chromium-driver");
        eprintln!("==================================================================");
        eprintln!("  SKIPPED: Chromium is not installed, so no real browser was tried");
        eprintln!("  Install it (Debian: `apt-get install chromium chromium-driver`)");
        eprintln!("==================================================================");
        return Ok(None);
    }
    Ok(Some(Chromium::start().await?))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_browsers_are_matched_and_chat() -> Result<()> {
    let Some(mut chromium) = browsers().await? else {
        return Ok(());
    };
    let stack = tests::stack::start().await?;
    let ana = open(&mut chromium, stack.edge_url(), 1180, 820, false).await?;
    let bo = open(&mut chromium, stack.edge_url(), 390, 844, true).await?;
    match_and_chat(&ana, &bo).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_browsers_queue_as_a_party_and_accept_a_proposal() -> Result<()> {
    let Some(mut chromium) = browsers().await? else {
        return Ok(());
    };
    let stack = tests::stack::start().await?;
    let doubles = format!("{}/?pool=doubles", stack.edge_url());
    let ana = open(&mut chromium, &doubles, 1180, 820, false).await?;
    let bo = open(&mut chromium, &doubles, 390, 844, true).await?;
    party(&ana, &bo).await?;
    for page in [&ana, &bo] {
        page.goto(&format!("{}/?pool=blind-date", stack.edge_url())).await?;
        state(page, "history").await?;
        page.press("again").await?;
    }
    proposal(&ana, &bo).await
}

/// Makes a party of two, which waits with one ticket and leaves together.
async fn party(ana: &Page, bo: &Page) -> Result<()> {
    for (page, name) in [(ana, "Ana"), (bo, "Bo")] {
        page.enter("name-input", name).await?;
        state(page, "queue").await?;
    }
    bo.shoot("party-none-phone").await?;
    ana.press("party-make").await?;
    let code = "[data-testid='party-in']:not([hidden]) [data-testid='party-shown']";
    ana.find(code).await?;
    let codes = ana.texts(code).await?;
    let code = codes.first().context("a code")?;
    bo.enter("party-code", code).await?;
    let names = "[data-testid='party-members'] strong";
    ana.until_texts(names, &["Ana (you)", "Bo"]).await?;
    bo.until_texts(names, &["Ana", "Bo (you)"]).await?;
    ana.shoot("party").await?;
    bo.shoot("party-phone").await?;
    ana.press("queue-go").await?;
    for page in [ana, bo] {
        page.until_texts("[data-testid='queue-waiting']", &["2"]).await?;
    }
    ana.find("[data-testid='queue-why']:not(:empty)").await?;
    ana.shoot("party-queue").await?;
    bo.shoot("party-queue-phone").await?;
    ana.press("queue-cancel").await?;
    for page in [ana, bo] {
        page.find("[data-testid='score'][hidden]").await?;
    }
    for page in [ana, bo] {
        page.press("queue-cancel").await?;
        state(page, "history").await?;
    }
    Ok(())
}

/// Proposes a match to both, and opens the room when both have accepted.
async fn proposal(ana: &Page, bo: &Page) -> Result<()> {
    for page in [ana, bo] {
        page.find("[data-testid='proposal']:not([hidden])").await?;
    }
    ana.shoot("proposal").await?;
    bo.shoot("proposal-phone").await?;
    ana.press("accept").await?;
    ana.until_texts("[data-testid='accept']", &["Accepted"]).await?;
    ana.shoot("accepted").await?;
    bo.press("accept").await?;
    state(ana, "room").await?;
    state(bo, "room").await
}

async fn open(chromium: &mut Chromium, url: &str, width: u32, height: u32, dark: bool) -> Result<Page> {
    let page = chromium.open(width, height, dark).await?;
    page.goto(url).await?;
    state(&page, "name").await?;
    Ok(page)
}

/// Plays a whole match in two browsers, from the names to the histories.
async fn match_and_chat(ana: &Page, bo: &Page) -> Result<()> {
    ana.shoot("name").await?;
    bo.shoot("name-phone").await?;
    ana.enter("name-input", "Ana").await?;
    state(ana, "queue").await?;
    ana.until_texts("[data-testid='queue-waiting']", &["1"]).await?;
    ana.shoot("queue").await?;
    bo.enter("name-input", "Bo").await?;
    state(ana, "room").await?;
    state(bo, "room").await?;
    ana.until_texts("[data-testid='room-title']", &["Bo"]).await?;
    bo.until_texts("[data-testid='room-title']", &["Ana"]).await?;

    ana.enter("say-input", "Hello, Bo").await?;
    bo.until_texts(LINES, &["Hello, Bo"]).await?;
    bo.enter("say-input", "Hello, Ana").await?;
    let mut said = vec!["Hello, Bo", "Hello, Ana"];
    ana.until_texts(LINES, &said).await?;

    bo.press("drop").await?;
    bo.find("[data-connection='waiting']").await?;
    ana.find("[data-own='false'][data-presence='away']").await?;
    bo.shoot("offline-phone").await?;
    for text in ["one", "two", "three", "four", "five"] {
        ana.enter("say-input", text).await?;
        said.push(text);
    }
    bo.find("[data-connection='open']").await?;
    bo.until_texts(LINES, &said).await?;
    ana.until_texts(LINES, &said).await?;
    ana.find("[data-testid='message'][data-mark='durable']").await?;

    bo.reload().await?;
    state(bo, "room").await?;
    bo.find("[data-connection='open']").await?;
    bo.until_texts(LINES, &said).await?;
    ana.shoot("room").await?;
    bo.shoot("room-phone").await?;

    ana.press("end").await?;
    for (page, other) in [(ana, "Bo"), (bo, "Ana")] {
        state(page, "history").await?;
        page.until_texts("[data-testid='match-with']", &[other]).await?;
    }
    for page in [ana, bo] {
        page.press("follow").await?;
    }
    for page in [ana, bo] {
        page.find("[data-testid='presence'][data-state='online']").await?;
    }
    ana.shoot("history").await?;
    bo.shoot("history-phone").await
}

async fn state(page: &Page, name: &str) -> Result<()> {
    page.find(&format!("body[data-state='{name}']")).await.map(drop)
}
