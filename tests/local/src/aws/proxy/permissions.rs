//! Checks with IAM's rules whether a function's role in the template allows a call.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Service, statement::Statement};
use crate::template::{Grant, Template};

/// The roles of the functions, and the keys that their conditions name.
#[derive(Debug, Clone, Default)]
pub struct Permissions {
    roles: BTreeMap<String, Vec<Grant>>,
    /// The partition key of the table, and of each index by name.
    hashes: BTreeMap<Option<String>, String>,
}

/// A permission that a call needs.
#[derive(Debug, PartialEq, Eq)]
struct Need {
    action: String,
    /// The end of the resource's ARN.
    resource: String,
    /// The partition keys in the call.
    keys: Vec<String>,
}

impl Permissions {
    /// The permissions of the template's functions.
    pub fn of(template: &Template) -> Self {
        let roles = template.functions.iter().map(|function| (function.binary.clone(), function.grants.clone()));
        let table = &template.table.properties;
        let indexes =
            ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"].into_iter().filter_map(|name| table.get(name));
        let indexes = indexes.flat_map(|indexes| indexes.as_array().into_iter().flatten());
        let indexes = indexes.filter_map(|index| Some((Some(index["IndexName"].as_str()?.to_owned()), hash(index)?)));
        let hashes = hash(table).map(|hash| (None, hash)).into_iter().chain(indexes).collect();
        Self { roles: roles.collect(), hashes }
    }

    /// The error of a call that the caller's role does not allow; `None` if it is allowed. Callers that are not
    /// functions may do everything.
    pub(super) fn refusal(
        &self,
        service: Service,
        operation: &str,
        caller: Option<&str>,
        body: &[u8],
    ) -> Option<String> {
        let (name, _) = caller?.rsplit_once('-')?;
        let grants = self.roles.get(name)?;
        let body: Value = serde_json::from_slice(body).ok()?;
        let needs = match service {
            Service::Sqs => vec![queue(operation, &body)],
            Service::DynamoDb => self.items(operation, &body),
        };
        let denied = needs.iter().find(|need| !grants.iter().any(|grant| need.is_met_by(grant)))?;
        let Need { action, resource, keys } = denied;
        let prefixes = keys.iter().map(|key| key.split_inclusive('#').next().unwrap_or_default());
        let about = prefixes.collect::<Vec<_>>().join(", ");
        Some(format!("the role of {name} does not allow {action} on {resource} ({about})"))
    }

    fn items(&self, operation: &str, body: &Value) -> Vec<Need> {
        let need = |action: &str, node: &Value, keys| {
            let table = node["TableName"].as_str().unwrap_or_default();
            let index = node["IndexName"].as_str().map(|index| format!("/index/{index}")).unwrap_or_default();
            Need { action: format!("dynamodb:{action}"), resource: format!("table/{table}{index}"), keys }
        };
        match operation {
            "TransactWriteItems" => {
                let parts = body["TransactItems"].as_array().into_iter().flatten();
                let parts = parts.filter_map(|part| part.as_object()?.iter().next());
                let action = |kind: &str| {
                    if kind == "ConditionCheck" { "ConditionCheckItem".into() } else { format!("{kind}Item") }
                };
                parts.map(|(kind, part)| need(&action(kind), part, self.keys(part))).collect()
            }
            "BatchGetItem" | "BatchWriteItem" => {
                let tables = body["RequestItems"].as_object().into_iter().flatten();
                let of_table = tables.map(|(table, asked)| {
                    let gets = asked["Keys"].as_array().into_iter().flatten();
                    let writes = asked.as_array().into_iter().flatten();
                    let writes = writes.map(|write| [&write["PutRequest"]["Item"], &write["DeleteRequest"]["Key"]]);
                    let keys = gets.chain(writes.flatten()).filter_map(|key| self.key(key)).collect();
                    let resource = format!("table/{table}");
                    Need { action: format!("dynamodb:{operation}"), resource, keys }
                });
                of_table.collect()
            }
            // Each statement needs its own action. The call itself needs no action.
            "BatchExecuteStatement" => {
                let statements = body["Statements"].as_array().into_iter().flatten();
                statements.map(|statement| self.statement(statement)).collect()
            }
            "Query" => vec![need(operation, body, self.queried(body))],
            _ => vec![need(operation, body, self.keys(body))],
        }
    }

    fn keys(&self, node: &Value) -> Vec<String> {
        [&node["Key"], &node["Item"]].into_iter().filter_map(|key| self.key(key)).collect()
    }

    fn key(&self, item: &Value) -> Option<String> {
        item[self.hashes.get(&None)?.as_str()]["S"].as_str().map(str::to_owned)
    }

    /// A statement without a partition gets a partition key that no condition matches, so it is refused.
    fn statement(&self, node: &Value) -> Need {
        let hash = self.hashes.get(&None).map(String::as_str).unwrap_or_default();
        let Statement { action, table, mut partitions } = Statement::read(node, hash);
        if partitions.is_empty() {
            partitions.push(String::new());
        }
        Need { action: format!("dynamodb:{action}"), resource: format!("table/{table}"), keys: partitions }
    }

    /// The partition of a query: `name = :value` in the key conditions. If there is none, the result is a key that no
    /// condition matches.
    fn queried(&self, query: &Value) -> Vec<String> {
        let index = query["IndexName"].as_str().map(str::to_owned);
        let hash = self.hashes.get(&index).map(String::as_str).unwrap_or_default();
        let condition = query["KeyConditionExpression"].as_str().unwrap_or_default().replace(['(', ')'], " ");
        let words: Vec<_> = condition.split_whitespace().collect();
        let value = words.windows(3).find_map(|words| {
            let name = query["ExpressionAttributeNames"][words[0]].as_str().unwrap_or(words[0]);
            (name == hash && words[1] == "=").then(|| query["ExpressionAttributeValues"][words[2]]["S"].as_str())?
        });
        vec![value.unwrap_or_default().to_owned()]
    }
}

impl Need {
    fn is_met_by(&self, grant: &Grant) -> bool {
        let like = |pattern: &String, key: &str| match pattern.strip_suffix('*') {
            Some(beginning) => key.starts_with(beginning),
            None => key == pattern,
        };
        let resource = format!(":{}", self.resource);
        grant.actions.contains(&self.action)
            && grant.resources.iter().any(|arn| arn.ends_with(&resource))
            && grant
                .leading_keys
                .as_ref()
                .is_none_or(|patterns| self.keys.iter().all(|key| patterns.iter().any(|pattern| like(pattern, key))))
    }
}

/// An SQS batch needs the action of its single operation.
fn queue(operation: &str, body: &Value) -> Need {
    let action = operation.strip_suffix("Batch").unwrap_or(operation);
    let name = body["QueueUrl"].as_str().and_then(|url| url.rsplit('/').next()).unwrap_or_default();
    Need { action: format!("sqs:{action}"), resource: name.to_owned(), keys: Vec::new() }
}

fn hash(node: &Value) -> Option<String> {
    let keys = node["KeySchema"].as_array()?;
    let hash = keys.iter().find(|key| key["KeyType"] == "HASH")?;
    hash["AttributeName"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn permissions() -> Permissions {
        let grant = |actions: &[&str], resources: &[&str], keys: Option<&[&str]>| Grant {
            actions: actions.iter().map(|action| (*action).to_owned()).collect(),
            resources: resources.iter().map(|end| format!("arn:aws:x:us-east-1:0:{end}")).collect(),
            leading_keys: keys.map(|keys| keys.iter().map(|key| (*key).to_owned()).collect()),
        };
        let items = ["GetItem", "PutItem", "BatchGetItem", "PartiQLInsert", "Query"];
        let items = items.map(|action| format!("dynamodb:{action}"));
        let items = items.each_ref().map(String::as_str);
        let grants = vec![
            grant(&items, &["table/t"], Some(&["USER#*", "CHANNELS"])),
            grant(&["dynamodb:Query"], &["table/t/index/timeline"], None),
            grant(&["sqs:SendMessage"], &["q"], None),
        ];
        let hashes = [(None, "pk"), (Some("timeline".to_owned()), "owner")];
        Permissions {
            roles: [("a-function".to_owned(), grants)].into(),
            hashes: hashes.map(|(index, hash)| (index, hash.to_owned())).into(),
        }
    }

    fn allowed(service: Service, operation: &str, body: Value) -> bool {
        let body = body.to_string();
        permissions().refusal(service, operation, Some("a-function-3"), body.as_bytes()).is_none()
    }

    fn on_table(operation: &str, body: Value) -> bool {
        allowed(Service::DynamoDb, operation, body)
    }

    fn query(index: Option<&str>, partition: &str) -> Value {
        json!({
            "TableName": "t", "IndexName": index,
            "KeyConditionExpression": "(#n0 = :v0) AND #n1 BETWEEN :v1 AND :v2",
            "ExpressionAttributeNames": {"#n0": if index.is_some() { "owner" } else { "pk" }, "#n1": "sk"},
            "ExpressionAttributeValues": {":v0": {"S": partition}, ":v1": {"S": "a"}, ":v2": {"S": "b"}},
        })
    }

    #[test]
    fn a_call_needs_its_action_its_resource_and_its_keys() {
        let get = |table: &str, pk: &str| json!({"TableName": table, "Key": {"pk": {"S": pk}}});
        assert!(on_table("GetItem", get("t", "USER#1")));
        assert!(on_table("GetItem", get("t", "CHANNELS")));
        assert!(!on_table("GetItem", get("t", "CHANNELS#1")), "a key without a star is that key");
        assert!(!on_table("GetItem", get("t", "KEY#1")));
        assert!(!on_table("GetItem", get("other", "USER#1")));
        assert!(!on_table("DeleteItem", get("t", "USER#1")));
        assert!(on_table("Query", query(None, "USER#1")));
        assert!(!on_table("Query", query(None, "ORG#1")));
        assert!(on_table("Query", query(Some("timeline"), "ORG#1")), "the index has no condition");
        assert!(!on_table("Query", json!({"TableName": "t", "KeyConditionExpression": "begins"})));
    }

    #[test]
    fn every_part_of_a_batch_and_of_a_transaction_counts() {
        let batch = |keys: &[&str]| {
            let keys: Vec<_> = keys.iter().map(|key| json!({"pk": {"S": key}})).collect();
            json!({"RequestItems": {"t": {"Keys": keys}}})
        };
        assert!(on_table("BatchGetItem", batch(&["USER#1", "CHANNELS"])));
        assert!(!on_table("BatchGetItem", batch(&["USER#1", "KEY#1"])));
        let write = json!({"RequestItems": {"t": [{"PutRequest": {"Item": {"pk": {"S": "USER#1"}}}}]}});
        assert!(!on_table("BatchWriteItem", write));
        let put = |pk: &str| json!({"Put": {"TableName": "t", "Item": {"pk": {"S": pk}}}});
        let check = json!({"ConditionCheck": {"TableName": "t", "Key": {"pk": {"S": "USER#1"}}}});
        assert!(on_table("TransactWriteItems", json!({"TransactItems": [put("USER#1"), put("USER#2")]})));
        assert!(!on_table("TransactWriteItems", json!({"TransactItems": [put("USER#1"), put("ORG#2")]})));
        assert!(!on_table("TransactWriteItems", json!({"TransactItems": [put("USER#1"), check]})));
    }

    #[test]
    fn every_statement_of_a_batch_is_allowed_by_what_it_does() {
        let batch = |statements: &[(&str, &str)]| {
            let statement = |(text, pk): &(&str, &str)| json!({"Statement": text, "Parameters": [{"S": pk}]});
            json!({"Statements": statements.iter().map(statement).collect::<Vec<_>>()})
        };
        let insert = r#"INSERT INTO "t" VALUE {'pk': ?}"#;
        let allowed = |statements: &[(&str, &str)]| on_table("BatchExecuteStatement", batch(statements));
        assert!(allowed(&[(insert, "USER#1"), (insert, "CHANNELS")]));
        assert!(!allowed(&[(insert, "USER#1"), (insert, "KEY#1")]));
        assert!(!allowed(&[(r#"INSERT INTO "other" VALUE {'pk': ?}"#, "USER#1")]));
        assert!(!allowed(&[(r#"DELETE FROM "t" WHERE pk = ?"#, "USER#1")]), "another action");
        assert!(!allowed(&[(r#"INSERT INTO "t" VALUE {'sk': ?}"#, "USER#1")]), "nobody knows which partition");
    }

    #[test]
    fn a_batch_of_messages_is_allowed_as_one_is_and_strangers_are_not_asked() {
        let to = |queue: &str| json!({"QueueUrl": format!("http://127.0.0.1:1/0/{queue}")});
        assert!(allowed(Service::Sqs, "SendMessageBatch", to("q")));
        assert!(!allowed(Service::Sqs, "SendMessage", to("other")));
        assert!(!allowed(Service::Sqs, "DeleteMessage", to("q")));
        for caller in [None, Some("seed"), Some("another-0")] {
            assert_eq!(permissions().refusal(Service::Sqs, "DeleteMessage", caller, b"{}"), None);
        }
    }
}
