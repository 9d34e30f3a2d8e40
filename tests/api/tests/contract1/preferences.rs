//! `PUT /api/v1/users/{id}/preferences`.

use api::shared;
use reqwest::Method;
use serde_json::{Value, json};

fn path(user: &Value) -> String {
    format!("/api/v1/users/{}/preferences", user["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_change_is_partial_and_answers_with_the_whole_user() {
    let client = shared();
    let user = client.new_user(json!({"push_token": "t-1", "preferences": {"email": true, "sms": false}})).await;
    let answer =
        client.json(Method::PUT, &path(&user), "", &json!({"preferences": {"email": false, "push": true}})).await;
    let updated_at = answer.json()["updated_at"].clone();
    answer.is(
        200,
        json!({
            "id": user["id"], "name": "A User", "email": user["email"], "push_token": "t-1",
            "preferences": {"email": false, "sms": false, "push": true},
            "created_at": user["created_at"], "updated_at": updated_at,
        }),
    );
    assert!(updated_at.as_str().unwrap() >= user["updated_at"].as_str().unwrap());
    assert_eq!(answer.version(), 2);
}

#[tokio::test]
async fn a_push_token_that_is_not_there_is_null() {
    let client = shared();
    let user = client.new_user(json!({})).await;
    assert_eq!(user["push_token"], Value::Null);
    assert_eq!(user["preferences"], json!({}));
}

#[tokio::test]
async fn times_have_three_decimals_and_z() {
    let client = shared();
    let user = client.new_user(json!({})).await;
    for field in ["created_at", "updated_at"] {
        let time = user[field].as_str().unwrap();
        assert_eq!((time.len(), &time[19..20], &time[23..]), (24, ".", "Z"), "{time}");
    }
}

#[tokio::test]
async fn every_channel_can_be_switched() {
    let client = shared();
    let user = client.new_user(json!({})).await;
    let all = json!({"email": true, "push": false, "sms": true, "slack": false, "in_app": true});
    let answer = client.json(Method::PUT, &path(&user), "", &json!({"preferences": all})).await;
    assert_eq!(answer.json()["preferences"], all);
}

#[tokio::test]
async fn an_empty_change_changes_nothing() {
    let client = shared();
    let user = client.new_user(json!({"preferences": {"email": true}})).await;
    let answer = client.json(Method::PUT, &path(&user), "", &json!({"preferences": {}})).await;
    answer.is(200, user);
    assert_eq!(answer.version(), 1);
}

#[tokio::test]
async fn an_unknown_user_is_404() {
    let unknown = "/api/v1/users/00000000-0000-4000-8000-000000000000/preferences";
    for preferences in [json!({"email": true}), json!({})] {
        let answer = shared().json(Method::PUT, unknown, "", &json!({"preferences": preferences})).await;
        answer.is(404, json!({"statusCode": 404, "message": "User not found"}));
    }
}

#[tokio::test]
async fn an_id_that_is_no_uuid_is_400() {
    for id in ["42", "123e4567-e89b-12d3-a456-42661417400", "%31%32", "123e4567-e89b-12d3-a456-42661417400z"] {
        let path = format!("/api/v1/users/{id}/preferences");
        let answer = shared().json(Method::PUT, &path, "", &json!({"preferences": {"email": true}})).await;
        answer.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": ["id must be a UUID"]}));
    }
}

#[tokio::test]
async fn another_method_is_405_and_says_which_there_are() {
    let client = shared();
    let user = client.new_user(json!({})).await;
    let answer = client.json(Method::POST, &path(&user), "", &json!({})).await;
    answer.is(405, json!({"statusCode": 405, "message": "Method not allowed"}));
    assert_eq!(answer.header("allow"), "GET, HEAD, PATCH, PUT");
}

#[tokio::test]
async fn a_stale_if_match_changes_nothing_and_a_fresh_one_passes() {
    let client = shared();
    let user = client.new_user(json!({})).await;
    let put = async |tag: &str, on: bool| {
        let body = json!({"preferences": {"email": on}}).to_string().into_bytes();
        client.send(Method::PUT, &path(&user), &[("if-match", tag)], Some(body)).await
    };
    assert_eq!(put("\"1\"", true).await.version(), 2);
    for stale in ["\"1\"", "W/\"2\"", "\"x\""] {
        put(stale, false)
            .await
            .is(412, json!({"statusCode": 412, "message": "The user has changed since it was read"}));
    }
    let answer = put("\"1\", \"2\"", false).await;
    assert_eq!((answer.version(), &answer.json()["preferences"]["email"]), (3, &json!(false)));
    assert_eq!(put("*", true).await.version(), 4);
}

#[tokio::test]
async fn the_caller_s_request_id_comes_back() {
    let answer = shared().send(Method::PUT, "/api/v1/users/1/preferences", &[("x-request-id", "mine-1")], None).await;
    assert_eq!(answer.header("x-request-id"), "mine-1");
}
