//! Runs that are refused, in both dialects, and what they leave in the table: nothing. And topics that end while a run is on its way.

use std::collections::BTreeMap;

use api::{Client, dynamodb, eventually, options, own, unique};
use local::{demo::Demo, stack::Stack};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Operator, external_id, is_error, is_fault, user_path};
use crate::faults::faults;

const RUNS: &str = "/api/v1/runs";

/// A category with a template that needs the variable `what`. Its handle is the path's.
async fn category(operator: &Operator, handle: &str) {
    let admin = operator.client.token("admin").await;
    let template = json!({"locales": {"default": {"email": {"subject": "S", "text": "{{ what }}"}}}});
    let category = json!({"name": {"default": "R"}, "template_code": handle, "channels": ["email"]});
    for (path, body) in [("templates", template), ("categories", category)] {
        let made = operator.client.json(Method::PUT, &format!("/api/v1/{path}/{handle}"), &admin, &body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    }
}

fn run_path(handle: &str) -> String {
    format!("/admin/v1/notiflows/{handle}/run")
}

/// All items of the table by their keys.
async fn table(stack: &Stack) -> BTreeMap<String, Value> {
    let all = dynamodb(stack, "Scan", json!({"ConsistentRead": true})).await;
    assert!(all.get("LastEvaluatedKey").is_none(), "one page");
    let items = all["Items"].as_array().unwrap().iter();
    items.map(|item| (format!("{} {}", item["pk"], item["sk"]), item.clone())).collect()
}

#[tokio::test]
async fn whatever_is_wrong_with_a_run_or_a_subscription_nothing_of_it_is_in_the_table() {
    let (stack, client) = own(options(&[])).await;
    let operator = Operator::of(client).await;
    let client = &operator.client;
    category(&operator, "faulty").await;
    let service = client.token("service").await;
    let there = json!({"external_id": "there"});
    assert_eq!(operator.send(Method::PUT, &user_path("there"), json!({})).await.status, StatusCode::CREATED);
    let (new, data) = (json!({"external_id": "new", "first_name": "New"}), json!({"what": "x"}));
    let many: Vec<_> = (0..1001).map(|n| json!({"external_id": format!("many-{n}")})).collect();
    // A first request reads what processes keep, and may write what they do once.
    operator.send(Method::GET, "/admin/v1/topics", Value::Null).await;
    let before = table(&stack).await;

    // Contract 3: what is wrong, the field, and the reason.
    for (body, field, reason) in [
        (json!({"data": data}), "recipients", "required"),
        (json!({"recipients": [new], "topic": "t", "data": data}), "topic", "invalid"),
        (json!({"recipients": [], "data": data}), "recipients", "length"),
        (json!({"recipients": many, "data": data}), "recipients", "length"),
        (json!({"recipients": [new, {"external_id": "a/b"}], "data": data}), "recipients[1].external_id", "invalid"),
        (json!({"recipients": [new, there, {}], "data": data}), "recipients[2].external_id", "required"),
        (json!({"recipients": [new, null], "data": data}), "recipients[1]", "invalid"),
        (
            json!({"recipients": [new, {"external_id": "b", "email": "x"}], "data": data}),
            "recipients[1].email",
            "invalid",
        ),
        (
            json!({"recipients": [new, {"external_id": "b", "role": "x"}], "data": data}),
            "recipients[1].role",
            "unknown",
        ),
        (json!({"recipients": [new], "data": data, "actor": {"external_id": "a#"}}), "actor.external_id", "invalid"),
        (json!({"recipients": [new], "data": data, "actor": "a"}), "actor", "invalid"),
        (json!({"recipients": [new], "data": 7}), "data", "invalid"),
        (json!({"recipients": [new], "data": {}}), "data.what", "invalid"),
        (
            json!({"recipients": [new], "data": {"what": "x", "unsubscribe_url": "x"}}),
            "data.unsubscribe_url",
            "invalid",
        ),
        (json!({"recipients": [new], "data": data, "channels": ["sms"]}), "channels", "unknown"),
        (json!({"topic": "a/b", "data": data}), "topic", "invalid"),
    ] {
        let answer = operator.send(Method::POST, &run_path("faulty"), body).await;
        is_fault(&answer, field, reason);
    }
    for (handle, body, resource, id) in [
        ("unheard-of", json!({"recipients": [new], "data": data}), "notiflow", "unheard-of"),
        ("faulty", json!({"topic": "unheard-of", "data": data, "actor": new}), "topic", "unheard-of"),
    ] {
        let answer = operator.send(Method::POST, &run_path(handle), body).await;
        is_error(&answer, 404, "not_found", json!({"resource": resource, "id": id}));
    }
    for text in ["", "{", "[]", r#"{"recipients":[],"recipients":[]}"#] {
        let answer = operator.send_text(Method::POST, &run_path("faulty"), text).await;
        is_error(&answer, 400, "bad_request", json!({"reason": "invalid_json"}));
    }

    // The native dialect.
    let words = json!({"category": "faulty", "template_code": "faulty", "variables": data});
    for (more, fault) in [
        (json!({}), "recipients or topic is required"),
        (
            json!({"recipients": [there], "topic": "t"}),
            "recipients and topic must not be given together: give one of them",
        ),
        (json!({"recipients": []}), "recipients must have 1 to 1000 recipients"),
        (json!({"recipients": many}), "recipients must have 1 to 1000 recipients"),
        (json!({"recipients": [there, {"user_id": "x"}]}), "recipients[1].user_id must be a UUID"),
        (json!({"recipients": [there, null]}), "recipients[1] must be an object with a user_id or an external_id"),
        (json!({"recipients": [there], "user_id": "x"}), "user_id is not a known field"),
        (json!({"recipients": [there], "actor": there}), "actor is not a known field"),
        (json!({"recipients": [there], "variables": {}}), "variables.what is required: the template uses it"),
    ] {
        let mut body = words.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = client.json(Method::POST, RUNS, &service, &body).await;
        answer.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": [fault]}));
    }
    let mut unknown = words.clone();
    unknown["topic"] = json!("unheard-of");
    let answer = client.json(Method::POST, RUNS, &service, &unknown).await;
    answer.is(404, json!({"statusCode": 404, "message": "Topic not found"}));

    // Subscriptions, in both dialects.
    let list: Vec<_> = (0..1001).map(|n| format!("many-{n}")).collect();
    for ids in [json!([]), json!(list), json!(["there", "a/b"]), json!(["there", 7]), json!("there"), Value::Null] {
        for method in [Method::POST, Method::DELETE] {
            let body = json!({"user_external_ids": ids});
            let answer = operator.send(method, "/admin/v1/topics/fresh/subscriptions", body).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text);
        }
    }
    let path = format!("{}/subscriptions", user_path("nobody"));
    let nobody = operator.send(Method::POST, &path, json!({"topic_name": "fresh"})).await;
    is_error(&nobody, 404, "not_found", json!({"resource": "user", "id": "nobody"}));
    let nobody = "/api/v1/users/0d6b5f5e-3c0b-4b0c-9a57-0f6f2a1f6c3d/subscriptions";
    let nobody = client.json(Method::POST, nobody, &service, &json!({"topic": "fresh"})).await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND, "{}", nobody.text);

    let after = table(&stack).await;
    let new: Vec<_> = after.iter().filter(|(key, item)| before.get(*key) != Some(item)).collect();
    assert!(new.is_empty() && after.len() == before.len(), "{new:?}");
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn a_thousand_new_recipients_are_taken_and_one_who_is_named_a_thousand_times_counts_once() {
    let (stack, client) = own(options(&[("HttpTimeout", "29")])).await;
    let operator = Operator::of(client).await;
    category(&operator, "many").await;
    let service = operator.client.token("service").await;
    let run = async |recipients: Vec<Value>| {
        let body = json!({"recipients": recipients, "data": {"what": "x"}});
        let answer = operator.send(Method::POST, &run_path("many"), body).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
        let path = format!("{RUNS}/{}", answer.json()["notiflow_run_id"].as_str().unwrap());
        eventually(async || {
            let run = operator.client.get(&path, &service).await.json()["data"].clone();
            (run["status"] == "done").then(|| (run["recipients"].clone(), run["expanded"].clone()))
        })
        .await
    };
    assert_eq!(run(vec![json!({"external_id": "one"}); 1000]).await, (json!(1), json!(1)));
    let many = (0..1000).map(|n| json!({"external_id": format!("many-{n}")})).collect();
    assert_eq!(run(many).await, (json!(1000), json!(1000)));
    operator.client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn nobody_gets_a_run_whose_topic_is_deleted_while_it_is_expanded() {
    let (stack, client) = own(options(&[])).await;
    let operator = Operator::of(client).await;
    let client = &operator.client;
    category(&operator, "ended").await;
    let (mut ids, mut addresses) = (Vec::new(), Vec::new());
    for n in 0..20 {
        let (id, email) = (format!("ended-{n}"), api::unique_email());
        let made = operator.send(Method::PUT, &user_path(&id), json!({"email": email})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        ids.push(id);
        addresses.push(email);
    }
    let subscribed = json!({"user_external_ids": ids});
    let made = operator.send(Method::POST, "/admin/v1/topics/ended/subscriptions", subscribed).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    client.index_catches_up().await;
    api::past_for_every_clock().await;
    // No page is ended, so the run is being expanded; and no delivery can be claimed, so nobody has got anything yet.
    let claims = json!({"caller": "dispatch", "containing": ["DELIVERY#"], "kind": "throttle"});
    let ends = json!({"caller": "dispatch", "operation": "PutItem", "containing": ["DONE#"], "kind": "throttle"});
    faults(client, json!({"dynamodb": [claims, ends]})).await;
    let run = operator.send(Method::POST, &run_path("ended"), json!({"topic": "ended", "data": {"what": "x"}})).await;
    assert_eq!(run.status, StatusCode::ACCEPTED, "{}", run.text);
    let path = format!("{RUNS}/{}", run.json()["notiflow_run_id"].as_str().unwrap());
    let notified = async || {
        let all = table(&stack).await;
        all.keys().filter(|key| key.contains("NOTIFICATION#")).count()
    };
    eventually(async || (notified().await > 0).then_some(())).await;
    let deleted = operator.send(Method::DELETE, "/admin/v1/topics/ended", Value::Null).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT, "{}", deleted.text);
    // A worker that began before may still send. So each ends what it does while it cannot claim anything.
    stack.function("dispatch").expect("the worker").replace().await;
    faults(client, json!({})).await;
    let service = client.token("service").await;
    eventually(async || (client.get(&path, &service).await.json()["data"]["status"] == "done").then_some(())).await;
    client.is_drained().await;
    for (id, address) in ids.iter().zip(&addresses) {
        assert_eq!(client.deliveries_to(address).await, Vec::<Value>::new());
        let found = operator.send(Method::GET, &format!("{}/deliveries", user_path(id)), Value::Null).await.json();
        for delivery in found["items"].as_array().unwrap() {
            assert_eq!((&delivery["status"], &delivery["reason"]), (&json!("failed"), &json!("not_subscribed")));
        }
    }
    stack.shutdown().await;
}

/// A token of an organisation.
fn token(sub: &str, role: &str, org: &str) -> String {
    let demo = Demo::new().unwrap();
    let mut claims = demo.claims(sub);
    claims["roles"] = json!([role]);
    claims["org"] = json!(org);
    demo.sign(&claims)
}

async fn member(client: &Client, org: &str) -> String {
    let body = json!({"name": "A User", "email": api::unique_email()});
    let made = client.json(Method::POST, "/api/v1/users", &token("maker", "admin", org), &body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn no_organisation_reaches_another_s_runs_topics_or_recipients_by_any_request() {
    let client = &api::shared();
    let (org, other) = (format!("org-{}", unique()), format!("other-{}", unique()));
    let (own, elsewhere) = (member(client, &org).await, member(client, &other).await);
    let (service, foreign) = (token("sender", "service", &org), token("sender", "service", &other));
    let topic = format!("org-topic-{}.{}", std::process::id(), unique());
    let subscriptions = format!("/api/v1/users/{own}/subscriptions");
    let made = client.json(Method::POST, &subscriptions, &service, &json!({"topic": topic})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let words = json!({"notification_type": "email", "content": {"body": "x"}, "request_id": "same"});
    let run = |more: Value| {
        let mut body = words.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let recipients = run(json!({"recipients": [{"user_id": own}]}));
    let accepted = client.json(Method::POST, RUNS, &service, &recipients).await;
    let id = accepted.json()["data"]["run_id"].as_str().unwrap_or_else(|| panic!("{}", accepted.text)).to_owned();
    let path = format!("{RUNS}/{id}");
    eventually(async || (client.get(&path, &service).await.json()["data"]["status"] == "done").then_some(())).await;

    // Another organisation's application, also one of the same name, with the same request: it is a run of its own, and reaches nobody.
    let theirs = client.json(Method::POST, RUNS, &foreign, &recipients).await;
    let theirs_id = theirs.json()["data"]["run_id"].as_str().unwrap_or_else(|| panic!("{}", theirs.text)).to_owned();
    assert_ne!(theirs_id, id);
    let theirs = format!("{RUNS}/{theirs_id}");
    let reached = eventually(async || {
        let run = client.get(&theirs, &foreign).await.json()["data"].clone();
        (run["status"] == "done").then(|| (run["expanded"].clone(), run["left_out"].clone()))
    })
    .await;
    assert_eq!(reached, (json!(0), json!({"user_not_found": 1})));
    // Neither a topic of the organisation nor its end.
    let to_topic =
        client.json(Method::POST, RUNS, &foreign, &run(json!({"topic": topic, "request_id": "topic"}))).await;
    to_topic.is(404, json!({"statusCode": 404, "message": "Topic not found"}));
    // Nor a run: as it is, its list, a cursor into its list, its end, and what it means for anybody.
    let no_run = json!({"statusCode": 404, "message": "Run not found"});
    let list = format!("{path}/notifications");
    client.get(&path, &foreign).await.is(404, no_run.clone());
    client.get(&list, &foreign).await.is(404, no_run.clone());
    client.json(Method::DELETE, &path, &foreign, &Value::Null).await.is(404, no_run.clone());
    let explain = async |token: &str, user: &str| {
        let body = json!({"run_id": id, "user_id": user});
        client.json(Method::POST, "/api/v1/notifications/explain", token, &body).await
    };
    explain(&foreign, &elsewhere).await.is(404, no_run);
    let no_user = json!({"statusCode": 404, "message": "User not found"});
    explain(&foreign, &own).await.is(404, no_user.clone());
    explain(&service, &elsewhere).await.is(404, no_user.clone());
    // Nor a user's subscriptions.
    let of_user = async |method: Method, path: &str| {
        let body = if method == Method::POST { json!({"topic": topic}) } else { Value::Null };
        client.json(method, path, &foreign, &body).await
    };
    of_user(Method::GET, &subscriptions).await.is(404, no_user.clone());
    of_user(Method::POST, &subscriptions).await.is(404, no_user.clone());
    of_user(Method::DELETE, &format!("{subscriptions}/{topic}")).await.is(404, no_user);
    let left = client.get(&subscriptions, &service).await.json();
    assert_eq!(left["items"][0]["topic"], json!(topic), "{left}");
    // A cursor of one run's list leads into no other run's.
    let first = client.get(&format!("{list}?limit=1"), &service).await.json();
    assert_eq!(first["data"]["items"][0]["user_id"], json!(own), "{first}");
    let place = format!("/api/v1/users/{own}/notifications?limit=1");
    let cursor = client.get(&place, &service).await.json()["data"]["page"]["after"].clone();
    if let Some(cursor) = cursor.as_str() {
        let refused = client.get(&format!("{theirs}/notifications?after={cursor}"), &foreign).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text);
    }
    // Nobody of the other organisation got anything; the organisation's own user got one.
    client.queues_empty().await;
    let listed = client.get(&format!("{RUNS}/{theirs_id}/notifications"), &foreign).await.json();
    assert_eq!(listed["data"]["items"], json!([]), "{listed}");
}

#[tokio::test]
async fn a_retried_run_is_the_same_one_only_for_the_same_key_pair_handle_and_body_and_a_quarter_of_an_hour() {
    let (stack, client) = own(options(&[])).await;
    let operator = Operator::of(client).await;
    for handle in ["first", "second"] {
        category(&operator, handle).await;
    }
    let admin = operator.client.token("admin").await;
    let scopes = json!({"scopes": ["notiflows:run"]});
    let made = operator.client.json(Method::POST, "/api/v1/api-keys", &admin, &scopes).await.json();
    let own_keys = (operator.api_key.clone(), operator.secret_key.clone());
    let other_keys = (made["api_key"].as_str().unwrap().to_owned(), made["secret_key"].as_str().unwrap().to_owned());
    let person = external_id();
    let run = async |keys: &(String, String), tried: &str, handle: &str, what: &str| {
        let headers = [
            ("x-notiflows-api-key", keys.0.as_str()),
            ("x-notiflows-secret-key", keys.1.as_str()),
            ("x-stainless-retry-count", tried),
        ];
        let body = json!({"recipients": [{"external_id": person}], "data": {"what": what}}).to_string();
        let answer = operator.client.send(Method::POST, &run_path(handle), &headers, Some(body.into_bytes())).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
        answer.json()["notiflow_run_id"].as_str().unwrap().to_owned()
    };
    let first = run(&own_keys, "0", "first", "a").await;
    assert_eq!(run(&own_keys, "1", "first", "a").await, first);
    let others = [
        run(&other_keys, "1", "first", "a").await,
        run(&own_keys, "1", "second", "a").await,
        run(&own_keys, "1", "first", "b").await,
    ];
    assert!(!others.contains(&first), "{others:?}");
    assert_eq!(run(&own_keys, "2", "first", "a").await, first, "and the others took nothing from it");
    // What is remembered names the end of its quarter of an hour. Then it is another run.
    let now = shared::clock::Clock::system().now().seconds();
    let remembered: Vec<_> =
        table(&stack).await.into_iter().filter(|(key, _)| key.contains("RUNREQUEST#")).map(|(_, item)| item).collect();
    assert_eq!(remembered.len(), 4, "{remembered:?}");
    for item in remembered {
        let until: i64 = item["expires_at"]["N"].as_str().unwrap().parse().unwrap();
        assert!((now + 800..=now + 910).contains(&until), "{until} from {now}");
        let past = json!({
            "Key": {"pk": item["pk"], "sk": item["sk"]}, "UpdateExpression": "SET expires_at = :past",
            "ExpressionAttributeValues": {":past": {"N": "1"}},
        });
        dynamodb(&stack, "UpdateItem", past).await;
    }
    assert_ne!(run(&own_keys, "1", "first", "a").await, first);
    operator.client.is_drained().await;
    stack.shutdown().await;
}
