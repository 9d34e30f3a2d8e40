use std::time::Duration;

use super::*;

/// A function with one event of this kind and these properties.
fn function(kind: &str, properties: &str) -> String {
    with(&format!(
        "  F:\n    Type: AWS::Serverless::Function\n    Metadata: {{ BuildProperties: {{ Binary: f }} }}\n    \
         Properties:\n      Events:\n        E:\n          Type: {kind}\n          Properties: {{ {properties} }}\n"
    ))
}

fn schedules(kind: &str, properties: &str) -> Result<Vec<Schedule>, String> {
    Ok(read(&function(kind, properties), &[])?.functions.remove(0).schedules)
}

fn every(seconds: u64, input: &str) -> Schedule {
    Schedule { every: Duration::from_secs(seconds), input: input.to_owned() }
}

#[test]
fn a_schedule_has_its_pause_and_its_input() {
    let found = schedules("ScheduleV2", r#"ScheduleExpression: rate(1 minute), Input: '{"tick": 1}'"#);
    assert_eq!(found, Ok(vec![every(60, r#"{"tick": 1}"#)]));
    let found = schedules("Schedule", r#"Schedule: rate(2 hours), Input: !Sub '"${AWS::Region}"'"#);
    assert_eq!(found, Ok(vec![every(7200, r#""eu-central-1""#)]));
}

#[test]
fn what_else_a_schedule_says_is_left_alone() {
    let more = "Name: n, State: ENABLED, RetryPolicy: { MaximumRetryAttempts: 0 }, FlexibleTimeWindow: { Mode: \"OFF\" }, \
                PermissionsBoundary: x, Description: d";
    let found = schedules("ScheduleV2", &format!("ScheduleExpression: rate(3 days), Input: \"{{}}\", {more}"));
    assert_eq!(found, Ok(vec![every(259_200, "{}")]));
}

#[test]
fn a_schedule_that_is_switched_off_never_fires() {
    for off in ["State: DISABLED", "Enabled: false"] {
        let found = schedules("Schedule", &format!("Schedule: rate(1 minute), Input: \"{{}}\", {off}"));
        assert_eq!(found, Ok(vec![]), "{off}");
    }
}

#[test]
fn a_schedule_that_cannot_be_followed_is_refused() {
    let at = "Resources.F.Properties.Events.E.Properties";
    let rate = "rate(1 minute), rate(n minutes), or the same in hours or days";
    let cases = [
        (r#"ScheduleExpression: cron(0 10 * * ? *), Input: "{}""#, format!("{at}.ScheduleExpression: expected {rate}")),
        (r#"Schedule: rate(1 minutes), Input: "{}""#, format!("{at}.Schedule: expected {rate}")),
        (r#"Input: "{}""#, format!("{at}.ScheduleExpression: expected {rate}")),
        ("ScheduleExpression: rate(1 minute)", format!("{at}.Input: expected a text that is JSON")),
        ("ScheduleExpression: rate(1 minute), Input: tick", format!("{at}.Input: expected a text that is JSON")),
        ("ScheduleExpression: rate(1 minute), Input: { a: 1 }", format!("{at}.Input: expected a text that is JSON")),
        (
            r#"ScheduleExpression: rate(1 minute), Input: "{}", State: maybe"#,
            format!("{at}.State: expected ENABLED or DISABLED"),
        ),
    ];
    for (properties, sentence) in cases {
        assert_eq!(schedules("ScheduleV2", properties), Err(sentence), "{properties}");
    }
}
