//! `GET /admin/v1/users`: pages with cursors, the newest user first.

use std::cmp::Reverse;

use api::{dynamodb, options, own};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Operator, is_error};

const USERS: &str = "/admin/v1/users";

/// Five users beside the demo's users, the newest first, on a stack that only one test uses.
async fn five() -> (local::stack::Stack, Operator, Vec<Value>) {
    let (stack, client) = own(options(&[])).await;
    let operator = Operator::of(client).await;
    // The operator's own user would be in the list too, so it is deleted.
    let own = format!("{USERS}/{}", operator.user);
    assert_eq!(operator.send(Method::DELETE, &own, Value::Null).await.status.as_u16(), 204);
    let mut users = Vec::new();
    for n in 0..5 {
        let body = json!({"first_name": format!("User {n}")});
        let created = operator.send(Method::PUT, &format!("{USERS}/listed-{n}"), body).await;
        assert_eq!(created.status.as_u16(), 201, "{}", created.text);
        users.push(created.json());
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    }
    // The list has the order of the clocks of the processes that created the users, and clocks differ.
    let newest_first = |user: &Value| Reverse(user["created_at"].as_str().unwrap().to_owned());
    users.sort_by_key(newest_first);
    operator.client.index_catches_up().await;
    (stack, operator, users)
}

async fn page(operator: &Operator, query: &str) -> Value {
    let answer = operator.send(Method::GET, &format!("{USERS}?{query}"), Value::Null).await;
    assert_eq!(answer.status.as_u16(), 200, "{query}: {}", answer.text);
    assert_eq!(answer.header("content-type"), "application/json");
    answer.json()
}

#[tokio::test]
async fn pages_go_there_and_back() {
    let (stack, operator, users) = five().await;
    let first = page(&operator, "limit=2").await;
    let (after, before) = (first["page"]["after"].clone(), first["page"]["before"].clone());
    let expected = json!({"items": users[..2], "page": {
        "limit": 2, "after": after, "before": before, "has_more_after": true, "has_more_before": false,
    }});
    assert_eq!(first, expected);
    let second = page(&operator, &format!("limit=2&after={}", after.as_str().unwrap())).await;
    assert_eq!(second["items"], json!(users[2..4]));
    assert_eq!(second["page"]["has_more_after"], true);
    assert_eq!(second["page"]["has_more_before"], true);
    let third = page(&operator, &format!("after={}", second["page"]["after"].as_str().unwrap())).await;
    assert_eq!(third["page"]["after"], Value::Null, "the last page has none: a client would ask once more");
    let ids: Vec<_> = third["items"].as_array().unwrap().iter().map(|user| &user["id"]).collect();
    // The demo's users are older than these five.
    assert_eq!((ids.len(), ids[0], third["page"]["limit"].as_u64()), (4, &users[4]["id"], Some(25)));
    assert_eq!((&third["page"]["has_more_after"], &third["page"]["after"]), (&json!(false), &Value::Null));
    let back = page(&operator, &format!("limit=2&before={}", second["page"]["before"].as_str().unwrap())).await;
    assert_eq!(back["items"], json!(users[..2]));
    assert_eq!((&back["page"]["has_more_before"], &back["page"]["has_more_after"]), (&json!(false), &json!(true)));
    let back = page(&operator, &format!("limit=2&before={}", third["page"]["before"].as_str().unwrap())).await;
    assert_eq!(back["items"], json!(users[2..4]));
    assert_eq!(back["page"]["has_more_before"], true);
    // Whoever goes on after the last user gets an empty page.
    let oldest = third["items"].as_array().unwrap().last().unwrap();
    let place = format!("{}#{}", oldest["created_at"].as_str().unwrap(), oldest["id"].as_str().unwrap());
    let end = page(&operator, &format!("after={}", BASE64_URL_SAFE_NO_PAD.encode(place))).await;
    let expected = json!({"items": [], "page": {
        "limit": 25, "after": null, "before": null, "has_more_after": false, "has_more_before": true,
    }});
    assert_eq!(end, expected);
    stack.shutdown().await;
}

/// Users of before the list had parts stand in one partition.
#[tokio::test]
async fn users_of_before_there_were_parts_are_listed_in_their_place() {
    let (stack, operator, users) = five().await;
    for user in [&users[1], &users[3], &users[4]] {
        let key = json!({"pk": {"S": format!("USER#{}", user["id"].as_str().unwrap())}, "sk": {"S": "USER"}});
        let request = json!({
            "Key": key, "UpdateExpression": "SET #o = :o", "ConditionExpression": "begins_with(#o, :part)",
            "ExpressionAttributeNames": {"#o": "owner"},
            "ExpressionAttributeValues": {":o": {"S": "USERS"}, ":part": {"S": "USERS#"}},
        });
        dynamodb(&stack, "UpdateItem", request).await;
    }
    operator.client.index_catches_up().await;
    assert_eq!(page(&operator, "limit=5").await["items"], json!(users));
    let (mut seen, mut after) = (Vec::new(), String::new());
    while seen.len() < 5 {
        let found = page(&operator, &format!("limit=1{after}")).await;
        seen.push(found["items"][0].clone());
        let is_first = seen.len() == 1;
        assert_eq!(found["page"]["has_more_before"], !is_first, "the user before is there: {found}");
        after = format!("&after={}", found["page"]["after"].as_str().unwrap());
    }
    assert_eq!(seen, users);
    let back = page(&operator, &format!("limit=3{}", after.replace("after", "before"))).await;
    assert_eq!(back["items"], json!(users[1..4]));
    stack.shutdown().await;
}

#[tokio::test]
async fn times_bound_the_list_and_leave_out_their_own_instant() {
    let (stack, operator, users) = five().await;
    let time = |n: usize| users[n]["created_at"].as_str().unwrap();
    let ids = |page: &Value| page["items"].as_array().unwrap().iter().map(|u| u["id"].clone()).collect::<Vec<_>>();
    let between = format!("created_after={}&created_before={}", time(4), time(0));
    let found = page(&operator, &between).await;
    assert_eq!(found["items"], json!(users[1..4]));
    let first = page(&operator, &format!("{between}&limit=1")).await;
    assert_eq!((ids(&first), &first["page"]["has_more_after"]), (vec![users[1]["id"].clone()], &json!(true)));
    let rest = page(&operator, &format!("{between}&after={}", first["page"]["after"].as_str().unwrap())).await;
    assert_eq!(ids(&rest), [users[2]["id"].clone(), users[3]["id"].clone()]);
    assert_eq!(rest["page"]["has_more_after"], false, "what is outside of the bounds is no more");
    let none = page(&operator, &format!("created_after={}&created_before={}", time(0), time(4))).await;
    assert_eq!(none["items"], json!([]));
    let old = page(&operator, "created_before=2024-03-02T11:00:00%2B01:00").await;
    assert_eq!(ids(&old), [json!("123e4567-e89b-12d3-a456-426614174000")]);
    stack.shutdown().await;
}

#[tokio::test]
async fn an_erased_user_is_in_no_list() {
    let (stack, operator, users) = five().await;
    operator.send(Method::DELETE, &format!("{USERS}/listed-3"), Value::Null).await;
    operator.client.index_catches_up().await;
    let found = page(&operator, "limit=4").await;
    let left: Vec<_> = users.iter().filter(|user| user["external_id"] != "listed-3").collect();
    assert_eq!((left.len(), &found["items"]), (4, &json!(left)));
    stack.shutdown().await;
}

#[tokio::test]
async fn a_page_is_a_query_a_part_and_one_read_a_hundred_users() {
    let (stack, operator, _) = five().await;
    let more = (0..100).map(async |n: usize| {
        let created = operator.send(Method::PUT, &format!("{USERS}/more-{n}"), json!({})).await;
        assert_eq!(created.status.as_u16(), 201, "{}", created.text);
    });
    futures::future::join_all(more).await;
    operator.client.index_catches_up().await;
    page(&operator, "limit=1").await;
    // Sixteen parts of the index, and the one partition of before there were parts.
    for (limit, reads) in [(5, 1), (100, 1), (101, 2)] {
        operator.client.json(Method::DELETE, "/_local/calls", "", &Value::Null).await;
        let found = page(&operator, &format!("limit={limit}")).await;
        assert_eq!(found["items"].as_array().unwrap().len(), limit);
        let calls = operator.client.get("/_local/calls", "").await.json();
        let operations = &calls["dynamodb"]["operations"];
        let count = |name: &str| operations[name]["calls"].as_u64().unwrap_or(0);
        assert!(
            count("Query") >= 17 && count("Query") <= 20,
            "some part may have more than its share: {limit}: {calls}"
        );
        assert_eq!(count("BatchGetItem"), reads, "{limit}: {calls}");
        // A small read of the index is half a unit, also of a part that has nothing.
        let units = operations["Query"]["units"].as_f64().unwrap();
        assert!(units <= 0.5 * count("Query") as f64 + 1.5, "{limit}: {calls}");
        assert!(count("GetItem") <= 1, "{calls}");
    }
    stack.shutdown().await;
}

#[tokio::test]
async fn a_bad_parameter_is_400_and_named() {
    let operator = Operator::new().await;
    let cursor = "MjAyNC0wMy0wMVQxMDowMDowMC4wMDBaIzEyM2U0NTY3LWU4OWItMTJkMy1hNDU2LTQyNjYxNDE3NDAwMA";
    for (query, param) in [
        ("limit=0".to_owned(), "limit"),
        ("limit=1001".to_owned(), "limit"),
        ("limit=-1".to_owned(), "limit"),
        ("limit=x".to_owned(), "limit"),
        ("limit=".to_owned(), "limit"),
        ("after=x".to_owned(), "after"),
        ("before=%00".to_owned(), "before"),
        (format!("after={cursor}&before={cursor}"), "before"),
        ("created_after=yesterday".to_owned(), "created_after"),
        ("created_before=2024-13-01T00:00:00Z".to_owned(), "created_before"),
    ] {
        let answer = operator.send(Method::GET, &format!("{USERS}?{query}"), Value::Null).await;
        is_error(&answer, 400, "bad_request", json!({"reason": "invalid_param", "param": param}));
    }
    let answer = operator.send(Method::GET, &format!("{USERS}?after={cursor}&limit=1000"), Value::Null).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    let answer = operator.send(Method::POST, USERS, json!({})).await;
    is_error(&answer, 405, "method_not_allowed", json!({}));
    assert_eq!(answer.header("allow"), "GET, HEAD");
}
