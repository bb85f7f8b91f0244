//! Where the next page of a list begins, as a client carries it.

use crate::error::Refusal;
use crate::http::problem::Code;
use crate::session::mac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use shared::caps;
use shared::time::Time;
use std::fmt;

/// A sort key, as it can stand in a URL: for lists where one that is made up leads nowhere but elsewhere in them.
#[must_use]
pub fn seal(key: &str) -> String {
    BASE64.encode(key)
}

/// The sort key again, if it is `fine`.
pub fn open(cursor: Option<&str>, fine: impl Fn(&str) -> bool) -> Result<Option<String>, Refusal> {
    let Some(cursor) = cursor else {
        return Ok(None);
    };
    let key = BASE64.decode(cursor).ok();
    let key = key.and_then(|bytes| String::from_utf8(bytes).ok());
    key.filter(|key| fine(key)).map(Some).ok_or_else(bad)
}

/// What makes a cursor good for one list alone, and for a while. Nobody could read what is not theirs without it; but
/// what a client makes up is refused rather than answered with some page.
pub struct Seals(Vec<[u8; 32]>);

impl fmt::Debug for Seals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seals({})", self.0.len())
    }
}

/// Bytes of a seal.
const SEAL: usize = 16;
/// Bytes of the moment behind it, seconds since 1970.
const MOMENT: usize = 8;

impl Seals {
    /// From the region's seeds. The first one seals, all are believed.
    pub fn new<'a>(seeds: impl Iterator<Item = &'a [u8; 32]>) -> Self {
        let key = |seed| mac(seed, &[b"matchpoint cursor v1"]);
        Self(seeds.map(key).collect())
    }

    /// A sort key as the cursor of a list: whose, and with which filters.
    #[must_use]
    pub fn seal(&self, list: &[&str], key: &str, now: Time) -> String {
        let moment = now.secs().to_be_bytes();
        let seal = self.0.first().map(|with| tag(with, list, moment, key));
        BASE64.encode([&seal.unwrap_or_default(), moment.as_slice(), key.as_bytes()].concat())
    }

    /// The sort key again, if it is of this list and not older than [`caps::CURSOR`].
    pub fn open(&self, list: &[&str], cursor: &str, now: Time) -> Result<String, Refusal> {
        let bytes = BASE64.decode(cursor).map_err(|_| bad())?;
        let (seal, rest) = bytes.split_at_checked(SEAL).ok_or_else(bad)?;
        let (moment, key) = rest.split_first_chunk::<MOMENT>().ok_or_else(bad)?;
        let key = std::str::from_utf8(key).map_err(|_| bad())?;
        // How long a comparison takes tells nothing that is worth guessing: a good seal opens one's own list.
        if !self.0.iter().any(|with| tag(with, list, *moment, key) == seal) {
            return Err(bad());
        }
        let since = now.since(Time::from_ms(u64::from_be_bytes(*moment).saturating_mul(1000)));
        if since > caps::CURSOR {
            let detail = format!(
                "The cursor is older than {} hours. Begin again with the first page.",
                caps::CURSOR.as_secs() / 3600
            );
            return Err(Refusal::new(Code::BadCursor, detail).field("cursor"));
        }
        Ok(key.to_owned())
    }
}

fn tag(with: &[u8; 32], list: &[&str], moment: [u8; MOMENT], key: &str) -> [u8; SEAL] {
    let mut parts: Vec<&[u8]> = list.iter().map(|part| part.as_bytes()).collect();
    parts.extend([moment.as_slice(), key.as_bytes()]);
    let whole = mac(with, &parts);
    whole.first_chunk().copied().unwrap_or_default()
}

/// A cursor that is none of this list.
fn bad() -> Refusal {
    let detail = "Use the `cursor` of the page before as it came and with the same filters, or none for the first page.";
    Refusal::new(Code::BadCursor, detail).field("cursor")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_ms(1_733_000_000_000);

    fn check(seals: &Seals, list: &[&str], cursor: &str, now: Time, expected: Option<&str>) {
        let opened = seals.open(list, cursor, now);
        assert_eq!(opened.as_deref().ok(), expected, "{cursor}");
        if let Err(refusal) = opened {
            assert_eq!(refusal.field.as_deref(), Some("cursor"));
        }
    }

    #[test]
    fn a_cursor_is_good_for_one_list_and_a_while() {
        let (old, new) = (Seals::new([&[1; 32]].into_iter()), Seals::new([&[2; 32], &[1; 32]].into_iter()));
        let list = ["matches", "p_1", ""];
        let cursor = old.seal(&list, "key", NOW);
        check(&old, &list, &cursor, NOW, Some("key"));
        // After a rotation, until the old key is gone.
        check(&new, &list, &cursor, NOW + caps::CURSOR, Some("key"));
        check(&old, &list, &new.seal(&list, "key", NOW), NOW, None);
        check(&old, &["matches", "p_2", ""], &cursor, NOW, None);
        check(&old, &["matches", "p_", "1"], &cursor, NOW, None);
        check(&old, &list, &cursor, NOW + caps::CURSOR * 2, None);
        for other in ["", "x", "AAAA", &"A".repeat(64)] {
            check(&old, &list, other, NOW, None);
        }
    }

    #[test]
    fn no_bit_of_it_can_be_changed() {
        let seals = Seals::new([&[1; 32]].into_iter());
        let bytes = BASE64.decode(seals.seal(&["l"], "key", NOW)).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            check(&seals, &["l"], &BASE64.encode(changed), NOW, None);
        }
    }
}
