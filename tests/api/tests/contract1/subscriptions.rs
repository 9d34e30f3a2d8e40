//! `/api/v1/users/{id}/subscriptions`, and what both dialects say of the same subscription.

use api::{Client, shared, unique};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use local::demo::Demo;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::contract3::Operator;

fn name() -> String {
    format!("native-{}.{}", std::process::id(), unique())
}

/// A token of this user, and of a caller with a role, in an organisation or in none.
fn token(sub: &str, role: &str, org: Option<&str>) -> String {
    let demo = Demo::new().unwrap();
    let mut claims = demo.claims(sub);
    claims["roles"] = json!([role]);
    claims["org"] = json!(org);
    demo.sign(&claims)
}

async fn person(client: &Client, org: Option<&str>) -> (String, String) {
    let admin = token("maker", "admin", org);
    let body = json!({"name": "A User", "email": api::unique_email()});
    let made = client.json(Method::POST, "/api/v1/users", &admin, &body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let own = token(&id, "user", org);
    (id, own)
}

#[tokio::test]
async fn a_user_subscribes_and_unsubscribes_and_notiflows_shows_the_same() {
    let operator = Operator::new().await;
    let client = operator.client.clone();
    let ((id, own), name) = (person(&client, None).await, name());
    let all = format!("/api/v1/users/{id}/subscriptions");
    let none = client.json(Method::POST, &all, &own, &json!({"topic": name})).await;
    none.is(404, json!({"statusCode": 404, "message": "There is no such topic"}));
    assert_eq!(operator.send(Method::GET, &format!("/admin/v1/topics/{name}"), Value::Null).await.status.as_u16(), 404);
    let (another, _) = person(&client, None).await;
    let of_another = format!("/api/v1/users/{another}/subscriptions");
    let created = client.json(Method::POST, &of_another, &client.token("service").await, &json!({"topic": name})).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text);
    let made = client.json(Method::POST, &all, &own, &json!({"topic": name})).await;
    let (subscription, created_at) = (made.json()["id"].clone(), made.json()["created_at"].clone());
    let expected = json!({"id": subscription, "topic": name, "user_id": id, "created_at": created_at});
    made.is(201, expected.clone());
    for who in [own.clone(), client.token("admin").await, client.token("service").await] {
        client.json(Method::POST, &all, &who, &json!({"topic": name})).await.is(200, expected.clone());
        let page = json!({"limit": 25, "after": null, "has_more_after": false});
        client.get(&all, &who).await.is(200, json!({"items": [expected], "page": page}));
    }
    let of_notiflows = format!("/admin/v1/users/{id}/subscriptions/{name}");
    let shown = json!({"id": subscription, "topic_name": name, "user_id": id, "created_at": created_at});
    operator.send(Method::GET, &of_notiflows, Value::Null).await.is(200, shown);
    let export = client.get(&format!("/api/v1/users/{id}/export"), &own).await.json();
    assert_eq!(export["subscriptions"], json!([{"topic": name, "created_at": created_at}]));

    let one = format!("{all}/{name}");
    assert_eq!(client.json(Method::DELETE, &one, &own, &Value::Null).await.status, StatusCode::NO_CONTENT);
    let again = client.json(Method::DELETE, &one, &own, &Value::Null).await;
    again.is(404, json!({"statusCode": 404, "message": "The user is not subscribed to this topic"}));
    assert_eq!(client.get(&all, &own).await.json()["items"], json!([]));
}

#[tokio::test]
async fn pages_of_subscriptions_are_all_of_them_once_by_name() {
    let client = shared();
    let (id, own) = person(&client, None).await;
    let all = format!("/api/v1/users/{id}/subscriptions");
    let mut names = Vec::new();
    for _ in 0..5 {
        names.push(name());
        client.json(Method::POST, &all, &client.token("admin").await, &json!({"topic": names.last()})).await;
    }
    names.sort();
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{all}?limit=2{after}"), &own).await.json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["topic"].as_str().unwrap().to_owned()));
        match page["page"]["after"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, names);
}

#[tokio::test]
async fn topics_of_two_organisations_and_of_the_deployment_with_one_name_are_three() {
    let operator = Operator::new().await;
    let client = operator.client.clone();
    let (org, other_org) = (format!("org-{}", unique()), format!("other-{}", unique()));
    let ((id, own), (other, _)) = (person(&client, Some(&org)).await, person(&client, Some(&other_org)).await);
    let name = name();
    let path = |id: &str| format!("/api/v1/users/{id}/subscriptions");
    let body = json!({"topic": name});
    let subscribe = async |id: &str, by: &str| client.json(Method::POST, &path(id), by, &body).await.status.as_u16();
    assert_eq!(subscribe(&id, &token("s", "service", Some(&org))).await, 201);
    assert_eq!(subscribe(&id, &own).await, 200, "the organisation's own");
    assert_eq!(subscribe(&other, &token("a", "admin", Some(&other_org))).await, 201);
    assert_eq!(subscribe(&other, &token("a", "admin", Some(&org))).await, 404, "a user of another organisation");
    let of_deployment = format!("/admin/v1/topics/{name}");
    assert_eq!(operator.send(Method::GET, &of_deployment, Value::Null).await.status.as_u16(), 404);
    assert_eq!(subscribe(&id, &client.token("service").await).await, 201, "the deployment's");
    assert_eq!(operator.send(Method::GET, &of_deployment, Value::Null).await.status.as_u16(), 200);

    client.index_catches_up().await;
    let listed = operator.send(Method::GET, &format!("{of_deployment}/subscriptions"), Value::Null).await.json();
    let users: Vec<_> = listed["items"].as_array().unwrap().iter().map(|item| item["user_id"].clone()).collect();
    assert_eq!(users, [json!(id)], "the organisations' subscribers are not among them");
    let shown = operator.send(Method::GET, &format!("/admin/v1/users/{id}/subscriptions"), Value::Null).await.json();
    assert_eq!(shown["items"].as_array().unwrap().len(), 1, "{shown}");
    assert_eq!(client.get(&path(&id), &own).await.json()["items"].as_array().unwrap().len(), 2);

    // Who unsubscribes wants neither.
    let one = format!("{}/{name}", path(&id));
    assert_eq!(client.json(Method::DELETE, &one, &own, &Value::Null).await.status, StatusCode::NO_CONTENT);
    assert_eq!(client.get(&path(&id), &own).await.json()["items"], json!([]));
    let elsewhere = client.get(&path(&other), &token("a", "admin", Some(&other_org))).await.json();
    assert_eq!(elsewhere["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_not_valid_is_400_and_creates_no_topic() {
    let client = shared();
    let (id, own) = person(&client, None).await;
    let all = format!("/api/v1/users/{id}/subscriptions");
    let old = "a name of 1 to 128 characters, none of / ? # % and no control characters";
    let name = format!("{old}, and neither . nor ..");
    for (body, fault) in [
        (json!({}), format!("topic is required: it must be {name}")),
        (json!({"topic": null}), format!("topic must be {name}")),
        (json!({"topic": 7}), format!("topic must be {name}")),
        (json!({"topic": ""}), format!("topic must be {name}")),
        (json!({"topic": "a#b"}), format!("topic must be {name}")),
        (json!({"topic": "."}), format!("topic must be {name}")),
        (json!({"topic": ".."}), format!("topic must be {name}")),
        (json!({"topic": "x".repeat(129)}), format!("topic must be {name}")),
        (json!({"topic": "news", "x": 1}), "x is not a known field".to_owned()),
    ] {
        let answer = client.json(Method::POST, &all, &own, &body).await;
        answer.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": [fault]}));
    }
    let answer = client.json(Method::DELETE, &format!("{all}/{}", "x".repeat(129)), &own, &Value::Null).await;
    answer.is(
        400,
        json!({"statusCode": 400, "message": "Validation failed", "errors": [format!("topic must be {old}")]}),
    );
    for place in [format!("news#{}", "o".repeat(256)), "x".repeat(1025)] {
        let cursor = BASE64_URL_SAFE_NO_PAD.encode(place);
        for list in [&all, &format!("/api/v1/users/{id}/export")] {
            let answer = client.get(&format!("{list}?after={cursor}"), &own).await;
            // An export has places of many kinds. This one is of none, and short enough to be compared.
            let expected = if cursor.len() < 1000 && list.ends_with("export") { 200 } else { 400 };
            assert_eq!(answer.status.as_u16(), expected, "{list}: {}", answer.text);
        }
    }
    let (in_large_org, by_itself) = person(&client, Some(&"o".repeat(256))).await;
    let of_it = format!("/api/v1/users/{in_large_org}/subscriptions");
    let fault = "an organization whose name has more than 255 bytes has no topics";
    let answer = client.json(Method::POST, &of_it, &by_itself, &json!({"topic": "news"})).await;
    answer.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": [fault]}));
    let nobody = "/api/v1/users/00000000-0000-4000-8000-00000000000c/subscriptions";
    let unknown = client.json(Method::POST, nobody, &client.token("admin").await, &json!({"topic": "news"})).await;
    unknown.is(404, json!({"statusCode": 404, "message": "User not found"}));
    assert_eq!(client.get(&all, &own).await.json()["items"], json!([]));
}
