//! What is configured about people: how long logins live, and who may ban.

use super::Reader;
use crate::identity::Trusted;
use crate::session::Lifetime;
use shared::caps;
use shared::id::PlayerId;
use shared::limit::Pace;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long logins live, and who may ban.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct People {
    /// `SESSION_IDLE_S`, `SESSION_AGE_S`: seconds that a login lives unused, and at all; a day and 30 days by default.
    pub lifetime: Lifetime,
    /// `RATE_PER_S`, `RATE_BURST`: requests a second and at once that each player, or each address, may make; 10 and 20
    /// by default.
    pub pace: Pace,
    /// `OIDC_PROVIDERS`: whose accounts one may sign in with, JSON: `[{"issuer","audience":["…"],"jwks"}]`; none by
    /// default.
    pub providers: Vec<Trusted>,
    /// `MODERATORS`: the players who may ban and read reports, comma separated; nobody by default.
    pub moderators: BTreeSet<PlayerId>,
}

impl People {
    pub(super) fn read(read: &mut Reader<'_>) -> Self {
        let idle = read.seconds("SESSION_IDLE_S", caps::SESSION_IDLE);
        let age = read.seconds("SESSION_AGE_S", caps::SESSION_AGE);
        if age < idle {
            read.fault("SESSION_AGE_S", "no less than SESSION_IDLE_S");
        }
        Self {
            lifetime: Lifetime { idle, age },
            pace: Pace {
                per_s: read.number("RATE_PER_S", caps::ASKS_PER_S),
                burst: read.number("RATE_BURST", caps::ASKS_BURST),
            },
            providers: read.providers(),
            moderators: read.moderators(),
        }
    }
}

impl Reader<'_> {
    fn seconds(&mut self, name: &str, usual: Duration) -> Duration {
        match self.get(name).map(|text| text.parse()) {
            None => usual,
            Some(Ok(seconds)) if seconds > 0 => Duration::from_secs(seconds),
            Some(_) => {
                self.fault(name, "a number of seconds from 1");
                usual
            }
        }
    }

    fn number(&mut self, name: &str, usual: u32) -> u32 {
        match self.get(name).map(|text| text.parse()) {
            None => usual,
            Some(Ok(number)) if number > 0 => number,
            Some(_) => {
                self.fault(name, "a number from 1");
                usual
            }
        }
    }

    fn providers(&mut self) -> Vec<Trusted> {
        let Some(text) = self.get("OIDC_PROVIDERS") else {
            return Vec::new();
        };
        let all: Option<Vec<Trusted>> = serde_json::from_str(&text).ok();
        let fine = |one: &Trusted| {
            let reached = one.jwks.starts_with("https://") || one.jwks.starts_with("http://");
            !one.issuer.is_empty() && !one.audience.is_empty() && reached
        };
        all.filter(|all| all.iter().all(fine)).unwrap_or_else(|| {
            let rule = r#"JSON: [{"issuer":"https://…","audience":["…"],"jwks":"https://…"}]"#;
            self.fault("OIDC_PROVIDERS", rule);
            Vec::new()
        })
    }

    fn moderators(&mut self) -> BTreeSet<PlayerId> {
        let text = self.get("MODERATORS").unwrap_or_default();
        let mut all = BTreeSet::new();
        for id in text.split(',').map(str::trim).filter(|one| !one.is_empty()) {
            match id.parse() {
                Ok(id) => {
                    all.insert(id);
                }
                Err(_) => self.fault("MODERATORS", "ids of players (p_…), comma separated"),
            }
        }
        all
    }
}
