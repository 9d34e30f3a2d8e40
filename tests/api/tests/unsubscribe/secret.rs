//! Emails while the signing secret cannot be read, and the calls that an unsubscribe link costs.

use std::time::{Duration, Instant};

use api::{dynamodb, options, own};
use local::{demo::DEPLOYMENT_SECRET, stack::Options};
use serde_json::json;

use super::{Reader, skipped};
use crate::{
    contract2::{Acme, sessions},
    counts::calls,
    preference_center::is_page,
};

#[tokio::test]
async fn an_opt_out_is_one_write_and_no_email_goes_out_without_its_link() {
    let url = "https://mail.example/notify";
    let options = options(&[("PublicUrl", &format!("{url}/")), ("RetryMostSeconds", "1"), ("MaxAttempts", "50")]);
    let (stack, client) = own(Options { concurrency: 1, ..options }).await;
    let reader = Reader::on(client.clone()).await;

    let secret = stack.template().secrets[0].clone();
    stack.providers().remove_secret(&secret);
    let id = reader.notify(json!({"group": "news"})).await;
    let waiting = client.notification_when(&id, |data| data["deliveries"][0]["attempts"].as_u64() > Some(1)).await;
    assert_eq!(waiting["deliveries"][0]["status"], "retrying", "{waiting}");
    assert_eq!(waiting["deliveries"][0]["reason"], "provider_misconfigured");
    let link = reader.signed(Some("news"), Duration::ZERO);
    is_page(&reader.post(&link).await, 500, "This did not work");
    assert!(client.deliveries_to(&reader.email).await.is_empty());

    stack.providers().put_secret(&secret, DEPLOYMENT_SECRET);
    assert_eq!(client.settled(&id).await["status"], "sent");
    let list = reader.headers().await[0]["Value"].as_str().unwrap().to_owned();
    assert!(list.starts_with(&format!("<{url}/unsubscribe?token=")), "{list}");

    is_page(&reader.look(&link).await, 200, "“news”");
    let asked = calls(&client, async || drop(reader.look(&link).await)).await;
    assert_eq!(json!(asked), json!({"GetItem": [1, 1.0]}), "looking is one read");
    for link in [&link, &reader.signed(None, Duration::ZERO)] {
        let done = calls(&client, async || is_page(&reader.post(link).await, 200, "You are unsubscribed")).await;
        assert_eq!(json!(done), json!({"UpdateItem": [1, 1.0]}));
    }

    // A user who has the largest allowed number of handles can unsubscribe too.
    let reader = Reader::on(client.clone()).await;
    let full: serde_json::Map<_, _> = (0..1000).map(|n| (format!("enabled:{n}"), json!({"BOOL": true}))).collect();
    let key = json!({"pk": {"S": format!("USER#{}", reader.id)}, "sk": {"S": "USER"}});
    let fill = json!({
        "Key": key, "UpdateExpression": "SET handles = :full", "ExpressionAttributeValues": {":full": {"M": full}},
    });
    dynamodb(&stack, "UpdateItem", fill).await;
    is_page(&reader.post(&reader.signed(Some("one more"), Duration::ZERO)).await, 200, "You are unsubscribed");
    assert_eq!(reader.told(json!({"group": "one more"})).await, skipped("group_opted_out"));
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn a_new_secret_ends_no_link_and_no_session_of_the_one_before() {
    const SECRETS: [&str; 3] = [
        "the second deployment secret of this stack",
        "the third deployment secret of this stack",
        "the fourth deployment secret of this stack",
    ];
    let (stack, client) = own(Options { concurrency: 1, ..options(&[]) }).await;
    let secret = stack.template().secrets[0].clone();
    let put = |value: &str| stack.providers().put_secret(&secret, value);
    put(SECRETS[0]);
    put(SECRETS[1]);

    let reader = Reader::on(client.clone()).await;
    let link = |secret: &str| reader.signed_by(secret, Some("news"), Duration::ZERO);
    is_page(&reader.look(&link(SECRETS[1])).await, 200, "“news”");
    is_page(&reader.look(&link(SECRETS[0])).await, 200, "“news”");
    is_page(&reader.post(&link(SECRETS[0])).await, 200, "You are unsubscribed");
    is_page(&reader.look(&link(DEPLOYMENT_SECRET)).await, 400, "This link does not work");

    // The same of contract 2's sessions.
    let acme = Acme::on(client.clone()).await;
    for (secret, good) in [(SECRETS[1], true), (SECRETS[0], true), (DEPLOYMENT_SECRET, false)] {
        let answer = sessions::signed(&acme, secret, Duration::ZERO).get(&client, &acme.path()).await;
        assert_eq!(answer.status.is_success(), good, "{secret}: {}", answer.text);
    }

    // A process that keeps a value for a minute learns soon that another one signs with a newer value.
    put(SECRETS[2]);
    let newest = link(SECRETS[2]);
    let began = Instant::now();
    while reader.look(&newest).await.status != 200 {
        assert!(began.elapsed() < Duration::from_secs(30), "the new secret is not found");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    is_page(&reader.look(&link(SECRETS[1])).await, 200, "“news”");
    stack.shutdown().await;
}
