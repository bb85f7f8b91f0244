//! A login on one device, and how its refresh token turns over.
//!
//! A refresh token is `sid.secret`. Each secret is 32 bytes and a 16-byte seal that only the region can make, so any
//! secret that was ever handed out is known again, though only hashes of the last two are stored. The next secret
//! follows from the one presented: who asks twice because the answer was lost gets the same pair again.

use crate::profile::unseemly;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::digest::Key;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use shared::caps;
use shared::id::{PlayerId, SessionId};
use shared::time::Time;
use std::fmt;
use std::time::Duration;

/// SHA-256 of a secret: what is stored of it.
pub type Hash = [u8; 32];

/// A login, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Which.
    pub sid: SessionId,
    /// Whose.
    pub player: PlayerId,
    /// The player's auth epoch when they logged in; it is over when the player's is higher.
    pub epoch: u64,
    /// Of the secret that is good now.
    pub current: Hash,
    /// Of the one before.
    pub previous: Option<Hash>,
    /// When the current one came to be.
    pub rotated: Time,
    /// When they logged in.
    pub created: Time,
    /// When it ends unless it is used.
    pub expires: Time,
    /// When it ends however often it is used.
    pub ends: Time,
    /// What the device says of itself; may be empty.
    pub device: Device,
    /// When it was ended.
    pub revoked: Option<Time>,
}

impl Session {
    /// Whether it goes on, for an owner whose auth epoch is this.
    #[must_use]
    pub fn goes_on(&self, now: Time, epoch: u64) -> bool {
        self.revoked.is_none() && now < self.expires && self.epoch >= epoch
    }
}

/// What a device says of itself when it logs in: for its owner to know it by, and nothing more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    /// Its `User-Agent`.
    pub agent: String,
    /// What its app calls it: `Ana's phone`.
    pub label: String,
}

impl Device {
    /// From what a device sends, cut to [`caps::DEVICE_CHARS`] visible characters each.
    #[must_use]
    pub fn new(agent: Option<&str>, label: Option<&str>) -> Self {
        let cut = |text: Option<&str>| {
            let visible = text.unwrap_or_default().trim().chars();
            let visible = visible.filter(|c| !unseemly(*c));
            visible.take(caps::DEVICE_CHARS).collect()
        };
        Self { agent: cut(agent), label: cut(label) }
    }
}

/// How long logins live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// Without being used.
    pub idle: Duration,
    /// However often they are used.
    pub age: Duration,
}

impl Lifetime {
    /// When a login ends that is used now.
    #[must_use]
    pub fn expires(&self, ends: Time, now: Time) -> Time {
        ends.min(now + self.idle)
    }
}

/// What is to be done with a refresh token that was presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the current one: replace it.
    Rotate,
    /// It was replaced a moment ago: hand out its successor once more.
    Again,
    /// It was replaced long ago, so two hold this session: end it for both.
    Reused,
    /// It was never handed out. Says nothing about the session: the sid is no secret.
    Unknown,
    /// The session was not used for too long.
    Expired,
    /// The session was ended.
    Revoked,
}

/// Decides about a refresh token. `issued` says that its seal is the region's.
#[must_use]
pub fn decide(now: Time, session: &Session, presented: &Hash, issued: bool) -> Verdict {
    let previous = session.previous.as_ref() == Some(presented);
    if !issued && !previous && session.current != *presented {
        return Verdict::Unknown;
    }
    if session.revoked.is_some() {
        return Verdict::Revoked;
    }
    if now >= session.expires {
        return Verdict::Expired;
    }
    if session.current == *presented {
        return Verdict::Rotate;
    }
    if previous && now.since(session.rotated) <= caps::REFRESH_GRACE {
        return Verdict::Again;
    }
    Verdict::Reused
}

/// The part of a refresh token that nobody else knows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 48]);

impl Secret {
    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Sha256::digest(self.0).into()
    }

    /// The refresh token with this secret: `sid.secret`.
    #[must_use]
    pub fn token(&self, sid: &SessionId) -> String {
        format!("{sid}.{}", BASE64.encode(self.0))
    }

    /// Takes a refresh token apart.
    #[must_use]
    pub fn of(token: &str) -> Option<(SessionId, Self)> {
        let (sid, secret) = token.split_once('.')?;
        // 64 characters are 48 bytes; longer text is not worth decoding.
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

/// Makes and recognizes secrets. Derived from a signing seed, so that there is one secret less to configure.
#[derive(Clone)]
pub struct SecretKey([u8; 32]);

impl SecretKey {
    /// The key that goes with a signing seed.
    #[must_use]
    pub fn new(seed: &[u8; 32]) -> Self {
        Self(mac(seed, &[b"matchpoint refresh v1"]))
    }

    /// The first secret of a session.
    #[must_use]
    pub fn first(&self, sid: &SessionId, chance: [u8; 32]) -> Secret {
        self.sealed(sid, chance)
    }

    /// The secret that replaces this one.
    #[must_use]
    pub fn next(&self, sid: &SessionId, secret: &Secret) -> Secret {
        self.sealed(sid, mac(&self.0, &[b"next", sid.as_str().as_bytes(), &secret.0]))
    }

    /// Whether this key sealed it, for this session.
    #[must_use]
    pub fn issued(&self, sid: &SessionId, secret: &Secret) -> bool {
        let (body, _) = secret.0.split_at(32);
        body.try_into().is_ok_and(|body| {
            // Of two seals only hashes are compared: how long that takes tells nothing.
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

/// HMAC-SHA256 over the parts, each with its length in front.
pub(crate) fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC fills a key up with zeros to its block.
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

    fn check(change: impl FnOnce(&mut Session), presented: Hash, issued: bool, expected: Verdict) {
        let mut session = Session {
            sid: sid(),
            player: "p_1".parse().unwrap(),
            epoch: 0,
            current: CURRENT,
            previous: Some(PREVIOUS),
            rotated: NOW,
            created: NOW,
            expires: NOW + caps::SESSION_IDLE,
            ends: NOW + caps::SESSION_AGE,
            device: Device::default(),
            revoked: None,
        };
        change(&mut session);
        assert_eq!(decide(NOW, &session, &presented, issued), expected);
    }

    #[test]
    fn what_becomes_of_a_refresh_token() {
        let late = |session: &mut Session| {
            session.rotated = NOW - caps::REFRESH_GRACE - Duration::from_millis(1);
        };
        check(|_| (), CURRENT, true, Verdict::Rotate);
        check(|_| (), PREVIOUS, true, Verdict::Again);
        check(|s| s.rotated = NOW - caps::REFRESH_GRACE, PREVIOUS, true, Verdict::Again);
        check(late, PREVIOUS, true, Verdict::Reused);
        check(late, PREVIOUS, false, Verdict::Reused);
        check(|_| (), OLDER, true, Verdict::Reused);
        check(|_| (), OLDER, false, Verdict::Unknown);
        check(|s| s.expires = NOW, CURRENT, true, Verdict::Expired);
        check(|s| s.revoked = Some(NOW), CURRENT, true, Verdict::Revoked);
        check(|s| s.revoked = Some(NOW), OLDER, false, Verdict::Unknown);
    }

    #[test]
    fn a_login_ends_unused_or_old() {
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
    fn a_device_says_little_and_nothing_invisible() {
        let device = Device::new(Some(" Fox/1\u{202e}\n "), Some(&"é".repeat(200)));
        assert_eq!((device.agent.as_str(), device.label.chars().count()), ("Fox/1", 120));
        assert_eq!(Device::new(None, None), Device::default());
    }

    #[test]
    fn a_secret_is_known_again_for_its_session_alone() {
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
    fn a_refresh_token_is_taken_apart_as_it_was_made() {
        let secret = SecretKey::new(&[7; 32]).first(&sid(), [3; 32]);
        let token = secret.token(&sid());
        assert_eq!(Secret::of(&token), Some((sid(), secret)));
        for bad in ["", "s_1", "s_1.", "p_1.x", &format!("{token}A"), &token.replace("s_1", "x_1")] {
            assert_eq!(Secret::of(bad), None, "{bad}");
        }
    }

    fn sid() -> SessionId {
        "s_1".parse().unwrap()
    }
}
