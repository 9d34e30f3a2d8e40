//! What the linters of `template.yaml` do not see.

mod operation;
mod security;

use std::{collections::BTreeMap, fs};

use local::template::{Deployed, Template, parse};
use serde_json::Value;

/// The template, with parameters that nothing depends on.
pub fn template() -> Template {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");
    let deployed = Deployed {
        api_endpoint: "http://127.0.0.1:1".into(),
        sqs_endpoint: "http://127.0.0.1:1".into(),
        region: "us-east-1".into(),
        account: "000000000000".into(),
        stack: "tidings".into(),
    };
    let given = ["JwtIssuer", "JwtAudience", "Jwks", "SenderAddress"];
    let parameters: BTreeMap<_, _> = given.map(|name| (name.to_owned(), "x@x".to_owned())).into();
    Template::read(&fs::read_to_string(path).unwrap(), &parameters, &deployed).unwrap()
}

/// The template as it stands, unresolved.
fn document() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");
    parse(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The resources of a type: logical id and properties.
fn resources(kind: &str) -> Vec<(String, Value)> {
    let document = document();
    let all = document["Resources"].as_object().unwrap().iter();
    let of_kind = all.filter(|(_, resource)| resource["Type"] == kind);
    let found: Vec<_> = of_kind.map(|(id, resource)| (id.clone(), resource["Properties"].clone())).collect();
    assert!(!found.is_empty(), "no {kind}");
    found
}

/// Every route, as an event's `routeKey` names it.
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
fn the_queue_waits_six_times_as_long_as_its_function_and_gives_out_five_times() {
    let template = template();
    let dispatch = template.functions.iter().find(|function| function.binary == "dispatch").unwrap();
    let sources: Vec<_> = dispatch.queue_sources.iter().map(|source| source.queue.as_str()).collect();
    assert_eq!(sources, ["DeadLetterQueue", "Queue", "FeedbackQueue"]);
    for source in &dispatch.queue_sources {
        assert!(source.reports_batch_item_failures, "without it one failure repeats the whole batch");
        let queue = template.queue(&source.queue).unwrap();
        let visibility: u64 = queue.attributes["VisibilityTimeout"].parse().unwrap();
        assert!(visibility >= 6 * dispatch.timeout.as_secs(), "{}: {visibility}", source.queue);
    }
    let queue = template.queue("Queue").unwrap();
    let redrive: serde_json::Value = serde_json::from_str(&queue.attributes["RedrivePolicy"]).unwrap();
    assert_eq!(redrive["maxReceiveCount"], 5);
    assert_eq!(dispatch.environment["MAX_RECEIVE_COUNT"], "5", "the worker must know its last attempt");
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
fn every_function_has_a_crate() {
    for function in template().functions {
        let manifest = format!("{}/../../functions/{}/Cargo.toml", env!("CARGO_MANIFEST_DIR"), function.binary);
        assert!(fs::exists(&manifest).unwrap(), "{manifest}");
    }
}
