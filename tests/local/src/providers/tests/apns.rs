use shared::delivery::Outcome;
use shared::domain::{Channel, Timestamp};
use shared::jwt::{Algorithm, EncodingKey, Header, encode};

use super::clients::{Clients, alert, outgoing};
use super::*;

/// Sends a request that the product would not send.
async fn request(providers: &Providers, token: &str, change: impl FnOnce(&mut reqwest::Request)) -> (u16, Value) {
    let client = Client::builder().no_proxy().http2_prior_knowledge().build().expect("client");
    let mut request = client
        .post(format!("{}/3/device/a1b2", providers.apns_endpoint()))
        .bearer_auth(token)
        .header("apns-topic", "com.example.tidings")
        .body(json!({"aps": {"alert": "a"}}).to_string())
        .build()
        .expect("request");
    change(&mut request);
    let answer = client.execute(request).await.expect("an answer");
    assert!(answer.headers().contains_key("apns-id"));
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

/// A token that the demo's key signed, `age` seconds ago.
fn token(providers: &Providers, age: i64) -> String {
    signed(providers, "DEMOKEY001", "DEMOTEAM01", age)
}

fn signed(providers: &Providers, key_id: &str, team_id: &str, age: i64) -> String {
    let secret: Value = serde_json::from_str(&providers.apns_secret()).expect("JSON");
    let key = secret["private_key"].as_str().expect("a key").as_bytes();
    let claims = json!({"iss": team_id, "iat": jiff::Timestamp::now().as_second() - age});
    let header = Header { kid: Some(key_id.into()), ..Header::new(Algorithm::ES256) };
    encode(&header, &claims, &EncodingKey::from_ec_pem(key).expect("a PEM key")).expect("a token")
}

#[tokio::test]
async fn what_the_client_sends_is_what_apple_asks_for() {
    let clients = Clients::start().await;
    let content = alert("It works");
    let expires_at = Timestamp::from_millis(4_000_000_000_000);
    let outgoing =
        shared::delivery::Outgoing { expires_at: Some(expires_at), ..outgoing(Channel::Push, "a1b2", &content) };
    let sent = Outcome::Sent { message_id: Some(outgoing.id().to_string()) };
    assert_eq!(clients.apns(&outgoing).await, sent);
    assert_eq!(clients.apns(&outgoing).await, sent, "the same token again");

    let delivery = &clients.providers.deliveries()[0]["request"];
    assert_eq!(delivery["path"], "/3/device/a1b2");
    let header = |name: &str| delivery["headers"][name].as_str().unwrap_or_default();
    assert_eq!(header("authorization"), "[redacted]");
    assert_eq!(header("apns-id"), outgoing.id().to_string());
    assert_eq!(header("apns-collapse-id"), outgoing.notification_id.to_string());
    assert_eq!((header("apns-topic"), header("apns-push-type")), ("com.example.tidings", "alert"));
    assert_eq!((header("apns-priority"), header("apns-expiration")), ("10", "4000000000"));
    assert_eq!(
        delivery["body"],
        json!({
            "aps": {"alert": {"title": "Hello", "body": "It works"}, "sound": "default"},
            "order": 7,
            "notification_id": outgoing.notification_id.to_string(),
        })
    );
}

#[tokio::test]
async fn what_is_too_long_is_not_sent_at_all() {
    let clients = Clients::start().await;
    assert!(matches!(clients.apns(&outgoing(Channel::Push, "a1", &alert("short"))).await, Outcome::Sent { .. }));
    let long = alert(&"x".repeat(4096));
    assert_eq!(clients.apns(&outgoing(Channel::Push, "a1", &long)).await, Outcome::Rejected);
    assert_eq!(clients.providers.deliveries().len(), 1);
}

#[tokio::test]
async fn a_token_must_be_the_key_s_and_young() {
    let (providers, _) = start().await;
    let (other, _) = start().await;
    let invalid = json!({"reason": "InvalidProviderToken"});
    for (token, status, body) in [
        (token(&providers, 0), 200, Value::Null),
        (token(&other, 0), 403, invalid.clone()),
        (signed(&providers, "ANOTHERKEY", "DEMOTEAM01", 0), 403, invalid.clone()),
        (signed(&providers, "DEMOKEY001", "ANOTHERTEAM", 0), 403, invalid.clone()),
        (token(&providers, -600), 403, invalid.clone()),
        (token(&providers, 3700), 403, json!({"reason": "ExpiredProviderToken"})),
        ("no token".into(), 403, invalid),
    ] {
        assert_eq!(request(&providers, &token, |_| {}).await, (status, body), "{token}");
    }
}

#[tokio::test]
async fn new_tokens_one_after_the_other_are_too_many() {
    let (providers, _) = start().await;
    let (first, second, third) = (token(&providers, 900), token(&providers, 600), token(&providers, 300));
    let mut statuses = Vec::new();
    for token in [&first, &second, &first, &second, &third] {
        statuses.push(request(&providers, token, |_| {}).await);
    }
    let too_many = (429, json!({"reason": "TooManyProviderTokenUpdates"}));
    assert_eq!(statuses.pop(), Some(too_many));
    assert!(statuses.iter().all(|(status, _)| *status == 200), "{statuses:?}");
}

#[tokio::test]
async fn a_request_that_apple_would_refuse_is_refused() {
    let (providers, _) = start().await;
    let good = token(&providers, 0);
    let headers = [
        ("authorization", "", 403, "MissingProviderToken"),
        ("apns-topic", "", 400, "MissingTopic"),
        ("apns-topic", "com.example.other", 400, "TopicDisallowed"),
        ("apns-id", "7", 400, "BadMessageId"),
        ("apns-push-type", "loud", 400, "InvalidPushType"),
        ("apns-priority", "7", 400, "BadPriority"),
        ("apns-expiration", "soon", 400, "BadExpirationDate"),
        ("apns-collapse-id", &"x".repeat(65), 400, "BadCollapseId"),
    ];
    for (name, value, status, reason) in headers {
        let value = value.parse().expect("a value");
        let refused = request(&providers, &good, |request| {
            request.headers_mut().insert(name, value);
        });
        assert_eq!(refused.await, (status, json!({"reason": reason})), "{name}");
    }
    for (path, status, reason) in [("/3/device/", 400, "MissingDeviceToken"), ("/2/device/a", 404, "BadPath")] {
        let refused = request(&providers, &good, |request| request.url_mut().set_path(path));
        assert_eq!(refused.await, (status, json!({"reason": reason})), "{path}");
    }
    for (body, status, reason) in [
        (String::new(), 400, "PayloadEmpty"),
        (" ".repeat(4097), 413, "PayloadTooLarge"),
        ("{}".into(), 400, "PayloadEmpty"),
    ] {
        let refused = request(&providers, &good, |request| *request.body_mut() = Some(body.into()));
        assert_eq!(refused.await, (status, json!({"reason": reason})));
    }
    let refused = request(&providers, &good, |request| *request.method_mut() = reqwest::Method::PUT);
    assert_eq!(refused.await, (405, json!({"reason": "MethodNotAllowed"})));
}
