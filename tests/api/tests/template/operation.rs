//! The parts of the template that an operator sees: logs, alarms, the dashboard, parameters.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::{
    metrics::{Dimension, Metric, NAMESPACE},
    queue::Outbound,
};

use super::{
    document, resources,
    security::{list, statements},
    template,
};

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item.as_str().unwrap()).collect()
}

/// The dimensions of a metric in CloudWatch.
fn dimensions(metric: Metric) -> Vec<&'static str> {
    std::iter::once(Dimension::STACK).chain(metric.dimensions().iter().map(|one| one.name())).collect()
}

fn metric(name: &str) -> Metric {
    Metric::ALL.into_iter().find(|metric| metric.name() == name).unwrap_or_else(|| panic!("nothing counts {name}"))
}

#[test]
fn every_function_is_traced_logs_where_logs_end_and_has_its_alarms() {
    let document = document();
    let groups = resources("AWS::Logs::LogGroup");
    let alarms = resources("AWS::CloudWatch::Alarm");
    for (id, function) in resources("AWS::Serverless::Function") {
        let tracing = function.get("Tracing").unwrap_or(&document["Globals"]["Function"]["Tracing"]);
        assert_eq!(*tracing, "Active", "{id}");
        let group = &function["LoggingConfig"]["LogGroup"]["Ref"];
        let group = groups.iter().find(|(name, _)| group == name).unwrap_or_else(|| panic!("{id} has no log group"));
        assert_eq!(group.1["RetentionInDays"], json!({"Ref": "LogRetentionDays"}), "{id}");
        for wanted in ["Errors", "Throttles"] {
            let this = json!([{"Name": "FunctionName", "Value": {"Ref": id}}]);
            let alarm = |alarm: &Value| alarm["MetricName"] == wanted && alarm["Dimensions"] == this;
            assert!(alarms.iter().any(|(_, one)| alarm(one)), "no alarm of the {wanted} of {id}");
        }
    }
    let names: BTreeSet<_> = groups.iter().map(|(_, group)| group["LogGroupName"].to_string()).collect();
    assert_eq!(names.len(), groups.len(), "two share a log group");
}

#[test]
fn every_alarm_reaches_somebody_and_names_what_is_counted() {
    let alarms = resources("AWS::CloudWatch::Alarm");
    for (id, alarm) in &alarms {
        assert_eq!(alarm["AlarmActions"]["Fn::If"][0], "HasAlarmEmail", "{id}");
        assert_eq!(alarm["TreatMissingData"], "notBreaching", "{id}: what never happens is no alarm");
        if alarm["Namespace"].as_str().is_none_or(|namespace| namespace.starts_with("AWS/")) {
            continue;
        }
        assert_eq!(alarm["Namespace"], NAMESPACE, "{id}");
        let named: Vec<_> =
            alarm["Dimensions"].as_array().unwrap().iter().map(|one| one["Name"].as_str().unwrap()).collect();
        assert_eq!(named, dimensions(metric(alarm["MetricName"].as_str().unwrap())), "{id}");
        assert_eq!(alarm["Dimensions"][0]["Value"], json!({"Ref": "AWS::StackName"}), "{id}");
    }
    let has = |metric: &str| alarms.iter().any(|(_, alarm)| alarm["MetricName"] == metric);
    for wanted in ["DeadLettered", "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage", "5xx"] {
        assert!(has(wanted), "no alarm of {wanted}");
    }
}

#[test]
fn an_error_of_the_table_is_seen_whatever_was_asked_of_it() {
    let statements = statements();
    let actions = statements.iter().flat_map(|(_, statement)| list(&statement["Action"]));
    let actions: Vec<_> = actions.map(|action| action.as_str().unwrap().to_owned()).collect();
    let mut asked: BTreeSet<_> = actions.iter().filter_map(|action| action.strip_prefix("dynamodb:")).collect();
    // A condition check is a part of a transaction. CloudWatch counts the transaction, but the policy allows its parts.
    assert!(asked.remove("ConditionCheckItem"));
    asked.insert("TransactWriteItems");
    // An insert is a statement of a batch. CloudWatch counts the batch, but the policy allows its statements.
    assert!(asked.remove("PartiQLInsert"));
    asked.insert("BatchExecuteStatement");
    let alarms = resources("AWS::CloudWatch::Alarm");
    let (_, alarm) = alarms.iter().find(|(id, _)| id == "TableErrorsAlarm").unwrap();
    let metrics = alarm["Metrics"].as_array().unwrap().iter().filter_map(|one| one.get("MetricStat"));
    let watched: Vec<_> = metrics.map(|one| one["Metric"]["Dimensions"][1]["Value"].as_str().unwrap()).collect();
    assert_eq!(watched.iter().copied().collect::<BTreeSet<_>>(), asked);
    assert_eq!(watched.len(), asked.len(), "none is counted twice");
}

#[test]
fn a_delivery_that_is_kept_back_and_retried_by_default_is_no_alarm() {
    let template = template();
    let dispatch = template.functions.iter().find(|function| function.binary == "dispatch").unwrap();
    let number = |name: &str| -> u64 { dispatch.environment[name].parse().unwrap() };
    let attempts = number("MAX_RECEIVE_COUNT");
    let pause = |before: u64| (number("RETRY_BASE_SECONDS") << (2 * before)).min(number("RETRY_MOST_SECONDS"));
    let pauses: u64 = (0..attempts - 1).map(pause).sum();
    let oldest = Outbound::LONGEST_DELAY.as_secs() + pauses + attempts * dispatch.timeout.as_secs();
    assert_eq!(oldest, 1390, "the template's comment says how it comes about");
    let alarms = resources("AWS::CloudWatch::Alarm");
    let (_, alarm) = alarms.iter().find(|(id, _)| id == "QueueAgeAlarm").unwrap();
    assert!(alarm["Threshold"].as_u64().unwrap() > oldest && alarm["EvaluationPeriods"].as_u64().unwrap() > 1);
    for other in ["Retry-After", "RetryBaseSeconds", "RetryMostSeconds", "MaxReceiveCount", "DispatchTimeout"] {
        assert!(alarm["AlarmDescription"].as_str().unwrap().contains(other), "{other} sets it off too");
    }
}

#[test]
fn the_readme_counts_the_alarms_that_are_paid_for() {
    let alarms = resources("AWS::CloudWatch::Alarm");
    let metrics = |alarm: &Value| {
        let metrics = alarm["Metrics"].as_array();
        metrics.map_or(1, |all| all.iter().filter(|one| one.get("MetricStat").is_some()).count())
    };
    let metrics: usize = alarms.iter().map(|(_, alarm)| metrics(alarm)).sum();
    let told = format!("{} alarms on {metrics} metrics at $0.10, ${}.{}0", alarms.len(), metrics / 10, metrics % 10);
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    assert!(readme.contains(&told), "{told}");
}

/// The text of `Fn::Sub` with `x` in place of every reference.
fn substituted(text: &str) -> String {
    let mut parts = text.split("${");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |all, part| all + "x" + part.split_once('}').unwrap().1)
}

#[test]
fn the_dashboard_shows_every_metric_as_it_is_counted() {
    let [(_, dashboard)] = &resources("AWS::CloudWatch::Dashboard")[..] else { panic!("one dashboard") };
    let body = substituted(dashboard["DashboardBody"]["Fn::Sub"].as_str().unwrap());
    let body: Value = serde_json::from_str(&body).unwrap();
    let mut shown = BTreeSet::new();
    for widget in body["widgets"].as_array().unwrap() {
        for entry in widget["properties"]["metrics"].as_array().unwrap() {
            let (name, named) = match entry[0].as_str() {
                Some(namespace) if namespace != NAMESPACE => continue,
                Some(_) => (entry[1].as_str().unwrap().to_owned(), vec![entry[2].as_str().unwrap().to_owned()]),
                None => searched(entry[0]["expression"].as_str().unwrap()),
            };
            assert_eq!(named, dimensions(metric(&name)), "{entry}");
            shown.insert(name);
        }
    }
    assert_eq!(shown, Metric::ALL.iter().map(|metric| metric.name().to_owned()).collect());
}

/// The metric and the dimensions of `SEARCH('{Tidings,Stack,…} MetricName="…" Stack="…"', …)`.
fn searched(expression: &str) -> (String, Vec<String>) {
    let schema = expression.strip_prefix("SEARCH('{").unwrap().split_once('}').unwrap();
    let mut named = schema.0.split(',').map(str::to_owned);
    assert_eq!(named.next().as_deref(), Some(NAMESPACE), "{expression}");
    let (name, rest) = schema.1.strip_prefix(" MetricName=\"").unwrap().split_once('"').unwrap();
    assert!(rest.starts_with(" Stack=\"x\"'"), "of this stack alone: {expression}");
    (name.to_owned(), named.collect())
}

#[test]
fn every_parameter_is_asked_for_in_one_group_and_explained() {
    let document = document();
    let groups = document["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"].as_array().unwrap();
    let mut grouped: Vec<_> = groups.iter().flat_map(|group| texts(&group["Parameters"])).collect();
    let parameters = document["Parameters"].as_object().unwrap();
    for (name, parameter) in parameters {
        assert!(parameter["Description"].is_string(), "{name} is not explained");
    }
    let mut declared: Vec<_> = parameters.keys().map(String::as_str).collect();
    grouped.sort_unstable();
    declared.sort_unstable();
    assert_eq!(grouped, declared);
}

#[test]
fn an_access_log_has_neither_paths_nor_queries_nor_callers() {
    let [(_, api)] = &resources("AWS::Serverless::HttpApi")[..] else { panic!("one API") };
    let format = api["AccessLogSettings"]["Format"].as_str().unwrap();
    let line: Value = serde_json::from_str(format).unwrap();
    assert!(!format.contains('\n'), "a line a request");
    let harmless = [
        "$context.error.responseType",
        "$context.httpMethod",
        "$context.integration.latency",
        "$context.integration.requestId",
        "$context.integration.status",
        "$context.protocol",
        "$context.requestId",
        "$context.requestTime",
        "$context.responseLatency",
        "$context.responseLength",
        "$context.routeKey",
        "$context.status",
    ];
    let mut said: Vec<_> = line.as_object().unwrap().values().map(|value| value.as_str().unwrap()).collect();
    said.sort_unstable();
    assert_eq!(said, harmless);
}
