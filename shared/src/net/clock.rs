//! Measures with the wall clock how long a connection has been idle.

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
    /// A clock that reads the time with `now`.
    pub fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The current time.
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

/// The timer with which hyper's pool measures how long a connection has been idle.
///
/// hyper's own timer uses `Instant`. On Linux that is `CLOCK_MONOTONIC`, which does not count the time while a system
/// is suspended (`clock_gettime(2)`). Lambda suspends a function between invocations, so a connection that was idle for
/// an hour would look as if it had just been used. The wall clock does count that time.
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
        // If the wall clock is set back, the timer must go on.
        let wall = self.clock.now().duration_since(self.started_at).unwrap_or_default();
        let elapsed = wall.max(self.started.elapsed());
        self.started.checked_add(elapsed).unwrap_or(self.started).into()
    }
}
