//! Topics and their subscriptions: `/admin/v1/topics…` and `/admin/v1/users/{external_id}/subscriptions…`.

use std::cmp::Reverse;

use api::{Answer, dynamodb, options, own, unique};
use futures::future::join_all;
use local::stack::{Options, Stack};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Operator, external_id, is_error, is_fault, user_path};
use crate::counts::calls;

const TOPICS: &str = "/admin/v1/topics";

/// A topic's name that no other test uses.
fn name() -> String {
    format!("topic {}.{}", std::process::id(), unique())
}

fn topic_path(name: &str) -> String {
    format!("{TOPICS}/{}", name.replace(' ', "%20"))
}

fn subscribers(name: &str) -> String {
    format!("{}/subscriptions", topic_path(name))
}

impl Operator {
    /// A new user. Returns the external id and the internal one.
    async fn person(&self) -> (String, String) {
        let external = external_id();
        let made = self.send(Method::PUT, &user_path(&external), json!({"first_name": "A"})).await;
        assert_eq!(made.status.as_u16(), 201, "{}", made.text);
        (external, made.json()["id"].as_str().unwrap().to_owned())
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Value::Null).await
    }

    async fn subscribe(&self, name: &str, external: &[&str]) -> Answer {
        self.send(Method::POST, &subscribers(name), json!({"user_external_ids": external})).await
    }

    /// A request with one more header.
    async fn with(&self, header: (&str, &str), method: Method, path: &str, body: Value) -> Answer {
        let (api_key, secret_key) = (self.api_key.as_str(), self.secret_key.as_str());
        let headers = [("x-notiflows-api-key", api_key), ("x-notiflows-secret-key", secret_key), header];
        self.client.send(method, path, &headers, (!body.is_null()).then(|| body.to_string().into_bytes())).await
    }

    /// The users who are subscribed to a topic, by their internal ids, once the index has caught up.
    async fn subscribed(&self, name: &str) -> Vec<Value> {
        self.client.index_catches_up().await;
        let listed = self.get(&format!("{}?limit=1000", subscribers(name))).await;
        assert_eq!(listed.status.as_u16(), 200, "{}", listed.text);
        listed.json()["items"].as_array().unwrap().iter().map(|item| item["user_id"].clone()).collect()
    }
}

async fn alone(concurrency: usize) -> (Stack, Operator) {
    let (stack, client) = own(Options { concurrency, ..options(&[]) }).await;
    let operator = Operator::of(client).await;
    (stack, operator)
}

#[tokio::test]
async fn a_subscription_creates_its_topic_is_made_once_and_ends_once() {
    let operator = Operator::new().await;
    let ((external, user), name) = (operator.person().await, name());
    let all = format!("{}/subscriptions", user_path(&external));
    let one = format!("{all}/{}", name.replace(' ', "%20"));
    is_error(&operator.get(&topic_path(&name)).await, 404, "not_found", json!({"resource": "topic", "id": name}));
    let none = json!({"resource": "subscription", "id": name});
    is_error(&operator.get(&one).await, 404, "not_found", none.clone());

    let made = operator.send(Method::POST, &all, json!({"topic_name": name})).await;
    let subscription = made.json();
    let expected = json!({
        "id": subscription["id"], "topic_name": name, "user_id": user, "created_at": subscription["created_at"],
    });
    made.is(201, expected.clone());
    assert_eq!(subscription["id"].as_str().map(str::len), Some(36));
    let topic = operator.get(&topic_path(&name)).await;
    topic.is(200, json!({"name": name, "created_at": topic.json()["created_at"]}));

    // Again it is the same, since the same time, by whichever path.
    operator.send(Method::POST, &all, json!({"topic_name": name})).await.is(200, expected.clone());
    operator.subscribe(&name, &[&external]).await.is(200, json!({"successful": [expected], "failed": []}));
    operator.get(&one).await.is(200, expected.clone());
    let page = json!({
        "limit": 25, "after": null, "before": operator.get(&all).await.json()["page"]["before"],
        "has_more_after": false, "has_more_before": false,
    });
    operator.get(&all).await.is(200, json!({"items": [expected], "page": page}));
    assert_eq!(operator.subscribed(&name).await, [json!(user)]);

    assert_eq!(operator.send(Method::DELETE, &one, Value::Null).await.status.as_u16(), 204);
    is_error(&operator.send(Method::DELETE, &one, Value::Null).await, 404, "not_found", none);
    let repeated = ("x-stainless-retry-count", "1");
    assert_eq!(operator.with(repeated, Method::DELETE, &one, Value::Null).await.status.as_u16(), 204);
    assert_eq!(operator.subscribed(&name).await, [] as [Value; 0]);
    assert_eq!(operator.get(&topic_path(&name)).await.status.as_u16(), 200, "the topic stays");
    for _ in 0..2 {
        let answer = operator.with(repeated, Method::DELETE, &topic_path(&name), Value::Null).await;
        assert_eq!(answer.status.as_u16(), 204, "{}", answer.text);
    }
    assert_eq!(operator.send(Method::DELETE, &topic_path(&name), Value::Null).await.status.as_u16(), 404);
}

#[tokio::test]
async fn many_are_subscribed_by_one_request_each_once_and_who_is_not_there_is_told() {
    let operator = Operator::new().await;
    let name = name();
    let mut people = Vec::new();
    for _ in 0..3 {
        people.push(operator.person().await);
    }
    let gone = operator.person().await.0;
    assert_eq!(operator.send(Method::DELETE, &user_path(&gone), Value::Null).await.status.as_u16(), 204);
    let ids: Vec<_> = people.iter().map(|(external, _)| external.as_str()).collect();
    let unknown = external_id();

    let first = operator.subscribe(&name, &[ids[0], ids[0], people[0].1.as_str()]).await;
    assert_eq!((first.status.as_u16(), first.json()["successful"].as_array().unwrap().len()), (200, 1), "one user");
    let all = operator.subscribe(&name, &[ids[2], &unknown, ids[0], &gone, ids[1]]).await;
    assert_eq!(all.status.as_u16(), 207, "{}", all.text);
    let answer = all.json();
    let users: Vec<_> = answer["successful"].as_array().unwrap().iter().map(|done| done["user_id"].clone()).collect();
    assert_eq!(users, [2, 0, 1].map(|n| json!(people[n].1)), "in the order of the request");
    assert_eq!(answer["successful"][1], first.json()["successful"][0], "the one before stays as it was");
    let failed = [&unknown, &gone].map(|external| json!({"external_id": external, "reason": "user_not_found"}));
    assert_eq!(answer["failed"], json!(failed));
    assert_eq!(operator.get(&user_path(&gone)).await.status.as_u16(), 404, "nobody is brought back");
    assert_eq!(operator.get(&user_path(&unknown)).await.status.as_u16(), 404, "nobody is created");

    let body = json!({"user_external_ids": [ids[1], unknown, ids[1], ids[2]]});
    let ended = operator.send(Method::DELETE, &subscribers(&name), body).await;
    let failed = json!([{"external_id": unknown, "reason": "not_subscribed"}]);
    ended.is(207, json!({"successful": [answer["successful"][2], answer["successful"][0]], "failed": failed}));
    assert_eq!(operator.subscribed(&name).await, [json!(people[0].1)]);
}

#[tokio::test]
async fn a_write_for_many_users_is_done_again_under_the_same_key_and_its_answer_is_not_kept() {
    let operator = Operator::new().await;
    let ((external, user), name) = (operator.person().await, name());
    let body = json!({"user_external_ids": [external]});
    let key = format!("\"{}\"", unique());
    let send = async |method| {
        let answer = operator.with(("idempotency-key", &key), method, &subscribers(&name), body.clone()).await;
        let users =
            answer.json()["successful"].as_array().unwrap().iter().map(|done| done["user_id"].clone()).collect();
        (answer.status.as_u16(), users)
    };
    let (is_done, is_not) = (|| (200, vec![json!(user)]), || (207, Vec::<Value>::new()));
    assert_eq!([send(Method::POST).await, send(Method::POST).await], [is_done(), is_done()]);
    assert_eq!([send(Method::DELETE).await, send(Method::DELETE).await], [is_done(), is_not()]);
    assert_eq!(send(Method::POST).await, is_done());
    assert_eq!(operator.send(Method::DELETE, &user_path(&external), Value::Null).await.status.as_u16(), 204);
    assert_eq!(send(Method::POST).await, is_not(), "nothing of the erased user is told");
}

#[tokio::test]
async fn a_thousand_are_subscribed_by_one_request() {
    let operator = Operator::new().await;
    let name = name();
    let (external, user) = operator.person().await;
    let nobody: Vec<_> = (0..999).map(|n| format!("nobody-{n}")).collect();
    let ids: Vec<_> = nobody.iter().map(String::as_str).chain([external.as_str()]).collect();
    let answer = operator.subscribe(&name, &ids).await;
    assert_eq!(answer.status.as_u16(), 207, "{}", answer.text);
    assert_eq!(answer.json()["failed"].as_array().unwrap().len(), 999);
    assert_eq!(answer.json()["successful"][0]["user_id"], json!(user));
}

#[tokio::test]
async fn a_topic_that_is_deleted_has_ended_at_once_and_one_created_anew_begins_without_anybody() {
    let (stack, operator) = alone(3).await;
    let name = name();
    let people = [operator.person().await, operator.person().await];
    let ids = people.each_ref().map(|(external, _)| external.as_str());
    assert_eq!(operator.subscribe(&name, &ids).await.status.as_u16(), 200);
    assert_eq!(operator.subscribed(&name).await.len(), 2);
    assert_eq!(operator.send(Method::DELETE, &topic_path(&name), Value::Null).await.status.as_u16(), 204);
    let none = json!({"resource": "topic", "id": name});
    for (method, path, body) in [
        (Method::DELETE, topic_path(&name), Value::Null),
        (Method::GET, topic_path(&name), Value::Null),
        (Method::GET, subscribers(&name), Value::Null),
        (Method::DELETE, subscribers(&name), json!({"user_external_ids": ids})),
    ] {
        is_error(&operator.send(method, &path, body).await, 404, "not_found", none.clone());
    }
    let of_user = format!("{}/subscriptions", user_path(ids[0]));
    assert_eq!(operator.get(&of_user).await.json()["items"], json!([]));

    // The items of before are still there, and count for nothing.
    let again = operator.subscribe(&name, &ids[..1]).await;
    assert_eq!(again.status.as_u16(), 200, "{}", again.text);
    assert_eq!(operator.subscribed(&name).await, [json!(people[0].1)]);
    let ended = operator.send(Method::DELETE, &subscribers(&name), json!({"user_external_ids": [ids[1]]})).await;
    ended.is(207, json!({"successful": [], "failed": [{"external_id": ids[1], "reason": "not_subscribed"}]}));

    // They are removed in the background, and the new one is not.
    let stored = async || {
        let table = dynamodb(&stack, "Scan", json!({})).await.to_string();
        table.matches(&format!("SUBSCRIPTION#{name}")).count()
    };
    assert_eq!(stored().await, 2);
    operator.client.tick().await;
    assert_eq!(stored().await, 1);
    assert_eq!(operator.subscribed(&name).await, [json!(people[0].1)]);
    stack.shutdown().await;
}

#[tokio::test]
async fn a_user_who_is_erased_is_subscribed_to_nothing_also_if_created_again() {
    let (stack, operator) = alone(2).await;
    let name = name();
    let (external, user) = operator.person().await;
    let all = format!("{}/subscriptions", user_path(&external));
    assert_eq!(operator.subscribe(&name, &[&external]).await.status.as_u16(), 200);
    let key = json!({"pk": {"S": format!("USER#{user}")}, "sk": {"S": format!("SUBSCRIPTION#{name}")}});
    let stored = dynamodb(&stack, "GetItem", json!({"Key": key})).await["Item"].clone();
    assert_eq!(operator.send(Method::DELETE, &user_path(&external), Value::Null).await.status.as_u16(), 204);
    assert!(dynamodb(&stack, "GetItem", json!({"Key": key})).await.get("Item").is_none(), "erased");

    let no_user = json!({"resource": "user", "id": external});
    let answer = operator.send(Method::POST, &all, json!({"topic_name": name})).await;
    is_error(&answer, 404, "not_found", no_user.clone());
    is_error(&operator.get(&all).await, 404, "not_found", no_user);
    assert_eq!(operator.subscribed(&name).await, [] as [Value; 0]);

    // A request that had read the user before the erasure may write late.
    dynamodb(&stack, "PutItem", json!({"Item": stored})).await;
    assert_eq!(operator.subscribed(&name).await, [] as [Value; 0]);
    let again = operator.send(Method::PUT, &user_path(&external), json!({})).await;
    assert_eq!(again.status.as_u16(), 201, "{}", again.text);
    assert_eq!(operator.get(&all).await.json()["items"], json!([]));
    assert_eq!(operator.subscribed(&name).await, [] as [Value; 0]);
    let made = operator.send(Method::POST, &all, json!({"topic_name": name})).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text);
    assert_eq!(operator.subscribed(&name).await, [json!(user)]);
    stack.shutdown().await;
}

#[tokio::test]
async fn a_topic_s_subscriptions_are_listed_newest_first_there_and_back_and_by_time() {
    let operator = Operator::new().await;
    let name = name();
    let mut all = Vec::new();
    for _ in 0..5 {
        let done = operator.subscribe(&name, &[&operator.person().await.0]).await.json()["successful"][0].clone();
        all.push(done);
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    }
    // The list has the order of the clocks of the processes that wrote, and clocks differ.
    all.sort_by_key(|item| Reverse(item["created_at"].as_str().unwrap().to_owned()));
    operator.client.index_catches_up().await;
    let page = async |query: String| {
        let answer = operator.get(&format!("{}?{query}", subscribers(&name))).await;
        assert_eq!(answer.status.as_u16(), 200, "{query}: {}", answer.text);
        answer.json()
    };
    let first = page("limit=2".into()).await;
    let cursor = |page: &Value, name: &str| page["page"][name].as_str().unwrap().to_owned();
    let expected = json!({"items": all[..2], "page": {
        "limit": 2, "after": first["page"]["after"], "before": first["page"]["before"],
        "has_more_after": true, "has_more_before": false,
    }});
    assert_eq!(first, expected);
    let second = page(format!("limit=2&after={}", cursor(&first, "after"))).await;
    assert_eq!((&second["items"], &second["page"]["has_more_before"]), (&json!(all[2..4]), &json!(true)));
    let third = page(format!("limit=2&after={}", cursor(&second, "after"))).await;
    assert_eq!((&third["items"], &third["page"]["after"]), (&json!(all[4..]), &Value::Null), "the last page");
    let back = page(format!("limit=3&before={}", cursor(&third, "before"))).await;
    assert_eq!(back["items"], json!(all[1..4]));
    let time = |n: usize| all[n]["created_at"].as_str().unwrap();
    let between = page(format!("created_after={}&created_before={}", time(4), time(0))).await;
    assert_eq!(between["items"], json!(all[1..4]));
}

#[tokio::test]
async fn topics_are_listed_newest_first_page_by_page() {
    let (stack, operator) = alone(1).await;
    let names = [name(), name(), name()];
    let external = operator.person().await.0;
    for name in &names {
        operator.subscribe(name, &[&external]).await;
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    }
    operator.client.index_catches_up().await;
    let page = async |query: &str| operator.get(&format!("{TOPICS}?limit=2{query}")).await.json();
    let listed = |page: &Value| page["items"].as_array().unwrap().iter().map(|t| t["name"].clone()).collect::<Vec<_>>();
    let first = page("").await;
    assert_eq!(listed(&first), [json!(names[2]), json!(names[1])]);
    assert_eq!(first["items"][0], operator.get(&topic_path(&names[2])).await.json());
    let rest = page(&format!("&after={}", first["page"]["after"].as_str().unwrap())).await;
    assert_eq!((listed(&rest), &rest["page"]["after"]), (vec![json!(names[0])], &Value::Null));
    let back = page(&format!("&before={}", rest["page"]["before"].as_str().unwrap())).await;
    assert_eq!(listed(&back), [json!(names[2]), json!(names[1])]);
    // A user's own list is by name, and strongly consistent.
    let of_user = format!("{}/subscriptions", user_path(&external));
    let own = async |query: &str| operator.get(&format!("{of_user}?limit=2{query}")).await.json();
    let by_name = |page: &Value| {
        page["items"].as_array().unwrap().iter().map(|item| item["topic_name"].clone()).collect::<Vec<_>>()
    };
    let mut sorted = names.clone();
    sorted.sort();
    let first = own("").await;
    assert_eq!(by_name(&first), [json!(sorted[0]), json!(sorted[1])]);
    let rest = own(&format!("&after={}", first["page"]["after"].as_str().unwrap())).await;
    assert_eq!((by_name(&rest), &rest["page"]["has_more_before"]), (vec![json!(sorted[2])], &json!(true)));
    let back = own(&format!("&before={}", rest["page"]["before"].as_str().unwrap())).await;
    assert_eq!(by_name(&back), by_name(&first));
    operator.send(Method::DELETE, &topic_path(&names[1]), Value::Null).await;
    operator.client.index_catches_up().await;
    assert_eq!(listed(&page("").await), [json!(names[2]), json!(names[0])]);
    stack.shutdown().await;
}

#[tokio::test]
async fn what_is_no_topic_no_user_or_no_list_of_users_is_refused_and_nothing_is_written() {
    let operator = Operator::new().await;
    let name = name();
    let long = "x".repeat(129);
    for path in
        [topic_path("a%23b"), topic_path(&long), format!("{}/{long}", format_args!("{}/subscriptions", user_path("x")))]
    {
        let answer = operator.get(&path).await;
        is_error(&answer, 400, "bad_request", json!({"reason": "invalid_param", "param": "name"}));
    }
    let of_users = subscribers(&name);
    let many: Vec<_> = (0..1001).map(|n| format!("user-{n}")).collect();
    let external = operator.person().await.0;
    for method in [Method::POST, Method::DELETE] {
        for (ids, field, reason) in [
            (json!([]), "user_external_ids", "length"),
            (json!(many), "user_external_ids", "length"),
            (json!("a"), "user_external_ids", "invalid"),
            (Value::Null, "user_external_ids", "invalid"),
            (json!([external, "a/b"]), "user_external_ids[1]", "invalid"),
            (json!([external, external, 7]), "user_external_ids[2]", "invalid"),
        ] {
            is_fault(&operator.send(method.clone(), &of_users, json!({"user_external_ids": ids})).await, field, reason);
        }
        is_fault(&operator.send(method.clone(), &of_users, json!({})).await, "user_external_ids", "required");
    }
    let of_user = format!("{}/subscriptions", user_path(&external));
    for (body, field, reason) in [
        (json!({}), "topic_name", "required"),
        (json!({"topic_name": 7}), "topic_name", "invalid"),
        (json!({"topic_name": "a/b"}), "topic_name", "invalid"),
        (json!({"topic_name": "."}), "topic_name", "invalid"),
        (json!({"topic_name": ".."}), "topic_name", "invalid"),
        (json!({"topic_name": long}), "topic_name", "invalid"),
        (json!({"topic_name": name, "x": 1}), "x", "unknown"),
    ] {
        is_fault(&operator.send(Method::POST, &of_user, body).await, field, reason);
    }
    for cursor in ["after", "before"] {
        let answer = operator.get(&format!("{TOPICS}?{cursor}=x")).await;
        is_error(&answer, 400, "bad_request", json!({"reason": "invalid_param", "param": cursor}));
    }
    assert_eq!(operator.get(&topic_path(&name)).await.status.as_u16(), 404, "no topic was made");
    assert_eq!(operator.get(&of_user).await.json()["items"], json!([]));
}

/// What was done for some is told, although the table fails for another.
#[tokio::test]
async fn a_request_for_many_that_fails_for_one_says_so_for_that_one_and_may_be_repeated() {
    let (stack, operator) = alone(1).await;
    let name = name();
    let mut people = Vec::new();
    for _ in 0..3 {
        people.push(operator.person().await);
    }
    let ids: Vec<_> = people.iter().map(|(external, _)| external.as_str()).collect();
    operator.subscribe(&name, &ids).await;
    let body = json!({"user_external_ids": ids});
    let unsubscribe = async || operator.send(Method::DELETE, &subscribers(&name), body.clone()).await;
    let failing = |user: &str| json!({"operation": "DeleteItem", "containing": [user], "kind": "throttle"});
    crate::faults::faults(&operator.client, json!({"dynamodb": [failing(&people[1].1)]})).await;
    let told = |answer: &Answer| {
        let (body, mut successful) = (answer.json(), Vec::new());
        for one in body["successful"].as_array().unwrap() {
            successful.push(one["user_id"].clone());
        }
        (answer.status.as_u16(), json!(successful), body["failed"].clone())
    };
    let first = unsubscribe().await;
    let failed = json!([{"external_id": people[1].0, "reason": "unavailable"}]);
    assert_eq!(told(&first), (207, json!([people[0].1, people[2].1]), failed));
    crate::faults::faults(&operator.client, json!({})).await;
    let again = unsubscribe().await;
    let ended = |n: usize| json!({"external_id": people[n].0, "reason": "not_subscribed"});
    assert_eq!(told(&again), (207, json!([people[1].1]), json!([ended(0), ended(2)])));
    // If nothing was done for anybody, the request has failed.
    operator.subscribe(&name, &ids).await;
    let all: Vec<_> = people.iter().map(|(_, id)| failing(id)).collect();
    crate::faults::faults(&operator.client, json!({"dynamodb": all})).await;
    assert_eq!(unsubscribe().await.status.as_u16(), 503);
    stack.shutdown().await;
}

#[tokio::test]
async fn at_once_each_user_is_subscribed_once_and_the_first_time_stays() {
    let operator = Operator::new().await;
    let ((external, _), name) = (operator.person().await, name());
    let all = format!("{}/subscriptions", user_path(&external));
    let answers = join_all((0..8).map(|_| operator.send(Method::POST, &all, json!({"topic_name": name})))).await;
    let new = answers.iter().filter(|answer| answer.status.as_u16() == 201).count();
    assert_eq!(new, 1, "{answers:?}");
    assert!(answers.iter().all(|answer| answer.json() == answers[0].json()), "{answers:?}");
}

#[tokio::test]
async fn a_subscription_is_two_units_and_costs_nothing_the_second_time() {
    let (stack, operator) = alone(1).await;
    let name = name();
    let (first, second) = (operator.person().await.0, operator.person().await.0);
    operator.subscribe(&name, &[&first]).await;
    let all = format!("{}/subscriptions", user_path(&second));
    let subscribe = async || drop(operator.send(Method::POST, &all, json!({"topic_name": name})).await);
    let costs = calls(&operator.client, subscribe).await;
    // The user; the topic, and no subscription, which is half a unit less; the item and its entry in the index; the user once more.
    let expected = json!({"GetItem": [1, 1.0], "BatchGetItem": [2, 3.0], "PutItem": [1, 2.0]});
    assert_eq!(json!(costs), expected);
    let costs = calls(&operator.client, subscribe).await;
    assert_eq!(json!(costs), json!({"GetItem": [1, 1.0], "BatchGetItem": [1, 2.0]}), "again");

    let mut people = Vec::new();
    for _ in 0..25 {
        people.push(operator.person().await.0);
    }
    let ids: Vec<_> = people.iter().map(String::as_str).collect();
    let costs = calls(&operator.client, async || drop(operator.subscribe(&name, &ids).await)).await;
    assert_eq!(costs["BatchExecuteStatement"], json!([1, 50.0]), "25 users by one call: {costs:?}");
    stack.shutdown().await;
}
