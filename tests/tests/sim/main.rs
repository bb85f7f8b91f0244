//! Does a room keep its promises, whatever its world does? `SEED=42` shows one world, step by step.

mod chance;
mod client;
mod ending;
mod hearing;
mod marks;
mod network;
mod people;
mod platform;
mod rough;
mod rows;
mod sender;
mod shell;
mod truth;
mod world;

use chance::Chance;
use marks::{Mark, Marks};
use rough::Rough;
use tests::worlds;
use world::World;

/// Worlds of one run.
const SEEDS: u64 = 500;

fn world(seed: u64, traced: bool) -> Marks {
    let mut chance = Chance::new(seed);
    let rough = Rough::draw(&mut chance);
    if traced {
        eprintln!("{rough:?}");
    }
    let mut world = World::new(chance, rough, traced);
    world.run();
    if world.chance.percent(70) {
        world.everybody_comes_back();
    } else {
        world.nobody_comes_back();
    }
    world.marks
}

#[test]
fn a_room_keeps_its_promises() {
    worlds::hold(SEEDS, &Mark::ALL, world);
}
