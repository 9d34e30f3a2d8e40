//! What decides the answer that a key gives: who asks, what is asked, and whether the caller still has the right.

use api::{dynamodb, options, own, shared};
use local::demo::Demo;
use reqwest::Method;
use serde_json::{Value, json};

use super::{is_replay, key, patch, send};
use crate::contract4;

/// A service of an organisation.
fn service_of(org: &str) -> String {
    let demo = Demo::new().unwrap();
    let mut claims = demo.claims("one-subject");
    claims["roles"] = json!(["service", "admin"]);
    claims["org"] = json!(org);
    demo.sign(&claims)
}

#[tokio::test]
async fn the_same_subject_of_another_organisation_has_keys_of_its_own() {
    let client = shared();
    let key = key();
    let create = async |org: &str| {
        let body = json!({"name": "Same", "email": api::unique_email()});
        send(&client, Method::POST, "/api/v1/users", &service_of(org), ("idempotency-key", &key), &body).await
    };
    let (acme, other) = (create("acme").await, create("other").await);
    assert_eq!((acme.status.as_u16(), other.status.as_u16()), (201, 201), "{} {}", acme.text, other.text);
    assert_eq!(other.header("x-idempotency-replayed"), "");
    assert_ne!(acme.json()["id"], other.json()["id"]);
    assert_eq!(create("acme").await.status.as_u16(), 409, "the body has another address");
}

/// The id of the user is made again in each request, so the kept answer says whose it is.
#[tokio::test]
async fn an_organisation_gets_the_answer_to_its_creation_again_while_the_user_is_its_own() {
    let (stack, client) = own(options(&[])).await;
    let (admin, key, email) = (client.token("admin").await, key(), api::unique_email());
    let create = async || {
        let body = json!({"name": "Once", "email": email});
        send(&client, Method::POST, "/api/v1/users", &service_of("acme"), ("idempotency-key", &key), &body).await
    };
    let first = create().await;
    assert_eq!(first.status.as_u16(), 201, "{}", first.text);
    is_replay(&create().await, &first);
    // Whoever has the id now is not the organisation's.
    let user = json!({"pk": {"S": format!("USER#{}", first.json()["id"].as_str().unwrap())}, "sk": {"S": "USER"}});
    let moved = json!({
        "Key": user, "UpdateExpression": "SET #o = :o", "ExpressionAttributeNames": {"#o": "org"},
        "ExpressionAttributeValues": {":o": {"S": "other"}},
    });
    dynamodb(&stack, "UpdateItem", moved).await;
    let message = "This idempotency key was used for another request";
    create().await.is(409, json!({"statusCode": 409, "message": message}));
    client
        .json(Method::DELETE, &format!("/api/v1/users/{}", first.json()["id"].as_str().unwrap()), &admin, &Value::Null)
        .await;
    create().await.is(409, json!({"statusCode": 409, "message": message}));
    stack.shutdown().await;
}

/// An erasure takes the keys of its user. The creation that has to finish it is not the erased user's.
#[tokio::test]
async fn a_creation_that_finishes_an_old_erasure_keeps_its_key() {
    let (stack, client) = own(options(&[])).await;
    let (demo, admin) = (client.demo().await, client.token("admin").await);
    let bearer = format!("Bearer {admin}");
    let by_key = |name: &str| demo["notiflows"][name].as_str().unwrap().to_owned();
    let (api_key, secret) = (by_key("api_key"), by_key("secret_key"));
    for is_native in [true, false] {
        let (id, key) = (key(), key());
        let tombstone = json!({
            "pk": {"S": format!("USER#{id}")}, "sk": {"S": "USER"}, "version": {"N": "2"}, "erased_at": {"N": "1"}, "erasing": {"M": {}},
            "owner": {"S": "ERASING#3"}, "at": {"S": format!("2024-03-01T10:00:00.000Z#{id}")},
        });
        dynamodb(&stack, "PutItem", json!({"Item": tombstone})).await;
        let email = api::unique_email();
        let create = async || {
            let (method, path, mut headers, body) = if is_native {
                let body = json!({"name": "Anew", "email": email, "external_id": id});
                (Method::POST, "/api/v1/users".to_owned(), vec![("authorization", bearer.as_str())], body)
            } else {
                let keys = vec![("x-notiflows-api-key", api_key.as_str()), ("x-notiflows-secret-key", secret.as_str())];
                (Method::PUT, format!("/admin/v1/users/{id}"), keys, json!({"email": email}))
            };
            headers.push(("idempotency-key", key.as_str()));
            client.send(method, &path, &headers, Some(body.to_string().into_bytes())).await
        };
        let first = create().await;
        assert_eq!((first.status.as_u16(), first.version()), (201, 3), "{}", first.text);
        client.index_catches_up().await;
        is_replay(&create().await, &first);
        // From then on the key is the new user's.
        let erased = client.json(Method::DELETE, &format!("/api/v1/users/{id}"), &admin, &Value::Null).await;
        assert_eq!(erased.status.as_u16(), 204, "{}", erased.text);
        let left = dynamodb(&stack, "Scan", json!({})).await.to_string();
        assert!(!left.contains(&email), "{left}");
        assert_eq!(create().await.status.as_u16(), 409);
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn another_precondition_under_the_key_is_409() {
    let client = shared();
    let (id, path) = contract4::user(&client).await;
    let (token, key) = (contract4::own(&id), key());
    let bearer = format!("Bearer {token}");
    let patch = async |precondition: Option<(&str, &str)>| {
        let mut headers = vec![("authorization", bearer.as_str()), ("x-idempotency-key", &key)];
        headers.extend(precondition);
        client.send(Method::PATCH, &path, &headers, Some(br#"{"theme":"dark"}"#.to_vec())).await
    };
    let first = patch(Some(("if-match", "\"1\""))).await;
    assert_eq!(first.status.as_u16(), 200, "{}", first.text);
    is_replay(&patch(Some(("if-match", "\"1\""))).await, &first);
    for other in [None, Some(("if-match", "\"2\"")), Some(("if-match", "*")), Some(("if-none-match", "\"1\""))] {
        let answer = patch(other).await;
        contract4::refused(&answer, "idempotency_key_conflict", &json!([]));
    }
    assert_eq!(client.get(&path, &token).await.version(), 2);
}

/// The broker is no member's manager any more, either by the user's teams or by the token's.
#[tokio::test]
async fn a_broker_who_has_lost_the_team_gets_the_refusal_and_not_the_kept_answer() {
    let client = shared();
    let admin = client.token("admin").await;
    let (id, path) = contract4::user(&client).await;
    let user = format!("/api/v1/users/{id}");
    let teams = async |teams: Value| {
        let set = client.json(Method::PUT, &user, &admin, &json!({"teams": teams})).await;
        assert_eq!(set.status.as_u16(), 200, "{}", set.text);
    };
    teams(json!(["red"])).await;
    let (broker, key, body) = (contract4::token("a-broker", &["broker"], &["red"]), key(), json!({"theme": "dark"}));
    let first = patch(&client, &path, &broker, &key, &body).await;
    assert_eq!(first.status.as_u16(), 200, "{}", first.text);
    is_replay(&patch(&client, &path, &broker, &key, &body).await, &first);
    let elsewhere = contract4::token("a-broker", &["broker"], &["blue"]);
    contract4::refused(&patch(&client, &path, &elsewhere, &key, &body).await, "role_forbidden", &json!([]));
    let demoted = contract4::token("a-broker", &["user"], &["red"]);
    contract4::refused(&patch(&client, &path, &demoted, &key, &body).await, "role_forbidden", &json!([]));
    teams(json!(["blue"])).await;
    contract4::refused(&patch(&client, &path, &broker, &key, &body).await, "role_forbidden", &json!([]));
    is_replay(&patch(&client, &path, &elsewhere, &key, &body).await, &first);
}

/// Each answer that is kept about a person, by the operation that keeps it.
#[tokio::test]
async fn no_kept_answer_outlives_the_erasure_and_each_key_stays_in_the_way() {
    let (stack, client) = own(options(&[])).await;
    let admin = client.token("admin").await;
    let (id, display) = contract4::user(&client).await;
    let user = format!("/api/v1/users/{id}");
    let wanted = json!({"notification_type": "email", "user_id": id, "content": {"body": "Personal"},
        "send_at": "2027-01-01T00:00:00Z"});
    let accepted = client.json(Method::POST, "/api/v1/notifications", &admin, &wanted).await;
    let notification =
        format!("/api/v1/notifications/{}", accepted.json()["data"]["notification_id"].as_str().unwrap());
    let quiet = json!({"timezone": "UTC", "windows": [{"days": ["mon"], "from": "22:00", "to": "23:00"}]});
    let requests = [
        (Method::DELETE, notification, Value::Null),
        (Method::POST, "/api/v1/notifications".to_owned(), wanted),
        (Method::PUT, user.clone(), json!({"name": "Personal"})),
        (Method::PUT, format!("{user}/preferences"), json!({"preferences": {"sms": true}})),
        (Method::DELETE, format!("{user}/quiet-hours"), quiet),
        (Method::PATCH, display, json!({"theme": "dark"})),
    ];
    let key = key();
    let key = ("idempotency-key", key.as_str());
    for (method, path, body) in &requests {
        let first = send(&client, method.clone(), path, &admin, key, body).await;
        assert!(first.status.is_success(), "{method} {path} {}", first.text);
        is_replay(&send(&client, method.clone(), path, &admin, key, body).await, &first);
    }
    let kept = json!({
        "FilterExpression": "begins_with(pk, :kept)", "ExpressionAttributeValues": {":kept": {"S": "IDEMPOTENCY#"}},
    });
    let erased = client.json(Method::DELETE, &user, &admin, &Value::Null).await;
    assert_eq!(erased.status.as_u16(), 204, "{}", erased.text);
    let left = dynamodb(&stack, "Scan", kept).await["Items"].as_array().unwrap().clone();
    assert_eq!(left.len(), requests.len(), "the keys stay");
    for item in &left {
        let mut names: Vec<_> = item.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["expires_at", "lease", "pk", "request_hash", "sk", "until"]);
        assert_eq!((&item["request_hash"]["S"], &item["lease"]["S"]), (&json!(""), &json!("")));
    }
    for (method, path, body) in &requests {
        let again = send(&client, method.clone(), path, &admin, key, body).await;
        assert_eq!(again.status.as_u16(), 409, "{method} {path} {}", again.text);
    }
    stack.shutdown().await;
}
