//! Providers that refuse, break the connection, hang or answer nonsense: the number of calls that each of them gets.

use std::time::Duration;

use api::{Client, forgiving, options, own};
use local::stack::Options;
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::Timestamp;

use super::{Recipient, answers, got, notify_all, settled};

/// The number of attempts that the template allows for a delivery.
const ATTEMPTS: usize = 5;
const ASKED: Duration = Duration::from_secs(2);

/// How often a provider turns a message away because it gets too many: more often than a delivery has attempts.
const TURNED_AWAY: usize = ATTEMPTS + 2;

/// An answer of a provider, whether it is a refusal, and whether it leaves open what the provider did.
struct Case {
    name: &'static str,
    answer: Value,
    refusal: bool,
    /// Whether it is an attempt.
    counts: bool,
    doubt: bool,
}

fn cases() -> Vec<Case> {
    let case = |name, answer, refusal, doubt| Case { name, answer, refusal, counts: true, doubt };
    let after = json!({"retry-after": ASKED.as_secs().to_string()});
    vec![
        Case { counts: false, ..case("429, Retry-After", json!({"status": 429, "headers": after}), true, false) },
        case("503, Retry-After", json!({"status": 503, "headers": after}), true, false),
        case("500", json!({"status": 500}), true, false),
        case("503", json!({"status": 503}), true, false),
        case("reset", json!({"status": 500, "then": "reset"}), true, true),
        case("hang", json!({"status": 500, "then": "hang"}), true, true),
        case("accept, then reset", json!({"status": 200, "then": "reset"}), true, true),
        case("200, garbage", json!({"status": 200, "body": "<html>1\u{0}"}), false, false),
        case("500, garbage", json!({"status": 500, "body": "<html>1\u{0}"}), true, false),
    ]
}

fn answer_to(case: &Case, recipient: &Recipient, often: (&str, Value)) -> Value {
    let mut answer = case.answer.clone();
    answer["to"] = json!(recipient.address);
    answer[often.0] = often.1;
    answer
}

fn at(call: &Value) -> Timestamp {
    Timestamp::parse(call["at"].as_str().unwrap_or_default()).expect("a time")
}

/// Asserts that each call came at least as long after the one before as that one's answer had asked.
fn waited_as_asked(case: &Case, calls: &[Value]) {
    if case.answer["headers"].is_null() {
        return;
    }
    for pair in calls.windows(2) {
        let gap = at(&pair[1]).saturating_duration_since(at(&pair[0]));
        assert!(gap >= ASKED, "{}: called again after {gap:?}", case.name);
    }
}

async fn all_cases(provider: &'static str, channel: &'static str) {
    let options = forgiving("faults::providers", options(&[("RetryMostSeconds", "1"), ("DispatchTimeout", "5")]));
    let (stack, client) = own(Options { concurrency: 6, ..options }).await;
    let (cases, token) = (cases(), client.token("admin").await);
    let (mut recipients, mut planned) = (Vec::new(), Vec::new());
    // For each case there is one recipient with two such answers, and one with such answers only, or with very many of those
    // that are no attempt.
    for case in &cases {
        let lasting = if case.counts { ("always", json!(true)) } else { ("times", json!(TURNED_AWAY)) };
        for often in [("times", json!(2)), lasting] {
            let recipient = Recipient::new(&client, &token, channel).await;
            planned.push(answer_to(case, &recipient, often));
            recipients.push(recipient);
        }
    }
    answers(&client, provider, json!(planned)).await;
    let ids = notify_all(&client, &recipients).await;
    let deliveries = settled(&client, &ids).await;
    client.queues_empty().await;
    let got = got(&client).await;
    println!("{provider}: calls, twice so and then well; calls, always so; calls a delivery");
    let (mut calls_in_all, mut letters) = (0, 0);
    for (number, case) in cases.iter().enumerate() {
        let calls = |row: usize| &got[&recipients[row].address];
        let (passing, lasting) = (2 * number, 2 * number + 1);
        let (first, second) = (calls(passing).len(), calls(lasting).len());
        calls_in_all += first + second;
        println!("{:20} {first:4} {second:4} {:6.1}", case.name, (first + second) as f64 / 2.0);
        waited_as_asked(case, calls(passing));
        waited_as_asked(case, calls(lasting));
        let (expected, most) = match (case.refusal, case.counts) {
            (true, true) => (3, ATTEMPTS),
            (true, false) => (3, TURNED_AWAY + 1),
            (false, _) => (1, 1),
        };
        assert_eq!(first, expected, "{provider}: {}", case.name);
        assert!(second <= most && second + 1 >= most, "{provider}: {}: {second} calls", case.name);
        letters += usize::from(case.refusal && case.counts);
        for (row, calls) in [(passing, first), (lasting, second)] {
            let delivery = &deliveries[row];
            let (status, reason) = match case.refusal && case.counts && row == lasting {
                true => (json!("dead_lettered"), json!("provider_unavailable")),
                false => (json!("sent"), Value::Null),
            };
            assert_eq!((&delivery["status"], &delivery["reason"]), (&status, &reason), "{}: {delivery}", case.name);
            // On a slow machine an attempt may end before the provider is called, because it had to fetch an access
            // token first.
            let attempts = delivery["attempts"].as_u64().unwrap_or_default() as usize;
            let calls = if case.counts { calls } else { 1 };
            assert!((calls..=ATTEMPTS).contains(&attempts), "{}: {calls} calls in {attempts} attempts", case.name);
            assert!(case.counts || attempts == 1, "{}: {attempts} attempts", case.name);
            assert_eq!(delivery["ambiguous"] == true, case.doubt, "{}: {delivery}", case.name);
        }
    }
    println!("{provider}: {calls_in_all} calls for {} deliveries", recipients.len());
    assert_eq!(client.dead_letters().await.len(), letters);
    stack.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ses_is_called_no_more_often_than_there_are_attempts_and_never_too_early() {
    all_cases("ses", "email").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fcm_is_called_no_more_often_than_there_are_attempts_and_never_too_early() {
    all_cases("fcm", "push").await;
}

/// Sends a notification that may be sent at most once. Returns its delivery.
async fn at_most_once(client: &Client, recipient: &Recipient) -> Value {
    let mut body = recipient.notification();
    body["at_most_once"] = json!(true);
    let answer = client.json(Method::POST, "/api/v1/notifications", &client.token("service").await, &body).await.json();
    settled(client, &[answer["data"]["notification_id"].as_str().expect("an id").to_owned()]).await.remove(0)
}

#[tokio::test]
async fn at_most_once_ends_with_an_answer_that_never_came_but_not_with_a_refusal() {
    let (stack, client) = own(options(&[("RetryMostSeconds", "1")])).await;
    let token = client.token("admin").await;
    for (provider, channel) in [("ses", "email"), ("fcm", "push")] {
        for (answer, calls, status, reason) in [
            (json!({"then": "reset"}), 1, "failed", json!("outcome_unknown")),
            (json!({"status": 500, "then": "hang"}), 1, "failed", json!("outcome_unknown")),
            (json!({"status": 503}), 2, "sent", Value::Null),
        ] {
            let recipient = Recipient::new(&client, &token, channel).await;
            answers(&client, provider, json!([answer])).await;
            let delivery = at_most_once(&client, &recipient).await;
            assert_eq!((&delivery["status"], &delivery["reason"]), (&json!(status), &reason), "{provider} {answer}");
            assert_eq!(delivery["ambiguous"] == true, calls == 1, "{delivery}");
            client.is_drained().await;
            assert_eq!(got(&client).await[&recipient.address].len(), calls, "{provider} {answer}");
        }
    }
    stack.shutdown().await;
}
