//! The user's own requests: `PUT`, `GET` and `DELETE /user/channels/{channel_id}/settings`.

use api::Answer;
use local::demo::Demo;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Operator, is_error, is_fault};

/// A device of a user. It has the application's public key and the user's own key.
struct Device {
    operator: Operator,
    user_key: String,
}

impl Device {
    async fn new() -> Self {
        let operator = Operator::new().await;
        let demo = Demo::new().unwrap();
        let user_key = demo.sign(&demo.user_key_claims(&operator.user));
        Self { operator, user_key }
    }

    fn path(&self, channel: &str) -> String {
        format!("/user/channels/{}/settings", self.operator.channels[channel].as_str().unwrap_or(channel))
    }

    async fn send(&self, method: Method, channel: &str, settings: Value) -> Answer {
        let keys =
            [("x-notiflows-api-key", self.operator.api_key.as_str()), ("x-notiflows-user-key", self.user_key.as_str())];
        let body = (!settings.is_null()).then(|| json!({"settings": settings}).to_string().into_bytes());
        self.operator.client.send(method, &self.path(channel), &keys, body).await
    }
}

#[tokio::test]
async fn a_user_s_own_paths_are_the_same_with_a_version_in_them() {
    let device = Device::new().await;
    let keys =
        [("x-notiflows-api-key", device.operator.api_key.as_str()), ("x-notiflows-user-key", device.user_key.as_str())];
    let send = async |method: Method, path: &str, body: &Value| {
        let body = (!body.is_null()).then(|| body.to_string().into_bytes());
        device.operator.client.send(method, path, &keys, body).await
    };
    let [plain, versioned] = [device.path("fcm"), device.path("fcm").replace("/user/", "/user/v1/")];
    let put = send(Method::PUT, &versioned, &json!({"settings": {"device_tokens": ["a"]}})).await;
    assert_eq!(put.status.as_u16(), 200, "{}", put.text);
    for path in [&plain, &versioned] {
        send(Method::GET, path, &Value::Null).await.is(200, put.json());
    }
    let on = json!({"chat": true, "email": true, "in_app": true, "mobile_push": true, "sms": true, "web_push": true});
    let mut types = on.clone();
    types["sms"] = json!(false);
    let first = send(Method::GET, "/user/preferences", &Value::Null).await;
    first.is(200, json!({"channel_types": on, "notiflows": {}}));
    let expected = json!({"channel_types": types, "notiflows": {"news": {"enabled": false, "channel_types": {}}}});
    let news = json!({"notiflows": {"news": {"enabled": false}}});
    let put = send(Method::PUT, "/user/preferences", &json!({"channel_types": {"sms": false}})).await;
    assert_eq!(put.json()["channel_types"], types, "{}", put.text);
    send(Method::PUT, "/user/v1/preferences", &news).await.is(200, expected.clone());
    for path in ["/user/preferences", "/user/v1/preferences"] {
        send(Method::GET, path, &Value::Null).await.is(200, expected.clone());
        is_error(&send(Method::DELETE, path, &Value::Null).await, 405, "method_not_allowed", json!({}));
        is_fault(&send(Method::PUT, path, &json!({"other": 1})).await, "other", "unknown");
    }
    // The application reads the same.
    let by_application = format!("/admin/v1/users/{}/preferences", device.operator.user);
    device.operator.send(Method::GET, &by_application, Value::Null).await.is(200, expected);
    let nobody = Demo::new().unwrap();
    let nobody = nobody.sign(&nobody.user_key_claims("nobody-yet"));
    let keys = [keys[0], ("x-notiflows-user-key", nobody.as_str())];
    let unknown = device.operator.client.send(Method::GET, "/user/v1/preferences", &keys, None).await;
    assert_eq!(unknown.status.as_u16(), 404, "{}", unknown.text);
}

#[tokio::test]
async fn a_removal_that_is_repeated_has_succeeded() {
    let device = Device::new().await;
    let own =
        [("x-notiflows-api-key", device.operator.api_key.as_str()), ("x-notiflows-user-key", device.user_key.as_str())];
    let pair = [
        ("x-notiflows-api-key", device.operator.api_key.as_str()),
        ("x-notiflows-secret-key", device.operator.secret_key.as_str()),
    ];
    let delete = async |keys: [(&str, &str); 2], path: &str, tried: &str| {
        let headers = [keys[0], keys[1], ("x-stainless-retry-count", tried)];
        device.operator.client.send(Method::DELETE, path, &headers, None).await.status.as_u16()
    };
    device.send(Method::PUT, "fcm", json!({"device_tokens": ["a"]})).await;
    for (keys, path) in [(own, device.path("fcm")), (pair, device.operator.path("fcm"))] {
        device.send(Method::PUT, "fcm", json!({"device_tokens": ["a"]})).await;
        let answers = [delete(keys, &path, "0").await, delete(keys, &path, "1").await, delete(keys, &path, "0").await];
        assert_eq!(answers, [204, 204, 404], "{path}");
    }
    let user = format!("/admin/v1/users/{}", device.operator.user);
    let answers = [delete(pair, &user, "0").await, delete(pair, &user, "2").await, delete(pair, &user, "0").await];
    assert_eq!(answers, [204, 204, 404]);
    assert_eq!(delete(pair, "/admin/v1/users/never-there", "1").await, 404, "nobody was erased");
}

#[tokio::test]
async fn a_user_sets_reads_and_deletes_device_tokens() {
    let device = Device::new().await;
    let put = device.send(Method::PUT, "fcm", json!({"device_tokens": ["a", "a", "b"]})).await;
    let body = put.json();
    let expected = json!({
        "channel_id": device.operator.channels["fcm"], "created_at": body["created_at"], "provider": "fcm",
        "settings": {"device_tokens": ["a", "b"]}, "updated_at": body["created_at"], "user_id": device.operator.user,
    });
    put.is(200, expected.clone());
    device.send(Method::GET, "fcm", Value::Null).await.is(200, expected.clone());
    // The application reads the same settings.
    let path = device.operator.path("fcm");
    device.operator.send(Method::GET, &path, Value::Null).await.is(200, expected);
    let gone = device.send(Method::DELETE, "fcm", Value::Null).await;
    assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
    for method in [Method::GET, Method::DELETE] {
        let answer = device.send(method, "fcm", Value::Null).await;
        let details = json!({"resource": "channel_settings", "id": device.operator.channels["fcm"]});
        is_error(&answer, 404, "not_found", details);
    }
}

#[tokio::test]
async fn a_user_aims_no_company_channel_and_no_address() {
    let device = Device::new().await;
    let put = device.send(Method::PUT, "slack", json!({"slack_user_id": "U0123"})).await;
    assert_eq!((put.status.as_u16(), &put.json()["settings"]), (200, &json!({"slack_user_id": "U0123"})));
    for settings in [json!({"slack_channel_id": "C1"}), json!({"slack_user_id": "U1", "slack_channel_id": "C1"})] {
        let refused = device.send(Method::PUT, "slack", settings).await;
        is_fault(&refused, "settings.slack_channel_id", "forbidden");
    }
    is_fault(&device.send(Method::PUT, "email", json!({"address": "a@example.com"})).await, "settings", "forbidden");
    let read = device.send(Method::GET, "slack", Value::Null).await.json();
    assert_eq!(read["settings"], json!({"slack_user_id": "U0123"}));
}

#[tokio::test]
async fn a_user_key_must_be_one() {
    let device = Device::new().await;
    let demo = Demo::new().unwrap();
    let (key, user) = (device.operator.api_key.as_str(), device.operator.user.as_str());
    let changed = |name: &str, value: Value| {
        let mut claims = demo.user_key_claims(user);
        claims[name] = value;
        demo.sign(&claims)
    };
    let bearer = demo.sign(&demo.claims(user));
    let [expired, foreign, issuer, nobody] = [
        changed("exp", json!(1)),
        changed("aud", json!("somebody-else")),
        changed("iss", json!("https://evil.example")),
        changed("sub", json!("a/b")),
    ];
    // The first token has good claims and the header `{"alg":"none"}`. The second is a good token with a changed
    // signature.
    let body = device.user_key.split('.').nth(1).unwrap();
    let none = format!("eyJhbGciOiJub25lIn0.{body}.");
    let forged = format!("{}x", &device.user_key[..device.user_key.len() - 1]);
    for user_key in [&bearer, &expired, &foreign, &issuer, &nobody, &none, &forged, "", "x"] {
        let headers = [("x-notiflows-api-key", key), ("x-notiflows-user-key", user_key)];
        for method in [Method::PUT, Method::GET, Method::DELETE] {
            let answer = device.operator.client.send(method, &device.path("fcm"), &headers, Some(b"{".to_vec())).await;
            is_error(&answer, 401, "unauthenticated", json!({"auth": "user_key"}));
        }
    }
    let own = device.user_key.as_str();
    let authorization = format!("Bearer {own}");
    for headers in [
        vec![("x-notiflows-user-key", own)],
        vec![("x-notiflows-api-key", "pk_unknown"), ("x-notiflows-user-key", own)],
        vec![("authorization", authorization.as_str())],
    ] {
        let answer = device.operator.client.send(Method::GET, &device.path("fcm"), &headers, None).await;
        is_error(&answer, 401, "unauthenticated", json!({"auth": "api_key"}));
    }
    // A user's key is not accepted as a bearer token, nor in place of a key pair's secret key.
    let answer = device.operator.client.get(&format!("/api/v1/users/{user}"), own).await;
    assert_eq!(answer.status.as_u16(), 401);
    let pair = [("x-notiflows-api-key", key), ("x-notiflows-user-key", own)];
    let answer = device.operator.client.send(Method::GET, &device.operator.path("fcm"), &pair, None).await;
    is_error(&answer, 401, "unauthenticated", json!({"auth": "api_key"}));
}

#[tokio::test]
async fn a_key_that_outlives_its_user_is_nobody_s() {
    let device = Device::new().await;
    let path = format!("/admin/v1/users/{}", device.operator.user);
    assert_eq!(device.operator.send(Method::DELETE, &path, Value::Null).await.status.as_u16(), 204);
    for method in [Method::PUT, Method::GET, Method::DELETE] {
        let answer = device.send(method, "fcm", json!({"device_tokens": ["a"]})).await;
        is_error(&answer, 401, "unauthenticated", json!({"auth": "user_key"}));
    }
    let read = device.operator.send(Method::GET, &path, Value::Null).await;
    assert_eq!(read.status.as_u16(), 404, "the user was not brought back");
}

#[tokio::test]
async fn what_is_not_there_is_named_and_other_methods_are_not_taken() {
    let mut device = Device::new().await;
    let answer = device.send(Method::PUT, "no-such-channel", json!({"device_tokens": ["a"]})).await;
    is_error(&answer, 404, "not_found", json!({"resource": "channel", "id": "no-such-channel"}));
    let answer = device.send(Method::POST, "fcm", json!({})).await;
    is_error(&answer, 405, "method_not_allowed", json!({}));
    assert_eq!(answer.header("allow"), "GET, HEAD, PUT, DELETE");
    let demo = Demo::new().unwrap();
    let nobody = "00000000-0000-4000-8000-000000000003";
    device.user_key = demo.sign(&demo.user_key_claims(nobody));
    for method in [Method::PUT, Method::GET, Method::DELETE] {
        let answer = device.send(method, "fcm", json!({"device_tokens": ["a"]})).await;
        is_error(&answer, 404, "not_found", json!({"resource": "user", "id": nobody}));
    }
}

#[tokio::test]
async fn bad_bodies_and_a_stale_if_match_change_nothing() {
    let device = Device::new().await;
    let kept = device.send(Method::PUT, "apns", json!({"device_tokens": ["kept"]})).await;
    let send = async |headers: &[(&str, &str)], body: Vec<u8>| {
        let mut all = vec![
            ("x-notiflows-api-key", device.operator.api_key.as_str()),
            ("x-notiflows-user-key", device.user_key.as_str()),
        ];
        all.extend(headers);
        device.operator.client.send(Method::PUT, &device.path("apns"), &all, Some(body)).await
    };
    for body in
        ["", "{", "[]", "\"x\"", "null", "{\"settings\":{},\"settings\":{}}", "{\"settings\":{\"a\":\"\\ud800\"}}"]
    {
        is_error(&send(&[], body.into()).await, 400, "bad_request", json!({"reason": "invalid_json"}));
    }
    let large = format!("{{\"settings\":\"{}\"}}", "x".repeat(257 * 1024));
    is_error(&send(&[], large.into_bytes()).await, 413, "payload_too_large", json!({}));
    for (body, field, reason) in [
        (json!({}), "settings", "required"),
        (json!({"settings": null}), "settings", "invalid"),
        (json!({"settings": {"device_tokens": "x"}}), "settings.device_tokens", "invalid"),
        (json!({"settings": {"device_tokens": ["a"]}, "user_id": "x"}), "user_id", "unknown"),
    ] {
        is_fault(&send(&[], body.to_string().into_bytes()).await, field, reason);
    }
    let good = json!({"settings": {"device_tokens": ["stale"]}}).to_string().into_bytes();
    is_error(&send(&[("if-match", "\"1\"")], good.clone()).await, 412, "precondition_failed", json!({}));
    device.send(Method::GET, "apns", Value::Null).await.is(200, kept.json());
    let current = send(&[("if-match", kept.header("etag"))], good).await;
    assert_eq!((current.status.as_u16(), &current.json()["settings"]["device_tokens"]), (200, &json!(["stale"])));
}
