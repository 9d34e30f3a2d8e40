//! Rules for `template.yaml` that its linters do not check.

mod alarms;
mod aws;
mod environment;
mod operation;
mod queues;
mod security;
mod stateful;

use std::{collections::BTreeMap, fs};

use local::template::{Deployed, Template, TemplateError, parse};
use serde_json::Value;
use shared::public_url::PublicUrl;

/// The template with placeholders for the required parameters.
pub fn template() -> Template {
    read(&[]).unwrap()
}

/// The template with these parameters.
pub fn read(given: &[(&str, &str)]) -> Result<Template, TemplateError> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");
    let deployed = Deployed {
        api_endpoint: "http://127.0.0.1:1".into(),
        sqs_endpoint: "http://127.0.0.1:1".into(),
        region: "us-east-1".into(),
        account: "000000000000".into(),
        stack: "tidings".into(),
    };
    let needed = ["JwtIssuer", "JwtAudience", "SenderAddress"].map(|name| (name, "x@x.example"));
    let needed = needed.into_iter().chain([("Jwks", "https://x.example")]);
    let given = needed.chain(given.iter().copied()).map(|(name, value)| (name.to_owned(), value.to_owned()));
    Template::read(&fs::read_to_string(path).unwrap(), &given.collect::<BTreeMap<_, _>>(), &deployed)
}

/// The template as it is written, with its functions and references not resolved.
pub fn document() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");
    parse(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The resources of a type, each with its logical id and its properties.
fn resources(kind: &str) -> Vec<(String, Value)> {
    let document = document();
    let all = document["Resources"].as_object().unwrap().iter();
    let of_kind = all.filter(|(_, resource)| resource["Type"] == kind);
    let found: Vec<_> = of_kind.map(|(id, resource)| (id.clone(), resource["Properties"].clone())).collect();
    assert!(!found.is_empty(), "no {kind}");
    found
}

/// Every route, in the form of an event's `routeKey`.
pub fn routes() -> Vec<String> {
    let functions = template().functions;
    let routes = functions.iter().flat_map(|function| &function.routes);
    routes
        .map(
            |route| {
                if route.path == "$default" { route.path.clone() } else { format!("{} {}", route.method, route.path) }
            },
        )
        .collect()
}

#[test]
fn the_queue_waits_six_times_as_long_as_its_function_and_a_delivery_has_five_attempts() {
    let template = template();
    let dispatch = template.functions.iter().find(|function| function.binary == "dispatch").unwrap();
    let sources: Vec<_> = dispatch.queue_sources.iter().map(|source| source.queue.as_str()).collect();
    let deliveries = ["InAppQueue", "PushQueue", "SlackQueue", "SmsQueue"];
    assert_eq!(sources, [&["DeadLetterQueue", "Queue", "FeedbackQueue"][..], &deliveries].concat());
    for source in &dispatch.queue_sources {
        assert!(source.reports_batch_item_failures, "without it one failure repeats the whole batch");
        let queue = template.queue(&source.queue).unwrap();
        let visibility: u64 = queue.attributes["VisibilityTimeout"].parse().unwrap();
        assert!(visibility >= 6 * dispatch.timeout.as_secs(), "{}: {visibility}", source.queue);
    }
    let queue = template.queue("Queue").unwrap();
    let redrive: serde_json::Value = serde_json::from_str(&queue.attributes["RedrivePolicy"]).unwrap();
    assert_eq!(redrive["maxReceiveCount"], 100, "a guard against messages that workers die of");
    assert_eq!(dispatch.environment["MAX_ATTEMPTS"], "5", "the worker must know its last attempt");
    let dead = template.queue("DeadLetterQueue").unwrap();
    assert_eq!(redrive["deadLetterTargetArn"], dead.arn.as_str());
}

#[test]
fn every_allowed_dispatch_timeout_has_its_visibility() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml")).unwrap();
    let allowed = text.split("DispatchTimeout:").nth(1).unwrap().split("AllowedValues: [").nth(1).unwrap();
    let allowed = allowed.split(']').next().unwrap().replace(['"', ' '], "");
    for seconds in allowed.split(',') {
        let seconds: u64 = seconds.parse().unwrap();
        assert!(text.contains(&format!("\"{seconds}\": {{ Seconds: {} }}", 6 * seconds)), "{seconds}");
    }
}

#[test]
fn every_path_takes_any_method_and_one_function_takes_the_rest() {
    let routes = routes();
    assert_eq!(routes.iter().filter(|route| *route == "$default").count(), 1);
    for route in routes.iter().filter(|route| *route != "$default") {
        assert!(route.starts_with("ANY /"), "{route}: a gateway would answer another method itself, without Allow");
    }
}

#[test]
fn what_is_left_out_by_default_is_understood_too() {
    let key = "arn:aws:kms:us-east-1:000000000000:key/0";
    let origins = "https://a.example,http://localhost:3000";
    let all = [("AlarmEmail", "a@b"), ("KeyArn", key), ("AllowedOrigins", origins), ("WarmThroughput", "on")];
    let all = read(&all).unwrap();
    assert_eq!(all.cors.unwrap().allow_origins, ["https://a.example", "http://localhost:3000"]);
    assert_eq!((all.publishing, template().cors), (template().publishing, None));
}

/// A table that is warm is held back by an index that is not.
#[test]
fn the_table_and_its_index_are_warm_together_and_only_if_that_is_asked_for() {
    let warmth = |given: &[(&str, &str)]| {
        let table = read(given).unwrap().table.properties;
        [&table["WarmThroughput"], &table["GlobalSecondaryIndexes"][0]["WarmThroughput"]].map(Value::to_string)
    };
    assert_eq!(warmth(&[]), ["null", "null"]);
    let [table, index] = warmth(&[("WarmThroughput", "on"), ("WarmWriteUnits", "40000")]);
    assert!(table.contains("12000") && table.contains("40000"), "{table}");
    assert_eq!(table, index);
}

#[test]
fn a_parameter_that_would_fail_at_the_deployment_or_after_it_is_refused_before() {
    for (name, value) in [
        ("AllowedOrigins", "*"),
        ("AllowedOrigins", "https://a.example/"),
        ("AllowedOrigins", "https://a.example, https://b.example"),
        ("AllowedOrigins", "a.example"),
        ("AlarmEmail", "nobody"),
        ("KeyArn", "alias/mine"),
        ("PublicUrl", "https:////"),
        ("PublicUrl", "https://:443"),
        ("PublicUrl", "https://a.example:0"),
        ("PublicUrl", "https://a.example:100000"),
        ("PublicUrl", "https://a.example:b"),
        ("PublicUrl", "https://a.example?b"),
        ("LogRetentionDays", "31"),
        ("SenderAddress", "Tidings <a@b.example>"),
        ("ThrottleRate", "0"),
        ("WarmReadUnits", "11999"),
        ("WarmWriteUnits", "0"),
        ("WidgetOrigins", "https://a.example:0"),
        ("WidgetOrigins", "https://a.example:100000"),
        ("WidgetOrigins", "https://a.example,https://b.example:0443"),
    ] {
        assert!(matches!(read(&[(name, value)]), Err(TemplateError::Parameter { .. })), "{name}: {value}");
    }
}

#[test]
fn a_public_url_that_the_template_takes_is_one_that_the_functions_start_with() {
    let url = "https://a.example:8443/notify";
    for url in ["https://a", "https://a.example/", "https://a.example//", "https://a:99999", "https://a/b:c%20d/", url]
    {
        let template = read(&[("PublicUrl", url)]).unwrap_or_else(|error| panic!("{url}: {error}"));
        let told = template.functions.iter().filter_map(|function| function.environment.get("PUBLIC_URL"));
        let told: Vec<_> = told.map(|told| PublicUrl::parse(told)).collect();
        assert!(told.len() == 3 && told.iter().all(Result::is_ok), "{url}: {told:?}");
    }
}

#[test]
fn two_stacks_in_one_account_get_on() {
    // Without `OmitName` SAM names a schedule after its function.
    for (id, function) in resources("AWS::Serverless::Function") {
        for event in function["Events"].as_object().unwrap().values().filter(|event| event["Type"] == "ScheduleV2") {
            assert_eq!(event["Properties"]["OmitName"], true, "{id}");
        }
    }
    for (kind, name) in [("AWS::Logs::LogGroup", "LogGroupName"), ("AWS::CloudWatch::Dashboard", "DashboardName")] {
        for (id, resource) in resources(kind) {
            // CloudFormation makes up a name that is left out.
            let Some(named) = resource.get(name) else { continue };
            assert!(named["Fn::Sub"].as_str().unwrap().contains("${AWS::StackName}"), "{id}");
        }
    }
    for kind in ["AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::SES::ConfigurationSet"] {
        for (id, resource) in resources(kind) {
            for name in ["TableName", "QueueName", "TopicName", "Name"] {
                assert!(resource.get(name).is_none(), "{id}: CloudFormation makes up the name");
            }
        }
    }
}

#[test]
fn every_function_has_a_crate() {
    for function in template().functions {
        let manifest = format!("{}/../../functions/{}/Cargo.toml", env!("CARGO_MANIFEST_DIR"), function.binary);
        assert!(fs::exists(&manifest).unwrap(), "{manifest}");
    }
}
