//! SES's sending rate. A new account out of the sandbox has 14 recipients a second, and SES allows a short burst
//! (<https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas.html>).

use std::time::{Duration, Instant};

/// Recipients a second, and at once.
const RATE: f64 = 14.0;

/// How much of the rate is used.
#[derive(Debug, Default)]
pub(super) struct SendRate {
    /// The recipients that count, and when that was so.
    used: Option<(f64, Instant)>,
}

impl SendRate {
    /// Takes email to so many recipients, if the rate allows it. Email that is refused does not count.
    pub(super) fn takes(&mut self, recipients: usize, now: Instant) -> bool {
        let passed = |at: Instant| now.saturating_duration_since(at).min(Duration::from_secs(60)).as_secs_f64();
        let left = self.used.map_or(0.0, |(used, at)| (used - RATE * passed(at)).max(0.0));
        let used = left + recipients as f64;
        if left > 0.0 && used > RATE {
            return false;
        }
        self.used = Some((used, now));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fourteen_a_second_go_out() {
        let (mut rate, start) = (SendRate::default(), Instant::now());
        let after = |millis| start + Duration::from_millis(millis);
        assert_eq!((0..20).filter(|_| rate.takes(1, start)).count(), 14, "at once");
        assert_eq!((0..20).filter(|_| rate.takes(1, after(500))).count(), 7, "after half a second");
        assert!(rate.takes(50, after(10_000)), "one email to many");
        assert!(!rate.takes(1, after(11_000)) && rate.takes(1, after(13_600)));
    }
}
