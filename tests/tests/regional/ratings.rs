//! Tests ratings: once per match, in the order of the history, under concurrent, repeated and late records.

use crate::world::{Guest, START_MS, World, record};
use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use shared::id::PlayerId;
use shared::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tests::glicko::{Rating, periods, rate};
use tests::kit::chance::Chance;
use tokio::sync::Semaphore;

const MATCHES: u64 = 1000;
const PLAYERS: usize = 50;
const HOUR_MS: u64 = 3_600_000;
/// Concurrent copies of the function; the edge retries calls that find none free.
const CONCURRENT: usize = 16;

/// Returns the record of a ranked match.
pub fn ranked(id: &str, players: &[&str], ended: u64, result: &Value) -> Value {
    let mut record = record(id, players, ended);
    record["pool"] = json!("ranked");
    record["result"] = result.clone();
    record
}

/// Sends a match record as the edge does: retries until the region confirms it.
pub async fn send_record(world: &World, record: &Value) -> Result<u16> {
    loop {
        let answer = world.signed("POST", "/internal/v1/matches", record.to_string()).await?;
        match answer.status {
            503 => tokio::time::sleep(Duration::from_millis(50)).await,
            200 | 201 => return Ok(answer.status),
            status => anyhow::bail!("{status}: {}", answer.body),
        }
    }
}

/// Returns the whole history of a player, newest first.
pub async fn history(world: &World, guest: &Guest, filter: &str) -> Result<Vec<Value>> {
    let path = format!("/v1/matches?player=me&limit=50{filter}");
    Ok(world.pages(guest, &path, "matches").await?.0)
}

#[track_caller]
fn near(got: &Value, expected: f64) {
    let got = got.as_f64().unwrap_or(f64::NAN);
    assert!((got - expected).abs() < 0.0051, "{got} is not {expected}");
}

#[tokio::test]
async fn match_changes_ratings_once() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let both = [ana.player.as_str(), ben.player.as_str()];
    let won = ranked("m_1", &both, START_MS, &json!({"winner": ana.player}));
    assert_eq!([send_record(&world, &won).await?, send_record(&world, &won).await?], [201, 200]);
    let expected = Rating::NEW.after(0.0, &[(Rating::NEW, 1.0)]);
    let path = format!("/v1/profiles/{}/ratings", ana.player);
    let answer = world.request("GET", &path, &[], String::new()).await?;
    let rating = &answer.body["ratings"][0];
    assert_eq!((&rating["pool"], &rating["matches"]), (&json!("ranked"), &json!(1)));
    near(&rating["rating"], expected.rating);
    near(&rating["deviation"], expected.deviation);

    let own = history(&world, &ben, "").await?;
    near(&own[0]["rating"]["before"], 1500.0);
    near(&own[0]["rating"]["after"], 3000.0 - expected.rating);
    assert_eq!(own[0]["duration_ms"], 1000);

    // None of these is rated: another pool, no result, a no-show, a result about a player who was not there.
    let unrated = [
        record("m_2", &both, START_MS),
        ranked("m_3", &both, START_MS, &Value::Null),
        {
            let mut record = ranked("m_4", &both, START_MS, &json!({"draw": true}));
            record["reason"] = json!("no_show");
            record
        },
        ranked("m_5", &both, START_MS, &json!({"winner": "p_other"})),
        {
            let three = [ana.player.as_str(), ben.player.as_str(), "p_absent"];
            let mut record = ranked("m_6", &three, START_MS - 25 * 3_600_000, &json!({"winner": ana.player}));
            record["players"][2]["came"] = json!(false);
            record
        },
    ];
    for record in &unrated {
        assert_eq!(send_record(&world, record).await?, 201);
    }
    assert_eq!(world.request("GET", &path, &[], String::new()).await?.body, answer.body);
    let own = history(&world, &ana, "").await?;
    assert_eq!(own.iter().filter(|one| one.get("rating").is_some()).count(), 1);

    // The lobby receives the rating and the recent opponents; a year later the rating is the same, its
    // deviation larger.
    let path = format!("/internal/v1/players/{}?pool=ranked", ana.player);
    let standing = world.signed("GET", &path, String::new()).await?;
    near(&standing.body["rating"], expected.rating);
    near(&standing.body["deviation"], expected.deviation);
    assert_eq!(standing.body["recent"], json!([{"player": ben.player, "ended": START_MS}]));
    let other = path.replace("ranked", "speed-dating");
    let other = world.signed("GET", &other, String::new()).await?;
    assert_eq!((&other.body["rating"], &other.body["deviation"]), (&json!(1500.0), &json!(350.0)));
    world.advance(Duration::from_hours(365 * 24));
    let later = world.signed("GET", &path, String::new()).await?;
    near(&later.body["rating"], expected.rating);
    assert!(later.body["deviation"].as_f64() > standing.body["deviation"].as_f64());
    assert!(later.body.get("recent").is_none(), "{}", later.body);
    Ok(())
}

#[tokio::test]
async fn match_of_64_players_is_stored() -> Result<()> {
    let world = World::new().await?;
    let mut names: Vec<String> = (1..64).map(|n| format!("p_{n}")).collect();
    let ana = world.guest("Ana").await?;
    names.push(ana.player.clone());
    let players: Vec<&str> = names.iter().map(String::as_str).collect();
    let ranks: BTreeMap<&str, usize> = players.iter().enumerate().map(|(n, one)| (*one, n)).collect();
    let all = ranked("m_1", &players, START_MS, &json!({ "ranks": ranks }));
    assert_eq!([send_record(&world, &all).await?, send_record(&world, &all).await?], [201, 200]);
    assert_eq!(history(&world, &ana, "").await?.len(), 1);
    for (player, worse) in [("p_1", false), (ana.player.as_str(), true)] {
        let path = format!("/v1/profiles/{player}/ratings");
        let answer = world.request("GET", &path, &[], String::new()).await?;
        let rating = answer.body["ratings"][0]["rating"].as_f64().context("a rating")?;
        assert_eq!(rating < 1500.0, worse, "{rating}");
    }
    Ok(())
}

/// A match in the history of a player: its number among their rated matches, and the rating after it.
struct Rated {
    matches: u64,
    after: Value,
}

/// Records by match, and how often each is sent again.
type Records = BTreeMap<String, (Value, u64)>;
/// The rated matches, by match and player.
type RatedMatches = BTreeMap<String, BTreeMap<PlayerId, Rated>>;
/// The rating of each player, their number of matches, and the time of the last one.
type Ratings = BTreeMap<PlayerId, (Rating, u64, Time)>;

fn random_records(guests: &[Guest]) -> Records {
    let mut chance = Chance::new(7);
    let mut records = BTreeMap::new();
    for n in 0..MATCHES {
        let mut seats = BTreeSet::new();
        let size = if chance.roll(10) == 0 { 4 } else { 2 };
        while seats.len() < size {
            seats.insert(chance.below(PLAYERS));
        }
        let players: Vec<&str> = seats.iter().map(|&n| guests[n].player.as_str()).collect();
        let result = match chance.roll(5) {
            0 => json!({"draw": true}),
            1 => {
                json!({"ranks": players.iter().map(|one| (*one, chance.roll(3))).collect::<BTreeMap<_, _>>()})
            }
            _ => json!({"winner": players[chance.below(players.len())]}),
        };
        let id = format!("m_{n}");
        let record = ranked(&id, &players, START_MS + n * HOUR_MS, &result);
        records.insert(id, (record, chance.roll(3)));
    }
    records
}

/// Sends all records at the same time, a third of them twice, a third three times.
async fn send_at_once(world: &World, records: &Records) -> Result<()> {
    let copies = Semaphore::new(CONCURRENT);
    let sent = records.values().map(async |(record, more)| {
        let once = async || {
            let _free = copies.acquire().await?;
            send_record(world, record).await
        };
        let answers = try_join_all((0..=*more).map(|_| once())).await?;
        ensure!(answers.iter().filter(|&&status| status == 201).count() <= 1);
        Ok(())
    });
    try_join_all(sent).await.map(drop)
}

/// Reads the rated matches from the histories of all players. Every match must be in one.
async fn rated_matches(world: &World, guests: &[Guest]) -> Result<RatedMatches> {
    let mut rated = RatedMatches::new();
    let mut recorded = BTreeSet::new();
    for guest in guests {
        for one in history(world, guest, "").await? {
            let id = one["match"].as_str().context("an id")?.to_owned();
            recorded.insert(id.clone());
            if let Some(matches) = one["rating"]["matches"].as_u64() {
                let after = one["rating"]["after"].clone();
                rated.entry(id).or_default().insert(guest.player.parse()?, Rated { matches, after });
            }
        }
    }
    assert_eq!(recorded.len() as u64, MATCHES);
    Ok(rated)
}

/// Rates the matches one after another, in an order in which each is the next one of all its players.
fn replay(records: &Records, mut rated: RatedMatches) -> Result<Ratings> {
    let mut now = Ratings::new();
    for _ in 0..rated.len() {
        let matches = |who: &PlayerId| now.get(who).map_or(0, |(_, matches, _)| *matches);
        let is_next =
            |all: &BTreeMap<PlayerId, Rated>| all.iter().all(|(who, one)| one.matches == matches(who) + 1);
        let next = rated.iter().find(|(_, all)| is_next(all));
        let id = next.map(|(id, _)| id.clone()).context("a next match")?;
        let all = rated.remove(&id).context("a match")?;
        let (record, _) = &records[&id];
        let ended = Time::from_ms(record["ended"].as_u64().context("a time")?);
        let players: BTreeSet<PlayerId> = all.keys().cloned().collect();
        let before = players.iter().map(|who| {
            let known = now.get(who);
            let rating = known.map_or((Rating::NEW, 0.0), |(rating, _, at)| (*rating, periods(*at, ended)));
            (who.clone(), rating)
        });
        for (who, after) in rate(&before.collect(), &record["result"]).context("an outcome")? {
            near(&all[&who].after, after.rating);
            let at = now.get(&who).map_or(ended, |(_, _, at)| ended.max(*at));
            let matches = all[&who].matches;
            now.insert(who, (after, matches, at));
        }
    }
    Ok(now)
}

#[tokio::test(flavor = "multi_thread")]
async fn thousand_concurrent_records_rate_as_a_sequence() -> Result<()> {
    let world = World::new().await?;
    let mut guests = Vec::new();
    for n in 0..PLAYERS {
        guests.push(world.guest(&format!("Player {n}")).await?);
    }
    let records = random_records(&guests);
    send_at_once(&world, &records).await?;
    let rated = rated_matches(&world, &guests).await?;
    assert!(rated.len() > 800, "{} matches were rated", rated.len());
    let now = replay(&records, rated)?;
    for guest in &guests {
        let path = format!("/v1/profiles/{}/ratings", guest.player);
        let answer = world.request("GET", &path, &[], String::new()).await?;
        let (rating, matches, _) = now[&guest.player.parse()?];
        let held = &answer.body["ratings"][0];
        near(&held["rating"], rating.rating);
        assert_eq!(held["matches"], matches);
    }
    Ok(())
}
