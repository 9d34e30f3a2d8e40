//! `custom_fields` are deep-merged, keep all 38 digits of a number, and hold at most 8 KiB.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Operator, external_id, is_fault, user_path};

/// A number with 38 digits, and a number with one digit more.
const LONG: &str = "12345678901234567890123456789012345678";
const TOO_LONG: &str = "123456789012345678901234567890123456789";

#[tokio::test]
async fn custom_fields_are_deep_merged_and_null_removes() {
    let operator = Operator::new().await;
    let path = user_path(&external_id());
    let put = async |fields: Value| {
        let answer = operator.send(Method::PUT, &path, json!({"custom_fields": fields})).await;
        assert!(answer.status.is_success(), "{}", answer.text);
        let read = operator.send(Method::GET, &path, Value::Null).await.json();
        assert_eq!(answer.json()["custom_fields"], read["custom_fields"]);
        read["custom_fields"].clone()
    };
    // Each line has a patch, and the whole content of `custom_fields` after it.
    for (patch, all) in [
        (json!({"a": {"b": 1, "size": "x"}, "c": [1]}), json!({"a": {"b": 1, "size": "x"}, "c": [1]})),
        (json!({"a": {"b": 2}}), json!({"a": {"b": 2, "size": "x"}, "c": [1]})),
        (json!({"a": {"b": null, "d.e": {"#": "🙂"}}}), json!({"a": {"size": "x", "d.e": {"#": "🙂"}}, "c": [1]})),
        (json!({"a": 7, "c": {"f": {}}}), json!({"a": 7, "c": {"f": {}}})),
        (json!({"a": {"g": null}}), json!({"a": {}, "c": {"f": {}}})),
        (json!({"c": null, "no": null}), json!({"a": {}})),
        (
            json!({"n": [0.1, -5, 1e100, 18446744073709551615u64]}),
            json!({"a": {}, "n": [0.1, -5, 1e100, 18446744073709551615u64]}),
        ),
        (json!({}), json!({"a": {}, "n": [0.1, -5, 1e100, 18446744073709551615u64]})),
    ] {
        assert_eq!(put(patch.clone()).await, all, "{patch}");
    }
    let many: serde_json::Map<_, _> = (0..200).map(|n| (format!("key-{n}"), json!(n))).collect();
    let mut all = json!({"a": {}, "n": [0.1, -5, 1e100, 18446744073709551615u64]});
    all.as_object_mut().unwrap().extend(many.clone());
    assert_eq!(put(json!(many)).await, all, "more than one expression holds");
}

#[tokio::test]
async fn custom_fields_take_eight_kib_at_most_and_no_more_is_written() {
    let operator = Operator::new().await;
    let path = user_path(&external_id());
    let refused = operator.send(Method::PUT, &path, json!({"custom_fields": {"a": "x".repeat(8192)}})).await;
    is_fault(&refused, "custom_fields", "length");
    assert_eq!(operator.send(Method::GET, &path, Value::Null).await.status.as_u16(), 404, "nobody was created");
    for round in 0..4 {
        // Each round replaces the value of the same key. A replaced value no longer counts towards the limit.
        let fields = json!({"a": round.to_string().repeat(4000)});
        let answer = operator.send(Method::PUT, &path, json!({"custom_fields": fields})).await;
        assert!(answer.status.is_success(), "{round}: {}", answer.text);
    }
    let before = operator.send(Method::GET, &path, Value::Null).await;
    let body = json!({"first_name": "Not written", "custom_fields": {"b": "x".repeat(4200)}});
    is_fault(&operator.send(Method::PUT, &path, body).await, "custom_fields", "length");
    operator.send(Method::GET, &path, Value::Null).await.is(200, before.json());
    let fits = operator.send(Method::PUT, &path, json!({"custom_fields": {"b": "x".repeat(4100)}})).await;
    assert_eq!(fits.status.as_u16(), 200, "{}", fits.text);
}

#[tokio::test]
async fn numbers_are_kept_to_38_digits_wherever_they_are_shown() {
    let operator = Operator::new().await;
    let path = user_path(&external_id());
    let small = "-0.12345678901234567890123456789012345678";
    let fields = format!(r#"{{"a":{{"b":{LONG}}},"list":[{small},1e-130,18446744073709551616,0.1]}}"#);
    // Three writes take three different ways: the first creates the user, the second writes a leaf, and the third finds
    // that a parent object does not exist.
    let created = operator.send_text(Method::PUT, &path, &format!(r#"{{"custom_fields":{fields}}}"#)).await;
    assert_eq!(created.status.as_u16(), 201, "{}", created.text);
    let leaf = operator.send_text(Method::PUT, &path, &format!(r#"{{"custom_fields":{{"a":{{"c":-{LONG}}}}}}}"#)).await;
    let parent =
        operator.send_text(Method::PUT, &path, &format!(r#"{{"custom_fields":{{"o":{{"d":[{LONG}]}}}}}}"#)).await;
    // The field's name may contain JSON escapes, and `1.50` is stored as 1.5.
    let escaped = r#"{"\u0063ustom_fields":{"p":1.50,"a":{"b":null}}}"#;
    let last = operator.send_text(Method::PUT, &path, escaped).await;
    let list = format!(r#""list":[{small},1e-130,18446744073709551616,0.1]"#);
    let shown = |answer: &str, fields: &str| {
        assert!(answer.contains(&format!(r#""custom_fields":{fields},"created_at""#)), "{answer}\n{fields}");
    };
    shown(&created.text, &fields);
    shown(&leaf.text, &format!(r#"{{"a":{{"b":{LONG},"c":-{LONG}}},{list}}}"#));
    shown(&parent.text, &format!(r#"{{"a":{{"b":{LONG},"c":-{LONG}}},{list},"o":{{"d":[{LONG}]}}}}"#));
    let all = format!(r#"{{"a":{{"c":-{LONG}}},{list},"o":{{"d":[{LONG}]}},"p":1.5}}"#);
    shown(&last.text, &all);
    shown(&operator.send(Method::GET, &path, Value::Null).await.text, &all);
    let id = created.json()["id"].as_str().unwrap().to_owned();
    let token = operator.client.token("admin").await;
    let export = operator.client.get(&format!("/api/v1/users/{id}/export"), &token).await;
    assert!(export.text.contains(&format!(r#""custom":{all}"#)), "{}", export.text);
}

#[tokio::test]
async fn a_number_that_cannot_be_kept_is_named_and_nothing_is_written() {
    let operator = Operator::new().await;
    let path = user_path(&external_id());
    let put = async |fields: &str| {
        let body = format!(r#"{{"first_name":"Not written","custom_fields":{fields}}}"#);
        operator.send_text(Method::PUT, &path, &body).await
    };
    let refusals = |number: &str| {
        [
            (format!(r#"{{"n":{number}}}"#), "custom_fields.n"),
            (format!(r#"{{"good":1,"a":{{"b.c":[null,{{"n":-{number}}}]}}}}"#), "custom_fields.a.b.c.1.n"),
        ]
    };
    let numbers = [TOO_LONG, &format!("0.{TOO_LONG}"), "1e126", "9.9e307", "1e-131", "1e-400"];
    for (fields, field) in numbers.iter().flat_map(|number| refusals(number)) {
        is_fault(&put(&fields).await, field, "invalid");
    }
    assert_eq!(operator.send(Method::GET, &path, Value::Null).await.status.as_u16(), 404, "nobody was created");
    let before = operator.send(Method::PUT, &path, json!({"custom_fields": {"a": {"n": 1}}})).await;
    for (fields, field) in numbers.iter().flat_map(|number| refusals(number)) {
        is_fault(&put(&fields).await, field, "invalid");
    }
    let after = operator.send(Method::GET, &path, Value::Null).await;
    after.is(200, before.json());
    assert_eq!(after.version(), 1);
    let refused = put(&format!(r#"{{"n":{TOO_LONG}}}"#)).await.json();
    let message = &refused["error"]["details"]["fields"][0]["message"];
    assert_eq!(*message, "must be a number of at most 38 significant digits");
}

#[tokio::test]
async fn a_type_may_change_between_object_and_anything_else_and_back() {
    let operator = Operator::new().await;
    let path = user_path(&external_id());
    let odd = ["a.b", "#n0", ":v0", "size", "custom", "custom_bytes", "🙂", "a\u{0}b", " ", "\"", "__proto__"];
    let values =
        [json!(1), json!({"b": {"c": 1}}), json!([]), json!({"b": {"c": [{"d": null}]}}), json!("x"), json!({})];
    for key in odd {
        for value in &values {
            let patch = json!({"custom_fields": {key: {"in": value}, "kept": {key: value}}});
            let answer = operator.send(Method::PUT, &path, patch.clone()).await;
            assert!(answer.status.is_success(), "{patch}: {}", answer.text);
            let read = operator.send(Method::GET, &path, Value::Null).await.json();
            let is = (&read["custom_fields"][key]["in"], &read["custom_fields"]["kept"][key]);
            assert_eq!(is, (value, value), "{patch}");
            // A scalar replaces the objects around the value. The next round turns the scalar into objects again.
            let flat = operator.send(Method::PUT, &path, json!({"custom_fields": {key: 7, "kept": {key: null}}})).await;
            assert_eq!(flat.json()["custom_fields"][key], 7);
            assert_eq!(flat.json()["custom_fields"]["kept"].get(key), None);
        }
        operator.send(Method::PUT, &path, json!({"custom_fields": {key: null}})).await;
    }
    let read = operator.send(Method::GET, &path, Value::Null).await.json();
    assert_eq!(read["custom_fields"], json!({"kept": {}}));
}
