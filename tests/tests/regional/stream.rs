//! Does the edge hear of all that was committed, whatever fails between?

use crate::world::{Guest, OTHER_KEY, World};
use anyhow::Result;
use axum::http::StatusCode;
use regional::clock::Clock;
use regional::config::{Config, ToEdge};
use regional::local::{Database, LocalStore, Wake, follow};
use regional::store::Store;
use regional::stream::Stream;
use serde_json::{Value, json};
use std::path::PathBuf;
use tests::listener::Listener;
use tests::runtime_api::{self, Function};
use tokio::task::JoinHandle;

/// A region whose stream can be followed.
struct Told {
    world: World,
    db: Database,
    wake: Wake,
    place: PathBuf,
    edge: Listener,
    mo: Guest,
}

impl Told {
    async fn new() -> Result<Self> {
        let db = Database::memory()?;
        let store = LocalStore::serve(db.clone()).await?;
        let wake = Wake::default();
        let world = World::of(store, &wake, &[]).await?;
        let mo = world.guest("Mo").await?;
        let moderators = [("MODERATORS", mo.player.as_str())];
        let world = World::of(world.store, &wake, &moderators).await?;
        Ok(Self {
            world,
            db,
            wake,
            place: tests::stack::data()?.join("region.stream"),
            edge: Listener::start(OTHER_KEY).await?,
            mo,
        })
    }

    /// Begins where it ended the last time.
    fn follow(&self) -> Result<JoinHandle<()>> {
        let tables = Config::read(&crate::world::variable)?.tables;
        let edge = ToEdge { url: self.edge.url.clone(), keys: OTHER_KEY.parse()? };
        let store = Store::new(self.world.store.client(), tables);
        let stream = Stream::new(store, edge, Clock::system());
        let (db, place, wake) = (self.db.clone(), self.place.clone(), self.wake.clone());
        Ok(tokio::spawn(follow(db, "core".into(), place, stream, wake)))
    }

    async fn ban(&self, who: &Guest, reason: &str) -> Result<()> {
        let path = format!("/v1/bans/{}", who.player);
        let answer = self.world.act(&self.mo, "PUT", &path, json!({"reason": reason}));
        answer.await?.done(201);
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
async fn what_is_decided_reaches_the_edge() -> Result<()> {
    let told = Told::new().await?;
    let (world, edge) = (&told.world, &told.edge);
    let follower = told.follow()?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let (a, b) = (ana.player.as_str(), ben.player.as_str());

    told.ban(&ben, "rude").await?;
    let heard = edge.notices(2).await?;
    assert_eq!(kinds(&heard), [(b, "banned"), (b, "profile")]);
    assert_eq!(heard[0]["at"], world.time().ms());
    let path = format!("/v1/bans/{b}");
    world.act(&told.mo, "DELETE", &path, Value::Null).await?.done(204);
    let heard = edge.notices(2).await?;
    assert_eq!(kinds(&heard), [(b, "unbanned"), (b, "profile")]);
    assert_eq!(heard[0]["at"], world.time().ms() + 1);

    let path = format!("/v1/follows/{b}");
    world.act(&ana, "PUT", &path, Value::Null).await?.done(204);
    let path = format!("/v1/follows/{a}");
    world.act(&ben, "PUT", &path, Value::Null).await?.done(204);
    let mut heard = edge.notices(2).await?;
    heard.sort_by_key(|one| one["player"] != json!(a));
    assert_eq!(kinds(&heard), [(a, "circle"), (b, "circle")]);

    let other = world.login_again(&ana).await?;
    let path = "/v1/sessions?except=current";
    world.act(&ana, "DELETE", path, Value::Null).await?.done(204);
    let heard = edge.notices(1).await?;
    assert_eq!(kinds(&heard), [(a, "session_ended")]);
    assert!(other.refresh.starts_with(heard[0]["sid"].as_str().unwrap_or("-")));

    world.act(&ana, "DELETE", "/v1/sessions", Value::Null).await?.done(204);
    let heard = edge.notices(1).await?;
    assert_eq!((kinds(&heard), &heard[0]["ep"]), (vec![(a, "revoked")], &json!(1)));
    // The items of the old logins go too. A change behind that is heard of when they are gone.
    let fresh = world.login_again(&ana).await?;
    world.act(&fresh, "PUT", "/v1/presence/me", json!({"hidden": true})).await?.done(200);
    assert_eq!(kinds(&edge.notices(1).await?), [(a, "circle")]);
    world.refresh(&ana.refresh).await?.is(401, "refresh_invalid");
    world.refresh(&fresh.refresh).await?.done(200);
    follower.abort();
    Ok(())
}

#[tokio::test]
async fn what_the_edge_did_not_confirm_comes_again() -> Result<()> {
    let told = Told::new().await?;
    let (world, edge) = (&told.world, &told.edge);
    edge.refuse(true);
    let follower = told.follow()?;
    let ana = world.guest("Ana").await?;
    told.ban(&ana, "one").await?;
    for _ in 0..3 {
        let (status, heard) = edge.request().await?;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(kinds(&heard)[0], (ana.player.as_str(), "banned"));
    }
    // Killed before it was confirmed, while more is committed.
    follower.abort();
    let _ = follower.await;
    told.ban(&ana, "two").await?;
    edge.refuse(false);
    let follower = told.follow()?;
    let heard = edge.notices(4).await?;
    let decided: Vec<_> = heard.iter().filter(|one| one["kind"] == "banned").collect();
    assert_eq!(decided.len(), 2);
    assert!(decided[0]["at"].as_u64() < decided[1]["at"].as_u64());

    // Killed after it was confirmed and kept: a change behind it is the next that is heard.
    told.ban(&ana, "three").await?;
    edge.notices(2).await?;
    follower.abort();
    let _ = follower.await;
    told.ban(&ana, "four").await?;
    let follower = told.follow()?;
    let mut last = Value::Null;
    while last["at"].as_u64() != Some(world.time().ms() + 3) {
        let heard = edge.notices(1).await?;
        last = heard.into_iter().rfind(|one| one["kind"] == "banned").unwrap_or_default();
    }
    follower.abort();
    Ok(())
}

#[tokio::test]
async fn the_function_names_what_it_could_not_follow() -> Result<()> {
    let edge = Listener::start(OTHER_KEY).await?;
    let world = World::new().await?;
    let endpoint = world.store.endpoint();
    let env = [
        ("TABLE_CORE", "core"),
        ("TABLE_HISTORY", "history"),
        ("TABLE_EVENTS", "events"),
        ("EDGE_URL", edge.url.as_str()),
        ("REGION_TO_EDGE_KEYS", OTHER_KEY),
        ("DYNAMODB_ENDPOINT", endpoint.as_str()),
        ("AWS_REGION", "local"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
    ];
    let function = Function::start(runtime_api::build("stream").await?, &env).await?;
    let event: Value = serde_json::from_str(include_str!("../../../regional/events/stream.json"))?;

    edge.refuse(true);
    let answer = function.invoke(&event).await?;
    // The first record says nothing to the edge; the second is the one to begin with again.
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
