//! Signed requests between edge and region, authenticated with a shared key.
//!
//! HMAC-SHA256 over `v1\n<ms>\n<nonce>\n<METHOD>\n<path?query>\n<hex of SHA-256 of the body>\n`. A signature
//! is valid for [`limits::SIGNATURE_AGE_MAX`] around its time. A replay of most internal calls changes nothing; the
//! others are accepted once for each signature.

use crate::hex::{hex, unhex};
use crate::limits;
use crate::text::is_visible_ascii;
use crate::time::Time;
use crate::trace::Trace;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// The header with the signature: `v1 <ms> <nonce> <hex>`.
pub const HEADER: &str = "x-matchpoint-signature";

/// The keys of one direction. The first key signs, all keys verify: a new key is appended on the verifying
/// side, moved to the front on the signing side, and the old one is removed a minute later.
#[derive(Clone, PartialEq, Eq)]
pub struct SignKeys(Vec<Vec<u8>>);

impl SignKeys {
    /// Returns the value of [`HEADER`] for a request. `nonce` is up to 64 visible ASCII characters, different
    /// each time.
    #[must_use]
    pub fn sign(&self, now: Time, nonce: &str, method: &str, path_and_query: &str, body: &[u8]) -> String {
        let ts = now.ms().to_string();
        let key = self.0.first().map_or(&[][..], Vec::as_slice);
        let tag = mac(key, &ts, nonce, method, path_and_query, body)
            .map(|mac| hex(&mac.finalize().into_bytes()))
            .unwrap_or_default();
        format!("v1 {ts} {nonce} {tag}")
    }

    /// Returns the trace that a request with this header carries: the nonce has it, so that it is signed, and so that a
    /// version that knows no traces accepts it.
    #[must_use]
    pub fn trace(header: &str) -> Option<Trace> {
        Trace::of_nonce(header.split(' ').nth(2)?)
    }

    /// Checks that a request with this header was signed by the other side, and recently. The check takes the
    /// same time for a tag that is nearly right as for one that is entirely wrong.
    pub fn verify(
        &self,
        now: Time,
        header: &str,
        method: &str,
        path_and_query: &str,
        body: &[u8],
    ) -> Result<(), SignError> {
        let mut words = header.split(' ');
        let (Some("v1"), Some(ts), Some(nonce), Some(tag), None) =
            (words.next(), words.next(), words.next(), words.next(), words.next())
        else {
            return Err(SignError::Malformed);
        };
        let nonce_ok = is_visible_ascii(nonce, limits::KEY_BYTES_MAX);
        let tag: [u8; 32] = unhex(tag).filter(|_| nonce_ok).ok_or(SignError::Malformed)?;
        let at: u64 = ts.parse().map_err(|_| SignError::Malformed)?;
        let at = Time::from_ms(at);
        if now.since(at) > limits::SIGNATURE_AGE_MAX || at.since(now) > limits::SIGNATURE_AGE_MAX {
            return Err(SignError::Stale);
        }
        for key in &self.0 {
            let mac = mac(key, ts, nonce, method, path_and_query, body).ok_or(SignError::Wrong)?;
            if mac.verify_slice(&tag).is_ok() {
                return Ok(());
            }
        }
        Err(SignError::Wrong)
    }
}

impl FromStr for SignKeys {
    type Err = BadSignKeys;
    /// Reads keys in base64 with padding, separated by commas, each of at least 32 bytes.
    fn from_str(text: &str) -> Result<Self, BadSignKeys> {
        let keys = text
            .split(',')
            .map(|key| BASE64.decode(key.trim()).ok().filter(|key| key.len() >= KEY_BYTES))
            .collect::<Option<Vec<_>>>();
        keys.map(Self).ok_or(BadSignKeys)
    }
}

impl fmt::Debug for SignKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignKeys({})", self.0.len())
    }
}

/// A text that is not a list of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadSignKeys;

impl fmt::Display for BadSignKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "keys must be base64, separated by commas, each of at least {KEY_BYTES} bytes")
    }
}

impl std::error::Error for BadSignKeys {}

/// The reason why a signature is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignError {
    /// The header is not a signature.
    Malformed,
    /// The request was signed too long ago, or in the future.
    Stale,
    /// No known key produces this signature for this request.
    Wrong,
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the request's signature is malformed",
            Self::Stale => "the request was signed too long ago, or the clocks differ",
            Self::Wrong => "the request's signature is wrong",
        })
    }
}

impl std::error::Error for SignError {}

/// Smallest key, as long as the hash: a shorter key is weaker than the signature (RFC 2104 §3).
const KEY_BYTES: usize = 32;

/// Returns the MAC over the request; none if the key cannot be used (HMAC accepts every length).
fn mac(key: &[u8], ts: &str, nonce: &str, method: &str, path: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    let hash = hex(&Sha256::digest(body));
    for line in ["v1", ts, nonce, method, path, &hash] {
        mac.update(line.as_bytes());
        mac.update(b"\n");
    }
    Some(mac)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_ms(1_733_000_000_000);
    const PATH: &str = "/internal/v1/matches?x=1";

    fn keys(fill: &[u8]) -> SignKeys {
        let text: Vec<_> = fill.iter().map(|&byte| BASE64.encode([byte; 32])).collect();
        text.join(",").parse().unwrap()
    }

    fn check(header: &str, expected: Result<(), SignError>) {
        assert_eq!(keys(&[1]).verify(NOW, header, "POST", PATH, b"{}"), expected, "{header}");
    }

    #[test]
    fn signed_request_is_accepted_and_altered_ones_are_rejected() {
        let header = keys(&[1]).sign(NOW, "n0", "POST", PATH, b"{}");
        check(&header, Ok(()));
        assert_eq!(keys(&[1]).verify(NOW, &header, "PUT", PATH, b"{}"), Err(SignError::Wrong));
        assert_eq!(keys(&[1]).verify(NOW, &header, "POST", "/internal", b"{}"), Err(SignError::Wrong));
        assert_eq!(keys(&[1]).verify(NOW, &header, "POST", PATH, b"{ }"), Err(SignError::Wrong));
        check(&header.replace("n0", "n1"), Err(SignError::Wrong));
    }

    /// Never changed, so that two versions of this code understand each other during a deploy.
    #[test]
    fn signature_of_a_fixed_request_never_changes() {
        let header = keys(&[1]).sign(NOW, "n0", "POST", PATH, b"{}");
        assert_eq!(
            header,
            "v1 1733000000000 n0 f8b4369359093de700e73a31baaa343b01a74ac3303ed306e42947370351f42b"
        );
    }

    #[test]
    fn trace_is_a_signed_part_of_the_header() {
        let trace = Trace::new([7; 16]);
        let header = keys(&[1]).sign(NOW, &trace.nonce([1; 16]), "POST", PATH, b"{}");
        check(&header, Ok(()));
        assert_eq!(SignKeys::trace(&header), Some(trace));
        check(&header.replace(&trace.id(), &Trace::new([8; 16]).id()), Err(SignError::Wrong));
        for plain in ["", "v1", &keys(&[1]).sign(NOW, "n0", "POST", PATH, b"{}")] {
            assert_eq!(SignKeys::trace(plain), None);
        }
    }

    #[test]
    fn both_keys_verify_during_a_rotation() {
        let old = keys(&[1]).sign(NOW, "n", "GET", "/", b"");
        let new = keys(&[2]).sign(NOW, "n", "GET", "/", b"");
        let both = keys(&[2, 1]);
        assert_eq!(both.verify(NOW, &old, "GET", "/", b""), Ok(()));
        assert_eq!(both.verify(NOW, &new, "GET", "/", b""), Ok(()));
        assert_eq!(both.sign(NOW, "n", "GET", "/", b""), new);
        assert_eq!(keys(&[3]).verify(NOW, &old, "GET", "/", b""), Err(SignError::Wrong));
    }

    #[test]
    fn signature_is_valid_for_a_minute_around_its_time() {
        let at = |time: Time| keys(&[1]).sign(time, "n", "POST", PATH, b"{}");
        let more = std::time::Duration::from_millis(1);
        check(&at(NOW - limits::SIGNATURE_AGE_MAX), Ok(()));
        check(&at(NOW + limits::SIGNATURE_AGE_MAX), Ok(()));
        check(&at(NOW - limits::SIGNATURE_AGE_MAX - more), Err(SignError::Stale));
        check(&at(NOW + limits::SIGNATURE_AGE_MAX + more), Err(SignError::Stale));
    }

    #[test]
    fn unreadable_header_is_malformed() {
        let tag = "0".repeat(64);
        let now = NOW.ms();
        check(&format!("v1 {now} n {tag}"), Err(SignError::Wrong));
        for header in [
            String::new(),
            "v1".to_owned(),
            format!("v2 {now} n {tag}"),
            format!("v1 {now} n {tag} x"),
            format!("v1 {now}  {tag}"),
            format!("v1 -1 n {tag}"),
            format!("v1 now n {tag}"),
            format!("v1 {now} n {}", "A".repeat(64)),
            format!("v1 {now} n {}é", "0".repeat(62)),
            format!("v1 {now} n 00"),
            format!("v1 {now} {} {tag}", "n".repeat(65)),
            format!("v1 {now} n\nPOST {tag}"),
        ] {
            check(&header, Err(SignError::Malformed));
        }
    }

    #[test]
    fn malformed_keys_are_rejected_and_debug_hides_keys() {
        for text in ["", ",", "AAAA", "not base64", &format!("{},", BASE64.encode([1; 32]))] {
            assert_eq!(text.parse::<SignKeys>(), Err(BadSignKeys), "{text}");
        }
        assert_eq!(format!("{:?}", keys(&[1, 2])), "SignKeys(2)");
    }
}
