//! Moves that wait for their replies, and the events of matches, found in frames without parsing JSON.

use std::collections::VecDeque;

use memchr::memmem;

const REPLY: &[u8] = br#"{"id":"#;
const EVENT: &[u8] = br#""ev":"moved""#;
/// The headings of a player who runs around in the arena.
const HEADINGS: [&str; 4] = ["north", "east", "south", "west"];

/// The moves of one client.
#[derive(Debug, Clone, Default)]
pub struct Moves {
    /// The number of each move without a reply, with its intended moment in microseconds.
    waiting: VecDeque<(u64, u64)>,
}

impl Moves {
    /// Returns the frame of a move, which from now on waits for its reply.
    pub fn send(&mut self, seq: u64, at_us: u64) -> String {
        self.waiting.push_back((seq, at_us));
        let turn = usize::try_from(seq).unwrap_or_default() % HEADINGS.len();
        let heading = HEADINGS.get(turn).copied().unwrap_or("north");
        format!(r#"{{"id":{seq},"op":"move","key":"k{seq}","body":"{heading}"}}"#)
    }

    /// Hands the intended moment of each move that a frame accepts to `replied`.
    pub fn receive(&mut self, frame: &[u8], mut replied: impl FnMut(u64)) {
        for at in memmem::find_iter(frame, REPLY) {
            let rest = frame.get(at + REPLY.len()..).unwrap_or_default();
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let (id, rest) = rest.split_at_checked(digits).unwrap_or_default();
            let seq = std::str::from_utf8(id).ok().and_then(|id| id.parse::<u64>().ok());
            if seq.is_some()
                && seq == self.waiting.front().map(|(seq, _)| *seq)
                && rest.starts_with(br#","ok":"#)
            {
                replied(self.waiting.pop_front().map_or(0, |(_, at_us)| at_us));
            }
        }
    }

    /// Returns the number of moves without an accepting reply.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.waiting.len() as u64
    }
}

/// Returns the number of events of matches in a frame.
#[must_use]
pub fn events(frame: &[u8]) -> u64 {
    memmem::find_iter(frame, EVENT).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_found_in_their_order() {
        let mut moves = Moves::default();
        assert_eq!(moves.send(1, 10), r#"{"id":1,"op":"move","key":"k1","body":"east"}"#);
        let (_, _) = (moves.send(2, 20), moves.send(3, 30));
        let mut seen = Vec::new();
        moves.receive(br#"[{"at":7,"ev":"moved"},{"id":1,"ok":{"at":7}},{"id":2,"ok":{"at":8}}]"#, |at| {
            seen.push(at);
        });
        moves.receive(br#"{"id":3,"err":{"code":"too_fast"}}"#, |at| {
            seen.push(at);
        });
        assert_eq!((seen, moves.missing()), (vec![10, 20], 1));
        assert_eq!(events(br#"[{"at":7,"ev":"moved"},{"at":8,"ev":"moved","state":{}}]"#), 2);
    }
}
