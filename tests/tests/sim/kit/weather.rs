//! Faults that every world draws from its seed: evictions, crashes, late alarms, lost calls.

use crate::kit::chance::Chance;

/// How often the platform and the network fail. A rate of 0 means never.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// One in n steps evicts an object from memory.
    pub evict: u64,
    /// One in n turns ends in a crash, somewhere among its effects.
    pub crash: u64,
    /// Percent of the due alarms that ring late.
    pub late: u64,
    /// Percent of the calls and of their answers that are lost.
    pub lost: u64,
}

impl Faults {
    /// Draws whether a turn with this many effects crashes, and before which of them.
    pub fn crash_before(&self, effects: usize, chance: &mut Chance) -> Option<usize> {
        let crashes = chance.one_in(self.crash);
        let nth = chance.below(effects + 1);
        crashes.then_some(nth)
    }
}
