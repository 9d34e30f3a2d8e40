//! A value that may be a little old.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

/// How long a process may go on with what it knows of channels, keys and secrets.
pub const A_MINUTE: Duration = Duration::from_secs(60);

/// One value, fetched when it is asked for and kept for a time. A failure is not kept.
#[derive(Debug)]
pub struct Cached<T> {
    keep: Duration,
    value: Mutex<Option<(Instant, Arc<T>)>>,
}

impl<T> Cached<T> {
    /// An empty cache that keeps a value for `keep`.
    pub fn new(keep: Duration) -> Self {
        Self { keep, value: Mutex::new(None) }
    }

    /// The value; `fetch` is called where there is none or it is too old, by one caller while the others wait.
    pub async fn get<E, F>(&self, fetch: impl FnOnce() -> F) -> Result<Arc<T>, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.get_within(self.keep, fetch).await
    }

    /// The same, but no older than `most`.
    pub async fn get_within<E, F>(&self, most: Duration, fetch: impl FnOnce() -> F) -> Result<Arc<T>, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let mut held = self.value.lock().await;
        if let Some((since, value)) = held.as_ref()
            && since.elapsed() < most.min(self.keep)
        {
            return Ok(value.clone());
        }
        let value = Arc::new(fetch().await?);
        *held = Some((Instant::now(), value.clone()));
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_value_is_fetched_once_and_a_failure_is_not_kept() {
        let cached = Cached::new(A_MINUTE);
        assert_eq!(cached.get(|| async { Err::<u8, _>("down") }).await, Err("down"));
        assert_eq!(cached.get(|| async { Ok::<_, &str>(1) }).await, Ok(Arc::new(1)));
        assert_eq!(cached.get(|| async { Err("not asked") }).await, Ok(Arc::new(1)));
        let fresh = cached.get_within(Duration::ZERO, || async { Ok::<_, &str>(2) });
        assert_eq!(fresh.await, Ok(Arc::new(2)));
    }
}
