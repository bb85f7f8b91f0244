//! Tests the parsing and the caching of provider keys.

use crate::integrations::identity::keys::{Cache, Keys, max_age};
use crate::integrations::identity::*;
use jsonwebtoken::Algorithm;
use serde_json::json;
use std::time::Duration;

const NOW: Time = Time::from_ms(1_733_000_000_000);
/// Key coordinates from RFC 8037 and RFC 7517.
const ED: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const X: &str = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4";
const Y: &str = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";

fn keys() -> Keys {
    let set = json!({"keys": [
        {"kty": "OKP", "crv": "Ed25519", "x": ED, "kid": "ed"},
        {"kty": "EC", "crv": "P-256", "x": X, "y": Y, "kid": "ec", "use": "sig", "alg": "ES256"},
        {"kty": "EC", "crv": "P-256", "x": X, "y": Y, "kid": "encryption", "use": "enc"},
        {"kty": "EC", "crv": "P-256", "x": X, "y": Y, "kid": "differs", "alg": "ES384"},
        {"kty": "EC", "crv": "P-384", "x": X, "y": Y, "kid": "longer"},
        {"kty": "oct", "k": "AQEB", "kid": "secret", "alg": "HS256"},
        {"kty": "future", "kid": "future"},
    ]});
    Keys::of(set.to_string().as_bytes()).unwrap()
}

#[test]
fn each_key_has_one_algorithm() {
    let alg = |kid| keys().get(Some(kid)).map(|(alg, _)| alg);
    assert_eq!(alg("ed"), Some(Algorithm::EdDSA));
    assert_eq!(alg("ec"), Some(Algorithm::ES256));
    for other in ["encryption", "differs", "longer", "secret", "future", "unknown"] {
        assert_eq!(alg(other), None, "{other}");
    }
    // Without a key id, the choice between two keys is ambiguous.
    assert!(keys().get(None).is_none());
    assert!(Keys::of(b"[]").is_none());
}

fn check_due(fetched: Option<Option<u64>>, kid: &str, after_s: u64, expected: bool) {
    let mut cache = Cache::default();
    if let Some(age) = fetched {
        let got = age.map(|age| (keys(), Some(Duration::from_secs(age))));
        cache.fetched(got, NOW);
    }
    let now = NOW + Duration::from_secs(after_s);
    assert_eq!(cache.due(Some(kid), now), expected, "{fetched:?} {kid} {after_s}");
}

#[test]
fn keys_are_fetched_when_stale_or_unknown() {
    check_due(None, "ed", 0, true);
    check_due(Some(Some(300)), "ed", 299, false);
    check_due(Some(Some(300)), "ed", 300, true);
    // A `max-age` of 0 means one fetch per minute, and one of a year means one fetch per day.
    check_due(Some(Some(0)), "ed", 59, false);
    check_due(Some(Some(0)), "ed", 60, true);
    check_due(Some(Some(31_536_000)), "ed", 24 * 3600, true);
    check_due(Some(Some(300)), "new", 59, false);
    check_due(Some(Some(300)), "new", 60, true);
    // The provider did not answer.
    check_due(Some(None), "ed", 1, false);
    check_due(Some(None), "ed", 2, true);
}

#[test]
fn old_keys_stay_valid_for_a_day_while_the_provider_is_down() {
    let mut cache = Cache::default();
    assert!(cache.keys(NOW).is_none());
    cache.fetched(Some((keys(), Some(Duration::from_secs(60)))), NOW);
    cache.fetched(None, NOW + Duration::from_secs(100));
    let day = Duration::from_hours(24);
    assert!(cache.keys(NOW + day - Duration::from_secs(1)).is_some());
    assert!(cache.keys(NOW + day).is_none());
}

#[test]
fn max_age_is_read_from_cache_control() {
    assert_eq!(max_age("public, max-age=19831, must-revalidate"), Some(Duration::from_secs(19_831)));
    assert_eq!(max_age("no-store"), None);
    assert_eq!(max_age("max-age=soon"), None);
}

#[test]
fn account_id_separates_issuer_and_subject() {
    let account = |issuer: &str, subject: &str| {
        let (issuer, subject) = (issuer.into(), subject.into());
        Identity { issuer, subject, name: None }.account()
    };
    assert_eq!(account("https://a", "1"), account("https://a", "1"));
    assert_ne!(account("https://a", "1"), account("https://a", "2"));
    assert_ne!(account("https://a", "1"), account("https://a1", ""));
}
