//! Do the objects of people keep their promises, whatever their world does? `SEED=42` shows one.

#[path = "../sim/chance.rs"]
mod chance;
mod ending;
mod home;
mod marks;
mod network;
mod peers;
mod people;
mod place;
mod rough;
mod storm;
mod truth;
mod world;

use chance::Chance;
use marks::{Mark, Marks};
use rough::Rough;
use std::thread;
use world::World;

/// Worlds of one run.
const SEEDS: u64 = 600;

/// Says which world it was, where one fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("SEED={} shows this world", self.0);
        }
    }
}

fn world(seed: u64, traced: bool) -> Marks {
    let name = Seed(seed);
    let mut chance = Chance::new(seed);
    let rough = Rough::draw(&mut chance);
    if traced {
        eprintln!("{rough:?}");
    }
    let mut world = World::new(chance, rough, traced);
    world.run();
    world.comes_to_rest();
    drop(name);
    world.marks
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn people_are_where_they_are_said_to_be() {
    if let Some(seed) = number("SEED") {
        world(seed, true);
        return;
    }
    let seeds = number("SEEDS").unwrap_or(SEEDS);
    let threads = thread::available_parallelism().map_or(2, |n| n.get() as u64);
    let shards: Vec<_> = (0..threads)
        .map(|shard| {
            thread::spawn(move || {
                let mut marks = Marks::new();
                for seed in (shard..seeds).step_by(usize::try_from(threads).expect("few")) {
                    marks.extend(world(seed, false));
                }
                marks
            })
        })
        .collect();
    let mut seen = Marks::new();
    for shard in shards {
        seen.extend(shard.join().expect("every world holds"));
    }
    let missing: Vec<Mark> = Mark::ALL
        .iter()
        .copied()
        .filter(|mark| !seen.contains(mark))
        .collect();
    assert!(missing.is_empty(), "no world has been through {missing:?}");
}
