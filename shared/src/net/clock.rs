//! How long a connection has been idle, by the wall clock.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use hyper::rt::{Sleep, Timer};
use hyper_util::rt::TokioTimer;
use tokio::time::Instant;

/// A wall clock.
#[derive(Clone)]
pub struct WallClock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl WallClock {
    /// The clock that `now` reads.
    pub fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time.
    pub fn now(&self) -> SystemTime {
        self.0()
    }
}

impl Default for WallClock {
    fn default() -> Self {
        Self::new(SystemTime::now)
    }
}

impl fmt::Debug for WallClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WallClock")
    }
}

/// The timer by which hyper's pool tells how long a connection has been idle.
///
/// The pool measures with `Instant`. On Linux that is `CLOCK_MONOTONIC`, which does not count the time that a system is
/// suspended (`clock_gettime(2)`), and Lambda suspends a function between invocations: a connection that was idle for an hour
/// would look as if it had been used a moment ago. The wall clock goes on meanwhile.
#[derive(Clone, Debug)]
pub(super) struct WallTimer {
    clock: WallClock,
    started: Instant,
    started_at: SystemTime,
}

impl WallTimer {
    pub fn new(clock: WallClock) -> Self {
        Self { started: Instant::now(), started_at: clock.now(), clock }
    }
}

impl Timer for WallTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        TokioTimer::new().sleep(duration)
    }

    fn sleep_until(&self, deadline: std::time::Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(deadline.saturating_duration_since(self.now()))
    }

    fn now(&self) -> std::time::Instant {
        // A wall clock that is set back must not stop the time.
        let wall = self.clock.now().duration_since(self.started_at).unwrap_or_default();
        let elapsed = wall.max(self.started.elapsed());
        self.started.checked_add(elapsed).unwrap_or(self.started).into()
    }
}
