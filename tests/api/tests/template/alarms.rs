//! Every alarm says where its page is, and every page belongs to an alarm.

use std::{collections::BTreeSet, fs};

use super::resources;

const PAGE: &str = "functions/ALARMS.md";
/// How each part of a section begins.
const PARTS: [&str; 3] = ["**It means**", "**Look at**", "**Do**"];

/// The alarms of each section, which its heading names, and the section.
fn sections() -> Vec<(Vec<String>, String)> {
    let page = fs::read_to_string(format!("{}/../../{PAGE}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let sections = page.split("\n## ").skip(1);
    let sections = sections.map(|section| section.split_once('\n').unwrap());
    sections.map(|(heading, text)| (heading.split(", ").map(str::to_owned).collect(), text.to_owned())).collect()
}

#[test]
fn every_alarm_has_its_section_and_every_section_its_alarm() {
    let alarms: BTreeSet<_> = resources("AWS::CloudWatch::Alarm").into_iter().map(|(id, _)| id).collect();
    let named: Vec<_> = sections().into_iter().flat_map(|(named, _)| named).collect();
    assert_eq!(named.iter().cloned().collect::<BTreeSet<_>>(), alarms);
    assert_eq!(named.len(), alarms.len(), "none has two");
}

#[test]
fn a_section_says_what_the_alarm_means_what_to_look_at_and_what_to_do() {
    for (named, text) in sections() {
        for part in PARTS {
            assert_eq!(text.matches(part).count(), 1, "{named:?}: {part}");
        }
    }
}

#[test]
fn whoever_gets_an_alarm_is_told_where_its_section_is() {
    for (id, alarm) in resources("AWS::CloudWatch::Alarm") {
        let told = alarm["AlarmDescription"].as_str().unwrap();
        assert!(told.ends_with(&format!("({PAGE}, {id})")), "{id}: {told}");
    }
}

/// CloudWatch ignores what is missing of DynamoDB's metrics
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>, `TreatMissingData`).
#[test]
fn an_alarm_of_the_table_ends_when_its_cause_has_ended() {
    let mut seen = 0;
    for (id, alarm) in resources("AWS::CloudWatch::Alarm") {
        assert_ne!(alarm["Namespace"], "AWS/DynamoDB", "{id}: only an expression can fill what is missing");
        let Some(metrics) = alarm["Metrics"].as_array() else { continue };
        if !alarm["Metrics"].to_string().contains("AWS/DynamoDB") {
            continue;
        }
        let (sums, counted): (Vec<_>, Vec<_>) = metrics.iter().partition(|one| one.get("Expression").is_some());
        let [sum] = sums[..] else { panic!("{id}: one expression") };
        let filled: Vec<_> = counted.iter().map(|one| format!("FILL({}, 0)", one["Id"].as_str().unwrap())).collect();
        assert_eq!(sum["Expression"], format!("SUM([{}])", filled.join(", ")), "{id}");
        seen += 1;
    }
    assert!(seen >= 2);
}

/// The schedule tries once a minute, so each five minutes of an erasure that keeps failing have a failure.
#[test]
fn an_erasure_that_keeps_failing_is_an_alarm_and_one_that_failed_in_passing_is_none() {
    let alarms = resources("AWS::CloudWatch::Alarm");
    let (_, alarm) = alarms.iter().find(|(_, alarm)| alarm["MetricName"] == "ErasureFailures").unwrap();
    assert_eq!((&alarm["Statistic"], &alarm["Threshold"]), (&"Sum".into(), &1.into()));
    assert_eq!(alarm["ComparisonOperator"], "GreaterThanOrEqualToThreshold");
    let [period, periods] = ["Period", "EvaluationPeriods"].map(|name| alarm[name].as_u64().unwrap());
    assert!(period > 2 * 60, "a run that fails and one that begins late still make a failure in each");
    assert!(periods > 1 && alarm.get("DatapointsToAlarm").is_none(), "in all of them");
}

#[test]
fn a_share_of_the_release_that_is_missing_for_five_minutes_is_an_alarm_although_nothing_is_counted_then() {
    let alarms = resources("AWS::CloudWatch::Alarm");
    let (_, alarm) = alarms.iter().find(|(id, _)| id == "ReleaseAlarm").unwrap();
    assert_eq!((&alarm["MetricName"], &alarm["Statistic"]), (&"Released".into(), &"SampleCount".into()));
    assert_eq!(alarm["TreatMissingData"], "breaching");
    let functions = super::template().functions;
    let dispatch = functions.iter().find(|function| function.binary == "dispatch").unwrap();
    let shares: Vec<serde_json::Value> =
        dispatch.schedules.iter().map(|schedule| serde_json::from_str(&schedule.input).unwrap()).collect();
    let mut numbers: Vec<_> = shares.iter().map(|input| input["share"]["number"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..shares.len() as u64).collect::<Vec<_>>(), "each share once");
    assert!(shares.iter().all(|input| input["share"]["of"] == shares.len()), "{shares:?}");
    let threshold = (&"LessThanThreshold".into(), &shares.len().into());
    assert_eq!((&alarm["ComparisonOperator"], &alarm["Threshold"]), threshold);
    assert_eq!(alarm["Period"].as_u64().unwrap() * alarm["EvaluationPeriods"].as_u64().unwrap(), 300);
}
