//! The time that is left of an invocation: all work of an invocation has to end before the invocation does.

use std::time::Duration;

use shared::{clock::Elapsed, domain::Timestamp};

use crate::App;

/// The time that is kept at the end of an invocation for its answer.
const TO_ANSWER: Duration = Duration::from_millis(150);

impl App {
    /// The time that is left of an invocation that ends at `deadline`, less the time for its answer.
    pub fn time_left(&self, deadline: Timestamp) -> Duration {
        deadline.saturating_duration_since(self.clock.now()).saturating_sub(TO_ANSWER)
    }

    /// Does `work`, and drops it shortly before the invocation ends: a message that hangs must not cost the other
    /// messages their answers.
    pub async fn in_time<T>(&self, deadline: Timestamp, work: impl Future<Output = T>) -> Result<T, Elapsed> {
        self.clock.timeout(self.time_left(deadline), work).await
    }
}
