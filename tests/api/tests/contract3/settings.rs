//! `/admin/users/{user_id}/channel-settings/{channel_id}`, and the same path under `/admin/v1`.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Operator, is_error};

#[tokio::test]
async fn settings_are_created_and_replaced_with_200_both_times() {
    let operator = Operator::new().await;
    let path = operator.path("fcm");
    let first = operator.send(Method::PUT, &path, json!({"settings": {"device_tokens": ["a", "b", "a"]}})).await;
    let body = first.json();
    first.is(
        200,
        json!({
            "channel_id": operator.channels["fcm"], "created_at": body["created_at"], "provider": "fcm",
            "settings": {"device_tokens": ["a", "b"]}, "updated_at": body["created_at"], "user_id": operator.user,
        }),
    );
    let second = operator.send(Method::PUT, &path, json!({"settings": {"device_tokens": ["c"]}})).await;
    assert_eq!(second.json()["settings"], json!({"device_tokens": ["c"]}));
    assert_eq!(second.json()["created_at"], body["created_at"]);
    assert!(
        second.json()["updated_at"].as_str() >= body["updated_at"].as_str(),
        "two processes may have the same time"
    );
    let read = operator.send(Method::GET, &path.replace("/admin/", "/admin/v1/"), Value::Null).await;
    read.is(200, second.json());
    assert_eq!(operator.send(Method::DELETE, &path, Value::Null).await.status.as_u16(), 204);
    let gone = operator.send(Method::GET, &path, Value::Null).await;
    is_error(&gone, 404, "not_found", json!({"resource": "channel_settings", "id": operator.channels["fcm"]}));
}

#[tokio::test]
async fn slack_needs_one_of_its_two_ids() {
    let operator = Operator::new().await;
    let path = operator.path("slack");
    let settings = json!({"slack_channel_id": "C0123456789", "slack_user_id": "U0123456789"});
    let answer = operator.send(Method::PUT, &path, json!({"settings": settings})).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["settings"]), (200, &settings));
    let refused = operator.send(Method::PUT, &path, json!({"settings": {}})).await;
    let message = "must have a slack_channel_id or a slack_user_id";
    let details = json!({"fields": [{"field": "settings", "message": message, "reason": "required"}]});
    is_error(&refused, 422, "validation_failed", details);
    assert_eq!(operator.send(Method::GET, &path, Value::Null).await.json()["settings"], settings);
}

#[tokio::test]
async fn the_key_pair_must_be_whole_and_match() {
    let operator = Operator::new().await;
    let path = operator.path("fcm");
    let (key, secret) = (operator.api_key.as_str(), operator.secret_key.as_str());
    let bearer = format!("Bearer {}", operator.client.token("admin").await);
    for headers in [
        vec![],
        vec![("x-notiflows-api-key", key)],
        vec![("x-notiflows-secret-key", secret)],
        vec![("x-notiflows-api-key", key), ("x-notiflows-secret-key", "sk_wrong")],
        vec![("x-notiflows-api-key", "pk_unknown"), ("x-notiflows-secret-key", secret)],
        vec![("x-notiflows-api-key", secret), ("x-notiflows-secret-key", key)],
        vec![("authorization", bearer.as_str())],
    ] {
        let answer = operator.client.send(Method::PUT, &path, &headers, Some(b"{}".to_vec())).await;
        is_error(&answer, 401, "unauthenticated", json!({"auth": "api_key"}));
    }
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let operator = Operator::new().await;
    let body = json!({"settings": {"device_tokens": ["a"]}});
    let answer = operator.send(Method::PUT, &operator.path("no-such-channel"), body.clone()).await;
    is_error(&answer, 404, "not_found", json!({"resource": "channel", "id": "no-such-channel"}));
    let path = operator.path("fcm").replace(&operator.user, "user_12345");
    for method in [Method::PUT, Method::GET, Method::DELETE] {
        let answer = operator.send(method, &path, body.clone()).await;
        is_error(&answer, 404, "not_found", json!({"resource": "user", "id": "user_12345"}));
    }
    let answer = operator.send(Method::PATCH, &path, body).await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "GET, HEAD, PUT, DELETE"));
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_400_and_a_wrong_one_422() {
    let operator = Operator::new().await;
    let path = operator.path("apns");
    let keys =
        [("x-notiflows-api-key", operator.api_key.as_str()), ("x-notiflows-secret-key", operator.secret_key.as_str())];
    for body in ["", "{", "[]", "{\"settings\":{},\"settings\":{}}"] {
        let answer = operator.client.send(Method::PUT, &path, &keys, Some(body.into())).await;
        is_error(&answer, 400, "bad_request", json!({"reason": "invalid_json"}));
    }
    for (body, field, reason) in [
        (json!({}), "settings", "required"),
        (json!({"settings": null}), "settings", "invalid"),
        (json!({"settings": {"device_tokens": [""]}}), "settings.device_tokens[0]", "invalid"),
    ] {
        let answer = operator.send(Method::PUT, &path, body).await;
        let message = answer.json()["error"]["details"]["fields"][0]["message"].clone();
        let details = json!({"fields": [{"field": field, "message": message, "reason": reason}]});
        is_error(&answer, 422, "validation_failed", details);
    }
    assert_eq!(operator.send(Method::GET, &path, Value::Null).await.status.as_u16(), 404);
}

#[tokio::test]
async fn a_notification_goes_to_the_device_tokens_too() {
    let operator = Operator::new().await;
    let token = format!("device-{}", api::unique());
    let set = json!({"settings": {"device_tokens": [token]}});
    assert_eq!(operator.send(Method::PUT, &operator.path("fcm"), set).await.status.as_u16(), 200);
    let body = json!({"notification_type": "push", "user_id": operator.user, "content": {"body": "x"}});
    let id = operator.client.notify(&body).await;
    assert_eq!(operator.client.settled(&id).await["status"], "sent");
    assert_eq!(operator.client.deliveries_to(&token).await.len(), 1);
}
