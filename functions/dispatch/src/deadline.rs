//! What is left of an invocation: whatever is done in it has to end before it does.

use std::time::Duration;

use shared::domain::Timestamp;
use tokio::time::{error::Elapsed, timeout};

use crate::App;

/// What is kept of an invocation's time for its answer.
const TO_ANSWER: Duration = Duration::from_millis(150);

impl App {
    /// What is left of an invocation that ends at `deadline`, less what its answer takes.
    pub fn time_left(&self, deadline: Timestamp) -> Duration {
        deadline.saturating_duration_since(self.clock.now()).saturating_sub(TO_ANSWER)
    }

    /// Does `work` until the invocation nears its end, and then drops it: one message that hangs must not take the answers of
    /// the others with it.
    pub async fn in_time<T>(&self, deadline: Timestamp, work: impl Future<Output = T>) -> Result<T, Elapsed> {
        timeout(self.time_left(deadline), work).await
    }
}
