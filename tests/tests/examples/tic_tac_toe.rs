//! Tests the page of tic-tac-toe in two browsers: a match over a reload, its end, and the next one.

use anyhow::{Result, ensure};
use tests::apps::{Site, has_chromium, install};
use tests::chromium::{Chromium, Page};
use tokio::task::spawn_blocking;
use tokio::time::{Duration, Instant};

const STATUS: &str = "[data-testid='status']";
const BOARD: &str = "#board button";
const WAITING: &str = "Waiting for an opponent …";
const MINE: &str = "Your turn: ✕";
/// The time for a match to begin.
const BEGIN: Duration = Duration::from_secs(45);

#[tokio::test(flavor = "multi_thread")]
async fn two_browsers_play_tic_tac_toe_over_a_reload() -> Result<()> {
    if !has_chromium()? {
        return Ok(());
    }
    let Some(app) = spawn_blocking(|| install("examples/tic-tac-toe")).await?? else { return Ok(()) };
    let site = Site::of(&app).await?;
    let mut chromium = Chromium::start().await?;
    let ana = open(&mut chromium, &site.origin, "Ana").await?;
    ana.until_texts(STATUS, &[WAITING]).await?;
    let bo = open(&mut chromium, &site.origin, "Bo").await?;

    // Seats are drawn.
    let ana_begins = begins(&ana, "Bo").await?;
    let (first, second, other) = if ana_begins { (&ana, &bo, "Bo") } else { (&bo, &ana, "Ana") };
    for (player, square) in [(first, 0), (second, 3), (first, 1)] {
        mark(player, square).await?;
    }
    second.reload().await?;
    second.until_texts(BOARD, &["✕", "✕", "", "○", "", "", "", "", ""]).await?;
    second.until_texts(STATUS, &["Your turn: ○"]).await?;
    mark(second, 4).await?;
    mark(first, 2).await?;
    first.until_texts(STATUS, &["You win."]).await?;
    second.until_texts(STATUS, &["You lose."]).await?;
    for page in [first, second] {
        page.until_texts(BOARD, &["✕", "✕", "✕", "○", "○", "", "", "", ""]).await?;
    }
    first.shoot("tic-tac-toe-won").await?;

    first.press("again").await?;
    first.until_texts(STATUS, &[WAITING]).await?;
    second.press("again").await?;
    begins(first, other).await?;
    first.shoot("tic-tac-toe").await
}

/// Waits until a match has begun, and returns whether the page's player is the first to move. `other` is the opponent.
async fn begins(page: &Page, other: &str) -> Result<bool> {
    let theirs = format!("{other}’s turn: ✕");
    let deadline = Instant::now() + BEGIN;
    loop {
        let texts = page.texts(STATUS).await?;
        if texts == [MINE] || texts == [theirs.as_str()] {
            return Ok(texts == [MINE]);
        }
        ensure!(Instant::now() < deadline, "no match begins: {texts:?}");
    }
}

/// Marks a square, once it is the player's turn.
async fn mark(page: &Page, square: u8) -> Result<()> {
    page.find(&format!("[data-testid='square-{square}']:not(:disabled)")).await?;
    page.press(&format!("square-{square}")).await
}

async fn open(chromium: &mut Chromium, origin: &str, name: &str) -> Result<Page> {
    let page = chromium.open(500, 700, false).await?;
    page.goto(&format!("{origin}/?name={name}")).await?;
    Ok(page)
}
