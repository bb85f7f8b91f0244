//! Webhooks by the Standard Webhooks specification: the events, the secrets, and the signature of a message.
//!
//! <https://www.standardwebhooks.com>: a message has the headers `webhook-id`, `webhook-timestamp` (seconds since 1970) and
//! `webhook-signature`: for each secret `v1,` and the base64 of an HMAC-SHA256 over `id.timestamp.body`, separated by
//! spaces. A receiver accepts a message if one of them is right, so that secrets are rotated without a gap.

use crate::limits;
use crate::time::Time;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::fmt;
use std::str::FromStr;

/// The header with the id of the message.
pub const ID: &str = "webhook-id";
/// The header with the time of the attempt.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// The header with the signatures.
pub const SIGNATURE: &str = "webhook-signature";
/// The prefix of a secret's text.
pub const SECRET_PREFIX: &str = "whsec_";

/// The type of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EventType {
    /// A queue made a match, and its room is open.
    #[serde(rename = "match.made")]
    MatchMade,
    /// A match ended, and its record is stored.
    #[serde(rename = "match.ended")]
    MatchEnded,
    /// A player reported another.
    #[serde(rename = "report.filed")]
    ReportFiled,
    /// A player was banned, or the terms of the ban changed.
    #[serde(rename = "player.banned")]
    PlayerBanned,
    /// A ban was lifted before its end.
    #[serde(rename = "player.unbanned")]
    PlayerUnbanned,
    /// A player deleted their account.
    #[serde(rename = "player.erased")]
    PlayerErased,
}

impl EventType {
    /// All types of events.
    pub const ALL: [Self; 6] = [
        Self::MatchMade,
        Self::MatchEnded,
        Self::ReportFiled,
        Self::PlayerBanned,
        Self::PlayerUnbanned,
        Self::PlayerErased,
    ];

    /// Returns the name in messages and in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MatchMade => "match.made",
            Self::MatchEnded => "match.ended",
            Self::ReportFiled => "report.filed",
            Self::PlayerBanned => "player.banned",
            Self::PlayerUnbanned => "player.unbanned",
            Self::PlayerErased => "player.erased",
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for EventType {
    type Err = UnknownEvent;
    fn from_str(text: &str) -> Result<Self, UnknownEvent> {
        Self::ALL.into_iter().find(|event| event.name() == text).ok_or(UnknownEvent)
    }
}

/// A text that names no type of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownEvent;

impl fmt::Display for UnknownEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the events are {}", EventType::ALL.map(EventType::name).join(", "))
    }
}

impl std::error::Error for UnknownEvent {}

/// A secret that signs messages and verifies them: `whsec_` and the base64 of 24 to 64 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Vec<u8>);

impl WebhookSecret {
    /// Returns the secret of these random bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes.into())
    }

    /// Returns the text by which a receiver is configured.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{SECRET_PREFIX}{}", BASE64.encode(&self.0))
    }

    fn mac(&self, id: &str, timestamp: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
        // An HMAC takes a key of any length.
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0).ok()?;
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        Some(mac)
    }
}

impl FromStr for WebhookSecret {
    type Err = BadWebhookSecret;
    fn from_str(text: &str) -> Result<Self, BadWebhookSecret> {
        let bytes = text.strip_prefix(SECRET_PREFIX).and_then(|rest| BASE64.decode(rest).ok());
        bytes.filter(|bytes| (24..=64).contains(&bytes.len())).map(Self).ok_or(BadWebhookSecret)
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret")
    }
}

/// A text that is no secret. The error does not repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadWebhookSecret;

impl fmt::Display for BadWebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a secret is `{SECRET_PREFIX}` and the base64 of 24 to 64 random bytes")
    }
}

impl std::error::Error for BadWebhookSecret {}

/// Returns the value of [`SIGNATURE`]: one signature for each secret.
#[must_use]
pub fn sign(secrets: &[WebhookSecret], id: &str, at: Time, body: &[u8]) -> String {
    let timestamp = at.secs().to_string();
    let macs = secrets.iter().filter_map(|secret| secret.mac(id, &timestamp, body));
    let signatures = macs.map(|mac| format!("v1,{}", BASE64.encode(mac.finalize().into_bytes())));
    signatures.collect::<Vec<_>>().join(" ")
}

/// Checks that a message with these headers was signed with this secret, and recently. The check takes the same time for
/// a signature that is nearly right as for one that is entirely wrong.
pub fn verify(
    secret: &WebhookSecret,
    now: Time,
    (id, timestamp, signature): (&str, &str, &str),
    body: &[u8],
) -> Result<(), BadMessage> {
    let seconds: u64 = timestamp.parse().map_err(|_| BadMessage::Malformed)?;
    let at = Time::from_ms(seconds.saturating_mul(1000));
    if now.since(at) > limits::WEBHOOK_TOLERANCE || at.since(now) > limits::WEBHOOK_TOLERANCE {
        return Err(BadMessage::Stale);
    }
    let tags = signature.split(' ').filter_map(|one| BASE64.decode(one.strip_prefix("v1,")?).ok());
    let is_right = |tag: Vec<u8>| {
        let mac = secret.mac(id, timestamp, body);
        mac.is_some_and(|mac| mac.verify_slice(&tag).is_ok())
    };
    if tags.into_iter().any(is_right) { Ok(()) } else { Err(BadMessage::Wrong) }
}

/// The reason why a message is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadMessage {
    /// The time is not a number of seconds.
    Malformed,
    /// The message was signed too long ago, or in the future.
    Stale,
    /// No signature is that of this secret over this message.
    Wrong,
}

impl fmt::Display for BadMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the time of the message is not a number of seconds",
            Self::Stale => "the message was signed too long ago, or the clocks differ",
            Self::Wrong => "no signature of the message is right: is it another secret?",
        })
    }
}

impl std::error::Error for BadMessage {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::time::Duration;

    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const AT: Time = Time::from_ms(1_614_265_330_000);
    const BODY: &[u8] = br#"{"test": 2432232314}"#;

    fn secret() -> WebhookSecret {
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap()
    }

    /// The example of the specification's own libraries.
    #[test]
    fn signature_is_that_of_the_specification() {
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(sign(&[secret()], ID, AT, BODY), expected);
    }

    fn check(now: Time, timestamp: &str, signature: &str, body: &[u8], expected: Result<(), BadMessage>) {
        assert_eq!(verify(&secret(), now, (ID, timestamp, signature), body), expected, "{signature}");
    }

    #[test]
    fn message_is_verified_with_any_of_its_secrets() {
        let timestamp = AT.secs().to_string();
        let other = WebhookSecret::new([7; 32]);
        let both = sign(&[other.clone(), secret()], ID, AT, BODY);
        check(AT, &timestamp, &both, BODY, Ok(()));
        check(AT + limits::WEBHOOK_TOLERANCE, &timestamp, &both, BODY, Ok(()));
        let late = AT + limits::WEBHOOK_TOLERANCE + Duration::from_secs(1);
        check(late, &timestamp, &both, BODY, Err(BadMessage::Stale));
        check(AT, "soon", &both, BODY, Err(BadMessage::Malformed));
        check(AT, &timestamp, &both, b"{}", Err(BadMessage::Wrong));
        let one = sign(&[other], ID, AT, BODY);
        for wrong in [one.as_str(), "", "v1,", "v2,g0hM", "v1,AAAA v1,@"] {
            check(AT, &timestamp, wrong, BODY, Err(BadMessage::Wrong));
        }
    }

    #[test]
    fn secret_has_its_prefix_and_length_and_is_not_printed() {
        let secret = WebhookSecret::new([7; 32]);
        assert_eq!(secret.text().parse(), Ok(secret.clone()));
        for bad in ["", "whsec_", "whsec_AAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "whsec_*"] {
            assert_eq!(bad.parse::<WebhookSecret>(), Err(BadWebhookSecret), "{bad}");
        }
        assert_eq!(format!("{secret:?}"), "WebhookSecret");
    }

    #[test]
    fn event_parses_its_own_name() {
        for event in EventType::ALL {
            assert_eq!(event.name().parse(), Ok(event));
            assert_eq!(serde_json::to_value(event).unwrap(), event.name());
        }
        assert_eq!("match.*".parse::<EventType>(), Err(UnknownEvent));
    }
}
