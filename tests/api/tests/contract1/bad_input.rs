//! Bad input is answered in the contract's own shape, and a read afterwards shows that nothing changed.

use api::{Client, shared};
use reqwest::Method;
use serde_json::{Value, json};

use crate::bad_bodies::{BadBody, bad_bodies};

/// Bodies that are JSON objects and are still refused by every path.
const OBJECTS: [&str; 9] = [
    r#"{"preferences":{"email":false,"email":true}}"#,
    r#"{"preferences":{"email":false},"name":"\ud800"}"#,
    r#"{"name":"a\u0000b","unknown":1}"#,
    r#"{"preferences":{"e\u0000mail":false}}"#,
    r#"{"preferences":{"email":"false"}}"#,
    r#"{"preferences":{"fax":true}}"#,
    r#"{"preferences":{"email":null}}"#,
    r#"{"preferences":{"email":NaN}}"#,
    r#"{"unknown":1}"#,
];

fn all_bad_bodies() -> Vec<BadBody> {
    let own = OBJECTS.map(|text| BadBody { what: text, bytes: text.into(), is_too_large: false });
    let no_utf_8 = b"{\"preferences\":{\"\xff\":true}}".to_vec();
    let no_utf_8 = BadBody { what: "no UTF-8 in a name", bytes: no_utf_8, is_too_large: false };
    let shared = bad_bodies("preferences", r#"{"email":false}"#);
    shared.into_iter().chain(own).chain([no_utf_8]).collect()
}

async fn refuses_all(client: &Client, method: Method, path: &str, token: &str) {
    let bearer = format!("Bearer {token}");
    for BadBody { what, bytes, is_too_large } in all_bad_bodies() {
        for content_type in ["application/json", "text/plain", "application/octet-stream"] {
            let headers = [("authorization", bearer.as_str()), ("content-type", content_type)];
            let answer = client.send(method.clone(), path, &headers, Some(bytes.clone())).await;
            let error = answer.json();
            if is_too_large {
                let message = "The body must not be larger than 256 KiB";
                answer.is(413, json!({"statusCode": 413, "message": message}));
                continue;
            }
            assert_eq!(answer.status.as_u16(), 400, "{method} {path} {what}: {}", answer.text);
            assert_eq!((&error["statusCode"], &error["message"]), (&json!(400), &json!("Validation failed")), "{what}");
            let faults = error["errors"].as_array().unwrap();
            assert!(!faults.is_empty() && faults.iter().all(|fault| fault.as_str().unwrap().len() > 10), "{error}");
        }
    }
}

#[tokio::test]
async fn bad_bodies_change_nothing() {
    let client = shared();
    let token = client.token("admin").await;
    let user = client.new_user(json!({"preferences": {"email": true}})).await;
    let path = format!("/api/v1/users/{}", user["id"].as_str().unwrap());
    refuses_all(&client, Method::PUT, &format!("{path}/preferences"), &token).await;
    refuses_all(&client, Method::PUT, &path, &token).await;
    refuses_all(&client, Method::POST, "/api/v1/users", &token).await;
    refuses_all(&client, Method::POST, "/api/v1/notifications", &token).await;
    let after = client.get(&path, &token).await;
    after.is(200, user);
    assert_eq!(after.version(), 1);
}

#[tokio::test]
async fn a_bad_field_is_named_and_a_good_one_beside_it_is_not_written() {
    let client = shared();
    let token = client.token("admin").await;
    let user = client.new_user(json!({})).await;
    let path = format!("/api/v1/users/{}", user["id"].as_str().unwrap());
    for (field, value) in [
        ("name", json!("")),
        ("name", json!(null)),
        ("name", json!("a\u{0}b")),
        ("name", json!("x".repeat(201))),
        ("email", json!("nobody")),
        ("email", json!(null)),
        ("email", json!(["a@example.com"])),
        ("push_token", json!("")),
        ("push_token", json!("a b")),
        ("push_token", json!("x".repeat(4097))),
        ("preferences", json!(null)),
        ("preferences", json!([true])),
        ("password", json!(1)),
        ("teams", json!("a")),
        ("teams", json!([1])),
        ("teams", json!([""])),
        ("id", json!("x")),
    ] {
        let mut body = json!({"name": "Changed"});
        body[field] = value;
        let answer = client.json(Method::PUT, &path, &token, &body).await;
        let faults = answer.json()["errors"].as_array().cloned().unwrap_or_default();
        assert!(answer.status == 400 && faults.len() == 1, "{body}: {}", answer.text);
        assert!(faults[0].as_str().unwrap().starts_with(field), "{faults:?}");
    }
    client.get(&path, &token).await.is(200, user);
}

#[tokio::test]
async fn odd_ids_are_refused_and_none_is_decoded_twice() {
    let client = shared();
    let token = client.token("admin").await;
    let user = client.new_user(json!({})).await;
    let id = user["id"].as_str().unwrap();
    let long = "a".repeat(5000);
    for odd in
        [&format!("%2531{}", &id[1..]), "%00", "%F0%9F%99%82", "..%2F..", &long, "urn:uuid:x", &format!("{{{id}}}")]
    {
        let answer = client.get(&format!("/api/v1/users/{odd}"), &token).await;
        assert!([400, 404].contains(&answer.status.as_u16()), "{odd}: {}", answer.status);
        assert_eq!(answer.json()["statusCode"], answer.status.as_u16(), "{odd}: {}", answer.text);
    }
    let escaped = format!("%{:02x}{}", id.as_bytes()[0], &id[1..]);
    let read: Value = client.get(&format!("/api/v1/users/{escaped}"), &token).await.json();
    assert_eq!(read, user);
}
