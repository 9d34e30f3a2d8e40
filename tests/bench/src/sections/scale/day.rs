//! The day that is simulated: when notifications are requested, on which channels, and what is due in the morning.

use crate::costs::Kind;

/// Seconds of a day.
pub const DAY: usize = 86_400;
/// When the morning's notifications are due.
pub const MORNING: usize = 7 * 3600;
/// Until when they are requested, from midnight on.
const REQUESTED: usize = 6 * 3600;
/// The part of a day's notifications that is due in the morning: a million of a hundred million.
pub const DUE_IN_THE_MORNING: f64 = 0.01;

/// How busy each hour is, beside an hour of a day without ups and downs: quiet nights, a peak before noon and one in the evening.
const HOURS: [f64; 24] = [
    0.35, 0.25, 0.20, 0.20, 0.25, 0.40, 0.70, 1.10, 1.50, 1.75, 1.80, 1.60, 1.40, 1.30, 1.25, 1.25, 1.30, 1.45, 1.70,
    1.80, 1.60, 1.20, 0.80, 0.50,
];

/// A channel of the day.
#[derive(Debug, Clone, Copy)]
pub struct Mix {
    /// The channel's name.
    pub name: &'static str,
    /// Its part of all deliveries.
    pub share: f64,
    /// What a batch of one costs.
    pub one: Kind,
    /// What a batch of ten costs.
    pub ten: Kind,
}

/// The channels. A notification is on one of them.
pub const CHANNELS: [Mix; 5] = [
    Mix { name: "email", share: 0.30, one: Kind::MailOne, ten: Kind::MailTen },
    Mix { name: "push", share: 0.45, one: Kind::PushOne, ten: Kind::PushTen },
    Mix { name: "sms", share: 0.01, one: Kind::SlackOne, ten: Kind::SlackTen },
    Mix { name: "slack", share: 0.04, one: Kind::SlackOne, ten: Kind::SlackTen },
    Mix { name: "in_app", share: 0.20, one: Kind::InAppOne, ten: Kind::InAppTen },
];
/// The place of push among the channels.
pub const PUSH: usize = 1;

/// The notifications of a day, second by second.
#[derive(Debug, Clone)]
pub struct Day {
    /// What is requested in each second, to be sent at once.
    pub now: Vec<f64>,
    /// What is requested in each second, to be sent in the morning.
    pub later: Vec<f64>,
}

impl Day {
    /// A day of so many notifications.
    pub fn of(notifications: f64) -> Self {
        let weights: Vec<_> = (0..DAY).map(weight).collect();
        let all: f64 = weights.iter().sum();
        let now = notifications * (1.0 - DUE_IN_THE_MORNING) / all;
        let later = notifications * DUE_IN_THE_MORNING / seconds(REQUESTED);
        Self {
            now: weights.into_iter().map(|weight| weight * now).collect(),
            later: (0..DAY).map(|second| if second < REQUESTED { later } else { 0.0 }).collect(),
        }
    }

    /// The most requests in a second.
    pub fn peak(&self) -> f64 {
        self.now.iter().zip(&self.later).map(|(now, later)| now + later).fold(0.0, f64::max)
    }
}

/// How busy a second is: between the middles of two hours, on the line between them.
fn weight(second: usize) -> f64 {
    let hours = (seconds(second) / 3600.0 + 23.5).rem_euclid(24.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 23")]
    let hour = hours as usize;
    let part = hours.fract();
    HOURS[hour % 24] * (1.0 - part) + HOURS[(hour + 1) % 24] * part
}

/// A number of seconds as a time.
#[expect(clippy::cast_precision_loss, reason = "a few days")]
pub fn seconds(second: usize) -> f64 {
    second as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_as_many_notifications_as_it_says() {
        let day = Day::of(1e8);
        let (now, later): (f64, f64) = (day.now.iter().sum(), day.later.iter().sum());
        assert!((now + later - 1e8).abs() < 1.0 && (later - 1e6).abs() < 1.0, "{now} {later}");
        let shares: f64 = CHANNELS.iter().map(|channel| channel.share).sum();
        assert!((shares - 1.0).abs() < 1e-9);
    }

    #[test]
    fn it_has_a_quiet_night_and_a_busy_day() {
        let day = Day::of(86_400.0);
        assert!(day.now[3 * 3600] < 0.25 && day.peak() > 1.6 && day.peak() < 2.0, "{}", day.peak());
        let jump = day.now.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f64::max);
        assert!(jump < 0.001, "no second is much busier than the one before: {jump}");
    }
}
