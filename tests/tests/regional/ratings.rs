//! Is everybody's rating what their history makes it, whatever came at once, twice or late?

use crate::world::{Guest, START_MS, World, record};
use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use shared::id::PlayerId;
use shared::rating::{Outcome, Rating, periods, rate};
use shared::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::sync::Semaphore;

const MATCHES: u64 = 1000;
const PLAYERS: usize = 50;
const HOUR_MS: u64 = 3_600_000;
/// As many copies of the function as run at once; the edge repeats what finds none free.
const AT_ONCE: usize = 16;

/// A ranked match, as the edge tells it.
pub fn ranked(id: &str, players: &[&str], ended: u64, result: &Value) -> Value {
    let mut record = record(id, players, ended);
    record["pool"] = json!("ranked");
    record["result"] = result.clone();
    record
}

/// Tells the region of a match as the edge does: again, until it hears that it is kept.
pub async fn tell(world: &World, record: &Value) -> Result<u16> {
    loop {
        let answer = world.signed("POST", "/internal/v1/matches", record.to_string()).await?;
        match answer.status {
            503 => tokio::time::sleep(Duration::from_millis(50)).await,
            200 | 201 => return Ok(answer.status),
            status => anyhow::bail!("{status}: {}", answer.body),
        }
    }
}

/// The whole history of somebody, newest first.
pub async fn history(world: &World, guest: &Guest, filter: &str) -> Result<Vec<Value>> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/matches?player=me&limit=50{filter}{cursor}");
        let page = world.get(&path, &guest.access).await?;
        ensure!(page.status == 200, "{}", page.body);
        all.extend(page.body["matches"].as_array().context("a list")?.clone());
        match page.body["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(all),
        }
    }
}

#[track_caller]
fn near(got: &Value, expected: f64) {
    let got = got.as_f64().unwrap_or(f64::NAN);
    assert!((got - expected).abs() < 0.0051, "{got} is not {expected}");
}

/// Chance that is the same each time.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

#[tokio::test]
async fn a_match_moves_ratings_once() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let both = [ana.player.as_str(), ben.player.as_str()];
    let won = ranked("m_1", &both, START_MS, &json!({"winner": ana.player}));
    assert_eq!([tell(&world, &won).await?, tell(&world, &won).await?], [201, 200]);
    let expected = Rating::NEW.after(0.0, &[(Rating::NEW, 1.0)]);
    let path = format!("/v1/profiles/{}/ratings", ana.player);
    let answer = world.ask("GET", &path, &[], String::new()).await?;
    let rating = &answer.body["ratings"][0];
    assert_eq!((&rating["pool"], &rating["matches"]), (&json!("ranked"), &json!(1)));
    near(&rating["rating"], expected.rating);
    near(&rating["deviation"], expected.deviation);

    let own = history(&world, &ben, "").await?;
    near(&own[0]["rating"]["before"], 1500.0);
    near(&own[0]["rating"]["after"], 3000.0 - expected.rating);
    assert_eq!(own[0]["duration_ms"], 1000);

    // Nothing of these is rated: another pool, no result, nobody came, a result about somebody else.
    let unrated = [
        record("m_2", &both, START_MS),
        ranked("m_3", &both, START_MS, &Value::Null),
        {
            let mut record = ranked("m_4", &both, START_MS, &json!({"draw": true}));
            record["reason"] = json!("no_show");
            record
        },
        ranked("m_5", &both, START_MS, &json!({"winner": "p_other"})),
    ];
    for record in &unrated {
        assert_eq!(tell(&world, record).await?, 201);
    }
    let after = world.ask("GET", &path, &[], String::new()).await?;
    assert_eq!(after.body, answer.body);
    let own = history(&world, &ana, "").await?;
    assert_eq!(own.iter().filter(|one| one.get("rating").is_some()).count(), 1);

    // The queue hears of the rating and of whom one met; a year later the rating is as good, but less sure.
    let path = format!("/internal/v1/players/{}?pool=ranked", ana.player);
    let standing = world.signed("GET", &path, String::new()).await?;
    near(&standing.body["rating"], expected.rating);
    near(&standing.body["deviation"], expected.deviation);
    assert_eq!(standing.body["recent"], json!([{"player": ben.player, "ended": START_MS}]));
    let other = path.replace("ranked", "speed-dating");
    let other = world.signed("GET", &other, String::new()).await?;
    assert_eq!((&other.body["rating"], &other.body["deviation"]), (&json!(1500.0), &json!(350.0)));
    world.pass(Duration::from_hours(365 * 24));
    let later = world.signed("GET", &path, String::new()).await?;
    near(&later.body["rating"], expected.rating);
    assert!(later.body["deviation"].as_f64() > standing.body["deviation"].as_f64());
    assert!(later.body.get("recent").is_none(), "{}", later.body);
    Ok(())
}

#[tokio::test]
async fn a_match_of_64_is_kept_whole() -> Result<()> {
    let world = World::new().await?;
    let mut names: Vec<String> = (1..64).map(|n| format!("p_{n}")).collect();
    let ana = world.guest("Ana").await?;
    names.push(ana.player.clone());
    let players: Vec<&str> = names.iter().map(String::as_str).collect();
    let ranks: BTreeMap<&str, usize> = players.iter().enumerate().map(|(n, one)| (*one, n)).collect();
    let all = ranked("m_1", &players, START_MS, &json!({ "ranks": ranks }));
    assert_eq!([tell(&world, &all).await?, tell(&world, &all).await?], [201, 200]);
    assert_eq!(history(&world, &ana, "").await?.len(), 1);
    for (player, worse) in [("p_1", false), (ana.player.as_str(), true)] {
        let path = format!("/v1/profiles/{player}/ratings");
        let answer = world.ask("GET", &path, &[], String::new()).await?;
        let rating = answer.body["ratings"][0]["rating"].as_f64().context("a rating")?;
        assert_eq!(rating < 1500.0, worse, "{rating}");
    }
    Ok(())
}

/// What somebody's history says of one match: which of theirs it was, and what it made of their rating.
struct Seen {
    matches: u64,
    after: Value,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_finishes_at_once_rate_as_one_after_another() -> Result<()> {
    let world = World::new().await?;
    let mut guests = Vec::new();
    for n in 0..PLAYERS {
        guests.push(world.guest(&format!("Player {n}")).await?);
    }
    let mut dice = Dice(7);
    let mut records = BTreeMap::new();
    for n in 0..MATCHES {
        let mut seats = BTreeSet::new();
        let size = if dice.roll(10) == 0 { 4 } else { 2 };
        while seats.len() < size {
            seats.insert(usize::try_from(dice.roll(PLAYERS as u64))?);
        }
        let players: Vec<&str> = seats.iter().map(|&n| guests[n].player.as_str()).collect();
        let result = match dice.roll(5) {
            0 => json!({"draw": true}),
            1 => {
                json!({"ranks": players.iter().map(|one| (*one, dice.roll(3))).collect::<BTreeMap<_, _>>()})
            }
            _ => json!({"winner": players[usize::try_from(dice.roll(players.len() as u64))?]}),
        };
        let id = format!("m_{n}");
        let record = ranked(&id, &players, START_MS + n * HOUR_MS, &result);
        records.insert(id, (record, dice.roll(3)));
    }
    // Each is told at once with all others, a third of them twice, and a third three times.
    let copies = Semaphore::new(AT_ONCE);
    let told = records.values().map(async |(record, more)| {
        let once = async || {
            let _free = copies.acquire().await?;
            tell(&world, record).await
        };
        let answers = try_join_all((0..=*more).map(|_| once())).await?;
        ensure!(answers.iter().filter(|&&status| status == 201).count() <= 1);
        Ok(())
    });
    try_join_all(told).await?;

    let mut seen: BTreeMap<String, BTreeMap<PlayerId, Seen>> = BTreeMap::new();
    let mut kept = BTreeSet::new();
    for guest in &guests {
        for one in history(&world, guest, "").await? {
            let id = one["match"].as_str().context("an id")?.to_owned();
            kept.insert(id.clone());
            if let Some(matches) = one["rating"]["matches"].as_u64() {
                let after = one["rating"]["after"].clone();
                let seen = seen.entry(id).or_default();
                seen.insert(guest.player.parse()?, Seen { matches, after });
            }
        }
    }
    assert_eq!(kept.len() as u64, MATCHES);

    // One after another: whichever match is the next one of all its players.
    let mut now: BTreeMap<PlayerId, (Rating, u64, Time)> = BTreeMap::new();
    let rated = seen.len();
    for _ in 0..rated {
        let matches = |who: &PlayerId| now.get(who).map_or(0, |(_, matches, _)| *matches);
        let next = seen.iter().find(|(_, all)| all.iter().all(|(who, one)| one.matches == matches(who) + 1));
        let id = next.map(|(id, _)| id.clone()).context("a next match")?;
        let all = seen.remove(&id).context("it")?;
        let (record, _) = &records[&id];
        let ended = Time::from_ms(record["ended"].as_u64().context("a time")?);
        let players: BTreeSet<PlayerId> = all.keys().cloned().collect();
        let before = players.iter().map(|who| {
            let known = now.get(who);
            let rating = known.map_or((Rating::NEW, 0.0), |(rating, _, at)| (*rating, periods(*at, ended)));
            (who.clone(), rating)
        });
        let outcome = Outcome::of(&players, &record["result"]).context("an outcome")?;
        for (who, after) in rate(&before.collect(), &outcome) {
            near(&all[&who].after, after.rating);
            let at = now.get(&who).map_or(ended, |(_, _, at)| ended.max(*at));
            let matches = all[&who].matches;
            now.insert(who, (after, matches, at));
        }
    }
    assert!(rated > 800, "{rated} matches were rated");
    for guest in &guests {
        let path = format!("/v1/profiles/{}/ratings", guest.player);
        let answer = world.ask("GET", &path, &[], String::new()).await?;
        let (rating, matches, _) = now[&guest.player.parse()?];
        let held = &answer.body["ratings"][0];
        near(&held["rating"], rating.rating);
        assert_eq!(held["matches"], matches);
    }
    Ok(())
}
