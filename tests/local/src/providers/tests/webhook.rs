use shared::clock::Clock;
use shared::delivery::{Outcome, Webhook};
use shared::domain::Channel;
use shared::domain::webhook::InsecureHosts;

use super::clients::{Clients, alert, outgoing};
use super::*;

#[tokio::test]
async fn a_webhook_is_signed_and_the_same_message_has_the_same_id() {
    let clients = Clients::start().await;
    let url = format!("{}/hook?a=b", clients.providers.webhook_endpoint());
    let host = url.trim_start_matches("http://").split('/').next().expect("a host").to_owned();
    let (webhook, content) = (Webhook::new(InsecureHosts::new(vec![host]), Clock::system()), alert("It works"));
    let outgoing = outgoing(Channel::Push, &url, &content);
    // While the secret is being replaced, a signature with the old or with the new secret is valid.
    let both = format!("whsec_{} {}", "QUJD".repeat(8), clients.providers.webhook_secret());
    for secret in [clients.providers.webhook_secret(), both] {
        assert_eq!(webhook.send(&outgoing, &secret).await, Outcome::Sent { message_id: None });
    }
    for delivery in clients.providers.deliveries() {
        assert_eq!((&delivery["to"], &delivery["channel"]), (&json!(url), &json!("push")));
        let request = &delivery["request"];
        assert_eq!(request["headers"]["webhook-id"], outgoing.id().to_string());
        assert_eq!(request["headers"]["content-type"], "application/json");
        assert_eq!(request["body"]["type"], "notification");
        let data = &request["body"]["data"];
        assert_eq!(data["notification_id"], outgoing.notification_id.to_string());
        assert_eq!(data["user_id"], outgoing.user_id.to_string());
        assert_eq!(data["words"], json!({"push": {"title": "Hello", "body": "It works", "data": {"order": 7}}}));
    }
}

#[tokio::test]
async fn another_secret_or_an_old_timestamp_is_seen_through() {
    let clients = Clients::start().await;
    let other = format!("whsec_{}", "QUJD".repeat(8));
    assert_eq!(clients.webhook("/hook", &other).await, Outcome::Retry { after: None });
    assert_eq!(clients.providers.deliveries()[0]["response"]["status"], 401);
    let post = |headers: Vec<(&'static str, String)>| {
        let client = Client::builder().no_proxy().build().expect("client");
        let request = client.post(clients.providers.webhook_endpoint()).body("{}");
        headers.into_iter().fold(request, |request, (name, value)| request.header(name, value)).send()
    };
    for (headers, problem) in [
        (vec![], "webhook-id is missing"),
        (vec![("webhook-id", "1".into()), ("webhook-timestamp", "1".into())], "webhook-signature is missing"),
        (
            vec![
                ("webhook-id", "1".into()),
                ("webhook-timestamp", "1614265330".into()),
                ("webhook-signature", "v1,x".into()),
            ],
            "webhook-timestamp is too far off",
        ),
    ] {
        let answer = post(headers).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(answer.json::<Value>().await.expect("JSON"), json!({"message": problem}));
    }
}

#[tokio::test]
async fn no_redirection_is_followed() {
    let clients = Clients::start().await;
    let secret = clients.providers.webhook_secret();
    for status in [301, 302, 307, 308] {
        clients.answers("webhook", json!([{"status": status}]));
        assert_eq!(clients.webhook("/hook", &secret).await, Outcome::Retry { after: None }, "{status}");
    }
    let deliveries = clients.providers.deliveries();
    assert_eq!(deliveries.len(), 4);
    assert!(deliveries.iter().all(|one| one["request"]["path"] == "/hook"), "{deliveries:?}");
}

#[tokio::test]
async fn a_host_that_nobody_vouched_for_is_not_called() {
    let clients = Clients::start().await;
    let (url, content) = (format!("{}/hook", clients.providers.webhook_endpoint()), alert("b"));
    let secret = clients.providers.webhook_secret();
    for insecure in [Vec::new(), vec!["127.0.0.1:1".to_owned()], vec!["localhost".to_owned()]] {
        let webhook = Webhook::new(InsecureHosts::new(insecure), Clock::system());
        assert_eq!(webhook.send(&outgoing(Channel::Push, &url, &content), &secret).await, Outcome::Rejected);
    }
    assert!(clients.providers.deliveries().is_empty());
}
