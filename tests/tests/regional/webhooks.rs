//! Tests that each event reaches the operator's backend, in order and signed, whatever fails in between.

use crate::world::{START_MS, World, clock, record, variable};
use anyhow::{Context, Result, ensure};
use regional::config::Config;
use regional::config::webhooks::Webhooks;
use regional::local::{Database, LocalStore};
use regional::store::Store;
use regional::webhook_delivery::WebhookDelivery;
use serde_json::{Value, json};
use shared::limits;
use shared::service_key::{SECRET_BYTES, Scope, ServiceKey};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tests::faults::FaultyStore;
use tests::receiver::{Message, Receiver, Reply, SECRET};

pub const ALL: &[&str] =
    &["match.made", "match.ended", "report.filed", "player.banned", "player.unbanned", "player.erased"];

/// A region with webhooks, and the delivery of its events by the clock of the test.
pub struct Region {
    pub world: World,
    pub variables: Vec<(&'static str, String)>,
    /// A service key with the scope `moderation`.
    pub key: String,
}

impl Region {
    pub async fn with(receiver: &Receiver, events: &[&str]) -> Result<Self> {
        Self::of(receiver.webhooks(events), &[SECRET]).await
    }

    pub async fn of(webhooks: String, secrets: &[&str]) -> Result<Self> {
        let ids: Value = serde_json::from_str(&webhooks)?;
        let ids = ids.as_array().context("a list")?.iter().filter_map(|one| one["id"].as_str());
        let secrets: BTreeMap<&str, &[&str]> = ids.map(|id| (id, secrets)).collect();
        let (key, text) = ServiceKey::create("backend", [Scope::Moderation].into(), [7; SECRET_BYTES])?;
        let variables = vec![
            ("SERVICE_KEYS", json!([key]).to_string()),
            ("WEBHOOK_SECRETS", json!(secrets).to_string()),
            ("WEBHOOKS", webhooks),
            ("WEBHOOK_LOOPBACK", "on".into()),
        ];
        let changes: Vec<(&str, &str)> =
            variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let world = World::with_config(&changes).await?;
        Ok(Self { world, variables, key: text })
    }

    /// Returns a process that delivers events.
    pub fn delivery(&self) -> Result<WebhookDelivery> {
        let get = |name: &str| {
            let changed = self.variables.iter().find(|(known, _)| *known == name);
            changed.map(|(_, value)| value.clone()).or_else(|| variable(name))
        };
        let store = Store::new(self.world.store.client(), Config::read(&get)?.tables);
        Ok(WebhookDelivery::new(store, Webhooks::read(&get)?, clock(&self.world.now))?)
    }

    pub async fn deliver(&self) -> Result<()> {
        Ok(Box::pin(self.delivery()?.deliver_due()).await?)
    }

    pub async fn open(&self, room: &str) -> Result<u16> {
        let body = json!({ "id": room, "pool": "speed-dating", "players": ["p_1", "p_2"], "created": START_MS - 1000 });
        Ok(self.world.signed("POST", "/internal/v1/rooms", body.to_string()).await?.status)
    }

    pub async fn end(&self, room: &str) -> Result<u16> {
        let body = record(room, &["p_1", "p_2"], START_MS).to_string();
        Ok(self.world.signed("POST", "/internal/v1/matches", body).await?.status)
    }
}

fn kinds(messages: &[Message]) -> Result<Vec<String>> {
    messages.iter().map(Message::kind).collect()
}

#[tokio::test]
async fn receiver_that_was_down_gets_each_event_once_signed_and_in_order() -> Result<()> {
    let receiver = Receiver::start().await?;
    let region = Region::with(&receiver, ALL).await?;
    let world = &region.world;
    receiver.reply(Reply::Status(503));
    for room in ["m_1", "m_2"] {
        assert_eq!(region.open(room).await?, 201);
    }
    let ana = world.guest("Ana").await?;
    for nth in 0..7 {
        region.deliver().await?;
        match nth {
            1 => assert_eq!(region.end("m_1").await?, 201),
            2 => {
                let report =
                    json!({ "id": "r_1", "by": "p_1", "player": "p_2", "room": "m_2", "reason": "spam" });
                let sent = world.signed("POST", "/internal/v1/reports", report.to_string()).await?;
                sent.has_status(201);
            }
            3 => assert_eq!(region.end("m_2").await?, 201),
            4 => world.request_as(&ana, "DELETE", "/v1/profiles/me", Value::Null).await?.has_status(202),
            _ => {}
        }
        world.advance(Duration::from_secs(10));
    }
    let down = receiver.arrived().await;
    // Nothing overtakes: as long as an event is not delivered, no later one of its match is sent.
    ensure!(kinds(&down)?.iter().all(|kind| kind == "match.made" || kind == "player.erased"), "{down:?}");
    ensure!(down.len() > 3, "{down:?}");

    receiver.reply(Reply::Status(200));
    world.advance(limits::WEBHOOK_RETRY_MAX);
    region.deliver().await?;
    let up = receiver.arrived().await;
    let ids: BTreeSet<&str> = up.iter().map(|message| message.id.as_str()).collect();
    assert_eq!((ids.len(), up.len()), (6, 6));
    for message in down.iter().chain(&up) {
        message.verify(SECRET)?;
        ensure!(ids.contains(message.id.as_str()), "a repetition has another id");
    }
    let of = |subject: &str| -> Result<Vec<String>> {
        let about = up.iter().filter(|message| {
            let data = &message.json().unwrap_or_default()["data"];
            data["match"] == subject || data["room"] == subject || data["player"] == subject
        });
        kinds(&about.cloned().collect::<Vec<_>>())
    };
    assert_eq!(of("m_1")?, ["match.made", "match.ended"]);
    assert_eq!(of("m_2")?, ["match.made", "report.filed", "match.ended"]);
    assert_eq!(of(&ana.player)?, ["player.erased"]);
    let is_made = |one: &&Message| one.kind().is_ok_and(|kind| kind == "match.made");
    let made = up.iter().find(is_made).context("made")?.json()?;
    assert_eq!(made["data"]["created"], "2024-11-30T20:53:19Z", "{made}");
    // Everything is delivered.
    world.advance(limits::WEBHOOK_AGE_MAX);
    region.deliver().await?;
    assert_eq!(receiver.arrived().await.len(), 0);
    Ok(())
}

#[tokio::test]
async fn match_is_made_before_it_ends_whatever_the_region_learns_first() -> Result<()> {
    let receiver = Receiver::start().await?;
    let region = Region::with(&receiver, ALL).await?;
    // The end is told first, and repeated; the opening is late, and repeated.
    assert_eq!((region.end("m_1").await?, region.end("m_1").await?), (201, 200));
    assert_eq!((region.open("m_1").await?, region.open("m_1").await?), (200, 200));
    region.deliver().await?;
    assert_eq!(kinds(&receiver.arrived().await)?, ["match.made", "match.ended"]);
    // The usual order, repeated too, and delivered in between.
    assert_eq!((region.open("m_2").await?, region.open("m_2").await?), (201, 200));
    region.deliver().await?;
    assert_eq!((region.end("m_2").await?, region.open("m_2").await?), (201, 200));
    region.deliver().await?;
    assert_eq!(kinds(&receiver.arrived().await)?, ["match.made", "match.ended"]);
    Ok(())
}

#[tokio::test]
async fn event_is_dead_after_a_day_and_is_replayed() -> Result<()> {
    let receiver = Receiver::start().await?;
    let region = Region::with(&receiver, &["match.ended"]).await?;
    let (world, key) = (&region.world, region.key.as_str());
    receiver.reply(Reply::Status(500));
    region.end("m_1").await?;
    for _ in 0..60 {
        region.deliver().await?;
        world.advance(Duration::from_mins(25));
    }
    region.deliver().await?;
    let tried = receiver.arrived().await;
    ensure!((10..=20).contains(&tried.len()), "{} attempts in a day", tried.len());

    let dead = world.get("/v1/webhooks/dead", key).await?;
    dead.has_status(200);
    let message = &dead.body["messages"][0];
    assert_eq!((&message["message"], &message["error"]), (&json!(tried[0].id), &json!("500")));
    assert_eq!((&message["type"], &message["endpoint"]), (&json!("match.ended"), &json!("backend")));
    assert_eq!(message["body"], tried[0].json()?);
    assert_eq!(message["attempts"], tried.len());

    receiver.reply(Reply::Status(204));
    let replay = format!("/v1/webhooks/dead/{}/replay", tried[0].id);
    let ana = world.guest("Ana").await?;
    let bearer = format!("Bearer {key}");
    let bearer = [("authorization", bearer.as_str())];
    world.request_as(&ana, "POST", &replay, Value::Null).await?.is_problem(403, "not_moderator");
    world.request("POST", &replay, &bearer, String::new()).await?.has_status(202);
    world.request("POST", &replay, &bearer, String::new()).await?.is_problem(404, "message_not_found");
    region.deliver().await?;
    let again = receiver.arrived().await;
    assert_eq!((again.len(), &again[0].id), (1, &tried[0].id));
    again[0].verify(SECRET)?;
    assert_eq!(world.get("/v1/webhooks/dead", key).await?.body["messages"], json!([]));
    let actions = world.get("/v1/audit", key).await?;
    assert_eq!(actions.body["actions"][0]["action"], "POST /v1/webhooks/dead/{message}/replay");
    Ok(())
}

/// Returns the variables of a region with this moderator.
fn changes<'a>(variables: &'a [(&'static str, String)], moderator: &'a str) -> Vec<(&'a str, &'a str)> {
    let same = variables.iter().map(|(name, value)| (*name, value.as_str()));
    same.chain([("MODERATORS", moderator)]).collect()
}

#[tokio::test]
async fn endpoint_that_answers_gone_gets_the_event_no_more_and_the_next_one() -> Result<()> {
    let receiver = Receiver::start().await?;
    let region = Region::with(&receiver, ALL).await?;
    region.open("m_1").await?;
    receiver.reply(Reply::Status(410));
    region.end("m_1").await?;
    region.deliver().await?;
    assert_eq!(kinds(&receiver.arrived().await)?, ["match.made", "match.ended"]);
    region.world.advance(limits::WEBHOOK_AGE_MAX);
    region.deliver().await?;
    assert_eq!(receiver.arrived().await.len(), 0);
    Ok(())
}

/// A process that ends in the middle of an attempt leaves the event to another one, which sends the same message.
#[tokio::test]
async fn cut_attempt_is_repeated_after_its_lease_with_the_same_id() -> Result<()> {
    let receiver = Receiver::start().await?;
    let region = Region::with(&receiver, ALL).await?;
    region.open("m_1").await?;
    receiver.reply(Reply::Silence);
    let delivery = region.delivery()?;
    let attempt = tokio::spawn(async move { Box::pin(delivery.deliver_due()).await });
    let first = receiver.next().await?;
    attempt.abort();
    let _ = attempt.await;
    receiver.reply(Reply::Status(200));
    // Another process may still be in its attempt.
    region.deliver().await?;
    assert_eq!(receiver.arrived().await.len(), 0);
    region.world.advance(limits::WEBHOOK_LEASE);
    region.deliver().await?;
    let again = receiver.arrived().await;
    assert_eq!((again.len(), &again[0].id), (1, &first.id));
    Ok(())
}

#[tokio::test]
async fn processes_that_run_at_once_send_each_event_once() -> Result<()> {
    let receiver = Receiver::start().await?;
    let region = Region::with(&receiver, ALL).await?;
    for nth in 0..12 {
        region.open(&format!("m_{nth}")).await?;
        region.end(&format!("m_{nth}")).await?;
    }
    let (a, b, c) = (region.delivery()?, region.delivery()?, region.delivery()?);
    tokio::try_join!(Box::pin(a.deliver_due()), Box::pin(b.deliver_due()), Box::pin(c.deliver_due()))?;
    // An event that one of them held while another one looked is due at once.
    region.world.advance(limits::WEBHOOK_LEASE);
    region.deliver().await?;
    let all = receiver.arrived().await;
    let ids: BTreeSet<&str> = all.iter().map(|message| message.id.as_str()).collect();
    assert_eq!((all.len(), ids.len()), (24, 24));
    Ok(())
}

/// A ban, its action and its event are one transaction. Proved by an action that was written after the ban.
#[tokio::test]
async fn ban_has_its_action_and_its_event_whatever_the_store_fails() -> Result<()> {
    let receiver = Receiver::start().await?;
    for seed in 0..6 {
        let store = LocalStore::serve(Database::memory()?).await?;
        let proxy = FaultyStore::before(store.endpoint(), seed).await?;
        let hooks = receiver.webhooks(ALL);
        let world = World::behind(&proxy.endpoint, store, &[]).await?;
        let (mo, ana) = (world.guest("Mo").await?, world.guest("Ana").await?);
        let variables = vec![
            ("WEBHOOKS", hooks),
            ("WEBHOOK_LOOPBACK", "on".to_owned()),
            ("WEBHOOK_SECRETS", json!({ "backend": [SECRET] }).to_string()),
        ];
        let world = World::behind(&proxy.endpoint, world.store, &changes(&variables, &mo.player)).await?;
        let path = format!("/v1/bans/{}", ana.player);
        proxy.set_rate(50);
        let mut status = 0;
        while !matches!(status, 200 | 201) {
            status = world.request_as(&mo, "PUT", &path, json!({ "reason": "spam" })).await?.status;
        }
        while status != 204 {
            status = world.request_as(&mo, "DELETE", &path, Value::Null).await?.status;
        }
        proxy.set_rate(0);
        let actions = world.get("/v1/audit", &mo.access).await?;
        let actions = actions.body["actions"].as_array().context("a list")?.clone();
        let names: BTreeSet<&str> = actions.iter().filter_map(|one| one["action"].as_str()).collect();
        assert_eq!((actions.len(), names.len()), (2, 2), "seed {seed}: {actions:?}");
        let region = Region { world, variables, key: String::new() };
        region.deliver().await?;
        let told = receiver.arrived().await;
        assert_eq!(kinds(&told)?, ["player.banned", "player.unbanned"], "seed {seed}");
        assert_eq!(told[0].json()?["data"]["reason"], "spam");
    }
    Ok(())
}
