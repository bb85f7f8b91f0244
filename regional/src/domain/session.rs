//! Sessions: a login on one device, and the rotation of its refresh token.
//!
//! A refresh token is `sid.secret`. Each secret is 32 bytes and a 16-byte seal that only the region can make,
//! so the region recognizes every secret that it ever issued, although it stores only the hashes of the last
//! two. The next secret is derived from the presented one: a client that repeats a request because the
//! response was lost gets the same pair. A client that names its attempt with a key gets it until the next
//! secret is used, however long it was offline; without that key, a secret that was replaced long ago counts
//! as stolen.

use crate::domain::text::is_disallowed_char;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::digest::Key;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use shared::id::{PlayerId, SessionId};
use shared::limits;
use shared::time::Time;
use std::fmt;
use std::time::Duration;

/// The SHA-256 of a secret, as it is stored.
pub type Hash = [u8; 32];

/// A session as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub sid: SessionId,
    pub player: PlayerId,
    /// The player's auth epoch at the login. The session is invalid once the player's epoch is higher.
    pub epoch: u64,
    /// The hash of the valid secret.
    pub current: Hash,
    /// The hash of the secret before it.
    pub previous: Option<Hash>,
    /// The hash of the key of the attempt that replaced it, if the attempt had one.
    pub attempt: Option<Hash>,
    /// When the current secret was issued.
    pub rotated: Time,
    pub created: Time,
    /// When the session ends unless it is used.
    pub expires: Time,
    /// When the session ends regardless of use.
    pub ends: Time,
    /// The description that the device sent; may be empty.
    pub device: Device,
    /// When the session was revoked.
    pub revoked: Option<Time>,
}

impl Session {
    /// Returns whether the session is valid, given the player's auth epoch.
    #[must_use]
    pub fn is_active(&self, now: Time, epoch: u64) -> bool {
        self.revoked.is_none() && now < self.expires && self.epoch >= epoch
    }
}

/// How a device describes itself at login. It only helps its owner to recognize it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    /// The `User-Agent` header.
    pub agent: String,
    /// The name that the app gives it, such as `Ana's phone`.
    pub label: String,
}

impl Device {
    /// A description from what a device sends, cut to [`limits::DEVICE_NAME_CHARS_MAX`] visible characters
    /// each.
    #[must_use]
    pub fn new(agent: Option<&str>, label: Option<&str>) -> Self {
        let cut = |text: Option<&str>| {
            let visible = text.unwrap_or_default().trim().chars();
            let visible = visible.filter(|c| !is_disallowed_char(*c));
            visible.take(limits::DEVICE_NAME_CHARS_MAX).collect()
        };
        Self { agent: cut(agent), label: cut(label) }
    }
}

/// How long sessions live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// How long a session lives without being used.
    pub idle: Duration,
    /// How long a session lives regardless of use.
    pub age: Duration,
}

impl Lifetime {
    /// Returns when a session expires that is used now.
    #[must_use]
    pub fn expires(&self, ends: Time, now: Time) -> Time {
        ends.min(now + self.idle)
    }
}

/// The decision about a presented refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshDecision {
    /// It is the current token: replace it.
    Rotate,
    /// It was replaced a moment ago, or by the same attempt: issue its successor again.
    Repeat,
    /// It was replaced long ago and by another attempt, so two clients hold this session: revoke it for both.
    Reused,
    /// It was never issued. The session is not affected, because its id is not secret.
    Unknown,
    /// The session was not used in time.
    Expired,
    /// The session was revoked before.
    Revoked,
}

/// A refresh token as a client presents it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presented {
    /// The hash of its secret.
    pub hash: Hash,
    /// True if the seal of the secret is valid.
    pub issued: bool,
    /// The hash of the attempt's key.
    pub attempt: Option<Hash>,
}

/// Decides about a presented refresh token.
#[must_use]
pub fn decide_refresh(now: Time, session: &Session, presented: &Presented) -> RefreshDecision {
    let current = session.current == presented.hash;
    let previous = session.previous == Some(presented.hash);
    if !presented.issued && !previous && !current {
        return RefreshDecision::Unknown;
    }
    if session.revoked.is_some() {
        return RefreshDecision::Revoked;
    }
    if now >= session.expires {
        return RefreshDecision::Expired;
    }
    if current {
        return RefreshDecision::Rotate;
    }
    // Comparing hashes leaks nothing about the key through timing.
    let same_attempt = presented.attempt.is_some() && presented.attempt == session.attempt;
    if previous && (same_attempt || now.since(session.rotated) <= limits::REFRESH_GRACE) {
        return RefreshDecision::Repeat;
    }
    RefreshDecision::Reused
}

/// The SHA-256 of an attempt's key, as it is stored.
#[must_use]
pub fn attempt_hash(key: &str) -> Hash {
    Sha256::digest(key).into()
}

/// The secret part of a refresh token.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 48]);

impl Secret {
    /// The hash that is stored.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Sha256::digest(self.0).into()
    }

    /// The refresh token with this secret: `sid.secret`.
    #[must_use]
    pub fn token(&self, sid: &SessionId) -> String {
        format!("{sid}.{}", BASE64.encode(self.0))
    }

    /// Parses a refresh token into its session and its secret.
    #[must_use]
    pub fn parse(token: &str) -> Option<(SessionId, Self)> {
        let (sid, secret) = token.split_once('.')?;
        // 48 bytes are 64 characters of base64; other lengths are rejected before decoding.
        if secret.len() != 64 {
            return None;
        }
        let bytes = BASE64.decode(secret).ok()?.try_into().ok()?;
        Some((sid.parse().ok()?, Self(bytes)))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Makes and recognizes secrets. Derived from a signing seed, so that no further secret has to be configured.
#[derive(Clone)]
pub struct SecretKey([u8; 32]);

impl SecretKey {
    /// The key that is derived from a signing seed.
    #[must_use]
    pub fn new(seed: &[u8; 32]) -> Self {
        Self(mac(seed, &[b"matchpoint refresh v1"]))
    }

    /// The first secret of a session.
    #[must_use]
    pub fn first(&self, sid: &SessionId, random: [u8; 32]) -> Secret {
        self.sealed(sid, random)
    }

    /// The secret that replaces this one.
    #[must_use]
    pub fn next(&self, sid: &SessionId, secret: &Secret) -> Secret {
        self.sealed(sid, mac(&self.0, &[b"next", sid.as_str().as_bytes(), &secret.0]))
    }

    /// Returns whether this key sealed the secret, for this session.
    #[must_use]
    pub fn issued(&self, sid: &SessionId, secret: &Secret) -> bool {
        let (body, _) = secret.0.split_at(32);
        body.try_into().is_ok_and(|body| {
            // Comparing hashes instead of seals leaks nothing through timing.
            self.sealed(sid, body).hash() == secret.hash()
        })
    }

    fn sealed(&self, sid: &SessionId, body: [u8; 32]) -> Secret {
        let seal = mac(&self.0, &[b"seal", sid.as_str().as_bytes(), &body]);
        let mut bytes = [0; 48];
        for (to, from) in bytes.iter_mut().zip(body.iter().chain(seal.iter())) {
            *to = *from;
        }
        Secret(bytes)
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey")
    }
}

/// HMAC-SHA256 over the parts, each prefixed with its length.
pub(crate) fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC pads a key with zeros to the block length.
    let mut block = Key::<Hmac<Sha256>>::default();
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mut mac = Hmac::<Sha256>::new(&block);
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_ms(1_733_000_000_000);
    const CURRENT: Hash = [2; 32];
    const PREVIOUS: Hash = [1; 32];
    const OLDER: Hash = [0; 32];
    const ATTEMPT: Hash = [9; 32];

    fn check(change: impl FnOnce(&mut Session), presented: Hash, issued: bool, expected: RefreshDecision) {
        check_attempt(change, Presented { hash: presented, issued, attempt: None }, expected);
    }

    fn check_attempt(change: impl FnOnce(&mut Session), presented: Presented, expected: RefreshDecision) {
        let mut session = Session {
            sid: sid(),
            player: "p_1".parse().unwrap(),
            epoch: 0,
            current: CURRENT,
            previous: Some(PREVIOUS),
            attempt: Some(ATTEMPT),
            rotated: NOW,
            created: NOW,
            expires: NOW + limits::SESSION_IDLE_MAX,
            ends: NOW + limits::SESSION_AGE_MAX,
            device: Device::default(),
            revoked: None,
        };
        change(&mut session);
        assert_eq!(decide_refresh(NOW, &session, &presented), expected);
    }

    #[test]
    fn refresh_token_is_rotated_repeated_or_rejected() {
        let late = |session: &mut Session| {
            session.rotated = NOW - limits::REFRESH_GRACE - Duration::from_millis(1);
        };
        check(|_| (), CURRENT, true, RefreshDecision::Rotate);
        check(|_| (), PREVIOUS, true, RefreshDecision::Repeat);
        check(|s| s.rotated = NOW - limits::REFRESH_GRACE, PREVIOUS, true, RefreshDecision::Repeat);
        check(late, PREVIOUS, true, RefreshDecision::Reused);
        check(late, PREVIOUS, false, RefreshDecision::Reused);
        check(|_| (), OLDER, true, RefreshDecision::Reused);
        check(|_| (), OLDER, false, RefreshDecision::Unknown);
        check(|s| s.expires = NOW, CURRENT, true, RefreshDecision::Expired);
        check(|s| s.revoked = Some(NOW), CURRENT, true, RefreshDecision::Revoked);
        check(|s| s.revoked = Some(NOW), OLDER, false, RefreshDecision::Unknown);
    }

    #[test]
    fn same_attempt_is_repeated_until_its_successor_is_used() {
        let presented = |hash, attempt| Presented { hash, issued: true, attempt };
        let idle = |session: &mut Session| session.rotated = NOW - Duration::from_secs(3600);
        check_attempt(idle, presented(PREVIOUS, Some(ATTEMPT)), RefreshDecision::Repeat);
        check_attempt(idle, presented(PREVIOUS, Some([8; 32])), RefreshDecision::Reused);
        check_attempt(idle, presented(PREVIOUS, None), RefreshDecision::Reused);
        check_attempt(idle, presented(OLDER, Some(ATTEMPT)), RefreshDecision::Reused);
        check_attempt(idle, presented(CURRENT, Some(ATTEMPT)), RefreshDecision::Rotate);
        let unnamed = |session: &mut Session| {
            idle(session);
            session.attempt = None;
        };
        check_attempt(unnamed, presented(PREVIOUS, None), RefreshDecision::Reused);
        check_attempt(unnamed, presented(PREVIOUS, Some(ATTEMPT)), RefreshDecision::Reused);
        let expired = |session: &mut Session| session.expires = NOW;
        check_attempt(expired, presented(PREVIOUS, Some(ATTEMPT)), RefreshDecision::Expired);
    }

    #[test]
    fn session_expires_when_idle_or_too_old() {
        let lifetime = Lifetime { idle: Duration::from_secs(10), age: Duration::from_secs(25) };
        let ends = NOW + lifetime.age;
        let check = |after: u64, expected: u64| {
            let now = NOW + Duration::from_secs(after);
            assert_eq!(lifetime.expires(ends, now), NOW + Duration::from_secs(expected));
        };
        check(0, 10);
        check(9, 19);
        check(18, 25);
    }

    #[test]
    fn device_description_is_cut_and_visible() {
        let device = Device::new(Some(" Fox/1\u{202e}\n "), Some(&"é".repeat(200)));
        assert_eq!((device.agent.as_str(), device.label.chars().count()), ("Fox/1", 120));
        assert_eq!(Device::new(None, None), Device::default());
    }

    #[test]
    fn secret_is_recognized_only_for_its_session() {
        let key = SecretKey::new(&[7; 32]);
        let first = key.first(&sid(), [3; 32]);
        let next = key.next(&sid(), &first);
        assert_ne!(first, next);
        assert_eq!(next, key.next(&sid(), &first));
        assert!(key.issued(&sid(), &first) && key.issued(&sid(), &next));
        assert!(!key.issued(&"s_2".parse().unwrap(), &first));
        assert!(!SecretKey::new(&[8; 32]).issued(&sid(), &first));
    }

    #[test]
    fn refresh_token_parses_into_its_parts() {
        let secret = SecretKey::new(&[7; 32]).first(&sid(), [3; 32]);
        let token = secret.token(&sid());
        assert_eq!(Secret::parse(&token), Some((sid(), secret)));
        for bad in ["", "s_1", "s_1.", "p_1.x", &format!("{token}A"), &token.replace("s_1", "x_1")] {
            assert_eq!(Secret::parse(bad), None, "{bad}");
        }
    }

    fn sid() -> SessionId {
        "s_1".parse().unwrap()
    }
}
