//! Better partners among those who are matched at once: who plays does not change, only with whom.

use super::pairs::Look;
use super::waiting::{Slot, Waiting};
use crate::caps;

/// Somebody who is matched, and their rating.
type One = (f64, Slot);

/// Two who are matched, the lower rating first.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pair(One, One);

impl Pair {
    fn new(a: One, b: One) -> Self {
        if b.0 < a.0 { Self(b, a) } else { Self(a, b) }
    }

    fn gap(self) -> f64 {
        self.1.0 - self.0.0
    }
}

impl Waiting {
    /// Exchanges partners between neighbours while the sum of the gaps falls and everybody still fits. Nobody gains or
    /// loses a match by it, so it needs no regard for who waits longer.
    pub(super) fn swap(&self, pairs: Vec<[Slot; 2]>, look: Look<'_>) -> Vec<[Slot; 2]> {
        let one = |slot: Slot| (self.entry(slot).map_or(0.0, |it| it.rating), slot);
        let pairs = pairs.into_iter();
        let mut pairs: Vec<Pair> = pairs.map(|[a, b]| Pair::new(one(a), one(b))).collect();
        pairs.sort_by(|a, b| (a.0.0.total_cmp(&b.0.0)).then(a.0.1.cmp(&b.0.1)));
        for _ in 0..caps::SWAP_PASSES {
            let mut changed = false;
            for nth in 0..pairs.len() {
                let (head, tail) = pairs.split_at_mut(nth + 1);
                let Some(first) = head.last_mut() else {
                    continue;
                };
                for other in tail.iter_mut().take(caps::SWAP_LOOK) {
                    if let Some(better) = self.exchanged(*first, *other, look) {
                        (*first, *other) = better;
                        changed = true;
                    }
                }
            }
            if !changed {
                break;
            }
        }
        pairs.into_iter().map(|Pair(a, b)| [a.1, b.1]).collect()
    }

    /// The same four in other pairs, where that is better.
    fn exchanged(&self, x: Pair, y: Pair, look: Look<'_>) -> Option<(Pair, Pair)> {
        let now = x.gap() + y.gap();
        let straight = (Pair::new(x.0, y.0), Pair::new(x.1, y.1));
        let crossed = (Pair::new(x.0, y.1), Pair::new(x.1, y.0));
        let sum = |(a, b): (Pair, Pair)| a.gap() + b.gap();
        let mut ways = [straight, crossed];
        if sum(crossed) < sum(straight) {
            ways.reverse();
        }
        // Less by what anybody could notice: among very many, who are all near, there is nothing to gain.
        let window = self.pool.rating.map_or(0.0, |window| window.within);
        let least = (window * caps::SWAP_LEAST).max(1e-9);
        let mut better = ways.into_iter().filter(|&way| sum(way) + least < now);
        let fits = |Pair(a, b): Pair| self.fits_now(a.1, b.1, look);
        better.find(|&(a, b)| fits(a) && fits(b))
    }
}
