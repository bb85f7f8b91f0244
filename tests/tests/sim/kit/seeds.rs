//! The runner of simulated worlds: one world per seed, on all cores. `SEED=42` traces one of them,
//! `SEEDS=5000` runs that many.

use crate::kit::chance::Chance;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::thread;

/// A world: runs from a seed's chance, traced or not, and returns the marks that it reached. Panics where an
/// invariant is broken.
pub type World<M> = fn(Chance, bool) -> BTreeSet<M>;

/// Runs `world` for each seed. Fails if a world fails, or if no world reached one of `marks`.
pub fn run<M>(seeds: u64, marks: &[M], world: World<M>)
where
    M: Copy + Ord + Debug + Send + 'static,
{
    if let Some(seed) = number("SEED") {
        run_seed(seed, true, world);
        return;
    }
    let seeds = number("SEEDS").unwrap_or(seeds);
    let threads = thread::available_parallelism().map_or(2, |n| n.get() as u64);
    let shards: Vec<_> = (0..threads)
        .map(|shard| {
            thread::spawn(move || {
                let mut seen = BTreeSet::new();
                for seed in (shard..seeds).step_by(usize::try_from(threads).expect("few")) {
                    seen.extend(run_seed(seed, false, world));
                }
                seen
            })
        })
        .collect();
    let mut seen = BTreeSet::new();
    for shard in shards {
        seen.extend(shard.join().expect("every world holds"));
    }
    let missing: Vec<&M> = marks.iter().filter(|mark| !seen.contains(mark)).collect();
    assert!(missing.is_empty(), "no world reached {missing:?}");
}

/// Names the seed of a world that fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("SEED={} traces this world", self.0);
        }
    }
}

fn run_seed<M>(seed: u64, traced: bool, world: World<M>) -> BTreeSet<M> {
    let _name = Seed(seed);
    world(Chance::new(seed), traced)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
