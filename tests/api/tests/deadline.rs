//! A table that takes longer than an invocation may: the caller gets an answer of the service, not the gateway's.

use api::{Answer, Client, options, own};
use local::stack::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    contract2, contract3, contract4,
    faults::faults,
    preference_center::{self, is_page, is_told},
};

const AGAIN: &str = "Temporarily unavailable, please try again";

/// Delays every call to the table.
async fn slow(client: &Client, milliseconds: u64) {
    faults(client, json!({"dynamodb": [{"kind": "delay", "delay_ms": milliseconds}]})).await;
}

/// Asserts that the function itself has answered, by a 503 with `Retry-After`. The gateway, which answers where an invocation is ended
/// by its time-out, sends no such header.
async fn in_time(answer: impl Future<Output = Answer>) -> Answer {
    let answer = answer.await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "1"), "{}", answer.text);
    assert!(!answer.header("x-request-id").is_empty());
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_does_not_answer_is_503_in_the_shape_of_each_dialect() {
    let (stack, client) = own(Options { concurrency: 8, ..options(&[("HttpTimeout", "2")]) }).await;
    let operator = contract3::Operator::of(client.clone()).await;
    let visitor = preference_center::Visitor::on(client.clone()).await;
    let (admin, service, id) = (client.token("admin").await, client.token("service").await, visitor.id.clone());
    let (own, member) = (contract4::own(&id), contract2::bearer(&id, "user", "acme"));
    slow(&client, 30_000).await;

    let notification = json!({"notification_type": "email", "user_id": id, "content": {"body": "x"}});
    let native = json!({"statusCode": 503, "message": AGAIN});
    for (method, path, token, body) in [
        (Method::GET, format!("/api/v1/users/{id}"), &admin, Value::Null),
        (Method::PUT, format!("/api/v1/users/{id}/preferences"), &own, json!({"preferences": {"email": false}})),
        (Method::GET, format!("/api/v1/users/{id}/notifications"), &admin, Value::Null),
        (Method::GET, "/api/v1/channels".into(), &admin, Value::Null),
        (Method::GET, "/api/v1/dead-letters".into(), &admin, Value::Null),
        (Method::POST, "/api/v1/notifications".into(), &service, notification),
    ] {
        in_time(client.json(method, &path, token, &body)).await.is(503, native.clone());
    }

    contract2::is_text(&in_time(contract2::log_in(&client, &member)).await, 503, AGAIN);

    for path in [format!("/admin/v1/users/{id}"), format!("/admin/users/{id}/channel-settings/x")] {
        let answer = in_time(operator.send(Method::GET, &path, Value::Null)).await;
        contract3::is_error(&answer, 503, "unavailable", json!({}));
    }

    let answer = in_time(contract4::patch(&client, &contract4::path(&id), &own, &json!({"theme": "dark"}))).await;
    assert_eq!(answer.json()["error"]["code"], "service_unavailable", "{}", answer.text);
    assert_eq!(answer.json()["error"]["request_id"], answer.header("x-request-id"));

    let answer = in_time(client.get("/settings/user", &own)).await;
    answer.is(503, json!({"success": false, "message": AGAIN}));

    is_page(&in_time(visitor.look()).await, 503, "We cannot be reached at the moment.");
    let answer = in_time(visitor.look_with(&[preference_center::AS_JSON])).await;
    is_told(&answer, 503, answer.json());
    assert_eq!(answer.json()["saved"], false);
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_each_quick_enough_and_too_many_together_end_in_time_as_well() {
    let (stack, client) = own(options(&[("HttpTimeout", "2")])).await;
    let (admin, user) = (client.token("admin").await, client.new_user(json!({})).await);
    let path = format!("/api/v1/users/{}", user["id"].as_str().unwrap());
    let delete = async || client.json(Method::DELETE, &path, &admin, &Value::Null).await;
    slow(&client, 400).await;
    let erased = delete().await;
    // The function itself has answered. The user is erased, and what this request had no time to remove is removed later.
    assert_eq!(erased.status.as_u16(), 204, "{}", erased.text);
    faults(&client, json!({})).await;
    assert_eq!(client.get(&path, &admin).await.status.as_u16(), 404);
    let again = delete().await;
    assert_eq!(again.status.as_u16(), 204, "{}", again.text);
    stack.shutdown().await;
}
