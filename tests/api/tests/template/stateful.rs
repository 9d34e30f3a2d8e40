//! What the stack keeps survives an update of the stack. CloudFormation deletes a resource whose logical id is gone, with the
//! messages or items in it, and makes a new one for a new id; and it replaces a resource of which some properties change
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html>).

use serde_json::{Value, json};

use super::{document, read};

/// The resources that hold what nobody could make again, by type. An id that was once here stays here: add to these lists, and
/// take nothing away. `Api` is here because the links in emails contain its URL.
const KEPT: &[(&str, &[&str])] = &[
    ("AWS::DynamoDB::Table", &["Table"]),
    ("AWS::Logs::LogGroup", &["ErasureLogs"]),
    ("AWS::Logs::LogStream", &["ErasureLogStream"]),
    (
        "AWS::SQS::Queue",
        &["DeadLetterQueue", "FeedbackQueue", "InAppQueue", "PushQueue", "Queue", "SlackQueue", "SmsQueue"],
    ),
    ("AWS::SecretsManager::Secret", &["DeploymentSecret", "SuppressionSecret"]),
    ("AWS::Serverless::HttpApi", &["Api"]),
];

/// The properties of these types whose change makes CloudFormation replace the resource, by their pages
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html>, and so on).
const REPLACING: &[(&str, &[&str])] = &[
    ("AWS::DynamoDB::Table", &["ImportSourceSpecification", "KeySchema", "LocalSecondaryIndexes", "TableName"]),
    ("AWS::Logs::LogGroup", &["LogGroupName"]),
    ("AWS::Logs::LogStream", &["LogGroupName", "LogStreamName"]),
    ("AWS::SQS::Queue", &["FifoQueue", "QueueName"]),
    ("AWS::SecretsManager::Secret", &["Name"]),
    ("AWS::Serverless::HttpApi", &[]),
];

/// The types of which every resource must be in [`KEPT`]. Of log groups only one is: the others are the functions' own.
const WHOLLY_KEPT: [&str; 4] =
    ["AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::SecretsManager::Secret", "AWS::Serverless::HttpApi"];

/// The replacing properties that a kept resource has, and their values. They never change either.
fn fixed(id: &str) -> Value {
    match id {
        "Table" => json!({
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        }),
        "ErasureLogStream" => json!({"LogGroupName": {"Ref": "ErasureLogs"}, "LogStreamName": "erasures"}),
        _ => json!({}),
    }
}

#[test]
fn what_holds_messages_or_data_keeps_its_logical_id_and_is_never_replaced() {
    let document = document();
    let all = document["Resources"].as_object().unwrap();
    for (kind, ids) in KEPT {
        let (_, replacing) = REPLACING.iter().find(|(other, _)| other == kind).unwrap();
        for id in *ids {
            let resource = all.get(*id).unwrap_or_else(|| panic!("{id} is gone: an update would delete it"));
            assert_eq!(resource["Type"], *kind, "{id}");
            let properties = resource["Properties"].as_object().unwrap();
            let has: serde_json::Map<_, _> = replacing
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), properties.get(*name)?.clone())))
                .collect();
            assert_eq!(Value::Object(has), fixed(id), "{id}: an update would replace it");
        }
        let others = all.iter().filter(|(id, resource)| resource["Type"] == *kind && !ids.contains(&id.as_str()));
        let others: Vec<_> = others.map(|(id, _)| id).collect();
        assert!(others.is_empty() || !WHOLLY_KEPT.contains(kind), "{others:?}: say that they are kept");
    }
}

/// A restored table has a name of its own.
#[test]
fn a_table_that_is_adopted_takes_the_place_of_the_stack_s_own_wherever_it_is_named() {
    let template = read(&[("TableName", "restored.2026-11-29")]).unwrap();
    assert_eq!(template.table.name, "restored.2026-11-29");
    assert_eq!(template.table.properties, super::template().table.properties, "the same keys and index");
    let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/restored.2026-11-29";
    let mut granted = 0;
    for function in &template.functions {
        assert_eq!(function.environment["TABLE_NAME"], "restored.2026-11-29", "{}", function.binary);
        for grant in function.grants.iter().filter(|grant| grant.actions[0].starts_with("dynamodb:")) {
            granted += 1;
            for resource in &grant.resources {
                let indexes = ["timeline", "recent"].map(|index| format!("{arn}/index/{index}"));
                assert!(resource == arn || indexes.contains(resource), "{resource}");
            }
        }
    }
    assert!(granted >= 8, "{granted}");
    let document = document();
    assert_eq!(document["Resources"]["Table"]["Condition"], "MakesTable");
    // Alarms and outputs too: a name of a table that is not there would fail the update.
    let bare = document.to_string().matches(r#"{"Ref":"Table"}"#).count();
    let chosen = document.to_string().matches(r#"["MakesTable",{"Ref":"Table"},{"Ref":"TableName"}]"#).count();
    assert!(bare == chosen && bare >= 10, "{bare} {chosen}");
    for bad in ["ab", "a b", "arn:aws:dynamodb:us-east-1:000000000000:table/x", "tabelle-ä"] {
        assert!(read(&[("TableName", bad)]).is_err(), "{bad}");
    }
}
