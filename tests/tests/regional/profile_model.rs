//! Compares profiles and ratings with a model, over random edits, tiers and matches.

use crate::ratings::{ranked, send_record};
use crate::world::{Guest, START_MS, World};
use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use shared::time::Time;
use std::collections::BTreeMap;
use tests::glicko::{Rating, periods};
use tests::kit::chance::Chance;

/// The model of a player.
#[derive(Default)]
struct Person {
    version: u64,
    name: String,
    bio: String,
    attrs: Map<String, Value>,
    private: Map<String, Value>,
    tier: Option<String>,
    rating: Option<(Rating, u64, Time)>,
}

const ROUNDS: u64 = 500;

fn pick<'a>(chance: &mut Chance, all: &[&'a str]) -> &'a str {
    chance.pick(all)
}

/// Returns a patch of one or two fields, and whether it is valid.
fn patch(chance: &mut Chance) -> (Value, bool) {
    let (mut patch, mut fine) = (json!({}), true);
    for _ in 0..=chance.roll(2) {
        match chance.roll(6) {
            0 => {
                let name = pick(chance, &["Ana", "Zoë", "", " "]);
                patch["name"] = json!(name);
                fine = !name.trim().is_empty();
            }
            1 => patch["bio"] = pick(chance, &["go", "tango", ""]).into(),
            2 => patch["bio"] = json!(null),
            3 => patch["attrs"][pick(chance, &["a", "b", "c"])] = json!(chance.roll(3)),
            4 => patch["attrs"] = json!({pick(chance, &["a", "b", "c"]): null}),
            _ => patch["private"] = json!({pick(chance, &["x", "y"]): chance.roll(2)}),
        }
    }
    (patch, fine)
}

impl Person {
    /// Applies a patch by RFC 7396, for the two levels that these patches have.
    fn apply(&mut self, patch: &Value) {
        let before = self.show();
        if let Some(name) = patch["name"].as_str() {
            name.trim().clone_into(&mut self.name);
        }
        if patch.get("bio").is_some() {
            patch["bio"].as_str().unwrap_or_default().clone_into(&mut self.bio);
        }
        for (field, held) in [("attrs", &mut self.attrs), ("private", &mut self.private)] {
            for (name, value) in patch[field].as_object().into_iter().flatten() {
                if value.is_null() {
                    held.remove(name);
                } else {
                    held.insert(name.clone(), value.clone());
                }
            }
        }
        self.version += u64::from(self.show() != before);
    }

    fn show(&self) -> Value {
        json!({"name": self.name, "bio": self.bio, "attrs": self.attrs, "private": self.private, "tier": self.tier})
    }

    fn rating(&self) -> f64 {
        self.rating.map_or(1500.0, |(rating, ..)| rating.rating)
    }
}

async fn compare(world: &World, guest: &Guest, person: &Person) -> Result<()> {
    let own = world.get("/v1/profiles/me", &guest.access).await?;
    let mut shown = own.body.clone();
    let shown: Map<String, Value> = ["name", "bio", "attrs", "private"]
        .map(|field| (field.to_owned(), shown[field].take()))
        .into_iter()
        .chain([("tier".to_owned(), own.body["account"]["tier"].clone())])
        .collect();
    assert_eq!(Value::Object(shown), person.show());
    assert_eq!(own.header("etag"), Some(guest.own_tag(person.version).as_str()));
    let path = format!("/internal/v1/players/{}?pool=ranked", guest.player);
    let standing = world.signed("GET", &path, String::new()).await?;
    let rating = standing.body["rating"].as_f64().context("a rating")?;
    assert!((rating - person.rating()).abs() < 1e-6, "{rating}");
    let (mut attrs, tier) = (person.attrs.clone(), person.tier.clone());
    attrs.extend(tier.map(|tier| ("tier".to_owned(), tier.into())));
    assert_eq!(standing.body.get("attrs").cloned().unwrap_or(json!({})), Value::Object(attrs));
    Ok(())
}

/// A region with three players and their model.
struct Run {
    world: World,
    chance: Chance,
    guests: Vec<Guest>,
    people: Vec<Person>,
}

impl Run {
    async fn new() -> Result<Self> {
        let world = World::new().await?;
        let (mut guests, mut people) = (Vec::new(), Vec::new());
        for name in ["Ana", "Ben", "Carl"] {
            guests.push(world.guest(name).await?);
            people.push(Person { version: 1, name: name.into(), ..Person::default() });
        }
        Ok(Self { world, chance: Chance::new(42), guests, people })
    }

    /// Edits a profile, sometimes with an invalid patch or an old version.
    async fn edit(&mut self, who: usize) -> Result<&'static str> {
        let (body, valid) = patch(&mut self.chance);
        let current = self.chance.roll(4) != 0;
        let version = self.people[who].version + u64::from(!current);
        let tag = self.guests[who].own_tag(version);
        let answer = self.world.patch(&self.guests[who], &tag, body.clone()).await?;
        if !valid {
            assert_eq!(answer.status, 400, "{body}: {}", answer.body);
            return Ok("refused");
        }
        if !current {
            answer.is_problem(412, "version_changed");
            return Ok("stale");
        }
        assert_eq!(answer.status, 200, "{body}: {}", answer.body);
        self.people[who].apply(&body);
        Ok("edited")
    }

    async fn set_tier(&mut self, who: usize) -> Result<&'static str> {
        let tier = self.chance.roll(3) != 0;
        let tier = tier.then(|| pick(&mut self.chance, &["gold", "silver"]).to_owned());
        let path = format!("/internal/v1/players/{}/tier", self.guests[who].player);
        let answer = self.world.signed("PUT", &path, json!({ "tier": tier }).to_string()).await?;
        assert_eq!(answer.status, 200);
        let person = &mut self.people[who];
        person.version += u64::from(person.tier != tier);
        person.tier = tier;
        Ok("tier")
    }

    /// Sends the record of a match, sometimes more than once.
    async fn rate(&mut self, round: u64, who: usize) -> Result<&'static str> {
        let other = (who + 1) % 3;
        let players = [self.guests[who].player.as_str(), self.guests[other].player.as_str()];
        let ended = START_MS + self.chance.roll(1000) * 86_400_000;
        let draw = self.chance.roll(3) == 0;
        let result = if draw { json!({"draw": true}) } else { json!({"winner": players[0]}) };
        let record = ranked(&format!("m_{round}"), &players, ended, &result);
        for _ in 0..=self.chance.roll(2) {
            send_record(&self.world, &record).await?;
        }
        let ended = Time::from_ms(ended);
        let before = [who, other].map(|at| self.people[at].rating.unwrap_or((Rating::NEW, 0, ended)));
        for (at, me, them, score) in [(who, 0, 1, 1.0), (other, 1, 0, 0.0)] {
            let (rating, matches, last) = before[me];
            let score = if draw { 0.5 } else { score };
            let after = rating.after(periods(last, ended), &[(before[them].0, score)]);
            self.people[at].rating = Some((after, matches + 1, ended.max(last)));
        }
        Ok("rated")
    }
}

#[tokio::test]
async fn profiles_and_ratings_match_their_model() -> Result<()> {
    let mut run = Run::new().await?;
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    for round in 0..ROUNDS {
        let who = run.chance.below(3);
        let mark = match run.chance.roll(8) {
            0..=3 => run.edit(who).await?,
            4 => run.set_tier(who).await?,
            5 | 6 => run.rate(round, who).await?,
            _ => {
                // The deviation grows with the time, the rating does not.
                run.world.advance(std::time::Duration::from_secs(1));
                "passed"
            }
        };
        *seen.entry(mark).or_default() += 1;
        compare(&run.world, &run.guests[who], &run.people[who]).await?;
        if round % 100 == 99 {
            for guest in &mut run.guests {
                *guest = Guest::of(&run.world.refresh(&guest.refresh).await?.body)?;
            }
        }
    }
    eprintln!("{seen:?}");
    for mark in ["edited", "stale", "refused", "tier", "rated", "passed"] {
        assert!(seen.contains_key(mark), "never {mark}");
    }
    Ok(())
}
