//! Bad input is answered in the contract's own shape, and a read afterwards shows that nothing changed.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Operator, external_id, is_error, is_fault, user_path};
use crate::bad_bodies::{BadBody, bad_bodies};

#[tokio::test]
async fn bad_bodies_change_nothing() {
    let operator = Operator::new().await;
    let tokens = json!({"settings": {"device_tokens": ["kept"]}});
    assert_eq!(operator.send(Method::PUT, &operator.path("fcm"), tokens).await.status.as_u16(), 200);
    let user = format!("/admin/v1/users/{}", operator.user);
    let before = operator.send(Method::GET, &user, Value::Null).await;
    for path in [user.clone(), format!("{user}/preferences"), operator.path("fcm")] {
        for content_type in ["application/json", "text/plain", "application/octet-stream"] {
            let keys = [
                ("x-notiflows-api-key", operator.api_key.as_str()),
                ("x-notiflows-secret-key", operator.secret_key.as_str()),
                ("content-type", content_type),
            ];
            let send = async |body: Vec<u8>| operator.client.send(Method::PUT, &path, &keys, Some(body)).await;
            for BadBody { what, bytes, is_too_large } in bad_bodies("custom_fields", "{}") {
                let answer = send(bytes).await;
                if is_too_large {
                    is_error(&answer, 413, "payload_too_large", json!({}));
                    continue;
                }
                assert_eq!(answer.json()["error"]["code"], "bad_request", "{path} {what}: {}", answer.text);
                is_error(&answer, 400, "bad_request", json!({"reason": "invalid_json"}));
            }
        }
        let mut body = json!({"unknown": 1});
        if path.contains("channel-settings") {
            body["settings"] = json!({"device_tokens": ["not-written"]});
        }
        is_fault(&operator.send(Method::PUT, &path, body).await, "unknown", "unknown");
    }
    let after = operator.send(Method::GET, &user, Value::Null).await;
    after.is(200, before.json());
    assert_eq!(after.version(), before.version());
}

#[tokio::test]
async fn a_bad_field_is_named_and_a_good_one_beside_it_is_not_written() {
    let operator = Operator::new().await;
    let path = user_path(&external_id());
    let created = operator.send(Method::PUT, &path, json!({"first_name": "Kept", "custom_fields": {"a": 1}})).await;
    let deep = |key: &str, value: Value| json!({key: value});
    for (field, value, fault, reason) in [
        ("email", json!("nobody"), "email", "invalid"),
        ("email", Value::Null, "email", "invalid"),
        ("email", json!(["a@example.com"]), "email", "invalid"),
        ("first_name", json!(1), "first_name", "invalid"),
        ("first_name", json!("a\u{0}b"), "first_name", "invalid"),
        ("last_name", json!("x".repeat(201)), "last_name", "invalid"),
        ("phone", json!("4155552671"), "phone", "invalid"),
        ("avatar", json!("javascript:alert(1)"), "avatar", "invalid"),
        ("avatar", json!(format!("https://example.com/{}", "x".repeat(2048))), "avatar", "invalid"),
        ("locale", json!("en_US!"), "locale", "invalid"),
        ("timezone", json!("Mars/Base"), "timezone", "invalid"),
        ("custom_fields", Value::Null, "custom_fields", "invalid"),
        ("custom_fields", json!([1]), "custom_fields", "invalid"),
        ("custom_fields", deep("a", json!({"": 1})), "custom_fields.a", "invalid"),
        ("custom_fields", deep("a", json!(1e300)), "custom_fields.a", "invalid"),
        ("preferences", json!([]), "preferences", "invalid"),
        ("preferences", json!({"channel_types": {"fax": true}}), "preferences.channel_types.fax", "unknown"),
        ("preferences", json!({"notiflows": {"n": {"enabled": "no"}}}), "preferences.notiflows.n.enabled", "invalid"),
        ("channel_settings", json!({}), "channel_settings", "invalid"),
        ("channel_settings", json!([1]), "channel_settings[0]", "invalid"),
        ("channel_settings", json!([{"channel_id": "none"}]), "channel_settings[0].channel_id", "invalid"),
        ("channel_settings", json!(vec![1; 11]), "channel_settings", "length"),
        ("id", json!("x"), "id", "unknown"),
        ("external_id", json!("x"), "external_id", "unknown"),
    ] {
        let mut body = json!({"first_name": "Changed"});
        body[field] = value;
        is_fault(&operator.send(Method::PUT, &path, body).await, fault, reason);
    }
    operator.send(Method::GET, &path, Value::Null).await.is(200, created.json());
}

#[tokio::test]
async fn the_key_pair_must_match_on_every_path() {
    let operator = Operator::new().await;
    let (key, secret) = (operator.api_key.as_str(), operator.secret_key.as_str());
    let bearer = format!("Bearer {}", operator.client.token("admin").await);
    let user = format!("/admin/v1/users/{}", operator.user);
    let preferences = format!("{user}/preferences");
    for (method, path) in [
        (Method::GET, "/admin/v1/users"),
        (Method::GET, user.as_str()),
        (Method::PUT, user.as_str()),
        (Method::DELETE, user.as_str()),
        (Method::GET, preferences.as_str()),
        (Method::PUT, preferences.as_str()),
        // A caller without the right to read users is not told whether a user exists.
        (Method::GET, "/admin/v1/users/nobody-there"),
    ] {
        for headers in [
            vec![],
            vec![("x-notiflows-api-key", key)],
            vec![("x-notiflows-secret-key", secret)],
            vec![("x-notiflows-api-key", key), ("x-notiflows-secret-key", "sk_wrong")],
            vec![("x-notiflows-api-key", "pk_unknown"), ("x-notiflows-secret-key", secret)],
            vec![("x-notiflows-api-key", ""), ("x-notiflows-secret-key", "")],
            vec![("authorization", bearer.as_str())],
        ] {
            let answer = operator.client.send(method.clone(), path, &headers, Some(b"{".to_vec())).await;
            is_error(&answer, 401, "unauthenticated", json!({"auth": "api_key"}));
        }
    }
    assert_eq!(operator.send(Method::GET, &user, Value::Null).await.version(), 1);
}

#[tokio::test]
async fn odd_ids_are_400_and_unknown_paths_404_in_contract_3_s_shape() {
    let operator = Operator::new().await;
    for odd in ["%00", "a%25b", "a%3Fb", "a%23b", &"a".repeat(256)] {
        for path in [format!("/admin/v1/users/{odd}"), format!("/admin/v1/users/{odd}/preferences")] {
            let answer = operator.send(Method::GET, &path, Value::Null).await;
            is_error(&answer, 400, "bad_request", json!({"reason": "invalid_param", "param": "external_id"}));
        }
    }
    for path in ["/admin", "/admin/v1", "/admin/v2/users", "/user/x", "/admin/v1/users/a/b/c"] {
        is_error(&operator.send(Method::GET, path, Value::Null).await, 404, "not_found", json!({}));
    }
    let answer = operator.send(Method::PATCH, "/admin/v1/users/a", json!({})).await;
    is_error(&answer, 405, "method_not_allowed", json!({}));
    assert_eq!(answer.header("allow"), "GET, HEAD, PUT, DELETE");
}
