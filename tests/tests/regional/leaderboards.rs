//! Compares leaderboards with a model: order, ranks, ties, hidden players, the limit of exact ranks.

use crate::ratings::{ranked, send_record};
use crate::world::{Guest, START_MS, World};
use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use regional::config::Config;
use regional::store::Store;
use serde_json::{Value, json};
use shared::id::PlayerId;
use shared::limits;
use shared::time::Time;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use tests::glicko::{Rating, periods, rate};
use tests::kit::chance::Chance;

const PLAYERS: usize = 130;
/// Players who play each other repeatedly. The others play once, in pairs, and have equal scores.
const BUSY: usize = 60;
const MATCHES: u64 = 240;
const SIGNED: &str =
    "AWS4-HMAC-SHA256 Credential=local/20241130/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0";

/// A player on the board of the model.
#[derive(Clone, Copy)]
struct Standing {
    rating: Rating,
    at: Time,
}

impl Standing {
    fn score(&self) -> f64 {
        ((self.rating.rating - 2.0 * self.rating.deviation) * 100.0).round() / 100.0
    }
}

/// The model of a leaderboard.
#[derive(Default)]
struct Model(BTreeMap<PlayerId, Standing>);

impl Model {
    fn played(&mut self, record: &Value, players: &[&str]) -> Result<()> {
        let ended = Time::from_ms(record["ended"].as_u64().context("a time")?);
        let players: BTreeSet<PlayerId> = players.iter().map(|one| one.parse()).collect::<Result<_, _>>()?;
        let before = |who: &PlayerId| {
            let known = self.0.get(who);
            known.map_or((Rating::NEW, 0.0), |one| (one.rating, periods(one.at, ended)))
        };
        let before = players.iter().map(|who| (who.clone(), before(who))).collect();
        for (who, rating) in rate(&before, &record["result"]).unwrap_or_default() {
            let at = self.0.get(&who).map_or(ended, |one| one.at.max(ended));
            self.0.insert(who, Standing { rating, at });
        }
        Ok(())
    }

    /// Returns the players with their ranks, the best first.
    fn board(&self) -> Vec<(u64, &PlayerId, f64)> {
        let mut all: Vec<_> = self.0.iter().collect();
        all.sort_by(|(id, one), (other_id, other)| {
            let by_score = other.score().total_cmp(&one.score());
            by_score.then((one.at, Reverse(id)).cmp(&(other.at, Reverse(other_id))))
        });
        let rank = |score: f64| 1 + all.iter().filter(|(_, one)| one.score() > score).count();
        let row = |(id, one): &(_, &Standing)| (rank(one.score()) as u64, *id, one.score());
        all.iter().map(row).collect()
    }
}

fn rows(places: &Value) -> Result<Vec<(u64, PlayerId, f64)>> {
    let places = places.as_array().context("a list")?;
    let row = |one: &Value| {
        let rank = one["rank"].as_u64().context("a rank")?;
        let id = one["player"].as_str().context("a player")?.parse()?;
        Ok((rank, id, one["score"].as_f64().context("a score")?))
    };
    places.iter().map(row).collect()
}

#[track_caller]
fn same<'a>(got: &[(u64, PlayerId, f64)], expected: impl Iterator<Item = &'a (u64, &'a PlayerId, f64)>) {
    let expected: Vec<_> = expected.collect();
    let ids = |row: &(u64, PlayerId, f64)| (row.0, row.1.to_string());
    let got_ids: Vec<_> = got.iter().map(ids).collect();
    let expected_ids: Vec<_> = expected.iter().map(|row| (row.0, row.1.to_string())).collect();
    assert_eq!(got_ids, expected_ids);
    for (one, other) in got.iter().zip(expected) {
        assert!((one.2 - other.2).abs() < 0.011, "{one:?} {other:?}");
    }
}

async fn leaders(world: &World) -> Result<Value> {
    let answer = world.request("GET", "/v1/leaderboards/ranked", &[], String::new()).await?;
    answer.has_status(200);
    assert_eq!(answer.header("cache-control"), Some("public, max-age=10"));
    assert_eq!(answer.body["pool"], "ranked");
    assert_eq!(answer.body["as_of"], "2024-11-30T20:53:20Z");
    assert_eq!(answer.body["max_staleness_ms"], 2000);
    Ok(answer.body)
}

/// Plays many matches. Returns the players and the model of their board.
async fn play(world: &World) -> Result<(BTreeMap<PlayerId, Guest>, Model)> {
    let names: Vec<String> = (0..PLAYERS).map(|n| format!("Player {n}")).collect();
    // A few at a time: on a busy machine, more calls would exceed the time limit of the store.
    let mut guests = Vec::new();
    for names in names.chunks(10) {
        guests.extend(try_join_all(names.iter().map(|name| world.guest(name))).await?);
    }
    let (mut chance, mut model) = (Chance::new(11), Model::default());
    let mut records = Vec::new();
    for n in 0..MATCHES {
        let mut seats = BTreeSet::new();
        while seats.len() < if chance.roll(10) == 0 { 4 } else { 2 } {
            seats.insert(chance.below(BUSY));
        }
        let players: Vec<&str> = seats.iter().map(|&n| guests[n].player.as_str()).collect();
        let winner = players[chance.below(players.len())];
        let result = match chance.roll(5) {
            0 => json!({"draw": true}),
            _ => json!({ "winner": winner }),
        };
        let ended = START_MS - chance.roll(1_000_000_000);
        records.push((ranked(&format!("m_{n}"), &players, ended, &result), players));
    }
    for (n, pair) in guests[BUSY..].chunks(2).enumerate() {
        let players = [pair[0].player.as_str(), pair[1].player.as_str()];
        let result = json!({"winner": players[0]});
        // Some matches end at the same time.
        let record = ranked(&format!("m_p{n}"), &players, START_MS - n as u64 / 3, &result);
        records.push((record, players.to_vec()));
    }
    for (record, players) in &records {
        send_record(world, record).await?;
        model.played(record, players)?;
    }
    drop(records);
    let guests = guests.into_iter();
    let keyed = guests.map(|guest| Ok((guest.player.parse()?, guest)));
    Ok((keyed.collect::<Result<_>>()?, model))
}

#[tokio::test]
async fn leaderboard_matches_its_model() -> Result<()> {
    let world = World::new().await?;
    let (guests, model) = play(&world).await?;
    let board = model.board();
    let shown = leaders(&world).await?;
    same(&rows(&shown["places"])?, board.iter().take(limits::LEADERS_MAX));
    let first = &board[0];
    assert_eq!(shown["places"][0]["name"], named(&world, &guests[first.1]).await?);

    // Players at both ends, among equals, and in between.
    for (at, (rank, who, score)) in board.iter().enumerate() {
        if (15..115).contains(&at) && at % 9 != 0 {
            continue;
        }
        let path = "/v1/leaderboards/ranked/me";
        let own = world.get(path, &guests[*who].access).await?;
        own.has_status(200);
        assert_eq!(own.header("cache-control"), Some("private, no-store"));
        same(&rows(&json!([own.body["me"]]))?, [(*rank, *who, *score)].iter());
        let above = &board[at.saturating_sub(limits::NEIGHBOURS_MAX)..at];
        same(&rows(&own.body["above"])?, above.iter());
        let below = board[at + 1..].iter().take(limits::NEIGHBOURS_MAX);
        same(&rows(&own.body["below"])?, below);
        assert!(own.body.get("beyond").is_none());
    }
    let equal = board.iter().zip(board.iter().skip(1)).filter(|(a, b)| a.0 == b.0);
    assert!(equal.count() > 20);
    Ok(())
}

async fn named(world: &World, guest: &Guest) -> Result<Value> {
    let own = world.get("/v1/profiles/me", &guest.access).await?;
    Ok(own.body["name"].clone())
}

#[tokio::test]
async fn banned_and_erased_players_are_hidden() -> Result<()> {
    let (world, mo) = World::moderated().await?;
    let (guests, model) = play(&world).await?;
    let board = model.board();
    let bans = [board[0].1, board[50].1, board[99].1].map(|who| format!("/v1/bans/{who}"));
    for path in &bans {
        let ban = json!({"reason": "rude", "until": "2024-12-01T20:53:20Z"});
        world.request_as(&mo, "PUT", path, ban).await?.has_status(201);
    }
    // The ranks of banned players stay vacant, and three more players are shown.
    let banned = [0, 50, 99];
    let seen = |at: usize| !banned.contains(&at);
    let rest = || board.iter().enumerate().filter(move |(at, _)| seen(*at));
    let expected = rest().map(|(_, row)| row).take(limits::LEADERS_MAX);
    same(&rows(&leaders(&world).await?["places"])?, expected);
    let path = "/v1/leaderboards/ranked/me";
    let own = world.get(path, &guests[board[55].1].access).await?;
    let above = (44..55).filter(|at| seen(*at)).map(|at| &board[at]);
    same(&rows(&own.body["above"])?, above);
    let below = board[56..].iter().take(limits::NEIGHBOURS_MAX);
    same(&rows(&own.body["below"])?, below);
    // A banned player still sees the own rank.
    let own = world.get(path, &guests[board[50].1].access).await?;
    assert_eq!(own.body["me"]["rank"], board[50].0);

    // An erasure hides the player at once, and then removes the rank.
    let gone = &guests[board[1].1];
    world.request_as(gone, "DELETE", "/v1/profiles/me", json!(null)).await?.has_status(202);
    let expected = rest().filter(|(at, _)| *at != 1).map(|(_, row)| row);
    same(&rows(&leaders(&world).await?["places"])?, expected.take(limits::LEADERS_MAX));
    let tables = Config::read(&crate::world::variable)?.tables;
    let store = Store::new(world.store.client(), tables);
    store.erase(&gone.player.parse()?, world.time()).await?;
    let mut model = model;
    model.0.remove(&gone.player.parse()?);
    let board = model.board();
    let seen = |row: &&(u64, &PlayerId, f64)| !bans.iter().any(|path| path.ends_with(row.1.as_str()));
    let expected = board.iter().filter(seen).take(limits::LEADERS_MAX);
    same(&rows(&leaders(&world).await?["places"])?, expected);
    Ok(())
}

#[tokio::test]
async fn unrated_player_and_pool_have_their_codes() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    assert_eq!(leaders(&world).await?["places"], json!([]));
    let path = "/v1/leaderboards/ranked/me";
    let anonymous = world.request("GET", path, &[], String::new()).await?;
    anonymous.is_problem(401, "token_missing");
    let unrated = world.get(path, &ana.access).await?;
    unrated.is_problem(404, "unrated");
    assert_eq!(unrated.body["field"], "pool");
    for (pool, status, code) in [("speed-dating", 404, "pool_unrated"), ("A%20b", 400, "bad_id")] {
        for path in [format!("/v1/leaderboards/{pool}"), format!("/v1/leaderboards/{pool}/me")] {
            let refused = world.get(&path, &ana.access).await?;
            refused.is_problem(status, code);
            assert_eq!(refused.body["field"], "pool");
        }
    }
    Ok(())
}

/// Writes rows of players with the highest scores directly into the store.
async fn write_leaders(world: &World, numbers: std::ops::Range<u64>) -> Result<()> {
    let put = |n: u64| {
        json!({"PutRequest": {"Item": {
            "pk": {"S": format!("U#p_{n}")},
            "sk": {"S": "RATING#ranked"},
            "gsi1pk": {"S": format!("LB#ranked#{}", n % 8)},
            "gsi1sk": {"S": format!("2000{n:04}#{START_MS:013}#p_{n}")},
        }}})
    };
    let puts: Vec<Value> = numbers.map(put).collect();
    for some in puts.chunks(25) {
        let batch = world.http.post(world.store.endpoint());
        let batch = batch.header("x-amz-target", "DynamoDB_20120810.BatchWriteItem");
        let batch = batch.header("content-type", "application/x-amz-json-1.0");
        // The embedded store requires a signature, and accepts any.
        let batch = batch.header("x-amz-date", "20241130T205320Z").header("authorization", SIGNED);
        let batch = batch.body(json!({"RequestItems": {"core": some}}).to_string());
        let answer = batch.send().await?;
        ensure!(answer.status().is_success(), "{}", answer.text().await?);
    }
    Ok(())
}

#[tokio::test]
async fn ranks_are_exact_up_to_their_limit() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let players = [ana.player.as_str(), ben.player.as_str()];
    send_record(&world, &ranked("m_1", &players, START_MS, &json!({"winner": players[0]}))).await?;
    write_leaders(&world, 0..limits::EXACT_RANKS_MAX - 1).await?;
    let path = "/v1/leaderboards/ranked/me";
    let last = world.get(path, &ana.access).await?;
    assert_eq!((&last.body["me"]["rank"], last.body.get("beyond")), (&json!(limits::EXACT_RANKS_MAX), None));
    assert_eq!(last.body["below"][0]["rank"], json!(null));
    write_leaders(&world, limits::EXACT_RANKS_MAX - 1..limits::EXACT_RANKS_MAX).await?;
    for guest in [&ana, &ben] {
        let beyond = world.get(path, &guest.access).await?;
        assert_eq!(
            (&beyond.body["me"]["rank"], &beyond.body["beyond"]),
            (&json!(null), &json!(limits::EXACT_RANKS_MAX))
        );
    }
    Ok(())
}
