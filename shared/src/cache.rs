//! Values that may be a little old.

use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};

use tokio::sync::Mutex;

use crate::{clock::Clock, domain::Timestamp};

/// How long a process uses what it has read of channels, keys and secrets.
pub const A_MINUTE: Duration = Duration::from_secs(60);

/// Whether a value that was read at `since` may still be used at `now`. A value from the future is not used: the clock
/// was set back, so its age is unknown.
pub fn is_fresh(since: Timestamp, now: Timestamp, keep: Duration) -> bool {
    since <= now && now.saturating_duration_since(since) < keep
}

/// One value, fetched when a caller asks for it and kept for a time by the wall clock, which goes on while the process
/// is frozen. A failure is not kept.
#[derive(Debug)]
pub struct Cached<T> {
    keep: Duration,
    clock: Clock,
    /// The value, with the time at which it was asked for.
    value: Mutex<Option<(Timestamp, Arc<T>)>>,
}

impl<T> Cached<T> {
    /// An empty cache that keeps a value for `keep`.
    pub fn new(keep: Duration, clock: Clock) -> Self {
        Self { keep, clock, value: Mutex::new(None) }
    }

    /// The value. If there is none or it is too old, one caller calls `fetch` while the others wait.
    pub async fn get<E, F>(&self, fetch: impl FnOnce() -> F) -> Result<Arc<T>, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.get_within(self.keep, fetch).await
    }

    /// The value, but no older than `most`.
    pub async fn get_within<E, F>(&self, most: Duration, fetch: impl FnOnce() -> F) -> Result<Arc<T>, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let mut held = self.value.lock().await;
        let now = self.clock.now();
        if let Some((since, value)) = held.as_ref()
            && is_fresh(*since, now, most.min(self.keep))
        {
            return Ok(value.clone());
        }
        let value = Arc::new(fetch().await?);
        *held = Some((now, value.clone()));
        Ok(value)
    }
}

/// The most values of one [`CachedMap`]. It is emptied when there would be more.
const MAX_VALUES: usize = 1000;

/// Values by name, each fetched when a caller asks for it and kept for a time. Neither a failure nor a missing value is
/// kept.
#[derive(Debug)]
pub struct CachedMap<T> {
    keep: Duration,
    clock: Clock,
    values: Mutex<HashMap<String, Arc<Cached<T>>>>,
}

/// Why there is no value.
enum Absent<E> {
    Nothing,
    Failed(E),
}

impl<T> CachedMap<T> {
    /// An empty cache that keeps each value for `keep`.
    pub fn new(keep: Duration, clock: Clock) -> Self {
        Self { keep, clock, values: Mutex::default() }
    }

    /// The value of that name. If there is none or it is too old, one caller calls `fetch` while the others who ask for
    /// that name wait.
    pub async fn get<E, F>(&self, name: &str, fetch: impl FnOnce() -> F) -> Result<Option<Arc<T>>, E>
    where
        F: Future<Output = Result<Option<T>, E>>,
    {
        let cached = {
            let mut values = self.values.lock().await;
            if values.len() >= MAX_VALUES && !values.contains_key(name) {
                values.clear();
            }
            let new = || Arc::new(Cached::new(self.keep, self.clock.clone()));
            values.entry(name.to_owned()).or_insert_with(new).clone()
        };
        let fetch = || async { fetch().await.map_err(Absent::Failed)?.ok_or(Absent::Nothing) };
        match cached.get(fetch).await {
            Ok(value) => Ok(Some(value)),
            Err(Absent::Nothing) => Ok(None),
            Err(Absent::Failed(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn stopped() -> ManualClock {
        ManualClock::new(Timestamp::from_millis(1_000_000))
    }

    #[tokio::test]
    async fn a_value_is_fetched_once_and_a_failure_is_not_kept() {
        let cached = Cached::new(A_MINUTE, stopped().clock());
        assert_eq!(cached.get(|| async { Err::<u8, _>("down") }).await, Err("down"));
        assert_eq!(cached.get(|| async { Ok::<_, &str>(1) }).await, Ok(Arc::new(1)));
        assert_eq!(cached.get(|| async { Err("not asked") }).await, Ok(Arc::new(1)));
        let fresh = cached.get_within(Duration::ZERO, || async { Ok::<_, &str>(2) });
        assert_eq!(fresh.await, Ok(Arc::new(2)));
    }

    #[tokio::test]
    async fn a_value_is_at_most_so_old_by_the_wall_clock() {
        let manual = stopped();
        let cached = Cached::new(A_MINUTE, manual.clock());
        let get = async |value: u8| *cached.get(|| async { Ok::<_, &str>(value) }).await.unwrap();
        assert_eq!(get(1).await, 1);
        manual.advance(A_MINUTE - Duration::from_millis(1));
        assert_eq!(get(2).await, 1);
        // As after a freeze: only the wall clock has gone on.
        manual.set(Timestamp::from_millis(1_060_000));
        assert_eq!(get(3).await, 3);
        // A clock that is set back must not keep the value for ever.
        manual.set(Timestamp::EPOCH);
        assert_eq!(get(4).await, 4);
        assert_eq!(get(5).await, 4);
    }

    #[tokio::test]
    async fn a_value_is_as_old_as_the_question_for_it() {
        let manual = stopped();
        let cached = Cached::new(A_MINUTE, manual.clock());
        let slow = || async {
            manual.advance(A_MINUTE);
            Ok::<_, &str>(1)
        };
        assert_eq!(cached.get(slow).await, Ok(Arc::new(1)));
        assert_eq!(cached.get(|| async { Ok::<_, &str>(2) }).await, Ok(Arc::new(2)));
    }

    #[tokio::test]
    async fn each_name_has_its_value_and_that_there_is_none_is_not_kept() {
        let cached = CachedMap::new(A_MINUTE, stopped().clock());
        assert_eq!(cached.get("a", || async { Ok::<Option<u8>, &str>(None) }).await, Ok(None));
        assert_eq!(cached.get("a", || async { Err("down") }).await, Err("down"));
        assert_eq!(cached.get("a", || async { Ok::<_, &str>(Some(1)) }).await, Ok(Some(Arc::new(1))));
        assert_eq!(cached.get("a", || async { Err("not asked") }).await, Ok(Some(Arc::new(1))));
        assert_eq!(cached.get("b", || async { Ok::<_, &str>(Some(2)) }).await, Ok(Some(Arc::new(2))));
        for name in 0..2 * MAX_VALUES {
            assert!(cached.get(&name.to_string(), || async { Ok::<_, &str>(Some(3)) }).await.is_ok());
        }
        assert!(cached.values.lock().await.len() <= MAX_VALUES);
    }
}
