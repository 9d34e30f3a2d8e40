//! The items that a call of DynamoDB writes, or that a transaction takes part with.

use serde_json::Value;

use super::statement::Statement;
use crate::aws::schema::{Key, Schema};

/// One item of a call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    /// The item's key; `None` if it cannot be read.
    pub(super) key: Option<Key>,
    /// Whether the call changes the item.
    pub(super) writes: bool,
    /// The part of the request that is about it.
    pub(super) request: Value,
}

/// What kind of call it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One item.
    Single,
    /// All items, or none.
    Transaction,
    /// `BatchWriteItem`: the items that are not written are listed.
    Batch,
    /// `BatchExecuteStatement`: each statement has an answer of its own.
    Statements,
}

/// The parts of a call, in the order of the request; `None` for calls that only read.
pub(super) fn parts(operation: &str, body: &Value, schema: &Schema) -> Option<(Form, Vec<Part>)> {
    let part = |request: &Value, writes| {
        let key = [&request["Key"], &request["Item"]].into_iter().find_map(|key| schema.key(key));
        Part { key, writes, request: request.clone() }
    };
    let list = |name: &str| body[name].as_array().into_iter().flatten();
    match operation {
        "PutItem" | "UpdateItem" | "DeleteItem" => Some((Form::Single, vec![part(body, true)])),
        "TransactWriteItems" | "TransactGetItems" => {
            let inner = list("TransactItems").filter_map(|item| item.as_object()?.iter().next());
            let writes = |kind: &str| ["Put", "Update", "Delete"].contains(&kind);
            Some((Form::Transaction, inner.map(|(kind, inner)| part(inner, writes(kind))).collect()))
        }
        "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            let requests = tables.flat_map(|(_, requests)| requests.as_array().into_iter().flatten());
            let inner = requests.filter_map(|request| request.as_object()?.values().next());
            Some((Form::Batch, inner.map(|inner| part(inner, true)).collect()))
        }
        "BatchExecuteStatement" => {
            let statement = |request: &Value| {
                let key = Statement::key(request, schema);
                Part { key, writes: !Statement::reads(request), request: request.clone() }
            };
            Some((Form::Statements, list("Statements").map(statement).collect()))
        }
        _ => None,
    }
}

/// The request without the parts at these places.
pub(super) fn without(form: Form, body: &Value, places: &[usize]) -> Value {
    let mut body = body.clone();
    let mut at = 0;
    let mut keep = |list: &mut Vec<Value>| {
        list.retain(|_| {
            at += 1;
            !places.contains(&(at - 1))
        });
    };
    match form {
        Form::Statements => body["Statements"].as_array_mut().into_iter().for_each(&mut keep),
        Form::Batch => {
            if let Some(tables) = body["RequestItems"].as_object_mut() {
                tables.values_mut().filter_map(Value::as_array_mut).for_each(&mut keep);
                tables.retain(|_, requests| requests.as_array().is_some_and(|requests| !requests.is_empty()));
            }
        }
        Form::Single | Form::Transaction => {}
    }
    body
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Schema {
        Schema {
            table: "t".into(),
            hash: "pk".into(),
            range: Some("sk".into()),
            indexes: Vec::new(),
            has_keys_only: true,
        }
    }

    fn item(pk: &str) -> Value {
        json!({"pk": {"S": pk}, "sk": {"S": "s"}})
    }

    fn keys(operation: &str, body: Value) -> Vec<(String, bool)> {
        let parts = parts(operation, &body, &schema()).unwrap().1;
        parts.into_iter().map(|part| (part.key.unwrap().0, part.writes)).collect()
    }

    #[test]
    fn every_write_names_its_items_in_order() {
        let is =
            |list: &[(&str, bool)]| list.iter().map(|(key, writes)| ((*key).to_owned(), *writes)).collect::<Vec<_>>();
        assert_eq!(keys("PutItem", json!({"Item": item("a")})), is(&[("a", true)]));
        assert_eq!(keys("UpdateItem", json!({"Key": item("a")})), is(&[("a", true)]));
        let parts_of = json!({"TransactItems": [{"Put": {"Item": item("a")}}, {"ConditionCheck": {"Key": item("b")}}]});
        assert_eq!(keys("TransactWriteItems", parts_of), is(&[("a", true), ("b", false)]));
        let batch = json!({"RequestItems": {"t": [{"PutRequest": {"Item": item("a")}}, {"DeleteRequest": {"Key": item("b")}}]}});
        assert_eq!(keys("BatchWriteItem", batch), is(&[("a", true), ("b", true)]));
        let insert = json!({"Statement": "INSERT INTO \"t\" VALUE {'pk': ?, 'sk': 's'}", "Parameters": [{"S": "a"}]});
        let select = json!({"Statement": "SELECT * FROM \"t\" WHERE \"pk\" = 'b' AND sk = 's'"});
        assert_eq!(
            keys("BatchExecuteStatement", json!({"Statements": [insert, select]})),
            is(&[("a", true), ("b", false)])
        );
        assert_eq!(parts("Query", &json!({}), &schema()), None);
    }

    #[test]
    fn parts_of_a_batch_are_left_out_by_their_place() {
        let statements = json!({"Statements": ["a", "b", "c"]});
        assert_eq!(without(Form::Statements, &statements, &[0, 2]), json!({"Statements": ["b"]}));
        let batch = json!({"RequestItems": {"one": ["a", "b"], "two": ["c"]}});
        assert_eq!(without(Form::Batch, &batch, &[1, 2]), json!({"RequestItems": {"one": ["a"]}}));
    }
}
