//! The calls and units that a request costs.

use api::{Client, options, own};
use local::stack::Options;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::Acme;

async fn calls(client: &Client, act: impl AsyncFnOnce()) -> Value {
    client.json(Method::DELETE, "/_local/calls", "", &Value::Null).await;
    act().await;
    let calls = client.get("/_local/calls", "").await.json();
    let operations = calls["dynamodb"]["operations"].as_object().unwrap();
    let counted = operations.iter().map(|(name, calls)| (name.clone(), json!([calls["calls"], calls["units"]])));
    Value::Object(counted.collect::<Map<_, _>>())
}

#[tokio::test]
async fn a_change_is_one_write_and_no_read_once_the_security_settings_are_known() {
    let (stack, client) = own(Options { concurrency: 1, ..options(&[]) }).await;
    let acme = Acme::on(client.clone()).await;
    let put = async |body: Value| assert_eq!(acme.put(body).await.status, 200);
    let first = calls(&client, async || put(json!({"OptedNotification": []})).await).await;
    // The read of an item that does not exist costs one unit.
    assert_eq!(first, json!({"GetItem": [1, 1.0], "UpdateItem": [1, 1.0]}), "the first write learns the settings");
    let change = calls(&client, async || put(json!({"Email": acme.email, "OptedNotification": []})).await).await;
    assert_eq!(change, json!({"UpdateItem": [1, 1.0]}), "with the address he has");
    let moved = calls(&client, async || put(json!({"Email": format!("new-{}", acme.email)})).await).await;
    assert_eq!(moved, json!({"UpdateItem": [1, 1.0], "TransactWriteItems": [1, 6.0]}), "an address that changes");
    let refused = calls(&client, async || {
        let other = format!("/api/users/00000000-0000-4000-8000-000000000000.{}/settings", acme.org);
        assert_eq!(acme.admin.put(&client, &other, &json!({"OptedNotification": []})).await.status, 401);
    })
    .await;
    assert_eq!(refused["UpdateItem"][0], 1);
    assert!(refused.get("GetItem").is_none(), "{refused}");
    stack.shutdown().await;
}

#[tokio::test]
async fn who_asks_for_the_security_settings_sees_them_as_they_are_in_whichever_process() {
    let (stack, client) = own(Options { concurrency: 2, ..options(&[("SecuritySettingsSeconds", "300")]) }).await;
    let acme = Acme::on(client.clone()).await;
    acme.secure(json!({"UserModifyEmail": "com.soa.feature.disabled"})).await;
    for _ in 0..8 {
        let seen = acme.admin.get(&client, &acme.business()).await.json();
        assert_eq!(seen["UserModifyEmail"], "com.soa.feature.disabled");
    }
    stack.shutdown().await;
}
