use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{KeysAndAttributes, Put, TransactWriteItem};

use super::*;

#[tokio::test]
async fn faults_look_to_the_sdk_like_the_services_own() {
    let bench = bench().await;
    bench.faults(json!([
        {"operation": "PutItem", "kind": "throttle", "times": 1},
        {"operation": "PutItem", "kind": "error", "times": 1},
        {"operation": "PutItem", "kind": "conflict", "times": 1},
        {"operation": "PutItem", "kind": "reset", "times": 1, "applied": true},
    ]));
    let error = || async { bench.put("a").send().await.expect_err("a fault") };
    assert!(error().await.into_service_error().is_provisioned_throughput_exceeded_exception());
    assert!(error().await.into_service_error().is_internal_server_error());
    assert!(error().await.into_service_error().is_transaction_conflict_exception());
    let lost = error().await;
    assert!(lost.as_service_error().is_none(), "no answer: {lost:?}");
    assert_eq!(bench.operation("PutItem"), counts(4, 0.0, 1.0, 1), "the lost one was done");
    bench.put("a").send().await.expect("every fault is spent");
}

#[tokio::test]
async fn a_conflict_cancels_a_transaction_with_its_reasons() {
    let bench = bench().await;
    bench.faults(json!([{"kind": "conflict"}]));
    let put = |pk: &str| {
        let put = Put::builder().table_name("things").item("pk", AttributeValue::S(pk.to_owned()));
        TransactWriteItem::builder().put(put.build().expect("put")).build()
    };
    let transaction = bench.client.transact_write_items();
    let transaction = transaction.transact_items(put("a")).transact_items(put("b"));
    let error = transaction.send().await.expect_err("a conflict").into_service_error();
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else {
        panic!("{error:?}");
    };
    let codes = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code());
    assert_eq!(codes.collect::<Vec<_>>(), ["TransactionConflict", "None"]);
}

#[tokio::test]
async fn a_batch_read_in_part_says_what_is_left() {
    let bench = bench().await;
    let names = ["a", "b", "c"];
    for name in names {
        bench.put(name).send().await.expect("put");
    }
    bench.faults(json!([{"kind": "partial", "times": 1}]));
    let keys = names.map(|name| [("pk".to_owned(), AttributeValue::S(name.to_owned()))].into());
    let keys = KeysAndAttributes::builder().set_keys(Some(keys.to_vec())).build().expect("keys");
    let answer = bench.client.batch_get_item().request_items("things", keys).send().await.expect("a part");
    assert_eq!(answer.responses.expect("items")["things"].len(), 1);
    assert_eq!(answer.unprocessed_keys.expect("the rest")["things"].keys().len(), 2);
}
