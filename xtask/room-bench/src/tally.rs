//! Counts of received messages: latency, loss and order, for each receiver and sender.

use hdrhistogram::Histogram;

use crate::mark::Mark;

/// The counts of a run.
pub struct Tally {
    /// The newest number of each (receiver, sender): receivers have a row each.
    seen: Vec<Vec<u64>>,
    /// Where a sender stands in its room's rows.
    place: Vec<usize>,
    pub latency: Histogram<u64>,
    pub delivered: u64,
    pub frames: u64,
    /// Replies to moves.
    pub replies: u64,
    pub lost: u64,
    pub doubled: u64,
}

impl Tally {
    /// `rooms` lists the members of each room by their index.
    pub fn new(clients: usize, rooms: &[Vec<usize>]) -> anyhow::Result<Self> {
        let mut seen = vec![Vec::new(); clients];
        let mut place = vec![0; clients];
        for room in rooms {
            for (at, &client) in room.iter().enumerate() {
                if let (Some(row), Some(slot)) = (seen.get_mut(client), place.get_mut(client)) {
                    *row = vec![0; room.len()];
                    *slot = at;
                }
            }
        }
        let latency = Histogram::new_with_bounds(1, 600_000_000, 3)?;
        Ok(Self { seen, place, latency, delivered: 0, frames: 0, replies: 0, lost: 0, doubled: 0 })
    }

    /// A message arrived at `receiver`.
    pub fn message(&mut self, receiver: usize, mark: Mark, now_us: u64, measured: bool) {
        let place = self.place.get(mark.sender).copied().unwrap_or_default();
        let Some(last) = self.seen.get_mut(receiver).and_then(|row| row.get_mut(place)) else {
            return;
        };
        if mark.seq <= *last {
            self.doubled += 1;
            return;
        }
        self.lost += mark.seq - *last - 1;
        *last = mark.seq;
        if measured {
            self.delivered += 1;
            self.latency.saturating_record(now_us.saturating_sub(mark.at_us).max(1));
        }
    }

    /// Messages that never arrived: `sent` by sender, in rooms as given to `new`.
    pub fn missing(&self, sent: &[u64], rooms: &[Vec<usize>]) -> u64 {
        let mut missing = 0;
        for room in rooms {
            for &sender in room {
                let (Some(&count), Some(&place)) = (sent.get(sender), self.place.get(sender)) else {
                    continue;
                };
                for &receiver in room {
                    let last =
                        self.seen.get(receiver).and_then(|row| row.get(place)).copied().unwrap_or_default();
                    missing += count.saturating_sub(last);
                }
            }
        }
        missing
    }
}
