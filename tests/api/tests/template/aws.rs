//! What AWS does by default, and must not do here. Each comment in the template names AWS's page.

use serde_json::{Value, json};

use super::{document, read, resources};

/// Lambda takes a message that its receiver sends on for a loop, and drops it after about 16 times.
#[test]
fn a_function_that_writes_to_a_queue_which_invokes_it_may_do_so_without_end() {
    let alarms = resources("AWS::CloudWatch::Alarm");
    let roles = resources("AWS::IAM::Role");
    let mut seen = 0;
    for (id, function) in resources("AWS::Serverless::Function") {
        let events = function["Events"].as_object().unwrap().values();
        let queues: Vec<_> = events.filter(|event| event["Type"] == "SQS").collect();
        let role = roles.iter().find(|(role, _)| *role == format!("{id}Role")).map(|(_, role)| role.to_string());
        let may_send = (function["Policies"].to_string() + &role.unwrap_or_default()).contains("sqs:SendMessage");
        if queues.is_empty() || !may_send {
            assert!(function.get("RecursiveLoop").is_none(), "{id} needs it not");
            continue;
        }
        seen += 1;
        assert_eq!(function["RecursiveLoop"], "Allow", "{id}");
        let this = json!([{"Name": "FunctionName", "Value": {"Ref": id}}]);
        let dropped =
            |alarm: &Value| alarm["MetricName"] == "RecursiveInvocationsDropped" && alarm["Dimensions"] == this;
        assert!(alarms.iter().any(|(_, alarm)| dropped(alarm)), "{id}");
    }
    assert_eq!(seen, 1);
}

/// By default Lambda runs an event that failed twice more, and keeps a throttled one for six hours.
#[test]
fn a_tick_of_the_schedule_runs_once_or_is_given_up_when_the_next_one_comes() {
    let mut seen = 0;
    for (id, function) in resources("AWS::Serverless::Function") {
        let schedules = function["Events"].as_object().unwrap().values().filter(|event| event["Type"] == "ScheduleV2");
        for schedule in schedules {
            seen += 1;
            assert_eq!(schedule["Properties"]["ScheduleExpression"], "rate(1 minute)");
            assert_eq!(schedule["Properties"]["RetryPolicy"]["MaximumRetryAttempts"], 0);
            let expected = json!({"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60});
            assert_eq!(function["EventInvokeConfig"], expected, "{id}");
        }
    }
    assert_eq!(seen, 4, "a schedule for each share");
}

/// Without options of its own a configuration set does what the account says, which another product may change.
#[test]
fn mail_that_bounces_or_is_complained_about_stops_whatever_the_account_says() {
    let [(_, set)] = &resources("AWS::SES::ConfigurationSet")[..] else { panic!("one configuration set") };
    assert_eq!(set["SuppressionOptions"], json!({"SuppressedReasons": ["BOUNCE", "COMPLAINT"]}));
    // A message that SES accepts and does not send, because its address is on that list, is a bounce or a complaint as well.
    let [(_, destination)] = &resources("AWS::SES::ConfigurationSetEventDestination")[..] else { panic!("one") };
    assert_eq!(destination["EventDestination"]["MatchingEventTypes"], json!(["bounce", "complaint"]));
}

#[test]
fn what_costs_more_is_off_unless_it_is_asked_for() {
    let template = document();
    assert_eq!(template["Parameters"]["Tracing"]["Default"], "PassThrough");
    assert_eq!(template["Globals"]["Function"]["Tracing"], json!({"Ref": "Tracing"}));
    let encryption = &template["Resources"]["Table"]["Properties"]["SSESpecification"]["Fn::If"];
    assert_eq!((&encryption[0], &encryption[2]), (&"HasKey".into(), &json!({"Ref": "AWS::NoValue"})));
}

/// Lambda refuses to create a function that is to be traced if its role may not send traces by then
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html>).
#[test]
fn every_role_may_send_traces_from_its_beginning_if_they_are_asked_for() {
    let roles = resources("AWS::IAM::Role");
    for (id, _) in resources("AWS::Serverless::Function") {
        let (_, role) = roles.iter().find(|(role, _)| *role == format!("{id}Role")).unwrap();
        let policies = role["Policies"].as_array().unwrap();
        let [traces] = &policies.iter().filter_map(|policy| policy.get("Fn::If")).collect::<Vec<_>>()[..] else {
            panic!("{id}: one policy with a condition")
        };
        assert_eq!((&traces[0], &traces[2]), (&json!("HasTraces"), &json!({"Ref": "AWS::NoValue"})), "{id}");
        let allowed = &traces[1]["PolicyDocument"]["Statement"][0]["Action"];
        assert_eq!(*allowed, json!(["xray:PutTelemetryRecords", "xray:PutTraceSegments"]), "{id}");
    }
    for value in ["Active", "PassThrough"] {
        assert!(read(&[("Tracing", value)]).is_ok());
    }
}

/// Lambda takes levels only together with JSON, and drops what has none, as metrics have, below the level INFO.
#[test]
fn json_logs_leave_out_lambda_s_lines_of_every_invocation_and_nothing_of_the_functions() {
    let template = document();
    assert_eq!(template["Parameters"]["LogFormat"]["Default"], "Text");
    let none = json!({"Ref": "AWS::NoValue"});
    let expected = json!({
        "LogFormat": {"Ref": "LogFormat"},
        "ApplicationLogLevel": {"Fn::If": ["HasJsonLogs", "TRACE", none]},
        "SystemLogLevel": {"Fn::If": ["HasJsonLogs", "WARN", none]},
    });
    assert_eq!(template["Globals"]["Function"]["LoggingConfig"], expected);
    for value in ["JSON", "Text"] {
        assert!(read(&[("LogFormat", value)]).is_ok());
    }
}

/// SAM gives a function without a role managed policies: to write to any log group, and to read any queue.
#[test]
fn every_function_has_a_role_of_its_own_that_writes_only_to_its_own_log_group() {
    let roles = resources("AWS::IAM::Role");
    for (id, function) in resources("AWS::Serverless::Function") {
        assert_eq!(function["Role"], json!({"Fn::GetAtt": [format!("{id}Role"), "Arn"]}), "{id}");
        assert!(function.get("Policies").is_none(), "{id}: SAM leaves them out if there is a role");
        let (_, role) = roles.iter().find(|(role, _)| *role == format!("{id}Role")).unwrap();
        assert!(role.get("ManagedPolicyArns").is_none(), "{id}");
        let trusted = &role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"];
        assert_eq!(*trusted, json!({"Service": "lambda.amazonaws.com"}), "{id}");
        let group = function["LoggingConfig"]["LogGroup"]["Ref"].as_str().unwrap();
        let logs = &role["Policies"][0]["PolicyDocument"]["Statement"][0];
        assert_eq!(logs["Action"], json!(["logs:CreateLogStream", "logs:PutLogEvents"]), "{id}");
        assert_eq!(logs["Resource"], json!({"Fn::GetAtt": [group, "Arn"]}), "{id}");
    }
}

/// `sam deploy` sends the value of before for what is not overridden: once the number of attempts, 5 by default.
#[test]
fn a_stack_whose_guard_is_the_number_of_attempts_of_before_is_told_of_the_other_parameter() {
    let error = read(&[("MaxReceiveCount", "5")]).unwrap_err().to_string();
    assert!(error.ends_with("it must be 100 to 600; attempts have a parameter of their own, MaxAttempts"), "{error}");
    let bounds = &document()["Parameters"]["MaxReceiveCount"];
    assert_eq!((&bounds["MinValue"], &bounds["MaxValue"]), (&json!(100), &json!(600)), "the sentence names them");
}

#[test]
fn parameters_that_make_each_other_impossible_are_refused() {
    let error = read(&[("UserKeyAudience", "same"), ("JwtAudience", "same")]).unwrap_err().to_string();
    assert!(error.contains("UserKeyAudience and JwtAudience must differ"), "{error}");
}

#[test]
fn what_links_are_signed_with_and_who_was_erased_outlive_the_stack_as_the_table_does() {
    let template = document();
    for (id, resource) in template["Resources"].as_object().unwrap() {
        let is_kept =
            ["AWS::SecretsManager::Secret", "AWS::DynamoDB::Table"].iter().any(|kind| resource["Type"] == *kind)
                || ["ErasureLogs", "ErasureLogStream"].contains(&id.as_str());
        for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
            assert_eq!(resource[policy] == "Retain", is_kept, "{id}");
        }
    }
}
