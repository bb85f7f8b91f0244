//! Tests when keys and verified tokens are trusted.

use super::*;
use crate::time;
use crate::token::Signer;

const ISSUER: &str = "https://region.test";
const START: Time = Time::from_ms(1_733_000_000_000);

fn after(duration: std::time::Duration) -> Time {
    START + duration
}

fn signer(kid: &str, seed: u8) -> Signer {
    Signer::new(kid, [seed; 32])
}

fn keys(signers: &[&Signer]) -> KeySet {
    KeySet::from_jwks(&Signer::jwks(signers)).unwrap()
}

fn token(signer: &Signer, exp: Time) -> String {
    signer.sign(&Claims {
        iss: ISSUER.into(),
        aud: "matchpoint".into(),
        sub: "p_7".parse().unwrap(),
        sid: "s_9".parse().unwrap(),
        iat: START.secs(),
        exp: exp.secs(),
        ep: 0,
        scp: String::new(),
    })
}

fn far() -> Time {
    START + limits::JWKS_STALE_MAX * 2
}

fn verify(cache: &mut KeyCache, token: &str, now: Time) -> Option<TokenError> {
    cache.verify(token, ISSUER, "matchpoint", now).err()
}

#[test]
fn key_that_left_the_set_is_not_trusted_after_its_age() {
    let (old, new) = (signer("k1", 1), signer("k2", 2));
    let mut cache = KeyCache::default();
    let text = token(&old, far());
    assert_eq!(cache.demand(START, &text), KeyDemand::Fetch);
    cache.fetched(START, keys(&[&old, &new]));
    assert_eq!(verify(&mut cache, &text, START), None);
    // The token was verified before; its key has left the set since.
    let late = after(limits::JWKS_AGE_MAX);
    assert_eq!(cache.demand(late, &text), KeyDemand::Fetch, "the keys are too old");
    cache.fetched(late, keys(&[&new]));
    assert_eq!(verify(&mut cache, &text, late), Some(TokenError::UnknownKey));
}

#[test]
fn another_key_with_the_same_id_ends_the_trust_in_verified_tokens() {
    let (old, new) = (signer("k1", 1), signer("k1", 2));
    let mut cache = KeyCache::default();
    cache.fetched(START, keys(&[&old]));
    let text = token(&old, far());
    assert_eq!(verify(&mut cache, &text, START), None);
    cache.fetched(START, keys(&[&new]));
    assert_eq!(verify(&mut cache, &text, START), Some(TokenError::BadSignature));
}

#[test]
fn keys_are_refreshed_in_the_background_before_they_are_too_old() {
    let key = signer("k1", 1);
    let mut cache = KeyCache::default();
    assert!(!cache.start_refresh(START), "without keys a caller waits for them");
    cache.fetched(START, keys(&[&key]));
    let age = after(limits::JWKS_REFRESH_AGE);
    assert!(!cache.start_refresh(Time::from_ms(age.ms() - 1)));
    assert!(cache.start_refresh(age));
    assert!(!cache.start_refresh(age), "one fetch is enough");
    cache.fetched(age, keys(&[&key]));
    assert!(!cache.start_refresh(age + limits::JWKS_RETRY_MIN));
    assert!(cache.start_refresh(age + limits::JWKS_REFRESH_AGE));
}

#[test]
fn known_keys_serve_while_the_region_does_not_answer() {
    let key = signer("k1", 1);
    let mut cache = KeyCache::default();
    cache.fetched(START, keys(&[&key]));
    let (text, late) = (token(&key, far()), after(limits::JWKS_AGE_MAX));
    assert_eq!(cache.demand(late, &text), KeyDemand::Fetch);
    cache.failed(late);
    assert_eq!(verify(&mut cache, &text, late), None);
    let next = late + limits::JWKS_RETRY_MIN;
    assert_eq!(cache.demand(next, &text), KeyDemand::Known, "no caller waits for a region that failed");
    assert!(cache.start_refresh(next), "the attempts go on in the background");
    let end = after(limits::JWKS_STALE_MAX);
    cache.failed(end);
    assert_eq!(verify(&mut cache, &text, end), Some(TokenError::UnknownKey));
    assert_eq!(cache.demand(end, &text), KeyDemand::Unavailable, "the token may be good");
}

#[test]
fn unknown_key_ids_cause_one_fetch_and_then_a_pause() {
    let (key, other) = (signer("k1", 1), signer("k9", 9));
    let mut cache = KeyCache::default();
    let text = token(&other, far());
    assert_eq!(cache.demand(START, &text), KeyDemand::Fetch);
    assert_eq!(cache.demand(START, &text), KeyDemand::Wait);
    cache.fetched(START, keys(&[&key]));
    assert_eq!(cache.demand(START, &text), KeyDemand::Known);
    assert_eq!(verify(&mut cache, &text, START), Some(TokenError::UnknownKey));
    assert_eq!(cache.demand(after(limits::JWKS_REFETCH_MIN), &text), KeyDemand::Fetch);
    // The fetch was lost with its request.
    let later = after(limits::JWKS_REFETCH_MIN) + limits::CALL_TIMEOUT;
    assert_eq!(cache.demand(later, &text), KeyDemand::Fetch);
}

#[test]
fn remembered_token_expires_and_keeps_its_audience() {
    let key = signer("k1", 1);
    let mut cache = KeyCache::default();
    cache.fetched(START, keys(&[&key]));
    let end = Time::from_ms(START.ms() + 60_000);
    let text = token(&key, end);
    assert_eq!(verify(&mut cache, &text, START), None);
    assert_eq!(verify(&mut cache, &text, Time::from_ms(end.ms() - 1)), None);
    assert_eq!(verify(&mut cache, &text, end), Some(TokenError::Expired));
    assert_eq!(cache.verify(&text, ISSUER, "another", START), Err(TokenError::WrongAudience));
}

#[test]
fn forged_text_is_never_taken_for_a_verified_token() {
    let key = signer("k1", 1);
    let mut cache = KeyCache::default();
    cache.fetched(START, keys(&[&key]));
    let text = token(&key, far());
    assert_eq!(verify(&mut cache, &text, START), None);
    let (signed, _) = text.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}", "A".repeat(86));
    assert_eq!(verify(&mut cache, &forged, START), Some(TokenError::BadSignature));
}

#[test]
fn remembered_tokens_stay_in_bounds() {
    let mut tokens = VerifiedTokens::default();
    let key = signer("k1", 1);
    let claims = verify_signature(&token(&key, far()), &keys(&[&key])).unwrap();
    for n in 0..limits::VERIFIED_TOKENS_MAX * 3 {
        tokens.insert(&n.to_string(), claims.clone());
        assert!(tokens.young.len() + tokens.old.len() <= limits::VERIFIED_TOKENS_MAX);
        assert!(tokens.contains(&n.to_string()));
    }
    let bound = limits::JWKS_AGE_MAX;
    assert!(time::ms(bound) <= 300_000, "a key that left the set is trusted for five minutes at most");
}
