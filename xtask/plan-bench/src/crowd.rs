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
    /// Matches of eight, first come, first served.
    Seats,
    /// Two teams of five, with a rating window.
    Teams,
    /// Two teams of four, with a rating window and parties of up to three.
    Parties,
}

impl Crowd {
    pub(crate) const ALL: [Self; 7] =
        [Self::Any, Self::Rated, Self::Language, Self::Dating, Self::Seats, Self::Teams, Self::Parties];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any => "first come",
            Self::Rated => "by rating",
            Self::Language => "rating, language",
            Self::Dating => "rating, gender, age",
            Self::Seats => "8 seats",
            Self::Teams => "2 teams of 5, rating",
            Self::Parties => "2 of 4, parties",
        }
    }

    pub(crate) fn pool(self) -> Option<Pool> {
        let rating = json!({ "within": 100, "widen_per_s": 10, "at_most": 400 });
        let pool = match self {
            Self::Any => json!({ "seats": 2 }),
            Self::Rated | Self::Language | Self::Dating => json!({ "seats": 2, "rating": rating }),
            Self::Seats => json!({ "seats": 8 }),
            Self::Teams => json!({ "teams": { "count": 2, "size": 5 }, "rating": rating }),
            Self::Parties => json!({ "teams": { "count": 2, "size": 4 }, "party": 3, "rating": rating }),
        };
        let pools = pool::read(&json!({ "a": pool }).to_string()).ok()?;
        pools.into_values().next()
    }

    /// Returns true if each match consists of two tickets.
    pub(crate) fn is_pairs_only(self) -> bool {
        !matches!(self, Self::Seats | Self::Teams | Self::Parties)
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
            Self::Any | Self::Rated | Self::Seats | Self::Teams | Self::Parties => Vec::new(),
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
        let member = |player: String| {
            json!({
                "player": player, "name": "", "rating": 1000 + mixed % 1000, "attrs": attrs, "wants": wants,
            })
        };
        let more = if self == Self::Parties {
            [0, 0, 0, 1, 1, 2].get(pick_size(mixed)).copied().unwrap_or(0)
        } else {
            0
        };
        let others = (0..more).map(|other| member(format!("p_{nth}x{other}")));
        let members: Vec<Value> = std::iter::once(member(format!("p_{nth}"))).chain(others).collect();
        serde_json::from_value(json!({
            "id": format!("t_{nth}"),
            "members": members,
            "since": mixed % LATEST,
            "key": null,
            "state": "waiting",
        }))
        .ok()
    }
}

/// Returns one of six sizes of a party, from the bits of a ticket.
fn pick_size(mixed: u64) -> usize {
    usize::try_from(mixed >> 17).unwrap_or_default() % 6
}
