//! Schemas in the form that generators of clients read. A type says the same in another form, which a validator understands and a
//! generator misreads or names badly.

use serde_json::{Map, Value, json};

/// Brings a schema, and all schemas inside, into the plain form.
pub(super) fn plain(value: &mut Value) {
    match value {
        Value::Object(members) => {
            words(members);
            one_member(members);
            free(members);
            members.iter_mut().filter(|(key, _)| !key.starts_with("example")).for_each(|(_, member)| plain(member));
        }
        Value::Array(values) => values.iter_mut().for_each(plain),
        _ => {}
    }
}

/// A choice of constants becomes an `enum`. Its description lists what each word means.
fn words(schema: &mut Map<String, Value>) {
    let Some(Value::Array(options)) = schema.get("oneOf") else { return };
    let Some(options) = options.iter().map(values).collect::<Option<Vec<_>>>() else { return };
    let lines = options.iter().filter_map(|(values, meaning)| match (values.as_slice(), meaning) {
        ([Value::String(word)], Some(meaning)) => Some(format!("- `{word}`: {}", meaning.replace('\n', " "))),
        _ => None,
    });
    let lines: Vec<_> = lines.collect();
    let all: Vec<_> = options.into_iter().flat_map(|(values, _)| values).collect();
    let before = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let description = format!("{before}\n\n{}", lines.join("\n"));
    schema.remove("oneOf");
    schema.insert("type".to_owned(), json!("string"));
    schema.insert("enum".to_owned(), all.into());
    schema.insert("description".to_owned(), description.trim().into());
}

/// The words of an option and what they mean; `None` if the option is not of words alone.
fn values(option: &Value) -> Option<(Vec<Value>, Option<String>)> {
    let values = match (option.get("const"), option.get("enum")) {
        (Some(word), None) => vec![word.clone()],
        (None, Some(Value::Array(words))) => words.clone(),
        _ => return None,
    };
    let all_words = values.iter().all(Value::is_string);
    let meaning = option.get("description").and_then(Value::as_str).map(str::to_owned);
    all_words.then_some((values, meaning))
}

/// A choice of objects that have one member each becomes one object, which has one of these members.
fn one_member(schema: &mut Map<String, Value>) {
    let key = if schema.contains_key("oneOf") { "oneOf" } else { "anyOf" };
    let Some(Value::Array(options)) = schema.get(key) else { return };
    let Some(members) = options.iter().map(only_member).collect::<Option<Vec<_>>>() else { return };
    let properties: Map<_, _> = members.into_iter().collect();
    if properties.len() < 2 || properties.len() != options.len() {
        return;
    }
    schema.remove(key);
    let object = json!({"type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1});
    schema.extend(object.as_object().cloned().unwrap_or_default());
    schema.insert("properties".to_owned(), properties.into());
}

/// The only member of an object that has no other; the object's description becomes the member's.
fn only_member(option: &Value) -> Option<(String, Value)> {
    let properties = option.get("properties")?.as_object()?;
    let (name, member) = properties.iter().next().filter(|_| properties.len() == 1)?;
    let is_closed = option.get("additionalProperties") == Some(&json!(false));
    let is_required = option.get("required") == Some(&json!([name]));
    let mut member = member.clone();
    if let (Some(members), Some(meaning)) = (member.as_object_mut(), option.get("description")) {
        members.entry("description").or_insert_with(|| meaning.clone());
    }
    (is_closed && is_required).then(|| (name.clone(), member))
}

/// An object without known members may have any. Some generators read an object that does not say so as one that is always empty.
fn free(schema: &mut Map<String, Value>) {
    let is_object = match schema.get("type") {
        Some(Value::String(only)) => only == "object",
        Some(Value::Array(types)) => types.contains(&json!("object")),
        _ => false,
    };
    if is_object && !schema.contains_key("properties") {
        schema.entry("additionalProperties").or_insert(json!(true));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(mut schema: Value) -> Value {
        plain(&mut schema);
        schema
    }

    #[test]
    fn words_are_an_enum_that_says_what_each_one_means() {
        let word = |word, meaning| json!({"const": word, "type": "string", "description": meaning});
        let others = json!({"enum": ["c", "d"], "type": "string"});
        assert_eq!(
            of(
                json!({"description": "A letter.", "oneOf": [word("a", "The\nfirst."), word("b", "The next."), others]})
            ),
            json!({
                "type": "string", "enum": ["a", "b", "c", "d"],
                "description": "A letter.\n\n- `a`: The first.\n- `b`: The next.",
            })
        );
        let mixed = json!({"oneOf": [{"const": "a"}, {"type": "integer"}]});
        assert_eq!(of(mixed.clone()), mixed);
    }

    #[test]
    fn a_choice_of_members_is_an_object_with_one_of_them() {
        let option = |name: &str| {
            let properties = json!({name: {"type": "integer"}});
            json!({
                "type": "object", "properties": properties, "required": [name], "additionalProperties": false,
                "description": format!("The {name}."),
            })
        };
        let member = |name| json!({"type": "integer", "description": format!("The {name}.")});
        let expected = json!({
            "type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
            "properties": {"a": member("a"), "b": member("b")},
        });
        assert_eq!(of(json!({"oneOf": [option("a"), option("b")]})), expected);
        assert_eq!(of(json!({"anyOf": [option("a"), option("b")]})), expected);
        let mut open = option("b");
        open["additionalProperties"] = json!(true);
        let others = json!({"oneOf": [option("a"), open]});
        assert_eq!(of(others.clone()), others);
    }

    #[test]
    fn a_free_object_says_so_at_every_depth_and_examples_stay_as_they_are() {
        let given = json!({
            "type": "object", "properties": {"a": {"type": ["object", "null"]}}, "example": {"type": "object"},
        });
        let mut expected = given.clone();
        expected["properties"]["a"]["additionalProperties"] = json!(true);
        assert_eq!(of(given), expected);
        let closed = json!({"type": "object", "additionalProperties": false});
        assert_eq!(of(closed.clone()), closed);
    }
}
