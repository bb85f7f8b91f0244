//! Do lobbies and players' objects keep their promises together, whatever their world does? `SEED=42` shows one.

#[path = "../sim/chance.rs"]
mod chance;
mod ending;
mod lane;
mod marks;
mod network;
mod people;
mod rough;
mod sockets;
mod truth;
mod world;

use chance::Chance;
use marks::{Mark, Marks};
use rough::Rough;
use tests::worlds;
use world::World;

/// Worlds of one run.
const SEEDS: u64 = 1000;

fn world(seed: u64, traced: bool) -> Marks {
    let mut chance = Chance::new(seed);
    let rough = Rough::draw(&mut chance);
    if traced {
        eprintln!("{rough:?}");
    }
    let mut world = World::new(chance, rough, traced);
    world.run();
    world.comes_to_rest();
    world.marks
}

#[test]
fn lobbies_keep_their_promises() {
    worlds::hold(SEEDS, Mark::ALL, world);
}
