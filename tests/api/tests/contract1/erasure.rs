//! `DELETE /api/v1/users/{id}`.

use api::{dynamodb, eventually, options, own, shared, unique_email};
use local::demo::Demo;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::faults::faults;

#[tokio::test]
async fn nothing_is_left_but_the_fact() {
    let (stack, client) = own(options(&[])).await;
    let admin = client.token("admin").await;
    let email = unique_email();
    let user = client.new_user(json!({"name": "Private Name", "email": email, "push_token": "gone-token"})).await;
    let path = format!("/api/v1/users/{}", user["id"].as_str().unwrap());
    let body = json!({"notification_type": "email", "user_id": user["id"], "content": {"body": "private words"}});
    let notification = client.notify(&body).await;
    client.settled(&notification).await;

    let answer = client.json(Method::DELETE, &path, &admin, &Value::Null).await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::NO_CONTENT, ""));

    let gone = json!({"statusCode": 404, "message": "User not found"});
    client.get(&path, &admin).await.is(404, gone.clone());
    client.json(Method::PUT, &path, &admin, &json!({"name": "Back"})).await.is(404, gone.clone());
    client
        .json(Method::PUT, &format!("{path}/preferences"), "", &json!({"preferences": {"email": true}}))
        .await
        .is(404, gone.clone());
    client.json(Method::DELETE, &path, &admin, &Value::Null).await.is(404, gone);
    let read = client.get(&format!("/api/v1/notifications/{notification}"), &admin).await;
    assert_eq!(read.status, StatusCode::NOT_FOUND);
    let table = dynamodb(&stack, "Scan", json!({})).await.to_string();
    assert_eq!(
        table.matches(user["id"].as_str().unwrap()).count(),
        3,
        "two tombstones, and the place of the second look"
    );
    for word in [email.as_str(), "private words", "gone-token", "Private Name"] {
        assert!(!table.contains(word), "{word} is still in the table");
    }
    // The address is free, and a new user with it starts with nothing.
    let next = client.new_user(json!({"email": email})).await;
    assert_ne!(next["id"], user["id"]);
    assert_eq!((&next["push_token"], &next["preferences"]), (&Value::Null, &json!({})));
    stack.shutdown().await;
}

#[tokio::test]
async fn a_token_that_outlives_its_user_proves_nobody() {
    let client = shared();
    let user = client.new_user(json!({})).await;
    let id = user["id"].as_str().unwrap();
    let demo = Demo::new().unwrap();
    let own = demo.sign(&demo.claims(id));
    let path = format!("/api/v1/users/{id}");
    assert_eq!(client.json(Method::DELETE, &path, &own, &Value::Null).await.status, StatusCode::NO_CONTENT);
    let nobody = json!({"statusCode": 401, "message": "Unauthorized"});
    client.get(&path, &own).await.is(401, nobody.clone());
    client.json(Method::PUT, &path, &own, &json!({"name": "x"})).await.is(401, nobody.clone());
    client
        .json(Method::PUT, &format!("{path}/preferences"), &own, &json!({"preferences": {"email": true}}))
        .await
        .is(401, nobody.clone());
    client.json(Method::DELETE, &path, &own, &Value::Null).await.is(401, nobody);
}

#[tokio::test]
async fn what_is_sent_to_a_user_who_is_erased_or_never_was_is_skipped_and_emptied() {
    let (stack, client) = own(options(&[])).await;
    let admin = client.token("admin").await;
    let user = client.new_user(json!({})).await;
    let path = format!("/api/v1/users/{}", user["id"].as_str().unwrap());
    client.json(Method::DELETE, &path, &admin, &Value::Null).await;
    let nobody = json!("00000000-0000-4000-8000-00000000000b");
    for (user, reason) in [(&user["id"], "user_erased"), (&nobody, "user_not_found")] {
        let body = json!({"notification_type": "email", "user_id": user, "content": {"body": "late words"}});
        let data = client.settled(&client.notify(&body).await).await;
        assert_eq!(
            (&data["deliveries"][0]["status"], &data["deliveries"][0]["reason"]),
            (&json!("skipped"), &json!(reason))
        );
    }
    eventually(async || {
        let table = dynamodb(&stack, "Scan", json!({})).await.to_string();
        (!table.contains("late words")).then_some(())
    })
    .await;
    stack.shutdown().await;
}

#[tokio::test]
async fn a_stale_if_match_erases_nothing() {
    let client = shared();
    let admin = format!("Bearer {}", client.token("admin").await);
    let user = client.new_user(json!({})).await;
    let path = format!("/api/v1/users/{}", user["id"].as_str().unwrap());
    let delete = async |tag: &str| {
        client.send(Method::DELETE, &path, &[("authorization", &admin), ("if-match", tag)], None).await.status
    };
    assert_eq!(delete("\"7\"").await, StatusCode::PRECONDITION_FAILED);
    assert_eq!(delete("\"1\"").await, StatusCode::NO_CONTENT);
}

/// An erasure writes the tombstone first. If a later step fails, the user is erased all the same, and the next request continues
/// there, as does the function that runs every minute (`large_erasure`).
#[tokio::test]
async fn an_erasure_that_breaks_off_has_erased_the_user_and_is_taken_up_again() {
    let (stack, client) = own(options(&[])).await;
    let admin = client.token("admin").await;
    let user = client.new_user(json!({})).await;
    let path = format!("/api/v1/users/{}", user["id"].as_str().unwrap());
    let body = json!({"notification_type": "email", "user_id": user["id"], "content": {"body": "private words"}});
    let notification = client.notify(&body).await;
    client.settled(&notification).await;
    // More refusals than the SDK has retries.
    faults(&client, json!({"dynamodb": [{"operation": "BatchWriteItem", "kind": "error", "times": 3}]})).await;
    let broken = client.json(Method::DELETE, &path, &admin, &Value::Null).await;
    assert_eq!((broken.status, broken.text.as_str()), (StatusCode::NO_CONTENT, ""));
    assert_eq!(client.get(&path, &admin).await.status, StatusCode::NOT_FOUND);
    let table = async || dynamodb(&stack, "Scan", json!({})).await.to_string();
    assert!(table().await.contains("private words"), "the table failed before they were removed");
    let again = client.json(Method::DELETE, &path, &admin, &Value::Null).await;
    assert_eq!(again.status, StatusCode::NO_CONTENT, "{}", again.text);
    assert!(!table().await.contains("private words"));
    let again = client.json(Method::DELETE, &path, &admin, &Value::Null).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND, "{}", again.text);
    let read = client.get(&format!("/api/v1/notifications/{notification}"), &admin).await;
    assert_eq!(read.status, StatusCode::NOT_FOUND);
    stack.shutdown().await;
}

/// A table that is throttled takes the rest a moment later, and an erasure waits for that.
#[tokio::test]
async fn an_erasure_waits_for_a_table_that_has_no_room() {
    let (stack, client) = own(options(&[])).await;
    let admin = client.token("admin").await;
    let user = client.new_user(json!({})).await;
    let path = format!("/api/v1/users/{}", user["id"].as_str().unwrap());
    let body = json!({"notification_type": "email", "user_id": user["id"], "content": {"body": "private words"}});
    client.settled(&client.notify(&body).await).await;
    // Twice as many refusals as the SDK has tries.
    faults(&client, json!({"dynamodb": [{"operation": "BatchWriteItem", "kind": "throttle", "times": 6}]})).await;
    let erased = client.json(Method::DELETE, &path, &admin, &Value::Null).await;
    assert_eq!(erased.status, StatusCode::NO_CONTENT, "{}", erased.text);
    assert!(!dynamodb(&stack, "Scan", json!({})).await.to_string().contains("private words"));
    assert_eq!(client.json(Method::DELETE, &path, &admin, &Value::Null).await.status, StatusCode::NOT_FOUND);
    stack.shutdown().await;
}
