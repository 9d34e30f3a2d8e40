use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{KeysAndAttributes, Put, TransactWriteItem};

use std::sync::Mutex;
use std::time::Duration;

use aws_sdk_dynamodb::config::AppName;
use futures::FutureExt;

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

#[tokio::test]
async fn a_kill_ends_the_caller_before_or_after_the_service_has_done_its_work() {
    let bench = bench().await;
    let killed = Arc::<Mutex<Vec<String>>>::default();
    let record = killed.clone();
    bench.proxy.set_killer(Arc::new(move |caller| {
        let (record, caller) = (record.clone(), caller.to_owned());
        async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            record.lock().unwrap().push(caller);
        }
        .boxed()
    }));
    let config = bench.client.config().to_builder().app_name(AppName::new("dispatch-1").unwrap());
    let process = Client::from_conf(config.build());
    for (applied, writes) in [(false, 0.0), (true, 1.0)] {
        bench.faults(json!([{"kind": "kill", "caller": "dispatch", "applied": applied}]));
        let put = process.put_item().table_name("things").item("pk", AttributeValue::S("a".to_owned()));
        let lost = put.send().await.expect_err("no answer");
        assert!(lost.as_service_error().is_none(), "{lost:?}");
        // The connection was held until the process was gone.
        assert_eq!(std::mem::take(&mut *killed.lock().unwrap()), ["dispatch-1"]);
        assert_eq!(bench.operation("PutItem")["write_units"], writes);
    }
    bench.put("b").send().await.expect("not a call of that function");
    assert_eq!(bench.proxy.calls()["callers"], json!({"dispatch-1": 2}));
}
