//! `recipient.…` in templates: the record of whoever reads the text.

use api::{unique, unique_email};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Operator, external_id, is_fault, user_path};

/// A template of one email, and a category that has it. Returns the name of both.
async fn category(operator: &Operator, html: &str) -> String {
    let name = format!("recipient-{}.{}", std::process::id(), unique());
    let admin = operator.client.token("admin").await;
    let template = json!({"locales": {"default": {"email": {"subject": "S", "html": html}}}});
    let made = operator.client.json(Method::PUT, &format!("/api/v1/templates/{name}"), &admin, &template).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text);
    let category = json!({"name": {"default": "R"}, "template_code": name, "channels": ["email"], "hidden": true});
    let made = operator.client.json(Method::PUT, &format!("/api/v1/categories/{name}"), &admin, &category).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text);
    name
}

/// A user of whom this is known, and a new email address. Returns the external id and the address.
async fn person(operator: &Operator, mut known: Value) -> (String, String) {
    let (external, email) = (external_id(), unique_email());
    known["email"] = json!(email);
    let made = operator.send(Method::PUT, &user_path(&external), known).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text);
    (external, email)
}

/// Waits until all notifications to a user have ended, of which there are so many.
async fn ended(operator: &Operator, external: &str, count: usize) -> Vec<Value> {
    let path = format!("{}/deliveries", user_path(external));
    api::eventually(async || {
        let listed = operator.send(Method::GET, &path, Value::Null).await.json();
        let all = listed["items"].as_array().cloned().unwrap_or_default();
        (all.len() == count && all.iter().all(|one| one["status"] != "pending")).then_some(all)
    })
    .await
}

const HTML: &str = "<p>{{ recipient.first_name }} {{ recipient.last_name or 'nameless' }} {{ recipient.locale }}, \
                    {{ recipient.custom_fields.plan }} {{ recipient.custom_fields.rate }}; {{ what }}</p>";

#[tokio::test]
async fn a_run_s_template_has_each_recipient_s_own_record_and_no_sender_passes_for_a_recipient() {
    let operator = Operator::new().await;
    let handle = category(&operator, HTML).await;
    let gold = json!({"first_name": "Ada", "locale": "de", "custom_fields": {"plan": "<gold>", "rate": 12.50}});
    let plain = json!({"first_name": "Ben", "last_name": "B.", "custom_fields": {"plan": "plain", "rate": 0}});
    let (ada, ada_at) = person(&operator, gold).await;
    let (ben, ben_at) = person(&operator, plain).await;
    let data = json!({"what": "cake", "recipient": {"first_name": "Mallory"}});
    let recipients = json!([{"external_id": ada}, {"external_id": ben}]);
    let contract_3 = json!({"recipients": recipients, "data": data});
    let path = format!("/admin/v1/notiflows/{handle}/run");
    let accepted = operator.send(Method::POST, &path, contract_3).await;
    assert_eq!(accepted.status.as_u16(), 202, "{}", accepted.text);
    let native = json!({"recipients": recipients, "category": handle, "template_code": handle, "variables": data});
    let service = operator.client.token("service").await;
    let accepted = operator.client.json(Method::POST, "/api/v1/runs", &service, &native).await;
    assert_eq!(accepted.status.as_u16(), 202, "{}", accepted.text);
    for (external, address, expected) in [
        (&ada, &ada_at, "<p>Ada nameless de, &lt;gold&gt; 12.5; cake</p>"),
        (&ben, &ben_at, "<p>Ben B. , plain 0; cake</p>"),
    ] {
        ended(&operator, external, 2).await;
        let got = operator.client.deliveries_to(address).await;
        assert_eq!(got.iter().filter(|one| one.to_string().contains(expected)).count(), 2, "{expected}: {got:?}");
    }
    // What the application reads of it is what it has sent.
    let listed = operator.send(Method::GET, &format!("{}/notifications", user_path(&ada)), Value::Null).await.json();
    assert!(listed["items"].as_array().unwrap().iter().all(|one| one["data"] == data), "{listed}");
}

#[tokio::test]
async fn who_lacks_a_custom_field_that_a_text_needs_gets_nothing_and_the_others_get_it() {
    let operator = Operator::new().await;
    let handle = category(&operator, HTML).await;
    let (has, has_at) = person(&operator, json!({"custom_fields": {"plan": "a", "rate": 1}})).await;
    let (lacks, lacks_at) = person(&operator, json!({"custom_fields": {"plan": "a"}})).await;
    let body = json!({"recipients": [{"external_id": lacks}, {"external_id": has}], "data": {"what": "x"}});
    let accepted = operator.send(Method::POST, &format!("/admin/v1/notiflows/{handle}/run"), body).await;
    let run = accepted.json()["notiflow_run_id"].clone();
    assert_eq!(accepted.status.as_u16(), 202, "{}", accepted.text);
    assert_eq!(ended(&operator, &has, 1).await[0]["status"], "sent");
    let failed = &ended(&operator, &lacks, 1).await[0];
    assert_eq!((&failed["status"], &failed["reason"]), (&json!("failed"), &json!("render_failed")), "{failed}");
    assert_eq!(operator.client.deliveries_to(&has_at).await.len(), 1);
    assert_eq!(operator.client.deliveries_to(&lacks_at).await.len(), 0);
    // Explain says the same, and names the field.
    let service = operator.client.token("service").await;
    for (external, decision) in [(&has, "send"), (&lacks, "fail")] {
        let body = json!({"run_id": run, "external_id": external});
        let answer = operator.client.json(Method::POST, "/api/v1/notifications/explain", &service, &body).await;
        assert_eq!(answer.json()["data"]["channels"][0]["decision"], decision, "{}", answer.text);
        assert_eq!(answer.text.contains("recipient.custom_fields.rate is undefined"), decision == "fail");
    }
}

#[tokio::test]
async fn a_field_that_no_recipient_has_is_refused_before_anything_is_written_and_a_preview_shows_a_reader_s_record() {
    let operator = Operator::new().await;
    let client = &operator.client;
    let service = client.token("service").await;
    let wrong = category(&operator, "<p>{{ recipient.fist_name }}</p>").await;
    let nobody = external_id();
    let body = json!({"recipients": [{"external_id": nobody}], "data": {"recipient": {"fist_name": "Ada"}}});
    is_fault(
        &operator.send(Method::POST, &format!("/admin/v1/notiflows/{wrong}/run"), body).await,
        "notiflow",
        "invalid",
    );
    assert_eq!(operator.send(Method::GET, &user_path(&nobody), Value::Null).await.status.as_u16(), 404);
    let fields = "id, external_id, name, first_name, last_name, email, phone, avatar, locale, timezone, custom_fields, \
                  created_at, updated_at";
    let fault = format!("template_code uses recipient.fist_name, which does not exist: recipient has {fields}");
    let refused = json!({"statusCode": 400, "message": "Validation failed", "errors": [fault]});
    let body = json!({"recipients": [{"external_id": nobody}], "category": wrong, "template_code": wrong});
    client.json(Method::POST, "/api/v1/runs", &service, &body).await.is(400, refused.clone());
    let mut one = json!({"user_id": operator.user, "category": wrong, "template_code": wrong});
    client.json(Method::POST, "/api/v1/notifications", &service, &one).await.is(400, refused);
    // In a notification to one, a variable of that name is the sender's own.
    one["variables"] = json!({"recipient": {"fist_name": "Ada"}});
    let accepted = client.json(Method::POST, "/api/v1/notifications", &service, &one).await;
    assert_eq!(accepted.status.as_u16(), 202, "{}", accepted.text);

    let right = category(&operator, "<p>{{ recipient.first_name }}, {{ recipient.email }}: {{ data.what }}</p>").await;
    let (ada, email) = person(&operator, json!({"first_name": "<Ada>"})).await;
    let preview = async |more: Value| {
        let mut body = json!({"channel": "email", "variables": {"what": "cake"}});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = client.json(Method::POST, &format!("/api/v1/templates/{right}/render"), &service, &body).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
        answer.json()["content"]["email"]["html"].clone()
    };
    assert_eq!(preview(json!({"external_id": ada})).await, json!(format!("<p>&lt;Ada&gt;, {email}: cake</p>")));
    assert_eq!(preview(json!({})).await, json!("<p>, : cake</p>"), "nobody in particular");
}
