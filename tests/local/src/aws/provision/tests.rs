use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;

use super::*;
use crate::aws::clients;
use crate::template::Deployed;

const TEMPLATE: &str = r#"
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - { AttributeName: pk, AttributeType: S }
        - { AttributeName: sk, AttributeType: S }
        - { AttributeName: owner, AttributeType: S }
      KeySchema: [{ AttributeName: pk, KeyType: HASH }, { AttributeName: sk, KeyType: RANGE }]
      GlobalSecondaryIndexes:
        - IndexName: timeline
          KeySchema: [{ AttributeName: owner, KeyType: HASH }, { AttributeName: sk, KeyType: RANGE }]
          Projection: { ProjectionType: KEYS_ONLY }
      TimeToLiveSpecification: { AttributeName: expires_at, Enabled: true }
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 1
      RedrivePolicy: { deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 1 }
  Dead: { Type: AWS::SQS::Queue }
"#;

fn template(yaml: &str, emulators: &Emulators) -> Template {
    let deployed = Deployed {
        api_endpoint: "http://127.0.0.1:9".to_owned(),
        sqs_endpoint: emulators.sqs_endpoint().to_owned(),
        region: "us-east-1".to_owned(),
        account: "000000000000".to_owned(),
        stack: "tidings".to_owned(),
    };
    Template::read(yaml, &BTreeMap::new(), &deployed).expect("a good template")
}

#[tokio::test]
async fn the_table_has_its_index_and_forgets_what_expired() {
    let emulators = Emulators::start(None).await.expect("emulators");
    let template = template(TEMPLATE, &emulators);
    provision(&template, &emulators).await.expect("provisioned");
    provision(&template, &emulators).await.expect("what is there is left");

    let client = aws_sdk_dynamodb::Client::from_conf(clients::dynamodb(emulators.dynamodb_endpoint()).build());
    let text = |value: &str| AttributeValue::S(value.to_owned());
    for (pk, expires_at) in [("old", "1"), ("new", "9999999999")] {
        let put = client.put_item().table_name("tidings-Table").item("pk", text(pk)).item("sk", text("s"));
        let put = put.item("owner", text("o")).item("expires_at", AttributeValue::N(expires_at.to_owned()));
        put.send().await.expect("put");
    }
    let query = client.query().table_name("tidings-Table").index_name("timeline");
    let query = query.key_condition_expression("#o = :o").expression_attribute_names("#o", "owner");
    let query = query.expression_attribute_values(":o", text("o"));
    let mut left = 2;
    for _ in 0..50 {
        left = query.clone().send().await.expect("query").count;
        if left == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(left, 1, "the expired item is swept");
    emulators.shutdown().await;
}

#[tokio::test]
async fn a_message_that_is_received_too_often_is_dead_lettered() {
    let emulators = Emulators::start(None).await.expect("emulators");
    let template = template(TEMPLATE, &emulators);
    provision(&template, &emulators).await.expect("provisioned");

    let client = aws_sdk_sqs::Client::from_conf(clients::sqs(emulators.sqs_endpoint()).build());
    let url = |id: &str| template.queue(id).expect("the queue").url.clone();
    let attributes = client.get_queue_attributes().queue_url(url("Queue"));
    let attributes = attributes.attribute_names(QueueAttributeName::All).send().await.expect("attributes");
    let attributes = attributes.attributes.expect("attributes");
    assert_eq!(attributes[&QueueAttributeName::VisibilityTimeout], "1");
    assert_eq!(attributes[&QueueAttributeName::QueueArn], template.queue("Queue").expect("the queue").arn);

    client.send_message().queue_url(url("Queue")).message_body("m").send().await.expect("sent");
    let mut dead = 0;
    for _ in 0..50 {
        client.receive_message().queue_url(url("Queue")).send().await.expect("received");
        dead = client.receive_message().queue_url(url("Dead")).send().await.expect("received").messages().len();
        if dead == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(dead, 1);
}

#[tokio::test]
async fn kept_data_is_there_again_and_another_table_is_refused() {
    let directory = std::env::temp_dir().join(format!("tidings-provision-{}", uuid::Uuid::new_v4()));
    for changed in [false, false, true] {
        let emulators = Emulators::start(Some(&directory)).await.expect("emulators");
        let yaml = if changed { TEMPLATE.replace("timeline", "other") } else { TEMPLATE.to_owned() };
        let outcome = provision(&template(&yaml, &emulators), &emulators).await;
        assert_eq!(matches!(outcome, Err(ProvisionError::Differs { .. })), changed, "{outcome:?}");
        emulators.shutdown().await;
    }
    std::fs::remove_dir_all(directory).expect("removed");
}

#[tokio::test]
async fn a_property_that_is_not_understood_is_refused() {
    let emulators = Emulators::start(None).await.expect("emulators");
    let mut template = template(TEMPLATE, &emulators);
    template.table.properties["StreamSpecification"] = Value::Null;
    let outcome = provision(&template, &emulators).await;
    assert!(matches!(outcome, Err(ProvisionError::Properties(_))), "{outcome:?}");
}
