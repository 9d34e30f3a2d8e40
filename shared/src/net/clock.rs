//! Measures with the wall clock how long a connection has been idle.

use std::{
    pin::Pin,
    time::{Duration, Instant},
};

use hyper::rt::{Sleep, Timer};
use hyper_util::rt::TokioTimer;

use crate::{
    clock::{Clock, Stopwatch},
    domain::Timestamp,
};

/// The timer with which hyper's pool measures how long a connection has been idle.
///
/// hyper's own timer uses `Instant`. On Linux that is `CLOCK_MONOTONIC`, which does not count the time while a system
/// is suspended (`clock_gettime(2)`). Lambda suspends a function between invocations, so a connection that was idle for
/// an hour would look as if it had just been used. The wall clock does count that time.
#[derive(Clone, Debug)]
pub(super) struct WallTimer {
    clock: Clock,
    stopwatch: Stopwatch,
    started_at: Timestamp,
    /// What the pool's instants count from; which one it is does not matter.
    origin: Instant,
}

impl WallTimer {
    #[expect(clippy::disallowed_methods, reason = "hyper speaks in instants, and no other way makes one")]
    pub fn new(clock: Clock) -> Self {
        Self { stopwatch: clock.stopwatch(), started_at: clock.now(), origin: Instant::now(), clock }
    }
}

impl Timer for WallTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        TokioTimer::new().sleep(duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(deadline.saturating_duration_since(self.now()))
    }

    fn now(&self) -> Instant {
        // If the wall clock is set back, the timer must go on.
        let elapsed = self.clock.now().saturating_duration_since(self.started_at).max(self.stopwatch.elapsed());
        self.origin.checked_add(elapsed).unwrap_or(self.origin)
    }
}
