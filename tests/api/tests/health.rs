//! `GET /api/v1/health`.

use api::{Client, options, own};
use local::{
    providers::Account,
    stack::{Options, Stack},
};
use reqwest::Method;
use serde_json::{Value, json};

const HEALTH: &str = "/api/v1/health";

async fn health(client: &Client) -> Value {
    let answer = client.get(HEALTH, &client.token("operator").await).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    answer.json()
}

/// Configures a channel.
async fn configure(client: &Client, id: &str, body: Value) {
    let operator = client.token("operator").await;
    let put = client.json(Method::PUT, &format!("/api/v1/channels/{id}"), &operator, &body).await;
    assert_eq!(put.status.as_u16(), 201, "{}", put.text);
}

/// Configures text messages, whose secret is there.
async fn text_messages(stack: &Stack, client: &Client) {
    stack.providers().put_secret("tidings/sms", &stack.providers().sms_secret());
    configure(client, "texts", json!({"provider": "sms", "secret": "tidings/sms", "position": 9})).await;
}

/// The names of the checks that found this.
fn found(health: &Value, status: &str) -> Vec<String> {
    let checks = health["checks"].as_array().unwrap().iter().filter(|check| check["status"] == status);
    checks.map(|check| check["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_deployment_that_lacks_nothing_is_ready_and_is_asked_about_once_a_minute() {
    let (stack, client) = own(Options { concurrency: 1, ..options(&[]) }).await;
    text_messages(&stack, &client).await;
    let first = client.get(HEALTH, &client.token("operator").await).await;
    let body = first.json();
    assert_eq!((&body["status"], found(&body, "missing")), (&json!("ready"), Vec::new()), "{body}");
    assert_eq!(found(&body, "optional"), ["public_url"]);
    assert_eq!(found(&body, "unknown"), [""; 0]);
    for name in ["email.identity", "email.dkim", "email.production_access", "sms.origination", "secret", "issuer"] {
        assert!(found(&body, "ok").iter().any(|ok| ok == name), "{name}: {body}");
    }
    let asked = || stack.providers().calls()["ses: GetAccount"].clone();
    assert_eq!(asked(), 1);
    assert_eq!((health(&client).await, asked()), (body, json!(1)));

    // As every read: HEAD, an entity tag, and a query that is refused.
    let bearer = format!("Bearer {}", client.token("operator").await);
    let tag = first.header("etag").to_owned();
    let known = [("authorization", bearer.as_str()), ("if-none-match", tag.as_str())];
    assert_eq!(client.send(Method::GET, HEALTH, &known, None).await.status.as_u16(), 304);
    let head = client.send(Method::HEAD, HEALTH, &known[..1], None).await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
    assert_eq!(client.get(&format!("{HEALTH}?x=1"), &client.token("operator").await).await.status.as_u16(), 400);
    let put = client.json(Method::PUT, HEALTH, &client.token("operator").await, &json!({})).await;
    assert_eq!((put.status.as_u16(), put.header("allow")), (405, "GET, HEAD"));
    stack.shutdown().await;
}

#[tokio::test]
async fn what_the_account_lacks_is_told_with_its_remedy_and_no_secret_s_value() {
    let (stack, client) = own(options(&[("PublicUrl", "https://127.0.0.1:1")])).await;
    stack.providers().set_account(Account {
        is_in_production: false,
        identities: [("tidings.example".to_owned(), (false, "PENDING".to_owned()))].into(),
        numbers: vec!["PENDING".to_owned()],
        concurrency: 10,
        ..Account::default()
    });
    text_messages(&stack, &client).await;
    configure(&client, "lost", json!({"provider": "slack", "secret": "tidings/lost", "position": 9})).await;
    configure(&client, "none", json!({"provider": "fcm", "position": 9})).await;
    let body = health(&client).await;
    assert_eq!(body["status"], "incomplete");
    let missing = [
        "email.identity",
        "email.dkim",
        "email.production_access",
        "sms.origination",
        "sms.production_access",
        "secret",
        "secret",
        "public_url",
        "lambda.concurrency",
    ];
    let mut told = found(&body, "missing");
    told.sort();
    let mut expected = missing.map(str::to_owned);
    expected.sort();
    assert_eq!(told, expected, "{body}");
    let checks = body["checks"].as_array().unwrap();
    let lost = checks.iter().find(|check| check["channel_id"] == "lost").unwrap();
    assert_eq!(
        *lost,
        json!({
            "name": "secret", "status": "missing", "provider": "slack", "channel_id": "lost",
            "detail": "tidings/lost is not there",
            "remedy": "Create it: `aws secretsmanager create-secret --name tidings/lost --secret-string …`",
        })
    );
    for check in checks.iter().filter(|check| check["status"] == "missing") {
        assert!(check["remedy"].is_string(), "{check}");
    }
    for secret in [stack.providers().slack_secret(), stack.providers().webhook_secret()] {
        assert!(!body.to_string().contains(&secret));
    }
    stack.shutdown().await;
}
