//! The JSON schema of an object, put together field by field.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

/// A function that adds the fields of a type, as `RequestBody::describe` does.
pub type Describe = fn(&mut Shape<'_>);

/// An object's schema under construction.
#[derive(Debug)]
pub struct Shape<'a> {
    /// The document's schemas, which this one may refer to.
    pub schemas: &'a mut SchemaGenerator,
    properties: Map<String, Value>,
    required: Vec<&'static str>,
    rules: Vec<Value>,
    more: Vec<Value>,
}

impl<'a> Shape<'a> {
    /// The schema of a body, with its description. No further field is accepted.
    pub fn of(schemas: &'a mut SchemaGenerator, docs: &[&str], describe_fields: Describe) -> Schema {
        let mut shape = Self::new(schemas);
        describe_fields(&mut shape);
        let Self { properties, required, mut rules, more, .. } = shape;
        // Two parts of a body may each say `not`, and an object has one: the second one stands with the rules.
        let mut members = Map::new();
        for more in more.into_iter().filter_map(|more| if let Value::Object(more) = more { Some(more) } else { None }) {
            if more.keys().any(|key| members.contains_key(key)) {
                rules.push(more.into());
            } else {
                members.extend(more);
            }
        }
        let mut schema = json_schema!({"type": "object", "additionalProperties": false});
        if !properties.is_empty() {
            schema.insert("properties".into(), properties.into());
        }
        if !required.is_empty() {
            schema.insert("required".into(), json!(required));
        }
        if !rules.is_empty() {
            schema.insert("allOf".into(), rules.into());
        }
        describe(&mut schema, docs);
        extend(&mut schema, members.into());
        schema
    }

    fn new(schemas: &'a mut SchemaGenerator) -> Self {
        Self { schemas, properties: Map::new(), required: Vec::new(), rules: Vec::new(), more: Vec::new() }
    }

    /// Adds a field, with the lines of its documentation.
    pub fn property(&mut self, key: &'static str, mut schema: Schema, docs: &[&str]) {
        describe(&mut schema, docs);
        self.properties.insert(key.to_owned(), schema.into());
    }

    /// Says that a field must be there.
    pub fn require(&mut self, key: &'static str) {
        self.required.push(key);
    }

    /// Adds the fields of several types. A body has the fields of one of them. Each type has a title.
    ///
    /// The rule stands in `allOf`, beside the properties. Generators of clients take a `oneOf` of the object itself for the whole
    /// type, and lose its properties.
    pub fn one_of(&mut self, types: &[(&str, Describe)]) {
        let mut apart = Vec::new();
        for (title, describe) in types {
            let mut shape = Shape::new(self.schemas);
            describe(&mut shape);
            apart.push((title, shape.properties, shape.required));
        }
        let names = |(_, properties, _): &(_, Map<String, Value>, _)| properties.keys().cloned().collect::<Vec<_>>();
        let all: Vec<_> = apart.iter().flat_map(names).collect();
        let one_of = apart.iter().map(|(title, own, required)| {
            let others = all.iter().filter(|name| !own.contains_key(*name));
            let others: Vec<_> = others.map(|name| json!({"required": [name]})).collect();
            let mut one =
                Map::from_iter([("title".to_owned(), json!(title)), ("not".to_owned(), json!({"anyOf": others}))]);
            if !required.is_empty() {
                one.insert("required".to_owned(), json!(required));
            }
            Value::Object(one)
        });
        self.rules.push(json!({"oneOf": one_of.collect::<Vec<_>>()}));
        apart.into_iter().for_each(|(_, properties, _)| self.properties.extend(properties));
    }

    /// Adds a rule about several fields: a schema that the object must meet, too.
    pub fn rule(&mut self, rule: Value) {
        self.rules.push(rule);
    }

    /// Adds members to the object's schema, for rules about several fields.
    pub fn extend(&mut self, members: Value) {
        self.more.push(members);
    }
}

/// Adds members to a schema.
pub fn extend(schema: &mut Schema, members: Value) {
    if let Value::Object(members) = members {
        members.into_iter().for_each(|(key, value)| drop(schema.insert(key, value)));
    }
}

/// The same schema, which also takes `null`.
pub(super) fn or_null(mut schema: Schema) -> Schema {
    let Some(types) = schema.remove("type") else {
        return json_schema!({"anyOf": [schema, {"type": "null"}]});
    };
    let types = match types {
        Value::Array(mut types) => {
            types.push(json!("null"));
            types
        }
        one => vec![one, json!("null")],
    };
    schema.insert("type".into(), types.into());
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.push(Value::Null);
    }
    schema
}

fn describe(schema: &mut Schema, docs: &[&str]) {
    let lines: Vec<_> = docs.iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    let text = lines.join("\n");
    if !text.trim().is_empty() {
        schema.insert("description".into(), text.trim().into());
    }
}
