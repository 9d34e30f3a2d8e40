//! The write units of partitions. A partition takes 1,000 of them a second, and splitting one for heat does not help a key
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/throttling-key-range-limit-exceeded-mitigation.html>,
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>).

use std::collections::HashMap;
use std::time::Instant;

/// The write units of a partition a second.
pub const WRITE_UNITS: f64 = 1000.0;
/// So many partitions are remembered before those that are at rest are forgotten.
const REMEMBERED: usize = 10_000;

/// How full each partition is, by its key. One that was at rest takes the units of one second at once.
#[derive(Debug, Default)]
pub struct Partitions(HashMap<String, (f64, Instant)>);

impl Partitions {
    /// Whether the partition takes no more now.
    pub fn is_full(&self, key: &str, now: Instant) -> bool {
        self.used(key, now) >= WRITE_UNITS
    }

    /// Counts units that the partition has taken.
    pub fn charge(&mut self, key: &str, units: f64, now: Instant) {
        if self.0.len() >= REMEMBERED {
            self.0.retain(|_, (used, at)| rest(*used, *at, now) > 0.0);
        }
        let used = self.used(key, now) + units;
        self.0.insert(key.to_owned(), (used, now));
    }

    fn used(&self, key: &str, now: Instant) -> f64 {
        self.0.get(key).map_or(0.0, |(used, at)| rest(*used, *at, now))
    }
}

/// What is left by now of the units that were used until `at`.
fn rest(used: f64, at: Instant, now: Instant) -> f64 {
    (used - WRITE_UNITS * now.saturating_duration_since(at).as_secs_f64()).max(0.0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_partition_takes_a_thousand_units_a_second() {
        let (mut partitions, start) = (Partitions::default(), Instant::now());
        let after = |millis| start + Duration::from_millis(millis);
        partitions.charge("a", 999.0, start);
        assert!(!partitions.is_full("a", start));
        partitions.charge("a", 501.0, start);
        assert!(partitions.is_full("a", after(499)) && !partitions.is_full("a", after(501)));
        assert!(!partitions.is_full("b", start), "another partition");
        partitions.charge("a", 10.0, after(10_000));
        assert!(!partitions.is_full("a", after(10_000)), "nothing is saved up, and nothing is left over");
    }
}
