//! What a pause costs. The counts do not depend on the machine.

use serde_json::{Value, json};

use super::{forget, pause, paused, resume, stack, tick};
use crate::batches::{Batch, calls, dispatch};

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_delivery_is_one_write_and_no_address_is_looked_up() {
    let (stack, client) = stack().await;
    pause(&stack, &client, "all", json!({})).await;
    let first = Batch::plain(&stack, &client, 1).await;
    assert_eq!(dispatch(&stack, first.messages(1)).await, Some(Vec::new()), "now it knows channels and pauses");
    let batch = Batch::plain(&stack, &client, 10).await;
    let made = calls(&stack, &client, batch.messages(1)).await;
    // One read of the users and notifications; one write a delivery, of a unit for its record and one for its entry in the index.
    assert_eq!(made["BatchGetItem"], json!([1, 20.0]), "{made:?}");
    assert_eq!((made["UpdateItem"][0].clone(), made.len()), (json!(10), 2), "{made:?}");
    for id in &batch.ids {
        paused(&client, id).await;
    }
    // While the pause goes on, a minute's look at it writes nothing, however much waits.
    let look = crate::counts::calls(&client, async || assert_eq!(tick(&client).await, 0)).await;
    let writes = ["UpdateItem", "PutItem", "DeleteItem", "BatchExecuteStatement", "SendMessageBatch"];
    assert!(look.contains_key("Query") && writes.iter().all(|write| !look.contains_key(*write)), "{look:?}");
    resume(&stack, &client, "all").await;
    let release = crate::counts::calls(&client, async || assert_eq!(tick(&client).await, 11)).await;
    assert!(
        release["SendMessageBatch"].as_u64().is_some_and(|calls| calls <= 11),
        "one for each part and channel at most: {release:?}"
    );
    client.is_drained().await;
    stack.shutdown().await;
}

#[tokio::test]
async fn without_a_pause_a_batch_costs_what_it_did_and_a_new_process_one_read_more() {
    let (stack, client) = stack().await;
    forget(&stack).await;
    let first = Batch::plain(&stack, &client, 1).await;
    let made = calls(&stack, &client, first.messages(1)).await;
    assert_eq!(made["Query"][0], json!(3), "the channels, the categories and the pauses: {made:?}");
    let second = Batch::plain(&stack, &client, 1).await;
    let made = calls(&stack, &client, second.messages(1)).await;
    assert_eq!(made.get("Query"), None::<&Value>, "{made:?}");
    stack.shutdown().await;
}
