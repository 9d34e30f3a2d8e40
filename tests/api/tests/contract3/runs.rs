//! `POST /admin/v1/notiflows/{handle}/run`, and what its notifications show.

use api::{Answer, eventually, unique};
use local::stack::Options;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{Operator, external_id, is_error, is_fault, user_path};

/// A category whose email says the run's data, its recipient's name and its actor's. It is hidden, since other tests use the same stack.
async fn category(operator: &Operator) -> String {
    let handle = format!("run-{}.{}", std::process::id(), unique());
    let admin = operator.client.token("admin").await;
    let text = "{{ data.what }} {{ what }} for {{ user.first_name }}{% if actor is defined %} by {{ actor.first_name }}{% endif %}";
    let template = json!({"locales": {"default": {"email": {"subject": "S", "text": text}}}});
    let made = operator.client.json(Method::PUT, &format!("/api/v1/templates/{handle}"), &admin, &template).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text);
    let category = json!({"name": {"default": "Runs"}, "template_code": handle, "channels": ["email"], "hidden": true});
    let made = operator.client.json(Method::PUT, &format!("/api/v1/categories/{handle}"), &admin, &category).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text);
    handle
}

fn path(handle: &str) -> String {
    format!("/admin/v1/notiflows/{handle}/run")
}

impl Operator {
    /// Runs a notiflow. Returns the run's id.
    async fn run(&self, handle: &str, body: &Value) -> String {
        let answer = self.send(Method::POST, &path(handle), body.clone()).await;
        let id = answer.json()["notiflow_run_id"].clone();
        answer.is(202, json!({"notiflow_run_id": id}));
        id.as_str().unwrap().to_owned()
    }

    async fn tried(&self, tries: &str, key: Option<&str>, handle: &str, body: &Value) -> Answer {
        let mut headers = vec![
            ("x-notiflows-api-key", self.api_key.as_str()),
            ("x-notiflows-secret-key", self.secret_key.as_str()),
            ("x-stainless-retry-count", tries),
        ];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        self.client.send(Method::POST, &path(handle), &headers, Some(body.to_string().into_bytes())).await
    }

    /// The user's notifications, once there are so many and all are processed.
    async fn processed(&self, external: &str, count: usize) -> Vec<Value> {
        let path = format!("{}/notifications", user_path(external));
        eventually(async || {
            let listed = self.send(Method::GET, &path, Value::Null).await;
            let items = listed.json()["items"].as_array().cloned().unwrap_or_default();
            let all = items.len() == count && items.iter().all(|one| one["status"] == "processed");
            all.then_some(items)
        })
        .await
    }

    async fn status(&self, external: &str) -> u16 {
        self.send(Method::GET, &user_path(external), Value::Null).await.status.as_u16()
    }
}

#[tokio::test]
async fn a_run_creates_who_is_not_there_changes_nobody_and_its_notifications_say_where_they_come_from() {
    let operator = Operator::new().await;
    let handle = category(&operator).await;
    let (there, new, actor) = (external_id(), external_id(), external_id());
    let email = |name: &str| format!("{name}-{}@example.com", unique());
    let (own, other) = (email("there"), email("new"));
    let made = operator.send(Method::PUT, &user_path(&there), json!({"email": own, "first_name": "Ada"})).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text);
    let body = json!({
        "recipients": [
            {"external_id": there, "first_name": "Not", "email": email("not")},
            {"external_id": new, "first_name": "Ben", "email": other, "locale": "de", "custom_fields": {"n": 12.5}},
            {"external_id": there},
        ],
        "data": {"what": "Cake"},
        "actor": {"external_id": actor, "first_name": "Cleo"},
    });
    let id = operator.run(&handle, &body).await;
    let [one] = operator.processed(&there, 1).await.try_into().unwrap();
    operator.processed(&new, 1).await;
    assert_eq!((&one["notiflow_run_id"], &one["notiflow_handle"]), (&json!(id), &json!(handle)));
    assert_eq!((&one["data"], &one["topic"]), (&json!({"what": "Cake"}), &Value::Null));
    assert_eq!((&one["actor"]["external_id"], &one["actor"]["first_name"]), (&json!(actor), &json!("Cleo")));
    assert_eq!(one["recipient"]["first_name"], "Ada");
    for (address, name) in [(own, "Ada"), (other, "Ben")] {
        let got = operator.client.deliveries_to(&address).await;
        assert_eq!(got.len(), 1, "{got:?}");
        assert!(got[0].to_string().contains(&format!("Cake Cake for {name} by Cleo")), "{got:?}");
    }
    let created = operator.send(Method::GET, &user_path(&new), Value::Null).await;
    assert!(created.text.contains(r#""custom_fields":{"n":12.5}"#), "{}", created.text);
    let created = created.json();
    assert_eq!((&created["first_name"], &created["locale"]), (&json!("Ben"), &json!("de")));
    // A run without an actor has none, and reaches the same users again.
    operator.run(&handle, &json!({"recipients": [{"external_id": there}], "data": {"what": "Tea"}})).await;
    let twice = operator.processed(&there, 2).await;
    assert!(twice.iter().any(|one| one.get("actor").is_none()), "{twice:?}");
}

#[tokio::test]
async fn a_topic_s_run_is_found_by_its_topic() {
    let operator = Operator::new().await;
    let handle = category(&operator).await;
    let (user, topic) = (external_id(), format!("run-{}.{}", std::process::id(), unique()));
    operator.send(Method::PUT, &user_path(&user), json!({"first_name": "Ada"})).await;
    let subscriptions = format!("/admin/v1/topics/{topic}/subscriptions");
    operator.send(Method::POST, &subscriptions, json!({"user_external_ids": [user]})).await;
    operator.client.index_catches_up().await;
    api::past_for_every_clock().await;
    let id = operator.run(&handle, &json!({"topic": topic, "data": {"what": "News"}})).await;
    let [one] = operator.processed(&user, 1).await.try_into().unwrap();
    assert_eq!((&one["topic"], &one["notiflow_run_id"]), (&json!(topic), &json!(id)));
    let of = async |what: &str, topic: &str| {
        let path = format!("{}/{what}?topic={topic}", user_path(&user));
        operator.send(Method::GET, &path, Value::Null).await.json()["items"].as_array().unwrap().len()
    };
    for what in ["notifications", "deliveries"] {
        assert_eq!((of(what, &topic).await, of(what, "another").await), (1, 0), "{what}");
    }
}

#[tokio::test]
async fn a_request_that_comes_again_is_the_same_run_and_another_one_is_another_run() {
    let operator = Operator::new().await;
    let handle = category(&operator).await;
    let (user, email) = (external_id(), api::unique_email());
    let body = |what: &str| json!({"recipients": [{"external_id": user, "email": email}], "data": {"what": what}});
    let run = async |tries: &str, key: Option<&str>, what: &str| {
        let answer = operator.tried(tries, key, &handle, &body(what)).await;
        assert_eq!(answer.status.as_u16(), 202, "{}", answer.text);
        answer.json()["notiflow_run_id"].as_str().unwrap().to_owned()
    };
    let first = run("0", None, "a").await;
    assert_eq!(run("1", None, "a").await, first);
    assert_eq!(run("2", None, "a").await, first);
    let new = run("0", None, "a").await;
    assert_ne!(new, first, "the same words again");
    assert_eq!(run("1", None, "a").await, new);
    // The first try may not have arrived.
    let lost = run("1", None, "b").await;
    assert!(lost != first && run("2", None, "b").await == lost);
    let key = format!("key-{}.{}", std::process::id(), unique());
    let keyed = run("0", Some(&key), "c").await;
    assert_eq!(run("0", Some(&key), "c").await, keyed);
    let conflict = operator.tried("0", Some(&key), &handle, &body("d")).await;
    assert_eq!((conflict.status.as_u16(), conflict.header("x-should-retry")), (409, "false"));
    operator.processed(&user, 4).await;
    assert_eq!(operator.client.deliveries_to(&email).await.len(), 4);
}

#[tokio::test]
async fn what_is_no_run_is_refused_and_nobody_is_created() {
    let operator = Operator::new().await;
    let handle = category(&operator).await;
    let (good, bad) = (external_id(), "a/b");
    let one = json!({"external_id": good});
    let data = json!({"what": "x"});
    let unknown = operator.send(Method::POST, &path("unheard-of"), json!({"recipients": [one], "data": data})).await;
    is_error(&unknown, 404, "not_found", json!({"resource": "notiflow", "id": "unheard-of"}));
    let topic = operator.send(Method::POST, &path(&handle), json!({"topic": "unheard-of", "data": data})).await;
    is_error(&topic, 404, "not_found", json!({"resource": "topic", "id": "unheard-of"}));
    for (body, field, reason) in [
        (json!({"data": data}), "recipients", "required"),
        (json!({"recipients": [one], "topic": "x", "data": data}), "topic", "invalid"),
        (json!({"recipients": [], "data": data}), "recipients", "length"),
        (json!({"recipients": vec![one.clone(); 1001], "data": data}), "recipients", "length"),
        (json!({"recipients": [one, {"external_id": bad}], "data": data}), "recipients[1].external_id", "invalid"),
        (json!({"recipients": [one, {}], "data": data}), "recipients[1].external_id", "required"),
        (json!({"recipients": [one], "data": data, "actor": {"x": 1, "external_id": "a"}}), "actor.x", "unknown"),
        (json!({"recipients": [one], "data": {}}), "data.what", "invalid"),
    ] {
        is_fault(&operator.send(Method::POST, &path(&handle), body).await, field, reason);
    }
    let empty = operator.send_text(Method::POST, &path(&handle), "").await;
    is_error(&empty, 400, "bad_request", json!({"reason": "invalid_json"}));
    assert_eq!(operator.status(&good).await, 404);
    let get = operator.send(Method::GET, &path(&handle), Value::Null).await;
    assert_eq!((get.status.as_u16(), get.header("allow")), (405, "POST"));
    // A category that says nothing cannot be run.
    let silent = format!("silent-{}.{}", std::process::id(), unique());
    let admin = operator.client.token("admin").await;
    let category = json!({"name": {"default": "Silent"}, "hidden": true});
    operator.client.json(Method::PUT, &format!("/api/v1/categories/{silent}"), &admin, &category).await;
    let refused = operator.send(Method::POST, &path(&silent), json!({"recipients": [one]})).await;
    is_fault(&refused, "notiflow", "invalid");
}

/// API Gateway waits 29 seconds (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>).
#[tokio::test]
async fn a_thousand_users_are_created_by_forty_calls_and_none_of_them_twice() {
    let (stack, client) = api::own(Options { concurrency: 1, ..api::options(&[]) }).await;
    let operator = Operator::of(client).await;
    let handle = category(&operator).await;
    let all: Vec<_> = (0..1000).map(|_| external_id()).collect();
    let recipients: Vec<_> = all.iter().map(|id| json!({"external_id": id, "first_name": "New"})).collect();
    let body = json!({"recipients": recipients, "data": {"what": "x"}});
    let (mut first, mut again) = (None, None);
    // Nobody expands the run while the calls are counted.
    let workers = "/_local/functions/dispatch/concurrency";
    set(&operator, Method::PUT, workers, json!({"reserved": 0})).await;
    let costs = crate::counts::calls(&operator.client, async || {
        first = Some(operator.tried("0", None, &handle, &body).await);
    })
    .await;
    let count = |costs: &Map<String, Value>, name: &str| costs.get(name).map_or(0, |it| it[0].as_u64().unwrap());
    let of = |costs: &Map<String, Value>| {
        ["BatchGetItem", "BatchExecuteStatement", "BatchWriteItem"].map(|name| count(costs, name))
    };
    assert_eq!((of(&costs), &costs["SendMessageBatch"]), ([10, 40, 1], &json!(1)), "{costs:?}");
    let costs = crate::counts::calls(&operator.client, async || {
        again = Some(operator.tried("1", None, &handle, &body).await);
    })
    .await;
    assert_eq!(of(&costs), [10, 0, 1], "{costs:?}");
    let (first, again) = (first.unwrap(), again.unwrap());
    assert_eq!((first.status.as_u16(), again.json()), (202, first.json()), "{}", first.text);
    for external in [&all[0], &all[500], &all[999]] {
        let made = operator.send(Method::GET, &user_path(external), Value::Null).await;
        assert_eq!(made.json()["first_name"], "New", "{}", made.text);
    }
    set(&operator, Method::DELETE, workers, Value::Null).await;
    stack.shutdown().await;
}

async fn set(operator: &Operator, method: Method, path: &str, body: Value) {
    let set = operator.client.json(method, path, "", &body).await;
    assert!(set.status.is_success(), "{}", set.text);
}
