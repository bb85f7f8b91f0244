//! Tests the console in real browsers: every screen without a fault of accessibility, every action in the audit trail, and no
//! hidden state without its scope.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::chromium::Page;
use tests::stack::{self, Stack, WebSockets};
use tokio::time::{Instant, sleep};
use xtask::manifest::Manifest;
use xtask::next_event;
use xtask::root::Root;
use xtask::tools;
use xtask::wire::{LobbyEvent, Player, RoomEvent, Server, Socket, text, unique};

use super::browsers;

/// A stack with a moderator, with an operator who may see hidden state, and with a match of two players.
struct Scene {
    stack: Stack,
    server: Server,
    moderator: Player,
    operator: Player,
    ana: Player,
    ben: Player,
    room: String,
    /// The sockets of the players in the room, in the order of `ana` and `ben`.
    sockets: [Socket; 2],
    axe: String,
}

impl Scene {
    /// The region reads its operators when it starts, so the stack starts twice on the same data.
    async fn set() -> Result<Self> {
        let mut saved = None;
        let first = stack::start_with(|options| saved = Some(options.clone())).await?;
        let server = Server::at(first.edge_url(), first.region_url())?;
        let (moderator, operator) = (server.guest("Mo").await?, server.guest("Op").await?);
        first.stop().await;
        drop(first);
        let mut options = saved.context("options")?;
        let scopes = ["rooms", "players", "moderation", "inspect_hidden"];
        let operators = json!([{ "player": operator.id, "scopes": scopes }]).to_string();
        options
            .region_env
            .extend([("MODERATORS".to_owned(), moderator.id.clone()), ("OPERATORS".to_owned(), operators)]);
        options.edge_values.insert("POOLS".to_owned(), patient_pools()?);
        let stack = stack::start_with(|started| *started = options).await?;
        let server = Server::at(stack.edge_url(), stack.region_url())?;
        let (moderator, operator) = (server.refresh(&moderator).await?, server.refresh(&operator).await?);
        let (ana, ben) = (server.guest("Ana").await?, server.guest("Ben").await?);
        let room = matched(&server, [&ana, &ben]).await?;
        let mut sockets =
            [server.room(&room, &ana).connect().await?, server.room(&room, &ben).connect().await?];
        for socket in &mut sockets {
            socket.welcome().await?;
            next_event!(socket, RoomEvent::Started).await?;
        }
        tools::node::ensure(&Root::here())?;
        let axe = fs::read_to_string(Root::here().path("node_modules/axe-core/axe.min.js"))?;
        Ok(Self { stack, server, moderator, operator, ana, ben, room, sockets, axe })
    }

    /// Opens the console as a player, whose tokens are pasted.
    async fn sign_in(&self, page: &Page, player: &Player) -> Result<()> {
        page.goto(&format!("{}/admin", self.stack.edge_url())).await?;
        self.check(page, "console-sign-in").await?;
        let tokens = json!({
            "access_token": player.token, "refresh_token": player.refresh_token, "expires_in": 600,
        });
        page.enter("tokens", &tokens.to_string()).await?;
        page.find("body[data-state='open']").await.map(drop)
    }

    /// Fails if a screen has a fault that axe finds.
    async fn check(&self, page: &Page, name: &str) -> Result<()> {
        page.find("h1").await?;
        page.shoot(name).await?;
        let faults = page.accessibility_faults(&self.axe).await?;
        ensure!(faults.is_empty(), "{name}: {faults:#?}");
        Ok(())
    }

    async fn screen(&self, page: &Page, path: &str, ready: &str, name: &str) -> Result<()> {
        page.goto(&format!("{}/admin/#/{path}", self.stack.edge_url())).await?;
        page.find(ready).await?;
        self.check(page, name).await
    }

    /// Waits until the audit trail has these actions of a player, and no others.
    async fn until_audited(&self, by: &Player, expected: &[(&str, &str)]) -> Result<()> {
        let expected: BTreeSet<(String, String)> =
            expected.iter().map(|(action, detail)| ((*action).into(), (*detail).into())).collect();
        let deadline = Instant::now() + Duration::from_secs(45);
        loop {
            let list = self.trail().await?;
            let text = |one: &Value, field: &str| one[field].as_str().unwrap_or_default().to_owned();
            let own = list.iter().filter(|one| one["by"] == by.id.as_str());
            let found: BTreeSet<_> = own.map(|one| (text(one, "action"), text(one, "detail"))).collect();
            if found == expected {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "the audit trail has {found:#?}, not {expected:#?}");
            // No event reports that the region has stored an action of a room, so the test polls.
            sleep(Duration::from_millis(100)).await;
        }
    }

    async fn trail(&self) -> Result<Vec<Value>> {
        let url = format!("{}/v1/audit?limit=50", self.stack.region_url());
        let asked = self.server.http().get(url).bearer_auth(self.stack.service_key());
        let list: Value = asked.send().await?.error_for_status()?.json().await?;
        Ok(list["actions"].as_array().context("a list")?.clone())
    }
}

/// The pools of the manifest, with rounds that do not end while a browser is slow.
fn patient_pools() -> Result<String> {
    let manifest = Manifest::table(&Root::here())?;
    let pools = manifest.get("vars").and_then(|vars| vars.get("POOLS")).context("pools")?;
    let mut pools = serde_json::to_value(pools)?;
    pools["rock-paper-scissors"]["mode_config"] = json!({ "round_s": 3600 });
    Ok(pools.to_string())
}

/// Matches two players in the pool of a mode that hides choices.
async fn matched(server: &Server, players: [&Player; 2]) -> Result<String> {
    let mut sockets = Vec::new();
    for player in players {
        let mut socket = server.lobby("rock-paper-scissors", player).connect().await?;
        socket.welcome().await?;
        socket.ok(json!({ "op": "enter", "body": {} })).await?;
        sockets.push(socket);
    }
    let mut room = String::new();
    for socket in &mut sockets {
        let event = next_event!(socket, LobbyEvent::Matched).await?;
        text(&event, "/body/room").clone_into(&mut room);
    }
    Ok(room)
}

/// Presses a button that asks for a reason, gives it, and waits until the action is done.
async fn act(page: &Page, button: &str, reason: &str) -> Result<()> {
    page.press(button).await?;
    page.find("[data-testid='ask'][open]").await?;
    page.by_id("ask-reason").await?.send_keys(reason).await?;
    page.press("ask-yes").await?;
    page.find("[data-testid='ask']:not([open])").await.map(drop)
}

/// Waits until screen readers are told something: the page is then drawn again.
async fn told(page: &Page, text: &str) -> Result<()> {
    page.until_texts("[data-testid='announcement']", &[text]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn moderator_acts_with_reasons_and_every_action_is_audited() -> Result<()> {
    let Some(mut chromium) = browsers().await? else {
        return Ok(());
    };
    let mut scene = Scene::set().await?;
    let about = json!({ "reason": "harassment", "text": "Rude." });
    let report = json!({ "op": "report", "key": unique(), "to": scene.ben.id, "body": about });
    scene.sockets[0].ok(report).await?;
    let page = chromium.open(1280, 900, false).await?;
    scene.sign_in(&page, &scene.moderator).await?;
    scene.screen(&page, "now", "[data-testid='open-rooms'] td", "console-now").await?;
    page.find("[data-testid='tiles'] .tile").await?;

    page.goto(&format!("{}/admin/#/reports", scene.stack.edge_url())).await?;
    page.find("[data-testid='report']").await?;
    scene.check(&page, "console-reports").await?;
    act(&page, "report-close", "Not rude.").await?;
    page.find("[data-testid='resolved']").await?;

    let player = format!("player/{}", scene.ben.id);
    scene.screen(&page, &player, "[data-testid='player-logins'] td", "console-player").await?;
    page.by_id("note").await?.send_keys("Talk to him.").await?;
    page.press("note-add").await?;
    page.until_texts("[data-testid='player-notes'] li p:first-child", &["Talk to him."]).await?;
    act(&page, "free", "Stuck.").await?;
    told(&page, "The player is free.").await?;
    act(&page, "ban", "Insults.").await?;
    told(&page, "The player is banned.").await?;
    page.find("[data-testid='account'] [data-tone='bad']").await?;
    scene.sockets[1].closed_with(4001).await?;
    act(&page, "lift", "A mistake.").await?;
    told(&page, "The ban is lifted.").await?;
    page.find("[data-testid='account'] [data-tone='good']").await?;
    act(&page, "sign-player-out", "Überlegung: stolen device.").await?;
    told(&page, "The player is signed out.").await?;

    scene.screen(&page, "audit", "[data-testid='action']", "console-audit").await?;
    let report = scene.trail().await?.iter().find_map(|one| {
        (one["action"] == "POST /v1/reports/{report}/resolve").then(|| text(one, "/detail").to_owned())
    });
    let note = scene.trail().await?.iter().find_map(|one| {
        (one["action"] == "POST /v1/players/{player}/notes").then(|| text(one, "/detail").to_owned())
    });
    scene
        .until_audited(
            &scene.moderator,
            &[
                ("POST /v1/reports/{report}/resolve", &report.context("a resolved report")?),
                ("POST /v1/players/{player}/notes", &note.context("a note")?),
                ("players.release", "Stuck."),
                ("PUT /v1/bans/{player}", "Insults."),
                ("DELETE /v1/bans/{player}", "A mistake."),
                ("DELETE /v1/players/{player}/sessions", "Überlegung: stolen device."),
            ],
        )
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_state_needs_its_scope_and_is_audited() -> Result<()> {
    let Some(mut chromium) = browsers().await? else {
        return Ok(());
    };
    let mut scene = Scene::set().await?;
    scene.sockets[0].ok(json!({ "op": "move", "key": "m1", "body": "rock" })).await?;
    let path = format!("room/{}", scene.room);

    let page = chromium.open(1280, 900, false).await?;
    scene.sign_in(&page, &scene.moderator).await?;
    scene.screen(&page, &path, "[data-testid='look']", "console-room-closed").await?;
    ensure!(
        page.texts("[data-testid='look-hidden']").await?.is_empty(),
        "a moderator is offered hidden state"
    );
    page.press("look").await?;
    page.find("[data-testid='room-log'] td").await?;
    page.find("[data-testid='no-hidden']").await?;
    scene.check(&page, "console-room").await?;
    let shown = page.texts("main").await?.join("");
    ensure!(!shown.contains("\"rock\""), "a moderator sees a hidden choice: {shown}");
    // The page offers nothing, and the edge refuses too.
    ensure!(hidden_status(&scene, &scene.moderator).await? == 403);

    // The room was awake, because its members play. A look at a room that rests says that it woke it.
    let rest = "[data-testid='room-state'] [data-testid='rest']";
    page.until_texts(rest, &["was awake"]).await?;
    scene.stack.evict("RoomObject", &scene.room, WebSockets::Hibernate).await?;
    page.press("look-again").await?;
    page.until_texts(rest, &["was at rest; this look woke it"]).await?;

    page.by_id("say").await?.send_keys("Be kind.").await?;
    page.press("say-go").await?;
    page.find("[data-testid='room-log'] td code").await?;
    next_event!(scene.sockets[1], RoomEvent::Said).await?;
    act(&page, "put-out", "Insults.").await?;
    scene
        .until_audited(&scene.moderator, &[("rooms.commands", "say"), ("rooms.commands", "kick: Insults.")])
        .await?;

    let phone = chromium.open(390, 844, true).await?;
    scene.sign_in(&phone, &scene.operator).await?;
    scene.screen(&phone, "now", "[data-testid='tiles'] .tile", "console-now-phone").await?;
    let player = format!("player/{}", scene.ana.id);
    scene.screen(&phone, &player, "[data-testid='player-logins'] td", "console-player-phone").await?;
    scene.screen(&phone, &path, "[data-testid='look-hidden']", "console-room-closed-phone").await?;
    act(&phone, "look-hidden", "A complaint of cheating.").await?;
    phone.find("[data-testid='hidden-state']").await?;
    ensure!(
        phone.texts("[data-testid='hidden-state']").await?.join("").contains("\"rock\""),
        "the operator sees no choice"
    );
    scene.check(&phone, "console-room-phone").await?;
    scene.until_audited(&scene.operator, &[("rooms.inspect_hidden", "A complaint of cheating.")]).await
}

/// Returns the status of a look at hidden state by a player.
async fn hidden_status(scene: &Scene, player: &Player) -> Result<u16> {
    let url = format!("{}/v1/rooms/{}/inspection?hidden=1", scene.stack.edge_url(), scene.room);
    let answer = scene.server.http().get(url).bearer_auth(&player.token).send().await?;
    Ok(answer.status().as_u16())
}
