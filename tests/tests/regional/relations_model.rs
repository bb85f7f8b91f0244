//! Compares sessions, bans, blocks and follows with a model, over random requests and faults between calls of
//! the store.

use crate::world::{Answer, Guest, World};
use anyhow::{Context, Result, ensure};
use regional::local::{Database, LocalStore};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tests::faults::{Fault, FaultyStore};
use tests::kit::chance::Chance;

/// Players; the first is a moderator.
const PEOPLE: usize = 4;
const ROUNDS: u32 = 250;
/// Retries after which a request must have succeeded.
const PATIENCE: u64 = 60;

/// The expected state.
#[derive(Default)]
struct Model {
    blocks: BTreeSet<(usize, usize)>,
    follows: BTreeSet<(usize, usize)>,
    banned: BTreeMap<usize, String>,
    hidden: BTreeSet<usize>,
    /// The least and the greatest possible epoch: a retry after a lost answer may have increased it again.
    epochs: BTreeMap<usize, (u64, u64)>,
}

impl Model {
    fn mutual(&self, a: usize, b: usize) -> bool {
        self.follows.contains(&(a, b)) && self.follows.contains(&(b, a))
    }

    fn visible_to(&self, who: usize) -> BTreeSet<usize> {
        let blocked = |other| self.blocks.contains(&(who, other)) || self.blocks.contains(&(other, who));
        (0..PEOPLE).filter(|&other| self.mutual(who, other) && !blocked(other)).collect()
    }
}

struct Run {
    world: World,
    people: Vec<Guest>,
    model: Model,
    chance: Chance,
}

impl Run {
    /// Sends a request and retries it until it succeeds.
    async fn retry(&self, who: usize, method: &str, path: &str, body: &Value) -> Result<Answer> {
        let asked = self.attempts(who, method, path, body).await?;
        Ok(asked.0)
    }

    /// Sends a request until it succeeds. Returns the number of attempts too.
    async fn attempts(&self, who: usize, method: &str, path: &str, body: &Value) -> Result<(Answer, u64)> {
        for times in 1..=PATIENCE {
            let answer = self.world.request_as(&self.people[who], method, path, body.clone()).await?;
            if answer.status < 500 {
                return Ok((answer, times));
            }
        }
        anyhow::bail!("{method} {path} never succeeded")
    }

    fn any(&mut self) -> usize {
        self.chance.below(PEOPLE)
    }

    fn id(&self, who: usize) -> &str {
        &self.people[who].player
    }

    /// Makes one random request and compares the answer with the model.
    async fn step(&mut self) -> Result<()> {
        let (who, other) = (self.any(), self.any());
        let kind = self.chance.roll(8);
        let banned = self.model.banned.contains_key(&who);
        let (method, path, body) = match kind {
            0 => ("PUT", format!("/v1/blocks/{}", self.id(other)), Value::Null),
            1 => ("DELETE", format!("/v1/blocks/{}", self.id(other)), Value::Null),
            2 | 3 => ("PUT", format!("/v1/follows/{}", self.id(other)), Value::Null),
            4 => ("DELETE", format!("/v1/follows/{}", self.id(other)), Value::Null),
            5 => {
                let hidden = self.chance.roll(2) == 0;
                ("PUT", "/v1/presence/me".to_owned(), json!({"hidden": hidden}))
            }
            6 => return self.decide(other).await,
            _ => return self.renew(who).await,
        };
        let answer = self.retry(who, method, &path, &body).await?;
        if banned {
            answer.is_problem(403, "banned");
            return Ok(());
        }
        if who == other && kind != 5 {
            answer.is_problem(400, "bad_id");
            return Ok(());
        }
        ensure!([200, 204].contains(&answer.status), "{method} {path}: {}", answer.body);
        let pair = (who, other);
        match kind {
            0 => drop(self.model.blocks.insert(pair)),
            1 => drop(self.model.blocks.remove(&pair)),
            2 | 3 => drop(self.model.follows.insert(pair)),
            4 => drop(self.model.follows.remove(&pair)),
            _ if body["hidden"] == json!(true) => drop(self.model.hidden.insert(who)),
            _ => drop(self.model.hidden.remove(&who)),
        }
        Ok(())
    }

    /// Bans a player, or lifts the ban.
    async fn decide(&mut self, other: usize) -> Result<()> {
        if other == 0 {
            return Ok(());
        }
        let path = format!("/v1/bans/{}", self.id(other));
        if self.chance.roll(3) > 0 {
            self.retry(0, "DELETE", &path, &Value::Null).await?.has_status(204);
            self.model.banned.remove(&other);
        } else {
            let reason = format!("reason {}", self.chance.roll(2));
            let answer = self.retry(0, "PUT", &path, &json!({"reason": reason})).await?;
            ensure!([200, 201].contains(&answer.status), "{}", answer.body);
            ensure!(answer.body["reason"] == json!(reason), "{}", answer.body);
            self.model.banned.insert(other, reason);
        }
        Ok(())
    }

    /// Refreshes a session. Usually ends all sessions then, and adds one.
    async fn renew(&mut self, who: usize) -> Result<()> {
        let token = self.people[who].refresh.clone();
        let mut answer = self.world.refresh(&token).await?;
        for _ in 0..PATIENCE {
            if answer.status < 500 {
                break;
            }
            answer = self.world.refresh(&token).await?;
        }
        if self.model.banned.contains_key(&who) {
            answer.is_problem(403, "banned");
            return Ok(());
        }
        answer.has_status(200);
        self.people[who] = Guest::of(&answer.body)?;
        if self.chance.roll(3) == 0 {
            return Ok(());
        }
        // A retry after a lost answer finds the session revoked.
        let (ended, times) = self.attempts(who, "DELETE", "/v1/sessions", &Value::Null).await?;
        ensure!([204, 401].contains(&ended.status), "{}", ended.body);
        let (least, most) = self.model.epochs.entry(who).or_default();
        (*least, *most) = (*least + 1, *most + times);
        let over = self.retry(who, "GET", "/v1/sessions", &Value::Null).await?;
        over.is_problem(401, "session_revoked");
        self.people[who] = self.world.login_again(&self.people[who]).await?;
        Ok(())
    }

    /// Compares the visible state of every player with the model.
    async fn compare(&mut self) -> Result<()> {
        for who in 0..PEOPLE {
            let path = format!("/internal/v1/players/{}", self.id(who));
            let standing = self.world.signed("GET", &path, String::new()).await?;
            ensure!(standing.body["banned"] == json!(self.model.banned.contains_key(&who)));
            let (least, most) = self.model.epochs.get(&who).copied().unwrap_or_default();
            let epoch = standing.body["ep"].as_u64().context("an epoch")?;
            ensure!((least..=most).contains(&epoch), "{epoch}, not {least} to {most}: {}", standing.body);
            self.model.epochs.insert(who, (epoch, epoch));
            let path = format!("{path}/circle");
            let circle = self.world.signed("GET", &path, String::new()).await?.body;
            let expected: BTreeSet<_> = self.model.visible_to(who).iter().map(|&one| self.id(one)).collect();
            let mutual = circle["mutual"].as_array().context("a list")?;
            let mutual: BTreeSet<_> = mutual.iter().filter_map(Value::as_str).collect();
            ensure!(mutual == expected, "visibility of {who}: {mutual:?}, not {expected:?}");
            ensure!(circle["hidden"] == json!(self.model.hidden.contains(&who)));

            let (blocks, follows) = (self.rows(who, "X#B#").await?, self.rows(who, "F#").await?);
            let by = self.rows(who, "X#b#").await?;
            let of = |pairs: &BTreeSet<(usize, usize)>, first: bool| -> BTreeSet<String> {
                let mine = pairs.iter().filter(|(a, b)| if first { *a == who } else { *b == who });
                mine.map(|(a, b)| self.id(if first { *b } else { *a }).to_owned()).collect()
            };
            ensure!(blocks == of(&self.model.blocks, true), "blocks of {who}");
            ensure!(by == of(&self.model.blocks, false), "players that block {who}");
            ensure!(follows == of(&self.model.follows, true), "follows of {who}");
            for (what, count) in [("blocks", blocks.len()), ("follows", follows.len())] {
                let counted = self.world.counter(&self.people[who], what).await?;
                ensure!(counted == count, "{what} of {who}: {counted}, not {count}");
            }
        }
        Ok(())
    }

    async fn rows(&self, who: usize, prefix: &str) -> Result<BTreeSet<String>> {
        let keys = self.world.sort_keys(&self.people[who], prefix).await?;
        Ok(keys.iter().filter_map(|key| key.strip_prefix(prefix)).map(Into::into).collect())
    }
}

async fn play(seed: u64, percent: u64) -> Result<BTreeMap<Fault, u32>> {
    let store = LocalStore::serve(Database::memory()?).await?;
    let proxy = FaultyStore::before(store.endpoint(), seed).await?;
    let world = World::behind(&proxy.endpoint, store, &[]).await?;
    let mut people = Vec::new();
    for _ in 0..PEOPLE {
        people.push(world.guest("Player").await?);
    }
    let moderators = [("MODERATORS", people[0].player.clone())];
    let moderators = moderators.each_ref().map(|(name, ids)| (*name, ids.as_str()));
    let world = World::behind(&proxy.endpoint, world.store, &moderators).await?;
    let (model, chance) = (Model::default(), Chance::new(seed));
    let mut run = Run { world, people, model, chance };
    for round in 0..ROUNDS {
        proxy.set_rate(percent);
        let step = run.step().await;
        step.with_context(|| format!("seed {seed}, round {round}"))?;
        if round % 10 == 9 {
            proxy.set_rate(0);
            let same = run.compare().await;
            same.with_context(|| format!("seed {seed}, after round {round}"))?;
        }
    }
    Ok(proxy.met())
}

#[tokio::test]
async fn relations_match_their_model() -> Result<()> {
    assert_eq!(play(7, 0).await?, BTreeMap::new());
    Ok(())
}

#[tokio::test]
async fn relations_match_their_model_with_faults() -> Result<()> {
    let met = play(11, 30).await?;
    let all = [Fault::Throttled, Fault::Conflict, Fault::Cancelled, Fault::Failed, Fault::Lost];
    for fault in all {
        assert!(met.get(&fault).is_some_and(|met| *met > 0), "{fault:?} was never met: {met:?}");
    }
    Ok(())
}
