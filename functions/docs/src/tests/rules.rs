//! Rules of the document that make it a document for generators of clients, beyond what OpenAPI asks. Each rule stands for
//! something that a generator could not read, or named badly (openapi-typescript 7, openapi-python-client 0.29).

use serde_json::{Map, Value, json};

use super::document;

/// A schema: its members, and whether it has a name among the components.
struct Schema<'a> {
    members: &'a Map<String, Value>,
    is_named: bool,
}

/// A rule: what it asks, and whether a schema keeps it.
type Rule = (&'static str, fn(&Schema<'_>) -> bool);

const RULES: [Rule; 7] = [
    ("a property has a schema that is an object, not true or false", |schema| {
        properties(schema).is_none_or(|properties| properties.values().all(Value::is_object))
    }),
    ("an object without known properties says which others it may have", |schema| {
        let is_object =
            schema.members.get("type").is_some_and(|of| *of == "object" || *of == json!(["object", "null"]));
        !is_object || properties(schema).is_some() || schema.members.contains_key("additionalProperties")
    }),
    ("a default stands in the description, since some generators make such a property required", |schema| {
        !schema.members.contains_key("default")
    }),
    ("a choice of words is an enum", |schema| {
        options(schema).iter().all(|option| option.get("const").is_none() && option.get("enum").is_none())
    }),
    ("an object with properties or an enum has a name among the components", |schema| {
        let is_large = properties(schema).is_some() || schema.members.contains_key("enum");
        schema.is_named || !is_large
    }),
    ("a choice has no properties beside it, since generators lose them", |schema| {
        options(schema).is_empty() || properties(schema).is_none()
    }),
    ("a description is for a reader who has not seen the code", |schema| {
        let description = schema.members.get("description").and_then(Value::as_str).unwrap_or_default();
        let is_rust = ":: [` `] Option< Vec< &str `None` `Some `Self".split(' ').any(|part| description.contains(part));
        // The contracts are numbered in this project's own papers only.
        let is_numbered = (1..=5).any(|number| description.to_lowercase().contains(&format!("contract {number}")));
        !is_rust && !is_numbered
    }),
];

fn properties<'a>(schema: &Schema<'a>) -> Option<&'a Map<String, Value>> {
    schema.members.get("properties")?.as_object()
}

fn options<'a>(schema: &Schema<'a>) -> Vec<&'a Value> {
    ["oneOf", "anyOf"].iter().filter_map(|key| schema.members.get(*key)?.as_array()).flatten().collect()
}

/// The faults of every schema inside, each with its path.
fn faults(value: &Value, path: &str, is_named: bool, found: &mut Vec<String>) {
    let Value::Object(members) = value else {
        for value in value.as_array().into_iter().flatten() {
            faults(value, path, false, found);
        }
        return;
    };
    let schema = Schema { members, is_named };
    found.extend(RULES.iter().filter(|(_, keeps)| !keeps(&schema)).map(|(rule, _)| format!("{path}: {rule}")));
    for (key, member) in members {
        match key.as_str() {
            "example" | "examples" | "const" | "enum" => {}
            // Generators overlook these. Even so, they do not read a document with `true` or `false` in place of a schema.
            "not" | "if" | "then" | "else" | "propertyNames" | "allOf" => booleans(member, path, found),
            // The names in these are not keywords.
            "properties" | "responses" => {
                for (name, property) in member.as_object().into_iter().flatten() {
                    faults(property, &format!("{path}/{name}"), false, found);
                }
            }
            key => faults(member, &format!("{path}/{key}"), false, found),
        }
    }
}

fn booleans(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties")
                && properties.values().any(Value::is_boolean)
            {
                found.push(format!("{path}: {}", RULES[0].0));
            }
            members.values().for_each(|member| booleans(member, path, found));
        }
        Value::Array(values) => values.iter().for_each(|value| booleans(value, path, found)),
        _ => {}
    }
}

#[test]
fn openapi_has_only_what_generators_of_clients_read() {
    let whole = serde_json::to_value(document()).unwrap();
    let mut found = Vec::new();
    for (name, schema) in whole["components"]["schemas"].as_object().unwrap() {
        faults(schema, name, true, &mut found);
    }
    for part in ["parameters", "responses", "headers", "securitySchemes"] {
        faults(&whole["components"][part], part, false, &mut found);
    }
    for part in ["paths", "webhooks", "tags", "info"] {
        faults(&whole[part], part, false, &mut found);
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn openapi_names_schemas_and_operations_as_a_person_would() {
    let whole = serde_json::to_value(document()).unwrap();
    // `Response202` and `…Type2Type1` are names that generators make up.
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphabetic())
    };
    // A generator of Python gives the object and the property one variable, which cannot have both types.
    let is_own_property = |name: &str, schema: &Value| {
        let snake: String =
            name.chars().flat_map(|c| [c.is_ascii_uppercase().then_some('_'), Some(c)]).flatten().collect();
        let property = &schema["properties"][snake.trim_start_matches('_').to_ascii_lowercase()];
        let is_plain_text = property["type"] == "string" && property["format"].is_null();
        !(property.is_null() || is_plain_text)
    };
    for (name, schema) in whole["components"]["schemas"].as_object().unwrap() {
        assert!(is_name(name) && !is_own_property(name, schema), "{name}");
    }
    assert!(is_own_property("SettingsPage", &json!({"properties": {"settings_page": {"type": "object"}}})));
    for operation in
        whole["paths"].as_object().unwrap().values().flat_map(|methods| methods.as_object().unwrap().values())
    {
        let id = operation["operationId"].as_str().unwrap();
        assert!(
            id.starts_with(|c: char| c.is_ascii_lowercase()) && id.chars().all(|c| c.is_ascii_alphanumeric()),
            "{id}"
        );
        // A body that is an object has a schema with a name, so that generators name no class after a status.
        for (status, response) in operation["responses"].as_object().unwrap() {
            let schema = &response["content"]["application/json"]["schema"];
            assert!(schema["type"] != "object", "{id} {status}");
        }
    }
    assert!(!is_name("Response202") && !is_name("DisplayPreferencesChangeThemeType2Type1"));
}

/// What stood in the document of November 2026, and what a rule says to it.
#[test]
fn each_rule_refuses_the_form_that_stood_in_a_generator_s_way() {
    let was = [
        json!({"oneOf": [{"properties": {"content": false}, "required": ["template_code"]}]}),
        json!({"type": "object", "description": "The sender's own data; stored and never sent."}),
        json!({"type": "integer", "default": 3}),
        json!({"oneOf": [{"const": "email", "type": "string", "description": "Email."}]}),
        json!({"type": "array", "items": {"type": "object", "properties": {"code": {"type": "string"}}}}),
        json!({"type": "object", "properties": {"text": {"type": "string"}}, "anyOf": [{"required": ["text"]}]}),
        json!({"type": "string", "description": "Read by `decode::new_user`."}),
    ];
    for ((rule, _), was) in RULES.iter().zip(&was) {
        let mut found = Vec::new();
        faults(was, "was", true, &mut found);
        assert!(found.iter().any(|fault| fault.ends_with(rule)), "{rule}: {found:?}");
    }
    assert_eq!(RULES.len(), was.len());
    let mut found = Vec::new();
    faults(&json!({"allOf": [{"properties": {"content": false}}]}), "was", true, &mut found);
    assert_eq!(found.len(), 1, "generators do not read it anywhere: {found:?}");
    faults(&json!({"description": "The user as contract 3 answers it."}), "was", true, &mut found);
    assert_eq!(found.len(), 2, "{found:?}");
}
