//! What the region alone can make: access tokens, the secrets of refresh tokens, and the seals of cursors.

use crate::config::{Config, SigningKey};
use crate::http::cursor::Seals;
use crate::session::{Secret, SecretKey};
use shared::caps;
use shared::id::{PlayerId, SessionId};
use shared::time::Time;
use shared::token::{self, BadKeys, Claims, KeySet, Signer, TokenError};

/// The region's keys, ready for use. The first signs, all verify.
#[derive(Debug)]
pub struct Mint {
    signer: Signer,
    keys: KeySet,
    jwks: String,
    secret_keys: Vec<SecretKey>,
    seals: Seals,
    issuer: String,
    audience: String,
}

impl Mint {
    /// From the configured keys; an error where there are none.
    pub fn new(config: &Config) -> Result<Self, BadKeys> {
        let signers: Vec<_> = config.keys.iter().map(SigningKey::signer).collect();
        let jwks = Signer::jwks(&signers.iter().collect::<Vec<_>>());
        Ok(Self {
            keys: KeySet::from_jwks(&jwks)?,
            jwks,
            secret_keys: config.keys.iter().map(|key| SecretKey::new(&key.seed)).collect(),
            seals: Seals::new(config.keys.iter().map(|key| &key.seed)),
            signer: signers.into_iter().next().ok_or(BadKeys)?,
            issuer: config.issuer.clone(),
            audience: config.audience.clone(),
        })
    }

    /// An access token that is good from now on for [`caps::TOKEN`].
    #[must_use]
    pub fn access(&self, player: &PlayerId, session: &SessionId, epoch: u64, now: Time) -> String {
        self.signer.sign(&Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: player.clone(),
            sid: session.clone(),
            iat: now.secs(),
            exp: (now + caps::TOKEN).secs(),
            ep: epoch,
        })
    }

    /// What an access token says, if it is ours and good.
    pub fn verify(&self, token: &str, now: Time) -> Result<Claims, TokenError> {
        token::verify(token, &self.keys, &self.issuer, &self.audience, now)
    }

    /// The public keys, as a JWK set.
    #[must_use]
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    /// What cursors are sealed with.
    #[must_use]
    pub fn seals(&self) -> &Seals {
        &self.seals
    }

    /// The first secret of a session, from random bytes.
    #[must_use]
    pub fn first_secret(&self, sid: &SessionId, chance: [u8; 32]) -> Option<Secret> {
        Some(self.secret_keys.first()?.first(sid, chance))
    }

    /// The secret after this one. With two keys live there are two candidates, the signing key's first.
    #[must_use]
    pub fn next_secrets(&self, sid: &SessionId, secret: &Secret) -> Vec<Secret> {
        self.secret_keys.iter().map(|key| key.next(sid, secret)).collect()
    }

    /// Whether a secret was handed out for this session at some time.
    #[must_use]
    pub fn issued(&self, sid: &SessionId, secret: &Secret) -> bool {
        self.secret_keys.iter().any(|key| key.issued(sid, secret))
    }
}
