//! A provider's own count of messages: it holds so many, and so many a second are added.

use std::time::Duration;

/// The count of one provider.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    /// How many messages a second it takes.
    pub per_second: f64,
    /// How many it takes at once.
    pub capacity: f64,
    left: f64,
    at: Duration,
}

impl Bucket {
    /// A full bucket.
    pub fn new(per_second: f64, capacity: f64) -> Self {
        Self { per_second, capacity, left: capacity, at: Duration::ZERO }
    }

    /// Takes one message, if there is room for it.
    pub fn take(&mut self, now: Duration) -> bool {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.left = (self.left + passed * self.per_second).min(self.capacity);
        self.at = self.at.max(now);
        let is_taken = self.left >= 1.0;
        if is_taken {
            self.left -= 1.0;
        }
        is_taken
    }
}
