//! Typed ids and names: each kind is its own type and is checked once, where it enters.

use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A text that is not an id of the required kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidId {
    /// The prefix of this kind of id; empty for a pool name.
    pub prefix: &'static str,
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.prefix.is_empty() {
            return f.write_str("must be 1 to 32 characters of a-z 0-9 -");
        }
        write!(f, "must be `{}` followed by 1 to {} characters of A-Z a-z 0-9 - _", self.prefix, MAX_TAIL)
    }
}

impl std::error::Error for InvalidId {}

/// Longest part after the prefix: room for a ULID, a derived name, or another system's UUID.
const MAX_TAIL: usize = 40;

/// Describes a text by the pattern that it matches.
#[cfg(feature = "openapi")]
macro_rules! schema {
    ($name:ident, $pattern:expr) => {
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                use utoipa::openapi::{ObjectBuilder, Type};
                let text = ObjectBuilder::new().schema_type(Type::String);
                text.pattern(Some($pattern)).into()
            }
        }
        impl utoipa::ToSchema for $name {}
    };
}

/// Cloning an id copies a pointer: ids are in every list and in most messages.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The prefix of every id of this kind.
            pub const PREFIX: &'static str = $prefix;

            #[must_use]
            /// Returns the id as it is written on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Returns the id derived from these parts. The same parts give the same id, so that a repeated
            /// step names the same thing.
            #[must_use]
            pub fn derive(parts: &[&str]) -> Self {
                Self(format!("{}{}", $prefix, derived(parts)).into())
            }

            /// Returns an id from 16 random bytes.
            #[must_use]
            pub fn random(bytes: [u8; 16]) -> Self {
                Self(format!("{}{}", $prefix, base32(&bytes)).into())
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let bad = InvalidId { prefix: $prefix };
                let tail = text.strip_prefix($prefix).ok_or(bad)?;
                let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
                if tail.is_empty() || tail.len() > MAX_TAIL || !tail.bytes().all(is_allowed) {
                    return Err(bad);
                }
                Ok(Self(text.into()))
            }
        }

        #[cfg(feature = "openapi")]
        schema!($name, concat!("^", $prefix, "[A-Za-z0-9_-]{1,40}$"));

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.as_str().to_owned()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// The id of a player.
    PlayerId, "p_"
);
id!(
    /// The id of a session: a player's sign-in on one device.
    SessionId, "s_"
);
id!(
    /// The id of a match, and of the room that it is played in.
    RoomId, "m_"
);
id!(
    /// The id of a ticket: one entry in a queue.
    TicketId, "t_"
);

id!(
    /// The id of a ban: one decision of a moderator.
    BanId, "b_"
);
id!(
    /// The id of a report of one player about another.
    ReportId, "r_"
);
id!(
    /// The id of an action in the audit trail.
    AuditId, "a_");
id!(
    /// The id of a note of a moderator about a player.
    NoteId, "n_");
id!(
    /// The id of a notice of the operator's backend to a player.
    NoticeId, "nt_");
id!(
    /// The id of a webhook message: one event for one endpoint.
    MessageId, "w_");
id!(
    /// The id of a profile picture.
    PictureId, "i_"
);

/// The name of a pool: `a-z 0-9 -`, at most 32 characters, as in wrangler.toml.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PoolName(String);

impl PoolName {
    #[must_use]
    /// Returns the name as it is written in wrangler.toml and on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PoolName {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let is_allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if text.is_empty() || text.len() > 32 || !text.bytes().all(is_allowed) {
            return Err(InvalidId { prefix: "" });
        }
        Ok(Self(text.into()))
    }
}

#[cfg(feature = "openapi")]
schema!(PoolName, "^[a-z0-9-]{1,32}$");

impl TryFrom<String> for PoolName {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<PoolName> for String {
    fn from(name: PoolName) -> Self {
        name.0
    }
}

impl fmt::Display for PoolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Hashes the parts with SHA-256, each preceded by its length so that no two lists of parts collide; returns
/// 16 bytes.
fn derived(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    base32(hash.finalize().get(..16).unwrap_or_default())
}

/// Encodes bytes in Crockford's base 32, lower case: no letter looks like a digit.
#[must_use]
pub fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut out = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut hold, mut bits) = (0u32, 0u32);
    for &byte in bytes {
        hold = (hold << 8) | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(digit(ALPHABET, hold >> bits));
        }
        hold &= (1 << bits) - 1;
    }
    if bits > 0 {
        out.push(digit(ALPHABET, hold << (5 - bits)));
    }
    out
}

fn digit(alphabet: &[u8; 32], value: u32) -> char {
    let at = (value & 31) as usize;
    alphabet.get(at).copied().map_or('0', char::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, valid: bool) {
        assert_eq!(text.parse::<PlayerId>().is_ok(), valid, "{text:?}");
    }

    #[test]
    fn malformed_ids_are_rejected() {
        check("p_7", true);
        check("p_", false);
        check("s_7", false);
        check("p_a/b", false);
        check(&format!("p_{}", "x".repeat(40)), true);
        check(&format!("p_{}", "x".repeat(41)), false);
        assert!(serde_json::from_str::<PlayerId>("\"ana\"").is_err());
    }

    #[test]
    fn derived_id_depends_on_every_part_and_its_boundary() {
        let id = RoomId::derive(&["ab", "c"]);
        assert_eq!(id, RoomId::derive(&["ab", "c"]));
        assert_ne!(id, RoomId::derive(&["a", "bc"]));
        assert_eq!(id.as_str().parse(), Ok(id));
    }

    #[test]
    fn base32_encodes_known_bytes() {
        assert_eq!(base32(&[0xff; 5]), "zzzzzzzz");
        assert_eq!(base32(&[0]), "00");
        assert_eq!(base32(b"hi"), "d1mg");
    }
}
