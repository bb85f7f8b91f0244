//! `cargo xtask bench reads`: measures how many profile reads reach the region, with Zipf-distributed reads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::Times;
use crate::faults::Link;
use crate::stack::Stack;
use crate::wire::{Server, num};

/// Guests that are created concurrently.
const AT_ONCE: usize = 4;
/// Attempts per guest: a small machine answers that it is busy.
const TRIES: u32 = 20;

/// Reads profiles at a steady rate, independent of answers, chosen by Zipf's law.
#[derive(Debug, Clone, Args)]
pub struct Reads {
    /// Number of profiles
    #[arg(long, default_value_t = 10_000)]
    profiles: usize,
    /// Reads per second
    #[arg(long, default_value_t = 500)]
    rps: u32,
    /// Seconds of the measurement
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Seconds before the measurement, to fill the edge's cache
    #[arg(long, default_value_t = 60)]
    warm: u64,
    /// The exponent: at 1 the second profile is read half as often as the first, the third a third
    #[arg(long, default_value_t = 1.0)]
    zipf: f64,
    /// Profiles that are edited afterwards, until a read through the edge shows the edit
    #[arg(long, default_value_t = 20)]
    edits: usize,
}

/// Answers by `x-cache`, or by status if it is not 200.
type Seen = BTreeMap<String, Times>;

impl Reads {
    pub(super) async fn run(&self, stack: &Stack, link: &Link) -> Result<String> {
        ensure!(self.profiles > 0 && self.rps > 0, "--profiles and --rps must be 1 or more");
        eprintln!("Creating {} profiles …", self.profiles);
        let players = guests(stack, self.profiles).await?;
        let draw = Draw::new(self.profiles, self.zipf);
        let urls: Vec<String> =
            players.iter().map(|player| format!("{}/v1/profiles/{player}", stack.edge_url())).collect();
        let urls = Arc::new(urls);
        eprintln!("Warming for {} s …", self.warm);
        let mut chance = 0x9E37_79B9_7F4A_7C15;
        self.read(&urls, &draw, self.warm, &mut chance).await?;
        eprintln!("Reading for {} s …", self.seconds);
        let before = link.request_count("/v1/profiles");
        let seen = self.read(&urls, &draw, self.seconds, &mut chance).await?;
        let asked = link.request_count("/v1/profiles") - before;
        eprintln!("Changing {} profiles …", self.edits);
        let edits = self.edit(stack).await?;
        let shown = format!("\nan edit is shown to all  {}", edits.show());
        Ok(self.report(&seen, asked) + &shown)
    }

    /// Measures the time from the answer to an edit until a read through the edge, which had a copy, returns
    /// the new version.
    async fn edit(&self, stack: &Stack) -> Result<Times> {
        let server = Server::at(stack.edge_url(), stack.region_url())?;
        let mut shown = Times::new()?;
        for n in 0..self.edits {
            let ana = server.guest("Ana").await?;
            let path = format!("/v1/profiles/{}", ana.id);
            let read = async || -> Result<Value> { Ok(server.get(&path).await?.json().await?) };
            let version = num(&read().await?, "/version").context("a version")?;
            let url = format!("{}/v1/profiles/me", stack.region_url());
            let edit = server.http().patch(url).bearer_auth(&ana.token);
            let edit = edit.header("if-match", "*");
            let edit = edit.json(&json!({"name": format!("Ana {n}")}));
            let answer = edit.send().await?;
            ensure!(answer.status().is_success(), "{}", answer.text().await?);
            let begun = Instant::now();
            let all = async {
                while num(&read().await?, "/version") != Some(version + 1) {}
                anyhow::Ok(())
            };
            let limit = Duration::from_secs(60);
            timeout(limit, all).await.context("an edit did not become visible")??;
            shown.add(begun.elapsed());
        }
        Ok(shown)
    }

    async fn read(
        &self,
        urls: &Arc<Vec<String>>,
        draw: &Draw,
        seconds: u64,
        chance: &mut u64,
    ) -> Result<Seen> {
        let http = Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
        let seen = Arc::new(Mutex::new(Seen::new()));
        let (begun, mut reading) = (Instant::now(), JoinSet::new());
        for n in 0..u32::try_from(seconds)? * self.rps {
            // Each request has its own due time: a late answer must not hide those that wait behind it.
            let due = begun + Duration::from_secs(1) * n / self.rps;
            sleep_until(due).await;
            let (at, urls) = (draw.one(chance), urls.clone());
            let (http, seen) = (http.clone(), seen.clone());
            reading.spawn(async move {
                let url = urls.get(at).context("a profile")?;
                let what = match http.get(url).send().await {
                    Ok(answer) => {
                        let status = answer.status().as_u16();
                        let cache = answer.headers().get("x-cache").cloned();
                        let cache = cache.and_then(|how| how.to_str().map(str::to_owned).ok());
                        answer.bytes().await?;
                        cache.filter(|_| status == 200).unwrap_or(status.to_string())
                    }
                    Err(_) => "no answer".to_owned(),
                };
                let took = due.elapsed();
                let mut seen = seen.lock().await;
                if !seen.contains_key(&what) {
                    seen.insert(what.clone(), Times::new()?);
                }
                if let Some(times) = seen.get_mut(&what) {
                    times.add(took);
                }
                anyhow::Ok(())
            });
            while let Some(done) = reading.try_join_next() {
                done??;
            }
        }
        while let Some(done) = reading.join_next().await {
            done??;
        }
        let seen = seen.lock().await;
        Ok(seen.clone())
    }

    fn report(&self, seen: &Seen, asked: usize) -> String {
        let all: u64 = seen.values().map(Times::count).sum();
        let hits = seen.get("hit").map_or(0, Times::count);
        #[expect(clippy::cast_precision_loss, reason = "a percentage")]
        let ratio = hits as f64 * 100.0 / all.max(1) as f64;
        let mut lines = vec![
            format!(
                "{all} reads of {} profiles, {}/s for {} s after {} s, Zipf {}",
                self.profiles, self.rps, self.seconds, self.warm, self.zipf
            ),
            format!("hits        {ratio:.2} %"),
            format!("region      asked {asked} times"),
        ];
        for (what, times) in seen {
            lines.push(format!("{what:<11} {:>8}  {}", times.count(), times.show()));
        }
        lines.join("\n")
    }
}

/// Creates players and returns their ids.
async fn guests(stack: &Stack, count: usize) -> Result<Vec<String>> {
    let server = Server::at(stack.edge_url(), stack.region_url())?;
    let (mut players, mut making) = (Vec::new(), JoinSet::new());
    for n in 0..count {
        let server = server.clone();
        making.spawn(async move {
            let name = format!("Reader {n}");
            for _ in 1..TRIES {
                if let Ok(made) = server.guest(&name).await {
                    return Ok(made);
                }
                sleep(Duration::from_millis(200)).await;
            }
            server.guest(&name).await
        });
        if making.len() >= AT_ONCE
            && let Some(made) = making.join_next().await
        {
            players.push(made??.id);
        }
    }
    while let Some(made) = making.join_next().await {
        players.push(made??.id);
    }
    Ok(players)
}

/// Draws numbers below a bound, small ones most often.
struct Draw(Vec<f64>);

impl Draw {
    #[expect(clippy::cast_precision_loss, reason = "ranks are small")]
    fn new(count: usize, exponent: f64) -> Self {
        let mut sum = 0.0;
        let sums = (1..=count).map(|rank| {
            sum += (rank as f64).powf(-exponent);
            sum
        });
        Self(sums.collect())
    }

    /// Returns the next number: xorshift, the same sequence each time.
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    fn one(&self, chance: &mut u64) -> usize {
        *chance ^= *chance << 13;
        *chance ^= *chance >> 7;
        *chance ^= *chance << 17;
        let all = self.0.last().copied().unwrap_or_default();
        let share = (*chance >> 11) as f64 / (1u64 << 53) as f64 * all;
        let last = self.0.len().saturating_sub(1);
        self.0.partition_point(|sum| *sum < share).min(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_is_drawn_twice_as_often_as_the_second() {
        let (draw, mut chance, mut drawn) = (Draw::new(100, 1.0), 1, [0u32; 100]);
        for _ in 0..100_000 {
            let at = draw.one(&mut chance);
            if let Some(count) = drawn.get_mut(at) {
                *count += 1;
            }
        }
        let [first, second, third, ..] = drawn;
        assert!(drawn.iter().all(|count| *count > 0));
        assert!((19 * second..21 * second).contains(&(10 * first)), "{drawn:?}");
        assert!((18 * third..22 * third).contains(&(10 * second * 4 / 3)), "{drawn:?}");
    }
}
