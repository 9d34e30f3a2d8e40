//! The canonical form of requests to DynamoDB and SQS: values without their type wrappers, names and values instead of
//! their aliases, and clauses in a fixed order. Two requests with the same meaning look the same.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Map, Value, json};

static ALIAS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[#:][A-Za-z0-9_]+").unwrap());
static BETWEEN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"BETWEEN (\S+) AND").unwrap());
static INSERTED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"'([^']+)': \?").unwrap());
static PLAIN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^[A-Za-z_][A-Za-z0-9_]*$").unwrap());
static CLAUSE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b(SET|REMOVE|ADD|DELETE) ").unwrap());

const CONDITIONS: [&str; 3] = ["ConditionExpression", "FilterExpression", "KeyConditionExpression"];
const NAMES: &str = "ExpressionAttributeNames";
const VALUES: &str = "ExpressionAttributeValues";

/// A request's body in its canonical form.
pub fn canonical(body: &Value) -> Value {
    match body {
        Value::Object(fields) => object(fields),
        Value::Array(all) => all.iter().map(canonical).collect(),
        other => other.clone(),
    }
}

/// A value without its type wrapper. Text, whole numbers, booleans, lists and maps become the JSON values of that kind; other
/// types stay as DynamoDB writes them.
pub fn undressed(value: &Value) -> Value {
    let one = value.as_object().filter(|fields| fields.len() == 1).and_then(|fields| fields.iter().next());
    match one.map(|(kind, inner)| (kind.as_str(), inner)) {
        Some(("S" | "BOOL", inner)) => inner.clone(),
        Some(("NULL", _)) => Value::Null,
        Some(("N", Value::String(text))) => match text.parse::<i64>() {
            Ok(number) => json!(number),
            Err(_) => value.clone(),
        },
        Some(("L", Value::Array(all))) => all.iter().map(undressed).collect(),
        Some(("M", Value::Object(fields))) => attributes(fields),
        _ => value.clone(),
    }
}

/// The attributes of an item or a key, without type wrappers.
pub fn attributes(fields: &Map<String, Value>) -> Value {
    fields.iter().map(|(name, value)| (name.clone(), undressed(value))).collect()
}

fn object(fields: &Map<String, Value>) -> Value {
    if let Some(insert) = insert(fields) {
        return insert;
    }
    let fill = |text: &str| {
        filled(text, &fields.get(NAMES).cloned().unwrap_or_default(), &fields.get(VALUES).cloned().unwrap_or_default())
    };
    let canonical = |(name, value): (&String, &Value)| {
        let new = match (name.as_str(), value) {
            (NAMES | VALUES, _) => return None,
            ("Key" | "Item" | "ExclusiveStartKey", Value::Object(key)) => attributes(key),
            ("Keys", Value::Array(keys)) => {
                let mut keys: Vec<_> = keys.iter().filter_map(Value::as_object).map(attributes).collect();
                keys.sort_by_key(Value::to_string);
                keys.into()
            }
            ("UpdateExpression", Value::String(text)) => update(text, &fill),
            ("ProjectionExpression", Value::String(text)) => sorted(text.split(", ").map(&fill)),
            ("MessageBody", Value::String(text)) => serde_json::from_str(text).unwrap_or_else(|_| value.clone()),
            (name, Value::String(text)) if CONDITIONS.contains(&name) => {
                let text = BETWEEN.replace_all(text, "BETWEEN $1 &");
                let mut parts = Vec::new();
                conjuncts(&text, &fill, &mut parts);
                sorted(parts.into_iter())
            }
            (_, value) => self::canonical(value),
        };
        Some((name.clone(), new))
    };
    fields.iter().filter_map(canonical).collect()
}

/// For a PartiQL statement that inserts an item: the statement's beginning and the item. `None` for any other request.
fn insert(fields: &Map<String, Value>) -> Option<Value> {
    let text = fields.get("Statement")?.as_str()?;
    let parameters = fields.get("Parameters")?.as_array()?;
    let names: Vec<_> = INSERTED.captures_iter(text).map(|found| found[1].to_owned()).collect();
    let head = text.split(" VALUE ").next().filter(|head| head.starts_with("INSERT INTO"))?;
    let item: Map<_, _> = names.iter().cloned().zip(parameters.iter().map(undressed)).collect();
    (names.len() == parameters.len()).then(|| json!({"Statement": head, "Item": item}))
}

fn update(text: &str, fill: &impl Fn(&str) -> String) -> Value {
    let starts: Vec<_> = CLAUSE.find_iter(text).collect();
    let ends = starts.iter().skip(1).map(|next| next.start()).chain([text.len()]);
    let clauses = starts.iter().zip(ends).map(|(start, end)| {
        let list = text[start.end()..end].trim();
        (start.as_str().trim().to_owned(), sorted(split(list, ", ").into_iter().map(fill)))
    });
    clauses.collect()
}

/// Adds the parts of a condition that are joined by `AND`.
fn conjuncts(text: &str, fill: &impl Fn(&str) -> String, parts: &mut Vec<String>) {
    let text = unwrapped(text);
    if split(text, " OR ").len() == 1 {
        let all = split(text, " AND ");
        if all.len() > 1 {
            return all.into_iter().for_each(|part| conjuncts(part, fill, parts));
        }
    }
    parts.push(condition(text, fill));
}

fn condition(text: &str, fill: &impl Fn(&str) -> String) -> String {
    let text = unwrapped(text);
    let any = split(text, " OR ");
    if any.len() > 1 {
        let mut any: Vec<_> = any.into_iter().map(|part| condition(part, fill)).collect();
        any.sort();
        return format!("({})", any.join(" OR "));
    }
    let all = split(text, " AND ");
    if all.len() > 1 {
        let mut parts = Vec::new();
        conjuncts(text, fill, &mut parts);
        parts.sort();
        return format!("({})", parts.join(" AND "));
    }
    match text.strip_prefix("NOT ") {
        Some(rest) => format!("NOT {}", condition(rest, fill)),
        None => fill(&text.replace(" & ", " AND ")),
    }
}

/// The text without brackets around the whole of it.
fn unwrapped(text: &str) -> &str {
    let text = text.trim();
    let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) else { return text };
    let mut depth = 0;
    let closed_early = inner.chars().any(|sign| {
        depth += i32::from(sign == '(') - i32::from(sign == ')');
        depth < 0
    });
    if closed_early { text } else { unwrapped(inner) }
}

/// Splits the text at each separator that is not inside brackets.
fn split<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, sign) in text.char_indices() {
        depth += i32::from(sign == '(') - i32::from(sign == ')');
        if depth == 0 && at >= start && text[at..].starts_with(separator) {
            parts.push(&text[start..at]);
            start = at + separator.len();
        }
    }
    parts.push(&text[start..]);
    parts
}

/// The text with names and values instead of their aliases.
fn filled(text: &str, names: &Value, values: &Value) -> String {
    let fill = |found: &Captures<'_>| {
        let alias = &found[0];
        match (names[alias].as_str(), values.get(alias)) {
            (Some(name), _) if PLAIN.is_match(name) => name.to_owned(),
            (Some(name), _) => format!("`{name}`"),
            (None, Some(value)) => undressed(value).to_string(),
            (None, None) => alias.to_owned(),
        }
    };
    ALIAS.replace_all(text, fill).into_owned()
}

fn sorted(parts: impl Iterator<Item = String>) -> Value {
    let mut parts: Vec<_> = parts.collect();
    parts.sort();
    parts.into()
}

#[test]
fn what_says_the_same_looks_the_same() {
    let one = json!({
        "Key": {"pk": {"S": "USER#1"}},
        "UpdateExpression": "SET #n0.#n1 = :v0, #n2 = if_not_exists(#n2, :v1) + :v2 REMOVE #n3, #n4",
        "ConditionExpression": "(attribute_exists(#n5) AND (attribute_not_exists(#n6) OR #n6 <> :v3) AND (#n2 BETWEEN :v1 AND :v2))",
        "ExpressionAttributeNames": {"#n0": "map", "#n1": "a.b", "#n2": "n", "#n3": "x", "#n4": "y", "#n5": "pk", "#n6": "mark"},
        "ExpressionAttributeValues": {":v0": {"M": {"t": {"BOOL": true}}}, ":v1": {"N": "0"}, ":v2": {"N": "1"}, ":v3": {"S": "a AND b)"}},
    });
    let other = json!({
        "Key": {"pk": {"S": "USER#1"}},
        "UpdateExpression": "REMOVE #a, #b SET #c = if_not_exists(#c, :z) + :o, #d.#e = :m",
        "ConditionExpression": "#c BETWEEN :z AND :o AND attribute_exists(#f) AND (#g <> :t OR attribute_not_exists(#g))",
        "ExpressionAttributeNames": {"#d": "map", "#e": "a.b", "#c": "n", "#b": "x", "#a": "y", "#f": "pk", "#g": "mark"},
        "ExpressionAttributeValues": {":m": {"M": {"t": {"BOOL": true}}}, ":z": {"N": "0"}, ":o": {"N": "1"}, ":t": {"S": "a AND b)"}},
    });
    let expected = json!({
        "Key": {"pk": "USER#1"},
        "UpdateExpression": {
            "SET": ["map.`a.b` = {\"t\":true}", "n = if_not_exists(n, 0) + 1"],
            "REMOVE": ["x", "y"],
        },
        "ConditionExpression": [
            "(attribute_not_exists(mark) OR mark <> \"a AND b)\")", "attribute_exists(pk)", "n BETWEEN 0 AND 1",
        ],
    });
    assert_eq!(canonical(&one), expected);
    assert_eq!(canonical(&other), expected);
    let mut text = one.clone();
    text["ExpressionAttributeValues"][":v1"] = json!({"S": "0"});
    assert_ne!(canonical(&text), expected, "a text is no number");
    text = one;
    text["ConditionExpression"] = json!("attribute_exists(#n5) OR (attribute_not_exists(#n6) AND #n6 <> :v3)");
    assert_ne!(canonical(&text), expected);
}

#[test]
fn an_insert_is_its_item() {
    let body = json!({"Statements": [{
        "Statement": r#"INSERT INTO "t" VALUE {'pk': ?, 'n': ?}"#, "Parameters": [{"S": "USER#1"}, {"N": "7"}],
    }]});
    let expected = json!({"Statements": [{"Statement": r#"INSERT INTO "t""#, "Item": {"pk": "USER#1", "n": 7}}]});
    assert_eq!(canonical(&body), expected);
}
