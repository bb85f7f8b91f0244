//! Many simulated worlds, one a seed, on all cores: each keeps its promises, and together they have been through all
//! that is named. `SEED=42` shows one of them step by step, `SEEDS=5000` tries so many.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::thread;

/// Runs `world` for each seed, traced or not; it gives what that world has been through, and panics where a promise was
/// broken. Fails too where one of `marks` was never seen: then the worlds are tamer than they are said to be.
pub fn hold<M>(seeds: u64, marks: &[M], world: fn(u64, bool) -> BTreeSet<M>)
where
    M: Copy + Ord + Debug + Send + 'static,
{
    if let Some(seed) = number("SEED") {
        one(seed, true, world);
        return;
    }
    let seeds = number("SEEDS").unwrap_or(seeds);
    let threads = thread::available_parallelism().map_or(2, |n| n.get() as u64);
    let shards: Vec<_> = (0..threads)
        .map(|shard| {
            thread::spawn(move || {
                let mut seen = BTreeSet::new();
                for seed in (shard..seeds).step_by(usize::try_from(threads).expect("few")) {
                    seen.extend(one(seed, false, world));
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
    assert!(missing.is_empty(), "no world has been through {missing:?}");
}

/// Says which world it was, where one fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("SEED={} shows this world", self.0);
        }
    }
}

fn one<M>(seed: u64, traced: bool, world: fn(u64, bool) -> BTreeSet<M>) -> BTreeSet<M> {
    let _name = Seed(seed);
    world(seed, traced)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
