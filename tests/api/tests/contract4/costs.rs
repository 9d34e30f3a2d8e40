//! The calls and units that contract 4's requests cost.

use api::{options, own as own_stack};
use local::stack::Options;
use reqwest::Method;
use serde_json::{Value, json};

use super::{own, patch, token, user};
use crate::counts::calls;

#[tokio::test]
async fn a_change_is_one_write_and_no_read_whoever_makes_it() {
    let (stack, client) = own_stack(Options { concurrency: 1, ..options(&[]) }).await;
    let (id, path) = user(&client).await;
    let admin = client.token("admin").await;
    client.json(Method::PUT, &format!("/api/v1/users/{id}"), &admin, &json!({"teams": ["north"]})).await;
    let manager = token("a-manager", &["broker"], &["north", "south"]);
    for who in [&own(&id), &admin, &manager] {
        let change = calls(&client, async || {
            assert_eq!(patch(&client, &path, who, &json!({"theme": "dark", "language": null})).await.status, 200);
        });
        assert_eq!(json!(change.await), json!({"UpdateItem": [1, 1.0]}), "a change");
        let read = calls(&client, async || assert_eq!(client.get(&path, who).await.status, 200));
        assert_eq!(json!(read.await), json!({"GetItem": [1, 1.0]}), "a read");
    }
    for (who, expected) in [
        // The user is in another team: the write's own condition fails.
        (token("a-manager", &["broker"], &["south"]), json!(1)),
        (token("a-manager", &["broker"], &[]), Value::Null),
        (token("someone", &["user"], &[]), Value::Null),
    ] {
        let refused = calls(&client, async || {
            assert_eq!(patch(&client, &path, &who, &json!({"theme": "light"})).await.status, 403);
        })
        .await;
        assert_eq!(refused.get("UpdateItem").map_or(Value::Null, |update| update[0].clone()), expected);
        assert_eq!(refused.len(), usize::from(!expected.is_null()), "{refused:?}");
    }
    stack.shutdown().await;
}
