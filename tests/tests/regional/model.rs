//! Do profiles and ratings answer as a model of them does, whatever is done in whatever order?

use crate::ratings::{Dice, ranked, tell};
use crate::world::{Guest, START_MS, World};
use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use shared::rating::{Rating, periods};
use shared::time::Time;
use std::collections::BTreeMap;

/// What somebody is, as plainly as it can be said.
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

fn pick<'a>(dice: &mut Dice, all: &[&'a str]) -> &'a str {
    let at = usize::try_from(dice.roll(all.len() as u64)).unwrap_or_default();
    all[at]
}

/// A patch of one or two fields, and whether it can be.
fn patch(dice: &mut Dice) -> (Value, bool) {
    let (mut patch, mut fine) = (json!({}), true);
    for _ in 0..=dice.roll(2) {
        match dice.roll(6) {
            0 => {
                let name = pick(dice, &["Ana", "Zoë", "", " "]);
                patch["name"] = json!(name);
                fine = !name.trim().is_empty();
            }
            1 => patch["bio"] = pick(dice, &["go", "tango", ""]).into(),
            2 => patch["bio"] = json!(null),
            3 => patch["attrs"][pick(dice, &["a", "b", "c"])] = json!(dice.roll(3)),
            4 => patch["attrs"] = json!({pick(dice, &["a", "b", "c"]): null}),
            _ => patch["private"] = json!({pick(dice, &["x", "y"]): dice.roll(2)}),
        }
    }
    (patch, fine)
}

impl Person {
    /// RFC 7396 for two levels, which is as deep as these patches go.
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
    assert_eq!(own.header("etag"), Some(format!("\"{}\"", person.version).as_str()));
    let path = format!("/internal/v1/players/{}?pool=ranked", guest.player);
    let standing = world.signed("GET", &path, String::new()).await?;
    let rating = standing.body["rating"].as_f64().context("a rating")?;
    assert!((rating - person.rating()).abs() < 1e-6, "{rating}");
    let (mut attrs, tier) = (person.attrs.clone(), person.tier.clone());
    attrs.extend(tier.map(|tier| ("tier".to_owned(), tier.into())));
    assert_eq!(standing.body.get("attrs").cloned().unwrap_or(json!({})), Value::Object(attrs));
    Ok(())
}

#[tokio::test]
async fn profiles_and_ratings_are_as_their_model() -> Result<()> {
    let world = World::new().await?;
    let mut dice = Dice(42);
    let mut guests = Vec::new();
    let mut people = Vec::new();
    for name in ["Ana", "Ben", "Carl"] {
        guests.push(world.guest(name).await?);
        people.push(Person { version: 1, name: name.into(), ..Person::default() });
    }
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    for round in 0..ROUNDS {
        let who = usize::try_from(dice.roll(3))?;
        let mark = match dice.roll(8) {
            0..=3 => {
                let (body, fine) = patch(&mut dice);
                let current = dice.roll(4) != 0;
                let version = people[who].version + u64::from(!current);
                let answer = world.patch(&guests[who], &format!("\"{version}\""), body.clone()).await?;
                match (fine, current) {
                    (false, _) => {
                        assert_eq!(answer.status, 400, "{body}: {}", answer.body);
                        "refused"
                    }
                    (true, false) => {
                        answer.is(412, "version_changed");
                        "stale"
                    }
                    (true, true) => {
                        assert_eq!(answer.status, 200, "{body}: {}", answer.body);
                        people[who].apply(&body);
                        "edited"
                    }
                }
            }
            4 => {
                let tier = (dice.roll(3) != 0).then(|| pick(&mut dice, &["gold", "silver"]).to_owned());
                let path = format!("/internal/v1/players/{}/tier", guests[who].player);
                let answer = world.signed("PUT", &path, json!({ "tier": tier }).to_string()).await?;
                assert_eq!(answer.status, 200);
                let person = &mut people[who];
                person.version += u64::from(person.tier != tier);
                person.tier = tier;
                "tier"
            }
            5 | 6 => {
                let other = (who + 1) % 3;
                let players = [guests[who].player.as_str(), guests[other].player.as_str()];
                let ended = START_MS + dice.roll(1000) * 86_400_000;
                let draw = dice.roll(3) == 0;
                let result = if draw { json!({"draw": true}) } else { json!({"winner": players[0]}) };
                let record = ranked(&format!("m_{round}"), &players, ended, &result);
                for _ in 0..=dice.roll(2) {
                    tell(&world, &record).await?;
                }
                let ended = Time::from_ms(ended);
                let before = [who, other].map(|at| people[at].rating.unwrap_or((Rating::NEW, 0, ended)));
                for (at, me, them, score) in [(who, 0, 1, 1.0), (other, 1, 0, 0.0)] {
                    let (rating, matches, last) = before[me];
                    let score = if draw { 0.5 } else { score };
                    let after = rating.after(periods(last, ended), &[(before[them].0, score)]);
                    people[at].rating = Some((after, matches + 1, ended.max(last)));
                }
                "rated"
            }
            _ => {
                // The deviation grows with the clock, the rating does not: the comparison below asks now and then.
                world.pass(std::time::Duration::from_secs(1));
                "passed"
            }
        };
        *seen.entry(mark).or_default() += 1;
        compare(&world, &guests[who], &people[who]).await?;
        if round % 100 == 99 {
            for guest in &mut guests {
                *guest = Guest::of(&world.refresh(&guest.refresh).await?.body)?;
            }
        }
    }
    eprintln!("{seen:?}");
    for mark in ["edited", "stale", "refused", "tier", "rated", "passed"] {
        assert!(seen.contains_key(mark), "never {mark}");
    }
    Ok(())
}
