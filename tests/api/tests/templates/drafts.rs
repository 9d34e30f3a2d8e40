//! Drafts: nobody gets them until they are published.

use api::{Client, options, own, shared};
use futures::future::join;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, ask, fresh, no_template, sms};

fn no_draft() -> Value {
    json!({"statusCode": 404, "message": "Draft not found"})
}

/// A request with `If-Match`.
async fn matching(client: &Client, method: Method, path: &str, tag: &str, body: Value) -> Answer {
    let bearer = format!("Bearer {}", client.token("admin").await);
    let headers = [("authorization", bearer.as_str()), ("if-match", tag)];
    let body = (!body.is_null()).then(|| body.to_string().into_bytes());
    client.send(method, &format!("/api/v1/templates{path}"), &headers, body).await
}

#[tokio::test]
async fn a_draft_is_previewed_and_published_and_nobody_gets_it_before() {
    let client = shared();
    let (code, path) = fresh();
    let (draft, publish) = (format!("{path}?draft=true"), format!("{path}/publish"));
    let whole = |text: &str| json!({"code": code, "locales": {"default": sms(text)}});
    let rendered = |text: &str| json!({"channel": "sms", "language": "en-US", "content": {"sms": text}});
    let render = async |query: &str| {
        ask(&client, Method::POST, &format!("{path}/render{query}"), "service", json!({"channel": "sms"})).await
    };
    let live = ask(&client, Method::PUT, &path, "admin", whole("one")).await;
    ask(&client, Method::GET, &draft, "service", Value::Null).await.is(404, no_draft());
    render("?draft").await.is(404, no_draft());

    let drafted = ask(&client, Method::PUT, &draft, "admin", whole("two")).await;
    drafted.is(201, whole("two"));
    let read = ask(&client, Method::GET, &draft, "service", Value::Null).await;
    read.is(200, whole("two"));
    assert_eq!(read.version(), drafted.version());
    // What is published has not changed.
    let published = ask(&client, Method::GET, &path, "service", Value::Null).await;
    published.is(200, whole("one"));
    assert_eq!(published.version(), live.version());
    render("").await.is(200, rendered("one"));
    render("?draft=true").await.is(200, rendered("two"));
    let both =
        json!({"statusCode": 400, "message": "Validation failed", "errors": ["version must not be given with draft"]});
    render("?draft=true&version=1").await.is(400, both);
    client.index_catches_up().await;
    for (query, is_there) in [("?draft=true&limit=100", true), ("?limit=1", false)] {
        let mut after = query.to_owned();
        let mut found = false;
        loop {
            let page = ask(&client, Method::GET, &after, "service", Value::Null).await.json();
            found |= is_there && page["items"].as_array().unwrap().contains(&json!({"code": code}));
            let Some(next) = page["page"]["after"].as_str().filter(|_| is_there) else { break };
            after = format!("{query}&after={next}");
        }
        assert_eq!(found, is_there, "{query}");
    }

    let again = ask(&client, Method::PUT, &draft, "admin", whole("three")).await;
    again.is(200, whole("three"));
    let stale = json!({"statusCode": 412, "message": "The template has changed since it was read"});
    matching(&client, Method::POST, &publish, drafted.header("etag"), Value::Null).await.is(412, stale.clone());
    matching(&client, Method::PUT, &draft, drafted.header("etag"), whole("four")).await.is(412, stale.clone());
    matching(&client, Method::DELETE, &draft, drafted.header("etag"), Value::Null).await.is(412, stale);
    let done = matching(&client, Method::POST, &publish, again.header("etag"), Value::Null).await;
    done.is(200, whole("three"));
    assert_eq!(done.version(), live.version() + 1);
    render("").await.is(200, rendered("three"));
    ask(&client, Method::GET, &draft, "service", Value::Null).await.is(404, no_draft());
    ask(&client, Method::POST, &publish, "admin", Value::Null).await.is(404, no_draft());
}

#[tokio::test]
async fn a_template_may_begin_as_a_draft_and_a_discarded_draft_leaves_nothing() {
    let client = shared();
    let (code, path) = fresh();
    let draft = format!("{path}?draft=true");
    let whole = json!({"code": code, "locales": {"default": sms("new")}});
    ask(&client, Method::PUT, &draft, "admin", whole.clone()).await.is(201, whole.clone());
    ask(&client, Method::GET, &path, "service", Value::Null).await.is(404, no_template());
    let send =
        json!({"user_id": "00000000-0000-4000-8000-000000000001", "notification_type": "sms", "template_code": code});
    let refused = client.json(Method::POST, "/api/v1/notifications", &client.token("service").await, &send).await;
    let none = json!({"statusCode": 400, "message": "Validation failed", "errors": ["template_code must be the code of an existing template"]});
    refused.is(400, none);
    ask(&client, Method::POST, &format!("{path}/publish"), "admin", Value::Null).await.is(201, whole.clone());
    ask(&client, Method::GET, &path, "service", Value::Null).await.is(200, whole.clone());

    ask(&client, Method::PUT, &draft, "admin", json!({"locales": {"fr": sms("x")}})).await;
    assert_eq!(ask(&client, Method::DELETE, &draft, "admin", Value::Null).await.status, 204);
    ask(&client, Method::DELETE, &draft, "admin", Value::Null).await.is(404, no_draft());
    ask(&client, Method::GET, &path, "service", Value::Null).await.is(200, whole);
}

#[tokio::test]
async fn a_locale_of_a_draft_is_changed_in_what_was_published_when_the_draft_began() {
    let client = shared();
    let (code, path) = fresh();
    let locale = |tag: &str| format!("{path}/locales/{tag}?draft=true");
    let locales = json!({"locales": {"default": sms("Hello"), "de": sms("Hallo")}});
    ask(&client, Method::PUT, &path, "admin", locales).await;
    ask(&client, Method::PUT, &locale("fr"), "admin", sms("Salut")).await.is(201, sms("Salut"));
    ask(&client, Method::PUT, &locale("de"), "admin", sms("Moin")).await.is(200, sms("Moin"));
    ask(&client, Method::GET, &locale("FR"), "service", Value::Null).await.is(200, sms("Salut"));
    assert_eq!(ask(&client, Method::DELETE, &locale("fr"), "admin", Value::Null).await.status, 204);
    let gone = json!({"statusCode": 404, "message": "Locale not found"});
    ask(&client, Method::DELETE, &locale("fr"), "admin", Value::Null).await.is(404, gone);
    ask(&client, Method::GET, &format!("{path}/locales/de"), "service", Value::Null).await.is(200, sms("Hallo"));
    let whole = json!({"code": code, "locales": {"default": sms("Hello"), "de": sms("Moin")}});
    ask(&client, Method::POST, &format!("{path}/publish"), "admin", Value::Null).await.is(200, whole);
}

#[tokio::test]
async fn a_draft_does_not_undo_what_was_published_since_it_began() {
    let client = shared();
    let (code, path) = fresh();
    let (draft, publish) = (format!("{path}?draft=true"), format!("{path}/publish"));
    let whole = |text: &str| json!({"code": code, "locales": {"default": sms(text)}});
    ask(&client, Method::PUT, &path, "admin", whole("one")).await;
    ask(&client, Method::PUT, &draft, "admin", whole("two")).await;
    ask(&client, Method::PUT, &path, "admin", whole("urgent")).await;
    let outdated = json!({
        "statusCode": 409,
        "message": "Another version was published since the draft was begun: discard the draft, and write it again to replace that version",
    });
    ask(&client, Method::POST, &publish, "admin", Value::Null).await.is(409, outdated.clone());
    // A changed locale of the draft has not seen the other version either.
    ask(&client, Method::PUT, &format!("{path}/locales/fr?draft"), "admin", sms("deux")).await;
    ask(&client, Method::POST, &publish, "admin", Value::Null).await.is(409, outdated.clone());
    // Nor has who writes the draft whole: an editor that was open all the time does so.
    ask(&client, Method::PUT, &draft, "admin", whole("two")).await.is(200, whole("two"));
    ask(&client, Method::POST, &publish, "admin", Value::Null).await.is(409, outdated);
    ask(&client, Method::GET, &path, "service", Value::Null).await.is(200, whole("urgent"));
    // Who discards the draft begins at what is published.
    assert_eq!(ask(&client, Method::DELETE, &draft, "admin", Value::Null).await.status, 204);
    ask(&client, Method::PUT, &draft, "admin", whole("two")).await.is(201, whole("two"));
    ask(&client, Method::POST, &publish, "admin", Value::Null).await.is(200, whole("two"));
}

#[tokio::test]
async fn of_two_who_publish_a_draft_at_once_one_does_and_a_key_gets_its_answer_again() {
    let (stack, client) = own(options(&[])).await;
    let whole = |text: &str| json!({"code": "raced", "locales": {"default": sms(text)}});
    let first = ask(&client, Method::PUT, "/raced", "admin", whole("one")).await;
    ask(&client, Method::PUT, "/raced?draft=true", "admin", whole("two")).await;
    let held =
        json!({"dynamodb": [{"operation": "TransactWriteItems", "kind": "delay", "delay_ms": 1500, "times": 2}]});
    client.json(Method::PUT, "/_local/faults", "", &held).await;
    let bearer = format!("Bearer {}", client.token("admin").await);
    let publish = async |key: &str| {
        let headers = [("authorization", bearer.as_str()), ("idempotency-key", key)];
        client.send(Method::POST, "/api/v1/templates/raced/publish", &headers, None).await
    };
    let (left, right) = join(publish("left"), publish("right")).await;
    let (done, refused, key) = if left.status == 200 { (left, right, "left") } else { (right, left, "right") };
    done.is(200, whole("two"));
    refused.is(404, no_draft());
    assert_eq!(done.version(), first.version() + 1);
    let replayed = publish(key).await;
    replayed.is(200, whole("two"));
    assert_eq!((replayed.header("x-idempotency-replayed"), replayed.version()), ("true", done.version()));
    let versions = ask(&client, Method::GET, "/raced/versions", "service", Value::Null).await.json();
    assert_eq!(versions["items"].as_array().unwrap().len(), 2);
    stack.shutdown().await;
}

#[tokio::test]
async fn a_deleted_template_takes_its_draft_and_its_versions_with_it() {
    let client = shared();
    let (code, path) = fresh();
    let whole = |text: &str| json!({"code": code, "locales": {"default": sms(text)}});
    for text in ["one", "two"] {
        ask(&client, Method::PUT, &path, "admin", whole(text)).await;
    }
    ask(&client, Method::PUT, &format!("{path}?draft=true"), "admin", whole("three")).await;
    assert_eq!(ask(&client, Method::DELETE, &path, "admin", Value::Null).await.status, 204);
    ask(&client, Method::GET, &format!("{path}?draft=true"), "service", Value::Null).await.is(404, no_draft());
    ask(&client, Method::GET, &format!("{path}/versions"), "service", Value::Null).await.is(404, no_template());
    api::past_for_every_clock().await;
    ask(&client, Method::PUT, &path, "admin", whole("anew")).await;
    let versions = ask(&client, Method::GET, &format!("{path}/versions"), "service", Value::Null).await.json();
    assert_eq!(versions["items"].as_array().unwrap().len(), 1);
}
