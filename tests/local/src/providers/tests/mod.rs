use super::*;
use reqwest::{Client, StatusCode};
use shared::jwt::{Algorithm, EncodingKey, Header, encode};

mod answers;
mod apns;
mod clients;
mod push;
mod slack;
mod sms;
mod webhook;

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";

async fn start() -> (Providers, Client) {
    let client = Client::builder().no_proxy().build().expect("client");
    (Providers::start().await.expect("providers"), client)
}

/// Sends a token request that the account's key signed. `change` replaces claims.
async fn token(providers: &Providers, client: &Client, change: Value) -> (StatusCode, Value) {
    let account = account(providers);
    ask_for_token(client, &account, &account["private_key"], change).await
}

/// Sends a token request in which only the key is wrong.
async fn token_by_another_key(providers: &Providers, client: &Client) -> (StatusCode, Value) {
    let other = include_str!("../../../../../shared/testdata/rsa-test-key.pem");
    ask_for_token(client, &account(providers), &json!(other), json!({})).await
}

fn account(providers: &Providers) -> Value {
    serde_json::from_str(&providers.fcm_service_account()).expect("account")
}

async fn ask_for_token(client: &Client, account: &Value, key: &Value, change: Value) -> (StatusCode, Value) {
    let now = jiff::Timestamp::now().as_second();
    let mut claims = json!({
        "iss": account["client_email"],
        "aud": account["token_uri"],
        "scope": SCOPE,
        "iat": now,
        "exp": now + 3600,
    });
    for (name, value) in change.as_object().expect("claims") {
        claims[name] = value.clone();
    }
    let key = EncodingKey::from_rsa_pem(key.as_str().expect("key").as_bytes()).expect("a PEM key");
    let assertion = encode(&Header::new(Algorithm::RS256), &claims, &key).expect("assertion");
    let form = format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}");
    let answer = client
        .post(account["token_uri"].as_str().expect("uri"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .expect("an answer");
    (answer.status(), answer.json().await.expect("JSON"))
}

async fn push(providers: &Providers, client: &Client, token: &str, body: &Value) -> reqwest::Result<(u16, Value)> {
    let url = format!("{}/v1/projects/tidings-demo/messages:send", providers.google_endpoint());
    let answer = client.post(url).bearer_auth(token).json(body).send().await?;
    Ok((answer.status().as_u16(), answer.json().await?))
}

async fn mail(providers: &Providers, client: &Client, body: &Value) -> (u16, Option<String>, Value) {
    let url = format!("{}/v2/email/outbound-emails", providers.ses_endpoint());
    let answer = client.post(url).header("authorization", "AWS4-HMAC-SHA256 secret").json(body).send().await;
    let answer = answer.expect("an answer");
    let kind = answer.headers().get("x-amzn-errortype").map(|kind| kind.to_str().expect("text").to_owned());
    (answer.status().as_u16(), kind, answer.json().await.expect("JSON"))
}

fn email() -> Value {
    json!({
        "FromEmailAddress": "from@example.com",
        "Destination": {"ToAddresses": ["to@example.com"]},
        "Content": {"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "b"}}}},
    })
}

#[tokio::test]
async fn email_is_kept_and_answers_are_used_in_order() {
    let (providers, client) = start().await;
    let answers = json!([{"status": 429}, {"status": 400, "body": {"message": "no"}, "headers": {"x-amzn-errortype": "SendingPausedException"}}]);
    providers.set_answers("ses", serde_json::from_value(answers).expect("answers")).expect("a provider");

    let (status, kind, _) = mail(&providers, &client, &json!({"Content": {}})).await;
    assert_eq!((status, kind.as_deref()), (400, Some("BadRequestException")), "its own fault uses up no answer");
    let (status, kind, _) = mail(&providers, &client, &email()).await;
    assert_eq!((status, kind.as_deref()), (429, Some("TooManyRequestsException")));
    let (status, kind, body) = mail(&providers, &client, &email()).await;
    assert_eq!((status, kind.as_deref(), body), (400, Some("SendingPausedException"), json!({"message": "no"})));
    let (status, kind, body) = mail(&providers, &client, &email()).await;
    assert_eq!((status, kind), (200, None));
    assert!(body["MessageId"].is_string());

    let deliveries = providers.deliveries();
    let statuses = deliveries.iter().map(|one| one["response"]["status"].as_u64()).collect::<Vec<_>>();
    assert_eq!(statuses, [Some(400), Some(429), Some(400), Some(200)]);
    assert_eq!(deliveries[3]["to"], "to@example.com");
    providers.clear_deliveries();
    assert!(providers.deliveries().is_empty());
}

#[tokio::test]
async fn headers_that_ses_would_not_take_are_refused() {
    let (providers, client) = start().await;
    let header = |name: &str, value: &str| json!({"Name": name, "Value": value});
    let long = "x".repeat(871);
    let twice = json!([header("X-A", "1"), header("x-a", "2")]);
    for (headers, good) in [
        (json!([header("List-Unsubscribe", "<https://a.example/?b>"), header("X-A", " 1 ")]), true),
        (json!([header("X-A", &long[1..])]), true),
        (json!([header("X-A", &long)]), false),
        (json!([header("X-A", "")]), false),
        (json!([header("X-A", "1\r\nBcc: b@example.com")]), false),
        (json!([header("X-A", "é")]), false),
        (json!([header("X:A", "1")]), false),
        (json!([header("X A", "1")]), false),
        (json!([header("", "1")]), false),
        (json!([{"Name": "X-A"}]), false),
        (json!({}), false),
        (twice, false),
        ((0..16).map(|n| header(&format!("X-{n}"), "1")).collect(), false),
    ] {
        for kind in ["Simple", "Template"] {
            let mut email = email();
            email["Content"]["Template"] = json!({"TemplateName": "t"});
            email["Content"][kind]["Headers"] = headers.clone();
            let (status, _, body) = mail(&providers, &client, &email).await;
            assert_eq!(status, if good { 200 } else { 400 }, "{headers}: {body}");
        }
    }
}

#[tokio::test]
async fn a_reset_is_accepted_but_never_answered() {
    let (providers, client) = start().await;
    let (_, granted) = token(&providers, &client, json!({})).await;
    let answers = json!([{"delay_ms": 100, "then": "reset"}]);
    providers.set_answers("fcm", serde_json::from_value(answers).expect("answers")).expect("a provider");
    let message = json!({"message": {"token": "t1"}});
    let start = std::time::Instant::now();
    let outcome = push(&providers, &client, granted["access_token"].as_str().expect("token"), &message).await;
    assert!(outcome.is_err(), "{outcome:?}");
    assert!(start.elapsed() >= std::time::Duration::from_millis(100));
    assert_eq!(providers.deliveries()[0]["response"], json!({"status": 200, "then": "reset"}));
    providers.shutdown().await;
}

#[tokio::test]
async fn secrets_are_read_by_name() {
    let (providers, client) = start().await;
    providers.put_secret("tidings/demo/fcm", "{}");
    let get_body = |body: Value| {
        client
            .post(providers.secrets_endpoint())
            .header("x-amz-target", "secretsmanager.GetSecretValue")
            .header("authorization", "AWS4-HMAC-SHA256 secret")
            .body(body.to_string())
            .send()
    };
    let get = |id: &'static str| get_body(json!({"SecretId": id}));
    let found: Value = get("tidings/demo/fcm").await.expect("an answer").json().await.expect("JSON");
    assert_eq!((&found["Name"], &found["SecretString"]), (&json!("tidings/demo/fcm"), &json!("{}")));
    let missing = get("other").await.expect("an answer");
    assert_eq!(missing.status(), StatusCode::BAD_REQUEST);
    assert_eq!(missing.json::<Value>().await.expect("JSON")["__type"], "ResourceNotFoundException");
    let previous = || get_body(json!({"SecretId": "tidings/demo/fcm", "VersionStage": "AWSPREVIOUS"}));
    assert_eq!(previous().await.expect("an answer").status(), StatusCode::BAD_REQUEST);
    providers.put_secret("tidings/demo/fcm", "new");
    let found: Value = previous().await.expect("an answer").json().await.expect("JSON");
    assert_eq!((&found["SecretString"], &found["VersionStages"]), (&json!("{}"), &json!(["AWSPREVIOUS"])));
    let none =
        json!({"ses": 0, "fcm": 0, "apns": 0, "slack": 0, "sms": 0, "webhook": 0, "logs": 0, "secretsmanager": 4});
    assert_eq!(providers.calls(), none);
}
