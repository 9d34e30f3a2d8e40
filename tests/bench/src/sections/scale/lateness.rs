//! How late deliveries are: counts by time, in steps of 2%.

use super::day::seconds;

/// The first step ends after this time, in seconds.
const FIRST: f64 = 0.01;
/// Each step ends so much later than the one before.
const GROWTH: f64 = 1.02;

/// Deliveries by how late they were.
#[derive(Debug, Clone, Default)]
pub struct Lateness {
    steps: Vec<f64>,
    all: f64,
    most: f64,
}

impl Lateness {
    /// Counts `amount` deliveries that were so late, in seconds.
    pub fn add(&mut self, late: f64, amount: f64) {
        let step = (late.max(FIRST) / FIRST).ln() / GROWTH.ln();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand at most")]
        let step = step.ceil() as usize;
        if step >= self.steps.len() {
            self.steps.resize(step + 1, 0.0);
        }
        self.steps[step] += amount;
        self.all += amount;
        self.most = self.most.max(late);
    }

    /// Counts those of another one, too.
    pub fn plus(&mut self, other: &Self) {
        self.steps.resize(self.steps.len().max(other.steps.len()), 0.0);
        for (step, amount) in self.steps.iter_mut().zip(&other.steps) {
            *step += amount;
        }
        self.all += other.all;
        self.most = self.most.max(other.most);
    }

    /// The time in seconds within which this part of all deliveries was sent, at most 2% too long.
    pub fn within(&self, part: f64) -> f64 {
        let mut before = 0.0;
        for (step, amount) in self.steps.iter().enumerate() {
            before += amount;
            if before >= part * self.all {
                let end = FIRST * GROWTH.powf(seconds(step));
                return end.min(self.most);
            }
        }
        self.most
    }

    /// The longest time.
    pub fn most(&self) -> f64 {
        self.most
    }

    /// How many were counted.
    #[cfg(test)]
    pub fn count(&self) -> f64 {
        self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_that_are_late_by_one_second_each_more() {
        let mut lateness = Lateness::default();
        (1..=100).for_each(|late| lateness.add(f64::from(late), 2.0));
        let close = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 0.02, "{found} {expected}");
        close(lateness.within(0.5), 50.0);
        close(lateness.within(0.99), 99.0);
        assert!((lateness.most() - 100.0).abs() < 1e-9);
        let mut both = Lateness::default();
        both.plus(&lateness);
        both.add(1000.0, 200.0);
        close(both.within(0.5), 100.0);
        assert!((both.count() - 400.0).abs() < 1e-9);
    }
}
