//! What DynamoDB refuses and the emulator does not.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use serde_json::json;

use super::*;
use crate::aws::late_index::LAG;
use crate::aws::provision;
use crate::aws::schema::Schema;
use crate::fidelity::{Behaviour, Fidelity};
use crate::template::Table;

/// A table `things` with an index by `owner`, as strict as `fidelity` says, behind a proxy.
async fn strict(fidelity: Fidelity) -> (Emulators, Proxy, Client) {
    let properties = json!({
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": (["pk", "owner", "at"].map(|name| json!({"AttributeName": name, "AttributeType": "S"}))),
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "GlobalSecondaryIndexes": [{
            "IndexName": "timeline",
            "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }],
    });
    let table = Table { name: "things".to_owned(), properties };
    let emulators = Emulators::start_as(None, &fidelity).await.unwrap();
    for endpoint in [Some(emulators.dynamodb_endpoint()), emulators.indexes_endpoint()].into_iter().flatten() {
        provision::create_table(&table, endpoint).await.unwrap();
    }
    let proxy = Proxy::start(Service::DynamoDb, emulators.dynamodb_endpoint()).await.unwrap();
    let schema = Schema::of(&table).unwrap();
    let index = emulators.follow(&schema).unwrap();
    proxy.set_strict(Strict::new(schema, &fidelity, &emulators, index).unwrap());
    let client = Client::from_conf(clients::dynamodb(proxy.endpoint()).retry_config(RetryConfig::disabled()).build());
    (emulators, proxy, client)
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

async fn put(client: &Client, pk: &str, owner: &str, bytes: usize) -> Result<(), String> {
    let put = client.put_item().table_name("things").item("pk", text(pk)).item("owner", text(owner));
    let put = put.item("at", text(pk)).item("rest", text(&"x".repeat(bytes)));
    put.send().await.map(drop).map_err(|error| error.code().unwrap_or_default().to_owned())
}

async fn owned(client: &Client, owner: &str) -> i32 {
    let query = client.query().table_name("things").index_name("timeline");
    let query = query.key_condition_expression("#o = :o").expression_attribute_names("#o", "owner");
    query.expression_attribute_values(":o", text(owner)).send().await.unwrap().count()
}

async fn transact(client: &Client, keys: &[&str]) -> Result<(), String> {
    let parts = keys.iter().map(|pk| {
        let put = Put::builder().table_name("things").item("pk", text(pk)).build().unwrap();
        TransactWriteItem::builder().put(put).build()
    });
    let done = client.transact_write_items().set_transact_items(Some(parts.collect())).send().await;
    done.map(drop).map_err(|error| {
        let cancelled = error.as_service_error().unwrap();
        assert!(cancelled.is_transaction_canceled_exception(), "{cancelled:?}");
        cancelled.to_string() + cancelled.message().unwrap_or_default()
    })
}

#[tokio::test]
async fn an_index_shows_a_write_later_and_the_table_at_once() {
    let (_emulators, _proxy, client) = strict(Fidelity::none().with(Behaviour::LateIndex)).await;
    let began = Instant::now();
    put(&client, "a", "ann", 1).await.unwrap();
    assert!(client.get_item().table_name("things").key("pk", text("a")).send().await.unwrap().item.is_some());
    assert_eq!(owned(&client, "ann").await, 0, "after {:?}", began.elapsed());
    while owned(&client, "ann").await == 0 {
        assert!(began.elapsed() < Duration::from_secs(5));
    }
    assert!(began.elapsed() >= LAG, "{:?}", began.elapsed());
    // What moves or goes is seen where it was until then.
    put(&client, "a", "bea", 1).await.unwrap();
    assert_eq!((owned(&client, "ann").await, owned(&client, "bea").await), (1, 0));
    tokio::time::sleep(2 * LAG).await;
    assert_eq!((owned(&client, "ann").await, owned(&client, "bea").await), (0, 1));
    client.delete_item().table_name("things").key("pk", text("a")).send().await.unwrap();
    assert_eq!(owned(&client, "bea").await, 1);
    tokio::time::sleep(2 * LAG).await;
    assert_eq!(owned(&client, "bea").await, 0);
}

#[tokio::test]
async fn an_index_that_is_forgiven_shows_everything_at_once() {
    let (_emulators, _proxy, client) = strict(Fidelity::none()).await;
    put(&client, "a", "ann", 1).await.unwrap();
    assert_eq!(owned(&client, "ann").await, 1);
}

#[tokio::test]
async fn what_is_written_past_the_proxy_comes_into_the_index_too() {
    let (_emulators, proxy, client) = strict(Fidelity::none().with(Behaviour::LateIndex)).await;
    let direct = Client::from_conf(clients::dynamodb(proxy.direct_endpoint()).build());
    put(&direct, "a", "ann", 1).await.unwrap();
    tokio::time::sleep(2 * LAG).await;
    assert_eq!(owned(&client, "ann").await, 1);
    assert_eq!(proxy.calls()["operations"]["PutItem"], serde_json::Value::Null, "it is not counted");
}

#[tokio::test]
async fn a_partition_takes_a_thousand_units_a_second_and_others_go_on() {
    let (_emulators, proxy, client) = strict(Fidelity::none().with(Behaviour::PartitionLimits)).await;
    for _ in 0..3 {
        put(&client, "hot", "ann", 395 * 1024).await.unwrap();
    }
    assert_eq!(put(&client, "hot", "ann", 1).await.unwrap_err(), "ProvisionedThroughputExceededException");
    assert_eq!(proxy.calls()["operations"]["PutItem"]["throttled"], 1);
    put(&client, "cool", "ann", 1).await.unwrap();
    tokio::time::sleep(Duration::from_millis(700)).await;
    put(&client, "hot", "ann", 1).await.unwrap();
}

#[tokio::test]
async fn a_full_partition_of_the_index_holds_back_the_table_s_writes_to_it() {
    let (emulators, _proxy, client) = strict(Fidelity::none().with(Behaviour::PartitionLimits)).await;
    let batch = |from: usize| {
        let puts = (from..from + 25).map(|n| {
            let key = format!("{n:0>5}");
            json!({"PutRequest": {"Item": {"pk": {"S": key}, "owner": {"S": "HOT"}, "at": {"S": key}}}})
        });
        json!({"RequestItems": {"things": puts.collect::<Vec<_>>()}})
    };
    // The table itself takes them, each in its own partition, as fast as they come.
    let writes = (0..1500).step_by(25).map(|from| {
        let call = reqwest::Client::new().post(emulators.dynamodb_endpoint()).body(batch(from).to_string());
        let call = call.header("x-amz-target", "DynamoDB_20120810.BatchWriteItem").header("content-type", "application/x-amz-json-1.0");
        let signature = "AWS4-HMAC-SHA256 Credential=local/20240101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0";
        call.header("authorization", signature).header("x-amz-date", "20240101T000000Z").send()
    });
    for answer in futures::future::join_all(writes).await {
        assert_eq!(answer.unwrap().status(), 200);
    }
    emulators.index().unwrap().wrote((0..1500).map(|n| (format!("{n:0>5}"), None)));
    let refused = async {
        while put(&client, "next", "HOT", 1).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), refused).await.expect("a refused write");
    assert_eq!(put(&client, "next", "HOT", 1).await.unwrap_err(), "ProvisionedThroughputExceededException");
    put(&client, "other", "COOL", 1).await.unwrap();
    put(&client, "HOT", "COOL", 1).await.expect("a partition of the table of that name is another one");
    let again = async {
        while put(&client, "next", "HOT", 1).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), again).await.expect("it clears by itself");
}

#[tokio::test]
async fn transactions_and_writes_that_meet_are_refused() {
    let (_emulators, _proxy, client) = strict(Fidelity::none().with(Behaviour::TransactionConflicts)).await;
    let (mut conflicts, mut cancelled) = (0, 0);
    for round in 0..50 {
        let shared = format!("shared-{round}");
        let (own, other) = (format!("own-{round}"), format!("other-{round}"));
        let (first, second) = ([shared.as_str(), own.as_str()], [other.as_str(), shared.as_str()]);
        let (one, two, write) =
            tokio::join!(transact(&client, &first), transact(&client, &second), put(&client, &shared, "ann", 1),);
        for error in [one, two].into_iter().filter_map(Result::err) {
            assert!(error.contains("TransactionConflict"), "{error}");
            cancelled += 1;
        }
        if let Err(error) = write {
            assert_eq!(error, "TransactionConflictException");
            conflicts += 1;
        }
    }
    assert!(conflicts > 0 && cancelled > 0, "{conflicts} writes and {cancelled} transactions were refused");
    transact(&client, &["shared-0", "own-0"]).await.unwrap();
}

#[tokio::test]
async fn a_statement_meets_a_transaction_alone() {
    let (_emulators, _proxy, client) = strict(Fidelity::none().with(Behaviour::TransactionConflicts)).await;
    let statement = |pk: &str| {
        let text = format!("INSERT INTO \"things\" VALUE {{'pk': '{pk}'}}");
        aws_sdk_dynamodb::types::BatchStatementRequest::builder().statement(text).build().unwrap()
    };
    for round in 0.. {
        let (taken, free) = (format!("taken-{round}"), format!("free-{round}"));
        let batch = client.batch_execute_statement().statements(statement(&taken)).statements(statement(&free));
        let taken = [taken.as_str()];
        let (done, batch) = tokio::join!(transact(&client, &taken), batch.send());
        let responses = batch.unwrap().responses.unwrap();
        let code =
            |at: usize| responses[at].error().and_then(|error| error.code()).map(|code| code.as_str().to_owned());
        assert_eq!((responses.len(), code(1)), (2, None));
        if done.is_ok() && code(0).as_deref() == Some("TransactionConflict") {
            return;
        }
        assert!(round < 100, "they never met");
    }
}
