//! Tests the games of the demo in real browsers: a match over a lost connection and a reload, its end, and spectators.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::chromium::Page;
use tests::stack::{self, Stack};
use xtask::manifest::Manifest;
use xtask::root::Root;

use super::{browsers, open, state};

const HOME: &str = "\u{E011}";
const LEFT: &str = "\u{E012}";
const RIGHT: &str = "\u{E014}";
const ENTER: &str = "\u{E007}";
const SPACE: &str = "\u{E00D}";
const STATUS: &str = "[data-testid='game-status']";

/// Starts a stack whose clocks do not run out while a browser is slow.
async fn patient_stack() -> Result<Stack> {
    let manifest = Manifest::table(&Root::here())?;
    let pools = manifest.get("vars").and_then(|vars| vars.get("POOLS")).context("pools")?;
    let mut pools = serde_json::to_value(pools)?;
    pools["connect-four"]["mode_config"] = json!({"clock": {"pace": {"total": {"total_s": 3600}}}});
    pools["rock-paper-scissors"]["mode_config"] = json!({"round_s": 3600});
    let pools = ("POOLS".to_owned(), pools.to_string());
    stack::start_with(|options| options.edge_values.extend([pools])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_browsers_play_connect_four() -> Result<()> {
    let Some(mut chromium) = browsers().await? else {
        return Ok(());
    };
    let stack = patient_stack().await?;
    let url = format!("{}/?pool=connect-four", stack.edge_url());
    let ana = open(&mut chromium, &url, 1280, 800, false).await?;
    let bo = open(&mut chromium, &url, 360, 740, true).await?;
    for (page, name) in [(&ana, "Ana"), (&bo, "Bo")] {
        page.enter("name-input", name).await?;
    }
    let (first, second) = seats(&ana, &bo).await?;
    play_to_the_win(first, second).await?;
    for (page, result) in [(first, "Won"), (second, "Lost")] {
        page.press("result-go").await?;
        state(page, "history").await?;
        page.until_texts("[data-testid='match-result']", &[result]).await?;
    }
    ana.shoot("four-history").await?;
    bo.shoot("four-history-phone").await?;

    for page in [&ana, &bo] {
        page.press("again").await?;
    }
    let (first, second) = seats(&ana, &bo).await?;
    refuse_a_draw_and_resign(first, second).await
}

/// Waits until a match of two has started; returns the page of its first seat and that of its second.
async fn seats<'a>(ana: &'a Page, bo: &'a Page) -> Result<(&'a Page, &'a Page)> {
    let own = "[data-testid='seat-0'][data-own]:not([data-own='']) .seat-name";
    for page in [ana, bo] {
        state(page, "room").await?;
        page.find(&format!("{own}:not(:empty)")).await?;
    }
    Ok(if ana.texts(own).await? == ["You"] { (ana, bo) } else { (bo, ana) })
}

/// A move out of turn is refused, with what to do; a legal one shows on both pages.
async fn play_in_turn(first: &Page, second: &Page) -> Result<()> {
    first.until_texts(STATUS, &["Your turn"]).await?;
    buttons_have_names(first).await?;
    press_column(second, "b").await?;
    second
        .until_texts("[data-testid='game-fault']", &["Another player is to move. Wait for your turn."])
        .await?;
    second.shoot("four-refused").await?;
    press_column(first, "a").await?;
    has_disc(second, "a1", 0).await?;
    second.until_texts(STATUS, &["Your turn"]).await?;

    // The keyboard alone: arrow keys between the columns, of which one is in the order of Tab.
    second.find("button.column[tabindex='0']").await?.send_keys(&format!("{HOME}{RIGHT}{ENTER}")).await?;
    has_disc(first, "b1", 1).await?;
    second.until_texts("[data-testid='game-fault']", &[""]).await
}

/// The first player fills column a, and the second column b.
async fn play_to_the_win(first: &Page, second: &Page) -> Result<()> {
    play_in_turn(first, second).await?;
    second.press("drop").await?;
    second.find("[data-connection='waiting']").await?;
    first.find("[data-own='false'][data-presence='away']").await?;
    first.find("[data-testid='claim']:not([hidden])").await?;
    first.shoot("four-away").await?;
    press_column(first, "a").await?;
    has_disc(first, "a2", 0).await?;
    second.find("[data-connection='open']").await?;
    has_disc(second, "a2", 0).await?;
    press_column(second, "b").await?;
    has_disc(first, "b2", 1).await?;

    first.reload().await?;
    state(first, "room").await?;
    for (square, seat) in [("a1", 0), ("b1", 1), ("a2", 0), ("b2", 1)] {
        has_disc(first, square, seat).await?;
    }
    first.find("td[data-square='b2'][data-last='true']").await?;
    first.until_texts(STATUS, &["Your turn"]).await?;
    let keys = format!("{LEFT}{HOME}{RIGHT}{LEFT}{SPACE}");
    first.find("button.column[tabindex='0']").await?.send_keys(&keys).await?;
    has_disc(second, "a3", 0).await?;
    press_column(second, "b").await?;
    has_disc(first, "b3", 1).await?;
    first.shoot("four").await?;
    second.shoot("four-second").await?;
    // For a pointer, any square of the column is its button.
    first.find("td[data-square='a6']").await?.click().await?;

    first.until_texts(STATUS, &["You won: four in a line."]).await?;
    second.until_texts(STATUS, &["You lost: four in a line."]).await?;
    for page in [first, second] {
        for square in ["a1", "a2", "a3", "a4"] {
            page.find(&format!("td[data-square='{square}'][data-won='true']")).await?;
        }
        page.find("[data-testid='room-actions'][hidden]").await?;
    }
    first.shoot("four-won").await?;
    second.shoot("four-lost").await?;
    // The end stays on the screen over a reload.
    second.reload().await?;
    second.until_texts(STATUS, &["You lost: four in a line."]).await
}

/// An offer of a draw is declined, and a resignation that was first taken back ends the match.
async fn refuse_a_draw_and_resign(first: &Page, second: &Page) -> Result<()> {
    first.press("offer-draw").await?;
    second.find("[data-testid='decline-draw']:not([hidden])").await?;
    second.shoot("four-draw").await?;
    second.press("decline-draw").await?;
    first.find("[data-testid='offer-draw']:not([hidden])").await?;

    second.press("resign").await?;
    second.find("dialog[open]").await?;
    second.shoot("four-resign").await?;
    second.press("confirm-no").await?;
    second.find("dialog:not([open])").await?;
    second.press("resign").await?;
    second.press("confirm-yes").await?;
    for (page, text) in [(first, "You won: "), (second, "You lost: you resigned.")] {
        page.find("[data-testid='game'][data-over='true']").await?;
        let texts = page.texts(STATUS).await?;
        ensure!(texts.iter().all(|said| said.starts_with(text)), "{texts:?}");
    }
    for (page, result) in [(first, "Won"), (second, "Lost")] {
        page.press("result-go").await?;
        // The newest match is first.
        page.until_texts("[data-testid='match'].fresh [data-testid='match-result']", &[result]).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_browsers_play_rock_paper_scissors_and_another_one_watches() -> Result<()> {
    let Some(mut chromium) = browsers().await? else {
        return Ok(());
    };
    let stack = patient_stack().await?;
    let url = format!("{}/?pool=rock-paper-scissors", stack.edge_url());
    let ana = open(&mut chromium, &url, 1280, 800, true).await?;
    let bo = open(&mut chromium, &url, 360, 740, false).await?;
    for (page, name) in [(&ana, "Ana"), (&bo, "Bo")] {
        page.enter("name-input", name).await?;
    }
    for page in [&ana, &bo] {
        page.until_texts("[data-testid='round']", &["Round 1"]).await?;
        buttons_have_names(page).await?;
    }
    let room = ana.find("[data-testid='room']").await?.attr("data-room").await?.context("a room")?;
    let cyn = open(&mut chromium, &format!("{}/?watch={room}", stack.edge_url()), 360, 740, false).await?;
    cyn.enter("name-input", "Cyn").await?;
    cyn.until_texts(STATUS, &["You are watching."]).await?;

    ana.press("choose-rock").await?;
    ana.find("[data-testid='choose-rock'][aria-pressed='true']").await?;
    // The others learn that Ana has chosen, and not what.
    for page in [&bo, &cyn] {
        let side = page.find(".side[data-chosen='true'] .side-text").await?;
        ensure!(side.text().await? == "Chosen", "a hidden choice is shown");
    }
    ana.shoot("rock-chosen").await?;
    bo.shoot("rock-opponent-chosen-phone").await?;
    bo.press("choose-scissors").await?;
    let last = "[data-testid='last-round']";
    ana.until_texts(last, &["Round 1: you chose rock, Bo chose scissors. You won the round."]).await?;
    bo.until_texts(last, &["Round 1: you chose scissors, Ana chose rock. Ana won the round."]).await?;

    // The last round is there after a reload too.
    bo.reload().await?;
    bo.until_texts(last, &["Round 1: you chose scissors, Ana chose rock. Ana won the round."]).await?;
    cyn.find(".choices[hidden]").await?;
    for control in ["say-form", "end", "resign"] {
        cyn.find(&format!("[data-testid='{control}'][hidden]")).await?;
    }
    cyn.shoot("rock-watching-phone").await?;
    bo.shoot("rock-phone").await?;
    ana.press("choose-paper").await?;
    bo.press("choose-rock").await?;
    ana.until_texts(STATUS, &["You won: the rounds decided."]).await?;
    bo.until_texts(STATUS, &["You lost: the rounds decided."]).await?;
    cyn.until_texts(STATUS, &["Ana won: the rounds decided."]).await?;
    ana.shoot("rock-won").await?;
    Ok(())
}

async fn press_column(page: &Page, column: &str) -> Result<()> {
    page.press(&format!("column-{column}")).await
}

async fn has_disc(page: &Page, square: &str, seat: u8) -> Result<()> {
    page.find(&format!("td[data-square='{square}'][data-seat='{seat}']")).await.map(drop)
}

/// Checks that each button says what it does, to a screen reader too.
async fn buttons_have_names(page: &Page) -> Result<()> {
    let all = page.texts("button").await?;
    let nameless = page.texts("button:not([aria-label]):empty, button[aria-label='']").await?;
    ensure!(
        all.len() > 20 && nameless.is_empty(),
        "{} of {} buttons have no name",
        nameless.len(),
        all.len()
    );
    Ok(())
}
