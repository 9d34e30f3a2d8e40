//! Expressions as text. Every name has an alias and every value is bound, so a user's key may be a reserved word,
//! contain a dot or be an emoji.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Action, Condition, Path};

/// The most bytes of one expression that DynamoDB takes.
///
/// Source: Amazon DynamoDB Developer Guide, "Quotas in Amazon DynamoDB", expression parameters.
const MAX_BYTES: usize = 4096;
/// The most operators and functions of one update expression that DynamoDB takes (same source).
const MAX_OPERATORS: usize = 300;

/// An update and its condition, as text for DynamoDB.
#[derive(Debug, Default, PartialEq)]
pub struct Rendered {
    pub update: Option<String>,
    pub condition: Option<String>,
    pub names: Option<HashMap<String, String>>,
    pub values: Option<HashMap<String, AttributeValue>>,
}

impl Rendered {
    /// Whether DynamoDB takes expressions of this size. No other code checks these limits. The count is on the safe
    /// side, because separators of actions and conditions count as operators, too.
    pub fn fits(&self) -> bool {
        [&self.update, &self.condition].into_iter().flatten().all(|text| {
            let operators = text.matches(['=', '+', ',', '(', '<']).count() + text.matches(" AND ").count();
            text.len() <= MAX_BYTES && operators <= MAX_OPERATORS
        })
    }
}

/// Renders actions and a condition, which share names and values.
pub fn render(actions: &[Action], condition: Option<&Condition>) -> Rendered {
    let mut writer = Writer::default();
    let (set, remove): (Vec<_>, Vec<_>) = actions.iter().partition(|action| !matches!(action, Action::Remove(_)));
    for (word, actions) in [("SET ", set), ("REMOVE ", remove)] {
        for (index, action) in actions.into_iter().enumerate() {
            let before = if index > 0 { ", " } else { word };
            if index == 0 && !writer.text.is_empty() {
                writer.text.push(' ');
            }
            writer.text.push_str(before);
            writer.action(action);
        }
    }
    let update = std::mem::take(&mut writer.text);
    if let Some(condition) = condition {
        writer.condition(condition);
    }
    let Writer { text, names, values } = writer;
    let names = names.into_iter().enumerate().map(|(index, name)| (alias("#n", index), name.to_owned()));
    let names: HashMap<_, _> = names.collect();
    let values = values.into_iter().enumerate().map(|(index, value)| (alias(":v", index), value));
    let values: HashMap<_, _> = values.collect();
    Rendered {
        update: (!update.is_empty()).then_some(update),
        condition: condition.is_some().then_some(text),
        names: (!names.is_empty()).then_some(names),
        values: (!values.is_empty()).then_some(values),
    }
}

fn alias(prefix: &str, place: usize) -> String {
    let mut alias = String::with_capacity(prefix.len() + 2);
    alias.push_str(prefix);
    push_number(&mut alias, place);
    alias
}

/// Appends a number. An expression has dozens of them, and the standard formatter takes a hundred instructions for each.
fn push_number(text: &mut String, number: usize) {
    if number >= 10 {
        push_number(text, number / 10);
    }
    text.extend(u32::try_from(number % 10).ok().and_then(|digit| char::from_digit(digit, 10)));
}

/// Writes an expression from its beginning to its end. The alias of a name or a value is its place in a list.
#[derive(Default)]
struct Writer<'a> {
    text: String,
    names: Vec<&'a str>,
    values: Vec<AttributeValue>,
}

impl<'a> Writer<'a> {
    fn action(&mut self, action: &'a Action) {
        match action {
            Action::Set(path, value) => {
                self.path(path).then(" = ").value(value);
            }
            Action::SetIfMissing(path, value) => {
                self.path(path).then(" = ").or_else(path, value);
            }
            Action::SetFrom(path, from, otherwise) => {
                self.path(path).then(" = ").or_else(from, otherwise);
            }
            Action::Add(path, by) => {
                let number = |number: i64| AttributeValue::N(number.to_string());
                self.path(path).then(" = ").or_else(path, &number(0)).then(" + ").value(&number(*by));
            }
            Action::Remove(path) => {
                self.path(path);
            }
        }
    }

    fn condition(&mut self, condition: &'a Condition) {
        let map = || AttributeValue::S("M".into());
        match condition {
            Condition::Exists(path) => self.then("attribute_exists(").path(path).then(")"),
            Condition::Missing(path) => self.then("attribute_not_exists(").path(path).then(")"),
            Condition::Equals(path, value) => self.path(path).then(" = ").value(value),
            Condition::NotEquals(path, value) => self.path(path).then(" <> ").value(value),
            Condition::AtLeast(path, value) => self.path(path).then(" >= ").value(value),
            Condition::AtMost(path, value) => self.path(path).then(" <= ").value(value),
            Condition::Below(path, value) => self.path(path).then(" < ").value(value),
            Condition::Contains(path, value) => self.then("contains(").path(path).then(", ").value(value).then(")"),
            Condition::SizeBelow(path, most) => {
                self.then("size(").path(path).then(") < ").value(&AttributeValue::N(most.to_string()))
            }
            Condition::OneOf(path, values) => {
                self.path(path).then(" IN (");
                for (index, value) in values.iter().enumerate() {
                    self.then(if index > 0 { ", " } else { "" }).value(value);
                }
                self.then(")")
            }
            Condition::IsMap(path) => self.then("attribute_type(").path(path).then(", ").value(&map()).then(")"),
            Condition::IsNoMap(path) => self.then("NOT attribute_type(").path(path).then(", ").value(&map()).then(")"),
            Condition::All(parts) => self.joined(parts, " AND "),
            Condition::Any(parts) => self.joined(parts, " OR "),
        };
    }

    fn joined(&mut self, parts: &'a [Condition], word: &str) -> &mut Self {
        // DynamoDB refuses parentheses around parentheses, so one part alone has none of its own.
        if let [only] = parts {
            self.condition(only);
            return self;
        }
        self.then("(");
        for (index, part) in parts.iter().enumerate() {
            self.then(if index > 0 { word } else { "" }).condition(part);
        }
        self.then(")")
    }

    fn or_else(&mut self, path: &'a Path, otherwise: &AttributeValue) -> &mut Self {
        self.then("if_not_exists(").path(path).then(", ").value(otherwise).then(")")
    }

    fn then(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    fn path(&mut self, path: &'a Path) -> &mut Self {
        for (index, name) in path.0.iter().enumerate() {
            // There are rarely more than ten names. A search through them is faster than a hash map.
            let known = self.names.iter().position(|known| known == name);
            let place = known.unwrap_or_else(|| {
                self.names.push(name);
                self.names.len() - 1
            });
            self.then(if index > 0 { ".#n" } else { "#n" }).place(place);
        }
        self
    }

    fn value(&mut self, value: &AttributeValue) -> &mut Self {
        let place = self.values.iter().position(|known| known == value).unwrap_or_else(|| {
            self.values.push(value.clone());
            self.values.len() - 1
        });
        self.then(":v").place(place)
    }

    fn place(&mut self, place: usize) -> &mut Self {
        push_number(&mut self.text, place);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(text: &str) -> AttributeValue {
        AttributeValue::S(text.into())
    }

    #[test]
    fn every_name_is_aliased_once_and_every_value_bound_once() {
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
    fn one_part_alone_has_no_parentheses() {
        let one = || Condition::Exists("pk".into());
        let all = Condition::All(vec![one(), Condition::Missing("at".into())]);
        for (condition, expected) in [
            (Condition::Any(vec![Condition::All(vec![one()])]), "attribute_exists(#n0)"),
            (Condition::Any(vec![all.clone()]), "(attribute_exists(#n0) AND attribute_not_exists(#n1))"),
            (Condition::All(vec![Condition::Any(vec![all])]), "(attribute_exists(#n0) AND attribute_not_exists(#n1))"),
        ] {
            assert_eq!(render(&[], Some(&condition)).condition.as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_path_s_type_is_asked_for() {
        let map = vec!["settings".to_owned(), "a.b".to_owned()];
        let condition =
            Condition::All(vec![Condition::IsMap(map.clone().into()), Condition::IsNoMap(vec!["x".to_owned()].into())]);
        let rendered = render(&[], Some(&condition));
        let expected = "(attribute_type(#n0.#n1, :v0) AND NOT attribute_type(#n2, :v0))";
        assert_eq!(rendered.condition.as_deref(), Some(expected));
        assert_eq!(rendered.values.unwrap(), HashMap::from([(":v0".to_owned(), s("M"))]));
    }

    #[test]
    fn an_expression_fits_up_to_the_limits_of_dynamodb() {
        let sets = |names: usize| {
            let set = |n: usize| Action::Set(["settings", &n.to_string()].into(), AttributeValue::Bool(true));
            render(&(0..names).map(set).collect::<Vec<_>>(), None)
        };
        // One `=` each, and a comma between them.
        assert!(sets(150).fits());
        assert!(!sets(151).fits());
        let long = |segments: usize| {
            let path = Path::of((0..segments).map(|n| n.to_string()));
            let rendered = render(&[Action::Remove(path)], None);
            (rendered.update.as_ref().map_or(0, String::len), rendered.fits())
        };
        let fitting = (1..).map(long).take_while(|(_, fits)| *fits).last().unwrap();
        assert!((MAX_BYTES - 4..=MAX_BYTES).contains(&fitting.0), "{fitting:?}");
    }

    #[test]
    fn nothing_renders_to_nothing() {
        assert_eq!(render(&[], None), Rendered::default());
    }
}
