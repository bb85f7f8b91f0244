//! The trace of a request or of a match: one id that finds all of its lines in the logs of edge and region.
//!
//! Clients send it as the W3C header [`HEADER`], or as the subprotocol [`SUBPROTOCOL_PREFIX`] with the id, because browsers cannot add
//! headers to a socket. Between edge and region it is a part of the signature's nonce, so that it is signed. Nothing here records spans,
//! so the parent id of a header follows from the trace id.

use crate::hash::fnv;
use crate::hex::{hex, unhex};
use crate::id::base32;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// The header of W3C Trace Context: `00-<trace id>-<parent id>-<flags>`.
pub const HEADER: &str = "traceparent";
/// The prefix of the subprotocol that carries a trace id of 32 hexadecimal digits.
pub const SUBPROTOCOL_PREFIX: &str = "matchpoint.trace.";

/// Bytes of a `traceparent` of version 00; a later version may have more.
const HEADER_BYTES: usize = 55;
/// The flag of a sampled trace.
const SAMPLED: u8 = 1;

/// A trace: its id, and whether information about it is logged. Warnings and errors always are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Trace {
    id: [u8; 16],
    sampled: bool,
}

impl Trace {
    /// Returns a sampled trace of 16 random bytes.
    #[must_use]
    pub fn new(mut id: [u8; 16]) -> Self {
        // All zeros is no id.
        if id == [0; 16]
            && let Some(last) = id.last_mut()
        {
            *last = 1;
        }
        Self { id, sampled: true }
    }

    /// Returns the trace that belongs to a name: the same one each time.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        let digest = Sha256::digest(name);
        Self::new(digest.first_chunk().copied().unwrap_or_default())
    }

    /// Reads a `traceparent`. A malformed one is ignored, as the specification says.
    #[must_use]
    pub fn of_traceparent(text: &str) -> Option<Self> {
        let (head, rest) = text.split_at_checked(HEADER_BYTES)?;
        let mut parts = head.split('-');
        let (version, id, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let [version] = unhex(version)?;
        let is_whole = match version {
            0 => rest.is_empty(),
            0xff => false,
            _ => rest.is_empty() || rest.starts_with('-'),
        };
        let parent: [u8; 8] = unhex(parent)?;
        let [flags] = unhex(flags)?;
        let is_valid = is_whole && parts.next().is_none() && parent != [0; 8];
        Self::known(unhex(id)?, flags & SAMPLED != 0).filter(|_| is_valid)
    }

    /// Reads the subprotocol of a socket that carries a trace: a client that names one wants it logged.
    #[must_use]
    pub fn of_subprotocol(protocol: &str) -> Option<Self> {
        Self::known(unhex(protocol.strip_prefix(SUBPROTOCOL_PREFIX)?)?, true)
    }

    /// Returns the trace that a signature's nonce carries.
    #[must_use]
    pub fn of_nonce(nonce: &str) -> Option<Self> {
        nonce.split_once('.')?.1.parse().ok()
    }

    /// Returns a nonce for a signature that carries the trace.
    #[must_use]
    pub fn nonce(self, random: [u8; 16]) -> String {
        format!("{}.{self}", base32(&random))
    }

    /// Returns the id: 32 hexadecimal digits.
    #[must_use]
    pub fn id(self) -> String {
        hex(&self.id)
    }

    /// Returns the value of [`HEADER`].
    #[must_use]
    pub fn traceparent(self) -> String {
        let parent = fnv(&self.id).max(1).to_be_bytes();
        format!("00-{}-{}-{}", self.id(), hex(&parent), hex(&[u8::from(self.sampled)]))
    }

    /// Returns whether information about the trace is logged.
    #[must_use]
    pub const fn is_sampled(self) -> bool {
        self.sampled
    }

    fn known(id: [u8; 16], sampled: bool) -> Option<Self> {
        (id != [0; 16]).then_some(Self { id, sampled })
    }
}

/// The short form, in which rows and signatures have a trace: `<trace id>-<flags>`.
impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id())?;
        f.write_str(if self.sampled { "-01" } else { "-00" })
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Trace {
    type Err = InvalidTrace;
    /// Reads the short form.
    fn from_str(text: &str) -> Result<Self, InvalidTrace> {
        let (id, flags) = text.split_once('-').ok_or(InvalidTrace)?;
        let [flags] = unhex(flags).ok_or(InvalidTrace)?;
        let id = unhex(id).ok_or(InvalidTrace)?;
        Self::known(id, flags & SAMPLED != 0).ok_or(InvalidTrace)
    }
}

/// A text that is no trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidTrace;

impl fmt::Display for InvalidTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a trace is 32 hexadecimal digits that are not all zero, `-`, and two digits of flags")
    }
}

impl std::error::Error for InvalidTrace {}

impl Serialize for Trace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_string())
    }
}

impl<'de> Deserialize<'de> for Trace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn check(header: &str, expected: Option<(&str, bool)>) {
        let read = Trace::of_traceparent(header).map(|trace| (trace.id(), trace.is_sampled()));
        assert_eq!(read, expected.map(|(id, sampled)| (id.to_owned(), sampled)), "{header:?}");
    }

    #[test]
    fn traceparent_is_read_as_the_specification_says() {
        let parent = "00f067aa0ba902b7";
        check(&format!("00-{ID}-{parent}-01"), Some((ID, true)));
        check(&format!("00-{ID}-{parent}-00"), Some((ID, false)));
        // Other flags are of later versions.
        check(&format!("00-{ID}-{parent}-ff"), Some((ID, true)));
        check(&format!("cc-{ID}-{parent}-01"), Some((ID, true)));
        check(&format!("cc-{ID}-{parent}-01-what"), Some((ID, true)));
        let zeros = "0".repeat(32);
        for header in [
            String::new(),
            ID.to_owned(),
            format!("00-{ID}-{parent}"),
            format!("00-{ID}-{parent}-01-what"),
            format!("00-{ID}-{parent}-01 "),
            format!("cc-{ID}-{parent}-01what"),
            format!("ff-{ID}-{parent}-01"),
            format!("00-{zeros}-{parent}-01"),
            format!("00-{ID}-0000000000000000-01"),
            format!("00-{}-{parent}-01", ID.to_uppercase()),
            format!("00-{ID}-{parent}-0g"),
            format!("0-0{ID}-{parent}-01"),
            format!("00_{ID}_{parent}_01"),
            format!("00-{ID}-{parent}é01"),
            "é".repeat(40),
        ] {
            check(&header, None);
        }
    }

    #[test]
    fn every_form_of_a_trace_is_read_back() {
        let trace = Trace::new([7; 16]);
        assert_eq!(Trace::of_traceparent(&trace.traceparent()), Some(trace));
        assert_eq!(trace.to_string().parse(), Ok(trace));
        assert_eq!(Trace::of_subprotocol(&format!("{SUBPROTOCOL_PREFIX}{}", trace.id())), Some(trace));
        assert_eq!(Trace::of_nonce(&trace.nonce([9; 16])), Some(trace));
        let json = serde_json::to_string(&trace).unwrap_or_default();
        assert_eq!(serde_json::from_str::<Trace>(&json).ok(), Some(trace));
        assert_eq!(Trace::of_nonce("n0"), None);
        assert_eq!(Trace::of_subprotocol("matchpoint.trace.4bf9"), None);
        assert_ne!(Trace::new([0; 16]).id(), "0".repeat(32));
    }

    #[test]
    fn nonce_with_a_trace_is_within_the_limit_of_a_signature() {
        assert!(Trace::new([7; 16]).nonce([0xff; 16]).len() <= crate::limits::KEY_BYTES_MAX);
    }

    #[test]
    fn trace_of_a_name_is_the_same_each_time() {
        assert_eq!(Trace::of_name("m_1"), Trace::of_name("m_1"));
        assert_ne!(Trace::of_name("m_1"), Trace::of_name("m_2"));
    }
}
