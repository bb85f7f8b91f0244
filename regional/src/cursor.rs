//! Page cursors: the sort key of the next page, encoded for the client to carry.

use crate::domain::session::mac;
use crate::error::Refusal;
use crate::error::code::Code;
use crate::error::refusals::bad_cursor;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use shared::limits;
use shared::time::Time;
use std::fmt;

/// Encodes a sort key for a URL. It is unsigned: for lists in which a forged cursor only selects another
/// position.
#[must_use]
pub fn encode(key: &str) -> String {
    BASE64.encode(key)
}

/// Decodes the sort key, and rejects the cursor unless `is_valid` accepts the key.
pub fn decode(cursor: Option<&str>, is_valid: impl Fn(&str) -> bool) -> Result<Option<String>, Refusal> {
    let Some(cursor) = cursor else {
        return Ok(None);
    };
    let key = bytes(cursor).ok();
    let key = key.and_then(|bytes| String::from_utf8(bytes).ok());
    key.filter(|key| is_valid(key)).map(Some).ok_or_else(bad_cursor)
}

/// Decodes a cursor of at most [`limits::CURSOR_BYTES_MAX`] bytes: a longer one is no key of a row.
fn bytes(cursor: &str) -> Result<Vec<u8>, Refusal> {
    let short = cursor.len() <= limits::CURSOR_BYTES_MAX;
    BASE64.decode(cursor).ok().filter(|_| short).ok_or_else(bad_cursor)
}

/// The keys that sign a cursor for one list and a limited time. Access control does not depend on them: they
/// let the region reject a forged cursor instead of returning an arbitrary page.
pub struct CursorKeys(Vec<[u8; 32]>);

impl fmt::Debug for CursorKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CursorKeys({})", self.0.len())
    }
}

/// The length of the signature in bytes.
const TAG: usize = 16;
/// The length of the timestamp after the signature in bytes; it counts seconds since 1970.
const TIMESTAMP: usize = 8;

impl CursorKeys {
    /// Derives the keys from the region's signing seeds. The first one signs, and all of them verify.
    pub fn new<'a>(seeds: impl Iterator<Item = &'a [u8; 32]>) -> Self {
        let key = |seed| mac(seed, &[b"matchpoint cursor v1"]);
        Self(seeds.map(key).collect())
    }

    /// Signs a sort key as the cursor of one list; `list` names the list, its owner and its filters.
    #[must_use]
    pub fn sign(&self, list: &[&str], key: &str, now: Time) -> String {
        let timestamp = now.secs().to_be_bytes();
        let tag = self.0.first().map(|with| tag(with, list, timestamp, key));
        BASE64.encode([&tag.unwrap_or_default(), timestamp.as_slice(), key.as_bytes()].concat())
    }

    /// Returns the sort key of a cursor that was signed for this list within [`limits::CURSOR_TTL`].
    pub fn verify(&self, list: &[&str], cursor: &str, now: Time) -> Result<String, Refusal> {
        let bytes = bytes(cursor)?;
        let (signature, rest) = bytes.split_at_checked(TAG).ok_or_else(bad_cursor)?;
        let (timestamp, key) = rest.split_first_chunk::<TIMESTAMP>().ok_or_else(bad_cursor)?;
        let key = std::str::from_utf8(key).map_err(|_| bad_cursor())?;
        // A timing attack gains nothing: a forged signature only opens the caller's own list.
        if !self.0.iter().any(|with| tag(with, list, *timestamp, key) == signature) {
            return Err(bad_cursor());
        }
        let age = now.since(Time::from_ms(u64::from_be_bytes(*timestamp).saturating_mul(1000)));
        if age > limits::CURSOR_TTL {
            let detail = format!(
                "The cursor is older than {} hours. Start again from the first page.",
                limits::CURSOR_TTL.as_secs() / 3600
            );
            return Err(Refusal::new(Code::BadCursor, detail).field("cursor"));
        }
        Ok(key.to_owned())
    }
}

fn tag(with: &[u8; 32], list: &[&str], timestamp: [u8; TIMESTAMP], key: &str) -> [u8; TAG] {
    let mut parts: Vec<&[u8]> = list.iter().map(|part| part.as_bytes()).collect();
    parts.extend([timestamp.as_slice(), key.as_bytes()]);
    let whole = mac(with, &parts);
    whole.first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_ms(1_733_000_000_000);

    fn check(keys: &CursorKeys, list: &[&str], cursor: &str, now: Time, expected: Option<&str>) {
        let verified = keys.verify(list, cursor, now);
        assert_eq!(verified.as_deref().ok(), expected, "{cursor}");
        if let Err(refusal) = verified {
            assert_eq!(refusal.field.as_deref(), Some("cursor"));
        }
    }

    #[test]
    fn cursor_is_valid_for_one_list_until_it_expires() {
        let keys = |seeds: &[[u8; 32]]| CursorKeys::new(seeds.iter());
        let (old, new) = (keys(&[[1; 32]]), keys(&[[2; 32], [1; 32]]));
        let list = ["matches", "p_1", ""];
        let cursor = old.sign(&list, "key", NOW);
        check(&old, &list, &cursor, NOW, Some("key"));
        // After a rotation, while the old key is still configured.
        check(&new, &list, &cursor, NOW + limits::CURSOR_TTL, Some("key"));
        check(&old, &list, &new.sign(&list, "key", NOW), NOW, None);
        check(&old, &["matches", "p_2", ""], &cursor, NOW, None);
        check(&old, &["matches", "p_", "1"], &cursor, NOW, None);
        check(&old, &list, &cursor, NOW + limits::CURSOR_TTL * 2, None);
        for other in ["", "x", "AAAA", &"A".repeat(64), &old.sign(&list, &"k".repeat(600), NOW)] {
            check(&old, &list, other, NOW, None);
        }
    }

    #[test]
    fn every_flipped_bit_invalidates_the_cursor() {
        let keys = CursorKeys::new([&[1; 32]].into_iter());
        let bytes = BASE64.decode(keys.sign(&["l"], "key", NOW)).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            check(&keys, &["l"], &BASE64.encode(changed), NOW, None);
        }
    }
}
