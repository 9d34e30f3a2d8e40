//! The parts of a PartiQL statement that IAM checks: its action, its table and its partitions.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::aws::schema::{Key, Schema};

/// A text, a quoted name, a parameter, a word, or a single sign.
static TOKEN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"'[^']*'|"[^"]*"|\?|[\w.\-]+|\S"#).ok());

/// The permission that a statement needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// IAM's name of the action, without the service: `PartiQLInsert`.
    pub(super) action: String,
    pub(super) table: String,
    /// The partition keys that it names.
    pub(super) partitions: Vec<String>,
}

impl Statement {
    /// Reads one statement of a batch. `hash` is the name of the partition key.
    pub(super) fn read(node: &Value, hash: &str) -> Self {
        let tokens = tokens(node);
        let before_table = |word: &str| ["INTO", "UPDATE", "FROM"].iter().any(|keyword| is(word, keyword));
        let table = tokens.windows(2).find_map(|pair| before_table(pair[0]).then(|| unquoted(pair[1])));
        Self {
            action: format!("PartiQL{}", action(&tokens).unwrap_or("?")),
            table: table.unwrap_or_default().to_owned(),
            partitions: values(node, &tokens, hash),
        }
    }

    /// The key of the item that a statement is about.
    pub(super) fn key(node: &Value, schema: &Schema) -> Option<Key> {
        let tokens = tokens(node);
        let value = |name: &String| values(node, &tokens, name).pop();
        Some((value(&schema.hash)?, schema.range.as_ref().and_then(value)))
    }

    /// Whether a statement changes nothing.
    pub(super) fn reads(node: &Value) -> bool {
        action(&tokens(node)) == Some("Select")
    }
}

fn tokens(node: &Value) -> Vec<&str> {
    let text = node["Statement"].as_str().unwrap_or_default();
    TOKEN.iter().flat_map(|token| token.find_iter(text)).map(|found| found.as_str()).collect()
}

fn is(word: &str, keyword: &str) -> bool {
    word.eq_ignore_ascii_case(keyword)
}

fn action(tokens: &[&str]) -> Option<&'static str> {
    let actions = ["Insert", "Update", "Delete", "Select"];
    actions.into_iter().find(|action| tokens.first().is_some_and(|first| is(first, action)))
}

/// The values that a statement gives or compares an attribute with.
fn values(node: &Value, tokens: &[&str], name: &str) -> Vec<String> {
    let values = tokens.windows(3).enumerate().filter_map(|(at, words)| {
        let is_named = unquoted(words[0]) == name && [":", "="].contains(&words[1]);
        is_named.then(|| match words[2] {
            "?" => {
                let place = tokens[..at].iter().filter(|token| **token == "?").count();
                node["Parameters"][place]["S"].as_str().unwrap_or_default()
            }
            text => unquoted(text),
        })
    });
    values.map(str::to_owned).collect()
}

fn unquoted(token: &str) -> &str {
    token.trim_matches(['\'', '"'])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str, parameters: &[&str]) -> (String, String, Vec<String>) {
        let parameters: Vec<_> = parameters.iter().map(|text| json!({"S": text})).collect();
        let Statement { action, table, partitions } =
            Statement::read(&json!({"Statement": text, "Parameters": parameters}), "pk");
        (action, table, partitions)
    }

    fn is(action: &str, partitions: &[&str]) -> (String, String, Vec<String>) {
        (action.into(), "a.table-1".into(), partitions.iter().map(|key| (*key).into()).collect())
    }

    #[test]
    fn a_statement_says_what_it_does_and_where() {
        let insert = r#"INSERT INTO "a.table-1" VALUE {'at': ?, 'pk': ?, 'sk': 'pk', 'n': 1}"#;
        assert_eq!(read(insert, &["early", "USER#1"]), is("PartiQLInsert", &["USER#1"]));
        assert_eq!(
            read("insert into a.table-1 value {'pk': 'USER#1','it': ?}", &["x"]),
            is("PartiQLInsert", &["USER#1"])
        );
        let update = r#"UPDATE "a.table-1" SET a = ?, b = ? WHERE "pk" = ? AND sk = ?"#;
        assert_eq!(read(update, &["1", "2", "USER#2", "S"]), is("PartiQLUpdate", &["USER#2"]));
        let delete = "DELETE FROM a.table-1 WHERE pk='USER#1' OR pk = ?";
        assert_eq!(read(delete, &["ORG#1"]), is("PartiQLDelete", &["USER#1", "ORG#1"]));
        assert_eq!(read(r#"SELECT * FROM "a.table-1" WHERE sk = ?"#, &["S"]), is("PartiQLSelect", &[]));
    }

    #[test]
    fn what_cannot_be_read_is_allowed_nowhere() {
        assert_eq!(read("EXISTS (x)", &[]), ("PartiQL?".into(), String::new(), vec![]));
        assert_eq!(read("INSERT INTO a.table-1 VALUE {'pk': ?}", &[]), is("PartiQLInsert", &[""]));
    }
}
