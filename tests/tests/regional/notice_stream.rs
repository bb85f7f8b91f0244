//! Tests that the edge receives a notice of every committed change, whatever fails in between.

use crate::world::{Guest, OTHER_KEY, World, function_env};
use anyhow::Result;
use axum::http::StatusCode;
use regional::clock::Clock;
use regional::config::Config;
use regional::config::edge::ToEdge;
use regional::edge_notices::stream::NoticeStream;
use regional::local::{Database, LocalStore, Wake, follow};
use regional::store::Store;
use serde_json::{Value, json};
use std::path::PathBuf;
use tests::listener::Listener;
use tests::runtime_api::{self, Function};
use tokio::task::JoinHandle;

/// A region with a stream, and an edge that receives its notices.
struct Region {
    world: World,
    db: Database,
    wake: Wake,
    position: PathBuf,
    edge: Listener,
    mo: Guest,
}

impl Region {
    async fn new() -> Result<Self> {
        let db = Database::memory()?;
        let store = LocalStore::serve(db.clone()).await?;
        let wake = Wake::default();
        let world = World::with_stream(store, &wake, &[]).await?;
        let mo = world.guest("Mo").await?;
        let moderators = [("MODERATORS", mo.player.as_str())];
        let world = World::with_stream(world.store, &wake, &moderators).await?;
        Ok(Self {
            world,
            db,
            wake,
            position: tests::stack::data()?.join("region.stream"),
            edge: Listener::start(OTHER_KEY).await?,
            mo,
        })
    }

    /// Follows the stream from the position of the last run.
    fn follow(&self) -> Result<JoinHandle<()>> {
        let tables = Config::read(&crate::world::variable)?.tables;
        let edge = ToEdge { url: self.edge.url.clone(), keys: OTHER_KEY.parse()? };
        let store = Store::new(self.world.store.client(), tables);
        let stream = NoticeStream::new(store, edge, Clock::system());
        let (db, position, wake) = (self.db.clone(), self.position.clone(), self.wake.clone());
        Ok(tokio::spawn(follow(db, "core".into(), position, stream, wake)))
    }

    async fn ban(&self, who: &Guest, reason: &str) -> Result<()> {
        let path = format!("/v1/bans/{}", who.player);
        let answer = self.world.request_as(&self.mo, "PUT", &path, json!({"reason": reason}));
        answer.await?.has_status(201);
        Ok(())
    }
}

fn kinds(notices: &[Value]) -> Vec<(&str, &str)> {
    let pair = |one| {
        let one: &Value = one;
        (one["player"].as_str().unwrap_or_default(), one["kind"].as_str().unwrap_or_default())
    };
    notices.iter().map(pair).collect()
}

#[tokio::test]
async fn every_change_reaches_the_edge() -> Result<()> {
    let region = Region::new().await?;
    let (world, edge) = (&region.world, &region.edge);
    let follower = region.follow()?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let (a, b) = (ana.player.as_str(), ben.player.as_str());

    region.ban(&ben, "rude").await?;
    let heard = edge.notices(2).await?;
    assert_eq!(kinds(&heard), [(b, "banned"), (b, "profile")]);
    assert_eq!(heard[0]["at"], world.time().ms());
    let path = format!("/v1/bans/{b}");
    world.request_as(&region.mo, "DELETE", &path, Value::Null).await?.has_status(204);
    let heard = edge.notices(2).await?;
    assert_eq!(kinds(&heard), [(b, "unbanned"), (b, "profile")]);
    assert_eq!(heard[0]["at"], world.time().ms() + 1);

    let path = format!("/v1/follows/{b}");
    world.request_as(&ana, "PUT", &path, Value::Null).await?.has_status(204);
    let path = format!("/v1/follows/{a}");
    world.request_as(&ben, "PUT", &path, Value::Null).await?.has_status(204);
    let mut heard = edge.notices(2).await?;
    heard.sort_by_key(|one| one["player"] != json!(a));
    assert_eq!(kinds(&heard), [(a, "circle"), (b, "circle")]);

    let other = world.login_again(&ana).await?;
    let path = "/v1/sessions?except=current";
    world.request_as(&ana, "DELETE", path, Value::Null).await?.has_status(204);
    let heard = edge.notices(1).await?;
    assert_eq!(kinds(&heard), [(a, "session_ended")]);
    assert!(other.refresh.starts_with(heard[0]["sid"].as_str().unwrap_or("-")));

    world.request_as(&ana, "DELETE", "/v1/sessions", Value::Null).await?.has_status(204);
    let heard = edge.notices(1).await?;
    assert_eq!((kinds(&heard), &heard[0]["ep"]), (vec![(a, "revoked")], &json!(1)));
    // The rows of the old sessions are removed too, before the notice of a later change is sent.
    let fresh = world.login_again(&ana).await?;
    world.request_as(&fresh, "PUT", "/v1/presence/me", json!({"hidden": true})).await?.has_status(200);
    assert_eq!(kinds(&edge.notices(1).await?), [(a, "circle")]);
    world.refresh(&ana.refresh).await?.is_problem(401, "refresh_invalid");
    world.refresh(&fresh.refresh).await?.has_status(200);
    follower.abort();
    Ok(())
}

#[tokio::test]
async fn unconfirmed_notices_are_sent_again() -> Result<()> {
    let region = Region::new().await?;
    let (world, edge) = (&region.world, &region.edge);
    edge.refuse(true);
    let follower = region.follow()?;
    let ana = world.guest("Ana").await?;
    region.ban(&ana, "one").await?;
    for _ in 0..3 {
        let (status, heard) = edge.request().await?;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(kinds(&heard)[0], (ana.player.as_str(), "banned"));
    }
    // Stopped before the confirmation, while more is committed.
    follower.abort();
    let _ = follower.await;
    region.ban(&ana, "two").await?;
    edge.refuse(false);
    let follower = region.follow()?;
    let heard = edge.notices(4).await?;
    let decided: Vec<_> = heard.iter().filter(|one| one["kind"] == "banned").collect();
    assert_eq!(decided.len(), 2);
    assert!(decided[0]["at"].as_u64() < decided[1]["at"].as_u64());

    // Stopped after the confirmation was stored: the next notice is the one of the next change.
    region.ban(&ana, "three").await?;
    edge.notices(2).await?;
    follower.abort();
    let _ = follower.await;
    region.ban(&ana, "four").await?;
    let follower = region.follow()?;
    let mut last = Value::Null;
    while last["at"].as_u64() != Some(world.time().ms() + 3) {
        let heard = edge.notices(1).await?;
        last = heard.into_iter().rfind(|one| one["kind"] == "banned").unwrap_or_default();
    }
    follower.abort();
    Ok(())
}

#[tokio::test]
async fn stream_function_names_the_records_that_failed() -> Result<()> {
    let edge = Listener::start(OTHER_KEY).await?;
    let world = World::new().await?;
    let mut env = function_env(&world.store.endpoint());
    env.extend([("EDGE_URL", edge.url.clone()), ("REGION_TO_EDGE_KEYS", OTHER_KEY.into())]);
    let env: Vec<_> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let function = Function::start(runtime_api::build("stream").await?, &env).await?;
    let event: Value = serde_json::from_str(include_str!("../../../regional/events/stream.json"))?;

    edge.refuse(true);
    let answer = function.invoke(&event).await?;
    // The first record concerns no notice; the second is where the retry starts.
    let expected = json!([{"itemIdentifier": "200000000000000000000"}]);
    assert_eq!(answer["batchItemFailures"], expected);
    edge.refuse(false);
    let answer = function.invoke(&event).await?;
    assert_eq!(answer["batchItemFailures"], json!([]));
    let heard = edge.notices(3).await?;
    let expected = [("p_ana", "banned"), ("p_ana", "profile"), ("p_ben", "session_ended")];
    assert_eq!(kinds(&heard), expected);
    Ok(())
}
