//! Rules of the document's descriptions: what stopped a developer who had nothing else to read.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use super::document;

const TEMPLATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");

/// Every operation: its path, its method and what it says.
fn operations(whole: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = whole["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, methods)| {
        methods.as_object().unwrap().iter().map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

/// The summary and the description of an operation.
fn words(operation: &Value) -> String {
    ["summary", "description"].map(|part| operation[part].as_str().unwrap_or_default()).join(" ")
}

#[test]
fn a_write_of_what_processes_keep_for_a_minute_says_when_it_is_known_everywhere() {
    let whole = serde_json::to_value(document()).unwrap();
    let kept = ["channels", "api-keys", "pauses", "templates"].map(|kept| format!("/api/v1/{kept}/"));
    let is_kept = |path: &str| kept.iter().any(|kept| path.starts_with(kept.as_str()));
    let writes = operations(&whole).filter(|(path, method, _)| is_kept(path) && ["put", "delete"].contains(method));
    let mut count = 0;
    for (path, method, operation) in writes {
        count += 1;
        assert!(words(operation).contains("within a minute"), "{method} {path}");
    }
    assert_eq!(count, 9);
}

#[test]
fn every_list_says_the_same_of_its_pages() {
    let whole = serde_json::to_value(document()).unwrap();
    let parameters =
        operations(&whole).flat_map(|(.., operation)| operation["parameters"].as_array().into_iter().flatten());
    let after: Vec<_> = parameters.filter(|parameter| parameter["name"] == "after").collect();
    let said: BTreeSet<_> = after.iter().filter_map(|parameter| parameter["description"].as_str()).collect();
    assert_eq!((after.len(), said.len()), (22, 1), "{said:?}");
    assert!(said.iter().all(|said| said.contains("left out")), "{said:?}");
}

#[test]
fn one_path_with_two_resources_says_so_of_each() {
    let whole = serde_json::to_value(document()).unwrap();
    let methods = &whole["paths"]["/api/v1/users/{id}/preferences"];
    for (method, other) in
        [("get", "setChannelPreferences"), ("patch", "setChannelPreferences"), ("put", "readDisplayPreferences")]
    {
        let said = words(&methods[method]);
        assert!(said.contains(&format!("`{other}`")) && said.contains("`readUser`"), "{method}: {said}");
    }
}

/// A name between backquotes that looks like an operation's is one.
#[test]
fn every_operation_that_a_description_names_is_there() {
    let whole = serde_json::to_value(document()).unwrap();
    let ids: BTreeSet<_> =
        operations(&whole).map(|(.., operation)| operation["operationId"].as_str().unwrap()).collect();
    let text = whole.to_string();
    let verbs: BTreeSet<_> = ids.iter().map(|id| id.split(|c: char| c.is_ascii_uppercase()).next().unwrap()).collect();
    let is_one = |name: &str| {
        let verb = name.split(|c: char| c.is_ascii_uppercase()).next().unwrap_or_default();
        name.chars().all(|c| c.is_ascii_alphanumeric()) && name != verb && verbs.contains(verb)
    };
    let named: BTreeSet<_> = text.split('`').filter(|name| is_one(name)).collect();
    assert!(named.contains("createApiKey") && named.len() > 10, "{named:?}");
    let missing: Vec<_> = named.difference(&ids).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The default of a parameter in `template.yaml`.
fn default(template: &str, parameter: &str) -> u64 {
    let (_, after) = template.split_once(&format!("\n  {parameter}:\n")).unwrap_or_else(|| panic!("no {parameter}"));
    let line = after.lines().find_map(|line| line.trim().strip_prefix("Default:")).unwrap();
    line.trim().parse().unwrap()
}

#[test]
fn the_time_until_a_dead_letter_is_that_of_the_template_s_defaults() {
    let template = fs::read_to_string(TEMPLATE).unwrap();
    let [attempts, base, longest] =
        ["MaxAttempts", "RetryBaseSeconds", "RetryMostSeconds"].map(|name| default(&template, name));
    // The longest wait after each attempt but the last, as `dispatch::retries` has it.
    let waits: Vec<_> =
        (1..attempts).map(|attempt| longest.min(base * 4_u64.pow(u32::try_from(attempt).unwrap() - 1))).collect();
    let (last, others) = waits.split_last().unwrap();
    let others = others.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let whole = serde_json::to_value(document()).unwrap();
    let said = whole["components"]["schemas"]["DeliveryStatus"]["description"].as_str().unwrap();
    for part in [
        format!("after {attempts} attempts"),
        format!("at most {others} and {last} seconds"),
        format!("up to {} seconds", waits.iter().sum::<u64>()),
    ] {
        assert!(said.contains(&part), "{part}: {said}");
    }
}

#[test]
fn what_a_text_may_use_is_said_where_a_template_is_written() {
    let whole = serde_json::to_value(document()).unwrap();
    let said = words(&whole["paths"]["/api/v1/templates/{code}"]["put"]);
    for name in ["`first_name`", "`unsubscribe_url`", "`datetime`", "`capitalize`", "order.lines[0].item"] {
        assert!(said.contains(name), "{name}: {said}");
    }
}

#[test]
fn the_parts_of_a_credential_say_that_they_go_together() {
    let whole = serde_json::to_value(document()).unwrap();
    for (name, scheme) in whole["components"]["securitySchemes"].as_object().unwrap() {
        if name.starts_with("notiflows") {
            assert!(scheme["description"].as_str().unwrap().contains("in the same request"), "{name}");
        }
    }
}
