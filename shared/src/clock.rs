//! The time of day. `main` makes one clock and hands it in: nothing else asks the machine what time it is.

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use futures::{
    FutureExt,
    future::{BoxFuture, Either, select},
};

use crate::domain::Timestamp;

/// How much older everything becomes when the wall clock is set back: older than anything may be kept. Nobody knows how long
/// ago something was learnt then, since the process may have been frozen as well.
const UNKNOWN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Where the time comes from. A clone shows the same time.
///
/// A process of a function is frozen between invocations, and what measures a duration then depends on what it is for:
///
/// - how old something is that outlives an invocation: [`Clock::moment`], which the type `Aged` of the module `cache` is made of;
/// - how long something takes within an invocation: [`Clock::stopwatch`];
/// - what is stored, signed or shown: [`Clock::now`];
/// - a pause and a time limit within an invocation: [`Clock::sleep`] and [`Clock::timeout`].
#[derive(Clone, Debug)]
pub struct Clock {
    source: Source,
    passage: Arc<Mutex<Passage>>,
}

#[derive(Clone, Debug)]
enum Source {
    /// The machine's clocks, and the instant that its uptime counts from.
    System(Instant),
    /// A clock that stands still until a test moves it.
    Manual(ManualClock),
    /// A time that somebody else makes.
    Other(Arc<dyn Time>),
}

/// A time that is not the machine's, for example that of a simulation.
pub trait Time: fmt::Debug + Send + Sync {
    /// What the wall clock shows.
    fn wall(&self) -> Timestamp;
    /// The time that has passed since some moment. It never becomes less.
    fn uptime(&self) -> Duration;
    /// Waits until so much time has passed.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()>;
}

/// A time limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the time is over")]
pub struct Elapsed;

/// What the two clocks of a machine show.
#[derive(Clone, Copy, Debug)]
struct Hands {
    wall: Timestamp,
    uptime: Duration,
}

impl Clock {
    /// The machine's own clock.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clocks")]
    pub fn system() -> Self {
        let source = Source::System(Instant::now());
        let passage = Passage::from(source.hands());
        Self { source, passage: Arc::new(Mutex::new(passage)) }
    }

    /// The clock of a time that somebody else makes.
    pub fn of(time: Arc<dyn Time>) -> Self {
        let source = Source::Other(time);
        let passage = Passage::from(source.hands());
        Self { source, passage: Arc::new(Mutex::new(passage)) }
    }

    /// The wall clock's time. Somebody may set that clock back; it goes on while a process is frozen.
    pub fn now(&self) -> Timestamp {
        self.source.hands().wall
    }

    /// This moment, for the age of what is learnt now.
    pub fn moment(&self) -> Moment {
        self.passage.lock().unwrap_or_else(PoisonError::into_inner).at(self.source.hands())
    }

    /// How long ago a moment was. This counts the time for which the process was frozen. It never becomes less, and if the wall
    /// clock was set back since that moment, it is a week at least.
    pub fn age(&self, since: Moment) -> Duration {
        self.moment().0.saturating_sub(since.0)
    }

    /// Begins to measure how long something takes. A stopwatch borrows the clock, so that nobody keeps one from one invocation
    /// to the next: it stands still while the process is frozen.
    pub fn stopwatch(&self) -> Stopwatch<'_> {
        Stopwatch { started: self.source.hands().uptime, clock: self }
    }

    /// Waits until so much time has passed.
    pub fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        match &self.source {
            // Nobody moves a manual clock while a test waits.
            Source::System(_) | Source::Manual(_) => tokio::time::sleep(time).boxed(),
            Source::Other(other) => other.sleep(time),
        }
    }

    /// Does `work`, and drops it if it is not done within `limit`. Work that is ready at once is done, whatever the limit.
    pub async fn timeout<T>(&self, limit: Duration, work: impl Future<Output = T>) -> Result<T, Elapsed> {
        // In a box, so that the futures that wait for this one stay small.
        match select(Box::pin(work), self.sleep(limit)).await {
            Either::Left((output, _)) => Ok(output),
            Either::Right(_) => Err(Elapsed),
        }
    }
}

impl Source {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clocks")]
    fn hands(&self) -> Hands {
        match self {
            Self::System(origin) => Hands {
                wall: Timestamp::from_millis(jiff::Timestamp::now().as_millisecond()),
                uptime: origin.elapsed(),
            },
            Self::Manual(clock) => *clock.hands.lock().unwrap_or_else(PoisonError::into_inner),
            Self::Other(time) => Hands { wall: time.wall(), uptime: time.uptime() },
        }
    }
}

/// A moment in the life of a process, to be compared with later ones of the same clock.
#[derive(Clone, Copy, Debug)]
pub struct Moment(Duration);

/// The time that passes by both clocks. The wall clock goes on while the process is frozen, and the uptime does not. The uptime
/// goes on when the wall clock is set back. So from one look to the next, the one that has gone on more is right.
#[derive(Clone, Copy, Debug)]
struct Passage {
    /// What the clocks showed when this stretch of time began.
    begin: Hands,
    /// What had passed before it.
    before: Duration,
    /// What the wall clock showed last, and what had passed then.
    last: (Timestamp, Duration),
}

/// The shortest stretch. The wall clock has only milliseconds, so each stretch may count one too many.
const STRETCH: Duration = Duration::from_secs(1);

impl From<Hands> for Passage {
    fn from(hands: Hands) -> Self {
        Self { begin: hands, before: Duration::ZERO, last: (hands.wall, Duration::ZERO) }
    }
}

impl Passage {
    fn at(&mut self, hands: Hands) -> Moment {
        if hands.wall < self.last.0 {
            (self.begin, self.before) = (hands, self.last.1.saturating_add(UNKNOWN));
        }
        let wall = hands.wall.saturating_duration_since(self.begin.wall);
        let uptime = hands.uptime.saturating_sub(self.begin.uptime);
        let stretch = wall.max(uptime);
        let passed = self.before.saturating_add(stretch);
        if stretch >= STRETCH {
            (self.begin, self.before) = (hands, passed);
        }
        self.last = (hands.wall, passed);
        Moment(passed)
    }
}

/// Measures how long something takes. Changes of the wall clock do not matter.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch<'a> {
    clock: &'a Clock,
    started: Duration,
}

impl Stopwatch<'_> {
    /// The time since it was made.
    pub fn elapsed(&self) -> Duration {
        self.clock.source.hands().uptime.saturating_sub(self.started)
    }
}

/// A clock that stands still until it is moved: for tests and simulations. A clone is the same clock.
#[derive(Clone, Debug)]
pub struct ManualClock {
    hands: Arc<Mutex<Hands>>,
    passage: Arc<Mutex<Passage>>,
}

impl ManualClock {
    /// A clock that shows `wall`.
    pub fn new(wall: Timestamp) -> Self {
        let hands = Hands { wall, uptime: Duration::ZERO };
        Self { hands: Arc::new(Mutex::new(hands)), passage: Arc::new(Mutex::new(hands.into())) }
    }

    /// The same clock as code under test takes it.
    pub fn clock(&self) -> Clock {
        Clock { source: Source::Manual(self.clone()), passage: self.passage.clone() }
    }

    /// Lets time pass.
    pub fn advance(&self, time: Duration) {
        self.freeze(time);
        let mut hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
        hands.uptime = hands.uptime.saturating_add(time);
    }

    /// Lets time pass while the process is frozen: only the wall clock goes on.
    pub fn freeze(&self, time: Duration) {
        let mut hands = self.hands.lock().unwrap_or_else(PoisonError::into_inner);
        hands.wall = hands.wall.plus(time);
    }

    /// Sets the wall clock, forward or back. No time passes.
    pub fn set(&self, wall: Timestamp) {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner).wall = wall;
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
        let clock = manual.clock();
        let stopwatch = clock.stopwatch();
        for wall in [0, 9000] {
            manual.set(Timestamp::from_millis(wall));
            assert_eq!((manual.clock().now().millis(), stopwatch.elapsed()), (wall, Duration::ZERO));
        }
    }

    #[test]
    fn an_age_counts_what_either_clock_counts_and_nothing_twice() {
        let manual = ManualClock::new(Timestamp::from_millis(5000));
        let clock = manual.clock();
        let since = clock.moment();
        let seconds = Duration::from_secs;
        for (step, age) in [(0, 0), (3, 3), (0, 3), (7, 10)] {
            manual.advance(seconds(step));
            assert_eq!(clock.age(since), seconds(age));
        }
        // Frozen, the process goes on where it was. Its uptime does not catch up.
        manual.freeze(seconds(3600));
        manual.advance(seconds(1));
        assert_eq!(clock.age(since), seconds(3611));
        // The wall clock goes more slowly than the uptime, or is set back so little that nobody sees it.
        let (stopped, at) = (clock.now(), clock.moment());
        manual.advance(seconds(10));
        manual.set(stopped);
        manual.advance(seconds(20));
        assert_eq!(clock.age(at), seconds(30));
        manual.advance(seconds(5));
        manual.set(stopped.plus(seconds(20)));
        assert_eq!(clock.age(at), seconds(35));
    }

    #[test]
    fn a_wall_clock_that_is_set_back_makes_everything_old_and_nothing_younger() {
        let manual = ManualClock::new(Timestamp::from_millis(1_709_287_200_000));
        let clock = manual.clock();
        let mut moments = Vec::new();
        let mut least = Duration::ZERO;
        for (wall, is_back) in [(0, true), (1, false), (-5, true), (i64::MAX, false), (i64::MIN, true), (7, false)] {
            moments.push(clock.moment());
            manual.set(Timestamp::from_millis(wall));
            let ages: Vec<_> = moments.iter().map(|moment| clock.age(*moment)).collect();
            assert!(ages.is_sorted_by(|older, younger| older >= younger), "{ages:?}");
            assert!(ages[0] >= least, "{ages:?}");
            assert!(!is_back || ages.iter().all(|age| *age >= UNKNOWN), "{wall} {ages:?}");
            least = ages[0];
        }
        // What is learnt afterwards ages as usual.
        let since = clock.moment();
        manual.advance(Duration::from_secs(60));
        assert_eq!(clock.age(since), Duration::from_secs(60));
    }

    #[tokio::test]
    async fn work_that_is_ready_is_done_and_work_that_hangs_is_dropped_at_its_limit() {
        let clock = Clock::system();
        assert_eq!(clock.timeout(Duration::ZERO, async { 1 }).await, Ok(1));
        let stopwatch = clock.stopwatch();
        let limit = Duration::from_millis(5);
        assert_eq!(clock.timeout(limit, std::future::pending::<()>()).await, Err(Elapsed));
        assert!(stopwatch.elapsed() >= limit);
    }

    #[test]
    fn the_system_s_clock_is_the_wall_clock() {
        let wall = || Timestamp::from(SystemTime::now());
        let (before, now, after) = (wall(), Clock::system().now(), wall());
        assert!(before <= now && now <= after, "{before} {now} {after}");
    }
}
