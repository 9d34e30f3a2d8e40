//! Notifications and deliveries as an application reads them: all, or a user's.

use std::cmp::Reverse;

use api::{eventually, options, own, past_for_every_clock, unique};
use local::stack::Stack;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Operator, external_id, is_error, user_path};
use crate::{counts::calls, faults::answers};

const NOTIFICATIONS: &str = "/admin/v1/notifications";
const DELIVERIES: &str = "/admin/v1/deliveries";

/// An operator on a stack that only one test uses: the lists are of the whole deployment.
async fn alone() -> (Stack, Operator) {
    let (stack, client) = own(options(&[])).await;
    (stack, Operator::of(client).await)
}

async fn read(operator: &Operator, path: &str) -> Value {
    let answer = operator.send(Method::GET, path, Value::Null).await;
    assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text);
    assert_eq!(answer.header("content-type"), "application/json");
    answer.json()
}

/// Sends a notification and waits for its end.
async fn sent(operator: &Operator, body: Value) -> String {
    let mut whole = json!({"user_id": operator.user, "content": {"subject": "S", "title": "T", "body": "B"}});
    whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    let id = operator.client.notify(&whole).await;
    operator.client.settled(&id).await;
    id
}

/// All items of a list page by page, as the product's clients read it: as long as `after` is set. No page is empty before.
async fn walk(operator: &Operator, path: &str, query: &str) -> Vec<Value> {
    let (mut items, mut after) = (Vec::new(), String::new());
    loop {
        let page = read(operator, &format!("{path}?{query}{after}")).await;
        let found = page["items"].as_array().unwrap();
        items.extend(found.clone());
        let Some(next) = page["page"]["after"].as_str() else {
            assert_eq!(page["page"]["has_more_after"], false, "{page}");
            return items;
        };
        assert!(!found.is_empty() && page["page"]["has_more_after"] == true, "{path}?{query}: {page}");
        after = format!("&after={next}");
    }
}

fn ids(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_notification_and_its_deliveries_have_the_product_s_shape() {
    let (stack, operator) = alone().await;
    let client = &operator.client;
    client.set_up_inbox().await;
    let body = json!({
        "user_id": operator.user, "channels": ["email", "slack", "in_app"], "group": "news",
        "content": {"subject": "S", "title": "T", "body": "B"},
    });
    let id = client.notify(&body).await;
    let ours = client.settled(&id).await;
    let recipient = read(&operator, &format!("/admin/v1/users/{}", operator.user)).await;
    let whole = read(&operator, &format!("{NOTIFICATIONS}/{id}")).await;
    let notiflow = Uuid::parse_str(whole["notiflow_id"].as_str().unwrap()).unwrap();
    assert_eq!(notiflow.get_version_num(), 5);
    let at = |n: usize| ours["deliveries"][n]["at"].clone();
    let last = (0..3).map(|n| at(n).as_str().unwrap().to_owned()).max();
    let delivery = |n: usize, channel_type: &str, more: Value| {
        let mut delivery = json!({
            "id": format!("{id}.{channel_type}"), "notification_id": id, "notiflow_id": whole["notiflow_id"],
            "notiflow_handle": "news", "channel_type": channel_type, "recipient": recipient,
            // The clock of the process that sent it may be behind that of the one that accepted it.
            "created_at": ours["created_at"], "updated_at": at(n).as_str().max(ours["created_at"].as_str()),
        });
        delivery.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        delivery
    };
    let through = |n: usize| {
        let addresses = ours["deliveries"][n]["addresses"].as_object().unwrap().values();
        addresses.map(|address| address["channel_id"].clone()).next().unwrap()
    };
    assert_eq!(through(0), operator.channels["email"]);
    let deliveries = [
        delivery(0, "email", json!({"status": "sent", "sent_at": at(0), "channel_id": through(0)})),
        delivery(1, "chat", json!({"status": "failed", "reason": "no_address"})),
        delivery(
            2,
            "in_app",
            json!({
                "status": "sent", "sent_at": at(2), "channel_id": "inbox", "data": {"title": "T", "body": "B"},
            }),
        ),
    ];
    let listed = json!({
        "id": id, "notiflow_id": whole["notiflow_id"], "notiflow_handle": "news", "notiflow_run_id": id,
        "recipient": recipient, "data": {}, "status": "processed", "processed_at": last,
        "created_at": ours["created_at"], "updated_at": last.as_deref().max(ours["created_at"].as_str()),
    });
    let mut expected = listed.clone();
    expected["deliveries"] = json!(deliveries);
    assert_eq!(whole, expected);
    let of_user = format!("/admin/v1/users/{}", operator.user);
    assert_eq!(read(&operator, &format!("{of_user}/notifications/{id}")).await, expected);
    let page = read(&operator, &format!("{NOTIFICATIONS}/{id}/deliveries")).await;
    assert_eq!((&page["items"], &page["page"]["after"]), (&json!(deliveries), &Value::Null));
    for delivery in &deliveries {
        let one = delivery["id"].as_str().unwrap();
        assert_eq!(&read(&operator, &format!("{DELIVERIES}/{one}")).await, delivery);
        assert_eq!(&read(&operator, &format!("{of_user}/deliveries/{one}")).await, delivery);
    }
    client.index_catches_up().await;
    let page = read(&operator, &format!("{of_user}/notifications")).await;
    assert_eq!((&page["items"], &page["page"]["after"]), (&json!([listed]), &Value::Null), "no deliveries in a list");
    assert_eq!(read(&operator, &format!("{of_user}/deliveries")).await["items"], json!(deliveries));

    // What the user does with the entry is seen, and another kind has another id.
    let inbox = format!("/api/v1/users/{}/inbox", operator.user);
    let admin = client.token("admin").await;
    let item = client.get(&inbox, &admin).await.json()["data"]["items"][0]["id"].as_str().unwrap().to_owned();
    let marked = client.json(Method::PATCH, &format!("{inbox}/{item}"), &admin, &json!({"read": true})).await.json();
    let in_app = read(&operator, &format!("{DELIVERIES}/{id}.in_app")).await;
    assert!(in_app["read_at"].is_string() && in_app["read_at"] == marked["data"]["read_at"], "{in_app}");
    let template = json!({
        "user_id": operator.user, "notification_type": "email", "template_code": "welcome", "variables": {"name": "John"},
    });
    let other = read(&operator, &format!("{NOTIFICATIONS}/{}", client.notify(&template).await)).await;
    assert_eq!((&other["data"], &other["notiflow_handle"]), (&json!({"name": "John"}), &json!("none")));
    assert_ne!(other["notiflow_id"], whole["notiflow_id"]);
    stack.shutdown().await;
}

#[tokio::test]
async fn the_state_is_what_the_deliveries_came_to() {
    let (stack, operator) = alone().await;
    let client = &operator.client;
    let device = format!("device-{}", unique());
    let admin = client.token("admin").await;
    let path = format!("/api/v1/users/{}", operator.user);
    client.json(Method::PUT, &path, &admin, &json!({"push_token": device})).await;
    let second = format!("device-{}", unique());
    let gone = [&device, &second].map(|device| json!({"to": device, "status": 404, "always": true}));
    answers(client, "fcm", json!(gone)).await;
    let failed = sent(&operator, json!({"channels": ["push", "slack"]})).await;
    let skipped = sent(&operator, json!({"channels": ["slack"]})).await;
    let processed = sent(&operator, json!({"channels": ["email", "slack"]})).await;
    // The token that was gone is not the user's any more.
    client.json(Method::PUT, &path, &admin, &json!({"push_token": second})).await;
    let partly = sent(&operator, json!({"channels": ["push", "email"]})).await;
    let later = shared::clock::Clock::system().now().plus(std::time::Duration::from_secs(24 * 60 * 60)).to_string();
    let body = json!({
        "user_id": operator.user, "channels": ["email"], "send_at": later, "content": {"subject": "S", "body": "B"},
    });
    let held = client.notify(&body).await;
    client.notification_when(&held, |data| data["deliveries"][0]["trace"].is_array()).await;
    client.index_catches_up().await;
    for (id, status, deliveries) in [
        (&failed, "failed", vec![("failed", "address_gone"), ("failed", "no_address")]),
        (&skipped, "processed", vec![("failed", "no_address")]),
        (&processed, "processed", vec![("sent", ""), ("failed", "no_address")]),
        (&partly, "processed", vec![("sent", ""), ("failed", "address_gone")]),
        (&held, "processing", vec![("pending", "not_yet_due")]),
    ] {
        let one = read(&operator, &format!("{NOTIFICATIONS}/{id}")).await;
        assert_eq!(one["status"], status, "{one}");
        assert_eq!(one["processed_at"].is_string(), status != "processing", "{one}");
        let found = one["deliveries"].as_array().unwrap().iter();
        let found: Vec<_> =
            found.map(|one| (one["status"].as_str().unwrap(), one["reason"].as_str().unwrap_or_default())).collect();
        assert_eq!(found, deliveries, "{one}");
    }
    for (status, mut expected) in [
        ("failed", vec![failed.clone()]),
        ("processing", vec![held.clone()]),
        ("processed", vec![skipped.clone(), processed.clone(), partly.clone()]),
        ("pending", vec![]),
    ] {
        let of_user = format!("/admin/v1/users/{}/notifications", operator.user);
        for list in [NOTIFICATIONS, &of_user] {
            let mut found = ids(&walk(&operator, list, &format!("limit=1&status={status}")).await);
            found.sort();
            expected.sort();
            assert_eq!(found, expected, "{list} {status}");
        }
    }
    let of_user = format!("/admin/v1/users/{}/deliveries", operator.user);
    let email = operator.channels["email"].as_str().unwrap();
    for (query, count) in [
        ("status=sent".to_owned(), 2),
        ("status=failed".to_owned(), 5),
        ("status=pending".to_owned(), 1),
        (format!("channel_id={email}"), 2),
        (format!("channel_id={email}&status=failed"), 0),
        ("topic=news".to_owned(), 0),
    ] {
        for list in [DELIVERIES, &of_user] {
            let found = walk(&operator, list, &format!("limit=1&{query}")).await;
            assert_eq!(found.len(), count, "{list} {query}: {found:?}");
        }
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn all_are_listed_the_newest_first_and_pages_go_there_and_back() {
    let (stack, operator) = alone().await;
    let other = operator.client.new_user(json!({})).await["id"].clone();
    for n in 0..7 {
        let user = if n % 3 == 2 { other.clone() } else { json!(operator.user) };
        sent(&operator, json!({"user_id": user, "channels": ["email", "sms"]})).await;
        past_for_every_clock().await;
    }
    operator.client.index_catches_up().await;
    let whole = read(&operator, NOTIFICATIONS).await;
    let all = whole["items"].as_array().unwrap().clone();
    let mut sorted = all.clone();
    sorted.sort_by_key(|one| Reverse(one["created_at"].as_str().unwrap().to_owned()));
    assert_eq!((all.len(), &all), (7, &sorted));
    let before = whole["page"]["before"].clone();
    assert_eq!(
        whole["page"],
        json!({"limit": 25, "after": null, "before": before, "has_more_after": false, "has_more_before": false})
    );
    let of_user = format!("/admin/v1/users/{}", operator.user);
    let own: Vec<_> = all.iter().filter(|one| one["recipient"]["id"] == json!(operator.user)).cloned().collect();
    assert_eq!(own.len(), 5);
    for limit in [1, 2, 3, 7] {
        assert_eq!(walk(&operator, NOTIFICATIONS, &format!("limit={limit}")).await, all, "{limit}");
        assert_eq!(walk(&operator, &format!("{of_user}/notifications"), &format!("limit={limit}")).await, own);
        let flat = walk(&operator, DELIVERIES, &format!("limit={limit}")).await;
        let expected: Vec<_> =
            ids(&all).iter().flat_map(|id| ["email", "sms"].map(|channel| format!("{id}.{channel}"))).collect();
        assert_eq!(ids(&flat), expected, "{limit}");
        let flat = walk(&operator, &format!("{of_user}/deliveries"), &format!("limit={limit}")).await;
        assert_eq!(flat.len(), 10);
    }
    for (list, whole) in [
        (NOTIFICATIONS.to_owned(), ids(&all)),
        (format!("{of_user}/notifications"), ids(&own)),
        (DELIVERIES.to_owned(), ids(&walk(&operator, DELIVERIES, "").await)),
    ] {
        let first = read(&operator, &format!("{list}?limit=2")).await;
        let second =
            read(&operator, &format!("{list}?limit=2&after={}", first["page"]["after"].as_str().unwrap())).await;
        assert_eq!(ids(second["items"].as_array().unwrap()), whole[2..4]);
        assert_eq!(second["page"]["has_more_before"], true, "{second}");
        let back =
            read(&operator, &format!("{list}?limit=3&before={}", second["page"]["before"].as_str().unwrap())).await;
        assert_eq!(ids(back["items"].as_array().unwrap()), whole[..2], "{list}");
        assert_eq!((&back["page"]["has_more_before"], &back["page"]["has_more_after"]), (&json!(false), &json!(true)));
        let again = read(&operator, &format!("{list}?limit=2&after={}", back["page"]["after"].as_str().unwrap())).await;
        assert_eq!(again["items"], second["items"], "{list}");
    }
    let time = |n: usize| all[n]["created_at"].as_str().unwrap();
    let between = format!("created_after={}&created_before={}", time(6), time(0));
    assert_eq!(walk(&operator, NOTIFICATIONS, &format!("limit=2&{between}")).await, all[1..6]);

    // What is to an erased user is gone, and the others stay.
    let erased = operator.send(Method::DELETE, &of_user, Value::Null).await;
    assert_eq!(erased.status.as_u16(), 204, "{}", erased.text);
    operator.client.index_catches_up().await;
    let left: Vec<_> = all.iter().filter(|one| one["recipient"]["id"] == other).cloned().collect();
    assert_eq!(walk(&operator, NOTIFICATIONS, "limit=1").await, left);
    stack.shutdown().await;
}

#[tokio::test]
async fn who_may_not_read_users_sees_who_it_is_and_no_more() {
    let operator = Operator::new().await;
    let client = &operator.client;
    let id = sent(&operator, json!({"channels": ["email"]})).await;
    let body = json!({"scopes": ["notifications:read"]});
    let made = client.json(Method::POST, "/api/v1/api-keys", &client.token("admin").await, &body).await.json();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    let limited = Operator {
        client: client.clone(),
        api_key: text("api_key"),
        secret_key: text("secret_key"),
        channels: operator.channels.clone(),
        user: operator.user.clone(),
    };
    let whole = read(&limited, &format!("{NOTIFICATIONS}/{id}")).await;
    let names: Vec<_> = whole["recipient"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["created_at", "external_id", "id", "updated_at"]);
    assert_eq!(whole["recipient"], whole["deliveries"][0]["recipient"]);
    let user = limited.send(Method::GET, &user_path(&operator.user), Value::Null).await;
    is_error(&user, 403, "forbidden", json!({"required_scope": "users:read"}));
}

#[tokio::test]
async fn a_notification_to_nobody_has_no_recipient() {
    let operator = Operator::new().await;
    let id = sent(&operator, json!({"user_id": Uuid::new_v4(), "channels": ["email"]})).await;
    let whole = read(&operator, &format!("{NOTIFICATIONS}/{id}")).await;
    assert_eq!((&whole["recipient"], &whole["status"]), (&Value::Null, &json!("processed")));
    assert_eq!(whole["deliveries"][0]["reason"], "user_not_found");
}

#[tokio::test]
async fn what_is_unknown_or_another_s_is_404_and_what_is_malformed_400() {
    let operator = Operator::new().await;
    let id = sent(&operator, json!({"channels": ["email"]})).await;
    let other = operator.client.new_user(json!({})).await["id"].as_str().unwrap().to_owned();
    let (nothing, nobody) = (Uuid::new_v4().to_string(), external_id());
    let nobody_s = user_path(&nobody);
    let not_found = |resource: &str, id: &str| json!({"resource": resource, "id": id});
    for (path, resource, of) in [
        (format!("{NOTIFICATIONS}/{nothing}"), "notification", nothing.clone()),
        (format!("{NOTIFICATIONS}/{nothing}/deliveries"), "notification", nothing.clone()),
        (format!("{DELIVERIES}/{nothing}.email"), "delivery", format!("{nothing}.email")),
        (format!("{DELIVERIES}/{id}.sms"), "delivery", format!("{id}.sms")),
        (format!("/admin/v1/users/{other}/notifications/{id}"), "notification", id.clone()),
        (format!("/admin/v1/users/{other}/deliveries/{id}.email"), "delivery", format!("{id}.email")),
        (format!("{nobody_s}/notifications"), "user", nobody.clone()),
        (format!("{nobody_s}/notifications/{id}"), "user", nobody.clone()),
        (format!("{nobody_s}/deliveries"), "user", nobody.clone()),
        (format!("{nobody_s}/deliveries/{id}.email"), "user", nobody.clone()),
    ] {
        let answer = operator.send(Method::GET, &path, Value::Null).await;
        is_error(&answer, 404, "not_found", not_found(resource, &of));
    }
    let notifications = read(&operator, &format!("{NOTIFICATIONS}?limit=1")).await["page"]["before"].clone();
    let deliveries = read(&operator, &format!("{DELIVERIES}?limit=1")).await["page"]["before"].clone();
    let (notifications, deliveries) = (notifications.as_str().unwrap(), deliveries.as_str().unwrap());
    let foreign = sent(&operator, json!({"channels": ["email"]})).await;
    let of_foreign = read(&operator, &format!("{NOTIFICATIONS}/{foreign}/deliveries")).await["page"]["before"].clone();
    let of_foreign = of_foreign.as_str().unwrap();
    for (path, param) in [
        (format!("{NOTIFICATIONS}/x"), "notification_id"),
        (format!("{NOTIFICATIONS}/x/deliveries"), "notification_id"),
        (format!("{DELIVERIES}/{id}"), "delivery_id"),
        (format!("{DELIVERIES}/{id}.push"), "delivery_id"),
        (format!("{DELIVERIES}/{id}.web_push"), "delivery_id"),
        (format!("{NOTIFICATIONS}?limit=0"), "limit"),
        (format!("{NOTIFICATIONS}?limit=1001"), "limit"),
        (format!("{NOTIFICATIONS}?status=sent"), "status"),
        (format!("{NOTIFICATIONS}?topic="), "topic"),
        (format!("{NOTIFICATIONS}?after={deliveries}"), "after"),
        (format!("{NOTIFICATIONS}?after={notifications}&before={notifications}"), "before"),
        (format!("{NOTIFICATIONS}?created_after=yesterday"), "created_after"),
        (format!("{DELIVERIES}?status=processed"), "status"),
        (format!("{DELIVERIES}?after={notifications}"), "after"),
        (format!("{DELIVERIES}?channel_id="), "channel_id"),
        (format!("{NOTIFICATIONS}/{id}/deliveries?after={notifications}"), "after"),
        (format!("{NOTIFICATIONS}/{id}/deliveries?after={of_foreign}"), "after"),
    ] {
        let answer = operator.send(Method::GET, &path, Value::Null).await;
        is_error(&answer, 400, "bad_request", json!({"reason": "invalid_param", "param": param}));
    }
    let answer = operator.send(Method::POST, NOTIFICATIONS, json!({})).await;
    is_error(&answer, 405, "method_not_allowed", json!({}));
    assert_eq!(answer.header("allow"), "GET, HEAD");
    let ignored = operator.send(Method::GET, &format!("{NOTIFICATIONS}?limit=1&unread=true"), Value::Null).await;
    assert_eq!(ignored.status.as_u16(), 200, "{}", ignored.text);
}

#[tokio::test]
async fn a_page_is_a_query_a_part_and_two_reads_for_sixteen_notifications() {
    let (stack, operator) = alone().await;
    for _ in 0..20 {
        sent(&operator, json!({"channels": ["email"]})).await;
    }
    operator.client.index_catches_up().await;
    read(&operator, &format!("{NOTIFICATIONS}?limit=1")).await;
    for (list, limit, queries, reads) in [
        (NOTIFICATIONS.to_owned(), 5, 64, 2),
        (NOTIFICATIONS.to_owned(), 20, 64, 4),
        (format!("/admin/v1/users/{}/notifications", operator.user), 5, 1, 2),
    ] {
        operator.client.json(Method::DELETE, "/_local/calls", "", &Value::Null).await;
        let found = read(&operator, &format!("{list}?limit={limit}")).await;
        assert_eq!(found["items"].as_array().unwrap().len(), limit);
        let calls = operator.client.get("/_local/calls", "").await.json();
        let operations = &calls["dynamodb"]["operations"];
        let count = |name: &str| operations[name]["calls"].as_u64().unwrap_or(0);
        assert!(count("Query") >= queries && count("Query") <= queries + 3, "{list} {limit}: {calls}");
        assert_eq!(count("BatchGetItem"), reads, "{list} {limit}: {calls}");
    }
    // What a filter does not take costs half a unit for itself and for each channel, and its recipient is not read.
    let failed = format!("{NOTIFICATIONS}?limit=20&status=failed");
    let found = async || assert_eq!(read(&operator, &failed).await["items"], json!([]));
    assert_eq!(calls(&operator.client, found).await["BatchGetItem"], json!([2, 60.0]));
    stack.shutdown().await;
}

/// Accepts a run by mail and waits until it is expanded and sent. Returns the ids of its notifications.
async fn run(operator: &Operator, audience: Value) -> Vec<String> {
    let service = operator.client.token("service").await;
    let mut body = json!({"notification_type": "email", "content": {"body": "B"}});
    body.as_object_mut().unwrap().extend(audience.as_object().unwrap().clone());
    let accepted = operator.client.json(Method::POST, "/api/v1/runs", &service, &body).await;
    assert_eq!(accepted.status.as_u16(), 202, "{}", accepted.text);
    let path = format!("/api/v1/runs/{}", accepted.json()["data"]["run_id"].as_str().unwrap());
    let is_done = |run: &Value| run["data"]["status"] == "done";
    eventually(async || Some(operator.client.get(&path, &service).await.json()).filter(is_done)).await;
    let listed = operator.client.get(&format!("{path}/notifications?limit=100"), &service).await.json();
    let items = listed["data"]["items"].as_array().unwrap().clone();
    let ids: Vec<_> = items.iter().map(|one| one["notification_id"].as_str().unwrap().to_owned()).collect();
    for id in &ids {
        operator.client.settled(id).await;
    }
    ids
}

#[tokio::test]
async fn each_notification_of_a_run_is_listed_once_and_pages_go_on_within_a_run_there_and_back() {
    let (stack, operator) = alone().await;
    let service = operator.client.token("service").await;
    let mut users = Vec::new();
    for _ in 0..3 {
        users.push(operator.client.new_user(json!({})).await["id"].as_str().unwrap().to_owned());
    }
    for user in &users {
        let path = format!("/api/v1/users/{user}/subscriptions");
        let made = operator.client.json(Method::POST, &path, &service, &json!({"topic": "listed"})).await;
        assert_eq!(made.status.as_u16(), 201, "{}", made.text);
    }
    let mut expected = vec![sent(&operator, json!({"channels": ["email"]})).await];
    past_for_every_clock().await;
    let inline: Vec<_> = users.iter().map(|user| json!({"user_id": user})).collect();
    expected.extend(run(&operator, json!({"recipients": inline})).await);
    past_for_every_clock().await;
    // More than stand in the run itself, of whom three are there.
    let mut many: Vec<_> = (0..102).map(|_| json!({"external_id": format!("nobody-{}", unique())})).collect();
    for (user, place) in inline.iter().zip([0, 50, 101]) {
        many[place] = user.clone();
    }
    expected.extend(run(&operator, json!({"recipients": many})).await);
    past_for_every_clock().await;
    let of_topic = run(&operator, json!({"topic": "listed"})).await;
    expected.extend(of_topic.clone());
    past_for_every_clock().await;
    expected.push(sent(&operator, json!({"channels": ["email"]})).await);
    assert_eq!(expected.len(), 11);
    operator.client.index_catches_up().await;

    let all = walk(&operator, NOTIFICATIONS, "limit=100").await;
    let mut sorted = all.clone();
    sorted.sort_by_key(|one| Reverse(one["created_at"].as_str().unwrap().to_owned()));
    assert_eq!(all, sorted, "the newest first");
    let (mut found, mut whole) = (ids(&all), expected.clone());
    found.sort();
    whole.sort();
    assert_eq!(found, whole, "each once");
    for limit in [1, 2, 3, 4, 7] {
        assert_eq!(walk(&operator, NOTIFICATIONS, &format!("limit={limit}")).await, all, "{limit}");
        let flat = ids(&walk(&operator, DELIVERIES, &format!("limit={limit}")).await);
        assert_eq!(flat, ids(&all).iter().map(|id| format!("{id}.email")).collect::<Vec<_>>(), "{limit}");
    }
    for list in [NOTIFICATIONS, DELIVERIES] {
        let all = ids(&walk(&operator, list, "limit=100").await);
        // Every page but the first, and the one before it.
        let (mut at, mut after) = (2, read(&operator, &format!("{list}?limit=2")).await["page"]["after"].clone());
        while let Some(next) = after.as_str() {
            let page = read(&operator, &format!("{list}?limit=2&after={next}")).await;
            let before = page["page"]["before"].as_str().unwrap();
            let back = read(&operator, &format!("{list}?limit=2&before={before}")).await;
            assert_eq!(ids(back["items"].as_array().unwrap()), all[at - 2..at], "{list} before {at}");
            assert_eq!(
                (&page["page"]["has_more_before"], &back["page"]["has_more_after"]),
                (&json!(true), &json!(true))
            );
            assert_eq!(back["page"]["has_more_before"], at > 2, "{list} before {at}");
            (at, after) = (at + 2, page["page"]["after"].clone());
        }
        assert_eq!(at, 12, "{list}");
    }
    let mut listed = ids(&walk(&operator, NOTIFICATIONS, "limit=1&topic=listed").await);
    let mut wanted = of_topic;
    listed.sort();
    wanted.sort();
    assert_eq!(listed, wanted);

    // What is to an erased user is gone, from the middle of three runs, too.
    let erased = format!("/admin/v1/users/{}", users[1]);
    assert_eq!(operator.send(Method::DELETE, &erased, Value::Null).await.status.as_u16(), 204);
    operator.client.index_catches_up().await;
    let left: Vec<_> = all.iter().filter(|one| one["recipient"]["id"] != json!(users[1])).cloned().collect();
    assert_eq!(left.len(), 8);
    assert_eq!(walk(&operator, NOTIFICATIONS, "limit=1").await, left);
    stack.shutdown().await;
}
