//! Every file in `events/` is passed to the real function, as `sam local invoke` would pass it.

use std::{fs, path::PathBuf};

use api::{options, own};
use bytes::Bytes;
use local::stack::Stack;
use serde_json::{Value, json};

/// Function, event, and the status of the answer. The order matters: an event may need what an earlier one created.
pub const EVENTS: &[(&str, &str, u16)] = &[
    ("preferences", "put-channel-preferences", 200),
    ("preferences", "patch-display-preferences", 200),
    ("preferences", "get-display-preferences", 200),
    ("preferences", "put-quiet-hours", 200),
    ("preferences", "get-quiet-hours", 200),
    ("preferences", "delete-quiet-hours", 204),
    ("preferences", "put-category", 201),
    ("preferences", "get-category", 200),
    ("preferences", "list-categories", 200),
    ("preferences", "delete-category", 204),
    ("preferences", "get-unsubscribe", 200),
    ("preferences", "post-unsubscribe", 200),
    ("preferences", "post-preference-link", 201),
    ("preferences", "get-preferences", 200),
    ("preferences", "post-preferences", 200),
    ("preferences", "delete-links", 204),
    ("preferences", "put-user-settings", 200),
    ("preferences", "get-user-settings", 200),
    ("preferences", "post-organization-settings", 200),
    ("preferences", "delete-organization-settings", 200),
    ("preferences", "post-login", 200),
    ("preferences", "post-renew-token", 200),
    ("preferences", "post-logout", 200),
    ("preferences", "put-account-settings", 200),
    ("preferences", "get-account-settings", 200),
    ("preferences", "get-notification-types", 200),
    ("preferences", "put-security-settings", 200),
    ("preferences", "get-security-settings", 200),
    ("channel-settings", "put-channel-settings", 200),
    ("channel-settings", "get-channel-settings", 200),
    ("users", "post-user", 201),
    ("users", "get-user", 200),
    ("users", "get-health", 200),
    ("users", "put-user", 200),
    ("users", "get-export", 200),
    ("users", "unmatched", 404),
    ("channel-settings", "put-own-channel-settings", 200),
    ("channel-settings", "put-own-channel-settings-v1", 200),
    ("channel-settings", "put-own-preferences", 200),
    ("channel-settings", "get-own-preferences", 200),
    ("users", "put-admin-user", 201),
    ("users", "list-admin-users", 200),
    ("users", "list-users", 200),
    ("users", "put-admin-user-preferences", 200),
    ("users", "post-subscription", 201),
    ("users", "get-subscriptions", 200),
    ("users", "delete-subscription", 204),
    ("users", "post-admin-user-subscription", 201),
    ("users", "get-admin-user-subscription", 200),
    ("users", "list-topics", 200),
    ("users", "post-topic-subscriptions", 207),
    ("users", "delete-topic-subscriptions", 200),
    ("users", "delete-topic", 204),
    ("users", "post-api-key", 201),
    ("users", "delete-api-key", 404),
    ("users", "list-channels", 200),
    ("users", "put-channel", 201),
    ("notifications", "post-notification", 202),
    ("notifications", "get-notification", 404),
    ("notifications", "delete-notification", 404),
    ("notifications", "post-explain", 200),
    ("notifications", "post-run", 202),
    ("notifications", "get-run", 404),
    ("notifications", "get-run-notifications", 404),
    ("notifications", "delete-run", 404),
    ("notifications", "get-user-notifications", 200),
    ("notifications", "post-notiflow-run", 404),
    ("notifications", "list-admin-notifications", 200),
    ("notifications", "get-admin-notification", 404),
    ("notifications", "list-admin-notification-deliveries", 404),
    ("notifications", "list-admin-deliveries", 200),
    ("notifications", "get-admin-delivery", 404),
    ("notifications", "list-admin-user-notifications", 200),
    ("notifications", "get-admin-user-notification", 404),
    ("notifications", "list-admin-user-deliveries", 200),
    ("notifications", "get-admin-user-delivery", 404),
    ("notifications", "get-inbox", 200),
    ("notifications", "patch-inbox-item", 404),
    ("notifications", "get-dead-letters", 200),
    ("notifications", "post-redrive", 202),
    ("users", "get-suppressions", 200),
    ("users", "delete-suppression", 204),
    ("notifications", "put-pause", 201),
    ("notifications", "get-pause", 200),
    ("notifications", "list-pauses", 200),
    ("notifications", "delete-pause", 204),
    ("notifications", "put-template", 201),
    ("notifications", "get-template", 200),
    ("notifications", "put-template-locale", 201),
    ("notifications", "render-template", 200),
    ("notifications", "list-templates", 200),
    ("notifications", "put-templates", 200),
    ("notifications", "publish-template", 404),
    ("notifications", "list-template-versions", 200),
    ("notifications", "get-template-version", 404),
    ("notifications", "rollback-template", 404),
    ("notifications", "delete-template", 204),
    ("docs", "get-document", 200),
    ("docs", "get-page", 200),
    ("docs", "get-page-file", 200),
    ("docs", "get-error-page", 200),
    ("docs", "get-error-pages", 200),
    ("docs", "get-reason-page", 200),
    ("docs", "get-reason-pages", 200),
    ("docs", "get-guide", 200),
    ("docs", "get-guides", 200),
    ("users", "delete-user", 204),
];

/// Events of a worker; they run before the others. Their notifications are not in the table, so the worker has nothing
/// to send and no message comes back. An address is suppressed.
const BATCHES: &[&str] = &["sqs-batch", "sqs-dead-letters", "sqs-feedback"];

/// The event of the worker's schedule.
const SCHEDULE: &str = "schedule";

/// All event files, as `function/event`.
pub fn names() -> Vec<String> {
    let of_http_api = EVENTS.iter().map(|(function, event, _)| format!("{function}/{event}"));
    let of_dispatch = BATCHES.iter().chain([&SCHEDULE]).map(|event| format!("dispatch/{event}"));
    of_http_api.chain(of_dispatch).chain(crate::event_sources::files()).collect()
}

/// The folder of the event files.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events")
}

/// The event with the demo's credentials in place of the placeholders, as `events/README.md` describes.
pub fn filled(function: &str, event: &str, demo: &Value) -> String {
    let mut text = fs::read_to_string(folder().join(function).join(format!("{event}.json"))).unwrap();
    for group in ["bearer", "notiflows", "akana", "links"] {
        for (name, value) in demo[group].as_object().unwrap() {
            text = text.replace(&format!("{{{{{name}}}}}"), value.as_str().unwrap());
        }
    }
    assert!(!text.contains("{{"), "{event} has a placeholder that nobody fills");
    text
}

/// The answer of a function to an event.
pub async fn invoke(stack: &Stack, function: &str, event: String) -> Value {
    let answer = stack.function(function).unwrap().invoke(Bytes::from(event)).await.unwrap();
    serde_json::from_slice(&answer).unwrap()
}

#[tokio::test]
async fn every_event_is_answered() {
    let (stack, client) = own(options(&[])).await;
    let demo = client.demo().await;
    for event in BATCHES {
        let answer = invoke(&stack, "dispatch", filled("dispatch", event, &demo)).await;
        assert_eq!(answer, json!({"batchItemFailures": []}), "{event}");
    }
    let tick = invoke(&stack, "dispatch", filled("dispatch", SCHEDULE, &demo)).await;
    assert!(tick.get("errorMessage").is_none(), "{tick}");
    for (function, event, status) in EVENTS.iter().copied() {
        let answer = invoke(&stack, function, filled(function, event, &demo)).await;
        assert_eq!(answer["statusCode"], status, "{event}: {answer}");
        assert!(answer["headers"]["x-request-id"].is_string(), "{event}: {answer}");
    }
    stack.shutdown().await;
}

#[test]
fn no_event_is_left_out_and_every_route_has_one() {
    let mut known: Vec<_> = names().iter().map(|name| format!("{name}.json")).collect();
    let mut found = Vec::new();
    let mut routes = Vec::new();
    for function in fs::read_dir(folder()).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir()) {
        for event in fs::read_dir(function.path()).unwrap().map(Result::unwrap) {
            let name = format!("{}/{}", function.file_name().display(), event.file_name().display());
            let event: Value = serde_json::from_str(&fs::read_to_string(event.path()).unwrap()).unwrap();
            routes.extend(event["routeKey"].as_str().map(str::to_owned));
            found.push(name);
        }
    }
    known.sort();
    found.sort();
    assert_eq!(found, known);
    for route in crate::template::routes() {
        assert!(routes.contains(&route), "no event for {route}");
    }
}
