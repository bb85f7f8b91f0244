//! Tests which tokens are accepted and which are rejected.

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
        scp: String::new(),
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

/// Returns a correctly signed token with this header and valid claims: only the header is at fault.
fn with_header(header: &str) -> String {
    use ed25519_dalek::Signer as _;
    let signed =
        format!("{}.{}", BASE64.encode(header), BASE64.encode(serde_json::to_string(&claims()).unwrap()));
    let signature = signer().key.sign(signed.as_bytes()).to_bytes();
    format!("{signed}.{}", BASE64.encode(signature))
}

#[test]
fn verified_token_returns_the_signed_claims() {
    let token = signer().sign(&claims());
    let got = verify(&token, &keys(), "https://region.test", "matchpoint", NOW);
    assert_eq!(got, Ok(claims()));
    assert_eq!(kid(&token).as_deref(), Some("k1"));
    assert!(keys().has("k1") && !keys().has("k2"));
}

/// The test vectors of RFC 8037, appendix A.2 to A.5.
#[test]
fn rfc_8037_test_vector_verifies() {
    let keys = KeySet::from_jwks(
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"rfc","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
    )
    .unwrap();
    let key = keys.0.get("rfc").unwrap();
    let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert!(authentic(key, signed, signature));
    assert!(!authentic(key, &signed.replace("RXh", "RXi"), signature));

    let seed = BASE64.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let rfc = Signer::new("rfc", seed.try_into().unwrap());
    assert_eq!(KeySet::from_jwks(&Signer::jwks(&[&rfc])), Ok(keys));
}

#[test]
fn token_cannot_choose_its_algorithm_or_type() {
    check(&with_header(r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k1"}"#), Ok(()));
    for header in [
        r#"{"alg":"none","typ":"at+jwt","kid":"k1"}"#,
        r#"{"alg":"HS256","typ":"at+jwt","kid":"k1"}"#,
        r#"{"alg":"EdDSA","typ":"JWT","kid":"k1"}"#,
        r#"{"alg":"EdDSA","kid":"k1"}"#,
        r#"{"alg":"EdDSA","typ":"at+jwt"}"#,
        r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k1","crit":["b64"],"b64":false}"#,
        r#"{"alg":"EdDSA","alg":"EdDSA","typ":"at+jwt","kid":"k1"}"#,
    ] {
        check(&with_header(header), Err(TokenError::Malformed));
    }
}

#[test]
fn unknown_key_is_reported_as_such() {
    check(&with_header(r#"{"alg":"EdDSA","typ":"at+jwt","kid":"k2"}"#), Err(TokenError::UnknownKey));
    let got = verify(&with(|_| ()), &KeySet::default(), "https://region.test", "matchpoint", NOW);
    assert_eq!(got, Err(TokenError::UnknownKey));
}

#[test]
fn another_key_with_the_same_kid_is_rejected() {
    check(&Signer::new("k1", [8; 32]).sign(&claims()), Err(TokenError::BadSignature));
}

#[test]
fn tampered_token_is_rejected() {
    let token = signer().sign(&claims());
    let other = with(|claims| claims.ep = 4);
    let (signed, _) = other.rsplit_once('.').unwrap();
    let (_, signature) = token.rsplit_once('.').unwrap();
    check(&format!("{signed}.{signature}"), Err(TokenError::BadSignature));
    check(&format!("{signed}."), Err(TokenError::BadSignature));
    check(&format!("{signed}.{signature}A"), Err(TokenError::BadSignature));
}

/// `s + L` is a second signature of the same content for a lax verifier; only one may be accepted.
#[test]
fn non_canonical_signature_is_rejected() {
    const L: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
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
    check(&format!("{signed}.{}", BASE64.encode(bytes)), Err(TokenError::BadSignature));
}

#[test]
fn expiry_is_exact_and_only_the_issue_time_has_tolerance() {
    check(&with(|claims| claims.exp = NOW.secs() + 1), Ok(()));
    check(&with(|claims| claims.exp = NOW.secs()), Err(TokenError::Expired));
    check(&with(|claims| claims.iat = NOW.secs() + 30), Ok(()));
    check(&with(|claims| claims.iat = NOW.secs() + 31), Err(TokenError::NotYet));
}

#[test]
fn token_of_another_issuer_or_audience_is_rejected() {
    check(&with(|claims| claims.iss = "https://other.test".into()), Err(TokenError::WrongIssuer));
    check(&with(|claims| claims.aud = "other".into()), Err(TokenError::WrongAudience));
}

#[test]
fn unreadable_token_is_malformed() {
    for text in ["", ".", "..", "a.b.c", "é.é.é", "e30.e30.e30", "e30.e30", "{}"] {
        check(text, Err(TokenError::Malformed));
    }
    check(&"a".repeat(limits::TOKEN_BYTES_MAX + 1), Err(TokenError::Malformed));
    let token = with(|claims| claims.iss = "x".repeat(limits::TOKEN_BYTES_MAX));
    check(&token, Err(TokenError::Malformed));
    assert_eq!(kid("a.b.c"), None);
}

#[test]
fn unusable_key_sets_are_rejected() {
    let bad = |text: &str| assert_eq!(KeySet::from_jwks(text), Err(BadKeys), "{text}");
    bad("");
    bad("{}");
    bad(r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a"}]}"#);
    bad(r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"AAAA"}]}"#);
    // The neutral element is a key for which signatures can be forged.
    bad(
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}"#,
    );
    let other = r#"{"keys":[{"kty":"RSA","kid":"a","n":"AQ","e":"AQAB"},{"kty":"OKP","crv":"X25519","kid":"b","x":"AA"}]}"#;
    assert_eq!(KeySet::from_jwks(other), Ok(KeySet::default()));
}
