//! The links in an email's own texts: `unsubscribe_url` and `preferences_url`.

use api::unique;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Reader, sent, skipped};
use crate::preference_center::is_page;

const TEXT: &str = "{{ unsubscribe_url }} {{ preferences_url }}";
const GUARDED: &str = "{% if unsubscribe_url is defined %}{{ unsubscribe_url }}{% endif %}Hello";

/// Writes a template with one email. Returns its code.
async fn template(reader: &Reader, text: &str, html: &str) -> String {
    let code = format!("links-{}", unique());
    let body = json!({"locales": {"default": {"email": {"subject": "S", "text": text, "html": html}}}});
    let admin = reader.client.token("admin").await;
    let put = reader.client.json(Method::PUT, &format!("/api/v1/templates/{code}"), &admin, &body).await;
    assert_eq!(put.status, 201, "{}", put.text);
    code
}

/// The texts of the last email that SES received for this reader.
async fn texts(reader: &Reader) -> (String, String) {
    let last = reader.client.deliveries_to(&reader.email).await.pop().expect("an email");
    let of =
        |part: &str| last["request"]["body"]["Content"]["Simple"]["Body"][part]["Data"].as_str().unwrap().to_owned();
    (of("Text"), of("Html"))
}

#[tokio::test]
async fn an_email_s_texts_hold_working_links_and_a_preview_holds_none() {
    let reader = Reader::new().await;
    let service = reader.client.token("service").await;
    let code = template(&reader, TEXT, "<a href=\"{{ unsubscribe_url }}\">x</a>").await;
    let with = |more: Value| {
        let mut body =
            json!({"user_id": reader.id, "notification_type": "email", "template_code": code, "group": "news"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let data = reader.client.settled(&reader.client.notify(&with(json!({}))).await).await;
    assert_eq!(data["status"], "sent", "{data}");
    let (text, html) = texts(&reader).await;
    let links: Vec<_> =
        text.split(' ').map(|link| link.strip_prefix(reader.client.url()).expect("this stack")).collect();
    let escaped = text.split(' ').next().unwrap().replace('/', "&#x2f;");
    assert_eq!(html, format!("<a href=\"{escaped}\">x</a>"));
    is_page(&reader.look(links[1]).await, 200, "<form");
    is_page(&reader.look(links[0]).await, 200, "Unsubscribe from “news”?");
    is_page(&reader.post(links[0]).await, 200, "You are unsubscribed");
    assert_eq!(reader.told(json!({"group": "news"})).await, skipped("group_opted_out"));
    assert_eq!(reader.told(json!({})).await, sent());

    // Whoever sees a preview gets no link to the reader's preferences.
    let render = json!({"channel": "email", "user_id": reader.id});
    let shown = reader.client.json(Method::POST, &format!("/api/v1/templates/{code}/render"), &service, &render).await;
    let nowhere = "https://preview.invalid/unsubscribe https://preview.invalid/preferences";
    assert_eq!((shown.status.as_u16(), &shown.json()["content"]["email"]["text"]), (200, &json!(nowhere)));
    let explain =
        reader.client.json(Method::POST, "/api/v1/notifications/explain", &service, &with(json!({"group": "x"}))).await;
    assert_eq!(explain.json()["data"]["channels"][0]["decision"], "send", "{}", explain.text);
    assert!(!explain.text.contains("token="), "{}", explain.text);

    // A sender's variables do not have these names, and a critical email has no links.
    let refused = async |more: Value| {
        let answer = reader.client.json(Method::POST, "/api/v1/notifications", &service, &with(more)).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        answer.json()["errors"].clone()
    };
    let taken = refused(json!({"variables": {"preferences_url": "https://evil.example"}})).await;
    assert_eq!(taken, json!(["variables.preferences_url is set by Tidings in email: give your variable another name"]));
    let critical = refused(json!({"critical": true})).await;
    let told = |name: &str| {
        format!(
            "template_code uses {name}, which only an email that is not critical has: the template must check {{% if \
             {name} is defined %}} first"
        )
    };
    assert_eq!(critical, json!([told("preferences_url"), told("unsubscribe_url")]));
    let guarded = template(&reader, GUARDED, GUARDED).await;
    let critical = with(json!({"critical": true, "template_code": guarded}));
    assert_eq!(reader.client.settled(&reader.client.notify(&critical).await).await["status"], "sent");
    assert_eq!(texts(&reader).await, ("Hello".to_owned(), "Hello".to_owned()));
}
