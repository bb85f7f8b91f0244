//! The region's public keys as one isolate knows them: they have an age, and verified tokens are remembered.

use super::{Claims, KeySet, TokenError, check_claims, kid, verify_signature};
use crate::limits;
use crate::time::Time;
use std::collections::BTreeMap;

#[cfg(all(test, feature = "mint"))]
#[allow(clippy::unwrap_used)]
mod tests;

/// The key set of an isolate, its age, and the tokens that it has verified.
#[derive(Debug, Default)]
pub struct KeyCache {
    keys: KeySet,
    /// When the region was asked for `keys`; none before its first answer.
    fetched_at: Option<Time>,
    /// When the fetch that is under way gives up; none while there is none.
    fetching_until: Option<Time>,
    /// True if the last fetch failed.
    failed: bool,
    /// The next fetch starts no earlier.
    next: Time,
    verified: VerifiedTokens,
}

/// The way in which a caller gets keys to verify a token with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyDemand {
    /// The known keys serve.
    Known,
    /// The caller fetches the keys before it verifies.
    Fetch,
    /// Another caller is fetching them: this one waits.
    Wait,
    /// The region did not answer a moment ago: the token cannot be verified now.
    Unavailable,
}

impl KeyCache {
    /// Returns what a caller does before it verifies this token. After [`KeyDemand::Fetch`] it reports
    /// [`KeyCache::fetched`] or [`KeyCache::failed`].
    pub fn demand(&mut self, now: Time, token: &str) -> KeyDemand {
        if self.verified.contains(token) && !self.is_too_old(now) {
            return KeyDemand::Known;
        }
        let Some(kid) = kid(token) else {
            return KeyDemand::Known;
        };
        self.drop_unusable(now);
        // While the region does not answer, keys that are too old serve: none of them is known to have left.
        let needed = !self.keys.has(&kid) || (self.is_too_old(now) && !self.failed);
        if needed { self.start(now) } else { KeyDemand::Known }
    }

    /// Returns what a caller does who needs keys, whatever tokens name.
    pub fn demand_any(&mut self, now: Time) -> KeyDemand {
        self.drop_unusable(now);
        if self.keys == KeySet::default() { self.start(now) } else { KeyDemand::Known }
    }

    /// True if the caller must fetch the keys in the background: they are getting old.
    pub fn start_refresh(&mut self, now: Time) -> bool {
        let ageing = self.fetched_at.is_some_and(|at| now.since(at) >= limits::JWKS_REFRESH_AGE);
        ageing && self.start(now) == KeyDemand::Fetch
    }

    fn start(&mut self, now: Time) -> KeyDemand {
        if self.fetching_until.is_some_and(|until| now < until) {
            return KeyDemand::Wait;
        }
        if now < self.next {
            return if self.failed { KeyDemand::Unavailable } else { KeyDemand::Known };
        }
        self.fetching_until = Some(now + limits::CALL_TIMEOUT);
        KeyDemand::Fetch
    }

    /// Replaces the keys by the region's answer. Keys that are not in it are no longer trusted, nor are the
    /// tokens that they signed.
    pub fn fetched(&mut self, now: Time, keys: KeySet) {
        if keys != self.keys {
            self.verified = VerifiedTokens::default();
        }
        self.keys = keys;
        self.fetched_at = Some(now);
        self.fetching_until = None;
        self.failed = false;
        self.next = now + limits::JWKS_REFETCH_MIN;
    }

    /// Records that the region did not answer.
    pub fn failed(&mut self, now: Time) {
        self.fetching_until = None;
        self.failed = true;
        self.next = now + limits::JWKS_RETRY_MIN;
    }

    /// Verifies a token as [`super::verify`] does; its signature only once.
    pub fn verify(
        &mut self,
        token: &str,
        issuer: &str,
        audience: &str,
        now: Time,
    ) -> Result<Claims, TokenError> {
        self.drop_unusable(now);
        if let Some(claims) = self.verified.get(token) {
            return check_claims(&claims, issuer, audience, now).map(|()| claims);
        }
        let claims = verify_signature(token, &self.keys)?;
        check_claims(&claims, issuer, audience, now)?;
        self.verified.insert(token, claims.clone());
        Ok(claims)
    }

    /// True if there are keys.
    #[must_use]
    pub fn has_keys(&self) -> bool {
        self.keys != KeySet::default()
    }

    fn is_too_old(&self, now: Time) -> bool {
        self.fetched_at.is_none_or(|at| now.since(at) >= limits::JWKS_AGE_MAX)
    }

    /// Forgets keys that the region has not confirmed for too long.
    fn drop_unusable(&mut self, now: Time) {
        if self.fetched_at.is_some_and(|at| now.since(at) >= limits::JWKS_STALE_MAX) {
            self.keys = KeySet::default();
            self.verified = VerifiedTokens::default();
            self.fetched_at = None;
        }
    }
}

/// Tokens whose signature was verified, in bounded space: the latest `VERIFIED_TOKENS_MAX / 2` at least. A token
/// is found by its whole text, so that no other text can take its place.
#[derive(Debug, Default)]
struct VerifiedTokens {
    young: BTreeMap<String, Claims>,
    old: BTreeMap<String, Claims>,
}

impl VerifiedTokens {
    fn contains(&self, token: &str) -> bool {
        self.young.contains_key(token) || self.old.contains_key(token)
    }

    fn get(&self, token: &str) -> Option<Claims> {
        self.young.get(token).or_else(|| self.old.get(token)).cloned()
    }

    fn insert(&mut self, token: &str, claims: Claims) {
        if self.young.len() >= limits::VERIFIED_TOKENS_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(token.to_owned(), claims);
    }
}
