use serde_json::json;

use super::*;

#[tokio::test]
async fn a_push_needs_a_token_that_the_accounts_key_was_signed_for() {
    let (providers, client) = start().await;
    let message = json!({"message": {"token": "t1", "notification": {"title": "a"}, "data": {"k": "v"}}});
    let (status, body) = push(&providers, &client, "forged", &message).await.expect("an answer");
    assert_eq!((status, &body["error"]["status"]), (401, &json!("UNAUTHENTICATED")));

    let (status, granted) = token(&providers, &client, json!({})).await;
    assert_eq!(status, StatusCode::OK, "{granted}");
    let bearer = granted["access_token"].as_str().expect("token");
    let (status, body) = push(&providers, &client, bearer, &message).await.expect("an answer");
    assert_eq!(status, 200);
    assert!(body["name"].as_str().expect("name").starts_with("projects/tidings-demo/messages/"));

    let deliveries = providers.deliveries();
    assert_eq!(deliveries.len(), 2, "a token request is no delivery");
    let sent = &deliveries[1];
    assert_eq!(sent["to"], "t1");
    assert_eq!((&sent["provider"], &sent["channel"]), (&json!("fcm"), &json!("push")));
    assert_eq!(sent["request"]["headers"]["authorization"], "[redacted]");
    assert_eq!(sent["request"]["body"], message);
    assert_eq!(sent["response"], json!({"status": 200}));
}

#[tokio::test]
async fn a_bad_assertion_gets_no_token() {
    let (providers, client) = start().await;
    let now = jiff::Timestamp::now().as_second();
    let cases = [
        (json!({"aud": "https://oauth2.googleapis.com/token"}), "invalid_grant"),
        (json!({"iss": "somebody@else"}), "invalid_grant"),
        (json!({"exp": now - 600, "iat": now - 1200}), "invalid_grant"),
        (json!({"exp": now + 7200}), "invalid_grant"),
        (json!({"scope": "https://www.googleapis.com/auth/drive"}), "invalid_scope"),
    ];
    for (change, code) in cases {
        let (status, body) = token(&providers, &client, change.clone()).await;
        assert_eq!((status, &body["error"]), (StatusCode::BAD_REQUEST, &json!(code)), "{change}");
    }
    let (status, body) = token_by_another_key(&providers, &client).await;
    assert_eq!((status, &body["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_grant")), "another key");
}

#[tokio::test]
async fn a_message_that_fcm_would_refuse_is_refused() {
    let (providers, client) = start().await;
    let (_, granted) = token(&providers, &client, json!({})).await;
    let bearer = granted["access_token"].as_str().expect("token");
    let cases = [
        json!({}),
        json!({"message": {"notification": {}}}),
        json!({"message": {"token": "t", "topic": "u"}}),
        json!({"message": {"token": "t", "data": {"n": 1}}}),
        json!({"message": {"token": "t", "data": {"from": "Ada"}}}),
        json!({"message": {"token": "t", "colour": "red"}}),
        json!({"message": {"token": "t", "notification": {"body": "x".repeat(5000)}}}),
    ];
    for message in cases {
        let (status, body) = push(&providers, &client, bearer, &message).await.expect("an answer");
        assert_eq!(status, 400, "{message}");
        assert_eq!(body["error"]["details"][0]["errorCode"], "INVALID_ARGUMENT");
    }
}
