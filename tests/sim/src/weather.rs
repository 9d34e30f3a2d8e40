//! How much fails, and what happens to one call.

use std::time::Duration;

use crate::{dice::Dice, service::Service};

/// How many of a thousand seeds have an outage of a service of AWS.
const AWS_OUTAGES: u32 = 400;
/// How many of a thousand requests to change something, at which a worker dies, are done minutes later.
const LATE: u32 = 350;

/// How much fails, in cases of a thousand calls.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// Calls of AWS that go wrong.
    pub aws: u32,
    /// Calls of providers that go wrong.
    pub providers: u32,
    /// Calls at which the process dies.
    pub kills: u32,
    /// Calls that take long.
    pub slow: u32,
    /// Calls of providers that are answered only after seconds.
    pub lingers: u32,
    /// Writes of entries of inboxes that come late, whose workers die. The users of such entries are often erased meanwhile.
    pub late_entries: u32,
    /// A provider that fails at every call, all the time.
    pub provider_outage: Option<&'static str>,
    /// A provider that never answers any call.
    pub hangs: Option<&'static str>,
    /// A service of AWS that fails at every call, for some minutes.
    pub aws_outage: Option<Outage>,
    /// Batches that no worker gets, although they were received.
    pub throttles: u32,
}

/// A time in which a service fails at every call.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    /// The service's name.
    pub of: &'static str,
    /// When it begins.
    pub from: Duration,
    /// When it is over.
    pub until: Duration,
}

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing.
    Fine,
    /// There is no connection.
    NoConnection,
    /// The server fails, and has done nothing.
    Fails,
    /// The server fails after it has done what was asked for.
    FailsDone,
    /// The server is too busy.
    Throttles,
    /// It is done, and the answer is lost.
    Lost,
    /// Nothing is done, and nobody ever answers.
    Hangs,
    /// It is done, and nobody ever answers.
    HangsDone,
    /// A part of a batch is refused.
    Partial,
    /// The process dies before the call is made.
    DiesBefore,
    /// The process dies after it is done.
    DiesAfter,
    /// The process dies, and its request is done minutes later: it was in the network, as when a process is frozen.
    DiesLate,
    /// The service has an outage.
    Outage,
}

impl Fate {
    /// Its name in the summary.
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::Fine => return None,
            Self::NoConnection => "calls without a connection",
            Self::Fails => "calls that failed",
            Self::FailsDone => "calls that failed and were done",
            Self::Throttles => "calls that were throttled",
            Self::Lost => "calls whose answer was lost",
            Self::Hangs => "calls that were never answered",
            Self::HangsDone => "calls that were done and never answered",
            Self::Partial => "calls that were done in part",
            Self::DiesBefore => "kills before a call",
            Self::DiesAfter => "kills after a call",
            Self::DiesLate => "kills whose call was done later",
            Self::Outage => "calls during an outage of AWS",
        })
    }
}

impl Weather {
    /// No fault at all.
    pub const CLEAR: Self = Self {
        aws: 0,
        providers: 0,
        kills: 0,
        slow: 0,
        lingers: 0,
        late_entries: 0,
        provider_outage: None,
        hangs: None,
        aws_outage: None,
        throttles: 0,
    };

    /// The weather of a seed.
    pub fn of(dice: &mut Dice) -> Self {
        let provider_outage = dice.per_mille(250).then(|| dice.one(&["email", "fcm", "sms", "slack", "webhook"]));
        let of = dice.one(&["sqs", "sqs", "dynamo", "dynamo", "secrets"]);
        let from = dice.millis(0, 1_200_000);
        // A message may be received every few seconds. So a long outage is more receives than a delivery has attempts.
        let until = from + dice.millis(20_000, 900_000);
        let aws_outage = dice.per_mille(AWS_OUTAGES).then_some(Outage { of, from, until });
        let throttles = if dice.per_mille(150) { dice.one(&[50, 500, 900]) } else { 0 };
        let of = |aws, providers, kills, slow| Self {
            aws,
            providers,
            kills,
            slow,
            provider_outage,
            aws_outage,
            throttles,
            ..Self::CLEAR
        };
        match dice.below(10) {
            0 => Self::CLEAR,
            1..=2 => Self { aws_outage: None, ..of(0, 100, 0, 30) },
            3..=4 => of(20, 60, 8, 20),
            5..=6 => of(50, 150, 4, 40),
            7..=8 => of(30, 300, 15, 60),
            _ => of(150, 300, 10, 100),
        }
    }

    /// An outage of this service that has not begun begins now. So it meets what happens rarely.
    pub fn hasten(&mut self, service: &str, now: Duration) {
        if let Some(outage) = &mut self.aws_outage
            && outage.of == service
            && now < outage.from
        {
            (outage.from, outage.until) = (now, now + (outage.until - outage.from));
        }
    }

    /// What happens to a call of a service at this time. `is_write` says that the worker asks a service of AWS to change
    /// something.
    pub fn fate(self, service: &Service, is_write: bool, now: Duration, dice: &mut Dice) -> Fate {
        use Fate::{
            DiesAfter, DiesBefore, DiesLate, Fails, FailsDone, Fine, Hangs, HangsDone, Lost, NoConnection, Partial,
            Throttles,
        };
        if dice.per_mille(self.kills) {
            let is_late = is_write && dice.per_mille(LATE);
            return if is_late { DiesLate } else { dice.one(&[DiesBefore, DiesAfter]) };
        }
        let name = service.name();
        if service.is_provider() {
            if self.provider_outage == Some(name) {
                return dice.one(&[Fails, Fails, Throttles, NoConnection, Hangs]);
            }
            if dice.per_mille(self.providers) {
                return dice.one(&[NoConnection, Fails, Fails, FailsDone, Throttles, Lost, Lost, Hangs, HangsDone]);
            }
            return Fine;
        }
        if self.aws_outage.is_some_and(|outage| outage.of == name && outage.from <= now && now < outage.until) {
            return Fate::Outage;
        }
        if dice.per_mille(self.aws) {
            return dice.one(&[
                NoConnection,
                Fails,
                FailsDone,
                Throttles,
                Throttles,
                Lost,
                Lost,
                Lost,
                Partial,
                Partial,
                HangsDone,
            ]);
        }
        Fine
    }

    /// How long the answer of a service takes, and whether that is long.
    pub fn way_back(self, service: &Service, dice: &mut Dice) -> (Duration, bool) {
        if self.lingers > 0 && matches!(service, Service::Provider(..)) && dice.per_mille(self.lingers) {
            return (dice.millis(3000, 8000), true);
        }
        self.latency(dice)
    }

    /// How long one way of a call takes, and whether that is long.
    pub fn latency(self, dice: &mut Dice) -> (Duration, bool) {
        let is_long = dice.per_mille(self.slow);
        (if is_long { dice.millis(200, 4000) } else { dice.millis(1, 15) }, is_long)
    }
}
