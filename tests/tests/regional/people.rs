//! Do logins, bans, blocks and follows answer as a model of them does, whatever is done, and whatever fails between any
//! two calls of the store?

use crate::ratings::Dice;
use crate::world::{Answer, Guest, World};
use anyhow::{Context, Result, ensure};
use regional::local::{Database, LocalStore};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tests::faults::{Fault, Troubled};

/// People, the first of them a moderator.
const PEOPLE: usize = 4;
const ROUNDS: u32 = 250;
/// Repetitions after which the weather must have let one through.
const PATIENCE: u64 = 60;

/// What is true, as plainly as it can be said.
#[derive(Default)]
struct Model {
    blocks: BTreeSet<(usize, usize)>,
    follows: BTreeSet<(usize, usize)>,
    banned: BTreeMap<usize, String>,
    hidden: BTreeSet<usize>,
    /// At least and at most: what was asked again, since its answer came too late, may have been done each time.
    epochs: BTreeMap<usize, (u64, u64)>,
}

impl Model {
    fn mutual(&self, a: usize, b: usize) -> bool {
        self.follows.contains(&(a, b)) && self.follows.contains(&(b, a))
    }

    fn circle(&self, who: usize) -> BTreeSet<usize> {
        let apart = |other| self.blocks.contains(&(who, other)) || self.blocks.contains(&(other, who));
        (0..PEOPLE).filter(|&other| self.mutual(who, other) && !apart(other)).collect()
    }
}

struct Play {
    world: World,
    people: Vec<Guest>,
    model: Model,
    dice: Dice,
}

impl Play {
    /// Asks until it is answered: every request may be repeated.
    async fn sure(&self, who: usize, method: &str, path: &str, body: &Value) -> Result<Answer> {
        let asked = self.asked(who, method, path, body).await?;
        Ok(asked.0)
    }

    /// The same, and how often it was asked.
    async fn asked(&self, who: usize, method: &str, path: &str, body: &Value) -> Result<(Answer, u64)> {
        for times in 1..=PATIENCE {
            let answer = self.world.act(&self.people[who], method, path, body.clone()).await?;
            if answer.status < 500 {
                return Ok((answer, times));
            }
        }
        anyhow::bail!("{method} {path} never came through")
    }

    fn any(&mut self) -> usize {
        usize::try_from(self.dice.roll(PEOPLE as u64)).unwrap_or_default()
    }

    fn id(&self, who: usize) -> &str {
        &self.people[who].player
    }

    /// One thing that somebody does, and that it ends as the model says.
    async fn step(&mut self) -> Result<()> {
        let (who, other) = (self.any(), self.any());
        let kind = self.dice.roll(8);
        let barred = self.model.banned.contains_key(&who);
        let (method, path, body) = match kind {
            0 => ("PUT", format!("/v1/blocks/{}", self.id(other)), Value::Null),
            1 => ("DELETE", format!("/v1/blocks/{}", self.id(other)), Value::Null),
            2 | 3 => ("PUT", format!("/v1/follows/{}", self.id(other)), Value::Null),
            4 => ("DELETE", format!("/v1/follows/{}", self.id(other)), Value::Null),
            5 => {
                let hidden = self.dice.roll(2) == 0;
                ("PUT", "/v1/presence/me".to_owned(), json!({"hidden": hidden}))
            }
            6 => return self.judge(other).await,
            _ => return self.turn_over(who).await,
        };
        let answer = self.sure(who, method, &path, &body).await?;
        if barred {
            answer.is(403, "banned");
            return Ok(());
        }
        if who == other && kind != 5 {
            answer.is(400, "bad_id");
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

    /// The moderator bans somebody, or lifts it.
    async fn judge(&mut self, whom: usize) -> Result<()> {
        if whom == 0 {
            return Ok(());
        }
        let path = format!("/v1/bans/{}", self.id(whom));
        if self.dice.roll(3) > 0 {
            self.sure(0, "DELETE", &path, &Value::Null).await?.done(204);
            self.model.banned.remove(&whom);
        } else {
            let reason = format!("reason {}", self.dice.roll(2));
            let answer = self.sure(0, "PUT", &path, &json!({"reason": reason})).await?;
            ensure!([200, 201].contains(&answer.status), "{}", answer.body);
            ensure!(answer.body["reason"] == json!(reason), "{}", answer.body);
            self.model.banned.insert(whom, reason);
        }
        Ok(())
    }

    /// Somebody refreshes; mostly all their logins end then, and they come again on another device.
    async fn turn_over(&mut self, who: usize) -> Result<()> {
        let token = self.people[who].refresh.clone();
        let mut answer = self.world.refresh(&token).await?;
        for _ in 0..PATIENCE {
            if answer.status < 500 {
                break;
            }
            answer = self.world.refresh(&token).await?;
        }
        if self.model.banned.contains_key(&who) {
            answer.is(403, "banned");
            return Ok(());
        }
        answer.done(200);
        self.people[who] = Guest::of(&answer.body)?;
        if self.dice.roll(3) == 0 {
            return Ok(());
        }
        // A repetition after a lost answer finds the login over: it was done.
        let (ended, times) = self.asked(who, "DELETE", "/v1/sessions", &Value::Null).await?;
        ensure!([204, 401].contains(&ended.status), "{}", ended.body);
        let (least, most) = self.model.epochs.entry(who).or_default();
        (*least, *most) = (*least + 1, *most + times);
        let over = self.sure(who, "GET", "/v1/sessions", &Value::Null).await?;
        over.is(401, "session_revoked");
        self.people[who] = self.world.login_again(&self.people[who]).await?;
        Ok(())
    }

    /// Whether all that can be seen of everybody is as the model has it.
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
            let expected: BTreeSet<_> = self.model.circle(who).iter().map(|&one| self.id(one)).collect();
            let mutual = circle["mutual"].as_array().context("a list")?;
            let mutual: BTreeSet<_> = mutual.iter().filter_map(Value::as_str).collect();
            ensure!(mutual == expected, "circle of {who}: {mutual:?}, not {expected:?}");
            ensure!(circle["hidden"] == json!(self.model.hidden.contains(&who)));

            let (blocks, follows) = (self.rows(who, "X#B#").await?, self.rows(who, "F#").await?);
            let by = self.rows(who, "X#b#").await?;
            let of = |pairs: &BTreeSet<(usize, usize)>, first: bool| -> BTreeSet<String> {
                let mine = pairs.iter().filter(|(a, b)| if first { *a == who } else { *b == who });
                mine.map(|(a, b)| self.id(if first { *b } else { *a }).to_owned()).collect()
            };
            ensure!(blocks == of(&self.model.blocks, true), "blocks of {who}");
            ensure!(by == of(&self.model.blocks, false), "who blocks {who}");
            ensure!(follows == of(&self.model.follows, true), "follows of {who}");
            for (what, count) in [("blocks", blocks.len()), ("follows", follows.len())] {
                let counted = self.world.counted(&self.people[who], what).await?;
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
    let weather = Troubled::before(store.endpoint(), seed).await?;
    let world = World::through(&weather.endpoint, store, &[]).await?;
    let mut people = Vec::new();
    for _ in 0..PEOPLE {
        people.push(world.guest("Somebody").await?);
    }
    let moderators = [("MODERATORS", people[0].player.clone())];
    let moderators = moderators.each_ref().map(|(name, ids)| (*name, ids.as_str()));
    let world = World::through(&weather.endpoint, world.store, &moderators).await?;
    let (model, dice) = (Model::default(), Dice(seed));
    let mut play = Play { world, people, model, dice };
    for round in 0..ROUNDS {
        weather.rough(percent);
        let step = play.step().await;
        step.with_context(|| format!("seed {seed}, round {round}"))?;
        if round % 10 == 9 {
            weather.rough(0);
            let same = play.compare().await;
            same.with_context(|| format!("seed {seed}, after round {round}"))?;
        }
    }
    Ok(weather.met())
}

#[tokio::test]
async fn people_are_as_their_model() -> Result<()> {
    assert_eq!(play(7, 0).await?, BTreeMap::new());
    Ok(())
}

#[tokio::test]
async fn people_are_as_their_model_in_any_weather() -> Result<()> {
    let met = play(11, 30).await?;
    let all = [Fault::Throttled, Fault::Conflict, Fault::Cancelled, Fault::Failed, Fault::Lost];
    for fault in all {
        assert!(met.get(&fault).is_some_and(|met| *met > 0), "{fault:?} was never met: {met:?}");
    }
    Ok(())
}
