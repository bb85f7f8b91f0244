//! Refinement of pairs that one plan makes: the matched tickets stay the same, only their partners change.

use crate::limits;
use crate::lobby::matching::index::TicketIndex;
use crate::lobby::matching::pairs::PlanContext;
use crate::lobby::matching::rows::Slot;

/// A matched ticket with its rating.
type RatedSlot = (f64, Slot);

/// Two matched tickets, the lower rating first.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pair(RatedSlot, RatedSlot);

impl Pair {
    fn new(a: RatedSlot, b: RatedSlot) -> Self {
        if b.0 < a.0 { Self(b, a) } else { Self(a, b) }
    }

    fn gap(self) -> f64 {
        self.1.0 - self.0.0
    }
}

impl TicketIndex {
    /// Exchanges partners between neighboring pairs while the sum of the gaps falls and all pairs still fit.
    /// No ticket gains or loses a match, so waits need no regard here.
    pub(in crate::lobby) fn refine_pairs(
        &self,
        pairs: Vec<[Slot; 2]>,
        ctx: PlanContext<'_>,
    ) -> Vec<[Slot; 2]> {
        let rated = |slot: Slot| (self.entry(slot).map_or(0.0, |it| it.rating), slot);
        let pairs = pairs.into_iter();
        let mut pairs: Vec<Pair> = pairs.map(|[a, b]| Pair::new(rated(a), rated(b))).collect();
        pairs.sort_by(|a, b| (a.0.0.total_cmp(&b.0.0)).then(a.0.1.cmp(&b.0.1)));
        for _ in 0..limits::REFINE_PASSES_MAX {
            let mut changed = false;
            for nth in 0..pairs.len() {
                let (head, tail) = pairs.split_at_mut(nth + 1);
                let Some(first) = head.last_mut() else {
                    continue;
                };
                for other in tail.iter_mut().take(limits::REFINE_NEIGHBOURS_MAX) {
                    if let Some(better) = self.better_pairs(*first, *other, ctx) {
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

    /// Returns the better division of the same four tickets into pairs, if there is one.
    fn better_pairs(&self, x: Pair, y: Pair, ctx: PlanContext<'_>) -> Option<(Pair, Pair)> {
        let now = x.gap() + y.gap();
        let straight = (Pair::new(x.0, y.0), Pair::new(x.1, y.1));
        let crossed = (Pair::new(x.0, y.1), Pair::new(x.1, y.0));
        let sum = |(a, b): (Pair, Pair)| a.gap() + b.gap();
        let mut ways = [straight, crossed];
        if sum(crossed) < sum(straight) {
            ways.reverse();
        }
        // A noticeable improvement is required: among very many near ratings there is nothing to gain.
        let window = self.pool.rating.map_or(0.0, |window| window.within);
        let least = (window * limits::REFINE_GAIN_MIN).max(1e-9);
        let mut better = ways.into_iter().filter(|&way| sum(way) + least < now);
        let fits = |Pair(a, b): Pair| self.fits_now(a.1, b.1, ctx);
        better.find(|&(a, b)| fits(a) && fits(b))
    }
}
