//! When the address of an erased user is free again, and for whom.

use std::pin::pin;

use api::{Client, dynamodb, options, own, unique_email};
use futures::future::{Either, select};
use local::stack::Stack;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::faults::faults;

async fn create(client: &Client, email: &str, id: &str) -> StatusCode {
    let body = json!({"name": "Ada", "email": email, "external_id": id});
    client.json(Method::POST, "/api/v1/users", &client.token("admin").await, &body).await.status
}

async fn erase(client: &Client, token: &str, id: &str) -> StatusCode {
    client.json(Method::DELETE, &format!("/api/v1/users/{id}"), token, &Value::Null).await.status
}

fn somebody() -> String {
    Uuid::new_v4().to_string()
}

#[tokio::test]
async fn whoever_is_told_of_the_erasure_can_use_the_address() {
    let (stack, client) = own(options(&[])).await;
    let (admin, email, id) = (client.token("admin").await, unique_email(), somebody());
    assert_eq!(create(&client, &email, &id).await, StatusCode::CREATED);
    // The table fails at the first thing that is removed after the tombstone, for longer than the SDK has tries.
    let fault = json!({"operation": "UpdateItem", "containing": ["SETTINGS", id], "kind": "error", "times": 3});
    faults(&client, json!({"dynamodb": [fault]})).await;
    assert_eq!(erase(&client, &admin, &id).await, StatusCode::NO_CONTENT);
    assert_eq!(create(&client, &email, &somebody()).await, StatusCode::CREATED);
    stack.shutdown().await;
}

/// A tombstone that code of November 2026 has written: it still has the address to free.
async fn erased_before(stack: &Stack, email: &str, id: &str) {
    let tombstone = json!({
        "pk": {"S": format!("USER#{id}")}, "sk": {"S": "USER"}, "version": {"N": "2"}, "erased_at": {"N": "1"},
        "erasing": {"M": {"email": {"S": email}}}, "owner": {"S": "ERASING#3"}, "at": {"S": format!("2024-03-01T10:00:00.000Z#{id}")},
    });
    dynamodb(stack, "PutItem", json!({"Item": tombstone})).await;
    let address = json!({"pk": {"S": format!("EMAIL#{email}")}, "sk": {"S": "EMAIL"}, "holder": {"S": id}});
    dynamodb(stack, "PutItem", json!({"Item": address})).await;
}

#[tokio::test]
async fn a_late_erasure_leaves_the_address_of_a_user_who_was_created_again() {
    let (stack, client) = own(options(&[])).await;
    let admin = client.token("admin").await;
    for is_of_before in [false, true] {
        let (email, id) = (unique_email(), somebody());
        if is_of_before {
            erased_before(&stack, &email, &id).await;
        } else {
            assert_eq!(create(&client, &email, &id).await, StatusCode::CREATED);
        }
        // One of two erasures is about to free the address, and takes long.
        let late = json!({
            "operation": "TransactWriteItems", "containing": [format!("EMAIL#{email}")], "kind": "delay", "delay_ms": 3000, "times": 1,
        });
        faults(&client, json!({"dynamodb": [late]})).await;
        let (one, other) = (pin!(erase(&client, &admin, &id)), pin!(erase(&client, &admin, &id)));
        let (Either::Left((status, late)) | Either::Right((status, late))) = select(one, other).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        assert_eq!(create(&client, &email, &id).await, StatusCode::CREATED, "{is_of_before}");
        assert!(!late.await.is_server_error());
        assert_eq!(create(&client, &email, &somebody()).await, StatusCode::CONFLICT, "{is_of_before}");
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn an_address_is_freed_although_other_writes_get_in_the_way() {
    let (stack, client) = own(options(&[])).await;
    let admin = client.token("admin").await;
    for is_of_before in [false, true] {
        let (email, id) = (unique_email(), somebody());
        if is_of_before {
            erased_before(&stack, &email, &id).await;
        } else {
            assert_eq!(create(&client, &email, &id).await, StatusCode::CREATED);
        }
        let conflict = json!({"operation": "TransactWriteItems", "kind": "conflict", "times": 3});
        faults(&client, json!({"dynamodb": [conflict]})).await;
        assert_eq!(erase(&client, &admin, &id).await, StatusCode::NO_CONTENT, "{is_of_before}");
        faults(&client, json!({})).await;
        assert_eq!(create(&client, &email, &somebody()).await, StatusCode::CREATED, "{is_of_before}");
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn an_address_that_somebody_else_has_stays_theirs_and_is_not_in_the_way_of_an_erasure() {
    let (stack, client) = own(options(&[])).await;
    let (admin, email, id) = (client.token("admin").await, unique_email(), somebody());
    assert_eq!(create(&client, &email, &id).await, StatusCode::CREATED);
    let address = json!({"pk": {"S": format!("EMAIL#{email}")}, "sk": {"S": "EMAIL"}, "holder": {"S": somebody()}});
    dynamodb(&stack, "PutItem", json!({"Item": address})).await;
    assert_eq!(erase(&client, &admin, &id).await, StatusCode::NO_CONTENT);
    let key = json!({"Key": {"pk": address["pk"], "sk": address["sk"]}});
    assert_eq!(dynamodb(&stack, "GetItem", key).await["Item"], address);
    assert_eq!(erase(&client, &admin, &id).await, StatusCode::NOT_FOUND, "nothing is left");
    stack.shutdown().await;
}
