//! Simulates rooms, their clients and their platform under faults. `SEED=42` traces one world.

mod actions;
mod client;
mod ending;
mod game;
mod machine;
mod marks;
mod network;
mod oracle;
mod platform;
mod receive;
mod sender;
mod service;
mod shell;
mod weather;
mod world;
mod write_cost;

use marks::{Mark, Marks};
use tests::kit::chance::Chance;
use tests::kit::seeds;
use weather::Weather;
use world::World;

/// Number of worlds in a run.
const SEEDS: u64 = 500;

fn world(mut chance: Chance, traced: bool) -> Marks {
    let weather = Weather::draw(&mut chance);
    if traced {
        eprintln!("{weather:?}");
    }
    let mut world = World::new(chance, weather, traced);
    world.run();
    if world.chance.percent(70) {
        world.end_connected();
    } else {
        world.end_abandoned();
    }
    world.marks
}

#[test]
fn rooms_keep_their_invariants() {
    seeds::run(SEEDS, Mark::ALL, world);
}
