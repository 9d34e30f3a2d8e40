//! `dispatch` is killed before the claim, after the claim, after the provider's answer, or after the finish. No message
//! is lost. A message is sent twice only if the provider accepted it and the worker died before it recorded that; such
//! a delivery is marked ambiguous.

use std::{collections::BTreeMap, time::Duration};

use api::{Client, namespace, options, own};
use local::stack::Options;
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::NotificationId;

use super::{Dice, Recipient, faults, got, settled, size};

const SEED: u64 = 2026;
/// The pause between two notifications, so that most messages come to a worker alone.
const PACE: Duration = Duration::from_millis(120);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Point {
    BeforeTheClaim,
    AfterTheClaim,
    AfterTheAnswer,
    AfterTheFinish,
}

use Point::{AfterTheAnswer, AfterTheClaim, AfterTheFinish, BeforeTheClaim};

struct Round {
    point: Point,
    at_most_once: bool,
    recipient: Recipient,
    request_id: String,
    id: NotificationId,
}

/// The values of a delivery that a test can see: the number of calls to the provider, `attempts`, `ambiguous`,
/// `status`, `reason`.
type Seen = (usize, u64, bool, String, Option<String>);

impl Round {
    /// The fault that kills the worker at the write of the claim or of the finish. `point` says whether the write is applied.
    fn kill(&self) -> Value {
        let id = self.id.to_string();
        let finish = matches!(self.point, AfterTheAnswer | AfterTheFinish);
        let applied = matches!(self.point, AfterTheClaim | AfterTheFinish);
        // The fault applies to each call that makes this write, whether for one delivery or for several.
        let (containing, lacking) =
            if finish { (json!([id, "recorded"]), json!([])) } else { (json!([id, "attempts"]), json!(["recorded"])) };
        json!({
            "caller": "dispatch", "kind": "kill", "times": 1, "applied": applied,
            "containing": containing, "lacking": lacking,
        })
    }

    fn expected(&self) -> Seen {
        let sent = |calls, attempts, ambiguous| (calls, attempts, ambiguous, "sent".to_owned(), None);
        let unknown = |calls| (calls, 2, true, "failed".to_owned(), Some("outcome_unknown".to_owned()));
        match (self.point, self.at_most_once) {
            (BeforeTheClaim | AfterTheFinish, _) => sent(1, 1, false),
            // The next worker cannot know whether the dead one had called the provider, so the delivery is ambiguous.
            (AfterTheClaim, false) => sent(1, 2, true),
            (AfterTheClaim, true) => unknown(0),
            (AfterTheAnswer, false) => sent(2, 2, true),
            (AfterTheAnswer, true) => unknown(1),
        }
    }
}

fn seen(calls: usize, delivery: &Value) -> Seen {
    (
        calls,
        delivery["attempts"].as_u64().unwrap_or_default(),
        delivery["ambiguous"] == true,
        delivery["status"].as_str().unwrap_or_default().to_owned(),
        delivery["reason"].as_str().map(str::to_owned),
    )
}

/// Asserts the rules for every delivery, also if its worker died at another delivery of the same batch.
fn must_hold(round: &Round, (calls, attempts, ambiguous, status, reason): &Seen) {
    let what = format!("{:?}, at most once: {}, {}", round.point, round.at_most_once, round.id);
    let given_up = (status.as_str(), reason.as_deref()) == ("failed", Some("outcome_unknown"));
    assert!(status == "sent" && *calls > 0 || given_up && round.at_most_once, "lost: {what}: {status} {reason:?}");
    assert!(*calls <= 1 || *ambiguous && !round.at_most_once, "an unsaid repeat: {what}: {calls} calls");
    assert!(*calls as u64 <= *attempts, "{what}: {calls} calls in {attempts} attempts");
}

async fn send(client: &Client, service: &str, round: &Round) {
    let mut body = round.recipient.notification();
    body["request_id"] = json!(round.request_id);
    body["at_most_once"] = json!(round.at_most_once);
    let answer = client.json(Method::POST, "/api/v1/notifications", service, &body).await;
    assert_eq!(answer.status.as_u16(), 202, "{}", answer.text);
    assert_eq!(answer.json()["data"]["notification_id"], round.id.to_string(), "the kill is armed for another id");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_anywhere_loses_nothing_and_repeats_only_what_nobody_can_know_of() {
    let (stack, client) = own(Options { concurrency: 8, ..options(&[("MaxAttempts", "50")]) }).await;
    let count = size(24, 200);
    let mut points: Vec<_> = (0..count)
        .map(|n| ([BeforeTheClaim, AfterTheClaim, AfterTheAnswer, AfterTheFinish][n % 4], n / 4 % 3 == 1))
        .collect();
    Dice::new(SEED).shuffle(&mut points);
    let recipients = Recipient::many(&client, count).await;
    let rounds: Vec<_> = points
        .into_iter()
        .zip(recipients)
        .enumerate()
        .map(|(number, ((point, at_most_once), recipient))| {
            let request_id = format!("round-{number}");
            let id = NotificationId::of_request(namespace(&stack), "demo-service", &request_id);
            Round { point, at_most_once, recipient, request_id, id }
        })
        .collect();
    faults(&client, json!({"dynamodb": rounds.iter().map(Round::kill).collect::<Vec<_>>()})).await;
    let service = client.token("service").await;
    for round in &rounds {
        send(&client, &service, round).await;
        tokio::time::sleep(PACE).await;
    }
    let ids: Vec<_> = rounds.iter().map(|round| round.id.to_string()).collect();
    let deliveries = settled(&client, &ids).await;
    // The message of a delivery that was sent may still be in the queue. It comes back, and the worker must do nothing
    // for it.
    client.is_drained().await;
    let got = got(&client).await;
    let batches = client.get("/_local/batches", "").await.json()["dispatch"].clone();

    let mut table: BTreeMap<_, (usize, usize, usize)> = BTreeMap::new();
    let mut others = Vec::new();
    for (round, delivery) in rounds.iter().zip(&deliveries) {
        let calls = got.get(&round.recipient.address).map_or(0, Vec::len);
        let seen = seen(calls, delivery);
        must_hold(round, &seen);
        let row = table.entry((round.point, round.at_most_once)).or_default();
        *row = (row.0 + 1, row.1 + calls, row.2 + usize::from(seen.2));
        if seen != round.expected() {
            others.push(format!("{:?} at most once: {}: {seen:?}", round.point, round.at_most_once));
        }
    }
    println!("seed {SEED}; killed {} processes over {} batches", batches["crashed"], batches["invocations"]);
    println!("point            at most once  rounds  provider calls  ambiguous");
    for ((point, once), (rounds, calls, ambiguous)) in table {
        println!("{:16} {once:12}  {rounds:6}  {calls:14}  {ambiguous:9}", format!("{point:?}"));
    }
    // If a worker has other messages too, it dies with all of them, so their deliveries become ambiguous as well.
    let shared = batches["records"].as_u64().unwrap_or_default() - batches["invocations"].as_u64().unwrap_or_default();
    println!("{} of {count} otherwise than alone; {shared} messages shared a batch", others.len());
    // On a slow machine a call may also take longer than its time-out, and then its delivery is ambiguous.
    assert!(others.len() <= 10 * shared as usize + count / 20, "{others:#?}");
    assert!(others.len() * 2 < count, "too few were worked on alone to say anything: {others:#?}");
    let crashed = batches["crashed"].as_u64().unwrap_or_default();
    assert!(crashed * 2 > count as u64, "only {crashed} processes died");
    stack.shutdown().await;
}
