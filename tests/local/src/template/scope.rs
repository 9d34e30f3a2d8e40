//! Resolves intrinsic functions with the template's parameters, mappings, conditions and resources.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Deployed, TemplateError, text};

/// All possible targets of references.
pub(super) struct Scope<'a> {
    pub(super) document: &'a Value,
    pub(super) resources: &'a Map<String, Value>,
    pub(super) parameters: BTreeMap<String, Value>,
    pub(super) deployed: &'a Deployed,
    /// The names and conditions that are being resolved. A name that needs itself would never be resolved.
    under_way: RefCell<Vec<String>>,
}

/// The value of a node. The error says why it cannot be resolved. `None` is `AWS::NoValue`, which removes the property.
type Resolved = Result<Option<Value>, TemplateError>;

impl<'a> Scope<'a> {
    pub(super) fn new(
        document: &'a Value,
        parameters: BTreeMap<String, Value>,
        deployed: &'a Deployed,
    ) -> Result<Self, TemplateError> {
        let resources = document
            .get("Resources")
            .and_then(Value::as_object)
            .ok_or_else(|| TemplateError::shape("Resources", "a mapping of resources"))?;
        Ok(Self { document, resources, parameters, deployed, under_way: RefCell::default() })
    }

    /// The node with every intrinsic function replaced by its value.
    pub(super) fn resolve(&self, node: &Value, at: &str) -> Resolved {
        match node {
            Value::Object(map) => match intrinsic(map) {
                Some((name, argument)) => self.call(name, argument, at),
                None => {
                    let mut resolved = Map::new();
                    for (key, value) in map {
                        if let Some(value) = self.resolve(value, &format!("{at}.{key}"))? {
                            resolved.insert(key.clone(), value);
                        }
                    }
                    Ok(Some(Value::Object(resolved)))
                }
            },
            Value::Array(items) => {
                let mut resolved = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    resolved.extend(self.resolve(item, &format!("{at}[{index}]"))?);
                }
                Ok(Some(Value::Array(resolved)))
            }
            scalar => Ok(Some(scalar.clone())),
        }
    }

    /// Runs `body`. If `what` is already being resolved, the result is an error.
    pub(super) fn guarded<T>(
        &self,
        what: String,
        at: &str,
        body: impl FnOnce() -> Result<T, TemplateError>,
    ) -> Result<T, TemplateError> {
        if self.under_way.borrow().contains(&what) {
            return Err(TemplateError::reference(at, &what, "needs itself"));
        }
        self.under_way.borrow_mut().push(what);
        let outcome = body();
        self.under_way.borrow_mut().pop();
        outcome
    }

    fn call(&self, name: &str, argument: &Value, at: &str) -> Resolved {
        let some = |value: Value| Ok(Some(value));
        match name {
            "Ref" => self.reference(argument.as_str().unwrap_or_default(), at),
            "Fn::GetAtt" => {
                let (id, attribute) = self.pair(argument, at, "[resource, attribute]")?;
                some(Value::String(self.attribute(&id, &attribute, at)?))
            }
            "Fn::Sub" => some(Value::String(self.substitute(argument, at)?)),
            "Fn::FindInMap" => some(self.find_in_map(argument, at)?),
            "Fn::Join" => {
                let items = list(argument, at, 2, "[delimiter, list]")?;
                let delimiter = self.text(&items[0], at)?;
                let parts = self.texts(&items[1], at)?;
                some(Value::String(parts.join(&delimiter)))
            }
            "Fn::Split" => {
                let (delimiter, whole) = self.pair(argument, at, "[delimiter, text]")?;
                some(whole.split(&delimiter).map(str::to_owned).collect::<Vec<_>>().into())
            }
            "Fn::Select" => {
                let items = list(argument, at, 2, "[index, list]")?;
                let index = self.text(&items[0], at)?.parse::<usize>();
                let choices = self.texts(&items[1], at)?;
                let chosen = index.ok().and_then(|index| choices.get(index).cloned());
                some(Value::String(chosen.ok_or_else(|| TemplateError::shape(at, "an index within the list"))?))
            }
            "Fn::If" => {
                let items = list(argument, at, 3, "[condition, value if true, value if false]")?;
                let condition = items[0].as_str().unwrap_or_default();
                self.resolve(if self.condition(condition, at)? { &items[1] } else { &items[2] }, at)
            }
            "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not" | "Condition" => {
                some(self.test(name, argument, at)?.into())
            }
            other => Err(TemplateError::Intrinsic { at: at.to_owned(), name: other.to_owned() }),
        }
    }

    fn find_in_map(&self, argument: &Value, at: &str) -> Result<Value, TemplateError> {
        let keys = self.texts(argument, at)?;
        let [map, top, second] = keys.as_slice() else {
            return Err(TemplateError::shape(at, "[map, top-level key, second-level key]"));
        };
        let found = self.document.get("Mappings").and_then(|maps| maps.get(map)?.get(top)?.get(second));
        found.cloned().ok_or_else(|| {
            TemplateError::reference(at, &format!("Mappings.{map}.{top}.{second}"), "is not in the template")
        })
    }

    fn substitute(&self, argument: &Value, at: &str) -> Result<String, TemplateError> {
        let none = Value::Null;
        let (pattern, variables) = match argument {
            Value::String(pattern) => (pattern.as_str(), &none),
            Value::Array(items) if items.len() == 2 => (items[0].as_str().unwrap_or_default(), &items[1]),
            _ => return Err(TemplateError::shape(at, "a text, or [text, variables]")),
        };
        let mut result = String::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("${") {
            result.push_str(before);
            let (name, after) =
                after.split_once('}').ok_or_else(|| TemplateError::shape(at, "a closing brace after ${"))?;
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                result.push_str(&format!("${{{literal}}}"));
            } else if let Some(variable) = variables.get(name) {
                result.push_str(&self.text(variable, at)?);
            } else if let Some((id, attribute)) = name.split_once('.') {
                result.push_str(&self.attribute(id, attribute, at)?);
            } else {
                let value = self.reference(name, at)?.as_ref().and_then(text);
                result.push_str(&value.ok_or_else(|| TemplateError::reference(at, name, "is no text"))?);
            }
        }
        result.push_str(rest);
        Ok(result)
    }

    /// The node's value as text.
    pub(super) fn text(&self, node: &Value, at: &str) -> Result<String, TemplateError> {
        let value = self.resolve(node, at)?;
        value.as_ref().and_then(text).ok_or_else(|| TemplateError::shape(at, "a text, number or boolean"))
    }

    fn texts(&self, node: &Value, at: &str) -> Result<Vec<String>, TemplateError> {
        let wrong = || TemplateError::shape(at, "a list of texts");
        let value = self.resolve(node, at)?;
        let items = value.as_ref().and_then(Value::as_array).ok_or_else(wrong)?;
        items.iter().map(|item| text(item).ok_or_else(wrong)).collect()
    }

    fn pair(&self, node: &Value, at: &str, expected: &str) -> Result<(String, String), TemplateError> {
        let items = list(node, at, 2, expected)?;
        Ok((self.text(&items[0], at)?, self.text(&items[1], at)?))
    }
}

/// The function that a one-key mapping calls.
fn intrinsic(map: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut entries = map.iter();
    let (Some((name, argument)), None) = (entries.next(), entries.next()) else {
        return None;
    };
    // `Condition` is a function only if its argument is a name. `{"Condition": {…}}` belongs to a policy statement.
    let calls = name == "Ref" || name.starts_with("Fn::") || (name == "Condition" && argument.is_string());
    calls.then_some((name.as_str(), argument))
}

pub(super) fn list<'v>(node: &'v Value, at: &str, length: usize, expected: &str) -> Result<&'v [Value], TemplateError> {
    node.as_array()
        .map(Vec::as_slice)
        .filter(|items| items.len() == length)
        .ok_or_else(|| TemplateError::shape(at, expected))
}
