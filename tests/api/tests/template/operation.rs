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
fn every_function_logs_where_logs_end_and_has_its_alarms() {
    let groups = resources("AWS::Logs::LogGroup");
    let alarms = resources("AWS::CloudWatch::Alarm");
    for (id, function) in resources("AWS::Serverless::Function") {
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
        // The release is the one thing that has to happen.
        let missing = if id == "ReleaseAlarm" { "breaching" } else { "notBreaching" };
        assert_eq!(alarm["TreatMissingData"], missing, "{id}: what never happens is no alarm");
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
    for wanted in
        ["DeadLettered", "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage", "Lateness", "5xx"]
    {
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
    // An insert and an update are statements of a batch. CloudWatch counts the batch, but the policy allows its statements.
    assert!(asked.remove("PartiQLInsert") && asked.remove("PartiQLUpdate"));
    asked.insert("BatchExecuteStatement");
    let alarms = resources("AWS::CloudWatch::Alarm");
    let (_, alarm) = alarms.iter().find(|(id, _)| id == "TableErrorsAlarm").unwrap();
    let metrics = alarm["Metrics"].as_array().unwrap().iter().filter_map(|one| one.get("MetricStat"));
    let watched: Vec<_> = metrics.map(|one| one["Metric"]["Dimensions"][1]["Value"].as_str().unwrap()).collect();
    assert_eq!(watched.iter().copied().collect::<BTreeSet<_>>(), asked);
    assert_eq!(watched.len(), asked.len(), "none is counted twice");
}

/// The least and the greatest value that a parameter may have.
fn bounds(name: &str) -> (u64, u64) {
    let parameter = &document()["Parameters"][name];
    (parameter["MinValue"].as_u64().unwrap(), parameter["MaxValue"].as_u64().unwrap())
}

/// The values that `DispatchTimeout` may have, each with the visibility time-out of the queues.
fn time_outs() -> Vec<(u64, u64)> {
    let document = document();
    let allowed = texts(&document["Parameters"]["DispatchTimeout"]["AllowedValues"]).into_iter();
    let visible = |text: &str| document["Mappings"]["Visibility"][text]["Seconds"].as_u64().unwrap();
    allowed.map(|text| (text.parse().unwrap(), visible(text))).collect()
}

#[test]
fn every_queue_keeps_what_it_has_longer_than_any_parameters_let_it_wait() {
    let (_, most_receives) = bounds("MaxReceiveCount");
    for (id, queue) in resources("AWS::SQS::Queue") {
        let kept = queue["MessageRetentionPeriod"].as_u64().unwrap();
        assert_eq!(kept, 14 * 86_400, "{id}: the longest that SQS offers");
        for (_, visibility) in time_outs() {
            // A message is delayed, and then each of its workers dies. In the dead-letter queue its age goes on.
            let oldest = Outbound::LONGEST_DELAY.as_secs() + most_receives * visibility;
            assert!(oldest + 86_400 <= kept, "{id}: a day is left for the dead-letter queue: {oldest}");
        }
        let redrive = &queue["RedrivePolicy"]["maxReceiveCount"];
        assert!(redrive.is_null() || *redrive == json!({"Ref": "MaxReceiveCount"}), "{id}");
    }
    // A longer pause is no message but a record, and a record's pause ends before the notification does: the worker gives up
    // otherwise. So no number of attempts and no pause can outlive anything.
    assert!(bounds("MaxReceiveCount").0 >= 100, "a guard, and no budget of attempts");
}

#[test]
fn a_message_that_waits_as_long_as_it_may_is_no_alarm_with_any_parameters() {
    let alarms = resources("AWS::CloudWatch::Alarm");
    let alarm = |id: &str| alarms.iter().find(|(name, _)| name == id).unwrap().1.clone();
    let threshold = |id: &str| alarm(id)["Threshold"].as_u64().unwrap();
    for (time_out, _) in time_outs() {
        assert!(threshold("QueueAgeAlarm") > Outbound::LONGEST_DELAY.as_secs() + time_out, "{time_out}");
    }
    assert!(alarm("QueueAgeAlarm")["EvaluationPeriods"].as_u64().unwrap() > 1);
    let lateness = alarm("LatenessAlarm");
    assert_eq!(metric(lateness["MetricName"].as_str().unwrap()).unit(), "Milliseconds");
    let by_default = document()["Parameters"]["DispatchTimeout"]["Default"].as_str().unwrap().parse::<u64>().unwrap();
    let (_, visibility) = time_outs().into_iter().find(|(time_out, _)| *time_out == by_default).unwrap();
    assert!(threshold("LatenessAlarm") > 1000 * (visibility + 60), "a worker's death or a minute's pause is none");
}

#[test]
fn lambda_does_not_take_pauses_for_a_loop() {
    for (id, function) in resources("AWS::Serverless::Function") {
        let is_worker = id == "DispatchFunction";
        assert_eq!(function["RecursiveLoop"] == "Allow", is_worker, "{id}: only the worker sends to its own queue");
    }
}

#[test]
fn the_page_of_costs_counts_the_alarms_that_are_paid_for() {
    let alarms = resources("AWS::CloudWatch::Alarm");
    let metrics = |alarm: &Value| {
        let metrics = alarm["Metrics"].as_array();
        metrics.map_or(1, |all| all.iter().filter(|one| one.get("MetricStat").is_some()).count())
    };
    let metrics: usize = alarms.iter().map(|(_, alarm)| metrics(alarm)).sum();
    let told = format!("{} alarms on {metrics} metrics at $0.10, ${}.{}0", alarms.len(), metrics / 10, metrics % 10);
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../functions/docs/guides/costs.md");
    assert!(std::fs::read_to_string(page).unwrap().contains(&told), "{told}");
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
        "$context.requestId",
        "$context.responseLatency",
        "$context.responseLength",
        "$context.routeKey",
        "$context.status",
    ];
    let mut said: Vec<_> = line.as_object().unwrap().values().map(|value| value.as_str().unwrap()).collect();
    said.sort_unstable();
    assert_eq!(said, harmless);
}
