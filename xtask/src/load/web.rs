//! HTTP requests of a person to edge and region, each counted and timed from its due moment.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use matchpoint_client::{Player, PlayerId};
use reqwest::{RequestBuilder, Response};
use serde::Deserialize;
use serde_json::json;
use shared::http::entity_tag::{ProfileViewKind, profile_tag};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::stage::Stage;
use super::tally::Tally;
use super::trouble::Trouble;

/// The timeout of one request.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The pool whose leaderboard is read.
const RATED_POOL: &str = "ranked";

/// Edge and region, on connections that are kept as browsers keep them.
#[derive(Debug)]
pub(super) struct Web {
    http: reqwest::Client,
    edge: String,
    region: String,
    tally: Arc<Tally>,
}

/// A signed-in person, with the entity tag of the own profile.
#[derive(Debug)]
pub(super) struct Account {
    pub player: Player,
    tag: Mutex<String>,
}

impl Account {
    pub(super) fn new(player: Player) -> Self {
        let tag = Mutex::new(profile_tag(player.id(), ProfileViewKind::Own, 1));
        Self { player, tag }
    }
}

impl Web {
    /// Connects to the edge at this address, which names its region.
    pub(super) async fn new(edge: &str, tally: Arc<Tally>) -> Result<Self> {
        #[derive(Deserialize)]
        struct Config {
            region: String,
        }
        let http = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build()?;
        let edge = edge.trim_end_matches('/').to_owned();
        let answer = http.get(format!("{edge}/v1/config")).send().await?;
        let config: Config = answer.error_for_status()?.json().await?;
        Ok(Self { http, edge, region: config.region.trim_end_matches('/').to_owned(), tally })
    }

    /// Returns the metrics of the edge; none where they are closed.
    pub(super) async fn metrics(&self) -> Option<String> {
        let answer = self.http.get(format!("{}/metrics", self.edge)).send().await.ok()?;
        answer.error_for_status().ok()?.text().await.ok()
    }

    /// Reads profiles at the edge.
    pub(super) async fn profiles(&self, ids: &[PlayerId], due: Instant) -> Result<(), Trouble> {
        let (stage, url) = match ids {
            [one] => (Stage::Profile, format!("{}/v1/profiles/{one}", self.edge)),
            _ => (Stage::Profiles, format!("{}/v1/profiles?ids={}", self.edge, joined(ids))),
        };
        self.send(stage, due, self.http.get(url)).await.map(drop)
    }

    /// Asks the edge for the presence of players.
    pub(super) async fn presence(
        &self,
        account: &Account,
        ids: &[PlayerId],
        due: Instant,
    ) -> Result<(), Trouble> {
        let url = format!("{}/v1/presence?players={}", self.edge, joined(ids));
        self.send_as(account, Stage::Presence, due, self.http.get(url)).await.map(drop)
    }

    /// Reads what the region knows about this person.
    pub(super) async fn read(&self, account: &Account, stage: Stage, due: Instant) -> Result<(), Trouble> {
        let path = match stage {
            Stage::History => "/v1/matches?player=me".to_owned(),
            Stage::Leaderboard => format!("/v1/leaderboards/{RATED_POOL}"),
            _ => "/v1/profiles/me".to_owned(),
        };
        let request = self.http.get(format!("{}{path}", self.region));
        self.send_as(account, stage, due, request).await.map(drop)
    }

    /// Follows a player.
    pub(super) async fn follow(
        &self,
        account: &Account,
        other: &PlayerId,
        due: Instant,
    ) -> Result<(), Trouble> {
        let request = self.http.put(format!("{}/v1/follows/{other}", self.region)).json(&json!({}));
        self.send_as(account, Stage::Follow, due, request).await.map(drop)
    }

    /// Changes the own profile. Changes of one person follow one another, as on one device.
    pub(super) async fn edit(&self, account: &Account, bio: &str, due: Instant) -> Result<(), Trouble> {
        let mut tag = account.tag.lock().await;
        let request = self.http.patch(format!("{}/v1/profiles/me", self.region));
        let request = request.header("if-match", tag.as_str());
        let request = request.header("content-type", "application/merge-patch+json");
        let request = request.body(json!({ "bio": bio }).to_string());
        let edited = self.send_as(account, Stage::EditProfile, due, request).await;
        let next = match &edited {
            Ok(answer) => etag(answer),
            // The edit may have succeeded without an answer: the next one needs the tag of now.
            Err(_) => self.own_tag(account).await,
        };
        if let Some(next) = next {
            *tag = next;
        }
        edited.map(drop)
    }

    /// Reads the tag of the own profile, outside of the measurement.
    async fn own_tag(&self, account: &Account) -> Option<String> {
        let token = account.player.token().await.ok()?;
        let request = self.http.get(format!("{}/v1/profiles/me", self.region)).bearer_auth(token);
        etag(&request.send().await.ok()?)
    }

    async fn send_as(
        &self,
        account: &Account,
        stage: Stage,
        due: Instant,
        request: RequestBuilder,
    ) -> Result<Response, Trouble> {
        let token = account.player.token().await?;
        self.send(stage, due, request.bearer_auth(token)).await
    }

    /// Sends a request, and times it to the last byte of its answer.
    async fn send(&self, stage: Stage, due: Instant, request: RequestBuilder) -> Result<Response, Trouble> {
        let mut answer = request.send().await?;
        while answer.chunk().await?.is_some() {}
        if !answer.status().is_success() {
            return Err(Trouble(format!("answer: {} {}", answer.status().as_u16(), stage.name())));
        }
        self.tally.done(stage, due);
        if let Some(store) = store_time(&answer) {
            self.tally.store(store);
        }
        Ok(answer)
    }
}

fn etag(answer: &Response) -> Option<String> {
    answer.headers().get("etag").and_then(|tag| tag.to_str().ok()).map(ToOwned::to_owned)
}

fn joined(ids: &[PlayerId]) -> String {
    ids.iter().map(PlayerId::as_str).collect::<Vec<_>>().join(",")
}

/// Returns the store's part of a request, which the region states as `Server-Timing: store;dur=1.234`.
pub fn store_time(answer: &Response) -> Option<Duration> {
    let header = answer.headers().get("server-timing")?.to_str().ok()?;
    let (_, rest) = header.split_once("store;dur=")?;
    let ms: f64 = rest.split([',', ';']).next()?.trim().parse().ok()?;
    Duration::try_from_secs_f64(ms / 1000.0).ok()
}
