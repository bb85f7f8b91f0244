//! Simulates player objects with presence and devices under faults. `SEED=42` traces one world.

mod ending;
mod host;
mod inbox;
mod marks;
mod network;
mod oracle;
mod peers;
mod people;
mod player_host;
mod presence_load;
mod weather;
mod world;

use marks::{Mark, Marks};
use tests::kit::chance::Chance;
use tests::kit::seeds;
use weather::Weather;
use world::World;

/// Number of worlds in a run.
const SEEDS: u64 = 600;

fn world(mut chance: Chance, traced: bool) -> Marks {
    let weather = Weather::draw(&mut chance);
    if traced {
        eprintln!("{weather:?}");
    }
    let mut world = World::new(chance, weather, traced);
    world.run();
    world.settle();
    world.marks
}

#[test]
fn player_objects_keep_their_invariants() {
    seeds::run(SEEDS, Mark::ALL, world);
}
