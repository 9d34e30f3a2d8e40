//! The permissions of the template, and the encryption of what it stores.

use serde_json::Value;

use super::{document, resources};

/// Actions for which IAM knows no resources: X-Ray has none, an account has one list of suppressed addresses and one set of
/// settings, and whoever asks which numbers there are asks for all.
const WITHOUT_RESOURCES: [&str; 8] = [
    "lambda:GetAccountSettings",
    "ses:DeleteSuppressedDestination",
    "ses:GetAccount",
    "sms-voice:DescribeAccountAttributes",
    "sms-voice:DescribePhoneNumbers",
    "sms-voice:DescribeSenderIds",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];

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
        let is_without =
            list(&statement["Action"]).iter().all(|one| WITHOUT_RESOURCES.contains(&one.as_str().unwrap()));
        for resource in list(&statement["Resource"]).iter().filter(|_| !is_trust && !is_without) {
            let text = resource.as_str().or_else(|| resource["Fn::Sub"].as_str()).unwrap_or("a reference");
            assert!(text.trim_matches('*').contains([':', ' ', '$']), "{at}: name what it is allowed for: {resource}");
        }
        // Nobody can have Lambda use a role for them, but who may give that role to a function (iam:PassRole).
        let is_function = statement["Principal"]["Service"] == "lambda.amazonaws.com";
        if statement.get("Principal").is_some() && !is_function {
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
    // Without this property DynamoDB encrypts as well, with a key that AWS owns.
    assert_eq!(table["Properties"]["SSESpecification"]["Fn::If"][1]["SSEEnabled"], true);
    assert_eq!((&table["DeletionPolicy"], &table["UpdateReplacePolicy"]), (&"Retain".into(), &"Retain".into()));
    assert_eq!(table["Properties"]["DeletionProtectionEnabled"], true);
    assert_eq!(table["Properties"]["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
}

#[test]
fn whoever_uses_the_table_may_use_its_key() {
    let policies = resources("AWS::IAM::Policy");
    let (_, access) = policies.iter().find(|(id, _)| id == "KeyAccess").unwrap();
    let roles: Vec<_> = access["Roles"].as_array().unwrap().iter().map(|role| role["Ref"].as_str().unwrap()).collect();
    let of_function = resources("AWS::IAM::Role")
        .into_iter()
        .filter_map(|(id, role)| Some((id.strip_suffix("Role")?.to_owned(), role)));
    for (id, role) in of_function {
        if role["Policies"].to_string().contains("dynamodb:") {
            assert!(roles.contains(&format!("{id}Role").as_str()), "{id}");
        }
    }
}
