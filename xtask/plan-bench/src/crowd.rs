//! Deterministic sets of tickets and their pools, as input of the benchmark.

use serde_json::{Value, json};
use shared::lobby::tickets::ticket::Ticket;
use shared::pool::{self, Pool};

/// The latest start of a wait in a crowd, milliseconds.
pub(crate) const LATEST: u64 = 60_000;

/// A pool with the tickets that enter it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crowd {
    /// First come, first served, without wants.
    Any,
    /// A rating window, without wants.
    Rated,
    /// A rating window, and each ticket requires one of three languages.
    Language,
    /// A rating window; each ticket requires the other gender, a language, and a similar age that relaxes.
    Dating,
}

impl Crowd {
    pub(crate) const ALL: [Self; 4] = [Self::Any, Self::Rated, Self::Language, Self::Dating];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any => "first come",
            Self::Rated => "by rating",
            Self::Language => "rating, language",
            Self::Dating => "rating, gender, age",
        }
    }

    pub(crate) fn pool(self) -> Option<Pool> {
        let rating = json!({ "within": 100, "widen_per_s": 10, "at_most": 400 });
        let pool = match self {
            Self::Any => json!({ "seats": 2 }),
            Self::Rated | Self::Language | Self::Dating => json!({ "seats": 2, "rating": rating }),
        };
        let pools = pool::read(&json!({ "a": pool }).to_string()).ok()?;
        pools.into_values().next()
    }

    /// Returns a ticket that entered within the last minute.
    pub(crate) fn ticket(self, nth: u32) -> Option<Ticket> {
        self.of(nth, None)
    }

    /// Returns a ticket on one of two sides. Each side requires the other, which relaxes after ten minutes.
    pub(crate) fn sided(self, nth: u32, side: &str) -> Option<Ticket> {
        self.of(nth, Some(side))
    }

    fn of(self, nth: u32, side: Option<&str>) -> Option<Ticket> {
        let mixed = (u64::from(nth) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
        let pick = |of: &[&'static str]| {
            let nth = usize::try_from(mixed >> 7).unwrap_or_default() % of.len().max(1);
            of.get(nth).copied().unwrap_or_default()
        };
        let lang = pick(&["en", "fr", "de"]);
        let gender = if mixed >> 11 & 1 == 0 { "m" } else { "f" };
        let other = if gender == "m" { "f" } else { "m" };
        let age = 18 + (mixed >> 13) % 50;
        let mut wants: Vec<Value> = match self {
            Self::Any | Self::Rated => Vec::new(),
            Self::Language => vec![json!({ "attr": "lang", "is": lang })],
            Self::Dating => vec![
                json!({ "attr": "gender", "is": other }),
                json!({ "attr": "lang", "is": lang }),
                json!({ "attr": "age", "within": 5, "relax": { "after_s": 30, "to": 15 } }),
            ],
        };
        if let Some(side) = side {
            let across = if side == "a" { "b" } else { "a" };
            // Any two tickets fit after ten minutes, so an entry must find the first time at which two do.
            let relax = json!({ "after_s": 600 });
            wants.push(json!({ "attr": "side", "is": across, "relax": relax }));
        }
        let attrs = json!({ "lang": lang, "gender": gender, "age": age, "side": side.unwrap_or("-") });
        serde_json::from_value(json!({
            "id": format!("t_{nth}"),
            "members": [{
                "player": format!("p_{nth}"), "name": "", "rating": 1000 + mixed % 1000, "attrs": attrs, "wants": wants,
            }],
            "since": mixed % LATEST,
            "key": null,
            "state": "waiting",
        }))
        .ok()
    }
}
