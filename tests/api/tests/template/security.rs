//! The permissions of the template, and the encryption of what it stores.

use serde_json::Value;

use super::{document, resources};

/// Every statement of every policy, with its place in the template. A key's own policy is left out, because there `*`
/// means that key.
pub(super) fn statements() -> Vec<(String, Value)> {
    let document = document();
    let mut found = Vec::new();
    for (id, resource) in document["Resources"].as_object().unwrap() {
        if resource["Type"] != "AWS::KMS::Key" {
            collect(id, &resource["Properties"], &mut found);
        }
    }
    found
}

fn collect(at: &str, node: &Value, found: &mut Vec<(String, Value)>) {
    match node {
        Value::Object(fields) if fields.contains_key("Effect") => found.push((at.to_owned(), node.clone())),
        Value::Object(fields) => fields.values().for_each(|value| collect(at, value, found)),
        Value::Array(items) => items.iter().for_each(|item| collect(at, item, found)),
        _ => {}
    }
}

pub(super) fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

#[test]
fn no_policy_allows_whatever_there_is() {
    let statements = statements();
    assert!(statements.len() > 10);
    for (at, statement) in statements {
        for action in list(&statement["Action"]) {
            assert!(!action.as_str().unwrap().contains('*'), "{at}: name what is allowed: {action}");
        }
        let is_trust = statement["Action"] == "sts:AssumeRole";
        for resource in list(&statement["Resource"]).iter().filter(|_| !is_trust) {
            let text = resource.as_str().or_else(|| resource["Fn::Sub"].as_str()).unwrap_or("a reference");
            assert!(text.trim_matches('*').contains([':', ' ', '$']), "{at}: name what it is allowed for: {resource}");
        }
        if statement.get("Principal").is_some() {
            assert!(statement["Condition"].is_object(), "{at}: a service acts for whoever asks it");
        }
    }
}

#[test]
fn every_queue_topic_and_table_is_encrypted_and_the_table_is_kept() {
    for (id, queue) in resources("AWS::SQS::Queue") {
        assert!(queue["SqsManagedSseEnabled"] == true || queue.get("KmsMasterKeyId").is_some(), "{id}");
    }
    for (id, topic) in resources("AWS::SNS::Topic") {
        assert!(topic.get("KmsMasterKeyId").is_some(), "{id}");
    }
    let document = document();
    let table = &document["Resources"]["Table"];
    for choice in &table["Properties"]["SSESpecification"]["Fn::If"].as_array().unwrap()[1..] {
        assert_eq!(choice["SSEEnabled"], true);
    }
    assert_eq!((&table["DeletionPolicy"], &table["UpdateReplacePolicy"]), (&"Retain".into(), &"Retain".into()));
    assert_eq!(table["Properties"]["DeletionProtectionEnabled"], true);
    assert_eq!(table["Properties"]["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
}

#[test]
fn whoever_uses_the_table_may_use_its_key() {
    let [(_, access)] = &resources("AWS::IAM::Policy")[..] else { panic!("one policy beside the functions'") };
    let roles: Vec<_> = access["Roles"].as_array().unwrap().iter().map(|role| role["Ref"].as_str().unwrap()).collect();
    for (id, function) in resources("AWS::Serverless::Function") {
        if function["Policies"].to_string().contains("dynamodb:") {
            assert!(roles.contains(&format!("{id}Role").as_str()), "{id}");
        }
    }
}
