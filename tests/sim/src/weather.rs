//! How much fails, and what happens to one call.

use std::time::Duration;

use crate::dice::Dice;

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
    /// A provider that fails at every call.
    pub outage: Option<&'static str>,
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
}

impl Weather {
    /// No fault at all.
    pub const CLEAR: Self = Self { aws: 0, providers: 0, kills: 0, slow: 0, outage: None };

    /// The weather of a seed.
    pub fn of(dice: &mut Dice) -> Self {
        let outage = dice.per_mille(250).then(|| dice.one(&["email", "fcm", "sms", "slack", "webhook"]));
        let of = |aws, providers, kills, slow| Self { aws, providers, kills, slow, outage };
        match dice.below(10) {
            0 => Self::CLEAR,
            1..=2 => of(0, 100, 0, 30),
            3..=4 => of(20, 60, 8, 20),
            5..=6 => of(50, 150, 4, 40),
            7..=8 => of(30, 300, 15, 60),
            _ => of(150, 300, 10, 100),
        }
    }

    /// What happens to a call.
    pub fn fate(self, provider: Option<&str>, dice: &mut Dice) -> Fate {
        use Fate::{
            DiesAfter, DiesBefore, Fails, FailsDone, Fine, Hangs, HangsDone, Lost, NoConnection, Partial, Throttles,
        };
        if dice.per_mille(self.kills) {
            return dice.one(&[DiesBefore, DiesAfter]);
        }
        if provider.is_some() && provider == self.outage {
            return dice.one(&[Fails, Fails, Throttles, NoConnection, Hangs]);
        }
        if !dice.per_mille(if provider.is_some() { self.providers } else { self.aws }) {
            return Fine;
        }
        if provider.is_some() {
            dice.one(&[NoConnection, Fails, Fails, FailsDone, Throttles, Lost, Lost, Hangs, HangsDone])
        } else {
            dice.one(&[
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
            ])
        }
    }

    /// How long one way of a call takes.
    pub fn latency(self, dice: &mut Dice) -> Duration {
        if dice.per_mille(self.slow) { dice.millis(200, 4000) } else { dice.millis(1, 15) }
    }
}
