//! Feeds texts to the verification of access tokens: only a token that the region signed is accepted.

use shared::time::Time;
use shared::token::{Claims, KeyCache, KeySet, Signer, kid, verify};

const ISSUER: &str = "https://region.test";
const AUDIENCE: &str = "matchpoint";
const NOW: Time = Time::from_ms(1_733_000_000_000);

/// A verifier that has seen a valid token.
pub struct Verifier {
    keys: KeySet,
    cache: KeyCache,
    pub valid: String,
}

impl Verifier {
    pub fn new() -> Self {
        let signer = Signer::new("k1", [7; 32]);
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: "p_7".parse().expect("an id"),
            sid: "s_9".parse().expect("an id"),
            iat: NOW.secs(),
            exp: NOW.secs() + 600,
            ep: 3,
            scp: String::new(),
        };
        let keys = KeySet::from_jwks(&Signer::jwks(&[&signer])).expect("a key set");
        let mut cache = KeyCache::default();
        cache.fetched(NOW, keys.clone());
        let valid = signer.sign(&claims);
        assert_eq!(cache.verify(&valid, ISSUER, AUDIENCE, NOW), Ok(claims));
        Self { keys, cache, valid }
    }

    /// Verifies a text directly, and through the cache that remembers the valid token. Reads it as a key set, too.
    pub fn feed(&mut self, text: &str) {
        let _read = KeySet::from_jwks(text);
        let accepted = verify(text, &self.keys, ISSUER, AUDIENCE, NOW).is_ok();
        assert_eq!(accepted, text == self.valid, "{text}");
        let _demand = self.cache.demand(NOW, text);
        let remembered = self.cache.verify(text, ISSUER, AUDIENCE, NOW).is_ok();
        assert_eq!(remembered, accepted, "{text}");
        assert!(!accepted || kid(text).is_some());
    }

    /// Feeds the valid token with bits flipped: each edit names a place and a mask.
    pub fn flip(&mut self, edits: &[[u8; 3]]) {
        let mut bytes = self.valid.clone().into_bytes();
        for [high, low, mask] in edits {
            let at = usize::from(u16::from_be_bytes([*high, *low])) % bytes.len();
            bytes[at] ^= mask;
        }
        // A token that is no text does not reach the verification.
        if let Ok(text) = String::from_utf8(bytes) {
            self.feed(&text);
        }
    }
}

/// Feeds the input as a token and as edits of a valid token.
#[allow(dead_code, reason = "one of two harnesses has one input for all")]
pub fn tokens(input: &[u8]) {
    let mut verifier = Verifier::new();
    if let Ok(text) = std::str::from_utf8(input) {
        verifier.feed(text);
    }
    verifier.flip(input.as_chunks().0);
}
