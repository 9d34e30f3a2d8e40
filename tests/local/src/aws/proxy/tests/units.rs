use aws_sdk_dynamodb::types::{
    GlobalSecondaryIndex, Projection, ProjectionType, Put, ReturnConsumedCapacity, TransactWriteItem,
};

use super::*;

#[tokio::test]
async fn calls_and_units_are_counted_and_the_answer_is_as_it_was() {
    let bench = bench().await;
    let answer = bench.put("a").send().await.expect("put");
    assert!(answer.consumed_capacity.is_none(), "nobody asked");
    let asked = bench.put("a").return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.expect("put");
    assert!(asked.consumed_capacity.is_some());
    bench.put("b").item("v", AttributeValue::S("x".repeat(1500))).send().await.expect("put");
    let refused = bench.put("a").condition_expression("attribute_not_exists(pk)").send().await;
    assert!(refused.is_err_and(|error| { error.into_service_error().is_conditional_check_failed_exception() }));
    let get = bench.client.get_item().table_name("things").key("pk", AttributeValue::S("a".to_owned()));
    get.consistent_read(true).send().await.expect("get");

    assert_eq!(bench.operation("PutItem"), counts(4, 0.0, 5.0, 0));
    assert_eq!(bench.operation("GetItem"), counts(1, 1.0, 0.0, 0));
    assert_eq!(bench.proxy.calls()["total"], 5);
    assert_eq!(bench.proxy.calls()["max_in_flight"], 1);
}

#[tokio::test]
async fn units_of_indexes_are_in_the_total() {
    let bench = bench().await;
    let mut create = bench.client.create_table().table_name("indexed").billing_mode(BillingMode::PayPerRequest);
    for name in ["pk", "owner"] {
        let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        create = create.attribute_definitions(attribute.build().expect("attribute"));
    }
    let key =
        |name: &str| KeySchemaElement::builder().attribute_name(name).key_type(KeyType::Hash).build().expect("key");
    let index = GlobalSecondaryIndex::builder().index_name("owners").key_schema(key("owner"));
    let index = index.projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build());
    let create = create.key_schema(key("pk")).global_secondary_indexes(index.build().expect("index"));
    create.send().await.expect("created");
    for (owner, expected) in [("a", 2.0), ("b", 5.0)] {
        let text = |value: &str| AttributeValue::S(value.to_owned());
        let put = bench.client.put_item().table_name("indexed").item("pk", text("x")).item("owner", text(owner));
        put.send().await.expect("put");
        // One unit is for the item. A new index entry is one unit, and a moved index entry is two units.
        assert_eq!(bench.operation("PutItem")["write_units"], expected);
    }
}

#[tokio::test]
async fn a_transaction_counts_double_even_when_it_is_refused() {
    let bench = bench().await;
    for expected in [2.0, 4.0] {
        let put = Put::builder().table_name("things").item("pk", AttributeValue::S("a".to_owned()));
        let put = put.condition_expression("attribute_not_exists(pk)").build().expect("put");
        let item = TransactWriteItem::builder().put(put).build();
        let outcome = bench.client.transact_write_items().transact_items(item).send().await;
        assert_eq!(outcome.is_ok(), expected == 2.0);
        assert_eq!(bench.operation("TransactWriteItems")["write_units"], expected);
    }
}

#[tokio::test]
async fn a_batch_of_statements_counts_what_it_did_and_what_it_tried_in_vain() {
    use aws_sdk_dynamodb::types::BatchStatementRequest;
    let bench = bench().await;
    let insert = async |names: &[&str]| {
        let statement = |name: &&str| {
            let statement = BatchStatementRequest::builder().statement(r#"INSERT INTO "things" VALUE {'pk': ?}"#);
            statement.parameters(AttributeValue::S((*name).to_owned())).build().expect("a statement")
        };
        let call = bench.client.batch_execute_statement();
        let answer = call.set_statements(Some(names.iter().map(statement).collect())).send().await.expect("an answer");
        assert!(answer.consumed_capacity.is_none_or(|units| units.is_empty()), "nobody asked");
        let answers = answer.responses.expect("an answer each").into_iter();
        let codes = answers.map(|answer| answer.error.and_then(|error| error.code).map(|code| code.to_string()));
        (codes.collect::<Vec<_>>(), bench.operation("BatchExecuteStatement"))
    };
    let there = || Some("DuplicateItem".to_owned());
    assert_eq!(insert(&["a", "b"]).await, (vec![None, None], counts(1, 0.0, 2.0, 0)));
    assert_eq!(insert(&["b", "c"]).await, (vec![there(), None], counts(2, 0.0, 4.0, 0)));
    assert_eq!(insert(&["a", "c"]).await, (vec![there(), there()], counts(3, 0.0, 6.0, 0)));
    bench.faults(json!([{"kind": "partial", "times": 1}]));
    let throttled = || Some("ThrottlingError".to_owned());
    assert_eq!(insert(&["d", "e"]).await, (vec![None, throttled()], counts(4, 0.0, 7.0, 0)));
}

#[tokio::test]
async fn overlap_and_delay_are_seen() {
    let bench = bench().await;
    bench.faults(json!([{"kind": "delay", "delay_ms": 200}]));
    let start = std::time::Instant::now();
    let (a, b) = tokio::join!(bench.put("a").send(), bench.put("b").send());
    assert!(a.is_ok() && b.is_ok());
    assert!(start.elapsed() >= std::time::Duration::from_millis(200));
    assert_eq!(bench.proxy.calls()["max_in_flight"], 2);
    bench.proxy.shutdown().await;
    bench.emulators.shutdown().await;
}
