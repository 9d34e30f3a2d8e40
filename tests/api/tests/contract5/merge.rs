//! `PUT /settings/user`: RFC 7396 over HTTP.

use reqwest::Method;
use serde_json::{Value, json};

use super::{MERGED, Person, done, stored};

#[tokio::test]
async fn the_body_is_unwrapped_and_merged_and_keys_not_given_stay() {
    let person = Person::new();
    person.put(&json!({"theme": "dark", "notifications": {"email": true, "push": true}})).await.is(200, done(MERGED));
    // The sample of the contract's document.
    person.put(&json!({"theme": "light", "notifications": {"email": false}})).await.is(200, done(MERGED));
    let answer = person.get().await;
    answer.is(200, stored(json!({"theme": "light", "notifications": {"email": false, "push": true}})));
    assert_eq!(answer.version(), 2);
}

#[tokio::test]
async fn the_record_is_created_on_the_first_write() {
    let person = Person::new();
    let before = person.get().await;
    before.is(200, stored(json!({})));
    assert_eq!(before.version(), 0);
    let answer = person.put(&json!({"a": {"b": {"c": null, "d": 1}}})).await;
    answer.is(200, done(MERGED));
    assert_eq!(answer.version(), 1);
    person.has(json!({"a": {"b": {"d": 1}}})).await;
    // An empty patch creates the record too.
    let other = Person::new();
    assert_eq!(other.put(&json!({})).await.version(), 1);
    other.has(json!({})).await;
}

/// The cases of RFC 7396, Appendix A. Each is nested one level deeper under one key, so that cases whose document is
/// not an object can be tested too.
#[tokio::test]
async fn rfc_7396_appendix_a() {
    let cases = [
        (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
        (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
        (json!({"a":"b"}), json!({"a":null}), json!({})),
        (json!({"a":"b","b":"c"}), json!({"a":null}), json!({"b":"c"})),
        (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
        (json!({"a":"c"}), json!({"a":["b"]}), json!({"a":["b"]})),
        (json!({"a":{"b":"c"}}), json!({"a":{"b":"d","c":null}}), json!({"a":{"b":"d"}})),
        (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
        (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
        (json!({"a":"b"}), json!(["c"]), json!(["c"])),
        (json!({"a":"foo"}), json!(null), json!(null)),
        (json!({"a":"foo"}), json!("bar"), json!("bar")),
        (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
        (json!([1, 2]), json!({"a":"b","c":null}), json!({"a":"b"})),
        (json!({}), json!({"a":{"bb":{"ccc":null}}}), json!({"a":{"bb":{}}})),
    ];
    for (target, patch, result) in cases {
        let person = Person::new();
        let wrapped = |value: &Value| json!({"x": value});
        person.post(&wrapped(&target)).await;
        person.put(&wrapped(&patch)).await.is(200, done(MERGED));
        let expected = if result.is_null() { json!({}) } else { wrapped(&result) };
        person.has(expected).await;
        // If both are objects, the case is tested at the top level too.
        if target.is_object() && patch.is_object() {
            person.post(&target).await;
            person.put(&patch).await.is(200, done(MERGED));
            person.has(result).await;
        }
    }
}

#[tokio::test]
async fn a_type_may_change_between_object_and_anything_else_and_back() {
    let person = Person::new();
    for value in [
        json!(1),
        json!({"b": {"c": 1}}),
        json!([]),
        json!({"b": {"c": [1, {"d": null}]}}),
        json!("text"),
        json!({}),
        json!(false),
        json!({"": 1}).as_object().map(|_| json!({"x": {}})).unwrap(),
        json!(""),
    ] {
        person.put(&json!({"a": value})).await.is(200, done(MERGED));
        person.has(json!({"a": value})).await;
        person.put(&json!({"a": null, "kept": 1})).await.is(200, done(MERGED));
        person.put(&json!({"a": "scalar"})).await.is(200, done(MERGED));
        person.put(&json!({"a": null})).await.is(200, done(MERGED));
        person.has(json!({"kept": 1})).await;
        person.put(&json!({"kept": null})).await.is(200, done(MERGED));
    }
    // A scalar in the middle of a path becomes an object. Nothing else changes.
    person.post(&json!({"a": {"b": 1, "o": 1}, "z": 1})).await;
    person.put(&json!({"a": {"b": {"c": {"d": 1, "gone": null}}, "p": 2}, "z": null})).await.is(200, done(MERGED));
    person.has(json!({"a": {"b": {"c": {"d": 1}}, "o": 1, "p": 2}})).await;
}

#[tokio::test]
async fn keys_may_hold_any_characters() {
    let person = Person::new();
    let odd = [
        "a.b",
        ".",
        "#",
        "#n0",
        ":v0",
        "size",
        "SET",
        "version",
        "settings",
        "pk",
        "erased_at",
        "🙂",
        "a\u{0}b",
        "\u{0}",
        " ",
        "[0]",
        "a[0].b",
        "\"",
        "\\",
        "é",
        "e\u{301}",
        "__proto__",
        "NULL",
        "\u{202e}",
        "\n",
    ];
    for key in odd {
        person.put(&json!({key: {key: 1, "x": {key: key}}})).await.is(200, done(MERGED));
        person.put(&json!({key: {"x": {key: [key]}, key: null}})).await.is(200, done(MERGED));
    }
    let all: Value = odd.iter().map(|key| ((*key).to_owned(), json!({"x": {*key: [key]}}))).collect();
    person.has(all).await;
    for key in odd {
        person.put(&json!({key: null})).await.is(200, done(MERGED));
    }
    person.has(json!({})).await;
}

#[tokio::test]
async fn arrays_replace_and_what_is_in_them_is_kept_to_the_letter() {
    let person = Person::new();
    let array = json!([null, {"a": null}, [[]], {}, "", true, -1.5]);
    person.put(&json!({"list": array})).await.is(200, done(MERGED));
    person.has(json!({"list": array})).await;
    person.put(&json!({"list": []})).await.is(200, done(MERGED));
    person.has(json!({"list": []})).await;
}

#[tokio::test]
async fn numbers_are_kept_to_38_digits() {
    let person = Person::new();
    let numbers = [
        "12345678901234567890123456789012345678",
        "-0.12345678901234567890123456789012345678",
        "12345678901234567890.123456789012345678",
        "18446744073709551616",
        "9007199254740993",
        "1e21",
        "9.9999999999999999999999999999999999999e125",
        "1e-130",
        "0",
        "-7",
        "0.1",
    ];
    for number in numbers {
        let body = format!(r#"{{"n":{number},"o":{{"l":[{number}]}}}}"#);
        person.send(Method::PUT, body.clone()).await.is(200, done(MERGED));
        let answer = person.get().await;
        assert_eq!(answer.text, format!(r#"{{"success":true,"settings":{body}}}"#));
    }
    // A number may be read back in another form of the same value.
    person.send(Method::PUT, r#"{"n":1.50,"o":-0.0,"p":1E2}"#).await.is(200, done(MERGED));
    assert_eq!(person.get().await.text, r#"{"success":true,"settings":{"n":1.5,"o":0,"p":100}}"#);
}

#[tokio::test]
async fn the_content_type_does_not_matter_and_the_method_does() {
    let person = Person::new();
    let bearer = format!("Bearer {}", person.token);
    for content_type in ["text/plain", "application/json; charset=utf-8", "application/x-www-form-urlencoded"] {
        let headers = [("authorization", bearer.as_str()), ("content-type", content_type)];
        let answer = person.client.send(Method::PUT, super::USER, &headers, Some(br#"{"a":1}"#.to_vec())).await;
        answer.is(200, done(MERGED));
    }
    for path in [super::USER, super::ORGANIZATION] {
        for method in [Method::PATCH, Method::from_bytes(b"PURGE").unwrap()] {
            let answer = person.client.json(method, path, &person.token, &json!({})).await;
            super::refused(&answer, 405, "Method not allowed");
            assert_eq!(answer.header("allow"), "GET, HEAD, PUT, POST, DELETE");
        }
    }
}
