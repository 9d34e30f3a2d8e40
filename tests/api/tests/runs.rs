//! Runs: one request for many recipients.

use std::collections::BTreeSet;

use api::{Client, dynamodb, eventually, options, own, shared, unique};
use local::{demo::Demo, stack::Stack};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{contract3::Operator, faults::faults};

const RUNS: &str = "/api/v1/runs";

fn token(sub: &str, role: &str, org: Option<&str>) -> String {
    let demo = Demo::new().unwrap();
    let mut claims = demo.claims(sub);
    claims["roles"] = json!([role]);
    claims["org"] = json!(org);
    demo.sign(&claims)
}

async fn people(client: &Client, count: usize) -> Vec<Value> {
    let mut people = Vec::new();
    for _ in 0..count {
        people.push(client.new_user(json!({})).await);
    }
    people
}

fn named(people: &[Value]) -> Vec<Value> {
    people.iter().map(|user| json!({"user_id": user["id"]})).collect()
}

/// Sends a run as the application. Returns its id.
pub async fn send(client: &Client, body: &Value) -> String {
    let answer = client.json(Method::POST, RUNS, &client.token("service").await, body).await;
    let run_id = answer.json()["data"]["run_id"].clone();
    answer.is(
        202,
        json!({"success": true, "data": {"run_id": run_id, "status": "queued"}, "message": "Run queued successfully"}),
    );
    run_id.as_str().unwrap().to_owned()
}

pub async fn read(client: &Client, id: &str) -> Value {
    let answer = client.get(&format!("{RUNS}/{id}"), &client.token("service").await).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()["data"].clone()
}

async fn done(client: &Client, id: &str) -> Value {
    eventually(async || Some(read(client, id).await).filter(|run| run["status"] == "done")).await
}

/// All notifications of a run, page by page.
pub async fn notifications(client: &Client, id: &str, limit: usize) -> Vec<Value> {
    let service = client.token("service").await;
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{RUNS}/{id}/notifications?limit={limit}{after}"), &service).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        let page = page.json()["data"].clone();
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["page"]["after"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return all,
        }
    }
}

#[tokio::test]
async fn each_recipient_gets_it_once_and_who_is_not_there_is_counted_by_reason() {
    let client = shared();
    let people = people(&client, 3).await;
    let erased = client.new_user(json!({})).await;
    let path = format!("/api/v1/users/{}", erased["id"].as_str().unwrap());
    client.json(Method::DELETE, &path, &client.token("admin").await, &Value::Null).await;
    let mut recipients = named(&people);
    recipients.extend(named(&people[..1]));
    recipients.extend([json!({"user_id": erased["id"]}), json!({"external_id": format!("nobody-{}", unique())})]);
    let body = json!({
        "recipients": recipients, "notification_type": "email", "content": {"subject": "S", "body": "words of a run"},
    });
    let id = send(&client, &body).await;
    let run = done(&client, &id).await;
    let expected = json!({
        "run_id": id, "status": "done", "recipients": 5, "expanded": 3,
        "left_out": {"user_erased": 1, "user_not_found": 1}, "created_at": run["created_at"],
    });
    assert_eq!(run, expected);
    let all = notifications(&client, &id, 2).await;
    let users: Vec<_> = all.iter().map(|one| one["user_id"].clone()).collect();
    assert_eq!(users, people.iter().map(|user| user["id"].clone()).collect::<Vec<_>>());
    for one in &all {
        client.settled(one["notification_id"].as_str().unwrap()).await;
    }
    for user in &people {
        let got = client.deliveries_to(user["email"].as_str().unwrap()).await;
        assert_eq!(got.len(), 1, "{got:?}");
        assert!(got[0].to_string().contains("words of a run"), "{got:?}");
    }
}

#[tokio::test]
async fn a_topic_s_subscribers_get_it_and_those_of_a_topic_of_before_do_not() {
    let client = shared();
    let people = people(&client, 4).await;
    let topic = format!("run-{}.{}", std::process::id(), unique());
    let service = client.token("service").await;
    let subscribe = async |user: &Value| {
        let path = format!("/api/v1/users/{}/subscriptions", user["id"].as_str().unwrap());
        let made = client.json(Method::POST, &path, &service, &json!({"topic": topic})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    };
    let body = json!({"topic": topic, "notification_type": "email", "content": {"body": "news"}});
    let none = client.json(Method::POST, RUNS, &service, &body).await;
    none.is(404, json!({"statusCode": 404, "message": "Topic not found"}));
    for user in &people[..3] {
        subscribe(user).await;
    }
    client.index_catches_up().await;
    api::past_for_every_clock().await;
    let id = send(&client, &body).await;
    // Who subscribes within the difference of two clocks may get it, too.
    api::past_for_every_clock().await;
    api::past_for_every_clock().await;
    subscribe(&people[3]).await;
    let run = done(&client, &id).await;
    assert_eq!((&run["topic"], &run["recipients"], &run["expanded"]), (&json!(topic), &json!(3), &json!(3)));
    let users: BTreeSet<_> =
        notifications(&client, &id, 100).await.iter().map(|one| one["user_id"].to_string()).collect();
    assert_eq!(users, people[..3].iter().map(|user| user["id"].to_string()).collect());
}

#[tokio::test]
async fn more_recipients_than_a_page_has_are_expanded_page_by_page() {
    let client = shared();
    let people = people(&client, 2).await;
    let mut recipients: Vec<_> = (0..248).map(|n| json!({"external_id": format!("nobody-{}-{n}", unique())})).collect();
    recipients.insert(0, named(&people)[0].clone());
    recipients.push(named(&people)[1].clone());
    let body = json!({"recipients": recipients, "notification_type": "email", "content": {"body": "many"}});
    let id = send(&client, &body).await;
    let run = done(&client, &id).await;
    assert_eq!(
        (&run["recipients"], &run["expanded"], &run["left_out"]),
        (&json!(250), &json!(2), &json!({"user_not_found": 248}))
    );
    assert_eq!(notifications(&client, &id, 1).await.len(), 2);
}

#[tokio::test]
async fn a_repeated_request_is_the_same_run_and_sends_nothing_twice() {
    let client = shared();
    let people = people(&client, 2).await;
    let request_id = format!("run-{}.{}", std::process::id(), unique());
    let body = json!({
        "recipients": named(&people), "notification_type": "email", "content": {"body": "x"}, "request_id": request_id,
    });
    let id = send(&client, &body).await;
    done(&client, &id).await;
    assert_eq!(send(&client, &body).await, id);
    let mut other = body.clone();
    other["content"]["body"] = json!("y");
    let conflict = client.json(Method::POST, RUNS, &client.token("service").await, &other).await;
    conflict.is(409, json!({"statusCode": 409, "message": "This request_id was used for another run"}));
    for one in notifications(&client, &id, 100).await {
        client.settled(one["notification_id"].as_str().unwrap()).await;
    }
    for user in &people {
        assert_eq!(client.deliveries_to(user["email"].as_str().unwrap()).await.len(), 1);
    }
}

/// Lets `dispatch` have so many processes for its batches; `None`: as many as there are.
async fn workers(client: &Client, reserved: Option<u64>) {
    let path = "/_local/functions/dispatch/concurrency";
    let set = match reserved {
        Some(reserved) => client.json(Method::PUT, path, "", &json!({"reserved": reserved})).await,
        None => client.json(Method::DELETE, path, "", &Value::Null).await,
    };
    assert!(set.status.is_success(), "{}", set.text);
}

async fn cancel(client: &Client, id: &str) {
    let answer =
        client.json(Method::DELETE, &format!("{RUNS}/{id}"), &client.token("service").await, &Value::Null).await;
    assert_eq!(
        (answer.status, &answer.json()["data"]["status"]),
        (StatusCode::OK, &json!("cancelled")),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn what_was_not_sent_when_a_run_is_cancelled_is_not_sent_and_what_was_not_made_is_not_made() {
    let (stack, client) = own(options(&[])).await;
    let people = people(&client, 3).await;
    let body = json!({"recipients": named(&people), "notification_type": "email", "content": {"body": "later"}});
    // No delivery can be claimed, so none is sent before the run is cancelled.
    let claims = json!({"caller": "dispatch", "containing": ["DELIVERY#"], "kind": "throttle"});
    faults(&client, json!({"dynamodb": [claims]})).await;
    let made = send(&client, &body).await;
    assert_eq!(done(&client, &made).await["expanded"], 3);
    cancel(&client, &made).await;
    cancel(&client, &made).await;
    // A worker that began before the cancellation may still send. So each ends what it does while it cannot claim anything.
    stack.function("dispatch").expect("the worker").replace().await;
    faults(&client, json!({})).await;
    for one in notifications(&client, &made, 100).await {
        let settled = client.settled(one["notification_id"].as_str().unwrap()).await;
        assert_eq!(settled["deliveries"][0]["status"], "cancelled", "{settled}");
    }
    // No worker gets the message of the page before the run is cancelled.
    workers(&client, Some(0)).await;
    let unmade = send(&client, &body).await;
    assert_eq!(read(&client, &unmade).await["status"], "queued");
    cancel(&client, &unmade).await;
    workers(&client, None).await;
    client.is_drained().await;
    let run = read(&client, &unmade).await;
    assert_eq!((&run["status"], &run["expanded"]), (&json!("cancelled"), &json!(0)));
    assert_eq!(notifications(&client, &unmade, 100).await, Vec::<Value>::new());
    for user in &people {
        assert_eq!(client.deliveries_to(user["email"].as_str().unwrap()).await.len(), 0);
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn who_has_left_a_topic_or_was_erased_before_the_run_is_expanded_gets_nothing_and_so_do_all_if_the_topic_is_gone()
{
    let (stack, client) = own(options(&[])).await;
    let people = people(&client, 3).await;
    let (service, admin) = (client.token("service").await, client.token("admin").await);
    let user = |n: usize| format!("/api/v1/users/{}", people[n]["id"].as_str().unwrap());
    for topic in ["left", "gone"] {
        for n in 0..people.len() {
            let path = format!("{}/subscriptions", user(n));
            client.json(Method::POST, &path, &service, &json!({"topic": topic})).await;
        }
    }
    client.index_catches_up().await;
    api::past_for_every_clock().await;
    workers(&client, Some(0)).await;
    let body = |topic| json!({"topic": topic, "notification_type": "email", "content": {"body": "news"}});
    let (left, gone) = (send(&client, &body("left")).await, send(&client, &body("gone")).await);
    client.json(Method::DELETE, &format!("{}/subscriptions/left", user(0)), &service, &Value::Null).await;
    client.json(Method::DELETE, &user(1), &admin, &Value::Null).await;
    let demo = client.demo().await;
    let keys = [
        ("x-notiflows-api-key", demo["notiflows"]["api_key"].as_str().unwrap()),
        ("x-notiflows-secret-key", demo["notiflows"]["secret_key"].as_str().unwrap()),
    ];
    let deleted = client.send(Method::DELETE, "/admin/v1/topics/gone", &keys, None).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT, "{}", deleted.text);
    workers(&client, None).await;
    let run = done(&client, &left).await;
    assert_eq!(run["expanded"], 1, "{run}");
    let users: Vec<_> = notifications(&client, &left, 100).await.iter().map(|one| one["user_id"].clone()).collect();
    assert_eq!(users, [people[2]["id"].clone()]);
    let run = done(&client, &gone).await;
    assert_eq!((&run["recipients"], &run["expanded"]), (&json!(0), &json!(0)), "{run}");
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn who_leaves_a_topic_before_a_run_s_notification_is_sent_gets_nothing() {
    let (stack, client) = own(options(&[])).await;
    let people = people(&client, 2).await;
    let service = client.token("service").await;
    let subscriptions = |n: usize| format!("/api/v1/users/{}/subscriptions", people[n]["id"].as_str().unwrap());
    for n in 0..people.len() {
        client.json(Method::POST, &subscriptions(n), &service, &json!({"topic": "left"})).await;
    }
    client.index_catches_up().await;
    api::past_for_every_clock().await;
    // No delivery can be claimed, so none is sent before the user leaves.
    let claims = json!({"caller": "dispatch", "containing": ["DELIVERY#"], "kind": "throttle"});
    faults(&client, json!({"dynamodb": [claims]})).await;
    let id = send(&client, &json!({"topic": "left", "notification_type": "email", "content": {"body": "news"}})).await;
    assert_eq!(done(&client, &id).await["expanded"], 2);
    client.json(Method::DELETE, &format!("{}/left", subscriptions(0)), &service, &Value::Null).await;
    // A worker that began before may still send. So each ends what it does while it cannot claim anything.
    stack.function("dispatch").expect("the worker").replace().await;
    faults(&client, json!({})).await;
    for one in notifications(&client, &id, 100).await {
        let settled = client.settled(one["notification_id"].as_str().unwrap()).await;
        let delivery = &settled["deliveries"][0];
        let expected = if one["user_id"] == people[0]["id"] {
            (json!("skipped"), json!("not_subscribed"))
        } else {
            (json!("sent"), Value::Null)
        };
        assert_eq!((&delivery["status"], &delivery["reason"]), (&expected.0, &expected.1), "{settled}");
    }
    assert_eq!(client.deliveries_to(people[0]["email"].as_str().unwrap()).await.len(), 0);
    stack.shutdown().await;
}

/// Who may be sent to is asked when a run is expanded, and what may be sent when it is sent.
#[tokio::test]
async fn what_a_recipient_has_switched_off_since_the_run_was_expanded_is_not_sent() {
    let (stack, client) = own(options(&[])).await;
    let operator = Operator::of(client.clone()).await;
    let mut people = people(&client, 2).await;
    people.push(json!({"id": operator.user}));
    let admin = client.token("admin").await;
    let claims = json!({"caller": "dispatch", "containing": ["DELIVERY#"], "kind": "throttle"});
    faults(&client, json!({"dynamodb": [claims]})).await;
    let body = json!({
        "recipients": named(&people), "notification_type": "email", "group": "news", "content": {"body": "news"},
    });
    let id = send(&client, &body).await;
    assert_eq!(done(&client, &id).await["expanded"], 3);
    let path = format!("/api/v1/users/{}/preferences", people[0]["id"].as_str().unwrap());
    let off = client.json(Method::PUT, &path, &admin, &json!({"preferences": {"email": false}})).await;
    assert_eq!(off.status, StatusCode::OK, "{}", off.text);
    let path = format!("/admin/v1/users/{}/preferences", operator.user);
    let out = operator.send(Method::PUT, &path, json!({"notiflows": {"news": {"enabled": false}}})).await;
    assert_eq!(out.status, StatusCode::OK, "{}", out.text);
    stack.function("dispatch").expect("the worker").replace().await;
    faults(&client, json!({})).await;
    let (sent, mut ended) = (notifications(&client, &id, 100).await, Vec::new());
    for user in &people {
        let one = sent.iter().find(|one| one["user_id"] == user["id"]).unwrap();
        let settled = client.settled(one["notification_id"].as_str().unwrap()).await;
        ended.push((settled["deliveries"][0]["status"].clone(), settled["deliveries"][0]["reason"].clone()));
    }
    let skipped = |reason: &str| (json!("skipped"), json!(reason));
    assert_eq!(ended, [skipped("channel_off"), (json!("sent"), Value::Null), skipped("group_opted_out")]);
    stack.shutdown().await;
}

#[tokio::test]
async fn a_page_that_breaks_off_is_expanded_again_and_nobody_gets_it_twice() {
    let (stack, client) = own(options(&[])).await;
    let people = people(&client, 30).await;
    // The notifications are written, then the messages of some are refused.
    faults(
        &client,
        json!({"sqs": [{"operation": "SendMessageBatch", "caller": "dispatch", "kind": "error", "times": 5}]}),
    )
    .await;
    let body = json!({"recipients": named(&people), "notification_type": "email", "content": {"body": "x"}});
    let id = send(&client, &body).await;
    let run = done(&client, &id).await;
    assert_eq!(run["expanded"], 30);
    for one in notifications(&client, &id, 100).await {
        client.settled(one["notification_id"].as_str().unwrap()).await;
    }
    for user in &people {
        assert_eq!(client.deliveries_to(user["email"].as_str().unwrap()).await.len(), 1);
    }
    // What it says stands once.
    let table = dynamodb(&stack, "Scan", json!({})).await.to_string();
    assert_eq!(table.matches("\\\"body\\\":\\\"x\\\"").count(), 1);
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn an_organisation_s_run_reaches_its_users_only_and_is_nobody_else_s() {
    let client = shared();
    let (org, other) = (format!("org-{}", unique()), format!("other-{}", unique()));
    let make = async |org: &str| {
        let body = json!({"name": "A User", "email": api::unique_email()});
        client.json(Method::POST, "/api/v1/users", &token("maker", "admin", Some(org)), &body).await.json()
    };
    let (own, elsewhere, erased) = (make(&org).await, make(&other).await, make(&other).await);
    let gone = format!("/api/v1/users/{}", erased["id"].as_str().unwrap());
    client.json(Method::DELETE, &gone, &token("maker", "admin", Some(&other)), &Value::Null).await;
    let body = json!({
        "recipients": named(&[own.clone(), elsewhere, erased]), "notification_type": "email", "content": {"body": "x"},
    });
    let service = token("sender", "service", Some(&org));
    let accepted = client.json(Method::POST, RUNS, &service, &body).await;
    assert_eq!(accepted.status, StatusCode::ACCEPTED, "{}", accepted.text);
    let path = format!("{RUNS}/{}", accepted.json()["data"]["run_id"].as_str().unwrap());
    let run = eventually(async || {
        Some(client.get(&path, &service).await.json()["data"].clone()).filter(|run| run["status"] == "done")
    })
    .await;
    assert_eq!((&run["expanded"], &run["left_out"]), (&json!(1), &json!({"user_not_found": 2})));
    let gone = json!({"statusCode": 404, "message": "Run not found"});
    client.get(&path, &token("s", "service", Some(&other))).await.is(404, gone.clone());
    client.json(Method::DELETE, &path, &token("s", "admin", Some(&other)), &Value::Null).await.is(404, gone);
    let user = token(own["id"].as_str().unwrap(), "user", Some(&org));
    assert_eq!(client.get(&path, &user).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_is_no_run_is_400_and_nothing_is_written() {
    let client = shared();
    let service = client.token("service").await;
    let user = json!({"external_id": "a"});
    let many = vec![user.clone(); 1001];
    for (more, fault) in [
        (json!({}), "recipients or topic is required"),
        (
            json!({"recipients": [user], "topic": "x"}),
            "recipients and topic must not be given together: give one of them",
        ),
        (json!({"recipients": []}), "recipients must have 1 to 1000 recipients"),
        (json!({"recipients": many}), "recipients must have 1 to 1000 recipients"),
        (json!({"recipients": [user, {"user_id": "x"}]}), "recipients[1].user_id must be a UUID"),
        (json!({"recipients": [user], "user_id": "x"}), "user_id is not a known field"),
        (
            json!({"topic": "a/b"}),
            "topic must be a name of 1 to 128 characters, none of / ? # % and no control characters, and neither . nor ..",
        ),
    ] {
        let mut body = json!({"notification_type": "email", "content": {"body": "x"}});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = client.json(Method::POST, RUNS, &service, &body).await;
        answer.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": [fault]}));
    }
    let unknown = client.get(&format!("{RUNS}/0d6b5f5e-3c0b-4b0c-9a57-0f6f2a1f6c3d"), &service).await;
    unknown.is(404, json!({"statusCode": 404, "message": "Run not found"}));
    client
        .get(&format!("{RUNS}/x"), &service)
        .await
        .is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": ["id must be a UUID"]}));
}

#[tokio::test]
async fn a_cursor_of_another_list_or_another_run_is_refused() {
    let client = shared();
    let service = client.token("service").await;
    let people = people(&client, 2).await;
    let nobody = json!({"external_id": format!("nobody-{}", unique())});
    let mut many = vec![nobody; 1];
    many.extend((0..99).map(|n| json!({"external_id": format!("nobody-{n}-{}", unique())})));
    many.extend(named(&people));
    let body = |recipients| json!({"recipients": recipients, "notification_type": "in_app", "content": {"body": "x"}});
    let (small, large) = (send(&client, &body(named(&people))).await, send(&client, &body(many)).await);
    for id in [&small, &large] {
        assert_eq!(done(&client, id).await["expanded"], 2);
    }
    let cursor = async |path: &str| {
        let page = client.get(&format!("{path}?limit=1"), &service).await;
        page.json()["data"]["page"]["after"].as_str().unwrap().to_owned()
    };
    let list = |id: &str| format!("{RUNS}/{id}/notifications");
    let own = cursor(&list(&small)).await;
    let user = format!("/api/v1/users/{}/notifications", people[0]["id"].as_str().unwrap());
    client.index_catches_up().await;
    let others = [cursor(&list(&large)).await, cursor(&user).await, "x".to_owned()];
    let rest = client.get(&format!("{}?after={own}", list(&small)), &service).await;
    assert_eq!(rest.json()["data"]["items"].as_array().map(Vec::len), Some(1), "{}", rest.text);
    for other in others {
        let refused = client.get(&format!("{}?after={other}", list(&small)), &service).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
    }
}

#[tokio::test]
async fn a_request_with_a_thousand_recipients_and_another_with_the_same_id_do_not_mix_their_recipients() {
    let client = shared();
    let service = client.token("service").await;
    let people = people(&client, 1).await;
    let body = |who: &str| {
        let mut recipients: Vec<_> = (0..999).map(|n| json!({"external_id": format!("{who}-{n}")})).collect();
        recipients.push(named(&people)[0].clone());
        json!({"recipients": recipients, "notification_type": "email", "content": {"body": "x"}, "request_id": "same"})
    };
    let mut first = body(&format!("first-{}", unique()));
    let request_id = format!("mix-{}.{}", std::process::id(), unique());
    first["request_id"] = json!(request_id);
    let mut other = body(&format!("other-{}", unique()));
    other["request_id"] = json!(request_id);
    let id = send(&client, &first).await;
    let refused = client.json(Method::POST, RUNS, &service, &other).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.text);
    let run = done(&client, &id).await;
    assert_eq!((&run["recipients"], &run["expanded"]), (&json!(1000), &json!(1)), "{run}");
    assert_eq!(send(&client, &first).await, id);
}

#[tokio::test]
async fn explain_says_what_a_run_means_for_one_recipient() {
    let client = shared();
    let service = client.token("service").await;
    let people = people(&client, 2).await;
    let path = format!("/api/v1/users/{}/preferences", people[1]["id"].as_str().unwrap());
    client.json(Method::PUT, &path, "", &json!({"preferences": {"email": false}})).await;
    let body = json!({
        "recipients": named(&people), "notification_type": "email", "content": {"body": "x"},
    });
    let id = send(&client, &body).await;
    let explain = async |user: &Value, run: &str| {
        let body = json!({"run_id": run, "user_id": user["id"]});
        client.json(Method::POST, "/api/v1/notifications/explain", &service, &body).await
    };
    let decision = async |user: &Value| {
        let answer = explain(user, &id).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let channel = answer.json()["data"]["channels"][0].clone();
        (channel["decision"].as_str().unwrap().to_owned(), channel["reason"].as_str().map(str::to_owned))
    };
    assert_eq!(decision(&people[0]).await, ("send".to_owned(), None));
    assert_eq!(decision(&people[1]).await, ("skip".to_owned(), Some("channel_off".to_owned())));
    cancel(&client, &id).await;
    assert_eq!(decision(&people[0]).await, ("skip".to_owned(), Some("cancelled".to_owned())));
    let unknown = explain(&people[0], "0d6b5f5e-3c0b-4b0c-9a57-0f6f2a1f6c3d").await;
    unknown.is(404, json!({"statusCode": 404, "message": "Run not found"}));
    let both = json!({"run_id": id, "user_id": people[0]["id"], "content": {"body": "x"}});
    let both = client.json(Method::POST, "/api/v1/notifications/explain", &service, &both).await;
    both.is(
        400,
        json!({"statusCode": 400, "message": "Validation failed", "errors": ["content is not a known field"]}),
    );
}

#[tokio::test]
async fn explain_says_that_a_run_of_an_organisation_has_nothing_for_users_of_another() {
    let client = shared();
    let org = format!("org-{}", unique());
    let admin = token("maker", "admin", Some(&org));
    let body = json!({"name": "A User", "email": api::unique_email()});
    let own = client.json(Method::POST, "/api/v1/users", &admin, &body).await.json();
    let elsewhere = people(&client, 1).await.remove(0);
    let body = json!({
        "recipients": named(&[own.clone(), elsewhere.clone()]), "notification_type": "email", "content": {"body": "x"},
    });
    let accepted = client.json(Method::POST, RUNS, &token("sender", "service", Some(&org)), &body).await;
    let id = accepted.json()["data"]["run_id"].clone();
    let service = client.token("service").await;
    for (user, expected) in [(own, json!(["send", null])), (elsewhere, json!(["skip", "user_not_found"]))] {
        let body = json!({"run_id": id, "user_id": user["id"]});
        let answer = client.json(Method::POST, "/api/v1/notifications/explain", &service, &body).await;
        let channel = answer.json()["data"]["channels"][0].clone();
        assert_eq!(json!([channel["decision"], channel["reason"]]), expected, "{}", answer.text);
    }
}

/// The keys of all items of a run: its own, its notifications and their deliveries.
async fn of_run(stack: &Stack, id: &str) -> Vec<Value> {
    let items = dynamodb(stack, "Scan", json!({})).await["Items"].as_array().unwrap().clone();
    let run = format!("RUN#{id}");
    let is_of =
        |item: &Value| item["pk"]["S"] == run || item["content"]["S"].as_str().is_some_and(|it| it.contains(id));
    let partitions: BTreeSet<_> = items.iter().filter(|item| is_of(item)).map(|item| item["pk"].to_string()).collect();
    let own = items.into_iter().filter(|item| partitions.contains(&item["pk"].to_string()));
    own.map(|item| json!({"pk": item["pk"], "sk": item["sk"]})).collect()
}

/// DynamoDB removes expired items in no order, and days later.
#[tokio::test]
async fn a_request_id_whose_run_is_kept_no_longer_makes_a_run_that_reaches_everybody_whatever_is_left_of_the_first() {
    let (stack, client) = own(options(&[])).await;
    let user = people(&client, 1).await.remove(0);
    let (email, request_id) = (user["email"].as_str().unwrap(), format!("run-{}", unique()));
    let body = json!({
        "recipients": named(std::slice::from_ref(&user)), "notification_type": "email", "content": {"body": "x"},
        "request_id": request_id,
    });
    let id = send(&client, &body).await;
    let reached = async |times: usize| {
        let run = done(&client, &id).await;
        assert_eq!((&run["expanded"], &run["cancelled_at"]), (&json!(1), &Value::Null), "{run}");
        client.is_drained().await;
        assert_eq!(client.deliveries_to(email).await.len(), times);
    };
    reached(1).await;
    for (times, is_removed, is_cancelled) in [(2, false, false), (3, true, false), (4, true, true)] {
        if is_cancelled {
            cancel(&client, &id).await;
        }
        for key in of_run(&stack, &id).await {
            if is_removed && key["sk"]["S"] == "RUN" {
                dynamodb(&stack, "DeleteItem", json!({"Key": key})).await;
                continue;
            }
            let expired = json!({
                "Key": key, "UpdateExpression": "SET expires_at = :past",
                "ExpressionAttributeValues": {":past": {"N": "1"}},
            });
            dynamodb(&stack, "UpdateItem", expired).await;
        }
        assert_eq!(send(&client, &body).await, id);
        reached(times).await;
    }
    // It may be cancelled like any other.
    cancel(&client, &id).await;
    stack.shutdown().await;
}

/// The workers make the notifications and cannot send their messages, and then the run is cancelled.
#[tokio::test]
async fn what_broke_off_before_its_run_was_cancelled_says_that_it_is_cancelled() {
    let (stack, client) = own(options(&[])).await;
    let people = people(&client, 3).await;
    let sending = json!({"operation": "SendMessageBatch", "caller": "dispatch", "kind": "error"});
    faults(&client, json!({"sqs": [sending]})).await;
    let body = json!({"recipients": named(&people), "notification_type": "email", "content": {"body": "x"}});
    let id = send(&client, &body).await;
    let made =
        eventually(async || Some(notifications(&client, &id, 100).await).filter(|made| made.len() == people.len()))
            .await;
    cancel(&client, &id).await;
    faults(&client, json!({})).await;
    for one in made {
        let settled = client.settled(one["notification_id"].as_str().unwrap()).await;
        assert_eq!(settled["deliveries"][0]["status"], "cancelled", "{settled}");
    }
    client.is_drained().await;
    for user in &people {
        assert_eq!(client.deliveries_to(user["email"].as_str().unwrap()).await.len(), 0);
    }
    stack.shutdown().await;
}

/// A run of three pages has three messages, which one call sends.
#[tokio::test]
async fn a_run_whose_messages_were_not_all_taken_is_whole_after_the_same_request_again() {
    let (stack, client) = own(options(&[])).await;
    let service = client.token("service").await;
    let people = people(&client, 3).await;
    let of = |kind: &str, applied: bool, times: Option<u64>| {
        json!({
            "operation": "SendMessageBatch", "caller": "notifications", "kind": kind, "applied": applied, "times": times,
        })
    };
    let mut expected = 0;
    for (fault, is_accepted) in [
        // SQS takes one of three, then one of two, then none: the queue is asked three times.
        (of("partial", false, None), false),
        (of("partial", false, Some(2)), true),
        (of("kill", false, Some(1)), false),
        (of("kill", true, Some(1)), false),
    ] {
        let mut recipients: Vec<_> =
            (0..247).map(|n| json!({"external_id": format!("nobody-{}-{n}", unique())})).collect();
        for (place, user) in [0, 120, 240].into_iter().zip(named(&people)) {
            recipients.insert(place, user);
        }
        let body = json!({
            "recipients": recipients, "notification_type": "email", "content": {"body": "x"},
            "request_id": format!("run-{}", unique()),
        });
        faults(&client, json!({"sqs": [fault]})).await;
        let first = client.json(Method::POST, RUNS, &service, &body).await;
        assert_eq!(first.status == StatusCode::ACCEPTED, is_accepted, "{fault}: {}", first.text);
        faults(&client, json!({})).await;
        let id = send(&client, &body).await;
        let run = done(&client, &id).await;
        assert_eq!((&run["recipients"], &run["expanded"]), (&json!(250), &json!(3)), "{fault}: {run}");
        client.is_drained().await;
        expected += 1;
        for user in &people {
            let got = client.deliveries_to(user["email"].as_str().unwrap()).await.len();
            assert_eq!(got, expected, "{fault}");
        }
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn a_run_that_cannot_be_read_stops_no_other_delivery() {
    let (stack, client) = own(options(&[])).await;
    let people = people(&client, 4).await;
    // No delivery can be claimed, so none is sent before the run is broken.
    let claims = json!({"caller": "dispatch", "containing": ["DELIVERY#"], "kind": "throttle"});
    faults(&client, json!({"dynamodb": [claims]})).await;
    let words = json!({"notification_type": "email", "content": {"body": "x"}});
    let run = |people: &[Value]| {
        let mut body = words.clone();
        body["recipients"] = named(people).into();
        body
    };
    let (broken, whole) = (send(&client, &run(&people[..2])).await, send(&client, &run(&people[2..])).await);
    for id in [&broken, &whole] {
        done(&client, id).await;
    }
    workers(&client, Some(0)).await;
    stack.function("dispatch").expect("the worker").replace().await;
    faults(&client, json!({})).await;
    let unreadable = json!({
        "Key": {"pk": {"S": format!("RUN#{broken}")}, "sk": {"S": "RUN"}},
        "UpdateExpression": "SET content = :nothing", "ExpressionAttributeValues": {":nothing": {"S": "no JSON"}},
    });
    dynamodb(&stack, "UpdateItem", unreadable).await;
    workers(&client, None).await;
    for one in notifications(&client, &whole, 100).await {
        let settled = client.settled(one["notification_id"].as_str().unwrap()).await;
        assert_eq!(settled["deliveries"][0]["status"], "sent", "{settled}");
    }
    for user in &people[..2] {
        assert_eq!(client.deliveries_to(user["email"].as_str().unwrap()).await.len(), 0);
    }
    stack.shutdown().await;
}
