//! Bad input: the contract's own shape, and a read afterwards shows that nothing changed.

use api::{Client, shared};
use reqwest::Method;
use serde_json::{Value, json};

/// Bodies that no path takes, whatever it expects.
fn bad_bodies() -> Vec<Vec<u8>> {
    let nested = |levels: usize| format!("{{\"preferences\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    let large = format!("{{\"preferences\":{{\"email\":false}},\"x\":\"{}\"}}", "x".repeat(257 * 1024));
    let texts = [
        "",
        " ",
        "{",
        "null",
        "[]",
        "\"text\"",
        "1",
        "true",
        "{\"preferences\":{\"email\":NaN}}",
        "{\"preferences\":{\"email\":false},\"preferences\":{}}",
        "{\"preferences\":{\"email\":false,\"email\":true}}",
        "{\"preferences\":{\"email\":false},\"name\":\"\\ud800\"}",
        "{\"name\":\"a\\u0000b\",\"unknown\":1}",
        "{\"preferences\":{\"e\\u0000mail\":false}}",
        "{\"preferences\":{\"email\":\"false\"}}",
        "{\"preferences\":{\"fax\":true}}",
        "{\"preferences\":{\"email\":null}}",
        "{\"unknown\":1}",
        "{\"preferences\":{\"email\":false}} trailing",
    ];
    let mut bodies: Vec<_> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    bodies.extend([nested(31).into_bytes(), large.into_bytes(), b"{\"preferences\":{\"\xff\":true}}".to_vec()]);
    bodies
}

async fn refuses_all(client: &Client, method: Method, path: &str, token: &str) {
    let bearer = format!("Bearer {token}");
    for body in bad_bodies() {
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        for content_type in ["application/json", "text/plain", "application/octet-stream"] {
            let headers = [("authorization", bearer.as_str()), ("content-type", content_type)];
            let answer = client.send(method.clone(), path, &headers, Some(body.clone())).await;
            let error = answer.json();
            if body.len() > 256 * 1024 {
                let message = "The body must not be larger than 256 KiB";
                answer.is(413, json!({"statusCode": 413, "message": message}));
                continue;
            }
            assert_eq!(answer.status.as_u16(), 400, "{method} {path} {shown}: {}", answer.text);
            assert_eq!(
                (&error["statusCode"], &error["message"]),
                (&json!(400), &json!("Validation failed")),
                "{shown}"
            );
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
