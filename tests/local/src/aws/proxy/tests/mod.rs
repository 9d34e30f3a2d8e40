use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use serde_json::json;

use super::*;
use crate::aws::clients;
use crate::aws::emulators::Emulators;

mod faults;
mod sqs;
mod strict;
mod units;

struct Bench {
    emulators: Emulators,
    proxy: Proxy,
    client: Client,
}

/// A table `things` with the key `pk` behind a proxy, and a client that never retries.
async fn bench() -> Bench {
    let emulators = Emulators::start(None).await.expect("emulators");
    let proxy = Proxy::start(Service::DynamoDb, emulators.dynamodb_endpoint()).await.expect("proxy");
    let client = Client::from_conf(clients::dynamodb(proxy.endpoint()).retry_config(RetryConfig::disabled()).build());
    let pk = AttributeDefinition::builder().attribute_name("pk").attribute_type(ScalarAttributeType::S);
    let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash);
    let create = client.create_table().table_name("things").billing_mode(BillingMode::PayPerRequest);
    let create = create.attribute_definitions(pk.build().expect("pk")).key_schema(key.build().expect("key"));
    create.send().await.expect("created");
    proxy.reset();
    Bench { emulators, proxy, client }
}

impl Bench {
    fn put(&self, pk: &str) -> aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder {
        self.client.put_item().table_name("things").item("pk", AttributeValue::S(pk.to_owned()))
    }

    fn faults(&self, faults: Value) {
        self.proxy.set_faults(serde_json::from_value(faults).expect("faults"));
    }

    fn operation(&self, name: &str) -> Value {
        self.proxy.calls()["operations"][name].clone()
    }
}

fn counts(calls: u64, read: f64, write: f64, throttled: u64) -> Value {
    json!({"calls": calls, "units": read + write, "read_units": read, "write_units": write, "throttled": throttled})
}
