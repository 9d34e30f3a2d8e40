mod descriptions;
mod plain;
mod rules;

use std::{collections::BTreeSet, env, fs};

use serde_json::Value;

use super::*;

/// The status and the text of an answer.
pub fn shown(reply: Reply) -> (u16, String) {
    let response = reply.into_response();
    match (response.status().as_u16(), response.into_body()) {
        (status, lambda_http::Body::Text(text)) => (status, text),
        other => panic!("{other:?}"),
    }
}

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.yaml");

#[test]
fn openapi_yaml_is_what_the_code_says() {
    let text = serde_yaml_ng::to_string(&document()).unwrap();
    if env::var_os("UPDATE_OPENAPI").is_some() {
        fs::write(FILE, &text).unwrap();
    }
    let renew = "openapi.yaml is stale: renew it with UPDATE_OPENAPI=1 cargo test --workspace --lib openapi";
    assert!(fs::read_to_string(FILE).is_ok_and(|kept| kept == text), "{renew}");
}

#[test]
fn openapi_has_each_id_once_and_no_reference_leads_nowhere() {
    let whole = serde_json::to_value(document()).unwrap();
    let mut ids = BTreeSet::new();
    for operation in
        whole["paths"].as_object().unwrap().values().flat_map(|methods| methods.as_object().unwrap().values())
    {
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{}", operation["operationId"]);
    }
    let mut left = vec![&whole];
    while let Some(value) = left.pop() {
        match value {
            Value::Object(members) => {
                if let Some(target) = members.get("$ref").and_then(Value::as_str) {
                    assert!(whole.pointer(target.trim_start_matches('#')).is_some(), "{target}");
                }
                left.extend(members.values());
            }
            Value::Array(values) => left.extend(values),
            _ => {}
        }
    }
}

#[test]
fn openapi_says_412_wherever_a_request_takes_if_match() {
    let whole = serde_json::to_value(document()).unwrap();
    let mut count = 0;
    for operation in
        whole["paths"].as_object().unwrap().values().flat_map(|methods| methods.as_object().unwrap().values())
    {
        let taken = |name: &str| {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            parameters.filter_map(|parameter| parameter["$ref"].as_str()).any(|target| target.ends_with(name))
        };
        if taken("/IfMatch") || taken("/IfAbsent") || taken("/IfUnchanged") {
            count += 1;
            assert!(operation["responses"]["412"].is_object(), "{}", operation["operationId"]);
        }
    }
    assert!(count > 20, "{count}");
}
