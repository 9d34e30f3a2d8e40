//! Values that may be a little old.

use std::{
    collections::HashMap,
    future::Future,
    hash::Hash,
    sync::{Arc, Mutex as SyncMutex, PoisonError},
    time::Duration,
};

use tokio::sync::Mutex;

use crate::clock::{Clock, Moment};

/// How long a process uses what it has read of channels, keys and secrets.
pub const A_MINUTE: Duration = Duration::from_secs(60);

/// A value, and how long a process may go on with it. The value cannot be had without asking whether it is still good: time
/// counts for which the process was frozen, and if the wall clock is set back, nothing is good any more.
#[derive(Debug)]
pub struct Aged<T> {
    value: T,
    since: Moment,
    keep: Duration,
}

impl<T> Aged<T> {
    /// A value that was asked for at `since` and is good for `keep`.
    pub fn new(value: T, since: Moment, keep: Duration) -> Self {
        Self { value, since, keep }
    }

    /// The value, if it is still good.
    pub fn get(&self, clock: &Clock) -> Option<&T> {
        self.get_within(self.keep, clock)
    }

    /// The value, if it is still good and not as old as `max_age`.
    pub fn get_within(&self, max_age: Duration, clock: &Clock) -> Option<&T> {
        (clock.age(self.since) < max_age.min(self.keep)).then_some(&self.value)
    }

    /// The value, if it is still good.
    pub fn into_inner(self, clock: &Clock) -> Option<T> {
        (clock.age(self.since) < self.keep).then_some(self.value)
    }
}

/// One value, fetched when a caller asks for it and kept for a time. A failure is not kept.
#[derive(Debug)]
pub struct Cached<T> {
    keep: Duration,
    clock: Clock,
    value: Mutex<Option<Aged<Arc<T>>>>,
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

    /// The same, but not as old as `max_age`.
    pub async fn get_within<E, F>(&self, max_age: Duration, fetch: impl FnOnce() -> F) -> Result<Arc<T>, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let mut held = self.value.lock().await;
        let since = self.clock.moment();
        if let Some(value) = held.as_ref().and_then(|held| held.get_within(max_age, &self.clock)) {
            return Ok(value.clone());
        }
        let value = Arc::new(fetch().await?);
        *held = Some(Aged::new(value.clone(), since, self.keep));
        Ok(value)
    }
}

/// The most places of one [`Places`] that does not say how many. They are emptied when there would be more.
const MAX_PLACES: usize = 1000;

/// A place for each key, which is made when a caller first asks for it. Each key takes memory, and too many of them empty all
/// places, so callers give only keys that no stranger can invent.
#[derive(Debug)]
pub struct Places<K, P> {
    most: usize,
    places: SyncMutex<HashMap<K, Arc<P>>>,
}

impl<K, P> Default for Places<K, P> {
    fn default() -> Self {
        Self::at_most(MAX_PLACES)
    }
}

impl<K, P> Places<K, P> {
    /// No places yet, and never more than `most`.
    pub fn at_most(most: usize) -> Self {
        Self { most, places: SyncMutex::default() }
    }
}

impl<K: Clone + Eq + Hash, P> Places<K, P> {
    /// The place of that key.
    pub fn of(&self, key: &K, new: impl FnOnce() -> P) -> Arc<P> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= self.most && !places.contains_key(key) {
            places.clear();
        }
        places.entry(key.clone()).or_insert_with(|| Arc::new(new())).clone()
    }

    /// Removes a key's place.
    pub fn forget(&self, key: &K) {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// Values by key, each fetched when a caller asks for it and kept for a time.
#[derive(Debug)]
pub struct CachedMap<K, T> {
    keep: Duration,
    clock: Clock,
    values: Places<K, Cached<T>>,
}

/// Why there is no value.
enum Absent<E> {
    Nothing,
    Failed(E),
}

impl<K: Clone + Eq + Hash, T> CachedMap<K, T> {
    /// An empty cache that keeps each value for `keep`.
    pub fn new(keep: Duration, clock: Clock) -> Self {
        Self::at_most(MAX_PLACES, keep, clock)
    }

    /// The same for large values: at most so many are kept.
    pub fn at_most(most: usize, keep: Duration, clock: Clock) -> Self {
        Self { keep, clock, values: Places::at_most(most) }
    }

    /// The place of that key's value, as [`Places::of`] gives it.
    pub fn of(&self, key: &K) -> Arc<Cached<T>> {
        self.values.of(key, || Cached::new(self.keep, self.clock.clone()))
    }

    /// Forgets a key's value.
    pub fn forget(&self, key: &K) {
        self.values.forget(key);
    }

    /// The value of that key. If there is none or it is too old, one caller calls `fetch` while the others who ask for that key
    /// wait. Neither a failure nor a missing value is kept.
    pub async fn get<E, F>(&self, key: &K, fetch: impl FnOnce() -> F) -> Result<Option<Arc<T>>, E>
    where
        F: Future<Output = Result<Option<T>, E>>,
    {
        let fetch = || async { fetch().await.map_err(Absent::Failed)?.ok_or(Absent::Nothing) };
        match self.of(key).get(fetch).await {
            Ok(value) => Ok(Some(value)),
            Err(absent) => {
                // Its place is removed, so that keys which do not exist do not push out others.
                self.forget(key);
                match absent {
                    Absent::Nothing => Ok(None),
                    Absent::Failed(error) => Err(error),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::ManualClock, domain::Timestamp};

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
    async fn a_value_is_used_for_its_time_also_if_the_process_is_frozen_and_never_for_longer() {
        let manual = stopped();
        let cached = Cached::new(A_MINUTE, manual.clock());
        let get = async |value: u8| *cached.get(|| async { Ok::<_, &str>(value) }).await.unwrap();
        assert_eq!(get(1).await, 1);
        manual.advance(A_MINUTE - Duration::from_millis(1));
        assert_eq!(get(2).await, 1);
        manual.freeze(Duration::from_millis(1));
        assert_eq!(get(3).await, 3);
        // The wall clock is set back again and again, by less than the value may be kept.
        manual.set(Timestamp::from_millis(1_059_000));
        assert_eq!(get(4).await, 4);
        for value in 5..9 {
            manual.advance(A_MINUTE / 2);
            manual.set(Timestamp::from_millis(1_059_000 - 100 * i64::from(value)));
            assert_eq!(get(value).await, value);
        }
        // It is set back while nobody looks, so that it shows the same time as before.
        let before = manual.clock().now();
        manual.advance(A_MINUTE);
        manual.set(before);
        assert_eq!(get(9).await, 9);
        assert_eq!(get(10).await, 9);
    }

    #[tokio::test]
    async fn what_was_too_old_does_not_come_back_with_an_earlier_wall_clock() {
        let manual = stopped();
        let cached = CachedMap::new(A_MINUTE, manual.clock());
        assert_eq!(cached.get(&"key", || async { Ok::<_, &str>(Some(1)) }).await, Ok(Some(Arc::new(1))));
        manual.advance(A_MINUTE);
        // The key was deleted, and then nobody can be asked.
        assert_eq!(cached.get(&"key", || async { Ok::<Option<u8>, &str>(None) }).await, Ok(None));
        manual.set(Timestamp::from_millis(1_030_000));
        assert_eq!(cached.get(&"key", || async { Err("down") }).await, Err("down"));
    }

    #[test]
    fn an_aged_value_is_taken_only_in_its_time() {
        let manual = stopped();
        let clock = manual.clock();
        let aged = || Aged::new("value", clock.moment(), A_MINUTE);
        let (one, other, third) = (aged(), aged(), aged());
        manual.freeze(A_MINUTE / 2);
        assert_eq!((one.get(&clock), one.get_within(A_MINUTE / 2, &clock)), (Some(&"value"), None));
        assert_eq!(one.into_inner(&clock), Some("value"));
        manual.freeze(A_MINUTE / 2);
        assert_eq!((other.get(&clock), other.get_within(Duration::MAX, &clock)), (None, None));
        assert_eq!(other.into_inner(&clock), None);
        manual.set(Timestamp::from_millis(1_000_000));
        assert_eq!(third.into_inner(&clock), None);
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
    async fn each_key_has_its_value_and_that_there_is_none_is_not_kept() {
        let cached = CachedMap::new(A_MINUTE, stopped().clock());
        let get = async |key: &str, value| cached.get(&key.to_owned(), || async { value }).await;
        assert_eq!(get("a", Ok::<Option<u8>, &str>(None)).await, Ok(None));
        assert_eq!(get("a", Err("down")).await, Err("down"));
        assert!(cached.values.places.lock().unwrap().is_empty());
        assert_eq!(get("a", Ok(Some(1))).await, Ok(Some(Arc::new(1))));
        assert_eq!(get("a", Err("not asked")).await, Ok(Some(Arc::new(1))));
        assert_eq!(get("b", Ok(Some(2))).await, Ok(Some(Arc::new(2))));
        for unknown in 0..2 * MAX_PLACES {
            assert_eq!(get(&unknown.to_string(), Ok(None)).await, Ok(None));
        }
        assert_eq!(get("a", Err("not asked")).await, Ok(Some(Arc::new(1))));
        cached.forget(&"a".to_owned());
        assert_eq!(get("a", Ok(Some(3))).await, Ok(Some(Arc::new(3))));
        for known in 0..2 * MAX_PLACES {
            assert!(get(&known.to_string(), Ok(Some(4))).await.is_ok());
        }
        assert!(cached.values.places.lock().unwrap().len() <= MAX_PLACES);
    }

    #[tokio::test]
    async fn of_large_values_few_are_kept() {
        let cached = CachedMap::at_most(3, A_MINUTE, stopped().clock());
        for known in 0..10 {
            assert_eq!(cached.get(&known, || async { Ok::<_, &str>(Some(known)) }).await, Ok(Some(Arc::new(known))));
            assert!(cached.values.places.lock().unwrap().len() <= 3);
        }
        assert_eq!(cached.get(&9, || async { Err("not asked") }).await, Ok(Some(Arc::new(9))));
    }

    #[tokio::test]
    async fn who_asks_for_the_same_key_at_once_waits_for_one_fetch() {
        let cached = CachedMap::new(A_MINUTE, stopped().clock());
        let fetched = std::cell::Cell::new(0);
        let get = || {
            cached.get(&"key", || async {
                fetched.set(fetched.get() + 1);
                tokio::task::yield_now().await;
                Ok::<_, &str>(Some(1))
            })
        };
        assert_eq!(futures::join!(get(), get(), get()).2, Ok(Some(Arc::new(1))));
        assert_eq!(fetched.get(), 1);
    }
}
