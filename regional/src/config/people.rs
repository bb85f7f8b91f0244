//! The configuration of players: session lifetimes, rate limits, identity providers and operators.

use crate::config::operators::Operators;
use crate::config::reader::Reader;
use crate::domain::session::Lifetime;
use crate::integrations::identity::Trusted;
use shared::limits;
use shared::resilience::token_bucket::Pace;

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
    /// `OPERATORS`: the players who may act through the service API, as JSON: `[{"player":"p_…","scopes":["rooms"]}]`;
    /// `MODERATORS`: the ids of players with all scopes but `sessions` and `inspect_hidden`, comma-separated. None by
    /// default.
    pub operators: Operators,
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
            operators: Operators::read(reader),
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
