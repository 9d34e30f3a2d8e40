//! Bad input: 400 in plain words, and a read afterwards shows that nothing changed.

use reqwest::Method;
use serde_json::json;

use super::{Acme, JSON, all_groups, is_text};

fn bad_bodies() -> Vec<Vec<u8>> {
    let nested =
        |levels: usize| format!("{{\"OptedNotification\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    let texts = [
        "",
        " ",
        "{",
        "null",
        "[]",
        "\"text\"",
        "1",
        "true",
        "{\"OptedNotification\":NaN}",
        "{\"OptedNotification\":[],\"OptedNotification\":[]}",
        "{\"OptedNotification\":[],\"Email\":\"\\ud800\"}",
        "{\"OptedNotification\":[\"a\\u0000b\"]}",
        "{\"OptedNotification\":null}",
        "{\"OptedNotification\":\"com.soa.notification.type.appteam\"}",
        "{\"OptedNotification\":[1]}",
        "{\"OptedNotification\":[null]}",
        "{\"OptedNotification\":{}}",
        "{\"OptedNotification\":[],\"Email\":\"nobody\"}",
        "{\"OptedNotification\":[],\"Email\":null}",
        "{\"OptedNotification\":[],\"Email\":[\"a@example.com\"]}",
        "{\"OptedNotification\":[],\"Email\":\"a\\u0000@example.com\"}",
        "{\"OptedNotification\":[],\"UserID\":1}",
        "{\"OptedNotification\":[],\"unknown\":1}",
        "{\"OptedNotification\":[],\"optedNotification\":[]}",
        "{\"OptedNotification\":[]} trailing",
    ];
    let mut bodies: Vec<_> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    bodies.extend([nested(31).into_bytes(), b"{\"OptedNotification\":[\"\xff\"]}".to_vec()]);
    bodies
}

#[tokio::test]
async fn bad_bodies_change_nothing() {
    let acme = Acme::new().await;
    for path in [acme.path(), acme.business()] {
        for body in bad_bodies() {
            let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
            let answer = acme.admin.send(&acme.client, Method::PUT, &path, &[JSON], body).await;
            assert_eq!(answer.status, 400, "{path} {shown}: {}", answer.text);
            assert_eq!(answer.header("content-type"), "text/plain");
            assert!(answer.text.len() > 10 && !answer.text.contains("\u{0}\u{0}"), "{}", answer.text);
        }
        let large = format!("{{\"OptedNotification\":[],\"x\":\"{}\"}}", "x".repeat(257 * 1024));
        let answer = acme.admin.send(&acme.client, Method::PUT, &path, &[JSON], large).await;
        is_text(&answer, 413, "The body must not be larger than 256 KiB");
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
