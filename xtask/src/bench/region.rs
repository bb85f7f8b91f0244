//! `cargo xtask bench region`: measures profile reads and writes in the region, and the store's share of
//! them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use reqwest::Client;
use serde_json::{Value, json};
use shared::http::entity_tag::{ProfileViewKind, profile_tag};
use tokio::sync::Mutex;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep_until};

use super::Times;
use crate::health;
use crate::load::store_time;
use crate::port;
use crate::program;
use crate::region;
use crate::root::Root;
use crate::service::Log;
use crate::stack;

/// Reads and writes profiles at a steady rate, independent of answers, in the region's own process: a release
/// build over the embedded store.
#[derive(Debug, Clone, Args)]
pub struct Region {
    /// Requests per second, reads and writes together
    #[arg(long, default_value_t = 500)]
    rps: u32,
    /// Percentage of writes
    #[arg(long, default_value_t = 20)]
    writes: u32,
    /// Seconds of the measurement
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Number of players
    #[arg(long, default_value_t = 500)]
    people: usize,
}

/// A player and the entity tag of their profile.
struct Person {
    token: String,
    tag: Mutex<String>,
}

/// The measurements of one kind of request.
struct Measured {
    whole: Times,
    store: Times,
    others: u64,
}

impl Region {
    pub(super) async fn run(&self, root: &Root, data: &Path) -> Result<String> {
        ensure!(self.rps > 0 && self.people > 0, "--rps and --people must be 1 or more");
        let here = root.clone();
        let program = spawn_blocking(move || {
            let flags = ["--release", "--features", "regional/local"];
            program::build(&here, "Building the region for release", "local", &flags)
        })
        .await??;
        stack::delete_data(data)?;
        let port = port::take(0, "")?;
        // Few players send all requests, so their rate limits are raised.
        let env = [
            ("RATE_PER_S", "1000000"),
            ("RATE_BURST", "1000000"),
            ("AWS_LAMBDA_LOG_LEVEL", "warn"),
            ("RUST_LOG", "warn"),
        ];
        let env: BTreeMap<String, String> =
            env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let log = Log::File(data.join("region.log"));
        std::fs::create_dir_all(data)?;
        let running = region::Region::start(&program, data, port, &env, log).await?;
        let url = format!("http://127.0.0.1:{port}");
        health::wait(&url).await?;
        let result = self.measure(&url).await;
        drop(running);
        result
    }

    async fn measure(&self, url: &str) -> Result<String> {
        let http = Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
        eprintln!("Creating {} players …", self.people);
        let mut people = Vec::with_capacity(self.people);
        for n in 0..self.people {
            people.push(Arc::new(guest(&http, url, n).await?));
        }
        eprintln!("Sending {} requests per second for {} s …", self.rps, self.seconds);
        let (begun, mut asking) = (Instant::now(), JoinSet::new());
        let seen: Arc<Mutex<BTreeMap<&str, Measured>>> = Arc::default();
        for n in 0..u32::try_from(self.seconds)? * self.rps {
            // Each request has its own due time: a late answer must not hide those that wait behind it.
            let due = begun + Duration::from_secs(1) * n / self.rps;
            sleep_until(due).await;
            let person = people.get(n as usize % people.len()).context("a player")?.clone();
            let write = n * 37 % 100 < self.writes;
            let (http, url, seen) = (http.clone(), url.to_owned(), seen.clone());
            asking.spawn(async move {
                let (kind, asked) = if write {
                    ("write", edit(&http, &url, &person, n).await)
                } else {
                    ("read", read(&http, &url, &person).await)
                };
                let took = due.elapsed();
                let mut seen = seen.lock().await;
                if !seen.contains_key(kind) {
                    seen.insert(kind, Measured::new()?);
                }
                if let Some(measured) = seen.get_mut(kind) {
                    match asked {
                        Ok(Some(store)) => {
                            measured.whole.add(took);
                            measured.store.add(store);
                        }
                        Ok(None) | Err(_) => measured.others += 1,
                    }
                }
                anyhow::Ok(())
            });
            while let Some(done) = asking.try_join_next() {
                done??;
            }
        }
        while let Some(done) = asking.join_next().await {
            done??;
        }
        let seen = seen.lock().await;
        let mut out =
            format!("{} requests per second for {} s, {} players\n", self.rps, self.seconds, self.people);
        for (kind, measured) in seen.iter() {
            let lines = [
                format!("{kind:<6} {:>7}   {}\n", measured.whole.count(), measured.whole.show()),
                format!("{:<16} {}\n", "  of it the store", measured.store.show()),
                format!("  unexpected answers: {}\n", measured.others),
            ];
            out.push_str(&lines.concat());
        }
        Ok(out)
    }
}

impl Measured {
    fn new() -> Result<Self> {
        Ok(Self { whole: Times::new()?, store: Times::new()?, others: 0 })
    }
}

async fn guest(http: &Client, url: &str, n: usize) -> Result<Person> {
    let body = json!({"guest": {"name": format!("Person {n}")}}).to_string();
    let request = http.post(format!("{url}/v1/sessions"));
    let answer = request.header("content-type", "application/json").body(body).send().await?;
    let answer: Value = answer.error_for_status()?.json().await?;
    let token = answer.get("access_token").and_then(Value::as_str).context("a token")?;
    let player = answer.get("player").and_then(Value::as_str).context("a player")?;
    let tag = profile_tag(&player.parse()?, ProfileViewKind::Own, 1);
    Ok(Person { token: token.to_owned(), tag: Mutex::new(tag) })
}

async fn read(http: &Client, url: &str, person: &Person) -> Result<Option<Duration>> {
    let request = http.get(format!("{url}/v1/profiles/me")).bearer_auth(&person.token);
    let answer = request.send().await?;
    let store = store_time(&answer);
    let fine = answer.status() == 200;
    answer.bytes().await?;
    Ok(store.filter(|_| fine))
}

/// Edits a player's profile; one edit at a time, as one device makes them.
async fn edit(http: &Client, url: &str, person: &Person, n: u32) -> Result<Option<Duration>> {
    let mut tag = person.tag.lock().await;
    let request = http.patch(format!("{url}/v1/profiles/me")).bearer_auth(&person.token);
    let request = request.header("if-match", tag.as_str());
    let request = request.header("content-type", "application/merge-patch+json");
    let answer = request.body(json!({"bio": format!("the {n}th")}).to_string()).send().await?;
    let store = store_time(&answer);
    let fine = answer.status() == 200;
    let next = answer.headers().get("etag").and_then(|tag| tag.to_str().ok()).map(ToOwned::to_owned);
    answer.bytes().await?;
    if let Some(next) = next.filter(|_| fine) {
        *tag = next;
    }
    Ok(store.filter(|_| fine))
}
