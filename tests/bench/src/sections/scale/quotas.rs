//! The published quotas, each with its page. `quotas.json` is the only place that has them; a quota that is a parameter of the
//! template has the template's default.

use serde::Deserialize;

use crate::section::Fault;
use crate::table::Table;
use crate::template;

/// A quota, by its name in `quotas.json`, which says what each is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Id {
    ThrottleRate,
    ApiRate,
    EmailConcurrency,
    PushConcurrency,
    InAppConcurrency,
    NewAccountConcurrency,
    AccountConcurrency,
    FunctionScaling,
    SourceScaling,
    SourceStart,
    InFlight,
    NewTableWrite,
    NewTableRead,
    TableWrite,
    TableRead,
    PartitionWrite,
    PartitionRead,
    SesRate,
    SmsTollFree,
    SmsShortCode,
    FcmRate,
    SlackWorkspace,
    LogCalls,
    Schedules,
}

/// A quota.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// Its name.
    pub id: Id,
    /// What is limited.
    pub what: String,
    limit: Limit,
    /// The unit of the limit.
    pub unit: String,
    /// Where it is published.
    pub page: String,
    /// How it is raised.
    pub raise: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Limit {
    Number(f64),
    /// A parameter of the template.
    Parameter(String),
}

impl Quota {
    /// The limit in the quota's unit.
    pub fn limit(&self) -> f64 {
        match &self.limit {
            Limit::Number(number) => *number,
            Limit::Parameter(name) => template::number(name),
        }
    }
}

/// All quotas.
#[derive(Debug, Clone)]
pub struct Quotas(pub Vec<Quota>);

impl Quotas {
    /// Reads the quotas that belong to this version.
    pub fn read() -> Result<Self, Fault> {
        Ok(Self(serde_json::from_str(include_str!("quotas.json"))?))
    }

    /// The limit of one of them. One that is not in the file limits nothing; a test says that none is missing.
    pub fn limit(&self, id: Id) -> f64 {
        self.0.iter().find(|quota| quota.id == id).map_or(f64::INFINITY, Quota::limit)
    }

    /// The table of all quotas and their pages.
    pub fn table(&self) -> Table {
        let mut table = Table::new("Quotas and where they are published", &["limit", "of", "what", "raised", "page"]);
        for quota in &self.0 {
            let Quota { what, unit, page, raise, .. } = quota;
            table.row([&quota.limit().to_string(), unit, what, raise, page]);
        }
        table.note(
            "The defaults of us-east-1 in November 2026. SES publishes no rate for accounts that have left the sandbox any more: 14 a second is \
             what new ones have usually got. APNs publishes no limit. The pages for CloudWatch Logs, EventBridge Scheduler and Slack's \
             workspaces could not be read again when this was written.",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quota_has_a_limit_and_a_page_of_who_sets_it() {
        let quotas = Quotas::read().unwrap();
        for Quota { id, page, .. } in &quotas.0 {
            let who = ["https://docs.aws.amazon.com/", "https://firebase.google.com/", "https://docs.slack.dev/"];
            assert!(who.iter().any(|who| page.starts_with(who)), "{id:?}: {page}");
            assert!(quotas.limit(*id) >= 1.0 && quotas.limit(*id).is_finite(), "{id:?} has no limit");
        }
        let mut ids: Vec<_> = quotas.0.iter().map(|quota| quota.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), quotas.0.len(), "one quota, one row");
        assert!(
            (quotas.limit(Id::InFlight) - 120_000.0).abs() < 1e-9
                && (quotas.limit(Id::AccountConcurrency) - 1000.0).abs() < 1e-9
        );
    }
}
