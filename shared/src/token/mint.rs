//! Signs access tokens; only the region does.

use super::{ALG, BASE64, Claims, TYP};
use base64::Engine as _;
use std::fmt;

/// Signs access tokens with one key.
pub struct Signer {
    kid: String,
    pub(super) key: ed25519_dalek::SigningKey,
}

impl Signer {
    /// Returns a signer with the key that the 32 secret bytes encode, published under `kid`.
    #[must_use]
    pub fn new(kid: &str, seed: [u8; 32]) -> Self {
        Self { kid: kid.to_owned(), key: ed25519_dalek::SigningKey::from_bytes(&seed) }
    }

    /// Returns the signed token with these claims.
    #[must_use]
    pub fn sign(&self, claims: &Claims) -> String {
        self.jwt(TYP, claims)
    }

    /// Returns a signed JWT of this type with any claims, such as an id token.
    #[must_use]
    pub fn jwt(&self, typ: &str, claims: &impl serde::Serialize) -> String {
        use ed25519_dalek::Signer as _;
        let header = serde_json::json!({ "alg": ALG, "typ": typ, "kid": self.kid });
        let payload = serde_json::json!(claims);
        let signed = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(payload.to_string()));
        let signature = BASE64.encode(self.key.sign(signed.as_bytes()).to_bytes());
        format!("{signed}.{signature}")
    }

    /// Returns the JWK set with the public keys of these signers.
    #[must_use]
    pub fn jwks(signers: &[&Self]) -> String {
        let keys: Vec<_> = signers
            .iter()
            .map(|signer| {
                serde_json::json!({
                    "kty": "OKP", "crv": "Ed25519", "alg": ALG, "use": "sig", "kid": signer.kid,
                    "x": BASE64.encode(signer.key.verifying_key().as_bytes()),
                })
            })
            .collect();
        serde_json::json!({ "keys": keys }).to_string()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("kid", &self.kid).finish_non_exhaustive()
    }
}
