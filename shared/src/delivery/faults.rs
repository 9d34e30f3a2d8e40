//! SES and SMS under every network fault. A message that was not sent does not count as unknown, and no message is sent
//! twice.

use std::time::Duration;

use tokio::time::timeout;

use super::{tests::outgoing, *};
use crate::{
    aws::Aws,
    clock::Clock,
    domain::rendered_content::Email,
    net::faults::{Became, Fault, Faulty, TABLE},
};

/// The outcome for the worker, and how many requests came. The outcome is `None` if the client still waits.
async fn sent(provider: &str, fault: Fault) -> (Option<Outcome>, usize) {
    let server = Faulty::start(fault).await;
    let aws = Aws::stand_in(&server.url, Clock::system()).unwrap();
    let send = async {
        match provider {
            "ses" => {
                let content =
                    RenderedContent::Email(Email { subject: "S".into(), text: Some("b".into()), ..Email::default() });
                let ses = Ses::new(&aws, "from@example.com".into(), None, Clock::system());
                ses.send(&outgoing(Channel::Email, "to@example.com", &content)).await
            }
            _ => {
                let content = RenderedContent::Sms("Hello".into());
                let message = outgoing(Channel::Sms, "+4915112345678", &content);
                Sms::new(&aws, Clock::system()).send(&message, r#"{"origination_identity":"TIDINGS"}"#).await
            }
        }
    };
    // This is longer than a connection may take, and longer than any pause between two attempts.
    let outcome = timeout(Duration::from_secs(5), send).await;
    (outcome.ok(), server.requests())
}

#[tokio::test]
async fn ses_and_sms_send_one_request_and_are_unsure_only_of_what_was_sent() {
    let rows = ["ses", "sms"].into_iter().flat_map(|provider| TABLE.map(|(fault, became)| (provider, fault, became)));
    let rows: Vec<_> = rows.collect();
    let sent = futures::future::join_all(rows.iter().map(|(provider, fault, _)| sent(provider, *fault))).await;
    for ((provider, fault, became), (outcome, requests)) in rows.into_iter().zip(sent) {
        let wanted = match became {
            Became::NotSent => Some(Outcome::Retry { after: None }),
            Became::NoResponse => Some(Outcome::Unknown),
            // An answer with status 200 that broke off is a success.
            Became::Truncated(200) => Some(Outcome::Sent { message_id: None }),
            Became::Truncated(_) => Some(Outcome::Unknown),
            // The worker's own time-out comes first. The worker treats it like a missing response.
            Became::Waiting => None,
        };
        assert_eq!((outcome, requests), (wanted, became.requests()), "{provider} {fault:?}");
    }
}
