//! Everything that the seed decides.

use std::time::Duration;

use rand::{Rng, SeedableRng, rngs::StdRng};

/// The sequence of a seed.
#[derive(Debug)]
pub struct Dice(StdRng);

impl Dice {
    /// The sequence of this seed, the same each time.
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// Whether something happens that happens in so many of a thousand cases.
    pub fn per_mille(&mut self, cases: u32) -> bool {
        self.0.random_range(0..1000) < cases
    }

    /// A number from 0 to below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end.max(1))
    }

    /// One of these.
    pub fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// A time between these two, in whole milliseconds.
    pub fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(self.0.random_range(from..=to))
    }

    /// A seed for something else.
    pub fn seed(&mut self) -> u64 {
        self.0.random()
    }
}
