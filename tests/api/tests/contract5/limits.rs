//! Patches that need more than one update expression, and settings that are too large for an item.

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{MERGED, NOT_MERGED, Person, done, refused};

fn many(count: usize, value: impl Fn(usize) -> Value) -> Value {
    (0..count).map(|n| (format!("key-{n}"), value(n))).collect::<Map<_, _>>().into()
}

#[tokio::test]
async fn a_patch_beyond_one_expression_s_limits_is_merged_all_the_same() {
    let person = Person::new();
    person.put(&json!({"kept": {"a": 1}})).await;
    let wide = many(2000, |n| json!(n));
    person.put(&wide).await.is(200, done(MERGED));
    person.put(&json!({"wide": wide})).await.is(200, done(MERGED));
    let nested = many(300, |n| json!({"a": {"b": n}, "gone": null}));
    person.put(&json!({"nested": nested})).await.is(200, done(MERGED));
    // The same places are written again, and half of them are removed.
    person.put(&json!({"nested": many(300, |n| if n % 2 == 0 { json!({"a": {"c": n}}) } else { json!(null) })})).await;
    person.put(&many(1999, |_| json!(null))).await.is(200, done(MERGED));
    let left = (0..300).step_by(2).map(|n| (format!("key-{n}"), json!({"a": {"b": n, "c": n}})));
    let left: Map<_, _> = left.collect();
    let read = person.get().await;
    assert_eq!(read.json()["settings"], json!({"kept": {"a": 1}, "key-1999": 1999, "wide": wide, "nested": left}));
    assert_eq!(read.version(), 6);
    let keys: Vec<_> = (0..2000).map(|n| format!("wide.key-{n}")).collect();
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    assert_eq!(person.delete(&keys).await.version(), 7);
    assert_eq!(person.get().await.json()["settings"]["wide"], json!({}));
}

#[tokio::test]
async fn settings_hold_what_one_item_can_and_more_is_400_and_nothing_written() {
    let person = Person::new();
    let large = "x".repeat(190 * 1024);
    person.put(&json!({"a": large})).await.is(200, done(MERGED));
    person.put(&json!({"b": large})).await.is(200, done(MERGED));
    let before = person.get().await;
    // Each patch is too large in another way: by a leaf, by a new object, and by more fields than one update expression
    // can hold.
    for patch in [json!({"c": large}), json!({"c": {"d": large}}), {
        let mut wide = many(400, |n| json!(n));
        wide["c"] = json!(large);
        wide
    }] {
        let error = refused(&person.put(&patch).await, 400, NOT_MERGED);
        assert!(error.contains("400 KB"), "{error}");
    }
    let after = person.get().await;
    assert_eq!((after.text == before.text, after.version()), (true, 2));
    person.put(&json!({"a": null, "c": large})).await.is(200, done(MERGED));
    // Many small elements fit too.
    let ones = format!("{{\"a\":[{}1]}}", "1,".repeat(30_000));
    Person::new().send(Method::PUT, ones).await.is(200, done(MERGED));
}

#[tokio::test]
async fn a_body_of_256_kib_is_taken() {
    let person = Person::new();
    let body = format!("{{\"a\":\"{}\"}}", "x".repeat(256 * 1024 - 8));
    person.send(Method::PUT, body).await.is(200, done(MERGED));
    let key = "k".repeat(65_535);
    person.put(&json!({&key: {"a": 1}})).await.is(200, done(MERGED));
    person.put(&json!({&key: {"b": 1}})).await.is(200, done(MERGED));
    assert_eq!(person.get().await.json()["settings"][&key], json!({"a": 1, "b": 1}));
}
