//! How much of each quota a day uses in its busiest second, and at which size of a day the quota binds.

use super::channel::{BATCH, Work};
use super::day::{CHANNELS, Day};
use super::quotas::{Id, Quota, Quotas};
use super::scenario::{Others, Release};
use crate::table::Table;

/// The days that are compared, in notifications.
pub const DAYS: [f64; 3] = [1e6, 1e7, 1e8];

/// What a day's busiest second needs.
pub struct Demand<'m> {
    /// What deliveries cost.
    pub work: &'m [Work; 5],
    /// What it costs to accept.
    pub others: &'m Others,
    /// How held deliveries are released.
    pub release: &'m Release,
}

/// A quota with what a day needs of it.
pub struct Need<'q> {
    /// The quota.
    pub quota: &'q Quota,
    /// What a day of one notification needs in its busiest second. All needs grow with the day.
    pub of_one: f64,
}

impl Need<'_> {
    /// The part of the quota that a day of so many uses: 1 is all of it.
    pub fn part(&self, notifications: f64) -> f64 {
        self.of_one * notifications / self.quota.limit()
    }

    /// The day at which the quota binds, in notifications.
    pub fn binds_at(&self) -> f64 {
        self.quota.limit() / self.of_one
    }
}

impl Demand<'_> {
    /// All quotas that a larger day needs more of, the first to bind first.
    pub fn needs<'q>(&self, quotas: &'q Quotas) -> Vec<Need<'q>> {
        let of = |quota: &'q Quota| self.of_a_day(quota.id, 1e8).map(|need| Need { quota, of_one: need / 1e8 });
        let mut needs: Vec<_> = quotas.0.iter().filter_map(of).collect();
        needs.sort_by(|left, right| left.binds_at().total_cmp(&right.binds_at()));
        needs
    }

    /// What the busiest second of a day needs, in the unit of the quota; `None` for a quota that limits growth and not size.
    fn of_a_day(&self, id: Id, notifications: f64) -> Option<f64> {
        let day = Day::of(notifications);
        let peak = day.peak();
        let [email, push, sms, slack, in_app] = CHANNELS.map(|channel| peak * channel.share);
        let at_once = |channel: usize, rate: f64| rate / self.work[channel].most(1.0, 0.0);
        let accepting = peak * self.others.accept.takes_ms(&self.others.assumed) / 1000.0;
        let all = [email, push, sms, slack, in_app];
        let units = |of: fn(&crate::costs::Invocation) -> f64| {
            let delivering = all.iter().zip(self.work).map(|(rate, work)| rate * of(&work.ten) / BATCH).sum::<f64>();
            peak * of(&self.others.accept) + delivering
        };
        let morning: f64 = day.later.iter().sum();
        Some(match id {
            Id::ThrottleRate | Id::ApiRate => peak,
            Id::EmailConcurrency => at_once(0, email),
            Id::PushConcurrency => at_once(1, push),
            Id::InAppConcurrency => at_once(4, in_app),
            Id::NewAccountConcurrency | Id::AccountConcurrency => {
                accepting + all.iter().enumerate().map(|(channel, rate)| at_once(channel, *rate)).sum::<f64>()
            }
            Id::InFlight => push * self.work[1].takes(BATCH),
            Id::NewTableWrite | Id::TableWrite => units(|one| one.write),
            Id::NewTableRead | Id::TableRead => units(|one| one.read),
            // The hottest partition is a part of the list of what is held: all of it is removed within the time ahead, while the
            // release works.
            Id::PartitionWrite => {
                let works = self.release.ahead as f64 * self.release.works as f64 / 60.0;
                morning / works / self.release.parts
            }
            Id::SesRate => email,
            Id::SmsTollFree | Id::SmsShortCode => sms,
            Id::FcmRate => push,
            Id::SlackWorkspace => slack,
            // No message shares its invocation with another one, at worst.
            Id::LogCalls => 2.0 * peak,
            Id::FunctionScaling | Id::SourceScaling | Id::SourceStart | Id::PartitionRead | Id::Schedules => {
                return None;
            }
        })
    }
}

/// The table of needs.
pub fn table(needs: &[Need<'_>]) -> Table {
    let columns =
        ["quota", "limit", "1 million a day", "10 million", "100 million", "binds at, millions a day", "raised"];
    let mut table = Table::new("Which quota binds first: what the busiest second uses of each", &columns);
    for need in needs {
        let Quota { what, unit, raise, .. } = need.quota;
        let part = |notifications| {
            let percent = need.part(notifications) * 100.0;
            if percent >= 10.0 { format!("{percent:.0}%") } else { format!("{percent:.1}%") }
        };
        let [one, ten, hundred] = DAYS.map(part);
        let limit = format!("{} {unit}", need.quota.limit());
        table.row([what.clone(), limit, one, ten, hundred, figures(need.binds_at() / 1e6), raise.clone()]);
    }
    table
}

/// A number with two significant figures.
pub fn figures(number: f64) -> String {
    if number >= 100.0 {
        format!("{:.0}", (number / 10.0).round() * 10.0)
    } else if number >= 10.0 {
        format!("{number:.0}")
    } else if number >= 1.0 {
        format!("{number:.1}")
    } else {
        format!("{number:.2}")
    }
}
