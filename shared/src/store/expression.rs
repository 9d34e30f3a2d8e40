//! Expressions as data. Every name is aliased and every value bound, so a user's key may be a reserved word, hold a dot
//! or be an emoji.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// A document path, one attribute name a segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Path(Vec<String>);

impl<const N: usize> From<[&str; N]> for Path {
    fn from(segments: [&str; N]) -> Self {
        Self(segments.map(str::to_owned).into())
    }
}

impl From<Vec<String>> for Path {
    fn from(segments: Vec<String>) -> Self {
        Self(segments)
    }
}

impl Path {
    /// The path of segments that are known at run time only.
    pub fn of(segments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(segments.into_iter().map(Into::into).collect())
    }
}

impl From<&str> for Path {
    fn from(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }
}

/// What a write demands of the item as it stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    Exists(Path),
    Missing(Path),
    Equals(Path, AttributeValue),
    NotEquals(Path, AttributeValue),
    AtLeast(Path, AttributeValue),
    AtMost(Path, AttributeValue),
    Below(Path, AttributeValue),
    /// Both ends included.
    Between(Path, AttributeValue, AttributeValue),
    Contains(Path, AttributeValue),
    /// Has fewer elements than this.
    SizeBelow(Path, usize),
    OneOf(Path, Vec<AttributeValue>),
    /// A map stands there.
    IsMap(Path),
    /// Something else stands there, or nothing.
    IsNoMap(Path),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

/// One thing that an update does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Set(Path, AttributeValue),
    /// Keeps what is there, else sets it.
    SetIfMissing(Path, AttributeValue),
    /// Takes another's value, or the one given where that is missing.
    SetFrom(Path, Path, AttributeValue),
    /// Adds to a number, which counts as zero where it is missing.
    Add(Path, i64),
    Remove(Path),
}

/// An update and its condition, as text for DynamoDB.
#[derive(Debug, Default, PartialEq)]
pub struct Rendered {
    pub update: Option<String>,
    pub condition: Option<String>,
    pub names: Option<HashMap<String, String>>,
    pub values: Option<HashMap<String, AttributeValue>>,
}

/// Renders actions and a condition, which share names and values.
pub fn render(actions: &[Action], condition: Option<&Condition>) -> Rendered {
    let mut aliases = Aliases::default();
    let (mut set, mut remove) = (Vec::new(), Vec::new());
    for action in actions {
        match action {
            Action::Set(path, value) => {
                set.push(format!("{} = {}", aliases.path(path), aliases.value(value)));
            }
            Action::SetIfMissing(path, value) => {
                let (path, value) = (aliases.path(path), aliases.value(value));
                set.push(format!("{path} = if_not_exists({path}, {value})"));
            }
            Action::SetFrom(path, from, otherwise) => {
                let (path, from, otherwise) = (aliases.path(path), aliases.path(from), aliases.value(otherwise));
                set.push(format!("{path} = if_not_exists({from}, {otherwise})"));
            }
            Action::Add(path, by) => {
                let path = aliases.path(path);
                let zero = aliases.value(&AttributeValue::N("0".into()));
                let by = aliases.value(&AttributeValue::N(by.to_string()));
                set.push(format!("{path} = if_not_exists({path}, {zero}) + {by}"));
            }
            Action::Remove(path) => remove.push(aliases.path(path)),
        }
    }
    let clauses = [("SET", set), ("REMOVE", remove)];
    let update: Vec<_> = clauses
        .into_iter()
        .filter(|(_, parts)| !parts.is_empty())
        .map(|(word, parts)| format!("{word} {}", parts.join(", ")))
        .collect();
    Rendered {
        update: (!update.is_empty()).then(|| update.join(" ")),
        condition: condition.map(|condition| aliases.condition(condition)),
        names: (!aliases.names.is_empty()).then_some(aliases.names),
        values: (!aliases.values.is_empty()).then_some(aliases.values),
    }
}

#[derive(Default)]
struct Aliases {
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
    /// The alias of each name that has one.
    known: HashMap<String, String>,
}

impl Aliases {
    fn path(&mut self, path: &Path) -> String {
        let segments: Vec<_> = path.0.iter().map(|name| self.name(name)).collect();
        segments.join(".")
    }

    fn name(&mut self, name: &str) -> String {
        if let Some(alias) = self.known.get(name) {
            return alias.clone();
        }
        let alias = format!("#n{}", self.names.len());
        self.names.insert(alias.clone(), name.to_owned());
        self.known.insert(name.to_owned(), alias.clone());
        alias
    }

    fn value(&mut self, value: &AttributeValue) -> String {
        let alias = format!(":v{}", self.values.len());
        self.values.insert(alias.clone(), value.clone());
        alias
    }

    fn condition(&mut self, condition: &Condition) -> String {
        match condition {
            Condition::Exists(path) => format!("attribute_exists({})", self.path(path)),
            Condition::Missing(path) => format!("attribute_not_exists({})", self.path(path)),
            Condition::Equals(path, value) => self.compare(path, "=", value),
            Condition::NotEquals(path, value) => self.compare(path, "<>", value),
            Condition::AtLeast(path, value) => self.compare(path, ">=", value),
            Condition::AtMost(path, value) => self.compare(path, "<=", value),
            Condition::Below(path, value) => self.compare(path, "<", value),
            Condition::Between(path, low, high) => {
                format!("{} BETWEEN {} AND {}", self.path(path), self.value(low), self.value(high))
            }
            Condition::Contains(path, value) => format!("contains({}, {})", self.path(path), self.value(value)),
            Condition::SizeBelow(path, most) => {
                let path = self.path(path);
                format!("size({path}) < {}", self.value(&AttributeValue::N(most.to_string())))
            }
            Condition::OneOf(path, values) => {
                let path = self.path(path);
                let values: Vec<_> = values.iter().map(|value| self.value(value)).collect();
                format!("{path} IN ({})", values.join(", "))
            }
            Condition::IsMap(path) => self.is_map(path),
            Condition::IsNoMap(path) => format!("NOT {}", self.is_map(path)),
            Condition::All(parts) => self.joined(parts, " AND "),
            Condition::Any(parts) => self.joined(parts, " OR "),
        }
    }

    fn compare(&mut self, path: &Path, operator: &str, value: &AttributeValue) -> String {
        format!("{} {operator} {}", self.path(path), self.value(value))
    }

    fn is_map(&mut self, path: &Path) -> String {
        format!("attribute_type({}, {})", self.path(path), self.value(&AttributeValue::S("M".into())))
    }

    fn joined(&mut self, parts: &[Condition], word: &str) -> String {
        let parts: Vec<_> = parts.iter().map(|part| self.condition(part)).collect();
        format!("({})", parts.join(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(text: &str) -> AttributeValue {
        AttributeValue::S(text.into())
    }

    #[test]
    fn every_name_is_aliased_once_and_every_value_bound() {
        let rendered = render(
            &[
                Action::Set(["channels", "size"].into(), AttributeValue::Bool(false)),
                Action::Set(["channels", "a.b"].into(), AttributeValue::Bool(true)),
                Action::Add("version".into(), 1),
                Action::SetIfMissing("at".into(), s("0")),
                Action::Remove("name".into()),
            ],
            Some(&Condition::All(vec![
                Condition::Exists("pk".into()),
                Condition::Any(vec![
                    Condition::OneOf("version".into(), vec![s("1"), s("2")]),
                    Condition::Missing("erased_at".into()),
                ]),
                Condition::AtMost("updated_at".into(), s("3")),
            ])),
        );
        assert_eq!(
            rendered.update.as_deref(),
            Some(
                "SET #n0.#n1 = :v0, #n0.#n2 = :v1, #n3 = if_not_exists(#n3, :v2) + :v3, #n4 = if_not_exists(#n4, :v4) REMOVE #n5"
            )
        );
        assert_eq!(
            rendered.condition.as_deref(),
            Some("(attribute_exists(#n6) AND (#n3 IN (:v5, :v6) OR attribute_not_exists(#n7)) AND #n8 <= :v7)")
        );
        let names = rendered.names.unwrap();
        assert_eq!(names["#n2"], "a.b");
        assert_eq!(names["#n3"], "version");
        assert_eq!(rendered.values.unwrap()[":v3"], AttributeValue::N("1".into()));
    }

    #[test]
    fn a_path_s_type_is_asked_for() {
        let map = vec!["settings".to_owned(), "a.b".to_owned()];
        let condition =
            Condition::All(vec![Condition::IsMap(map.clone().into()), Condition::IsNoMap(vec!["x".to_owned()].into())]);
        let rendered = render(&[], Some(&condition));
        let expected = "(attribute_type(#n0.#n1, :v0) AND NOT attribute_type(#n2, :v1))";
        assert_eq!(rendered.condition.as_deref(), Some(expected));
        assert_eq!(rendered.values.unwrap()[":v1"], s("M"));
    }

    #[test]
    fn nothing_renders_to_nothing() {
        assert_eq!(render(&[], None), Rendered::default());
    }
}
