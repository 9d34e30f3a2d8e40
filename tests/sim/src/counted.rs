//! The metrics, compared with the table. What a process counted and had not written when it died is lost: so they never say
//! more than the table, and where no process died and the table did not fail, they say the same.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{model::Model, weather::Weather, world::State};

/// Compares the metrics with the notifications as the API shows them.
pub fn check(state: &State, model: &Model, views: &BTreeMap<usize, Value>, faults: &mut Vec<String>) {
    if model.is_anybody_erased {
        // Nothing is left to compare with.
        return;
    }
    let counted = sums(&state.metrics);
    let of = |metric: &str| counted.get(metric).copied().unwrap_or_default();
    let status = |wanted: &str| {
        let deliveries = views.values().flat_map(|view| view["deliveries"].as_array().into_iter().flatten());
        deliveries.filter(|delivery| delivery["status"] == wanted).count() as u64
    };
    let is_exact = matches!(state.first_weather, Weather { aws: 0, kills: 0, .. }) && !state.is_anybody_killed;
    let pairs = [
        ("Accepted", views.len() as u64),
        ("Sent", status("sent")),
        ("Skipped", status("skipped")),
        ("Failed", status("failed")),
        ("Cancelled", status("cancelled")),
        ("DeadLettered", state.letters as u64),
    ];
    for (metric, stored) in pairs {
        let counted = of(metric);
        if counted > stored || (is_exact && counted != stored) {
            faults.push(format!("the metric {metric} says {counted}, and the table {stored}"));
        }
    }
}

/// The same for runs: `made` notifications are in the table.
pub fn of_runs(state: &State, made: usize, faults: &mut Vec<String>) {
    let counted = sums(&state.metrics);
    let is_exact = matches!(state.first_weather, Weather { aws: 0, kills: 0, .. }) && !state.is_anybody_killed;
    // A call that is cut on purpose may have been counted by nobody, also if nobody has died of it.
    let is_exact = is_exact && !state.invocations.iter().any(|one| one.disturbed);
    for (metric, stored) in [("Accepted", made as u64), ("DeadLettered", state.letters as u64)] {
        let counted = counted.get(metric).copied().unwrap_or_default();
        if counted > stored || (is_exact && counted != stored) {
            faults.push(format!("the metric {metric} says {counted}, and the table {stored}"));
        }
    }
}

/// The sums of the metrics in these lines.
fn sums(lines: &str) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for line in lines.lines() {
        let document: Value = serde_json::from_str(line).unwrap_or_default();
        for metric in document["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().into_iter().flatten() {
            let name = metric["Name"].as_str().unwrap_or_default();
            *sums.entry(name.to_owned()).or_default() += document[name].as_u64().unwrap_or_default();
        }
    }
    sums
}
