//! When a failed attempt is repeated.

use std::time::Duration;

/// SQS hides a message for twelve hours at the most.
const LONGEST: Duration = Duration::from_secs(43_000);

/// Exponential back-off with full jitter, within the queue's budget of receives.
#[derive(Clone, Copy, Debug)]
pub struct Retries {
    /// How many attempts a delivery has, and how often SQS gives a message out before it moves it to the dead-letter
    /// queue.
    pub max_attempts: u32,
    /// The longest pause before the first retry, in seconds.
    pub base_seconds: u32,
    /// No pause is longer, in seconds.
    pub max_seconds: u32,
}

impl Retries {
    /// Whether no attempt follows: the message will not be given out again, or the delivery has used up its attempts,
    /// perhaps through several copies of the message.
    pub fn is_last(&self, receive: u32, attempts: u32) -> bool {
        receive.max(attempts) >= self.max_attempts
    }

    /// The pause after that many attempts: anything up to `base * 4^(attempts - 1)`, but never less than the provider
    /// asked for. `random` is from 0 to 1.
    pub fn pause(&self, attempts: u32, asked: Option<Duration>, random: f64) -> Duration {
        let longest = Duration::from_secs(self.max_seconds.into());
        let steps = attempts.saturating_sub(1).min(15);
        let most = u64::from(self.base_seconds).saturating_mul(1 << (2 * steps));
        let most = Duration::from_secs(most).min(longest);
        let pause = most.mul_f64(random.clamp(0.0, 1.0));
        asked.unwrap_or_default().min(LONGEST).max(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRIES: Retries = Retries { max_attempts: 5, base_seconds: 4, max_seconds: 900 };

    #[test]
    fn pauses_grow_fourfold_and_have_full_jitter() {
        let most: Vec<_> = (1..=6).map(|n| RETRIES.pause(n, None, 1.0).as_secs()).collect();
        assert_eq!(most, [4, 16, 64, 256, 900, 900]);
        assert_eq!(RETRIES.pause(3, None, 0.0), Duration::ZERO);
        assert_eq!(RETRIES.pause(u32::MAX, None, 1.0), Duration::from_secs(900));
    }

    #[test]
    fn a_provider_s_wish_is_honoured() {
        let asked = Some(Duration::from_secs(30));
        assert_eq!(RETRIES.pause(1, asked, 1.0), Duration::from_secs(30));
        assert_eq!(RETRIES.pause(3, asked, 1.0), Duration::from_secs(64));
        let hours = Some(Duration::from_secs(7200));
        assert_eq!(RETRIES.pause(1, hours, 1.0), Duration::from_secs(7200), "also beyond our own longest");
        assert_eq!(RETRIES.pause(1, Some(Duration::MAX), 1.0), LONGEST);
    }

    #[test]
    fn the_fifth_receive_is_the_last_and_so_is_the_fifth_attempt() {
        assert!(!RETRIES.is_last(4, 4));
        assert!(RETRIES.is_last(5, 1));
        assert!(RETRIES.is_last(1, 5));
    }
}
