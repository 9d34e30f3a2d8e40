//! The requests by themselves.

use std::time::Duration;

use api::{Client, shared, unique};
use local::fidelity::CLOCK_SKEW;
use reqwest::Method;
use serde_json::{Value, json};

use super::{PAUSES, ahead, by_admin, path, stack};
use crate::idempotency::is_replay;

const WHAT: &str = "what must be all, channel: followed by one of email, push, sms, slack, in_app, or group: followed by a handle of 1 to 128 characters";

/// A group that no other test pauses, so that the shared stack can be used.
fn group() -> String {
    format!("group:paused-{}", unique())
}

async fn with(client: &Client, method: Method, what: &str, header: (&str, &str), body: Value) -> api::Answer {
    let bearer = format!("Bearer {}", client.token("admin").await);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json"), header];
    let body = (!body.is_null()).then(|| body.to_string().into_bytes());
    client.send(method, &path(what), &headers, body).await
}

#[tokio::test]
async fn a_pause_is_made_read_listed_replaced_and_ended() {
    let (client, what) = (shared(), group());
    by_admin(&client, Method::GET, &what, Value::Null)
        .await
        .is(404, json!({"statusCode": 404, "message": "It is not paused"}));
    let until = ahead(Duration::from_secs(3600)).to_string();
    let body = json!({"mode": "drop", "until": until, "note": "The shop sends twice"});
    let made = by_admin(&client, Method::PUT, &what, body).await;
    let shown = json!({
        "what": what, "mode": "drop", "until": until, "note": "The shop sends twice", "paused_by": "demo-admin",
        "paused_at": made.json()["paused_at"],
    });
    made.is(201, shown.clone());
    let read = by_admin(&client, Method::GET, &what, Value::Null).await;
    read.is(200, shown.clone());
    assert_eq!(read.version(), made.version());
    let list = client.get(&format!("{PAUSES}?limit=100"), &client.token("admin").await).await;
    assert!(list.json()["items"].as_array().unwrap().contains(&shown), "{}", list.text);

    let again = by_admin(&client, Method::PUT, &what, json!({})).await;
    assert_eq!(again.status.as_u16(), 200, "{}", again.text);
    let plain = json!({
        "what": what, "mode": "hold", "until": null, "note": null, "paused_by": "demo-admin",
        "paused_at": again.json()["paused_at"],
    });
    assert_eq!(again.json(), plain, "a replacement says all of it");
    assert_ne!(again.version(), made.version());
    let ended = by_admin(&client, Method::DELETE, &what, Value::Null).await;
    assert_eq!((ended.status.as_u16(), ended.text.as_str()), (204, ""));
    for method in [Method::GET, Method::DELETE] {
        let gone = by_admin(&client, method, &what, Value::Null).await;
        gone.is(404, json!({"statusCode": 404, "message": "It is not paused"}));
    }
}

#[tokio::test]
async fn preconditions_keep_two_operators_from_undoing_each_other() {
    let (client, what) = (shared(), group());
    let stale = json!({"statusCode": 412, "message": "The pause has changed since it was read"});
    let absent = ("if-none-match", "*");
    with(&client, Method::PUT, &what, ("if-match", "*"), json!({})).await.is(412, stale.clone());
    let first = with(&client, Method::PUT, &what, absent, json!({})).await;
    assert_eq!(first.status.as_u16(), 201, "{}", first.text);
    with(&client, Method::PUT, &what, absent, json!({"mode": "drop"})).await.is(412, stale.clone());
    let tag = first.header("etag").to_owned();
    let second = with(&client, Method::PUT, &what, ("if-match", &tag), json!({"note": "Mine"})).await;
    assert_eq!(second.status.as_u16(), 200, "{}", second.text);
    with(&client, Method::DELETE, &what, ("if-match", &tag), Value::Null).await.is(412, stale);
    let unchanged = with(&client, Method::GET, &what, ("if-none-match", second.header("etag")), Value::Null).await;
    assert_eq!((unchanged.status.as_u16(), unchanged.text.as_str()), (304, ""));
    let gone = with(&client, Method::DELETE, &what, ("if-match", second.header("etag")), Value::Null).await;
    assert_eq!(gone.status.as_u16(), 204, "{}", gone.text);
}

#[tokio::test]
async fn a_request_with_an_idempotency_key_is_done_once() {
    let (client, what) = (shared(), group());
    let key = format!("pause-{}", unique());
    let key = ("idempotency-key", key.as_str());
    let first = with(&client, Method::PUT, &what, key, json!({"note": "Once"})).await;
    let again = with(&client, Method::PUT, &what, key, json!({"note": "Once"})).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201), "{}", again.text);
    assert_eq!(first.json(), again.json());
    let other = with(&client, Method::PUT, &what, key, json!({"note": "Twice"})).await;
    assert_eq!(other.status.as_u16(), 409, "{}", other.text);
    by_admin(&client, Method::DELETE, &what, Value::Null).await;
}

#[tokio::test]
async fn a_request_that_is_repeated_after_the_pause_has_ended_gets_its_first_answer_again() {
    let (client, what) = (shared(), group());
    let (key, other) = (format!("pause-{}", unique()), format!("pause-{}", unique()));
    // It is in the future for a clock that is ahead, and is over for one that is not.
    let body = json!({"until": ahead(CLOCK_SKEW + Duration::from_millis(1_500)).to_string()});
    let first = with(&client, Method::PUT, &what, ("idempotency-key", &key), body.clone()).await;
    assert_eq!(first.status.as_u16(), 201, "{}", first.text);
    tokio::time::sleep(CLOCK_SKEW + Duration::from_secs(2)).await;
    let again = with(&client, Method::PUT, &what, ("idempotency-key", &key), body.clone()).await;
    is_replay(&again, &first);
    let late = with(&client, Method::PUT, &what, ("idempotency-key", &other), body).await;
    assert_eq!(late.status.as_u16(), 400, "{}", late.text);
}

#[tokio::test]
async fn bad_input_is_refused_with_what_would_be_accepted_and_pauses_nothing() {
    let client = shared();
    let invalid = |errors: Value| json!({"statusCode": 400, "message": "Validation failed", "errors": errors});
    let too_long = format!("group:{}", "x".repeat(129));
    for what in ["nothing", "ALL", "channel:fax", "channel:", "group:", "group:%0A", "group:%20", &too_long] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let body = if method == Method::PUT { json!({}) } else { Value::Null };
            by_admin(&client, method, what, body).await.is(400, invalid(json!([WHAT])));
        }
    }
    let what = group();
    let until =
        "until must be a time in the future, with Z or an offset, such as 2026-03-01T10:00:00Z (RFC 3339), or null";
    let body = json!({"mode": "stop", "until": "2024-03-01T10:00:00Z", "note": "", "more": 1});
    let errors = json!([
        "mode must be one of hold, drop",
        until,
        "note must be a line of 1 to 200 characters",
        "more is not a known field",
    ]);
    by_admin(&client, Method::PUT, &what, body).await.is(400, invalid(errors));
    by_admin(&client, Method::GET, &format!("{what}?x=1"), Value::Null)
        .await
        .is(400, invalid(json!(["x is not a known parameter: this request takes none"])));
    let other = by_admin(&client, Method::POST, &what, json!({})).await;
    assert_eq!((other.status.as_u16(), other.header("allow")), (405, "GET, HEAD, PUT, DELETE"));
    by_admin(&client, Method::GET, &what, Value::Null)
        .await
        .is(404, json!({"statusCode": 404, "message": "It is not paused"}));
}

#[tokio::test]
async fn a_group_can_be_paused_whatever_its_handle_is_and_whether_or_not_anybody_knows_it() {
    let client = shared();
    for (path, what) in [
        ("group:50%25%20off%3F", "group:50% off?"),
        ("group:a%23b%26c", "group:a#b&c"),
        ("group:%C3%A9%F0%9F%98%80", "group:é😀"),
        ("group:a%2Fb", "group:a/b"),
        ("group:all", "group:all"),
    ] {
        let made = by_admin(&client, Method::PUT, path, json!({})).await;
        assert_eq!((made.status.as_u16(), &made.json()["what"]), (201, &json!(what)), "{}", made.text);
        let ended = by_admin(&client, Method::DELETE, path, Value::Null).await;
        assert_eq!(ended.status.as_u16(), 204, "{}", ended.text);
    }
}

#[tokio::test]
async fn there_are_a_hundred_pauses_at_most_and_they_come_in_pages() {
    let (stack, client) = stack().await;
    for number in 0..100 {
        let made = by_admin(&client, Method::PUT, &format!("group:g{number:02}"), json!({})).await;
        assert_eq!(made.status.as_u16(), 201, "{}", made.text);
    }
    let full = json!({"statusCode": 409, "message": "There are already 100 pauses: end one, or pause a whole channel, or `all`"});
    by_admin(&client, Method::PUT, "all", json!({})).await.is(409, full);
    let replaced = by_admin(&client, Method::PUT, "group:g07", json!({"mode": "drop"})).await;
    assert_eq!(replaced.status.as_u16(), 200, "{}", replaced.text);
    let token = client.token("admin").await;
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{PAUSES}?limit=30{after}"), &token).await.json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["what"].as_str().unwrap().to_owned()));
        match page["page"]["after"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    let all: Vec<_> = (0..100).map(|number| format!("group:g{number:02}")).collect();
    assert_eq!(seen, all);
    assert_eq!(by_admin(&client, Method::DELETE, "group:g50", Value::Null).await.status.as_u16(), 204);
    assert_eq!(by_admin(&client, Method::PUT, "all", json!({})).await.status.as_u16(), 201);
    stack.shutdown().await;
}
