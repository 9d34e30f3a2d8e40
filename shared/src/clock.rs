//! The time of day. `main` makes one clock and hands it in: nothing else asks the machine what time it is.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use crate::domain::Timestamp;

/// Where the time comes from. A clone shows the same time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    /// The machine's clocks, and the instant that [`Clock::uptime`] counts from.
    System(Instant),
    /// A clock that stands still until a test moves it.
    Manual(ManualClock),
}

impl Clock {
    /// The machine's own clock.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clocks")]
    pub fn system() -> Self {
        Self(Source::System(Instant::now()))
    }

    /// The wall clock's time. Somebody may set that clock back; it goes on while a process is frozen.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clocks")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System(_) => Timestamp::from_millis(jiff::Timestamp::now().as_millisecond()),
            Source::Manual(clock) => clock.hands().wall,
        }
    }

    /// Begins to measure how long something takes.
    pub fn stopwatch(&self) -> Stopwatch {
        Stopwatch { started: self.uptime(), clock: self.clone() }
    }

    /// The time since the clock was made. Nobody can set it back. It may stand still while the process is frozen.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clocks")]
    fn uptime(&self) -> Duration {
        match &self.0 {
            Source::System(origin) => origin.elapsed(),
            Source::Manual(clock) => clock.hands().uptime,
        }
    }
}

/// Measures how long something takes. Changes of the wall clock do not matter.
#[derive(Clone, Debug)]
pub struct Stopwatch {
    clock: Clock,
    started: Duration,
}

impl Stopwatch {
    /// The time since it was made.
    pub fn elapsed(&self) -> Duration {
        self.clock.uptime().saturating_sub(self.started)
    }
}

/// A clock that stands still until it is moved: for tests and simulations. A clone is the same clock.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<Hands>>);

#[derive(Clone, Copy, Debug)]
struct Hands {
    wall: Timestamp,
    uptime: Duration,
}

impl ManualClock {
    /// A clock that shows `wall`.
    pub fn new(wall: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Hands { wall, uptime: Duration::ZERO })))
    }

    /// The same clock as code under test takes it.
    pub fn clock(&self) -> Clock {
        Clock(Source::Manual(self.clone()))
    }

    /// Lets time pass.
    pub fn advance(&self, time: Duration) {
        let mut hands = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        hands.wall = hands.wall.plus(time);
        hands.uptime += time;
    }

    /// Sets the wall clock, forward or back. No time passes.
    pub fn set(&self, wall: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).wall = wall;
    }

    fn hands(&self) -> Hands {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<SystemTime> for Timestamp {
    /// A time before the epoch becomes the epoch.
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self::EPOCH.plus(since)
    }
}

impl From<Timestamp> for SystemTime {
    /// A time before the epoch becomes the epoch.
    fn from(time: Timestamp) -> Self {
        Self::UNIX_EPOCH + time.saturating_duration_since(Timestamp::EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_s_time_is_the_same_instant_to_the_millisecond() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_micros(1_709_287_200_120_999);
        let timestamp = Timestamp::from(time);
        assert_eq!(timestamp, Timestamp::from_millis(1_709_287_200_120));
        assert_eq!(SystemTime::from(timestamp), SystemTime::UNIX_EPOCH + Duration::from_millis(1_709_287_200_120));
        assert_eq!(Timestamp::from(SystemTime::UNIX_EPOCH - Duration::from_secs(1)), Timestamp::EPOCH);
        assert_eq!(SystemTime::from(Timestamp::from_millis(-1)), SystemTime::UNIX_EPOCH);
    }

    #[test]
    fn a_manual_clock_moves_when_it_is_moved() {
        let manual = ManualClock::new(Timestamp::EPOCH);
        let clock = manual.clock();
        let stopwatch = clock.stopwatch();
        assert_eq!((clock.now(), stopwatch.elapsed()), (Timestamp::EPOCH, Duration::ZERO));
        manual.advance(Duration::from_millis(1500));
        assert_eq!((clock.now().millis(), stopwatch.elapsed()), (1500, Duration::from_millis(1500)));
    }

    #[test]
    fn setting_the_wall_clock_takes_no_time() {
        let manual = ManualClock::new(Timestamp::from_millis(5000));
        let stopwatch = manual.clock().stopwatch();
        for wall in [0, 9000] {
            manual.set(Timestamp::from_millis(wall));
            assert_eq!((manual.clock().now().millis(), stopwatch.elapsed()), (wall, Duration::ZERO));
        }
    }

    #[test]
    fn the_system_s_clock_is_the_wall_clock() {
        let wall = || Timestamp::from(SystemTime::now());
        let (before, now, after) = (wall(), Clock::system().now(), wall());
        assert!(before <= now && now <= after, "{before} {now} {after}");
    }
}
