//! The page while the table or the signing secret cannot be read.

use api::{options, own};
use local::stack::Options;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Visitor, is_page};

#[tokio::test]
async fn a_table_out_of_reach_is_a_503_page_and_nothing_is_written() {
    let (stack, client) = own(Options { concurrency: 1, ..options(&[]) }).await;
    let visitor = Visitor::on(client.clone()).await;
    is_page(&visitor.look().await, 200, "Notification preferences");
    let fail = async |operation: &str| {
        let faults = json!({"dynamodb": [{"operation": operation, "kind": "throttle"}]});
        assert_eq!(client.json(Method::PUT, "/_local/faults", "", &faults).await.status.as_u16() / 100, 2);
    };
    for operation in ["GetItem", "UpdateItem"] {
        fail(operation).await;
        let posted = visitor.post("was.channel.email=on").await;
        is_page(&posted, 503, "We cannot be reached at the moment.");
        assert_eq!(posted.header("retry-after"), "1");
        let told = visitor.save("was.channel.email=on").await;
        assert_eq!((told.status.as_u16(), told.json()["saved"].clone()), (503, json!(false)));
    }
    fail("GetItem").await;
    let seen = visitor.look().await;
    is_page(&seen, 503, "We cannot be reached at the moment.");
    assert_eq!(seen.header("retry-after"), "1");
    client.json(Method::DELETE, "/_local/faults", "", &Value::Null).await;
    assert_eq!(visitor.channels().await, json!({}));
    stack.shutdown().await;
}

#[tokio::test]
async fn without_the_secret_no_link_is_made_and_none_is_believed() {
    let (stack, client) = own(Options { concurrency: 1, ..options(&[]) }).await;
    let visitor = Visitor::on(client.clone()).await;
    let secret = stack.template().secrets[0].clone();
    stack.providers().remove_secret(&secret);
    is_page(&visitor.look().await, 500, "Something went wrong on our side.");
    let minted = client.json(Method::POST, &visitor.path("/preference-link"), &visitor.token, &Value::Null).await;
    assert_eq!(minted.status, 500, "{}", minted.text);
    stack.shutdown().await;
}
