//! Generates a log of arrivals with ratings and wants; the same seed gives the same log.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Exp, LogNormal, Normal};
use serde_json::{Value, json};

/// Generates a log of arrivals, the same for the same seed: JSON Lines, or CSV if the file's name ends with
/// .csv.
#[derive(Debug, Clone, Args)]
pub struct Generate {
    /// The distribution of arrivals and players
    #[arg(long, value_enum, default_value_t = Kind::Poisson)]
    pub kind: Kind,
    /// Number of players
    #[arg(long, default_value_t = 1000)]
    pub people: u32,
    /// Seed of the log
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Arrivals per minute, on average
    #[arg(long, default_value_t = 60.0)]
    pub per_minute: f64,
    /// Seconds that players wait before they leave, on average; without it no player leaves
    #[arg(long)]
    pub patience_s: Option<f64>,
    /// Share of players who enter in parties of two or more, 0 to 1
    #[arg(long, default_value_t = 0.0)]
    pub parties: f64,
    /// Size of the largest party
    #[arg(long, default_value_t = 2)]
    pub party: u32,
    /// File of the log
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Distributions of arrivals and players.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A Poisson process of single players, ratings around 1500, no wants.
    Poisson,
    /// The same, with six times as many arrivals in the middle third of the time.
    Rush,
    /// A Poisson process; ratings with a long tail of strong players, three of four are men, each wants the
    /// other gender and one of three languages; most wants relax after a while.
    Skewed,
    /// A Poisson process; half of the players have little patience and leave.
    Churn,
}

/// A player of a generated log.
struct GeneratedPlayer {
    at: u64,
    rating: f64,
    deviation: f64,
    gender: &'static str,
    lang: &'static str,
    wants: Value,
    party: Option<String>,
    patience_s: Option<f64>,
}

/// Writes the generated log.
pub fn run(generate: &Generate) -> Result<()> {
    let is_csv = generate.out.extension().is_some_and(|it| it.eq_ignore_ascii_case("csv"));
    let text = text(generate, is_csv)?;
    fs::write(&generate.out, text).with_context(|| format!("cannot write {}", generate.out.display()))
}

/// Returns the log as text.
pub fn text(generate: &Generate, is_csv: bool) -> Result<String> {
    if !(generate.per_minute.is_finite() && generate.per_minute > 0.0) {
        bail!("--per-minute must be above 0");
    }
    if !(0.0..=1.0).contains(&generate.parties) {
        bail!("--parties must be a share from 0 to 1");
    }
    if generate.party < 2 && generate.parties > 0.0 {
        bail!("--party must be 2 or more");
    }
    let patience = generate.patience_s.unwrap_or(60.0);
    if !(patience.is_finite() && patience > 0.0) {
        bail!("--patience-s must be above 0");
    }
    let people = make(generate, patience)?;
    if is_csv { csv(&people) } else { json(&people) }
}

fn make(generate: &Generate, patience: f64) -> Result<Vec<GeneratedPlayer>> {
    let mut chance = ChaCha8Rng::seed_from_u64(generate.seed);
    let quit = Exp::new(1.0 / patience)?;
    let mean_s = 60.0 / generate.per_minute;
    let (mut people, mut seconds, mut parties): (Vec<GeneratedPlayer>, f64, u32) = (Vec::new(), 0.0, 0);
    let most = usize::try_from(generate.people)?;
    while people.len() < most {
        let pace = match generate.kind {
            Kind::Poisson | Kind::Skewed | Kind::Churn => 1.0,
            // Of n players a third of the time at rate 6, two thirds at rate 1: 3/4 of them arrive in the
            // middle.
            Kind::Rush if (most / 8..most - most / 8).contains(&people.len()) => 6.0 * 3.0 / 8.0,
            Kind::Rush => 3.0 / 8.0,
        };
        let after: f64 = Exp::new(pace / mean_s)?.sample(&mut chance);
        seconds += after;
        let together = if chance.random::<f64>() < generate.parties {
            chance.random_range(2..=generate.party)
        } else {
            1
        };
        let party = (together > 1).then(|| {
            parties += 1;
            format!("party-{parties}")
        });
        for _ in 0..together {
            let mut made = random_player(generate.kind, &mut chance)?;
            made.at = milliseconds(seconds);
            made.party.clone_from(&party);
            let leaves = generate.patience_s.is_some()
                || (generate.kind == Kind::Churn && chance.random::<f64>() < 0.5);
            if leaves {
                made.patience_s = Some((quit.sample(&mut chance) * 10.0).round() / 10.0);
            }
            people.push(made);
        }
    }
    Ok(people)
}

fn random_player(kind: Kind, chance: &mut ChaCha8Rng) -> Result<GeneratedPlayer> {
    const LANGS: [&str; 3] = ["en", "fr", "de"];
    let is_skewed = kind == Kind::Skewed;
    let rating: f64 = if is_skewed {
        1200.0 + LogNormal::new(5.4, 0.7)?.sample(chance)
    } else {
        Normal::new(1500.0, 250.0)?.sample(chance)
    };
    let deviation: f64 = chance.random_range(40.0..200.0);
    let gender = if chance.random::<f64>() < if is_skewed { 0.75 } else { 0.5 } { "m" } else { "f" };
    let spoken: f64 = chance.random();
    let nth = usize::from(spoken > 0.6) + usize::from(spoken > 0.85);
    let lang = LANGS.get(nth).copied().unwrap_or_default();
    let mut wants = json!([]);
    if is_skewed {
        let other = if gender == "m" { "f" } else { "m" };
        let mut language = json!({ "attr": "lang", "is": lang });
        if chance.random::<f64>() < 0.8 {
            let after_s = chance.random_range(10..60);
            if let Some(fields) = language.as_object_mut() {
                fields.insert("relax".into(), json!({ "after_s": after_s }));
            }
        }
        wants = json!([{ "attr": "gender", "is": other }, language]);
    }
    Ok(GeneratedPlayer {
        at: 0,
        rating: rating.round(),
        deviation: deviation.round(),
        gender,
        lang,
        wants,
        party: None,
        patience_s: None,
    })
}

fn milliseconds(seconds: f64) -> u64 {
    // Never negative, and a log of years is far below an overflow.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let ms = (seconds * 1000.0) as u64;
    ms
}

fn json(people: &[GeneratedPlayer]) -> Result<String> {
    let mut text = String::new();
    for (nth, made) in (1..).zip(people) {
        let mut row = json!({
            "at": made.at,
            "player": format!("p_{nth}"),
            "op": "enter",
            "rating": made.rating,
            "deviation": made.deviation,
            "attrs": { "gender": made.gender, "lang": made.lang },
            "wants": made.wants,
        });
        if let Some(row) = row.as_object_mut() {
            row.extend(made.party.iter().map(|it| ("party".into(), json!(it))));
            let patience = made.patience_s.iter();
            row.extend(patience.map(|it| ("patience_s".into(), json!(it))));
        }
        text.push_str(&serde_json::to_string(&row)?);
        text.push('\n');
    }
    Ok(text)
}

fn csv(people: &[GeneratedPlayer]) -> Result<String> {
    let mut rows = csv::Writer::from_writer(Vec::new());
    rows.write_record([
        "at",
        "player",
        "op",
        "rating",
        "deviation",
        "gender",
        "lang",
        "wants",
        "party",
        "patience_s",
    ])?;
    for (nth, made) in (1..).zip(people) {
        let wants = made.wants.as_array().is_some_and(|it| !it.is_empty());
        let wants = if wants { made.wants.to_string() } else { String::new() };
        rows.write_record([
            &made.at.to_string(),
            &format!("p_{nth}"),
            "enter",
            &made.rating.to_string(),
            &made.deviation.to_string(),
            made.gender,
            made.lang,
            &wants,
            made.party.as_deref().unwrap_or_default(),
            &made.patience_s.map(|it| it.to_string()).unwrap_or_default(),
        ])?;
    }
    Ok(String::from_utf8(rows.into_inner()?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::read;

    fn asked(kind: Kind, seed: u64) -> Generate {
        Generate {
            kind,
            people: 400,
            seed,
            per_minute: 120.0,
            patience_s: None,
            parties: 0.0,
            party: 2,
            out: PathBuf::new(),
        }
    }

    #[test]
    fn same_seed_gives_the_same_log_in_both_formats() {
        for kind in [Kind::Poisson, Kind::Rush, Kind::Skewed, Kind::Churn] {
            let one = text(&asked(kind, 7), false).unwrap();
            assert_eq!(one, text(&asked(kind, 7), false).unwrap());
            assert_ne!(one, text(&asked(kind, 8), false).unwrap());
            let (one, two) = (read::json(&one).unwrap(), text(&asked(kind, 7), true).unwrap());
            let two = read::csv(&two).unwrap();
            assert_eq!(one.people(), 400);
            for (a, b) in one.entries.iter().zip(&two.entries) {
                assert_eq!((&a.ticket, a.patience, a.at), (&b.ticket, b.patience, b.at));
            }
        }
    }

    /// The log of a seed stays the same from version to version, so that noted figures stay comparable.
    #[test]
    fn log_of_a_seed_never_changes() {
        let text = text(&asked(Kind::Skewed, 1), false).unwrap();
        let expected = concat!(
            r#"{"at":223,"attrs":{"gender":"m","lang":"fr"},"deviation":75.0,"op":"enter","player":"p_1","#,
            r#""rating":1480.0,"wants":[{"attr":"gender","is":"f"},"#,
            r#"{"attr":"lang","is":"fr","relax":{"after_s":45}}]}"#,
        );
        assert_eq!(text.lines().next(), Some(expected));
    }

    #[test]
    fn arrivals_have_the_requested_rate_and_rush_hour() {
        let at = |kind| {
            let log = read::json(&text(&asked(kind, 3), false).unwrap()).unwrap();
            let ats: Vec<u64> = log.entries.iter().map(|it| it.at.ms()).collect();
            ats
        };
        let even = at(Kind::Poisson);
        // 400 arrivals at 120 a minute: 200 s, within four standard deviations of 10 s.
        assert!((160_000..240_000).contains(even.last().unwrap()), "{even:?}");
        let rush = at(Kind::Rush);
        let end = *rush.last().unwrap();
        let middle = rush.iter().filter(|&&it| (end / 3..end * 2 / 3).contains(&it));
        assert!(middle.count() > 240);
    }
}
