//! The last ten versions of a template, and which of them a notification was rendered with.

use api::{dynamodb, eventually, options, own, shared};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ask, fresh, no_template, sms};

fn no_version() -> Value {
    json!({"statusCode": 404, "message": "Version not found"})
}

#[tokio::test]
async fn the_last_ten_versions_are_kept_and_read_and_no_more_is_stored() {
    let (stack, client) = own(options(&[])).await;
    let whole = |n: u64| json!({"code": "many", "locales": {"default": sms(&n.to_string()), "de": sms("x")}});
    let mut first = 0;
    for n in 0..13 {
        let written = ask(&client, Method::PUT, "/many", "admin", whole(n)).await;
        if n == 0 {
            first = written.version();
        }
        assert_eq!(written.version(), first + n);
    }
    let list = ask(&client, Method::GET, "/many/versions", "service", Value::Null).await.json();
    let items = list["items"].as_array().unwrap();
    let shown: Vec<_> =
        items.iter().map(|item| (item["version"].as_u64().unwrap(), item["published"] == true)).collect();
    let expected: Vec<_> = (3..13).rev().map(|n| (first + n, n == 12)).collect();
    assert_eq!(shown, expected);
    assert!(items.iter().all(|item| item["published_at"].is_string() && item["locales"] == json!(["de", "default"])));
    assert_eq!(list["page"], json!({"limit": 25, "after": null, "has_more_after": false}));
    let page = ask(&client, Method::GET, "/many/versions?limit=4", "service", Value::Null).await.json();
    assert_eq!(page["items"].as_array().unwrap(), &items[..4]);
    let after = page["page"]["after"].as_str().unwrap();
    let rest = ask(&client, Method::GET, &format!("/many/versions?after={after}"), "service", Value::Null).await.json();
    assert_eq!(rest["items"].as_array().unwrap(), &items[4..]);

    for n in [3, 11, 12] {
        let read = ask(&client, Method::GET, &format!("/many/versions/{}", first + n), "service", Value::Null).await;
        read.is(200, whole(n));
        assert_eq!(read.version(), first + n);
    }
    for n in [2, 13] {
        let path = format!("/many/versions/{}", first + n);
        ask(&client, Method::GET, &path, "service", Value::Null).await.is(404, no_version());
    }
    let render = format!("/many/render?version={}", first + 5);
    let rendered = ask(&client, Method::POST, &render, "service", json!({"channel": "sms", "language": "en"})).await;
    rendered.is(200, json!({"channel": "sms", "language": "en", "content": {"sms": "5"}}));
    let stored = json!({
        "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "TEMPLATEHISTORY#many"}},
    });
    assert_eq!(dynamodb(&stack, "Query", stored).await["Count"], 18, "nine versions, and a text of each");
    stack.shutdown().await;
}

#[tokio::test]
async fn a_template_is_rolled_back_to_a_version_that_is_kept() {
    let client = shared();
    let (code, path) = fresh();
    let whole = |text: &str| json!({"code": code, "locales": {"default": sms(text)}});
    let rollback = format!("{path}/rollback");
    ask(&client, Method::POST, &rollback, "admin", json!({"version": 7})).await.is(404, no_template());
    let first = ask(&client, Method::PUT, &path, "admin", whole("good")).await.version();
    let bad = ask(&client, Method::PUT, &path, "admin", whole("bad")).await;
    ask(&client, Method::POST, &rollback, "admin", json!({"version": 7})).await.is(404, no_version());
    let invalid = json!({"statusCode": 400, "message": "Validation failed",
        "errors": ["version must be a whole number from 1 to 9007199254740991"]});
    ask(&client, Method::POST, &rollback, "admin", json!({"version": "1"})).await.is(400, invalid);

    let bearer = format!("Bearer {}", client.token("admin").await);
    let matching = async |version: u64| {
        let tag = format!("\"{version}\"");
        let headers = [("authorization", bearer.as_str()), ("if-match", tag.as_str())];
        let body = json!({"version": first}).to_string().into_bytes();
        client.send(Method::POST, &format!("/api/v1/templates{rollback}"), &headers, Some(body)).await
    };
    let stale = json!({"statusCode": 412, "message": "The template has changed since it was read"});
    matching(first).await.is(412, stale);
    let back = matching(bad.version()).await;
    back.is(200, whole("good"));
    assert_eq!(back.version(), first + 2, "it is a new version");
    ask(&client, Method::GET, &path, "service", Value::Null).await.is(200, whole("good"));
    let versions = ask(&client, Method::GET, &format!("{path}/versions"), "service", Value::Null).await.json();
    assert_eq!(versions["items"].as_array().unwrap().len(), 3);
    // It says that already.
    let again = ask(&client, Method::POST, &rollback, "admin", json!({"version": first})).await;
    assert_eq!(again.version(), first + 2);
}

#[tokio::test]
async fn what_a_template_says_already_makes_no_version() {
    let client = shared();
    let (code, path) = fresh();
    let whole = json!({"code": code, "locales": {"default": sms("same")}});
    let first = ask(&client, Method::PUT, &path, "admin", whole.clone()).await.version();
    for (path, body) in [(path.clone(), whole.clone()), (format!("{path}/locales/default"), sms("same"))] {
        let again = ask(&client, Method::PUT, &path, "admin", body.clone()).await;
        again.is(200, body);
        assert_eq!(again.version(), first);
    }
    let draft = format!("{path}?draft=true");
    let drafted = ask(&client, Method::PUT, &draft, "admin", whole.clone()).await.version();
    assert_eq!(ask(&client, Method::PUT, &draft, "admin", whole.clone()).await.version(), drafted);
    let published = ask(&client, Method::POST, &format!("{path}/publish"), "admin", Value::Null).await;
    published.is(200, whole);
    assert_eq!(published.version(), first);
    let missing = ask(&client, Method::GET, &draft, "service", Value::Null).await;
    assert_eq!(missing.status, 404, "the draft is gone all the same");
}

#[tokio::test]
async fn a_notification_names_the_version_it_was_rendered_with_also_if_it_was_an_old_one() {
    let (stack, client) = own(options(&[])).await;
    let put = async |text: &str| {
        let written =
            ask(&client, Method::PUT, "/told", "admin", json!({"locales": {"default": {"push": {"body": text}}}}))
                .await;
        written.version()
    };
    let user = client.new_user(json!({"push_token": "told-versions"})).await;
    let body = json!({"user_id": user["id"], "notification_type": "push", "template_code": "told"});
    let token = client.token("service").await;
    let sent = async || {
        let accepted = client.json(Method::POST, "/api/v1/notifications", &token, &body).await.json();
        let path = format!("/api/v1/notifications/{}", accepted["data"]["notification_id"].as_str().unwrap());
        let read = async || {
            let shown = client.get(&path, &token).await.json();
            (shown["data"]["status"] == "sent").then(|| shown["data"]["deliveries"][0].clone())
        };
        eventually(read).await
    };
    let version_of = |delivery: &Value| {
        let step = delivery["trace"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(
            (step["rule"].as_str(), &step["template_version"]),
            (Some("rendered"), &delivery["template_version"])
        );
        delivery["template_version"].as_u64().unwrap()
    };
    let explained = async || {
        let explained = client.json(Method::POST, "/api/v1/notifications/explain", &token, &body).await.json();
        explained["data"]["channels"][0]["template_version"].as_u64()
    };
    let first = put("first words").await;
    assert_eq!(explained().await, Some(first));
    assert_eq!(version_of(&sent().await), first);
    let second = put("second words").await;
    // The worker's process may still have the first one for a minute: its record says what was sent.
    let delivery = sent().await;
    let texts: Vec<_> =
        client.get("/_local/deliveries", "").await.json().as_array().unwrap().iter().map(Value::to_string).collect();
    let told = if texts.iter().any(|text| text.contains("second words")) { second } else { first };
    assert_eq!(version_of(&delivery), told);
    for function in ["dispatch", "notifications"] {
        stack.function(function).unwrap().replace().await;
    }
    assert_eq!(version_of(&sent().await), second);
    assert_eq!(explained().await, Some(second));
    let inline = json!({"user_id": user["id"], "notification_type": "push", "content": {"body": "x"}});
    let explained = client.json(Method::POST, "/api/v1/notifications/explain", &token, &inline).await.json();
    assert_eq!(explained["data"]["channels"][0].get("template_version"), None);
    client.is_drained().await;
    stack.shutdown().await;
}
