//! An application's own ids of users: on creation, in a notification, in the list of users, and in contract 3.

use std::slice::from_ref;

use api::{Answer, Client, forbidden, namespace, options, own, shared, unique, unique_email};
use futures::future::join_all;
use local::stack::Options;
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::UserId;

use crate::counts::calls;

const USERS: &str = "/api/v1/users";
const NOTIFICATIONS: &str = "/api/v1/notifications";

/// An external id that no user has.
fn fresh() -> String {
    format!("auth0|{}", unique())
}

async fn create(client: &Client, who: &str, external_id: &str) -> Answer {
    let body = json!({"name": "Ada", "email": unique_email(), "external_id": external_id});
    client.json(Method::POST, USERS, &client.token(who).await, &body).await
}

/// The users whom the search finds.
async fn find(client: &Client, who: &str, name: &str, value: &str) -> Vec<Value> {
    let query: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let answer = client.get(&format!("{USERS}?{name}={query}"), &client.token(who).await).await;
    let page = json!({"limit": 25, "after": null, "has_more_after": false});
    assert_eq!((answer.status.as_u16(), &answer.json()["page"]), (200, &page), "{}", answer.text);
    answer.json()["items"].as_array().unwrap().clone()
}

/// A request by contract 3's key pair.
async fn by_key(client: &Client, method: Method, path: &str, body: &Value) -> Answer {
    let known = client.demo().await;
    let key = |name: &str| known["notiflows"][name].as_str().unwrap().to_owned();
    let (key, secret) = (key("api_key"), key("secret_key"));
    let headers = [("x-notiflows-api-key", key.as_str()), ("x-notiflows-secret-key", secret.as_str())];
    let body = (!body.is_null()).then(|| body.to_string().into_bytes());
    client.send(method, path, &headers, body).await
}

fn taken() -> Value {
    json!({"statusCode": 409, "message": "A user with this external_id already exists"})
}

#[tokio::test]
async fn a_user_is_created_found_and_written_to_by_an_external_id() {
    let client = shared();
    let external = fresh();
    let created = create(&client, "service", &external).await;
    let user = created.json();
    assert_eq!((created.status.as_u16(), &user["external_id"]), (201, &json!(external)), "{}", created.text);
    let service = client.token("service").await;
    client.get(&format!("{USERS}/{}", user["id"].as_str().unwrap()), &service).await.is(200, user.clone());
    assert_eq!(find(&client, "service", "external_id", &external).await, from_ref(&user));
    let email = user["email"].as_str().unwrap();
    for spelling in [email.to_owned(), email.to_uppercase()] {
        assert_eq!(find(&client, "admin", "email", &spelling).await, from_ref(&user));
    }
    for (name, value) in [("external_id", fresh()), ("email", unique_email())] {
        assert_eq!(find(&client, "admin", name, &value).await, [] as [Value; 0], "{name}");
    }
    let body = json!({"external_id": external, "channels": ["email"], "content": {"body": "Hello"}});
    let explained = client.json(Method::POST, &format!("{NOTIFICATIONS}/explain"), &service, &body).await.json();
    assert_eq!(explained["data"]["user_id"], user["id"]);
    let data = client.settled(&client.notify(&body).await).await;
    assert_eq!((&data["user_id"], &data["status"]), (&user["id"], &json!("sent")));
    let faults = |fault: &str| json!({"statusCode": 400, "message": "Validation failed", "errors": [fault]});
    let mut both = body.clone();
    both["user_id"] = user["id"].clone();
    let refused = client.json(Method::POST, NOTIFICATIONS, &service, &both).await;
    refused.is(400, faults("user_id and external_id must not be given together: give one of them"));
    let neither = json!({"channels": ["email"], "content": {"body": "Hello"}});
    let needed = "user_id or external_id is required: it must be a UUID, or your own id of the user";
    client.json(Method::POST, NOTIFICATIONS, &service, &neither).await.is(400, faults(needed));
    // It never changes.
    let path = format!("{USERS}/{}", user["id"].as_str().unwrap());
    let admin = client.token("admin").await;
    let changed = client.json(Method::PUT, &path, &admin, &json!({"external_id": fresh()})).await;
    changed.is(400, faults("external_id is not a known field"));
}

#[tokio::test]
async fn a_template_is_tried_for_a_reader_who_is_named_by_an_external_id() {
    let client = shared();
    let (external, code, admin) = (fresh(), format!("hello-{}", unique()), client.token("admin").await);
    assert_eq!(create(&client, "admin", &external).await.status.as_u16(), 201);
    let path = format!("/api/v1/templates/{code}");
    let parts = json!({"locales": {"default": {"sms": {"text": "Hello {{ user.name }}"}}}});
    assert_eq!(client.json(Method::PUT, &path, &admin, &parts).await.status.as_u16(), 201);
    let render = async |reader: Value| client.json(Method::POST, &format!("{path}/render"), &admin, &reader).await;
    let rendered = render(json!({"channel": "sms", "external_id": external})).await;
    assert_eq!(rendered.json()["content"]["sms"], "Hello Ada", "{}", rendered.text);
    let nobody = render(json!({"channel": "sms", "external_id": fresh()})).await;
    nobody.is(404, json!({"statusCode": 404, "message": "User not found"}));
}

#[tokio::test]
async fn one_external_id_is_one_user_in_contract_3_and_here() {
    let client = shared();
    // Created here, changed and read there.
    let external = fresh();
    let user = create(&client, "admin", &external).await.json();
    let path = format!("/admin/v1/users/{}", external.replace('|', "%7C"));
    let changed = by_key(&client, Method::PUT, &path, &json!({"first_name": "Grace"})).await;
    assert_eq!(changed.status.as_u16(), 200, "it is no new user: {}", changed.text);
    let read = by_key(&client, Method::GET, &path, &Value::Null).await.json();
    assert_eq!(
        (&read["id"], &read["external_id"], &read["email"], &read["first_name"]),
        (&user["id"], &json!(external), &user["email"], &json!("Grace"))
    );
    // Created there, found here, and not created again.
    let external = fresh();
    let path = format!("/admin/v1/users/{}", external.replace('|', "%7C"));
    let there = by_key(&client, Method::PUT, &path, &json!({"first_name": "Joan"})).await;
    assert_eq!(there.status.as_u16(), 201);
    let found = find(&client, "admin", "external_id", &external).await;
    assert_eq!((found.len(), &found[0]["id"], &found[0]["name"]), (1, &there.json()["id"], &json!("Joan")));
    create(&client, "admin", &external).await.is(409, taken());
    assert_eq!(find(&client, "admin", "external_id", &external).await, found, "nothing was changed");
}

#[tokio::test]
async fn an_external_id_that_is_a_uuid_is_the_user_s_id_and_what_only_looks_like_one_is_not() {
    let client = shared();
    let uuid = uuid::Uuid::new_v4().to_string();
    let created = create(&client, "admin", &uuid.to_uppercase()).await;
    let user = created.json();
    assert_eq!((created.status.as_u16(), &user["id"], user.get("external_id")), (201, &json!(uuid), None));
    assert_eq!(find(&client, "admin", "external_id", &uuid).await, from_ref(&user));
    create(&client, "admin", &uuid).await.is(409, taken());
    // The id of somebody who has a random one is taken too.
    let other = client.new_user(json!({})).await;
    create(&client, "admin", other["id"].as_str().unwrap()).await.is(409, taken());
    for lookalike in [uuid.replace('-', ""), format!("{{{uuid}}}"), format!("urn:uuid:{uuid}")] {
        let own = create(&client, "admin", &lookalike).await;
        assert_eq!((own.status.as_u16(), &own.json()["external_id"]), (201, &json!(lookalike)), "{}", own.text);
        assert_ne!(own.json()["id"], user["id"]);
    }
}

#[tokio::test]
async fn whoever_creates_first_has_it_and_what_is_refused_leaves_nothing() {
    let client = shared();
    let external = fresh();
    let answers = join_all((0..8).map(|_| create(&client, "admin", &external))).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(made.len(), 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        // DynamoDB cancels a transaction while another one is at work on an item.
        assert!([409, 503].contains(&answer.status.as_u16()), "{}", answer.text);
    }
    assert_eq!(find(&client, "admin", "external_id", &external).await, [made[0].json()]);
    // The address of a refused creation stays free, and an address that is taken takes no external id.
    let (email, admin) = (unique_email(), client.token("admin").await);
    let body = |external: &str| json!({"name": "Ada", "email": email, "external_id": external});
    client.json(Method::POST, USERS, &admin, &body(&external)).await.is(409, taken());
    assert_eq!(find(&client, "admin", "email", &email).await, [] as [Value; 0]);
    assert_eq!(client.json(Method::POST, USERS, &admin, &body(&fresh())).await.status.as_u16(), 201);
    let other = fresh();
    let email_taken = json!({"statusCode": 409, "message": "A user with this email already exists"});
    client.json(Method::POST, USERS, &admin, &body(&other)).await.is(409, email_taken);
    assert_eq!(find(&client, "admin", "external_id", &other).await, [] as [Value; 0]);
}

#[tokio::test]
async fn an_erased_user_is_not_found_and_the_external_id_begins_afresh() {
    let client = shared();
    let external = fresh();
    let user = create(&client, "admin", &external).await.json();
    let admin = client.token("admin").await;
    let path = format!("{USERS}/{}", user["id"].as_str().unwrap());
    let preferences = json!({"preferences": {"email": false}});
    assert_eq!(client.json(Method::PUT, &format!("{path}/preferences"), &admin, &preferences).await.status, 200);
    assert_eq!(client.json(Method::DELETE, &path, &admin, &Value::Null).await.status.as_u16(), 204);
    for (name, value) in [("external_id", external.as_str()), ("email", user["email"].as_str().unwrap())] {
        assert_eq!(find(&client, "admin", name, value).await, [] as [Value; 0], "{name}");
    }
    let again = create(&client, "admin", &external).await;
    assert_eq!(again.status.as_u16(), 201, "{}", again.text);
    let body = again.json();
    assert_eq!((&body["id"], &body["preferences"], &body["external_id"]), (&user["id"], &json!({}), &json!(external)));
    assert!(again.version() > 2, "no version names two states: {}", again.version());
    assert_eq!(find(&client, "admin", "external_id", &external).await, [body]);
    create(&client, "admin", &external).await.is(409, taken());
}

#[tokio::test]
async fn an_organisation_finds_its_own_users_and_nobody_else_s() {
    let client = shared();
    let (own, foreign) = (fresh(), fresh());
    let refused = forbidden("operator, or admin or service without an organization");
    let member = create(&client, "org_admin", &own).await;
    member.is(403, refused.clone());
    let body = json!({"name": "Ada", "email": unique_email()});
    let member = client.json(Method::POST, USERS, &client.token("org_admin").await, &body).await.json();
    let id = member["id"].as_str().unwrap().to_owned();
    let other = create(&client, "admin", &foreign).await.json();
    let email = |user: &Value| user["email"].as_str().unwrap().to_owned();
    for (name, value, found) in [
        ("external_id", id, Some(&member)),
        ("external_id", own, None),
        ("email", email(&member), Some(&member)),
        ("external_id", foreign.clone(), None),
        ("email", email(&other), None),
        ("external_id", fresh(), None),
    ] {
        let expected: Vec<_> = found.into_iter().cloned().collect();
        assert_eq!(find(&client, "org_admin", name, &value).await, expected, "{name}");
    }
    client.get(USERS, &client.token("org_admin").await).await.is(403, refused);
    for who in ["user", "broker", "photographer"] {
        for query in ["", "?external_id=x", "?email=a@example.com"] {
            client.get(&format!("{USERS}{query}"), &client.token(who).await).await.is(403, forbidden("admin, service"));
        }
    }
    let body = json!({"external_id": foreign, "channels": ["email"], "content": {"body": "x"}});
    let sent = client.json(Method::POST, NOTIFICATIONS, &client.token("org_admin").await, &body).await;
    sent.is(404, json!({"statusCode": 404, "message": "User not found"}));
}

#[tokio::test]
async fn what_is_no_search_is_told() {
    let client = shared();
    let admin = client.token("admin").await;
    let accepted = "external_id must be an id of 1 to 255 characters, none of / ? # % and no control characters";
    for (query, fault) in [
        ("external_id=", accepted.to_owned()),
        ("external_id=a%2Fb", accepted.to_owned()),
        (&format!("external_id={}", "x".repeat(256)), accepted.to_owned()),
        ("email=nobody", "email must be an email address".to_owned()),
        ("email=a@example.com&external_id=a", "external_id must not be given together with email".to_owned()),
        ("limit=0", "limit must be a whole number from 1 to 100".to_owned()),
    ] {
        let answer = client.get(&format!("{USERS}?{query}"), &admin).await;
        answer.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": [fault]}));
    }
}

#[tokio::test]
async fn all_users_are_listed_once_page_by_page_the_newest_first_and_what_it_costs() {
    // One process, because two have two clocks, and the list has their order.
    let (stack, client) = own(Options { concurrency: 1, ..options(&[]) }).await;
    let admin = client.token("admin").await;
    let mut made = Vec::new();
    for _ in 0..7 {
        made.push(client.new_user(json!({})).await["id"].clone());
    }
    client.index_catches_up().await;
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{USERS}?limit=3{after}"), &admin).await.json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 3 && page["page"]["limit"] == 3, "{page}");
        seen.extend(items.iter().map(|user| user["id"].clone()));
        let Some(next) = page["page"]["after"].as_str() else { break };
        after = format!("&after={next}");
    }
    let newest: Vec<_> = made.iter().rev().cloned().collect();
    assert_eq!(seen[..7], newest[..], "the demo's users are older");
    let distinct: std::collections::BTreeSet<_> = seen.iter().map(Value::to_string).collect();
    assert_eq!(distinct.len(), seen.len());
    let cursor = client.get(&format!("{USERS}?limit=1"), &admin).await.json()["page"]["after"].clone();
    let both = client.get(&format!("{USERS}?after={}&external_id=a", cursor.as_str().unwrap()), &admin).await;
    let fault = "after must not be given together with email or external_id";
    both.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": [fault]}));

    let external = fresh();
    let user = create(&client, "admin", &external).await.json();
    let id = UserId::from_external(&external, namespace(&stack)).unwrap();
    assert_eq!(user["id"], json!(id), "the id that contract 3 and a token's sub have");
    let cost = async |path: String| json!(calls(&client, async || drop(client.get(&path, &admin).await)).await);
    let by_id = cost(format!("{USERS}?external_id={}", external.replace('|', "%7C"))).await;
    assert_eq!(by_id, json!({"GetItem": [1, 1.0]}));
    let by_email = cost(format!("{USERS}?email={}", user["email"].as_str().unwrap())).await;
    assert_eq!(by_email, json!({"GetItem": [2, 2.0]}));
    let list = cost(format!("{USERS}?limit=3")).await;
    assert_eq!((&list["Query"][0], &list["BatchGetItem"][0]), (&json!(17), &json!(1)), "{list}");
    stack.shutdown().await;
}
