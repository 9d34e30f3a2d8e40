//! `GET` and `PUT /admin/v1/users/{external_id}/preferences`.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Operator, external_id, is_error, user_path};

fn all_on() -> Value {
    json!({"chat": true, "email": true, "in_app": true, "mobile_push": true, "sms": true, "web_push": true})
}

#[tokio::test]
async fn what_was_never_set_is_on_and_a_change_is_partial() {
    let operator = Operator::new().await;
    let path = format!("/admin/v1/users/{}/preferences", operator.user);
    let read = operator.send(Method::GET, &path, Value::Null).await;
    read.is(200, json!({"channel_types": all_on(), "notiflows": {}}));
    let body = json!({
        "channel_types": {"sms": false, "web_push": false},
        "notiflows": {"weekly.digest": {"enabled": false}, "news": {"channel_types": {"mobile_push": false}}},
    });
    let mut types = all_on();
    types["sms"] = json!(false);
    types["web_push"] = json!(false);
    let put = operator.send(Method::PUT, &path, body).await;
    put.is(
        200,
        json!({"channel_types": types, "notiflows": {
            "news": {"enabled": true, "channel_types": {"mobile_push": false}},
            "weekly.digest": {"enabled": false, "channel_types": {}},
        }}),
    );
    assert_eq!(put.version(), 2);
    let body = json!({"channel_types": {"sms": true}, "notiflows": {"news": {"channel_types": {"email": true}}}});
    types["sms"] = json!(true);
    let put = operator.send(Method::PUT, &path, body).await;
    let expected = json!({"channel_types": types, "notiflows": {
        "news": {"enabled": true, "channel_types": {"mobile_push": false, "email": true}},
        "weekly.digest": {"enabled": false, "channel_types": {}},
    }});
    put.is(200, expected.clone());
    operator.send(Method::GET, &path, Value::Null).await.is(200, expected.clone());
    let nothing = operator.send(Method::PUT, &path, json!({})).await;
    nothing.is(200, expected);
    assert_eq!(nothing.version(), 3);
}

#[tokio::test]
async fn channel_types_are_contract_1_s_channels() {
    let operator = Operator::new().await;
    let path = format!("/admin/v1/users/{}/preferences", operator.user);
    let one = format!("/api/v1/users/{}", operator.user);
    let token = operator.client.token("admin").await;
    let body = json!({"preferences": {"push": false, "slack": false, "email": true}});
    operator.client.json(Method::PUT, &format!("{one}/preferences"), &token, &body).await;
    let mut types = all_on();
    types["mobile_push"] = json!(false);
    types["chat"] = json!(false);
    let read = operator.send(Method::GET, &path, Value::Null).await;
    read.is(200, json!({"channel_types": types, "notiflows": {}}));
    let body = json!({"channel_types": {"mobile_push": true, "in_app": false, "web_push": false}});
    operator.send(Method::PUT, &path, body).await;
    let expected = json!({"push": true, "slack": false, "email": true, "in_app": false});
    assert_eq!(operator.client.get(&one, &token).await.json()["preferences"], expected);
}

#[tokio::test]
async fn a_notification_heeds_the_handle_of_its_group() {
    let operator = Operator::new().await;
    let path = format!("/admin/v1/users/{}/preferences", operator.user);
    let body = json!({"notiflows": {
        "stopped": {"enabled": false}, "quiet": {"channel_types": {"email": false}}, "loud": {"enabled": true},
    }});
    assert_eq!(operator.send(Method::PUT, &path, body).await.status.as_u16(), 200);
    for (group, status) in [("stopped", "skipped"), ("quiet", "skipped"), ("loud", "sent"), ("other", "sent")] {
        let body = json!({
            "notification_type": "email", "user_id": operator.user, "group": group, "content": {"body": "x"},
        });
        let settled = operator.client.settled(&operator.client.notify(&body).await).await;
        assert_eq!(settled["deliveries"][0]["status"], status, "{group}: {settled}");
        if status == "skipped" {
            assert_eq!(settled["deliveries"][0]["reason"], "group_opted_out", "{settled}");
        }
    }
}

#[tokio::test]
async fn an_unknown_user_is_404_and_another_method_405() {
    let operator = Operator::new().await;
    let external = external_id();
    let path = format!("{}/preferences", user_path(&external));
    for (method, body) in [(Method::GET, Value::Null), (Method::PUT, json!({"channel_types": {"sms": true}}))] {
        let answer = operator.send(method, &path, body).await;
        is_error(&answer, 404, "not_found", json!({"resource": "user", "id": external}));
    }
    let answer = operator.send(Method::DELETE, &path, Value::Null).await;
    is_error(&answer, 405, "method_not_allowed", json!({}));
    assert_eq!(answer.header("allow"), "GET, HEAD, PUT");
}

#[tokio::test]
async fn a_user_has_a_thousand_values_at_most() {
    let operator = Operator::new().await;
    let path = format!("/admin/v1/users/{}/preferences", operator.user);
    let part = |from: usize, to: usize| {
        let handles: serde_json::Map<_, _> = (from..to).map(|n| (n.to_string(), json!({"enabled": true}))).collect();
        json!({"notiflows": handles})
    };
    for n in 0..20 {
        let answer = operator.send(Method::PUT, &path, part(50 * n, 50 * n + 50)).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    }
    let refused = operator.send(Method::PUT, &path, part(990, 1001)).await;
    super::is_fault(&refused, "notiflows", "length");
    assert_eq!(operator.send(Method::PUT, &path, part(950, 1000)).await.status.as_u16(), 200, "none of them is new");
}
