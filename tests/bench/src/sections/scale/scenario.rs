//! What a run of the model is told: the limits, the provider that is down, and how what is held is released.

use super::day::{CHANNELS, PUSH};
use super::quotas::{Id, Quotas};
use crate::costs::{Assumed, Kind, Measured};
use crate::section::Fault;
use crate::sections::money;
use crate::template;

use super::channel::Work;

/// A provider that is down.
#[derive(Debug, Clone, Copy)]
pub struct Outage {
    /// The channel, by its place.
    pub channel: usize,
    /// The first second.
    pub from: usize,
    /// The first second after it.
    pub until: usize,
    /// How long a call takes that fails, in seconds.
    pub fails_after: f64,
    /// The first second of a pause of the channel, if the operator pauses it: what comes is held, until the provider is back.
    pub paused_from: Option<usize>,
    /// From this second on the operator redrives the dead letters.
    pub redriven_from: usize,
    /// Dead letters a second that are redriven.
    pub redrive_rate: f64,
}

/// How held deliveries are released.
#[derive(Debug, Clone, Copy)]
pub struct Release {
    /// So many seconds before they are due.
    pub ahead: usize,
    /// How many processes work on it at once.
    pub processes: f64,
    /// In how many parts the list stands. One part takes as many write units a second as a partition does.
    pub parts: f64,
    /// For how many seconds of each minute it works.
    pub works: usize,
    /// The processor time of one delivery in a process, in seconds.
    pub takes: f64,
}

impl Release {
    /// How many deliveries it releases in a second in which it works. An entry of the list costs a write unit to remove.
    pub fn rate(&self, partition: f64) -> f64 {
        (self.processes / self.takes).min(self.parts * partition)
    }
}

/// What limits a run. A limit that does not hold is infinite.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Requests a second.
    pub requests: f64,
    /// Invocations at once, of all functions.
    pub concurrency: f64,
    /// Invocations at once of each channel.
    pub channels: [f64; 5],
    /// Invocations at once with which an event source begins.
    pub start: f64,
    /// By how many they grow in a second.
    pub growth: f64,
    /// Write units a second.
    pub write: f64,
    /// Read units a second.
    pub read: f64,
    /// Write units of a partition a second.
    pub partition: f64,
    /// Deliveries a second that each provider takes.
    pub providers: [f64; 5],
}

/// A run of the model.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The day's notifications.
    pub notifications: f64,
    /// What limits it.
    pub limits: Limits,
    /// The provider that is down, if there is one.
    pub outage: Option<Outage>,
    /// How held deliveries are released.
    pub release: Release,
    /// The back-off of retries: the longest first one, the longest of all, in seconds, and the number of attempts.
    pub retries: (f64, f64, u32),
    /// What deliveries cost, channel by channel.
    pub work: [Work; 5],
    /// What it costs to accept, to hold and to release.
    pub others: Others,
}

/// What else is done.
#[derive(Debug, Clone, Copy)]
pub struct Others {
    /// Accepts a notification.
    pub accept: crate::costs::Invocation,
    /// Holds ten.
    pub hold: crate::costs::Invocation,
    /// Releases many.
    pub release: crate::costs::Invocation,
    /// For what was not measured.
    pub assumed: Assumed,
}

/// The published quotas and the template's parameters, as a new deployment has them.
pub fn as_deployed(quotas: &Quotas) -> Limits {
    let slack = quotas.limit(Id::SlackWorkspace);
    Limits {
        requests: quotas.limit(Id::ThrottleRate).min(quotas.limit(Id::ApiRate)),
        concurrency: quotas.limit(Id::AccountConcurrency),
        channels: ["EmailConcurrency", "PushConcurrency", "SmsConcurrency", "SlackConcurrency", "InAppConcurrency"]
            .map(template::number),
        start: quotas.limit(Id::SourceStart),
        growth: quotas.limit(Id::SourceScaling) / 60.0,
        write: quotas.limit(Id::NewTableWrite),
        read: quotas.limit(Id::NewTableRead),
        partition: quotas.limit(Id::PartitionWrite),
        providers: [
            quotas.limit(Id::SesRate),
            quotas.limit(Id::FcmRate),
            quotas.limit(Id::SmsTollFree),
            slack,
            f64::INFINITY,
        ],
    }
}

/// The same, after the providers have raised their limits and the table is warm.
pub fn providers_raised(quotas: &Quotas) -> Limits {
    let usual = as_deployed(quotas);
    Limits {
        write: quotas.limit(Id::TableWrite),
        read: quotas.limit(Id::TableRead),
        providers: [
            f64::INFINITY,
            quotas.limit(Id::FcmRate),
            quotas.limit(Id::SmsShortCode),
            f64::INFINITY,
            f64::INFINITY,
        ],
        ..usual
    }
}

/// The same, with the parameters that a day needs.
pub fn sized(quotas: &Quotas, parameters: &Parameters) -> Limits {
    let raised = providers_raised(quotas);
    Limits {
        requests: parameters.throttle_rate.min(quotas.limit(Id::ApiRate)),
        channels: parameters.concurrency,
        ..raised
    }
}

/// The parameters of the template that grow with the traffic.
#[derive(Debug, Clone, Copy)]
pub struct Parameters {
    /// `ThrottleRate`.
    pub throttle_rate: f64,
    /// `EmailConcurrency` and the others.
    pub concurrency: [f64; 5],
}

/// A morning's deliveries are sent within this time, in seconds.
const MORNING_WITHIN: f64 = 300.0;

impl Parameters {
    /// The parameters for a day of so many: twice the peak, and the morning's deliveries within five minutes; never below the
    /// template's defaults.
    pub fn of(day: &super::day::Day, quotas: &Quotas, work: &[Work; 5]) -> Self {
        let (peak, morning) = (day.peak(), day.later.iter().sum::<f64>() / MORNING_WITHIN);
        let usual = as_deployed(quotas);
        let mut concurrency = usual.channels;
        for ((workers, channel), work) in concurrency.iter_mut().zip(CHANNELS).zip(work) {
            let wanted = (2.0 * peak).max(peak + morning) * channel.share;
            *workers = workers.max((wanted / work.most(1.0, 0.0)).ceil());
        }
        let throttle_rate = usual.requests.max((2.0 * peak / 100.0).ceil() * 100.0);
        Self { throttle_rate, concurrency }
    }
}

/// How held deliveries were released until November 2026, and how they are since.
pub struct Releases {
    /// One process, ten minutes ahead, a list of eight parts.
    pub before: Release,
    /// As many processes side by side as the template has schedules for it, and as far ahead as SQS delays a message.
    pub now: Release,
}

/// To how many parts of the list what is held is written, and was before (`WRITTEN_PARTS` in `shared/src/store/waiting.rs`).
const PARTS: [f64; 2] = [8.0, 8.0];
/// How many seconds ahead messages are sent, and before: SQS delays a message by 15 minutes at most, and clocks differ.
const AHEAD: [usize; 2] = [890, 600];
/// A run of the schedule ends before the next one begins.
const LONGEST_RUN: usize = 55;

impl Releases {
    /// With the processor time that was measured. The template says how many processes work at once: each has a schedule.
    pub fn of(measured: &Measured) -> Result<Self, Fault> {
        let release = measured.of(Kind::Release)?;
        let takes = release.computes_ms(&money::usual()) / release.pieces / 1000.0;
        let works = (template::number("DispatchTimeout") as usize).min(LONGEST_RUN);
        let before = Release { ahead: AHEAD[1], processes: 1.0, parts: PARTS[1], works, takes };
        let processes = template::count(r#"{"release": "held""#) as f64;
        Ok(Self { before, now: Release { ahead: AHEAD[0], processes, parts: PARTS[0], ..before } })
    }
}

/// Whoever carries push is down from 10:00 to 11:00. A quarter of an hour later an operator redrives the dead letters.
pub fn outage(fails_after: f64, paused_from: Option<usize>) -> Outage {
    let (from, until) = (10 * 3600, 11 * 3600);
    Outage { channel: PUSH, from, until, fails_after, paused_from, redriven_from: until + 900, redrive_rate: REDRIVEN }
}

/// Dead letters that an operator redrives in a second.
const REDRIVEN: f64 = 1000.0;
/// A call that hangs is given up after this time: the worker's own limit, in seconds (`functions/dispatch/src/sending.rs`).
pub const HANGS: f64 = 10.0;
/// A call that is refused takes this time, in seconds.
pub const REFUSES: f64 = 0.1;

impl Scenario {
    /// A day of so many under these limits.
    pub fn new(notifications: f64, limits: Limits, release: Release, measured: &Measured) -> Result<Self, Fault> {
        let assumed = money::usual();
        let [accept, hold, released] =
            [measured.of(Kind::Accept)?, measured.of(Kind::HoldTen)?, measured.of(Kind::Release)?];
        Ok(Self {
            notifications,
            limits,
            outage: None,
            release,
            retries: (
                template::number("RetryBaseSeconds"),
                template::number("RetryMostSeconds"),
                template::number("MaxAttempts") as u32,
            ),
            work: works(measured, assumed)?,
            others: Others { accept, hold, release: released, assumed },
        })
    }

    /// The same with a provider that is down.
    #[cfg(test)]
    pub fn with(self, outage: Outage) -> Self {
        Self { outage: Some(outage), ..self }
    }
}

/// What deliveries cost, channel by channel.
pub fn works(measured: &Measured, assumed: Assumed) -> Result<[Work; 5], Fault> {
    let mut found = Vec::new();
    for channel in CHANNELS {
        found.push(Work { one: measured.of(channel.one)?, ten: measured.of(channel.ten)?, assumed });
    }
    found.try_into().map_err(|_| "there are not five channels".into())
}
