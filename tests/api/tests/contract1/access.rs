//! Rights are checked before the body is read.

use api::{Client, shared};
use local::demo::Demo;
use reqwest::Method;
use serde_json::{Value, json};

const UNAUTHORIZED: u16 = 401;

/// The status of a request whose body is not JSON: 400 means that the caller has the right.
async fn status(client: &Client, method: &Method, path: &str, authorization: &str) -> u16 {
    let headers: &[(&str, &str)] = if authorization.is_empty() { &[] } else { &[("authorization", authorization)] };
    let body = (*method != Method::GET && *method != Method::DELETE).then(|| b"no json".to_vec());
    client.send(method.clone(), path, headers, body).await.status.as_u16()
}

#[tokio::test]
async fn rights_are_the_contract_s() {
    let client = shared();
    let demo = client.demo().await;
    let other = demo["users"]["other_user"].as_str().unwrap();
    let preferences = format!("/api/v1/users/{other}/preferences");
    let user = format!("/api/v1/users/{other}");
    // The columns are the callers: nobody, the user, another user, admin, broker, photographer, service.
    let rows = [
        (Method::PUT, preferences.as_str(), [400, 400, 403, 400, 403, 403, 400]),
        (Method::POST, "/api/v1/users", [401, 403, 403, 400, 403, 403, 400]),
        (Method::GET, user.as_str(), [401, 200, 403, 200, 403, 403, 200]),
        (Method::PUT, user.as_str(), [401, 400, 403, 400, 403, 403, 403]),
        (Method::POST, "/api/v1/notifications", [401, 403, 403, 400, 403, 403, 400]),
    ];
    let callers = ["", "other_user", "user", "admin", "broker", "photographer", "service"];
    for (method, path, expected) in rows {
        for (caller, expected) in callers.iter().zip(expected) {
            let token = demo["bearer"][*caller].as_str().map(|token| format!("Bearer {token}")).unwrap_or_default();
            assert_eq!(status(&client, &method, path, &token).await, expected, "{method} {path} as {caller:?}");
        }
    }
}

#[tokio::test]
async fn nobody_deletes_another() {
    let client = shared();
    let victim = client.new_user(json!({})).await;
    let path = format!("/api/v1/users/{}", victim["id"].as_str().unwrap());
    for caller in ["user", "broker", "photographer", "service"] {
        let token = format!("Bearer {}", client.token(caller).await);
        assert_eq!(status(&client, &Method::DELETE, &path, &token).await, 403, "{caller}");
    }
    assert_eq!(status(&client, &Method::DELETE, &path, "").await, UNAUTHORIZED);
    client.get(&path, &client.token("admin").await).await.is(200, victim);
}

#[tokio::test]
async fn a_credential_that_proves_nothing_is_401_even_where_none_is_needed() {
    let client = shared();
    let demo = client.demo().await;
    let good = demo["bearer"]["admin"].as_str().unwrap();
    let parts: Vec<_> = good.split('.').collect();
    let (header, claims, signature) = (parts[0], parts[1], parts[2]);
    let flipped =
        format!("{header}.{claims}.{}{}", if signature.starts_with('A') { "B" } else { "A" }, &signature[1..]);
    let bad = [
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        "Bearer x.y.z".to_owned(),
        format!("Basic {good}"),
        format!("Bearer {flipped}"),
        format!("Bearer {header}.{claims}."),
        // `{"alg":"none"}` and `{"alg":"HS256","kid":"demo"}`.
        format!("Bearer eyJhbGciOiJub25lIn0.{claims}."),
        format!("Bearer eyJhbGciOiJIUzI1NiIsImtpZCI6ImRlbW8ifQ.{claims}.{signature}"),
    ];
    let user = demo["users"]["user"].as_str().unwrap();
    for path in [format!("/api/v1/users/{user}/preferences"), format!("/api/v1/users/{user}")] {
        for authorization in &bad {
            let answer = client
                .send(Method::PUT, &path, &[("authorization", authorization)], Some(br#"{"preferences":{}}"#.to_vec()))
                .await;
            answer.is(UNAUTHORIZED, json!({"statusCode": 401, "message": "Unauthorized"}));
        }
    }
}

#[tokio::test]
async fn without_anonymous_preferences_a_token_is_needed() {
    let (stack, client) = api::own(api::options(&[("AnonymousPreferences", "false")])).await;
    let demo = client.demo().await;
    let path = format!("/api/v1/users/{}/preferences", demo["users"]["user"].as_str().unwrap());
    let body = json!({"preferences": {"email": false}});
    client
        .json(Method::PUT, &path, "", &body)
        .await
        .is(UNAUTHORIZED, json!({"statusCode": 401, "message": "Unauthorized"}));
    for (caller, status) in [("user", 200), ("service", 200), ("admin", 200), ("other_user", 403), ("broker", 403)] {
        let answer = client.json(Method::PUT, &path, &client.token(caller).await, &body).await;
        assert_eq!(answer.status.as_u16(), status, "{caller}: {}", answer.text);
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn with_redacted_anonymous_preferences_nobody_learns_who_the_user_is() {
    let (stack, client) = api::own(api::options(&[("AnonymousPreferences", "redacted")])).await;
    let user = client.new_user(json!({"name": "Jane", "email": "jane@example.com", "push_token": "a-token"})).await;
    let path = format!("/api/v1/users/{}/preferences", user["id"].as_str().unwrap());
    let body = json!({"preferences": {"email": false}});
    let whole = client.json(Method::PUT, &path, &client.token("admin").await, &body).await;
    let mut expected = user.clone();
    (expected["preferences"], expected["updated_at"]) = (json!({"email": false}), whole.json()["updated_at"].clone());
    whole.is(200, expected);
    let body = json!({"preferences": {"email": true, "push": false}});
    let redacted = client.json(Method::PUT, &path, "", &body).await;
    redacted.is(
        200,
        json!({
            "id": user["id"], "name": null, "email": null, "push_token": null,
            "preferences": {"email": true, "push": false}, "updated_at": redacted.json()["updated_at"],
        }),
    );
    assert!(redacted.version() > whole.version() && redacted.json()["updated_at"].is_string());
    // Everything else still needs a token.
    let user = path.strip_suffix("/preferences").unwrap();
    for (method, path) in [(Method::GET, path.as_str()), (Method::PATCH, &path), (Method::GET, user)] {
        assert_eq!(status(&client, &method, path, "").await, UNAUTHORIZED, "{method} {path}");
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn tokens_of_another_issuer_or_audience_or_time_prove_nothing() {
    let client = shared();
    let demo = Demo::new().unwrap();
    let user = client.demo().await["users"]["user"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/users/{user}");
    let claims = demo.claims(&user);
    assert_eq!(client.get(&path, &demo.sign(&claims)).await.status.as_u16(), 200);
    for (claim, value) in [
        ("iss", json!("https://somebody.example")),
        ("aud", json!("another")),
        ("exp", json!(1_700_000_000)),
        ("exp", Value::Null),
        ("nbf", json!(4_000_000_000_u64)),
        ("sub", json!("")),
    ] {
        let mut changed = claims.clone();
        changed[claim] = value;
        assert_eq!(client.get(&path, &demo.sign(&changed)).await.status.as_u16(), UNAUTHORIZED, "{changed}");
    }
}
