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
use tests::worlds;
use world::World;

/// Worlds of one run.
const SEEDS: u64 = 600;

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
fn people_are_where_they_are_said_to_be() {
    worlds::hold(SEEDS, Mark::ALL, world);
}
