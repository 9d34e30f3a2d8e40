//! One channel in the model: its queue, what waits beside it, and its workers.
//!
//! Deliveries are a fluid: a second's arrivals are one portion with one time, and a part of a portion can be sent. Portions leave
//! the queue in the order in which they came into it.

use std::collections::{BTreeMap, VecDeque};

use super::day::seconds;
use crate::costs::{Assumed, Invocation, Usage};

/// The most deliveries of a batch: the template's `BatchSize`.
pub const BATCH: f64 = 10.0;
/// A failed portion waits in so many parts, spread over the time of its back-off.
const PARTS: usize = 16;
/// The times at which failed deliveries were due are rounded down to so many seconds.
const COARSE: usize = 10;
/// No back-off is longer, in seconds.
const LONGEST: usize = 1024;

/// Deliveries that were due at the same second.
#[derive(Debug, Clone, Copy)]
pub struct Portion {
    /// When they were due.
    pub due: usize,
    /// How many.
    pub amount: f64,
    /// How many attempts have failed.
    pub failed: u32,
    /// Whether they are the morning's, which were requested long before.
    pub is_morning: bool,
}

impl Portion {
    /// What was just requested.
    pub fn new(due: usize, amount: f64) -> Self {
        Self { due, amount, failed: 0, is_morning: false }
    }

    /// Whether another portion is only more of the same.
    fn is_like(&self, other: &Self) -> bool {
        (self.due, self.failed, self.is_morning) == (other.due, other.failed, other.is_morning)
    }
}

/// A line of portions, and how many deliveries stand in it.
#[derive(Debug, Clone, Default)]
pub struct Line {
    portions: VecDeque<Portion>,
    amount: f64,
}

impl Line {
    /// How many deliveries stand in the line.
    pub fn amount(&self) -> f64 {
        self.amount
    }

    /// Adds a portion at the end.
    pub fn push(&mut self, portion: Portion) {
        if portion.amount <= 0.0 {
            return;
        }
        self.amount += portion.amount;
        match self.portions.back_mut() {
            Some(last) if last.is_like(&portion) => last.amount += portion.amount,
            _ => self.portions.push_back(portion),
        }
    }

    /// Takes so many deliveries from the begin.
    pub fn take(&mut self, mut amount: f64) -> Vec<Portion> {
        let mut taken = Vec::new();
        while amount > 0.0 {
            let Some(first) = self.portions.front_mut() else { break };
            let part = first.amount.min(amount);
            taken.push(Portion { amount: part, ..*first });
            first.amount -= part;
            amount -= part;
            if first.amount <= 0.0 {
                self.portions.pop_front();
            }
        }
        // Summed anew, a line that is empty is exactly empty.
        self.amount = if self.portions.is_empty() { 0.0 } else { self.amount - sum(&taken) };
        taken
    }
}

/// How many deliveries some portions are.
pub fn sum(portions: &[Portion]) -> f64 {
    portions.iter().map(|portion| portion.amount).sum()
}

/// What waits for its next attempt, by the second at which that is. Deliveries that are alike wait together.
#[derive(Debug, Clone)]
pub struct Waiting {
    ring: Vec<BTreeMap<(usize, u32, bool), f64>>,
    amount: f64,
}

impl Default for Waiting {
    fn default() -> Self {
        Self { ring: vec![BTreeMap::new(); LONGEST], amount: 0.0 }
    }
}

impl Waiting {
    /// How many deliveries wait.
    pub fn amount(&self) -> f64 {
        self.amount
    }

    /// A portion waits for any time up to `longest` seconds, each as likely as another: full jitter. From then on the time at which
    /// it was due is known to ten seconds only, so that there are few kinds of portions.
    pub fn spread(&mut self, second: usize, longest: f64, portion: Portion) {
        let Portion { due, amount, failed, is_morning } = portion;
        let kind = (due / COARSE * COARSE, failed, is_morning);
        let parts = (longest.max(1.0) as usize).clamp(1, PARTS);
        for part in 0..parts {
            let wait = (longest * (seconds(part) + 0.5) / seconds(parts)).ceil().max(1.0) as usize;
            let at = (second + wait.min(LONGEST - 1)) % LONGEST;
            *self.ring[at].entry(kind).or_default() += amount / seconds(parts);
        }
        self.amount += amount;
    }

    /// What has waited until this second.
    pub fn due(&mut self, second: usize) -> Vec<Portion> {
        let due = std::mem::take(&mut self.ring[second % LONGEST]);
        if due.is_empty() {
            return Vec::new();
        }
        let portion = |((due, failed, is_morning), amount)| Portion { due, amount, failed, is_morning };
        let due: Vec<_> = due.into_iter().map(portion).collect();
        // Summed anew, nothing that waits is exactly nothing.
        self.amount = if self.ring.iter().all(BTreeMap::is_empty) { 0.0 } else { self.amount - sum(&due) };
        due
    }
}

/// What an invocation takes and costs, by how many deliveries are in its batch.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    /// A batch of one.
    pub one: Invocation,
    /// A batch of ten.
    pub ten: Invocation,
    /// For what was not measured.
    pub assumed: Assumed,
}

impl Work {
    /// How long a batch takes, in seconds: on the line between the two that were measured.
    pub fn takes(&self, batch: f64) -> f64 {
        let [one, ten] = [self.one, self.ten].map(|invocation| invocation.takes_ms(&self.assumed) / 1000.0);
        one + (ten - one) * (batch - 1.0) / (BATCH - 1.0)
    }

    /// What AWS counts for so many deliveries in such batches.
    pub fn usage(&self, deliveries: f64, batch: f64) -> Usage {
        let part = (batch - 1.0) / (BATCH - 1.0);
        let one = self.one.usage(&self.assumed).times(1.0 - part);
        one.plus(&self.ten.usage(&self.assumed).times(part)).times(deliveries / batch)
    }

    /// The batch with which so many workers do so many deliveries a second. `longer` is what each batch takes longer, in
    /// seconds. An idle worker takes what is there, so batches are no larger than they have to be.
    pub fn batch(&self, workers: f64, wanted: f64, longer: f64) -> f64 {
        // workers * batch / takes(batch) = wanted, and `takes` is a line.
        let one = self.takes(1.0) + longer;
        let more = (self.takes(BATCH) - self.takes(1.0)) / (BATCH - 1.0);
        let left = workers - wanted * more;
        if left <= 0.0 { BATCH } else { (wanted * (one - more) / left).clamp(1.0, BATCH) }
    }

    /// The most deliveries a second.
    pub fn most(&self, workers: f64, longer: f64) -> f64 {
        workers * BATCH / (self.takes(BATCH) + longer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::costs::logs::LogFormat;

    fn work() -> Work {
        let assumed = Assumed { call_ms: 0.0, slower: 1.0, log_format: LogFormat::Json, kept_days: 0.0 };
        let one = Invocation {
            memory_mb: 1769.0,
            pieces: 1.0,
            provider_ms: 100.0,
            write: 2.0,
            sqs: 2.0,
            ..Invocation::default()
        };
        let ten = Invocation { pieces: 10.0, provider_ms: 190.0, write: 20.0, ..one };
        Work { one, ten, assumed }
    }

    #[test]
    fn batches_are_no_larger_than_they_have_to_be() {
        let work = work();
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        close(work.takes(1.0), 0.1);
        close(work.takes(10.0), 0.19);
        close(work.takes(4.0), 0.13);
        // Ten workers do 100 a second one by one, and with batches of four 10 * 4 / 0.13 = 307.7.
        close(work.batch(10.0, 60.0, 0.0), 1.0);
        close(work.batch(10.0, 100.0, 0.0), 1.0);
        close(work.batch(10.0, 4000.0 / 13.0, 0.0), 4.0);
        close(work.batch(10.0, 1e6, 0.0), 10.0);
        close(work.most(10.0, 0.0), 100.0 / 0.19);
        close(work.most(10.0, 9.81), 10.0);
        close(work.usage(100.0, 10.0).invocations, 10.0);
        close(work.usage(100.0, 10.0).write, 200.0);
        close(work.usage(100.0, 1.0).sqs, 200.0);
        close(work.usage(100.0, 5.5).invocations, 100.0 / 5.5);
    }

    #[test]
    fn what_came_first_is_taken_first_and_nothing_is_lost() {
        let mut line = Line::default();
        for (due, amount) in [(1, 2.0), (1, 1.0), (2, 4.0)] {
            line.push(Portion::new(due, amount));
        }
        let taken = line.take(4.5);
        assert_eq!(taken.iter().map(|portion| (portion.due, portion.amount)).collect::<Vec<_>>(), [(1, 3.0), (2, 1.5)]);
        assert!((line.amount() - 2.5).abs() < 1e-9);
        assert!((sum(&line.take(100.0)) - 2.5).abs() < 1e-9 && line.amount() == 0.0);
    }

    #[test]
    fn a_back_off_is_spread_evenly_over_its_time() {
        let mut waiting = Waiting::default();
        waiting.spread(1000, 64.0, Portion { failed: 3, ..Portion::new(900, 32.0) });
        let mut seen = Vec::new();
        for second in 1000..1100 {
            seen.extend(waiting.due(second).into_iter().map(|portion| (second, portion.amount)));
        }
        let (all, mean) =
            (seen.iter().map(|(_, amount)| amount).sum::<f64>(), seen.iter().map(|(at, _)| at - 1000).sum::<usize>());
        assert!((all - 32.0).abs() < 1e-9 && waiting.amount() == 0.0);
        assert_eq!((seen.len(), mean / seen.len()), (PARTS, 32), "half of the longest, on average");
        assert!(seen.iter().all(|(at, _)| (1001..=1064).contains(at)), "{seen:?}");
    }
}
