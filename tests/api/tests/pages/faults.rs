//! A body full of faults: the answer lists some, and says that there are more.

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::contract3::Operator;

/// As many names as one body has room for.
const NAMES: usize = 31_000;

fn names() -> Map<String, Value> {
    let letter = |n: usize| char::from(b'A' + u8::try_from(n % 32).unwrap());
    (0..NAMES).map(|n| ([n / 1024, n / 32, n].map(letter).iter().collect(), json!(1))).collect()
}

#[tokio::test]
async fn a_list_of_faults_ends_at_twenty_in_every_dialect() {
    let operator = Operator::new().await;
    let client = &operator.client;
    let admin = client.token("admin").await;
    let user = &operator.user;
    let (many, wrapped) = (Value::from(names()), json!({"preferences": names()}));
    assert!(wrapped.to_string().len() < 256 * 1024 && names().len() == NAMES);
    for (method, path, body) in [
        (Method::PUT, format!("/api/v1/users/{user}/preferences"), &wrapped),
        (Method::PUT, format!("/api/v1/users/{user}"), &many),
        (Method::POST, "/api/v1/notifications".to_owned(), &many),
        (Method::PUT, "/api/v1/templates/x".to_owned(), &many),
        (Method::PUT, "/api/v1/channels/x".to_owned(), &many),
    ] {
        let answer = client.json(method, &path, &admin, body).await;
        let refusal = answer.json();
        let errors = refusal["errors"].as_array().unwrap_or_else(|| panic!("{path}: {}", answer.text));
        assert_eq!((answer.status.as_u16(), errors.len()), (400, 20), "{path}: {}", answer.text);
        let last = errors[19].as_str().unwrap();
        assert!(last.starts_with("there are 3") && last.ends_with("more faults"), "{path}: {last}");
    }
    let valara = client.json(Method::PATCH, &format!("/api/v1/users/{user}/preferences"), &admin, &many).await;
    let details = &valara.json()["error"]["details"];
    assert_eq!((valara.status.as_u16(), details["errors"].as_array().unwrap().len()), (422, 20), "{}", valara.text);
    assert_eq!(details["field_count"], NAMES);
    let notiflows = operator.send(Method::PUT, &format!("/admin/v1/users/{user}"), many.clone()).await;
    let details = &notiflows.json()["error"]["details"];
    assert_eq!(
        (notiflows.status.as_u16(), details["fields"].as_array().unwrap().len()),
        (422, 20),
        "{}",
        notiflows.text
    );
    assert_eq!(details["more"], NAMES - 20);
    let flashback = client.json(Method::POST, "/settings/user", &client.token("user").await, &many).await;
    assert!(flashback.status == 400 && flashback.text.len() < 1000, "{}", flashback.text);
}
