//! Pseudo-random numbers: the same seed gives the same world.

/// The draws of one world: a world that draws more does not end.
const DRAWS_MAX: u64 = 100_000_000;

/// A splitmix64 generator. Every seed is a good one.
#[derive(Debug, Clone)]
pub struct Chance {
    state: u64,
    draws: u64,
}

impl Chance {
    /// Returns the generator of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x6d61_7463_6870;
        let mut chance = Self { state, draws: 0 };
        chance.draw();
        chance
    }

    /// Returns the next number. Every step of a world draws, so a world that never ends fails here instead of
    /// running for ever.
    ///
    /// # Panics
    ///
    /// Panics after a hundred million draws.
    pub fn draw(&mut self) -> u64 {
        self.draws += 1;
        assert!(self.draws <= DRAWS_MAX, "the world does not end: it drew {DRAWS_MAX} numbers");
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `limit`, or 0 if `limit` is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.draw() >> 1).unwrap_or_default() % limit.max(1)
    }

    /// Returns a number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.draw() % (high - low + 1)
    }

    /// Returns a number below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.draw() % sides
    }

    /// True once in `n` draws on average; never if `n` is 0.
    pub fn one_in(&mut self, n: u64) -> bool {
        n > 0 && self.draw().is_multiple_of(n)
    }

    /// True in `share` of a hundred draws on average.
    pub fn percent(&mut self, share: u64) -> bool {
        self.draw() % 100 < share
    }

    /// Returns one of the values.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}
