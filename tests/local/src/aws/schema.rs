//! The keys of the template's table and of its indexes.

use serde_json::Value;

use crate::template::Table;

/// An item's key: the values of the partition key and, if there is one, of the sort key.
pub type Key = (String, Option<String>);

/// The names of the key attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The table's name.
    pub table: String,
    /// The partition key.
    pub hash: String,
    /// The sort key.
    pub range: Option<String>,
    /// The key attributes of each global index, its partition key first.
    pub indexes: Vec<Vec<String>>,
    /// Whether the indexes have only keys.
    pub has_keys_only: bool,
}

impl Schema {
    /// The keys of a table of the template; `None` if it has no partition key.
    pub fn of(table: &Table) -> Option<Self> {
        let properties = &table.properties;
        let mut own = names(properties).into_iter();
        let indexes = || properties["GlobalSecondaryIndexes"].as_array().into_iter().flatten();
        Some(Self {
            table: table.name.clone(),
            hash: own.next()?,
            range: own.next(),
            indexes: indexes().map(names).collect(),
            has_keys_only: indexes().all(|index| index["Projection"]["ProjectionType"] == "KEYS_ONLY"),
        })
    }

    /// What the indexes have of an item.
    pub fn projected(&self, item: &Value) -> Value {
        if !self.has_keys_only {
            return item.clone();
        }
        let names = [&self.hash].into_iter().chain(&self.range).chain(self.indexes.iter().flatten());
        names.filter_map(|name| Some((name.clone(), item.get(name)?.clone()))).collect()
    }

    /// The key of an item, or of a key, in DynamoDB's JSON.
    pub fn key(&self, item: &Value) -> Option<Key> {
        let text = |name: &String| item[name]["S"].as_str().map(str::to_owned);
        Some((text(&self.hash)?, self.range.as_ref().and_then(text)))
    }

    /// Whether a write, in DynamoDB's JSON, names this partition of an index. The item's own key does not: it is the table's.
    pub fn names_partition(&self, write: &Value, partition: &str) -> bool {
        if let Some(item) = write.get("Item") {
            return self.indexes.iter().filter_map(|index| index.first()).any(|name| item[name]["S"] == partition);
        }
        let parts = write.as_object().into_iter().flatten().filter(|(name, _)| *name != "Key");
        let partition = Value::from(partition).to_string();
        parts.map(|(_, part)| part.to_string()).any(|part| part.contains(&partition))
    }
}

/// The names of the key attributes, the partition key first.
fn names(of: &Value) -> Vec<String> {
    let keys = || of["KeySchema"].as_array().into_iter().flatten();
    let of_kind = |kind: &'static str| keys().filter(move |key| key["KeyType"] == kind);
    of_kind("HASH").chain(of_kind("RANGE")).filter_map(|key| Some(key["AttributeName"].as_str()?.to_owned())).collect()
}
