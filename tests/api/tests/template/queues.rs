//! The queues of the template: one for each channel, each with an event source of its own.

use std::collections::BTreeSet;

use local::template::{Function, Template};
use serde_json::{Value, json};
use shared::{domain::Channel, queue::url_variable};

use super::{read, resources, security::statements, template};

/// 14 days, the longest that SQS keeps a message
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>).
const LONGEST_RETENTION: &str = "1209600";
/// The most bytes of a function's environment
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const MAX_ENVIRONMENT: usize = 4096;
/// The most bytes of a queue's URL: `https://sqs.us-gov-east-1.amazonaws.com/`, an account, and a name of 80 characters.
const MAX_URL: usize = 140;

fn function<'a>(template: &'a Template, binary: &str) -> &'a Function {
    template.functions.iter().find(|function| function.binary == binary).unwrap()
}

/// The logical id of each channel's queue, as the worker is told.
fn queues(template: &Template) -> Vec<(Channel, String)> {
    let environment = &function(template, "dispatch").environment;
    let id = |channel| {
        let url = &environment[&url_variable(channel)];
        let queue = template.queues.iter().find(|queue| queue.url == *url);
        queue.unwrap_or_else(|| panic!("{channel}: {url}")).logical_id.clone()
    };
    Channel::ALL.map(|channel| (channel, id(channel))).into()
}

/// A channel's part of the names of parameters.
fn camel(channel: Channel) -> String {
    let words = channel.as_str().split('_');
    words.map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

#[test]
fn each_channel_has_a_queue_and_an_event_source_with_a_concurrency_of_its_own() {
    let usual = template();
    let queues = queues(&usual);
    assert_eq!(queues.iter().map(|(_, id)| id).collect::<BTreeSet<_>>().len(), Channel::ALL.len(), "{queues:?}");
    // An update of a stack must not delete the queue that had the messages of all channels.
    assert_eq!(queues[0], (Channel::Email, "Queue".to_owned()));
    let at_most = |template: &Template, id: &str| {
        let sources = function(template, "dispatch").queue_sources.iter();
        let of: Vec<_> = sources.filter(|source| source.queue == id).collect();
        assert_eq!(of.len(), 1, "{id}");
        of[0].maximum_concurrency.unwrap()
    };
    for (channel, id) in &queues {
        let changed = read(&[(&*format!("{}Concurrency", camel(*channel)), "7")]).unwrap();
        for (_, other) in &queues {
            let expected = if other == id { 7 } else { at_most(&usual, other) };
            assert_eq!(at_most(&changed, other), expected, "{channel}: {other}");
        }
        for refused in ["1", "1001"] {
            assert!(read(&[(&*format!("{}Concurrency", camel(*channel)), refused)]).is_err(), "{channel}: {refused}");
        }
    }
    let all: usize = queues.iter().map(|(_, id)| at_most(&usual, id)).sum();
    assert_eq!(all, 50, "as many as one queue for all channels had");
}

#[test]
fn each_channel_s_queue_keeps_messages_as_long_as_sqs_can_and_hands_on_its_dead_letters() {
    let template = template();
    let dead = template.queue("DeadLetterQueue").unwrap();
    assert_eq!(dead.attributes.get("RedriveAllowPolicy"), None, "by default any queue may");
    for (channel, id) in queues(&template) {
        let attributes = &template.queue(&id).unwrap().attributes;
        let redrive: Value = serde_json::from_str(&attributes["RedrivePolicy"]).unwrap();
        assert_eq!(redrive["deadLetterTargetArn"], dead.arn.as_str(), "{channel}");
        if id != "Queue" {
            assert_eq!(attributes["MessageRetentionPeriod"], LONGEST_RETENTION, "{channel}");
        }
    }
}

#[test]
fn whoever_sends_knows_every_channel_s_queue_and_may_use_it() {
    let template = template();
    let queues = queues(&template);
    let arns: BTreeSet<_> =
        queues.iter().map(|(_, id)| json!({"Fn::GetAtt": format!("{id}.Arn")}).to_string()).collect();
    for (binary, id) in [("notifications", "NotificationsFunction"), ("dispatch", "DispatchFunction")] {
        let environment = &function(&template, binary).environment;
        for (channel, queue) in &queues {
            assert_eq!(environment[&url_variable(*channel)], template.queue(queue).unwrap().url, "{binary}: {channel}");
        }
        let size = |(name, value): (&String, &String)| {
            name.len() + if name.ends_with("QUEUE_URL") { MAX_URL } else { value.len() }
        };
        let size: usize = environment.iter().map(size).sum();
        assert!(size < MAX_ENVIRONMENT / 2, "{binary}: {size} bytes without an issuer's keys");
        let sends = statements()
            .into_iter()
            .filter(|(at, one)| *at == format!("{id}Role") && one["Action"] == "sqs:SendMessage");
        let may: BTreeSet<_> = sends
            .flat_map(|(_, one)| super::security::list(&one["Resource"]))
            .map(|resource| normal(&resource).to_string())
            .collect();
        assert!(arns.is_subset(&may), "{binary}: {may:?}");
    }
}

/// `Fn::GetAtt` as one text, in whichever form it was read.
fn normal(resource: &Value) -> Value {
    match &resource["Fn::GetAtt"] {
        Value::Array(parts) => {
            let parts: Vec<_> = parts.iter().filter_map(Value::as_str).collect();
            json!({"Fn::GetAtt": parts.join(".")})
        }
        _ => resource.clone(),
    }
}

#[test]
fn an_operator_sees_the_age_of_every_channel_s_messages() {
    let ids: BTreeSet<_> = queues(&template()).into_iter().map(|(_, id)| id).collect();
    let alarms = resources("AWS::CloudWatch::Alarm");
    let (_, alarm) = alarms.iter().find(|(id, _)| id == "QueueAgeAlarm").unwrap();
    let metrics = alarm["Metrics"].as_array().unwrap().iter().filter(|one| one.get("MetricStat").is_some());
    let watched: BTreeSet<_> = metrics
        .map(|one| {
            let metric = &one["MetricStat"]["Metric"];
            assert_eq!(metric["MetricName"], "ApproximateAgeOfOldestMessage");
            let queue = normal(&metric["Dimensions"][0]["Value"])["Fn::GetAtt"].as_str().unwrap().to_owned();
            queue.trim_end_matches(".QueueName").to_owned()
        })
        .collect();
    assert_eq!(watched, ids);
    let [(_, dashboard)] = &resources("AWS::CloudWatch::Dashboard")[..] else { panic!("one dashboard") };
    let body = dashboard["DashboardBody"]["Fn::Sub"].as_str().unwrap();
    for id in ids {
        let shown = body.matches(&format!("\"QueueName\", \"${{{id}.QueueName}}\"")).count();
        assert_eq!(shown, 4, "{id}: its age, and what waits, is under way and is kept back");
    }
}
