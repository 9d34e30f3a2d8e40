//! How often a key may call: each execution environment has a bucket of tokens for each key, which refills evenly. It is
//! off by default.
//!
//! This is a guard against one runaway client, and no quota of a deployment: a count that all environments share would
//! cost a write for each request, which doubles the price of a write.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{
    config::{self, ConfigError},
    domain::Timestamp,
};

/// The period of the limit.
const WINDOW: Duration = Duration::from_secs(60);
/// The most keys that a process counts calls of.
const MAX_KEYS: usize = 1000;

/// Counts calls by key.
#[derive(Debug)]
pub struct RateLimit {
    /// Calls a minute; zero is no limit.
    limit: u32,
    buckets: Mutex<HashMap<String, Bucket>>,
}

/// A call over the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slowed {
    /// Calls a minute.
    pub limit: u32,
    /// Whole seconds until the next call will pass, at least one.
    pub retry_after: u64,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    since: Timestamp,
}

impl RateLimit {
    /// A limit of that many calls a minute for each key. Zero means no limit.
    pub fn new(limit: u32) -> Self {
        Self { limit, buckets: Mutex::default() }
    }

    /// From the environment: `RATE_LIMIT_PER_MINUTE`.
    pub fn from_env() -> Result<Self, ConfigError> {
        config::parsed("RATE_LIMIT_PER_MINUTE").map(Self::new)
    }

    /// Counts a call of `key` at `now`, by the wall clock, which goes on while the process is frozen. If the clock is
    /// set back, nothing is refilled at that moment.
    pub fn check(&self, key: &str, now: Timestamp) -> Result<(), Slowed> {
        if self.limit == 0 {
            return Ok(());
        }
        let full = f64::from(self.limit);
        let a_second = full / WINDOW.as_secs_f64();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_KEYS && !buckets.contains_key(key) {
            // The bucket of a key that has not called for a while is full, so it need not be kept.
            buckets.retain(|_, bucket| now < bucket.since.plus(WINDOW));
        }
        let bucket = buckets.entry(key.to_owned()).or_insert(Bucket { tokens: full, since: now });
        let refill = now.saturating_duration_since(bucket.since).as_secs_f64() * a_second;
        bucket.tokens = (bucket.tokens + refill).min(full);
        bucket.since = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        let wait = Duration::from_secs_f64((1.0 - bucket.tokens) / a_second);
        let retry_after = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Err(Slowed { limit: self.limit, retry_after: retry_after.max(1) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_emptied_and_refilled_evenly() {
        let limit = RateLimit::new(2);
        let start = Timestamp::EPOCH.plus(WINDOW);
        assert_eq!((limit.check("a", start), limit.check("a", start)), (Ok(()), Ok(())));
        assert_eq!(limit.check("a", start), Err(Slowed { limit: 2, retry_after: 30 }));
        assert_eq!(limit.check("b", start), Ok(()), "another key has a bucket of its own");
        let later = start.plus(Duration::from_secs(20));
        assert_eq!(limit.check("a", later), Err(Slowed { limit: 2, retry_after: 10 }));
        assert_eq!(limit.check("a", start.plus(Duration::from_secs(31))), Ok(()));
        let long = start.plus(Duration::from_secs(3600));
        assert_eq!((limit.check("a", long), limit.check("a", long)), (Ok(()), Ok(())));
        assert!(limit.check("a", long).is_err(), "a bucket holds no more than the limit");
    }

    #[test]
    fn a_clock_that_is_set_back_neither_refills_a_bucket_nor_stops_its_refill() {
        let limit = RateLimit::new(2);
        let start = Timestamp::EPOCH.plus(WINDOW * 60);
        assert_eq!((limit.check("a", start), limit.check("a", start)), (Ok(()), Ok(())));
        let back = Timestamp::EPOCH;
        assert!(limit.check("a", back).is_err());
        assert_eq!(limit.check("a", back.plus(Duration::from_secs(31))), Ok(()));
    }

    /// Two execution environments do not know of each other, and whoever sets the parameter must know that.
    #[test]
    fn each_environment_counts_for_itself_and_the_words_say_so() {
        let [one, other] = [RateLimit::new(1), RateLimit::new(1)];
        assert_eq!((one.check("a", Timestamp::EPOCH), other.check("a", Timestamp::EPOCH)), (Ok(()), Ok(())));
        assert!(one.check("a", Timestamp::EPOCH).is_err() && other.check("a", Timestamp::EPOCH).is_err());
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        for (file, begin, end) in [
            ("functions/docs/guides/configuration.md", "| `RateLimitPerMinute` |", "|\n"),
            ("template.yaml", "  RateLimitPerMinute:", "\n  ThrottleRate:"),
        ] {
            let text = std::fs::read_to_string(format!("{root}/{file}")).unwrap();
            let (_, said) = text.split_once(begin).unwrap();
            let (said, _) = said.split_once(end).unwrap();
            assert!(said.contains("each execution environment") && said.contains("do not share"), "{file}: {said}");
        }
    }

    #[test]
    fn zero_is_no_limit() {
        let limit = RateLimit::new(0);
        assert!((0..1000).all(|_| limit.check("a", Timestamp::EPOCH).is_ok()));
    }
}
