//! Names of things: each kind of id is its own type, checked once where it enters.

use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Why a text is no id of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadId {
    /// The prefix that this kind of id starts with.
    pub prefix: &'static str,
}

impl fmt::Display for BadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an id here is `{}` and 1 to {} of A-Z a-z 0-9 - _", self.prefix, MAX_TAIL)
    }
}

impl std::error::Error for BadId {}

/// The longest part after the prefix: room for a ULID, a derived name, or another system's UUID.
const MAX_TAIL: usize = 40;

/// How a text of this kind is described, by the pattern that it matches.
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

/// A copy of an id is a pointer: ids are in every list, and in most of what is said.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// What every id of this kind starts with.
            pub const PREFIX: &'static str = $prefix;

            #[must_use]
            /// The id as it is written on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The same parts give the same id, so a step that is repeated names the same thing.
            #[must_use]
            pub fn derive(parts: &[&str]) -> Self {
                Self(format!("{}{}", $prefix, derived(parts)).into())
            }

            /// An id from 16 random bytes.
            #[must_use]
            pub fn random(bytes: [u8; 16]) -> Self {
                Self(format!("{}{}", $prefix, base32(&bytes)).into())
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                let bad = BadId { prefix: $prefix };
                let tail = text.strip_prefix($prefix).ok_or(bad)?;
                let fine = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
                if tail.is_empty() || tail.len() > MAX_TAIL || !tail.bytes().all(fine) {
                    return Err(bad);
                }
                Ok(Self(text.into()))
            }
        }

        #[cfg(feature = "openapi")]
        schema!($name, concat!("^", $prefix, "[A-Za-z0-9_-]{1,40}$"));

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
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
    /// A person.
    PlayerId, "p_"
);
id!(
    /// A login of a person on one device.
    SessionId, "s_"
);
id!(
    /// A match, and the room that it is played in.
    RoomId, "m_"
);
id!(
    /// A place in a queue.
    TicketId, "t_"
);

id!(
    /// A ban of a player: one decision of a moderator.
    BanId, "b_"
);
id!(
    /// What somebody says that another did.
    ReportId, "r_"
);
id!(
    /// A picture of somebody.
    PictureId, "i_"
);

/// A pool's name: `a-z 0-9 -`, at most 32, as wrangler.toml names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PoolName(String);

impl PoolName {
    #[must_use]
    /// The name as it is written in wrangler.toml and on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PoolName {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if text.is_empty() || text.len() > 32 || !text.bytes().all(fine) {
            return Err(BadId { prefix: "" });
        }
        Ok(Self(text.into()))
    }
}

#[cfg(feature = "openapi")]
schema!(PoolName, "^[a-z0-9-]{1,32}$");

impl TryFrom<String> for PoolName {
    type Error = BadId;
    fn try_from(text: String) -> Result<Self, BadId> {
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

/// 16 bytes of SHA-256 over the parts, each with its length in front, so that no two lists of parts collide.
fn derived(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    base32(hash.finalize().get(..16).unwrap_or_default())
}

/// Crockford's base 32, lower case: no letter that reads like a digit.
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

    fn check(text: &str, fine: bool) {
        assert_eq!(text.parse::<PlayerId>().is_ok(), fine, "{text:?}");
    }

    #[test]
    fn ids_are_checked_where_they_enter() {
        check("p_7", true);
        check("p_", false);
        check("s_7", false);
        check("p_a/b", false);
        check(&format!("p_{}", "x".repeat(40)), true);
        check(&format!("p_{}", "x".repeat(41)), false);
        assert!(serde_json::from_str::<PlayerId>("\"nobody\"").is_err());
    }

    #[test]
    fn derived_ids_depend_on_every_part_and_its_border() {
        let one = RoomId::derive(&["ab", "c"]);
        assert_eq!(one, RoomId::derive(&["ab", "c"]));
        assert_ne!(one, RoomId::derive(&["a", "bc"]));
        assert_eq!(one.as_str().parse(), Ok(one));
    }

    #[test]
    fn base32_of_known_bytes() {
        assert_eq!(base32(&[0xff; 5]), "zzzzzzzz");
        assert_eq!(base32(&[0]), "00");
        assert_eq!(base32(b"hi"), "d1mg");
    }
}
