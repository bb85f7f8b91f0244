//! Is a leaderboard what the ratings make it, from its first place to its last?

use crate::ratings::{Dice, ranked, tell};
use crate::world::{Guest, START_MS, World};
use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use regional::config::Config;
use regional::store::Store;
use serde_json::{Value, json};
use shared::caps;
use shared::id::PlayerId;
use shared::rating::{Outcome, Rating, periods, rate};
use shared::time::Time;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

const PLAYERS: usize = 130;
/// Of them those who play each other again and again; the others play once, in pairs, and so are equal.
const BUSY: u64 = 60;
const MATCHES: u64 = 240;
const SIGNED: &str =
    "AWS4-HMAC-SHA256 Credential=local/20241130/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0";

/// Somebody on the board of the model.
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

/// A board, as plainly as it can be said.
#[derive(Default)]
struct Model(BTreeMap<PlayerId, Standing>);

impl Model {
    fn played(&mut self, record: &Value, players: &[&str]) -> Result<()> {
        let ended = Time::from_ms(record["ended"].as_u64().context("a time")?);
        let players: BTreeSet<PlayerId> = players.iter().map(|one| one.parse()).collect::<Result<_, _>>()?;
        let Some(outcome) = Outcome::of(&players, &record["result"]) else {
            return Ok(());
        };
        let before = |who: &PlayerId| {
            let known = self.0.get(who);
            known.map_or((Rating::NEW, 0.0), |one| (one.rating, periods(one.at, ended)))
        };
        let before = players.iter().map(|who| (who.clone(), before(who))).collect();
        for (who, rating) in rate(&before, &outcome) {
            let at = self.0.get(&who).map_or(ended, |one| one.at.max(ended));
            self.0.insert(who, Standing { rating, at });
        }
        Ok(())
    }

    /// Everybody with their rank, the best one first.
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
    let answer = world.ask("GET", "/v1/leaderboards/ranked", &[], String::new()).await?;
    answer.done(200);
    assert_eq!(answer.header("cache-control"), Some("public, max-age=10"));
    assert_eq!(answer.body["pool"], "ranked");
    assert_eq!(answer.body["as_of"], "2024-11-30T20:53:20Z");
    assert_eq!(answer.body["max_staleness_ms"], 2000);
    Ok(answer.body)
}

/// A board of many, and those on it.
async fn played(world: &World) -> Result<(BTreeMap<PlayerId, Guest>, Model)> {
    let names: Vec<String> = (0..PLAYERS).map(|n| format!("Player {n}")).collect();
    let guests = try_join_all(names.iter().map(|name| world.guest(name))).await?;
    let (mut dice, mut model) = (Dice(11), Model::default());
    let mut records = Vec::new();
    for n in 0..MATCHES {
        let mut seats = BTreeSet::new();
        while seats.len() < if dice.roll(10) == 0 { 4 } else { 2 } {
            seats.insert(usize::try_from(dice.roll(BUSY))?);
        }
        let players: Vec<&str> = seats.iter().map(|&n| guests[n].player.as_str()).collect();
        let winner = players[usize::try_from(dice.roll(players.len() as u64))?];
        let result = match dice.roll(5) {
            0 => json!({"draw": true}),
            _ => json!({ "winner": winner }),
        };
        let ended = START_MS - dice.roll(1_000_000_000);
        records.push((ranked(&format!("m_{n}"), &players, ended, &result), players));
    }
    for (n, pair) in guests[usize::try_from(BUSY)?..].chunks(2).enumerate() {
        let players = [pair[0].player.as_str(), pair[1].player.as_str()];
        let result = json!({"winner": players[0]});
        // Some at the same moment.
        let record = ranked(&format!("m_p{n}"), &players, START_MS - n as u64 / 3, &result);
        records.push((record, players.to_vec()));
    }
    for (record, players) in &records {
        tell(world, record).await?;
        model.played(record, players)?;
    }
    drop(records);
    let guests = guests.into_iter();
    let keyed = guests.map(|guest| Ok((guest.player.parse()?, guest)));
    Ok((keyed.collect::<Result<_>>()?, model))
}

#[tokio::test]
async fn a_board_is_as_its_model() -> Result<()> {
    let world = World::new().await?;
    let (guests, model) = played(&world).await?;
    let board = model.board();
    let shown = leaders(&world).await?;
    same(&rows(&shown["places"])?, board.iter().take(caps::LEADERS));
    let first = &board[0];
    assert_eq!(shown["places"][0]["name"], named(&world, &guests[first.1]).await?);

    // From both ends, among equals, in between.
    for (at, (rank, who, score)) in board.iter().enumerate() {
        if (15..115).contains(&at) && at % 9 != 0 {
            continue;
        }
        let path = "/v1/leaderboards/ranked/me";
        let own = world.get(path, &guests[*who].access).await?;
        own.done(200);
        assert_eq!(own.header("cache-control"), Some("private, no-cache"));
        same(&rows(&json!([own.body["me"]]))?, [(*rank, *who, *score)].iter());
        let above = &board[at.saturating_sub(caps::NEIGHBOURS)..at];
        same(&rows(&own.body["above"])?, above.iter());
        let below = board[at + 1..].iter().take(caps::NEIGHBOURS);
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
async fn who_is_banned_or_gone_is_not_shown() -> Result<()> {
    let world = World::new().await?;
    let mo = world.guest("Mo").await?;
    let world = world.again(&[("MODERATORS", &mo.player)]).await?;
    let (guests, model) = played(&world).await?;
    let board = model.board();
    let bans = [board[0].1, board[50].1, board[99].1].map(|who| format!("/v1/bans/{who}"));
    for path in &bans {
        let ban = json!({"reason": "rude", "until": "2024-12-01T20:53:20Z"});
        world.act(&mo, "PUT", path, ban).await?.done(201);
    }
    // The places of the banned are not given to others, and three more are shown.
    let banned = [0, 50, 99];
    let seen = |at: usize| !banned.contains(&at);
    let rest = || board.iter().enumerate().filter(move |(at, _)| seen(*at));
    let expected = rest().map(|(_, row)| row).take(caps::LEADERS);
    same(&rows(&leaders(&world).await?["places"])?, expected);
    let path = "/v1/leaderboards/ranked/me";
    let own = world.get(path, &guests[board[55].1].access).await?;
    let above = (44..55).filter(|at| seen(*at)).map(|at| &board[at]);
    same(&rows(&own.body["above"])?, above);
    let below = board[56..].iter().take(caps::NEIGHBOURS);
    same(&rows(&own.body["below"])?, below);
    // They see where they are themselves.
    let own = world.get(path, &guests[board[50].1].access).await?;
    assert_eq!(own.body["me"]["rank"], board[50].0);

    // Who wants to be forgotten is not shown from then on, and is on no board once that is done.
    let gone = &guests[board[1].1];
    world.act(gone, "DELETE", "/v1/profiles/me", json!(null)).await?.done(202);
    let expected = rest().filter(|(at, _)| *at != 1).map(|(_, row)| row);
    same(&rows(&leaders(&world).await?["places"])?, expected.take(caps::LEADERS));
    let tables = Config::read(&crate::world::variable)?.tables;
    let store = Store::new(world.store.client(), tables);
    store.erase(&gone.player.parse()?, world.time()).await?;
    let mut model = model;
    model.0.remove(&gone.player.parse()?);
    let board = model.board();
    let seen = |row: &&(u64, &PlayerId, f64)| !bans.iter().any(|path| path.ends_with(row.1.as_str()));
    let expected = board.iter().filter(seen).take(caps::LEADERS);
    same(&rows(&leaders(&world).await?["places"])?, expected);
    Ok(())
}

#[tokio::test]
async fn who_is_not_rated_is_told_so() -> Result<()> {
    let world = World::new().await?;
    let ana = world.guest("Ana").await?;
    assert_eq!(leaders(&world).await?["places"], json!([]));
    let path = "/v1/leaderboards/ranked/me";
    let nobody = world.ask("GET", path, &[], String::new()).await?;
    nobody.is(401, "token_missing");
    let unrated = world.get(path, &ana.access).await?;
    unrated.is(404, "unrated");
    assert_eq!(unrated.body["field"], "pool");
    for (pool, status, code) in [("speed-dating", 404, "pool_unrated"), ("A%20b", 400, "bad_id")] {
        for path in [format!("/v1/leaderboards/{pool}"), format!("/v1/leaderboards/{pool}/me")] {
            let refused = world.get(&path, &ana.access).await?;
            refused.is(status, code);
            assert_eq!(refused.body["field"], "pool");
        }
    }
    Ok(())
}

/// So many people who are better than anybody, written at once as nobody but the store itself can.
async fn crowd(world: &World, numbers: std::ops::Range<u64>) -> Result<()> {
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
        // The embedded store looks for a signature, and believes any.
        let batch = batch.header("x-amz-date", "20241130T205320Z").header("authorization", SIGNED);
        let batch = batch.body(json!({"RequestItems": {"core": some}}).to_string());
        let answer = batch.send().await?;
        ensure!(answer.status().is_success(), "{}", answer.text().await?);
    }
    Ok(())
}

#[tokio::test]
async fn ranks_are_exact_up_to_where_they_end() -> Result<()> {
    let world = World::new().await?;
    let (ana, ben) = (world.guest("Ana").await?, world.guest("Ben").await?);
    let players = [ana.player.as_str(), ben.player.as_str()];
    tell(&world, &ranked("m_1", &players, START_MS, &json!({"winner": players[0]}))).await?;
    crowd(&world, 0..caps::RANKED - 1).await?;
    let path = "/v1/leaderboards/ranked/me";
    let last = world.get(path, &ana.access).await?;
    assert_eq!((&last.body["me"]["rank"], last.body.get("beyond")), (&json!(caps::RANKED), None));
    assert_eq!(last.body["below"][0]["rank"], json!(null));
    crowd(&world, caps::RANKED - 1..caps::RANKED).await?;
    for guest in [&ana, &ben] {
        let beyond = world.get(path, &guest.access).await?;
        assert_eq!(
            (&beyond.body["me"]["rank"], &beyond.body["beyond"]),
            (&json!(null), &json!(caps::RANKED))
        );
    }
    Ok(())
}
