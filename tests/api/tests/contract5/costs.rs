//! The calls that a request costs.

use api::{Client, options, own};
use local::stack::Options;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{Person, USER};

async fn calls(client: &Client, act: impl AsyncFnOnce() -> api::Answer) -> Value {
    client.json(Method::DELETE, "/_local/calls", "", &Value::Null).await;
    let answer = act().await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    let calls = client.get("/_local/calls", "").await.json();
    let operations = calls["dynamodb"]["operations"].as_object().unwrap();
    operations.iter().map(|(name, operation)| (name.clone(), operation["calls"].clone())).collect::<Map<_, _>>().into()
}

#[tokio::test]
async fn a_deep_merge_is_one_call_and_two_where_a_parent_is_missing_or_of_another_type() {
    let (stack, client) = own(Options { concurrency: 1, ..options(&[]) }).await;
    let person = Person::of(client.clone(), "costs");
    assert_eq!(person.path, USER);
    let put = async |body: Value| calls(&client, async || person.put(&body).await).await;
    assert_eq!(put(json!({"a": {"b": {"c": 1}}})).await, json!({"UpdateItem": 2}), "the first write of all");
    assert_eq!(
        put(json!({"a": {"b": {"c": 2, "d": null}}, "e": 1})).await,
        json!({"UpdateItem": 1}),
        "parents present"
    );
    assert_eq!(put(json!({"x": "scalar", "a": null})).await, json!({"UpdateItem": 1}), "leaves at the top");
    assert_eq!(put(json!({"a": {"b": 1}})).await, json!({"UpdateItem": 2}), "a parent is missing");
    assert_eq!(put(json!({"x": {"y": {"z": 1}}})).await, json!({"UpdateItem": 2}), "a parent is of another type");
    let wide: Value = (0..400).map(|n| (n.to_string(), json!(n))).collect::<Map<_, _>>().into();
    assert_eq!(put(wide).await, json!({"GetItem": 1, "UpdateItem": 1}), "beyond one expression");

    let post = calls(&client, async || person.post(&json!({"a": {"b": 1}})).await).await;
    assert_eq!(post, json!({"UpdateItem": 1}));
    assert_eq!(calls(&client, async || person.delete(&["a.b", "c"]).await).await, json!({"UpdateItem": 1}));
    assert_eq!(calls(&client, async || person.delete(&["x.y"]).await).await, json!({"UpdateItem": 2}));
    assert_eq!(calls(&client, async || person.get().await).await, json!({"GetItem": 1}));
    stack.shutdown().await;
}

#[tokio::test]
async fn a_table_that_is_busy_is_503_and_the_answer_does_not_show_why() {
    let (stack, client) = own(Options { concurrency: 1, ..options(&[]) }).await;
    let person = Person::of(client.clone(), "faults");
    person.put(&json!({"a": 1})).await;
    // More refusals than the SDK has retries.
    let faults = json!({"dynamodb": [{"operation": "UpdateItem", "kind": "throttle", "times": 3}]});
    let set = client.json(Method::PUT, "/_local/faults", "", &faults).await;
    assert!(set.status.is_success(), "{}", set.text);
    let busy = person.put(&json!({"a": 2})).await;
    busy.is(503, json!({"success": false, "message": "Temporarily unavailable, please try again"}));
    assert_eq!(busy.header("retry-after"), "1");
    client.json(Method::PUT, "/_local/faults", "", &json!({})).await;
    person.has(json!({"a": 1})).await;
    stack.shutdown().await;
}
