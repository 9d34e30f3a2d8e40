//! Bad input is answered in the contract's own shape, and a read afterwards shows that nothing changed.

use reqwest::Method;
use serde_json::json;

use super::{NOT_MERGED, Person, refused};
use crate::bad_bodies::bad_bodies;

/// Bodies that are JSON objects and are not valid settings.
const OBJECTS: [&str; 11] = [
    r#"{"a":{"b":1,"\u0062":2}}"#,
    r#"{"":1}"#,
    r#"{"a":{"":1}}"#,
    r#"{"a":{"":null}}"#,
    r#"{"a":[{"":1}]}"#,
    r#"{"a":1e126}"#,
    r#"{"a":-1e126}"#,
    r#"{"a":1e999}"#,
    r#"{"a":1e-131}"#,
    r#"{"a":[[123456789012345678901234567890123456789]]}"#,
    r#"{"a":0.123456789012345678901234567890123456789}"#,
];

/// All bad bodies. Contract 5 answers a body that is too large like any other bad body.
fn all_bad_bodies() -> Vec<Vec<u8>> {
    let long_key = format!("{{\"{}\":1}}", "k".repeat(65_536));
    let own = OBJECTS.map(str::to_owned).into_iter().chain([long_key]).map(String::into_bytes);
    bad_bodies("a", "1").into_iter().map(|bad| bad.bytes).chain(own).collect()
}

#[tokio::test]
async fn bad_bodies_change_nothing() {
    let mut organization = Person::admin_of_a_new_organization();
    for (person, subject) in [(&mut Person::new(), "user"), (&mut organization, "organization")] {
        person.post(&json!({"a": {"kept": 1}})).await;
        for body in all_bad_bodies() {
            let put = person.send(Method::PUT, body.clone()).await;
            refused(&put, 400, &NOT_MERGED.replace("user", subject));
            let message = format!("Failed to update {subject} settings");
            refused(&person.send(Method::POST, body.clone()).await, 400, &message);
            let wrapped = [b"{\"settings\":", body.as_slice(), b"}"].concat();
            refused(&person.send(Method::POST, wrapped).await, 400, &message);
            let delete = person.send(Method::DELETE, body).await;
            assert_eq!((delete.status.as_u16(), &delete.json()["success"]), (400, &json!(false)), "{}", delete.text);
        }
        let after = person.get().await;
        assert_eq!((after.version(), &after.json()["settings"]), (1, &json!({"a": {"kept": 1}})));
    }
}

#[tokio::test]
async fn a_fault_names_where_it_is_and_what_would_be_accepted() {
    let person = Person::new();
    for (body, error) in [
        (r#"{"a":{"":1}}"#, "settings.a has an empty key: keys must have at least one character"),
        (r#"{"a":{"b":[1,1e126]}}"#, "settings.a.b.1 must be 0 or a number between 1e-130 and 9.99e125 in size"),
        (
            r#"{"a":123456789012345678901234567890123456789}"#,
            "settings.a must be a number of at most 38 significant digits",
        ),
        ("[]", "the body must be a JSON object"),
        ("", "the body must be a JSON object, and it is empty"),
    ] {
        assert_eq!(refused(&person.send(Method::PUT, body).await, 400, NOT_MERGED), error);
    }
    person.has(json!({})).await;
}

#[tokio::test]
async fn thirty_levels_and_nul_and_escapes_are_good_input() {
    let person = Person::new();
    let deep = format!("{}1{}", "{\"a\":".repeat(30), "}".repeat(30));
    person.send(Method::PUT, deep.clone()).await.is(200, super::done(super::MERGED));
    refused(&person.send(Method::PUT, deep.replace('1', "{}")).await, 400, NOT_MERGED);
    assert_eq!(person.get().await.text, format!("{{\"success\":true,\"settings\":{deep}}}"));
    person.send(Method::POST, r#"{"settings":{"s":"a\u0000b\ud83d\ude42"}}"#).await;
    person.has(json!({"s": "a\u{0}b🙂"})).await;
}
