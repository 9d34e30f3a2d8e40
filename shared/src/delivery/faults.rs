//! The providers' clients under network faults. A message that was not sent does not count as unknown, and no message is
//! sent twice.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;

use super::{apple::tests::key, tests::outgoing, *};
use crate::{
    aws::Aws,
    domain::{
        EmailAddress,
        rendered_content::{Alert, Chat, Email},
        webhook::InsecureHosts,
    },
    net::{
        faults::{Became, Fault, Faulty, TABLE},
        tests::server::{Server, Step},
    },
};

const LATER: Outcome = Outcome::Retry { after: None };

/// Sends a valid message through a provider at `url`. Google's tokens come from `tokens`.
async fn send(provider: &str, url: &str, tokens: &str) -> Outcome {
    let clock = Clock::system();
    let aws = Aws::stand_in(url, clock.clone()).unwrap();
    let push = RenderedContent::Push(Alert { body: "b".into(), ..Alert::default() });
    match provider {
        "ses" => {
            let content =
                RenderedContent::Email(Email { subject: "S".into(), text: Some("b".into()), ..Email::default() });
            let ses = Ses::new(&aws, EmailAddress::parse("from@example.com").unwrap(), None, clock);
            ses.send(&outgoing(Channel::Email, "to@example.com", &content)).await
        }
        "sms" => {
            let content = RenderedContent::Sms("Hello".into());
            let message = outgoing(Channel::Sms, "+4915112345678", &content);
            Sms::new(&aws, clock).send(&message, r#"{"origination_identity":"TIDINGS"}"#).await
        }
        "fcm" => {
            let account = json!({
                "project_id": "p", "client_email": "p@example.com", "token_uri": tokens,
                "private_key": include_str!("../../testdata/rsa-test-key.pem"),
            });
            Fcm::new(url, clock).send(&outgoing(Channel::Push, "t", &push), &account.to_string()).await
        }
        "apns" => {
            let secret = json!({"team_id": "T", "key_id": "K", "private_key": key().0, "topic": "com.example.app"});
            Apns::new(url, clock).send(&outgoing(Channel::Push, "a1", &push), &secret.to_string()).await
        }
        "slack" => {
            let content = RenderedContent::Slack(Chat { text: "b".into(), ..Chat::default() });
            Slack::new(url, clock).send(&outgoing(Channel::Slack, "C0123456789", &content), "xoxb-1").await
        }
        "webhook" => {
            let trusted = InsecureHosts::new(["127.0.0.1", "localhost"].map(str::to_owned).into());
            let secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
            Webhook::new(trusted, clock).send(&outgoing(Channel::Push, &format!("{url}/"), &push), secret).await
        }
        other => panic!("{other}"),
    }
}

/// The outcome under a fault within a time limit, and how many requests came.
async fn sent(provider: &str, fault: Fault, limit: Duration) -> (Outcome, usize) {
    let server = Faulty::start(fault).await;
    let body = r#"{"access_token": "t", "expires_in": 3600}"#;
    let granted = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let tokens = Server::start(vec![vec![Step::Answer(granted)]]);
    let outcome = in_time(&Clock::system(), limit, send(provider, &server.url, &tokens.url)).await;
    (outcome, server.requests())
}

#[tokio::test]
async fn ses_and_sms_send_one_request_and_are_unsure_only_of_what_was_sent() {
    let rows = ["ses", "sms"].into_iter().flat_map(|provider| TABLE.map(|(fault, became)| (provider, fault, became)));
    let rows: Vec<_> = rows.collect();
    // This is longer than a connection may take, and longer than any pause between two attempts.
    let limit = Duration::from_secs(5);
    let sent = join_all(rows.iter().map(|(provider, fault, _)| sent(provider, *fault, limit))).await;
    for ((provider, fault, became), sent) in rows.into_iter().zip(sent) {
        let wanted = match became {
            Became::NotSent => LATER,
            // An answer with status 200 that broke off is a success.
            Became::Truncated(200) => Outcome::Sent { message_id: None },
            Became::NoResponse | Became::Truncated(_) | Became::Waiting => Outcome::Unknown,
        };
        assert_eq!(sent, (wanted, became.requests()), "{provider} {fault:?}");
    }
}

#[tokio::test]
async fn what_is_cut_off_at_a_time_limit_is_unknown_only_if_its_request_was_written() {
    let providers = ["ses", "sms", "fcm", "apns", "slack", "webhook"];
    let faults = [
        (Fault::SlowTls, LATER),
        (Fault::NoTls, LATER),
        (Fault::Refused, LATER),
        (Fault::NoSuchName, LATER),
        (Fault::Silent, Outcome::Unknown),
    ];
    let rows: Vec<_> = providers.iter().flat_map(|provider| faults.clone().map(|row| (*provider, row))).collect();
    let limit = Duration::from_millis(700);
    let sent = join_all(rows.iter().map(|(provider, (fault, _))| sent(provider, *fault, limit))).await;
    for ((provider, (fault, wanted)), (outcome, _)) in rows.into_iter().zip(sent) {
        // A webhook's name without TLS is refused before it is looked up.
        let wanted = if (provider, fault) == ("webhook", Fault::NoSuchName) { Outcome::Rejected } else { wanted };
        assert_eq!(outcome, wanted, "{provider} {fault:?}");
    }
}

#[tokio::test]
async fn a_message_whose_token_was_not_granted_in_time_was_not_sent() {
    for fault in [Fault::SlowTls, Fault::Silent, Fault::ClosedWithinBody(200)] {
        let (server, tokens) = (Faulty::start(Fault::Silent).await, Faulty::start(fault).await);
        let send = send("fcm", &server.url, &tokens.url);
        let outcome = in_time(&Clock::system(), Duration::from_millis(300), send).await;
        assert_eq!((outcome, server.requests()), (LATER, 0), "{fault:?}");
    }
}
