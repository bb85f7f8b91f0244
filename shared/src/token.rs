//! Who somebody says they are, and whether the region said so first: the access token.
//!
//! An Ed25519 JWT. The algorithm and the type are fixed here and never read from the token: a header that names
//! others is no token of ours. The region mints (feature `mint`); region and edge verify, without a call.

use crate::caps;
use crate::id::{PlayerId, SessionId};
use crate::time::Time;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What an access token says. Times are whole seconds since 1970, as RFC 7519 has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The region that issued it.
    pub iss: String,
    /// The system that it is meant for.
    pub aud: String,
    /// The player.
    pub sub: PlayerId,
    /// The session: a login on one device.
    pub sid: SessionId,
    /// When it was issued.
    pub iat: u64,
    /// The first second at which it is no longer good.
    pub exp: u64,
    /// The player's auth epoch when it was issued; "revoke all" raises the player's.
    pub ep: u64,
}

/// The public keys that tokens may be signed with, by their `kid`. Empty by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySet(BTreeMap<String, VerifyingKey>);

impl KeySet {
    /// Reads a JWK set (RFC 7517). Keys of other kinds than Ed25519 are passed over, as the RFC asks; an Ed25519
    /// key that cannot be used is an error.
    pub fn from_jwks(text: &str) -> Result<Self, BadKeys> {
        let set: Jwks = serde_json::from_str(text).map_err(|_| BadKeys)?;
        let mut keys = BTreeMap::new();
        for jwk in set.keys {
            if jwk.kty != "OKP" || jwk.crv.as_deref() != Some("Ed25519") {
                continue;
            }
            if jwk.alg.is_some_and(|alg| alg != ALG) {
                continue;
            }
            let kid = jwk.kid.filter(|kid| !kid.is_empty()).ok_or(BadKeys)?;
            let x = BASE64.decode(jwk.x.ok_or(BadKeys)?).map_err(|_| BadKeys)?;
            let bytes: [u8; 32] = x.try_into().map_err(|_| BadKeys)?;
            let key = VerifyingKey::from_bytes(&bytes).map_err(|_| BadKeys)?;
            // A weak key verifies signatures that nobody made.
            if key.is_weak() {
                return Err(BadKeys);
            }
            keys.insert(kid, key);
        }
        Ok(Self(keys))
    }

    /// Whether a token with this `kid` can be checked.
    #[must_use]
    pub fn has(&self, kid: &str) -> bool {
        self.0.contains_key(kid)
    }
}

/// A text that is no usable JWK set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadKeys;

impl fmt::Display for BadKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the key set is no JWK set of Ed25519 keys, each with a kid")
    }
}

impl std::error::Error for BadKeys {}

/// Why a token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// It is no token of ours: too long, not three parts, another algorithm or type, or unreadable.
    Malformed,
    /// It names a key that is not known; the key set may have changed.
    UnknownKey,
    /// The signature is not that key's over these words.
    BadSignature,
    /// Its time is over.
    Expired,
    /// It was issued in the future, by more than clocks may differ.
    NotYet,
    /// Somebody else issued it.
    WrongIssuer,
    /// It is meant for somebody else.
    WrongAudience,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the token is no access token",
            Self::UnknownKey => "the token is signed with an unknown key",
            Self::BadSignature => "the token's signature is wrong",
            Self::Expired => "the token has expired",
            Self::NotYet => "the token is issued in the future",
            Self::WrongIssuer => "the token is issued by somebody else",
            Self::WrongAudience => "the token is meant for somebody else",
        })
    }
}

impl std::error::Error for TokenError {}

/// The `kid` that a token names, before anything about it is believed: to decide whether the key set is worth
/// loading again.
#[must_use]
pub fn kid(token: &str) -> Option<String> {
    Parts::of(token).map(|parts| parts.kid)
}

/// Checks a token and gives what it says.
///
/// [`caps::SKEW`] is allowed for `iat` alone. The expiry has no tolerance at all: a token is good until the second
/// before `exp`, because whoever holds one is told to get the next in time.
pub fn verify(
    token: &str,
    keys: &KeySet,
    issuer: &str,
    audience: &str,
    now: Time,
) -> Result<Claims, TokenError> {
    let parts = Parts::of(token).ok_or(TokenError::Malformed)?;
    let key = keys.0.get(&parts.kid).ok_or(TokenError::UnknownKey)?;
    if !authentic(key, parts.signed, parts.signature) {
        return Err(TokenError::BadSignature);
    }
    let payload = BASE64
        .decode(parts.payload)
        .map_err(|_| TokenError::Malformed)?;
    let claims: Claims = serde_json::from_slice(&payload).map_err(|_| TokenError::Malformed)?;
    if claims.iss != issuer {
        return Err(TokenError::WrongIssuer);
    }
    if claims.aud != audience {
        return Err(TokenError::WrongAudience);
    }
    if now.secs() >= claims.exp {
        return Err(TokenError::Expired);
    }
    if claims.iat > (now + caps::SKEW).secs() {
        return Err(TokenError::NotYet);
    }
    Ok(claims)
}

const ALG: &str = "EdDSA";
const TYP: &str = "at+jwt";

#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
    /// Extensions that one must understand (RFC 7515 §4.1.11); there are none that we do.
    crit: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: Option<String>,
    alg: Option<String>,
    kid: Option<String>,
    x: Option<String>,
}

/// A token taken apart, its header already found to be ours.
struct Parts<'a> {
    kid: String,
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Parts<'a> {
    fn of(token: &'a str) -> Option<Self> {
        if token.len() > caps::TOKEN_BYTES {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&BASE64.decode(header).ok()?).ok()?;
        if header.alg != ALG || header.typ != TYP || header.crit.is_some() {
            return None;
        }
        Some(Self {
            kid: header.kid,
            signed,
            payload,
            signature,
        })
    }
}

/// Strict verification: no small-order keys, and one encoding of a signature only.
fn authentic(key: &VerifyingKey, signed: &str, signature: &str) -> bool {
    let Ok(bytes) = BASE64.decode(signature) else {
        return false;
    };
    let Ok(signature) = Signature::from_slice(&bytes) else {
        return false;
    };
    key.verify_strict(signed.as_bytes(), &signature).is_ok()
}

/// Signs access tokens with one key.
#[cfg(feature = "mint")]
pub struct Signer {
    kid: String,
    key: ed25519_dalek::SigningKey,
}

#[cfg(feature = "mint")]
impl Signer {
    /// A signer with the key that the 32 secret bytes stand for, published under `kid`.
    #[must_use]
    pub fn new(kid: &str, seed: [u8; 32]) -> Self {
        Self {
            kid: kid.to_owned(),
            key: ed25519_dalek::SigningKey::from_bytes(&seed),
        }
    }

    /// The token that says this.
    #[must_use]
    pub fn sign(&self, claims: &Claims) -> String {
        use ed25519_dalek::Signer as _;
        let header = serde_json::json!({ "alg": ALG, "typ": TYP, "kid": self.kid });
        let payload = serde_json::json!(claims);
        let signed = format!(
            "{}.{}",
            BASE64.encode(header.to_string()),
            BASE64.encode(payload.to_string())
        );
        let signature = BASE64.encode(self.key.sign(signed.as_bytes()).to_bytes());
        format!("{signed}.{signature}")
    }

    /// The JWK set with the public keys of these signers.
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

#[cfg(feature = "mint")]
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "mint"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_ms(1_733_000_000_000);

    fn signer() -> Signer {
        Signer::new("k1", [7; 32])
    }

    fn claims() -> Claims {
        Claims {
            iss: "https://region.test".into(),
            aud: "matchpoint".into(),
            sub: "p_7".parse().unwrap(),
            sid: "s_9".parse().unwrap(),
            iat: NOW.secs(),
            exp: NOW.secs() + 600,
            ep: 3,
        }
    }

    fn keys() -> KeySet {
        KeySet::from_jwks(&Signer::jwks(&[&signer()])).unwrap()
    }

    fn check(token: &str, expected: Result<(), TokenError>) {
        let got = verify(token, &keys(), "https://region.test", "matchpoint", NOW);
        assert_eq!(got.map(|_| ()), expected, "{token}");
    }

    fn with(change: impl FnOnce(&mut Claims)) -> String {
        let mut claims = claims();
        change(&mut claims);
        signer().sign(&claims)
    }

    /// A token with this header and our claims, properly signed: only the header is at fault.
    fn headed(header: &str) -> String {
        use ed25519_dalek::Signer as _;
        let signed = format!(
            "{}.{}",
            BASE64.encode(header),
            BASE64.encode(serde_json::to_string(&claims()).unwrap())
        );
        let signature = signer().key.sign(signed.as_bytes()).to_bytes();
        format!("{signed}.{}", BASE64.encode(signature))
    }

    #[test]
    fn a_token_says_what_was_signed() {
        let token = signer().sign(&claims());
        let got = verify(&token, &keys(), "https://region.test", "matchpoint", NOW);
        assert_eq!(got, Ok(claims()));
        assert_eq!(kid(&token).as_deref(), Some("k1"));
        assert!(keys().has("k1") && !keys().has("k2"));
    }

    /// RFC 8037, appendix A.2 to A.5.
    #[test]
    fn the_vector_of_rfc_8037() {
        let keys = KeySet::from_jwks(
            r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"rfc","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
        )
        .unwrap();
        let key = keys.0.get("rfc").unwrap();
        let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        assert!(authentic(key, signed, signature));
        assert!(!authentic(key, &signed.replace("RXh", "RXi"), signature));

        let seed = BASE64
            .decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
            .unwrap();
        let rfc = Signer::new("rfc", seed.try_into().unwrap());
        assert_eq!(KeySet::from_jwks(&Signer::jwks(&[&rfc])), Ok(keys));
    }

    #[test]
    fn the_token_does_not_choose_its_algorithm_or_type() {
        check(
            &headed(r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k1"}"#),
            Ok(()),
        );
        for header in [
            r#"{"alg":"none","typ":"at+jwt","kid":"k1"}"#,
            r#"{"alg":"HS256","typ":"at+jwt","kid":"k1"}"#,
            r#"{"alg":"EdDSA","typ":"JWT","kid":"k1"}"#,
            r#"{"alg":"EdDSA","kid":"k1"}"#,
            r#"{"alg":"EdDSA","typ":"at+jwt"}"#,
            r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k1","crit":["b64"],"b64":false}"#,
            r#"{"alg":"EdDSA","alg":"EdDSA","typ":"at+jwt","kid":"k1"}"#,
        ] {
            check(&headed(header), Err(TokenError::Malformed));
        }
    }

    #[test]
    fn an_unknown_key_is_said_to_be_one() {
        check(
            &headed(r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k2"}"#),
            Err(TokenError::UnknownKey),
        );
        let got = verify(
            &with(|_| ()),
            &KeySet::default(),
            "https://region.test",
            "matchpoint",
            NOW,
        );
        assert_eq!(got, Err(TokenError::UnknownKey));
    }

    #[test]
    fn another_key_with_the_same_name_does_not_do() {
        check(
            &Signer::new("k1", [8; 32]).sign(&claims()),
            Err(TokenError::BadSignature),
        );
    }

    #[test]
    fn a_tampered_token_is_refused() {
        let token = signer().sign(&claims());
        let other = with(|claims| claims.ep = 4);
        let (signed, _) = other.rsplit_once('.').unwrap();
        let (_, signature) = token.rsplit_once('.').unwrap();
        check(
            &format!("{signed}.{signature}"),
            Err(TokenError::BadSignature),
        );
        check(&format!("{signed}."), Err(TokenError::BadSignature));
        check(
            &format!("{signed}.{signature}A"),
            Err(TokenError::BadSignature),
        );
    }

    /// s + L signs the same words under a lax verifier; there must be one token only.
    #[test]
    fn a_non_canonical_signature_is_refused() {
        const L: [u8; 32] = [
            0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9,
            0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        ];
        let token = signer().sign(&claims());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let mut bytes = BASE64.decode(signature).unwrap();
        let mut carry = 0u16;
        for (byte, add) in bytes.iter_mut().skip(32).zip(L) {
            let sum = u16::from(*byte) + u16::from(add) + carry;
            *byte = u8::try_from(sum & 0xff).unwrap();
            carry = sum >> 8;
        }
        check(
            &format!("{signed}.{}", BASE64.encode(bytes)),
            Err(TokenError::BadSignature),
        );
    }

    #[test]
    fn the_expiry_is_exact_and_only_the_issue_may_differ() {
        check(&with(|claims| claims.exp = NOW.secs() + 1), Ok(()));
        check(
            &with(|claims| claims.exp = NOW.secs()),
            Err(TokenError::Expired),
        );
        check(&with(|claims| claims.iat = NOW.secs() + 30), Ok(()));
        check(
            &with(|claims| claims.iat = NOW.secs() + 31),
            Err(TokenError::NotYet),
        );
    }

    #[test]
    fn a_token_for_somebody_else_is_refused() {
        check(
            &with(|claims| claims.iss = "https://other.test".into()),
            Err(TokenError::WrongIssuer),
        );
        check(
            &with(|claims| claims.aud = "other".into()),
            Err(TokenError::WrongAudience),
        );
    }

    #[test]
    fn garbage_is_malformed() {
        for text in [
            "",
            ".",
            "..",
            "a.b.c",
            "é.é.é",
            "e30.e30.e30",
            "e30.e30",
            "{}",
        ] {
            check(text, Err(TokenError::Malformed));
        }
        check(
            &"a".repeat(caps::TOKEN_BYTES + 1),
            Err(TokenError::Malformed),
        );
        let token = with(|claims| claims.iss = "x".repeat(caps::TOKEN_BYTES));
        check(&token, Err(TokenError::Malformed));
        assert_eq!(kid("a.b.c"), None);
    }

    #[test]
    fn key_sets_are_checked() {
        let bad = |text: &str| assert_eq!(KeySet::from_jwks(text), Err(BadKeys), "{text}");
        bad("");
        bad("{}");
        bad(r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a"}]}"#);
        bad(r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"AAAA"}]}"#);
        // The neutral element: a key under which anybody can sign.
        bad(
            r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}"#,
        );
        let other = r#"{"keys":[{"kty":"RSA","kid":"a","n":"AQ","e":"AQAB"},{"kty":"OKP","crv":"X25519","kid":"b","x":"AA"}]}"#;
        assert_eq!(KeySet::from_jwks(other), Ok(KeySet::default()));
    }
}
