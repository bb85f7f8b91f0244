//! The time of a world: where it begins, how it passes, and the trace that shows it.

use crate::kit::chance::Chance;

/// The time at which every world begins, ms since 1970.
pub const START: u64 = 1_733_000_000_000;

/// Draws how much time passes in one step, in ms: usually less than a second, in `rare` of a hundred steps up
/// to `longest`.
pub fn step_ms(chance: &mut Chance, rare: usize, longest: u64) -> u64 {
    match chance.below(100) {
        0..60 => chance.between(0, 50),
        60..90 => chance.between(50, 1000),
        n if n < 100 - rare => chance.between(1000, 8000),
        _ => chance.between(10_000, longest),
    }
}

/// Prints one line of a trace, with the milliseconds since the start of the world.
pub fn trace(now: u64, line: &str) {
    eprintln!("{:>9} {line}", now - START);
}
