//! Every event file has exactly the fields that AWS sends.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use crate::events;

/// The fields of one kind of event, as `fields.json` lists them.
struct Fields {
    required: BTreeSet<String>,
    optional: BTreeSet<String>,
    /// Objects whose field names are chosen by the client.
    open: BTreeSet<String>,
}

fn fields(kind: &str) -> Fields {
    let all: Value = serde_json::from_str(include_str!("fields.json")).unwrap();
    let list = |name: &str| {
        let list = all[kind][name].as_array().unwrap_or_else(|| panic!("fields.json has no {name} of {kind}"));
        list.iter().map(|path| path.as_str().unwrap().to_owned()).collect()
    };
    Fields { required: list("required"), optional: list("optional"), open: list("open") }
}

/// Adds the path of every leaf to `found`. An open object counts as a leaf.
fn collect(value: &Value, path: &str, open: &BTreeSet<String>, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) if !open.contains(path) => {
            for (name, member) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                collect(member, &path, open, found);
            }
        }
        Value::Array(items) if !open.contains(path) => {
            for item in items {
                collect(item, &format!("{path}[]"), open, found);
            }
        }
        _ => {
            found.insert(path.to_owned());
        }
    }
}

#[test]
fn every_event_has_the_fields_that_aws_sends_and_no_other() {
    let mut seen = BTreeSet::new();
    for name in events::names() {
        let text = fs::read_to_string(events::folder().join(format!("{name}.json"))).unwrap();
        let event: Value = serde_json::from_str(&text).unwrap();
        let kind = match name.split_once('.') {
            Some((_, source)) => source,
            None if name == "dispatch/schedule" => continue,
            None if name.starts_with("dispatch/") => "sqs",
            None => "http-api",
        };
        seen.insert(kind.to_owned());
        let fields = fields(kind);
        let records = event["Records"].as_array().cloned().unwrap_or_else(|| vec![event]);
        for record in records {
            let mut found = BTreeSet::new();
            collect(&record, "", &fields.open, &mut found);
            let missing: Vec<_> = fields.required.difference(&found).collect();
            assert!(missing.is_empty(), "{name} lacks {missing:?}");
            let known: BTreeSet<_> = fields.required.union(&fields.optional).cloned().collect();
            let made_up: Vec<_> = found.difference(&known).collect();
            assert!(made_up.is_empty(), "{name} has {made_up:?}, which AWS does not send");
        }
    }
    assert_eq!(seen.len(), 6, "{seen:?}");
}

#[test]
fn the_schedule_s_event_is_the_template_s() {
    let text = fs::read_to_string(events::folder().join("dispatch/schedule.json")).unwrap();
    let event: Value = serde_json::from_str(&text).unwrap();
    let functions = crate::template::template().functions;
    let dispatch = functions.iter().find(|function| function.binary == "dispatch").unwrap();
    let inputs: Vec<Value> = dispatch.schedules.iter().map(|s| serde_json::from_str(&s.input).unwrap()).collect();
    assert!(inputs.contains(&event), "{inputs:?}");
}
