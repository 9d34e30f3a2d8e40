//! The same request in the events of five event sources: the answer must be the same for each.

mod fields;
mod sent;
mod told;

use std::fs;

use api::{options, own};
use local::stack::{Options, Stack};
use serde_json::{Value, json};

use crate::events;
use sent::EventSource;
use told::Told;

/// Requests that have an event file for each source: one request of each dialect, and one with a query.
const REQUESTS: [(&str, &str); 6] = [
    ("preferences", "put-channel-preferences"),
    ("preferences", "post-login"),
    ("channel-settings", "put-channel-settings"),
    ("preferences", "get-display-preferences"),
    ("preferences", "put-user-settings"),
    ("notifications", "get-inbox"),
];

/// The health check that a load balancer sends by itself.
const HEALTH_CHECK: &str = "preferences/health-check.alb";

/// All event files of this module, as `function/event`.
pub fn files() -> Vec<String> {
    let event_sources = REQUESTS.iter().flat_map(|(function, event)| {
        EventSource::OTHERS.iter().map(move |source| format!("{function}/{event}.{}", source.name()))
    });
    event_sources.chain([HEALTH_CHECK.to_owned()]).collect()
}

fn event(name: &str) -> Value {
    let path = events::folder().join(format!("{name}.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn each_file_is_the_http_api_s_event_as_its_door_sends_it() {
    for (function, name) in REQUESTS {
        let http_api = event(&format!("{function}/{name}"));
        for source in EventSource::OTHERS {
            let file = format!("{function}/{name}.{}", source.name());
            assert_eq!(event(&file), source.event(&http_api), "{file}");
        }
    }
}

/// The answers to all events, sent one after the other to one new stack. `PublicUrl` is set, because without it a link
/// begins with the host name of the event source.
async fn told(source: Option<EventSource>) -> Vec<(&'static str, Told)> {
    // The list of users has the order of the clocks of the processes that created them, so here one process creates all.
    let options = Options { concurrency: 1, ..options(&[("PublicUrl", "https://tidings.example")]) };
    let (stack, client) = own(options).await;
    let demo = client.demo().await;
    let mut told = Vec::new();
    for (function, name, _) in events::EVENTS.iter().copied() {
        let mut event: Value = serde_json::from_str(&events::filled(function, name, &demo)).unwrap();
        if let Some(source) = source {
            event = source.event(&event);
        }
        told.push((name, Told::by(&events::invoke(&stack, function, event.to_string()).await)));
        // The work that a request started must end before the next request is sent, and lists must show it.
        client.queues_empty().await;
        client.index_catches_up().await;
    }
    stack.shutdown().await;
    told
}

#[tokio::test]
async fn every_request_is_answered_alike_at_every_door() {
    let expected = told(None).await;
    for source in EventSource::OTHERS {
        for ((name, expected), (_, answer)) in expected.iter().zip(told(Some(source)).await) {
            assert!(expected.is_like(&answer), "{name} by {}:\n{answer:#?}\ninstead of\n{expected:#?}", source.name());
        }
    }
    let log_in = expected.iter().find(|(name, _)| *name == "post-login").map(|(_, told)| told).unwrap();
    assert_eq!(log_in.cookies.len(), 2, "one cookie would not tell the doors apart");
}

async fn ask(stack: &Stack, function: &str, event: &Value) -> Told {
    Told::by(&events::invoke(stack, function, event.to_string()).await)
}

#[tokio::test]
async fn a_load_balancer_finds_every_function_healthy() {
    let (stack, _) = own(options(&[])).await;
    let check = event(HEALTH_CHECK);
    let functions = stack.template().functions.iter().filter(|function| !function.routes.is_empty());
    let functions: Vec<_> = functions.map(|function| function.binary.as_str()).collect();
    assert!(functions.len() > 1);
    for function in functions {
        let answer = events::invoke(&stack, function, check.to_string()).await;
        let healthy =
            json!({"statusCode": 200, "statusDescription": "200 OK", "headers": {}, "isBase64Encoded": false});
        assert_eq!(answer, healthy, "{function}");
    }
    // A request that came through the load balancer from a client is not a health check, even with the health check's
    // `User-Agent`.
    let mut client_s = check;
    client_s["headers"]["x-forwarded-for"] = json!("203.0.113.7");
    assert_eq!(ask(&stack, "preferences", &client_s).await.status, 404);
    stack.shutdown().await;
}

#[tokio::test]
async fn a_path_that_needs_escapes_names_the_same_user_at_every_door() {
    let (stack, client) = own(options(&[])).await;
    let demo = client.demo().await;
    let mut event: Value = serde_json::from_str(&events::filled("users", "put-admin-user", &demo)).unwrap();
    // This path is already decoded. If the service decoded it again, the name would change or be refused.
    let path = "/admin/v1/users/José Pérez+1";
    event["rawPath"] = json!(path);
    event["requestContext"]["http"]["path"] = json!(path);
    assert_eq!(ask(&stack, "users", &event).await.status, 201);
    for source in EventSource::OTHERS {
        assert_eq!(ask(&stack, "users", &source.event(&event)).await.status, 200, "{}", source.name());
    }
    let mut staged = event;
    staged["rawPath"] = json!(format!("/live{path}"));
    staged["requestContext"]["stage"] = json!("live");
    assert_eq!(ask(&stack, "users", &staged).await.status, 200, "a stage with a name");
    stack.shutdown().await;
}
