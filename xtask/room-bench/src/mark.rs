//! The mark in each message's body: sender, sequence number and time, of fixed width, so that a frame is counted
//! without parsing JSON.

use memchr::memmem;

const OPEN: &[u8] = b"\"@\":\"";
/// Digits of sender, sequence number and microseconds.
const WIDTHS: [usize; 3] = [6, 8, 12];
/// Bytes behind `OPEN`: the digits and two dots.
const LENGTH: usize = 6 + 1 + 8 + 1 + 12;

/// A message as its body says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The sender's index.
    pub sender: usize,
    /// The message's number at its sender, from 1.
    pub seq: u64,
    /// The intended moment of sending, microseconds since the start.
    pub at_us: u64,
}

impl Mark {
    /// The body of a message.
    #[must_use]
    pub fn body(self) -> String {
        let [a, b, c] = WIDTHS;
        format!(
            r#"{{"@":"{:0a$}.{:0b$}.{:0c$}","text":"a line of chat as long as most"}}"#,
            self.sender, self.seq, self.at_us
        )
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let [a, b, c] = WIDTHS;
        Some(Self {
            sender: usize::try_from(digits(bytes.get(..a)?)?).ok()?,
            seq: digits(bytes.get(a + 1..a + 1 + b)?)?,
            at_us: digits(bytes.get(a + b + 2..a + b + 2 + c)?)?,
        })
    }
}

/// Finds the marks of frames.
pub struct Finder(memmem::Finder<'static>);

impl Default for Finder {
    fn default() -> Self {
        Self(memmem::Finder::new(OPEN))
    }
}

impl Finder {
    /// The marks of a frame in order. `escaped` bodies (JSON in a JSON string) are not used by any server here.
    pub fn marks<'a>(&'a self, frame: &'a [u8]) -> impl Iterator<Item = Mark> + 'a {
        self.0.find_iter(frame).filter_map(move |at| {
            let from = at + OPEN.len();
            Mark::read(frame.get(from..from + LENGTH)?)
        })
    }
}

fn digits(bytes: &[u8]) -> Option<u64> {
    bytes.iter().try_fold(0u64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_in_array_frames() {
        let mark = Mark { sender: 7, seq: 12, at_us: 345_678 };
        let next = Mark { seq: 13, ..mark };
        let frame = format!(r#"[{{"ev":"said","body":{}}},{{"body":{}}}]"#, mark.body(), next.body());
        assert_eq!(Finder::default().marks(frame.as_bytes()).collect::<Vec<_>>(), [mark, next]);
    }

    #[test]
    fn truncated_marks_are_ignored() {
        assert_eq!(Finder::default().marks(br#"{"@":"000001.0000"#).count(), 0);
    }
}
