//! Tests the dating page in three browsers: a refusal keeps the place of the other, and a room opens once both agree.

use anyhow::Result;
use tests::apps::{Site, has_chromium, install};
use tests::chromium::{Chromium, Page};
use tokio::task::spawn_blocking;

const STATUS: &str = "[data-testid='status']";
const LOOKING: &str = "Looking for a person who speaks your language …";

#[tokio::test(flavor = "multi_thread")]
async fn date_begins_only_when_both_accept() -> Result<()> {
    if !has_chromium()? {
        return Ok(());
    }
    let Some(app) = spawn_blocking(|| install("examples/dating")).await?? else { return Ok(()) };
    let site = Site::of(&app).await?;
    let mut chromium = Chromium::start().await?;

    let ana = open(&mut chromium, &site.origin, "name=Ana&languages=de,en").await?;
    ana.until_texts(STATUS, &[LOOKING]).await?;
    // Eva speaks another language, and is proposed to neither.
    let eva = open(&mut chromium, &site.origin, "name=Eva&languages=fr").await?;
    eva.until_texts(STATUS, &[LOOKING]).await?;
    let bo = open(&mut chromium, &site.origin, "name=Bo&languages=de").await?;
    answer(&ana, "accept").await?;
    ana.until_texts(STATUS, &["Waiting for the other answer …"]).await?;
    answer(&bo, "decline").await?;
    bo.until_texts(STATUS, &["No date this time. You may look again in 30 s."]).await?;
    ana.until_texts(STATUS, &[LOOKING]).await?;

    let dan = open(&mut chromium, &site.origin, "name=Dan&languages=en").await?;
    answer(&dan, "accept").await?;
    answer(&ana, "accept").await?;
    ana.find("#form:not([hidden])").await?;
    ana.enter("text", "Hello, Dan").await?;
    dan.until_texts("#messages li", &["Hello, Dan"]).await?;
    eva.until_texts(STATUS, &[LOOKING]).await?;
    dan.shoot("dating").await
}

/// Waits for a proposal and answers it.
async fn answer(page: &Page, button: &str) -> Result<()> {
    page.find("#proposal:not([hidden])").await?;
    page.press(button).await
}

async fn open(chromium: &mut Chromium, origin: &str, person: &str) -> Result<Page> {
    let page = chromium.open(500, 700, false).await?;
    page.goto(&format!("{origin}/?{person}")).await?;
    Ok(page)
}
