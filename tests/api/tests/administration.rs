//! Tests of an operator's settings: `/api/v1/api-keys` and `/api/v1/channels`.

use api::{Answer, options, own, shared, unique};
use reqwest::Method;
use serde_json::{Value, json};

use crate::contract3::{Operator, external_id, is_error, user_path};

const KEYS: &str = "/api/v1/api-keys";
const CHANNELS: &str = "/api/v1/channels";

async fn by(who: &str, method: Method, path: &str, body: Value) -> Answer {
    let client = shared();
    let token = if who.is_empty() { String::new() } else { client.token(who).await };
    client.json(method, path, &token, &body).await
}

/// Asserts a refusal in the native dialect's shape, without any other field.
#[track_caller]
fn is_refused(answer: &Answer, status: u16, message: &str) {
    answer.is(status, json!({"statusCode": status, "message": message}));
}

/// Asserts that the body is refused, and for this reason.
#[track_caller]
fn is_invalid(answer: &Answer, fault: &str) {
    answer.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": [fault]}));
}

#[tokio::test]
async fn a_key_s_secret_is_shown_once_and_a_deleted_key_is_gone() {
    let name = format!("Key {}", unique());
    let made = by("admin", Method::POST, KEYS, json!({"name": name})).await;
    let pair = made.json();
    let all = json!([
        "users:read",
        "users:write",
        "channel_settings:read",
        "channel_settings:write",
        "notifications:read",
        "notiflows:run",
        "topics:read",
        "topics:write",
    ]);
    let shown = json!({
        "api_key": pair["api_key"], "name": name, "scopes": all, "created_at": pair["created_at"],
    });
    let mut expected = shown.clone();
    expected["secret_key"] = pair["secret_key"].clone();
    made.is(201, expected);
    let (public, secret) = (pair["api_key"].as_str().unwrap(), pair["secret_key"].as_str().unwrap());
    assert!(public.starts_with("pk_") && secret.starts_with("sk_") && secret.len() == 3 + 64);
    shared().index_catches_up().await;
    let list = by("admin", Method::GET, KEYS, Value::Null).await;
    assert!(list.json()["items"].as_array().unwrap().contains(&shown), "{}", list.text);
    assert!(!list.text.contains(secret) && !list.text.contains("hash"));
    let client = shared();
    let keys = [("x-notiflows-api-key", public), ("x-notiflows-secret-key", secret)];
    assert_eq!(client.send(Method::GET, "/admin/v1/users?limit=1", &keys, None).await.status.as_u16(), 200);
    let gone = by("admin", Method::DELETE, &format!("{KEYS}/{public}"), Value::Null).await;
    assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
    let again = by("admin", Method::DELETE, &format!("{KEYS}/{public}"), Value::Null).await;
    is_refused(&again, 404, "API key not found");
    shared().index_catches_up().await;
    let list = by("admin", Method::GET, KEYS, Value::Null).await;
    assert!(!list.text.contains(public), "{}", list.text);
}

#[tokio::test]
async fn a_key_without_the_scope_is_403_and_writes_nothing() {
    let operator = Operator::new().await;
    let make = async |scopes: Value| {
        let pair = by("admin", Method::POST, KEYS, json!({"scopes": scopes})).await.json();
        (pair["api_key"].as_str().unwrap().to_owned(), pair["secret_key"].as_str().unwrap().to_owned())
    };
    let settings = operator.path("fcm");
    let user = user_path(&external_id());
    let preferences = format!("{user}/preferences");
    let tokens = json!({"settings": {"device_tokens": ["a"]}});
    let subscriptions = format!("{user}/subscriptions");
    let subscription = format!("{subscriptions}/scopes");
    let subscribers = "/admin/v1/topics/scopes/subscriptions";
    let nobody = json!({"user_external_ids": ["nobody"]});
    let calls = [
        (Method::GET, "/admin/v1/users", Value::Null, "users:read"),
        (Method::GET, user.as_str(), Value::Null, "users:read"),
        (Method::GET, preferences.as_str(), Value::Null, "users:read"),
        (Method::PUT, user.as_str(), json!({}), "users:write"),
        (Method::DELETE, user.as_str(), Value::Null, "users:write"),
        (Method::PUT, preferences.as_str(), json!({}), "users:write"),
        (Method::GET, settings.as_str(), Value::Null, "channel_settings:read"),
        (Method::PUT, settings.as_str(), tokens.clone(), "channel_settings:write"),
        (Method::DELETE, settings.as_str(), Value::Null, "channel_settings:write"),
        (Method::GET, "/admin/v1/notifications?limit=1", Value::Null, "notifications:read"),
        (Method::GET, "/admin/v1/deliveries?limit=1", Value::Null, "notifications:read"),
        (Method::POST, "/admin/v1/notiflows/scopes/run", json!({"topic": "scopes"}), "notiflows:run"),
        (Method::GET, "/admin/v1/topics", Value::Null, "topics:read"),
        (Method::GET, "/admin/v1/topics/scopes", Value::Null, "topics:read"),
        (Method::GET, subscribers, Value::Null, "topics:read"),
        (Method::GET, subscriptions.as_str(), Value::Null, "topics:read"),
        (Method::GET, subscription.as_str(), Value::Null, "topics:read"),
        (Method::POST, subscriptions.as_str(), json!({"topic_name": "scopes"}), "topics:write"),
        (Method::DELETE, subscription.as_str(), Value::Null, "topics:write"),
        (Method::POST, subscribers, nobody.clone(), "topics:write"),
        (Method::DELETE, subscribers, nobody, "topics:write"),
        (Method::DELETE, "/admin/v1/topics/scopes", Value::Null, "topics:write"),
    ];
    let scopes = [
        "users:read",
        "users:write",
        "channel_settings:read",
        "channel_settings:write",
        "notifications:read",
        "notiflows:run",
        "topics:read",
        "topics:write",
    ];
    for held in scopes {
        let (public, secret) = make(json!([held])).await;
        let keys = [("x-notiflows-api-key", public.as_str()), ("x-notiflows-secret-key", secret.as_str())];
        for (method, path, body, needed) in &calls {
            let body = (!body.is_null()).then(|| body.to_string().into_bytes());
            let answer = operator.client.send(method.clone(), path, &keys, body).await;
            if held == *needed {
                assert!(
                    [200, 201, 204, 207, 404].contains(&answer.status.as_u16()),
                    "{method} {path}: {}",
                    answer.text
                );
            } else {
                is_error(&answer, 403, "forbidden", json!({"required_scope": needed}));
            }
        }
        if held == "users:write" {
            // A channel that exists and one that does not get the same answer.
            for channel in [operator.channels["fcm"].as_str().unwrap(), "no-such-channel"] {
                let body = json!({"channel_settings": [{"channel_id": channel, "settings": {"device_tokens": ["a"]}}]});
                let answer = operator.client.send(Method::PUT, &user, &keys, Some(body.to_string().into_bytes())).await;
                is_error(&answer, 403, "forbidden", json!({"required_scope": "channel_settings:write"}));
            }
        }
    }
}

#[tokio::test]
async fn only_an_operator_manages_keys_and_channels() {
    let key = format!("{KEYS}/pk_x");
    let channel = format!("{CHANNELS}/x");
    for (method, path) in [
        (Method::GET, KEYS),
        (Method::POST, KEYS),
        (Method::DELETE, key.as_str()),
        (Method::GET, CHANNELS),
        (Method::GET, channel.as_str()),
        (Method::PUT, channel.as_str()),
        (Method::DELETE, channel.as_str()),
    ] {
        let body = json!({"provider": "webhook"});
        let answer = by("", method.clone(), path, body.clone()).await;
        is_refused(&answer, 401, "Unauthorized");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        for who in ["user", "service", "broker"] {
            let answer = by(who, method.clone(), path, body.clone()).await;
            is_refused(&answer, 403, "You may not do this. Who may: operator, or admin without an organization");
        }
        let operator = Operator::new().await;
        let answer = operator.send(method.clone(), path, body).await;
        is_refused(&answer, 401, "Unauthorized");
    }
    let all = by("admin", Method::GET, CHANNELS, Value::Null).await;
    assert!(!all.text.contains("\"channel_id\":\"x\""), "{}", all.text);
}

#[tokio::test]
async fn a_channel_is_created_read_replaced_and_deleted() {
    let (stack, client) = own(options(&[])).await;
    let token = client.token("admin").await;
    let path = format!("{CHANNELS}/text-messages");
    let channel = json!({
        "channel_id": "text-messages", "provider": "sms", "name": "Texts", "secret": "tidings/sms", "position": 0,
    });
    let body = json!({"provider": "sms", "name": "Texts", "secret": "tidings/sms"});
    client.json(Method::PUT, &path, &token, &body).await.is(201, channel.clone());
    client.get(&path, &token).await.is(200, channel.clone());
    let list = client.get(CHANNELS, &token).await;
    let items = list.json()["items"].as_array().unwrap().clone();
    assert!(items.contains(&channel) && items.len() == 5, "{}", list.text);
    let replaced = json!({
        "channel_id": "text-messages", "provider": "sms", "name": "text-messages", "secret": null, "position": 0,
    });
    client.json(Method::PUT, &path, &token, &json!({"provider": "sms"})).await.is(200, replaced.clone());
    client.get(&path, &token).await.is(200, replaced.clone());
    let mut rated = replaced;
    rated["rate_per_second"] = json!(0.5);
    let body = json!({"provider": "sms", "rate_per_second": 0.5});
    client.json(Method::PUT, &path, &token, &body).await.is(200, rated.clone());
    client.get(&path, &token).await.is(200, rated);
    assert_eq!(client.json(Method::DELETE, &path, &token, &Value::Null).await.status.as_u16(), 204);
    for method in [Method::GET, Method::DELETE] {
        let answer = client.json(method, &path, &token, &Value::Null).await;
        is_refused(&answer, 404, "Channel not found");
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn a_bad_key_or_channel_is_named_and_not_made() {
    const SCOPES: &str = "scopes must be a list of one or more of users:read, users:write, channel_settings:read, \
        channel_settings:write, notifications:read, notiflows:run, topics:read, topics:write, or null for all";
    const PROVIDER: &str = "one of apns, fcm, slack, email, sms, webhook, in_app";
    for (body, fault) in [
        (json!({"name": ""}), "name must be a line of 1 to 200 characters, or null"),
        (json!({"scopes": "users:read"}), SCOPES),
        (json!({"scopes": []}), SCOPES),
        (json!({"scopes": ["users:read", "all"]}), SCOPES),
        (json!({"secret_key": "sk_mine"}), "secret_key is not a known field"),
    ] {
        is_invalid(&by("admin", Method::POST, KEYS, body).await, fault);
    }
    let path = format!("{CHANNELS}/never-made");
    for (body, fault) in [
        (json!({}), format!("provider is required: it must be {PROVIDER}")),
        (json!({"provider": "fax"}), format!("provider must be {PROVIDER}")),
        (json!({"provider": null}), format!("provider must be {PROVIDER}")),
        (json!({"provider": "fcm", "name": 1}), "name must be a line of 1 to 200 characters".to_owned()),
        (
            json!({"provider": "fcm", "secret": "prod/database"}),
            "secret must be the name of a secret that begins with tidings/, or null".to_owned(),
        ),
        (json!({"provider": "fcm", "credentials": {}}), "credentials is not a known field".to_owned()),
    ] {
        is_invalid(&by("admin", Method::PUT, &path, body).await, &fault);
    }
    for body in [json!([]), json!("x"), json!(1)] {
        for (method, path) in [(Method::PUT, path.as_str()), (Method::POST, KEYS)] {
            is_invalid(&by("admin", method, path, body.clone()).await, "the body must be a JSON object");
        }
    }
    assert_eq!(by("admin", Method::GET, &path, Value::Null).await.status.as_u16(), 404);
    let odd = format!("{CHANNELS}/{}", "a".repeat(129));
    let fault = "channel_id must be 1 to 128 visible ASCII characters, none of / ? # %";
    is_invalid(&by("admin", Method::PUT, &odd, json!({"provider": "fcm"})).await, fault);
    let long = format!("{KEYS}/{}", "a".repeat(3000));
    assert_eq!(by("admin", Method::DELETE, &long, Value::Null).await.status.as_u16(), 404);
    for (method, path, allow) in [
        (Method::PUT, KEYS, "GET, HEAD, POST"),
        (Method::GET, "/api/v1/api-keys/pk_x", "DELETE"),
        (Method::POST, CHANNELS, "GET, HEAD"),
        (Method::PATCH, path.as_str(), "GET, HEAD, PUT, DELETE"),
    ] {
        let answer = by("admin", method, path, Value::Null).await;
        is_refused(&answer, 405, "Method not allowed");
        assert_eq!(answer.header("allow"), allow);
    }
}

#[tokio::test]
async fn lists_come_in_pages() {
    let (stack, client) = own(options(&[])).await;
    let token = client.token("admin").await;
    for position in 1..=2 {
        let body = json!({"provider": "webhook", "position": position});
        let path = format!("{CHANNELS}/hook-{position}");
        assert_eq!(client.json(Method::PUT, &path, &token, &body).await.status.as_u16(), 201);
        assert_eq!(client.json(Method::POST, KEYS, &token, &json!({})).await.status.as_u16(), 201);
    }
    client.index_catches_up().await;
    for list in [CHANNELS, KEYS] {
        let whole = client.get(list, &token).await.json();
        assert_eq!(whole["page"], json!({"limit": 25, "after": null, "has_more_after": false}), "{list}");
        let (mut paged, mut after) = (Vec::new(), String::new());
        loop {
            let page = client.get(&format!("{list}?limit=1{after}"), &token).await.json();
            let items = page["items"].as_array().unwrap();
            assert_eq!((items.len(), &page["page"]["limit"]), (1, &json!(1)), "{list}: {page}");
            paged.extend(items.clone());
            match page["page"]["after"].as_str() {
                Some(cursor) => after = format!("&after={cursor}"),
                None => break,
            }
        }
        assert_eq!(whole["items"], json!(paged), "{list}");
        assert!(paged.len() >= 3, "{list}: {paged:?}");
        is_invalid(&client.get(&format!("{list}?limit=0"), &token).await, "limit must be a whole number from 1 to 100");
        is_invalid(
            &client.get(&format!("{list}?after=x"), &token).await,
            "after must be the cursor of an earlier page",
        );
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn where_they_were_before_there_is_nothing() {
    let operator = Operator::new().await;
    let admin = operator.client.token("admin").await;
    for path in ["/admin/v1/channels", "/admin/v1/channels/x", "/admin/v1/api-keys", "/admin/v1/dead-letters"] {
        let answer = operator.client.get(path, &admin).await;
        is_error(&answer, 404, "not_found", json!({}));
    }
}

#[tokio::test]
async fn a_channel_is_written_once_under_an_idempotency_key() {
    let client = api::shared();
    let bearer = format!("Bearer {}", client.token("admin").await);
    let path = format!("{CHANNELS}/once-{}", api::unique());
    let put = async |name: &str| {
        let headers = [("authorization", bearer.as_str()), ("idempotency-key", "channel-1")];
        let body = json!({"provider": "webhook", "name": name}).to_string().into_bytes();
        client.send(Method::PUT, &path, &headers, Some(body)).await
    };
    let (first, again) = (put("One").await, put("One").await);
    assert_eq!((first.status.as_u16(), first.header("x-idempotency-replayed")), (201, ""), "{}", first.text);
    assert_eq!((again.status.as_u16(), again.header("x-idempotency-replayed")), (201, "true"), "{}", again.text);
    assert_eq!(put("Two").await.status.as_u16(), 409);
    let bearer = [("authorization", bearer.as_str())];
    let read = client.send(Method::GET, &path, &bearer, None).await;
    assert_eq!(read.json()["name"], "One");
    assert_eq!(client.send(Method::DELETE, &path, &bearer, None).await.status.as_u16(), 204);
}
