//! Virtual time. It stands still while anybody has something to do, and then jumps to the next timer.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use futures::future::BoxFuture;
use shared::domain::Timestamp;

/// The time of one simulation. A clone is the same time.
#[derive(Clone, Default)]
pub struct Time(Arc<Mutex<Timers>>);

#[derive(Default)]
struct Timers {
    now: Duration,
    /// Those who wait, by the moment and the order in which they began to wait.
    waiting: BTreeMap<(Duration, u64), Waker>,
    next: u64,
}

impl Time {
    /// The time that has passed since the simulation began.
    pub fn now(&self) -> Duration {
        self.timers().now
    }

    /// Waits until so much time has passed.
    pub fn sleep(&self, time: Duration) -> Sleep {
        let mut timers = self.timers();
        timers.next += 1;
        Sleep { key: (timers.now.saturating_add(time), timers.next), time: self.clone() }
    }

    /// Jumps to the next timer and wakes who waits for it. Returns `false` if nobody waits.
    pub fn jump(&self) -> bool {
        let woken = {
            let mut timers = self.timers();
            let Some((key, waker)) = timers.waiting.pop_first() else { return false };
            timers.now = timers.now.max(key.0);
            waker
        };
        woken.wake();
        true
    }

    fn timers(&self) -> MutexGuard<'_, Timers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Time({:?})", self.now())
    }
}

/// Somebody who waits.
#[derive(Debug)]
pub struct Sleep {
    key: (Duration, u64),
    time: Time,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut timers = self.time.timers();
        if timers.now >= self.key.0 {
            return Poll::Ready(());
        }
        timers.waiting.insert(self.key, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.time.timers().waiting.remove(&self.key);
    }
}

/// The clock of one process. Its wall clock is a little wrong.
#[derive(Clone, Debug)]
pub struct SkewedTime {
    /// The true time.
    pub time: Time,
    /// What the wall clock shows when the simulation begins.
    pub begin: Timestamp,
}

impl shared::clock::Time for SkewedTime {
    fn wall(&self) -> Timestamp {
        self.begin.plus(self.time.now())
    }

    fn uptime(&self) -> Duration {
        self.time.now()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(self.time.sleep(time))
    }
}
