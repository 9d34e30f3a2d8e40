//! When a failed attempt is repeated.

use std::time::Duration;

/// No message waits longer for a table that does not answer.
const LONGEST_OUTAGE: Duration = Duration::from_secs(60);
/// What a provider keeps turning away waits longer by this each time, whatever the longest pause is.
const TURNED_AWAY: Duration = Duration::from_secs(1);
/// But that alone never makes it wait longer than this.
const LONGEST_TURNED_AWAY: Duration = Duration::from_secs(60);

/// Exponential back-off with full jitter, and the budget of attempts.
#[derive(Clone, Copy, Debug)]
pub struct Retries {
    /// How many attempts a delivery has.
    pub max_attempts: u32,
    /// The longest pause before the first retry, in seconds.
    pub base_seconds: u32,
    /// No pause is longer, in seconds.
    pub max_seconds: u32,
}

impl Retries {
    /// Whether no attempt follows the one of this number. Only the delivery's record counts attempts: a message may have been
    /// received often although nobody has tried to send it.
    pub fn is_last(&self, attempt: u32) -> bool {
        attempt >= self.max_attempts
    }

    /// Whether the attempt of this number is one too many: the last one was begun, and its worker died.
    pub fn is_beyond(&self, attempt: u32) -> bool {
        attempt > self.max_attempts
    }

    /// The pause after that many attempts: anything up to `base * 4^(attempts - 1)`, but never less than the provider
    /// asked for. `random` is from 0 to 1.
    pub fn pause(&self, attempts: u32, asked: Option<Duration>, random: f64) -> Duration {
        let steps = attempts.saturating_sub(1).min(15);
        let most = u64::from(self.base_seconds).saturating_mul(1 << (2 * steps));
        let most = Duration::from_secs(most).min(self.longest());
        let pause = most.mul_f64(random.clamp(0.0, 1.0));
        asked.unwrap_or_default().max(pause)
    }

    /// The pause after a provider has turned the message away so many times in a row. That uses up no attempt, so only the pause
    /// keeps the message from coming back every second for days: it has a floor that grows to a minute, half of it jitter.
    pub fn pause_turned_away(&self, times: u32, asked: Option<Duration>, random: f64) -> Duration {
        let floor = TURNED_AWAY.saturating_mul(times).min(LONGEST_TURNED_AWAY);
        self.pause(times, asked, random).max(floor.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0))
    }

    /// The pause after the table or the queue failed, so that nothing could be counted. It grows with the time by which the
    /// work is late already, up to a minute: half of it is fixed, and half is jitter.
    pub fn pause_of_outage(&self, late: Duration, random: f64) -> Duration {
        let base = Duration::from_secs(self.base_seconds.into());
        let most = late.max(base).min(LONGEST_OUTAGE).min(self.longest());
        most.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
    }

    fn longest(&self) -> Duration {
        Duration::from_secs(self.max_seconds.into())
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
    fn a_provider_s_wish_is_honoured_however_long_it_is() {
        let asked = Some(Duration::from_secs(30));
        assert_eq!(RETRIES.pause(1, asked, 1.0), Duration::from_secs(30));
        assert_eq!(RETRIES.pause(3, asked, 1.0), Duration::from_secs(64));
        for asked in [Duration::from_secs(7200), Duration::from_secs(14 * 86_400), Duration::MAX] {
            assert_eq!(RETRIES.pause(1, Some(asked), 1.0), asked, "also beyond our own longest");
        }
    }

    #[test]
    fn the_fifth_attempt_is_the_last_and_there_is_no_sixth() {
        assert!(!RETRIES.is_last(4) && RETRIES.is_last(5));
        assert!(!RETRIES.is_beyond(5) && RETRIES.is_beyond(6));
    }

    #[test]
    fn what_is_turned_away_waits_longer_each_time_however_short_the_longest_pause_is() {
        let short = Retries { base_seconds: 1, max_seconds: 1, ..RETRIES };
        let pause = |times, random| short.pause_turned_away(times, None, random).as_millis();
        assert_eq!([1, 2, 10, 60, u32::MAX].map(|times| pause(times, 0.0)), [500, 1000, 5000, 30_000, 30_000]);
        assert_eq!([1, 2, 10, 60, u32::MAX].map(|times| pause(times, 1.0)), [1000, 2000, 10_000, 60_000, 60_000]);
        let asked = Some(Duration::from_secs(30));
        assert_eq!(short.pause_turned_away(3, asked, 1.0), Duration::from_secs(30));
        assert_eq!(RETRIES.pause_turned_away(4, None, 1.0), Duration::from_secs(256), "as after an attempt");
    }

    #[test]
    fn while_the_table_is_out_pauses_grow_to_a_minute() {
        let pause = |late, random| RETRIES.pause_of_outage(Duration::from_secs(late), random).as_millis();
        assert_eq!((pause(0, 0.0), pause(0, 1.0)), (2000, 4000));
        assert_eq!((pause(30, 0.0), pause(30, 1.0)), (15_000, 30_000));
        assert_eq!((pause(86_400, 0.0), pause(86_400, 1.0)), (30_000, 60_000));
        let short = Retries { base_seconds: 60, max_seconds: 1, ..RETRIES };
        assert_eq!(short.pause_of_outage(Duration::ZERO, 1.0), Duration::from_secs(1), "no pause is longer");
    }
}
