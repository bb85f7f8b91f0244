//! Issues what only the region can: access tokens, the secrets of refresh tokens, and sealed cursors.

use crate::config::operators::Operators;
use crate::config::{Config, SigningKey};
use crate::cursor::CursorKeys;
use crate::domain::session::{Secret, SecretKey};
use shared::actor;
use shared::id::{PlayerId, SessionId};
use shared::limits;
use shared::time::Time;
use shared::token::{self, BadKeys, Claims, KeySet, Signer, TokenError};

/// The region's keys. The first one signs, all verify.
#[derive(Debug)]
pub struct TokenIssuer {
    signer: Signer,
    keys: KeySet,
    jwks: String,
    secret_keys: Vec<SecretKey>,
    cursors: CursorKeys,
    issuer: String,
    audience: String,
    operators: Operators,
}

impl TokenIssuer {
    /// An issuer with the configured keys. Fails if there are none.
    pub fn new(config: &Config) -> Result<Self, BadKeys> {
        let signers: Vec<_> = config.keys.iter().map(SigningKey::signer).collect();
        let jwks = Signer::jwks(&signers.iter().collect::<Vec<_>>());
        Ok(Self {
            keys: KeySet::from_jwks(&jwks)?,
            jwks,
            secret_keys: config.keys.iter().map(|key| SecretKey::new(&key.seed)).collect(),
            cursors: CursorKeys::new(config.keys.iter().map(|key| &key.seed)),
            signer: signers.into_iter().next().ok_or(BadKeys)?,
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
            operators: config.people.operators.clone(),
        })
    }

    /// Signs an access token that is valid for [`limits::ACCESS_TOKEN_TTL`] from now, with the scopes of an operator.
    #[must_use]
    pub fn access_token(&self, player: &PlayerId, session: &SessionId, epoch: u64, now: Time) -> String {
        self.signer.sign(&Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: player.clone(),
            sid: session.clone(),
            iat: now.secs(),
            exp: (now + limits::ACCESS_TOKEN_TTL).secs(),
            ep: epoch,
            scp: self.operators.scopes(player).map(actor::claim).unwrap_or_default(),
        })
    }

    /// Verifies an access token, and returns its claims.
    pub fn verify(&self, token: &str, now: Time) -> Result<Claims, TokenError> {
        token::verify(token, &self.keys, &self.issuer, &self.audience, now)
    }

    /// The public keys, as a JWK set.
    #[must_use]
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    /// The keys that seal cursors.
    #[must_use]
    pub fn cursors(&self) -> &CursorKeys {
        &self.cursors
    }

    /// The first secret of a session, derived from random bytes.
    #[must_use]
    pub fn first_secret(&self, sid: &SessionId, random: [u8; 32]) -> Option<Secret> {
        Some(self.secret_keys.first()?.first(sid, random))
    }

    /// The secret after this one. With two valid keys there are two candidates, the signing key's first.
    #[must_use]
    pub fn next_secrets(&self, sid: &SessionId, secret: &Secret) -> Vec<Secret> {
        self.secret_keys.iter().map(|key| key.next(sid, secret)).collect()
    }

    /// Returns whether a secret was ever issued for this session.
    #[must_use]
    pub fn issued(&self, sid: &SessionId, secret: &Secret) -> bool {
        self.secret_keys.iter().any(|key| key.issued(sid, secret))
    }
}
