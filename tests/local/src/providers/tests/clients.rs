//! The product's own clients with the stand-ins: the outcomes of a success, a refusal and a missing answer.

use std::time::Duration;

use shared::aws::Aws;
use shared::clock::Clock;
use shared::delivery::{Apns, Outcome, Outgoing, Slack, Sms, Webhook};
use shared::domain::rendered_content::{Alert, Chat};
use shared::domain::webhook::InsecureHosts;
use shared::domain::{Channel, NotificationId, RenderedContent, Timestamp, UserId};

use uuid::Uuid;

use super::*;

/// All clients, configured for their stand-ins.
pub(super) struct Clients {
    pub(super) providers: Providers,
    apns: Apns,
    slack: Slack,
    sms: Sms,
    webhook: Webhook,
}

pub(super) fn outgoing<'a>(channel: Channel, address: &'a str, content: &'a RenderedContent) -> Outgoing<'a> {
    let (notification_id, user_id) = (NotificationId::from(Uuid::new_v4()), UserId::from(Uuid::new_v4()));
    let (priority, expires_at, unsubscribe) = (3, None, None);
    let (due, kept_until) = (Timestamp::EPOCH, Timestamp::EPOCH);
    Outgoing { notification_id, user_id, channel, address, content, priority, due, kept_until, expires_at, unsubscribe }
}

pub(super) fn alert(body: &str) -> RenderedContent {
    let data = serde_json::Map::from_iter([("order".to_owned(), json!(7))]);
    RenderedContent::Push(Alert { title: Some("Hello".into()), body: body.into(), data })
}

impl Clients {
    pub(super) async fn start() -> Self {
        let providers = Providers::start().await.expect("providers");
        let host = providers.webhook_endpoint().trim_start_matches("http://").to_owned();
        Self {
            apns: Apns::new(providers.apns_endpoint(), Clock::system()),
            slack: Slack::new(providers.slack_endpoint(), Clock::system()),
            sms: Sms::new(
                &Aws::stand_in(providers.sms_endpoint(), Clock::system()).expect("an end point"),
                Clock::system(),
            ),
            webhook: Webhook::new(InsecureHosts::new(vec![host]), Clock::system()),
            providers,
        }
    }

    pub(super) async fn apns(&self, outgoing: &Outgoing<'_>) -> Outcome {
        self.apns.send(outgoing, &self.providers.apns_secret()).await
    }

    pub(super) async fn slack(&self, text: &str) -> Outcome {
        let content = RenderedContent::Slack(Chat { text: text.into(), blocks: Vec::new() });
        self.slack.send(&outgoing(Channel::Slack, "C0123456789", &content), &self.providers.slack_secret()).await
    }

    pub(super) async fn sms(&self, number: &str, secret: &str) -> Outcome {
        let content = RenderedContent::Sms("Your parcel is here".into());
        self.sms.send(&outgoing(Channel::Sms, number, &content), secret).await
    }

    pub(super) async fn webhook(&self, path: &str, secret: &str) -> Outcome {
        let (url, content) = (format!("{}{path}", self.providers.webhook_endpoint()), alert("b"));
        self.webhook.send(&outgoing(Channel::Push, &url, &content), secret).await
    }

    /// Sends a valid message through one provider.
    async fn send(&self, provider: &str) -> Outcome {
        match provider {
            "apns" => self.apns(&outgoing(Channel::Push, "a1b2", &alert("b"))).await,
            "slack" => self.slack("b").await,
            "sms" => self.sms("+12065550123", &self.providers.sms_secret()).await,
            "webhook" => self.webhook("/hook", &self.providers.webhook_secret()).await,
            other => panic!("{other}"),
        }
    }

    pub(super) fn answers(&self, provider: &str, answers: Value) {
        let answers = serde_json::from_value(answers).expect("answers");
        self.providers.set_answers(provider, answers).expect("a provider");
    }
}

const ALL: [&str; 4] = ["apns", "slack", "sms", "webhook"];

#[tokio::test]
async fn a_yes_is_sent_and_kept() {
    let clients = Clients::start().await;
    for (provider, channel, to) in [
        ("apns", "push", "a1b2".to_owned()),
        ("slack", "slack", "C0123456789".to_owned()),
        ("sms", "sms", "+12065550123".to_owned()),
        ("webhook", "push", format!("{}/hook", clients.providers.webhook_endpoint())),
    ] {
        let outcome = clients.send(provider).await;
        let Outcome::Sent { message_id } = outcome else { panic!("{provider}: {outcome:?}") };
        assert_eq!(message_id.is_some(), provider != "webhook", "{provider}");
        let delivery = clients.providers.deliveries().pop().expect("a delivery");
        assert_eq!((&delivery["provider"], &delivery["channel"]), (&json!(provider), &json!(channel)));
        assert_eq!((&delivery["to"], &delivery["response"]), (&json!(to), &json!({"status": 200})));
    }
    assert_eq!(clients.providers.deliveries().len(), ALL.len());
}

#[tokio::test]
async fn a_provider_that_is_busy_is_tried_again_when_it_says() {
    let clients = Clients::start().await;
    let after = Some(Duration::from_secs(9));
    for provider in ALL {
        for status in [429, 503] {
            clients.answers(provider, json!([{"status": status, "headers": {"retry-after": "9"}}]));
            // Several exceptions of AWS have the same status. They are recognised by their names.
            let is_turned_away = status == 429 && provider != "webhook";
            let expected = if is_turned_away { Outcome::NotTried { after } } else { Outcome::Retry { after } };
            assert_eq!(clients.send(provider).await, expected, "{provider} {status}");
        }
        assert!(matches!(clients.send(provider).await, Outcome::Sent { .. }), "{provider}: and then it is sent");
    }
}

#[tokio::test]
async fn an_address_that_is_gone_is_told_from_a_refusal() {
    let clients = Clients::start().await;
    let archived = json!({"ok": false, "error": "is_archived"});
    let unknown = json!({"ok": false, "error": "channel_not_found"});
    for (provider, gone, refused) in [
        ("apns", json!({"status": 410}), json!({"status": 400, "body": {"reason": "BadDeviceToken"}})),
        ("slack", json!({"body": archived}), json!({"body": unknown})),
    ] {
        clients.answers(provider, json!([gone, refused]));
        let Outcome::AddressGone { since } = clients.send(provider).await else { panic!("{provider}") };
        assert_eq!(since.is_some(), provider == "apns", "only Apple says since when");
        assert_eq!(clients.send(provider).await, Outcome::Rejected, "{provider}");
    }
    clients.answers("webhook", json!([{"status": 410}, {"status": 404}]));
    assert_eq!(clients.send("webhook").await, Outcome::AddressGone { since: None });
    assert_eq!(clients.send("webhook").await, Outcome::Retry { after: None }, "another answer may pass");
    // A number is never gone, because a recipient who opted out still has it.
    clients.answers("sms", json!([{"status": 400}]));
    assert_eq!(clients.send("sms").await, Outcome::Rejected);
}

#[tokio::test]
async fn an_answer_that_never_came_is_neither_a_yes_nor_a_no() {
    let clients = Clients::start().await;
    for provider in ALL {
        clients.answers(provider, json!([{"then": "reset"}]));
        assert_eq!(clients.send(provider).await, Outcome::Unknown, "{provider}");
    }
    let statuses: Vec<_> = clients.providers.deliveries().iter().map(|one| one["response"].clone()).collect();
    let reset = json!({"status": 200, "then": "reset"});
    assert_eq!(statuses, [reset.clone(), reset.clone(), reset.clone(), reset], "each was asked once");
}

#[tokio::test]
async fn nobody_there_is_a_message_that_never_left() {
    let clients = Clients::start().await;
    let Clients { providers, apns, slack, sms, webhook } = clients;
    let secrets =
        [providers.apns_secret(), providers.slack_secret(), providers.sms_secret(), providers.webhook_secret()];
    let hook = format!("{}/hook", providers.webhook_endpoint());
    providers.shutdown().await;
    let (push, chat, text) = (alert("b"), RenderedContent::Slack(Chat::default()), RenderedContent::Sms("b".into()));
    let never = Outcome::Retry { after: None };
    assert_eq!(apns.send(&outgoing(Channel::Push, "a1", &push), &secrets[0]).await, never);
    assert_eq!(slack.send(&outgoing(Channel::Slack, "C1", &chat), &secrets[1]).await, never);
    assert_eq!(sms.send(&outgoing(Channel::Sms, "+12065550123", &text), &secrets[2]).await, never);
    assert_eq!(webhook.send(&outgoing(Channel::Push, &hook, &push), &secrets[3]).await, never);
}
