use shared::clock::Clock;
use shared::delivery::{Outcome, Slack};
use shared::domain::rendered_content::Chat;
use shared::domain::{Channel, RenderedContent};

use super::clients::{Clients, outgoing};
use super::*;

#[tokio::test]
async fn text_and_blocks_reach_the_conversation() {
    let clients = Clients::start().await;
    let outcome = clients.slack("It works").await;
    let Outcome::Sent { message_id: Some(ts) } = outcome else { panic!("{outcome:?}") };
    assert!(ts.split_once('.').is_some_and(|(_, micros)| micros.len() == 6), "{ts}");
    let request = &clients.providers.deliveries()[0]["request"];
    assert_eq!((&request["path"], &request["method"]), (&json!("/api/chat.postMessage"), &json!("POST")));
    assert_eq!(request["headers"]["authorization"], "[redacted]");
    assert_eq!(request["body"], json!({"channel": "C0123456789", "text": "It works"}));

    let slack = Slack::new(clients.providers.slack_endpoint(), Clock::system());
    let block = json!({"type": "divider"});
    let content = RenderedContent::Slack(Chat { text: "t".into(), blocks: vec![block.clone()] });
    let secret = json!({"token": clients.providers.slack_secret()}).to_string();
    let sent = slack.send(&outgoing(Channel::Slack, "U1", &content), &secret).await;
    assert!(matches!(sent, Outcome::Sent { .. }), "{sent:?}");
    let body = &clients.providers.deliveries()[1]["request"]["body"];
    assert_eq!((&body["channel"], &body["blocks"]), (&json!("U1"), &json!([block])));
}

#[tokio::test]
async fn a_no_in_a_200_is_a_no() {
    let clients = Clients::start().await;
    let slack = Slack::new(clients.providers.slack_endpoint(), Clock::system());
    let content = RenderedContent::Slack(Chat { text: "t".into(), blocks: Vec::new() });
    let wrong = slack.send(&outgoing(Channel::Slack, "C1", &content), "xoxb-another").await;
    assert_eq!(wrong, Outcome::Misconfigured);
    assert_eq!(clients.slack("").await, Outcome::Rejected);
    assert_eq!(clients.slack(&"x".repeat(40_001)).await, Outcome::Rejected);
    assert!(clients.providers.deliveries().iter().all(|delivery| delivery["response"]["status"] == 200));
}

#[tokio::test]
async fn an_answer_that_is_not_slack_s_may_have_been_a_yes() {
    let clients = Clients::start().await;
    clients.answers(
        "slack",
        json!([{"body": "<html>"}, {"body": {"ok": false, "error": "fatal_error"}}, {"status": 429}]),
    );
    assert_eq!(clients.slack("t").await, Outcome::Unknown);
    assert_eq!(clients.slack("t").await, Outcome::Unknown);
    let after = Some(std::time::Duration::from_secs(1));
    assert_eq!(clients.slack("t").await, Outcome::NotTried { after }, "Slack always says how long");
}
