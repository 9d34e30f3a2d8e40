//! The companion requests: `POST /api/v1/users`, and `GET` and `PUT` of one user.

use api::{forbidden, shared, unique_email};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

fn path(user: &Value) -> String {
    format!("/api/v1/users/{}", user["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_new_user_is_answered_whole_and_can_be_read() {
    let client = shared();
    let token = client.token("service").await;
    let email = unique_email();
    let body = json!({
        "name": "Ada", "email": email, "push_token": "ada-1", "preferences": {"push": false}, "password": "hunter2",
    });
    let created = client.json(Method::POST, "/api/v1/users", &token, &body).await;
    let user = created.json();
    created.is(
        201,
        json!({
            "id": user["id"], "name": "Ada", "email": email, "push_token": "ada-1", "preferences": {"push": false},
            "created_at": user["created_at"], "updated_at": user["created_at"],
        }),
    );
    let read = client.get(&path(&user), &token).await;
    read.is(200, user);
    assert_eq!(read.version(), 1);
}

#[tokio::test]
async fn an_address_is_one_user_s_in_any_spelling() {
    let client = shared();
    let token = client.token("admin").await;
    let user = client.new_user(json!({})).await;
    let email = user["email"].as_str().unwrap().to_uppercase();
    let taken = json!({"statusCode": 409, "message": "A user with this email already exists"});
    let body = json!({"name": "Other", "email": email});
    client.json(Method::POST, "/api/v1/users", &token, &body).await.is(409, taken.clone());
    let other = client.new_user(json!({})).await;
    client.json(Method::PUT, &path(&other), &token, &json!({"email": email, "name": "New"})).await.is(409, taken);
    client.get(&path(&other), &token).await.is(200, other);
}

#[tokio::test]
async fn an_address_that_was_left_is_free_again() {
    let client = shared();
    let token = client.token("admin").await;
    let user = client.new_user(json!({"push_token": "moving"})).await;
    let (old, new) = (user["email"].clone(), unique_email());
    let moved = client.json(Method::PUT, &path(&user), &token, &json!({"email": new, "name": "Moved"})).await;
    let body = moved.json();
    assert_eq!((moved.status, &body["email"], &body["name"]), (StatusCode::OK, &json!(new), &json!("Moved")));
    assert_eq!((body["push_token"].as_str(), moved.version()), (Some("moving"), 2));
    client.get(&path(&user), &token).await.is(200, body);
    let again = client.json(Method::POST, "/api/v1/users", &token, &json!({"name": "Next", "email": old})).await;
    assert_eq!(again.status, StatusCode::CREATED);
    let back = client.json(Method::PUT, &path(&user), &token, &json!({"email": old})).await;
    assert_eq!(back.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn the_same_address_in_other_letters_stays_one_s_own() {
    let client = shared();
    let token = client.token("admin").await;
    let user = client.new_user(json!({})).await;
    let upper = user["email"].as_str().unwrap().to_uppercase();
    let answer = client.json(Method::PUT, &path(&user), &token, &json!({"email": upper})).await;
    assert_eq!((answer.status, &answer.json()["email"]), (StatusCode::OK, &json!(upper)));
}

#[tokio::test]
async fn an_update_is_partial_and_null_clears_the_token() {
    let client = shared();
    let token = client.token("admin").await;
    let user = client.new_user(json!({"push_token": "t", "preferences": {"sms": true}})).await;
    let body = json!({"push_token": null, "preferences": {"email": false}, "password": "x"});
    let answer = client.json(Method::PUT, &path(&user), &token, &body).await;
    answer.is(
        200,
        json!({
            "id": user["id"], "name": user["name"], "email": user["email"], "push_token": null,
            "preferences": {"sms": true, "email": false},
            "created_at": user["created_at"], "updated_at": answer.json()["updated_at"],
        }),
    );
}

#[tokio::test]
async fn teams_are_an_admin_s_to_set() {
    let client = shared();
    let demo = client.demo().await;
    let path = format!("/api/v1/users/{}", demo["users"]["team_member"].as_str().unwrap());
    let body = json!({"teams": ["demo-team", "demo-team", "other"]});
    let admin = client.token("admin").await;
    assert_eq!(client.json(Method::PUT, &path, &admin, &body).await.status, StatusCode::OK);
    let user = client.token("user").await;
    let own = format!("/api/v1/users/{}", demo["users"]["user"].as_str().unwrap());
    let refused = client.json(Method::PUT, &own, &user, &json!({"teams": ["a"], "name": "Not written"})).await;
    refused.is(403, forbidden("admin"));
    assert_ne!(client.get(&own, &user).await.json()["name"], "Not written");
}

#[tokio::test]
async fn an_unknown_user_is_404_on_every_method() {
    let client = shared();
    let token = client.token("admin").await;
    let path = "/api/v1/users/00000000-0000-4000-8000-000000000001";
    for (method, body) in
        [(Method::GET, Value::Null), (Method::PUT, json!({"name": "x"})), (Method::DELETE, Value::Null)]
    {
        let answer = client.json(method, path, &token, &body).await;
        answer.is(404, json!({"statusCode": 404, "message": "User not found"}));
    }
}

#[tokio::test]
async fn unknown_paths_are_404_and_known_ones_name_their_methods() {
    let client = shared();
    for path in ["/", "/api/v1", "/api/v2/users", "/api/v1/users/1/2/3"] {
        let answer = client.get(path, "").await;
        answer.is(404, json!({"statusCode": 404, "message": "There is nothing at this path"}));
    }
    let user = client.new_user(json!({})).await;
    for (path, allow) in [("/api/v1/users".to_owned(), "GET, HEAD, POST"), (path(&user), "GET, HEAD, PUT, DELETE")] {
        let answer = client.json(Method::PATCH, &path, "", &json!({})).await;
        assert_eq!((answer.status, answer.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, allow));
    }
}
