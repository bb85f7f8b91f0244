//! The configuration of players: session lifetimes, rate limits, identity providers and moderators.

use crate::config::reader::Reader;
use crate::domain::session::Lifetime;
use crate::integrations::identity::Trusted;
use shared::id::PlayerId;
use shared::limits;
use shared::resilience::token_bucket::Pace;
use std::collections::BTreeSet;

/// The settings that concern players.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct People {
    /// `SESSION_IDLE_S`, `SESSION_AGE_S`: the seconds for which a session lives unused, and in total; one day
    /// and 30 days by default.
    pub lifetime: Lifetime,
    /// `RATE_PER_S`, `RATE_BURST`: the requests per second and at once of each player or address; 10 and 20
    /// by default.
    pub pace: Pace,
    /// `OIDC_PROVIDERS`: the identity providers for sign-in, as JSON: `[{"issuer","audience":["…"],"jwks"}]`;
    /// none by default.
    pub providers: Vec<Trusted>,
    /// `MODERATORS`: the ids of the players who may ban and read reports, comma-separated; none by default.
    pub moderators: BTreeSet<PlayerId>,
}

impl People {
    /// Reads the settings as part of the configuration.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        let idle = reader.seconds("SESSION_IDLE_S", limits::SESSION_IDLE_MAX);
        let age = reader.seconds("SESSION_AGE_S", limits::SESSION_AGE_MAX);
        if age < idle {
            reader.fault("SESSION_AGE_S", "no less than SESSION_IDLE_S");
        }
        Self {
            lifetime: Lifetime { idle, age },
            pace: Pace {
                per_s: reader.number("RATE_PER_S", limits::REGION_RATE_PER_S),
                burst: reader.number("RATE_BURST", limits::REGION_RATE_BURST),
            },
            providers: providers(reader),
            moderators: reader.list("MODERATORS", "ids of players (p_…), comma-separated"),
        }
    }
}

fn providers(reader: &mut Reader<'_>) -> Vec<Trusted> {
    let Some(text) = reader.get("OIDC_PROVIDERS") else {
        return Vec::new();
    };
    let providers: Option<Vec<Trusted>> = serde_json::from_str(&text).ok();
    let is_valid = |provider: &Trusted| {
        let url = provider.jwks.starts_with("https://") || provider.jwks.starts_with("http://");
        !provider.issuer.is_empty() && !provider.audience.is_empty() && url
    };
    providers.filter(|providers| providers.iter().all(is_valid)).unwrap_or_else(|| {
        let rule = r#"JSON: [{"issuer":"https://…","audience":["…"],"jwks":"https://…"}]"#;
        reader.fault("OIDC_PROVIDERS", rule);
        Vec::new()
    })
}
