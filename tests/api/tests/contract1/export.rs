//! `GET /api/v1/users/{id}/export`: all data that the service holds about a person.

use api::{eventually, past_for_every_clock, shared, unique};
use local::demo::Demo;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Fields of records that say nothing about a person: bounds of sizes, and how far a delivery is.
const HOUSEKEEPING: [&str; 6] =
    ["custom_bytes", "handles_bytes", "endpoints_bytes", "lease_until", "not_tried", "not_tried_by"];

/// The fields of a record that its schema in the document does not have.
fn undocumented(record: &Value, schema: &str) -> Vec<String> {
    let document = serde_json::to_value(::docs::document()).unwrap();
    let fields = &document["components"]["schemas"][schema]["properties"];
    assert!(fields.as_object().is_some_and(|fields| fields.len() > 1), "{schema}: {fields}");
    record.as_object().unwrap().keys().filter(|name| fields.get(*name).is_none()).cloned().collect()
}

#[tokio::test]
async fn one_document_holds_what_every_dialect_wrote() {
    let client = shared();
    let token = format!("device-{}", unique());
    let user = client.new_user(json!({"push_token": token, "preferences": {"email": false}})).await;
    let id = user["id"].as_str().unwrap();
    let demo = Demo::new().unwrap();
    let own = demo.sign(&demo.claims(id));
    let path = format!("/api/v1/users/{id}");
    let display = json!({"language": "fr-CA"});
    let changed = client.json(Method::PATCH, &format!("{path}/preferences"), &own, &display).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    let settings = json!({"n": 12345, "deep": {"a.b": [null]}});
    assert_eq!(client.json(Method::PUT, "/settings/user", &own, &settings).await.status, StatusCode::OK);
    let body = json!({
        "notification_type": "push", "user_id": id, "content": {"body": "words"}, "metadata": {"order": 7},
    });
    let notification = client.notify(&body).await;
    client.settled(&notification).await;

    client.index_catches_up().await;
    let export = client.get(&format!("{path}/export"), &own).await;
    let data = export.json();
    assert_eq!(export.status, StatusCode::OK, "{}", export.text);
    for field in ["name", "email", "push_token", "created_at"] {
        assert_eq!(data["user"][field], user[field], "{field}");
    }
    assert_eq!(data["user"]["channels"], json!({"email": false}));
    assert_eq!(data["user"]["display"], json!({"language": "fr-CA"}));
    assert_eq!(data["settings"], settings);
    let sent = &data["notifications"][0];
    assert_eq!((&sent["id"], &sent["metadata"]), (&json!(notification), &json!({"order": 7})));
    assert_eq!(sent["content"]["inline"]["body"], "words");
    let delivery = &sent["deliveries"][0];
    assert_eq!((&delivery["status"], &delivery["trace"][0]["rule"]), (&json!("sent"), &json!("not_expired")));
    assert!(delivery["at"].is_string() && delivery["kept_until"].is_string(), "{delivery}");
    assert_eq!(data["answers"], json!([]));
    assert!(data["user"].get("pk").is_none() && data["user"].get("mark").is_none());

    assert_eq!(data["page"], json!({"limit": 1000, "after": null, "has_more_after": false}));
    for (record, schema) in
        [(&data["user"], "ExportedUser"), (sent, "ExportedNotification"), (delivery, "ExportedDelivery")]
    {
        let unknown = undocumented(record, schema);
        assert!(unknown.iter().all(|name| HOUSEKEEPING.contains(&name.as_str())), "{schema}: {unknown:?}");
    }

    // The older one comes first, by the clock of the process that accepted it.
    past_for_every_clock().await;
    client.settled(&client.notify(&body).await).await;
    let page = async |query: &str| client.get(&format!("{path}/export?limit=1{query}"), &own).await.json();
    // The index follows the table a moment later.
    let first = eventually(async || Some(page("").await).filter(|first| first["page"]["has_more_after"] == true)).await;
    assert_eq!((&first["user"], &first["notifications"]), (&data["user"], &data["notifications"]));
    let rest = page(&format!("&after={}", first["page"]["after"].as_str().unwrap())).await;
    assert_eq!((rest["notifications"].as_array().unwrap().len(), &rest["page"]["after"]), (1, &Value::Null));
    assert!(
        rest["notifications"] != first["notifications"] && rest.get("user").is_none() && rest.get("settings").is_none()
    );
    for (query, fault) in [
        ("limit=0", "limit must be a whole number from 1 to 1000"),
        ("limit=1001", "limit must be a whole number from 1 to 1000"),
        ("after=9999x", "after must be the cursor of an earlier page"),
    ] {
        let answer = client.get(&format!("{path}/export?{query}"), &own).await;
        answer.is(400, json!({"statusCode": 400, "message": "Validation failed", "errors": [fault]}));
    }
}

#[tokio::test]
async fn it_is_for_the_person_and_an_admin() {
    let client = shared();
    let demo = client.demo().await;
    let path = format!("/api/v1/users/{}/export", demo["users"]["other_user"].as_str().unwrap());
    for (caller, status) in [("other_user", 200), ("admin", 200), ("user", 403), ("service", 403), ("broker", 403)] {
        assert_eq!(client.get(&path, &client.token(caller).await).await.status.as_u16(), status, "{caller}");
    }
    assert_eq!(client.get(&path, "").await.status, StatusCode::UNAUTHORIZED);
    let admin = client.token("admin").await;
    let answer = client.json(Method::POST, &path, &admin, &Value::Null).await;
    assert_eq!((answer.status, answer.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD"));
    let unknown = client.get("/api/v1/users/00000000-0000-4000-8000-000000000009/export", &admin).await;
    unknown.is(404, json!({"statusCode": 404, "message": "User not found"}));
}
