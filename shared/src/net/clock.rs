//! Measures how long a connection has been idle, also while the process was frozen.

use std::{
    pin::Pin,
    time::{Duration, Instant},
};

use hyper::rt::{Sleep, Timer};
use hyper_util::rt::TokioTimer;

use crate::clock::{Clock, Moment};

/// The timer with which hyper's pool measures how long a connection has been idle.
///
/// hyper's own timer uses `Instant`. On Linux that is `CLOCK_MONOTONIC`, which does not count the time while a system
/// is suspended (`clock_gettime(2)`). Lambda suspends a function between invocations, so a connection that was idle for
/// an hour would look as if it had just been used. The clock's own ages do count that time.
#[derive(Clone, Debug)]
pub(super) struct IdleTimer {
    clock: Clock,
    started: Moment,
    /// What the pool's instants count from; which one it is does not matter.
    origin: Instant,
}

impl IdleTimer {
    #[expect(clippy::disallowed_methods, reason = "hyper speaks in instants, and no other way makes one")]
    pub fn new(clock: Clock) -> Self {
        Self { started: clock.moment(), origin: Instant::now(), clock }
    }
}

impl Timer for IdleTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        TokioTimer::new().sleep(duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(deadline.saturating_duration_since(self.now()))
    }

    fn now(&self) -> Instant {
        self.origin.checked_add(self.clock.age(self.started)).unwrap_or(self.origin)
    }
}
