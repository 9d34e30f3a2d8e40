//! Bad input is answered 400 in plain words, and a read afterwards shows that nothing changed.

use reqwest::Method;
use serde_json::json;

use super::{Acme, JSON, all_groups, is_text};
use crate::bad_bodies::{BadBody, bad_bodies};

/// Bodies that are JSON objects and are not valid settings.
const OBJECTS: [&str; 14] = [
    r#"{"OptedNotification":[],"Email":"\ud800"}"#,
    r#"{"OptedNotification":["a\u0000b"]}"#,
    r#"{"OptedNotification":null}"#,
    r#"{"OptedNotification":"com.soa.notification.type.appteam"}"#,
    r#"{"OptedNotification":[1]}"#,
    r#"{"OptedNotification":[null]}"#,
    r#"{"OptedNotification":{}}"#,
    r#"{"OptedNotification":[],"Email":"nobody"}"#,
    r#"{"OptedNotification":[],"Email":null}"#,
    r#"{"OptedNotification":[],"Email":["a@example.com"]}"#,
    r#"{"OptedNotification":[],"Email":"a\u0000@example.com"}"#,
    r#"{"OptedNotification":[],"UserID":1}"#,
    r#"{"OptedNotification":[],"unknown":1}"#,
    r#"{"OptedNotification":[],"optedNotification":[]}"#,
];

#[tokio::test]
async fn bad_bodies_change_nothing() {
    let acme = Acme::new().await;
    for path in [acme.path(), acme.business()] {
        let own = OBJECTS.map(|text| BadBody { what: text, bytes: text.into(), is_too_large: false });
        for BadBody { what, bytes, is_too_large } in bad_bodies("OptedNotification", "[]").into_iter().chain(own) {
            let answer = acme.admin.send(&acme.client, Method::PUT, &path, &[JSON], bytes).await;
            if is_too_large {
                is_text(&answer, 413, "The body must not be larger than 256 KiB");
                continue;
            }
            assert_eq!(answer.status, 400, "{path} {what}: {}", answer.text);
            assert_eq!(answer.header("content-type"), "text/plain");
            assert!(answer.text.len() > 10 && !answer.text.contains("\u{0}\u{0}"), "{}", answer.text);
        }
    }
    assert_eq!(acme.settings().await, (acme.shown(&all_groups()), 1));
    assert_eq!(acme.admin.get(&acme.client, &acme.business()).await.version(), 0);
}

#[tokio::test]
async fn each_fault_is_a_line_that_names_its_field() {
    let acme = Acme::new().await;
    let answer = acme.put(json!({"Email": "nobody", "UserID": 7, "OptedNotification": 1, "More": true})).await;
    let expected = "UserID must be a string\nEmail must be an email address\n\
                    OptedNotification must be a list of known notification groups\nMore is not a known field";
    is_text(&answer, 400, expected);
}
