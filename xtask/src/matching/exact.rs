//! An exact matching, the optimum for comparison: as many pairs as possible, with the smallest rating gaps.

use mwmatching::{Matching, SENTINEL};

/// Two tickets that fit, and the gap of their ratings.
pub type Edge = (usize, usize, f64);

/// Resolution of gaps: a hundredth of a point.
const STEPS: f64 = 100.0;
/// Larger than every gap in steps, and small enough that the algorithm's sums do not overflow.
const MOST: i32 = 1 << 24;

/// Returns a maximum number of pairs with the smallest sum of gaps: an exact matching in a general graph
/// (Edmonds' blossoms, as Galil describes them), in the third power of the number of tickets.
#[must_use]
pub fn pairs(edges: &[Edge]) -> Vec<(usize, usize)> {
    let weighed: Vec<(usize, usize, i32)> =
        edges.iter().map(|&(a, b, gap)| (a, b, MOST - steps(gap))).collect();
    if weighed.is_empty() {
        return Vec::new();
    }
    let mates = Matching::new(weighed).max_cardinality().solve();
    mates.into_iter().enumerate().filter(|&(a, b)| b != SENTINEL && a < b).collect()
}

fn steps(gap: f64) -> i32 {
    // Gaps of ratings are thousands at the most; beyond this all are equally bad.
    #[allow(clippy::cast_possible_truncation)]
    let steps = (gap * STEPS).round().clamp(0.0, f64::from(MOST - 1)) as i32;
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::ChaCha8Rng;
    use rand::{RngExt, SeedableRng};

    /// Finds the optimum by exhaustive search: the number of pairs, and the sum of their gaps in steps.
    fn tried(people: usize, edges: &[Edge]) -> (usize, i32) {
        let mut best = vec![(0_usize, 0_i32); 1 << people];
        for who in 1_usize..1 << people {
            let first = who.trailing_zeros() as usize;
            let rest = who & (who - 1);
            best[who] = best[rest];
            for &(a, b, gap) in edges.iter().filter(|it| it.0 == first) {
                if rest >> b & 1 == 1 {
                    let (pairs, sum) = best[rest & !(1 << b)];
                    let (pairs, sum) = (pairs + 1, sum + steps(gap));
                    let (most, least) = best[who];
                    assert!(a < b);
                    if pairs > most || (pairs == most && sum < least) {
                        best[who] = (pairs, sum);
                    }
                }
            }
        }
        best[(1 << people) - 1]
    }

    #[test]
    fn result_equals_exhaustive_search() {
        let mut chance = ChaCha8Rng::seed_from_u64(4);
        for round in 0..600 {
            let people = chance.random_range(2..13);
            let density = chance.random_range(0.1..1.0);
            // Few different gaps make many ties, and blossoms.
            let kinds = if round % 2 == 0 { 4 } else { 40_000 };
            let mut edges = Vec::new();
            for a in 0..people {
                for b in a + 1..people {
                    if chance.random::<f64>() < density {
                        edges.push((a, b, f64::from(chance.random_range(0..kinds)) / 7.0));
                    }
                }
            }
            let found = pairs(&edges);
            let gap = |&(a, b): &(usize, usize)| {
                let edge = edges.iter().find(|it| (it.0, it.1) == (a, b));
                steps(edge.expect("a pair that fits").2)
            };
            let sum: i32 = found.iter().map(gap).sum();
            assert_eq!((found.len(), sum), tried(people, &edges), "round {round}");
            let mut seen: Vec<usize> = found.iter().flat_map(|&(a, b)| [a, b]).collect();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), 2 * found.len());
        }
    }

    #[test]
    fn more_pairs_are_preferred_to_smaller_gaps() {
        let edges = [(0, 1, 5.0), (1, 2, 0.0), (2, 3, 900.0)];
        assert_eq!(pairs(&edges), [(0, 1), (2, 3)]);
        assert_eq!(pairs(&[]), []);
    }
}
