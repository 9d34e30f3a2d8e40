//! DynamoDB, without a socket: the emulator's own functions.

use dynoxide::{Database, DynoxideError};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// The table's name.
pub const TABLE: &str = "tidings";

/// An empty table, as the template describes it.
pub fn database() -> Database {
    let database = Database::memory().expect("an in-memory database");
    let table = json!({
        "TableName": TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"},
            {"AttributeName": "owner", "AttributeType": "S"}, {"AttributeName": "at", "AttributeType": "S"},
            {"AttributeName": "recent", "AttributeType": "S"},
        ],
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        "GlobalSecondaryIndexes": [{
            "IndexName": INDEX,
            "KeySchema": [
                {"AttributeName": "owner", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }, {
            "IndexName": "recent",
            "KeySchema": [
                {"AttributeName": "recent", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }],
    });
    let created = answer(&database, "CreateTable", &table.to_string());
    assert_eq!(created.0, 200, "{}", created.1);
    database
}

/// Does one call. Returns the answer's status and its body.
pub fn answer(database: &Database, operation: &str, body: &str) -> (u16, String) {
    let done = match operation {
        "CreateTable" => call(body, |request| database.create_table(request)),
        "PutItem" => call(body, |request| database.put_item(request)),
        "GetItem" => call(body, |request| database.get_item(request)),
        "DeleteItem" => call(body, |request| database.delete_item(request)),
        "UpdateItem" => call(body, |request| database.update_item(request)),
        "Query" => call(body, |request| database.query(request)),
        "Scan" => call(body, |request| database.scan(request)),
        "BatchGetItem" => call(body, |request| database.batch_get_item(request)),
        "BatchWriteItem" => call(body, |request| database.batch_write_item(request)),
        "TransactWriteItems" => call(body, |request| database.transact_write_items(request)),
        "BatchExecuteStatement" => call(body, |request| database.batch_execute_statement(request)),
        other => panic!("the simulation has no {other}: add it to dynamo.rs"),
    };
    done.unwrap_or_else(|error| (error.status_code(), error.to_json()))
}

fn call<Q: DeserializeOwned, A: Serialize>(
    body: &str,
    work: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<(u16, String), DynoxideError> {
    let request = serde_json::from_str(body).expect("a request of the SDK");
    Ok((200, serde_json::to_string(&work(request)?).expect("an answer")))
}

/// The items of the table whose `status` is this one; without one, all. They have DynamoDB's own form of JSON.
pub fn items(database: &Database, status: Option<&str>) -> Vec<Value> {
    let mut items = Vec::new();
    let mut request = json!({"TableName": TABLE});
    if let Some(status) = status {
        request["FilterExpression"] = "#s = :s".into();
        request["ExpressionAttributeNames"] = json!({"#s": "status"});
        request["ExpressionAttributeValues"] = json!({":s": {"S": status}});
    }
    loop {
        let (_, page) = answer(database, "Scan", &request.to_string());
        let mut page: Value = serde_json::from_str(&page).unwrap_or_default();
        if let Value::Array(found) = page["Items"].take() {
            items.extend(found);
        }
        match page["LastEvaluatedKey"].take() {
            Value::Null => return items,
            last => request["ExclusiveStartKey"] = last,
        }
    }
}

/// The index by user and time.
pub const INDEX: &str = "timeline";
