//! Content that is longer than its provider accepts: it is refused when it is sent, and `explain` tells its length.

use api::{shared, unique};
use reqwest::Method;
use serde_json::{Value, json};

use super::recipient;

#[tokio::test]
async fn what_is_too_long_is_refused_at_once_and_explained() {
    let client = shared();
    let user = recipient(&client, "push").await.user;
    let ask = async |path: &str, body: &Value| {
        client.json(Method::POST, &format!("/api/v1/notifications{path}"), &client.token("service").await, body).await
    };
    let body = |channel: &str, title: Value, body: String| {
        let mut content = json!({"body": body});
        if title.is_string() {
            content["title"] = title;
        }
        json!({"notification_type": channel, "user_id": user, "content": content})
    };
    // Per row: what is just short enough, what is too long, and the reason. A character may have four bytes.
    for (channel, title, fits, reason) in [
        ("sms", Value::Null, "😀".repeat(1600), "1601 characters, and at most 1600 are accepted"),
        ("sms", json!("T"), "ü".repeat(1598), "1601 characters, and at most 1600 are accepted, its title included"),
        ("slack", Value::Null, "ü".repeat(40_000), "40001 characters, and at most 40000 are accepted"),
        ("slack", Value::Null, "<".repeat(10_000), "40001 characters, and at most 40000 are accepted"),
        ("push", Value::Null, "x".repeat(3992), "4097 bytes of payload, and at most 4096 are accepted"),
    ] {
        let longer = format!("{fits}x");
        let accepted = ask("", &body(channel, title.clone(), fits)).await;
        assert_eq!(accepted.status.as_u16(), 202, "{channel}: {}", accepted.text);
        let refused = ask("", &body(channel, title.clone(), longer.clone())).await;
        assert_eq!(refused.status.as_u16(), 400, "{channel}: {}", refused.text);
        let expected = format!("content.body is too long for {channel}: {reason}");
        assert_eq!(refused.json()["errors"], json!([expected]), "{channel}");
        if channel == "push" {
            let explained = ask("/explain", &body(channel, title, longer)).await.json();
            let explained = &explained["data"]["channels"][0];
            assert_eq!((&explained["decision"], &explained["reason"]), (&json!("fail"), &json!("too_long")));
            let last = explained["trace"].as_array().and_then(|trace| trace.last()).expect("a step");
            assert_eq!(last, &json!({"rule": "rendered", "saw": format!("inline: {reason}"), "said": "stop"}));
        }
    }
    for channel in ["email", "in_app"] {
        assert_eq!(ask("", &body(channel, Value::Null, "x".repeat(50_000))).await.status.as_u16(), 202, "{channel}");
    }
}

#[tokio::test]
async fn a_template_that_comes_out_too_long_is_refused_or_fails_with_its_length() {
    let client = shared();
    let code = format!("long-{}", unique());
    let text = "{% for one in all %}{{ one }}{{ user.name }}{% endfor %}!";
    let template = json!({"locales": {"default": {"push": {"body": text}}}});
    let path = format!("/api/v1/templates/{code}");
    let put = client.json(Method::PUT, &path, &client.token("admin").await, &template).await;
    assert_eq!(put.status.as_u16(), 201, "{}", put.text);
    let user = client.new_user(json!({"name": "N".repeat(100), "push_token": format!("device-{}", unique())})).await;
    let of = |all: Value| {
        let id = &user["id"];
        json!({"notification_type": "push", "user_id": id, "template_code": code, "variables": {"all": all}})
    };
    let token = client.token("service").await;
    let refused = client.json(Method::POST, "/api/v1/notifications", &token, &of(json!(["x".repeat(4090)]))).await;
    assert_eq!(refused.status.as_u16(), 400, "{}", refused.text);
    let fault = "push: the rendered text has 4195 bytes of payload, and at most 4096 are accepted";
    assert_eq!(refused.json()["errors"], json!([format!("variables are too long for push: {fault}")]));
    // The user's own name makes it too long, and it is known only when it is sent.
    let id = client.notify(&of(json!(vec!["x"; 40]))).await;
    let data = client.notification_when(&id, |data| data["status"] == "failed").await;
    let delivery = &data["deliveries"][0];
    assert_eq!((&delivery["reason"], &delivery["attempts"]), (&json!("too_long"), &json!(0)), "{delivery}");
    let explained = client.json(Method::POST, "/api/v1/notifications/explain", &token, &of(json!(vec!["x"; 40]))).await;
    let explained = &explained.json()["data"]["channels"][0];
    assert_eq!(explained["reason"], "too_long", "{explained}");
}
