//! Free-form JSON as DynamoDB keeps it: maps, lists, strings, booleans, nulls, and numbers with all their digits.

use aws_sdk_dynamodb::types::AttributeValue;

use super::StoreError;
use crate::domain::{
    decimal::Decimal,
    json::{Json, Object},
};

/// A value as DynamoDB takes it.
pub(super) fn attribute(json: &Json) -> AttributeValue {
    match json {
        Json::Null => AttributeValue::Null(true),
        Json::Bool(value) => AttributeValue::Bool(*value),
        Json::Number(number) => AttributeValue::N(number.to_string()),
        Json::String(text) => AttributeValue::S(text.clone()),
        Json::Array(array) => AttributeValue::L(array.iter().map(attribute).collect()),
        Json::Object(object) => map(object),
    }
}

/// An object as DynamoDB takes it.
pub(super) fn map(object: &Object) -> AttributeValue {
    AttributeValue::M(object.iter().map(|(key, value)| (key.clone(), attribute(value))).collect())
}

/// Reads an object that was stored.
pub(super) fn object(value: AttributeValue) -> Result<Object, StoreError> {
    match value_of(value)? {
        Json::Object(object) => Ok(object),
        _ => Err(malformed()),
    }
}

fn value_of(value: AttributeValue) -> Result<Json, StoreError> {
    Ok(match value {
        AttributeValue::Null(_) => Json::Null,
        AttributeValue::Bool(value) => Json::Bool(value),
        AttributeValue::N(number) => Json::Number(Decimal::parse(&number).map_err(|_| malformed())?),
        AttributeValue::S(text) => Json::String(text),
        AttributeValue::L(list) => Json::Array(list.into_iter().map(value_of).collect::<Result<_, _>>()?),
        AttributeValue::M(map) => {
            let member = |(key, value)| Ok((key, value_of(value)?));
            Json::Object(map.into_iter().map(member).collect::<Result<_, StoreError>>()?)
        }
        // Sets and bytes: our code does not write them.
        _ => return Err(malformed()),
    })
}

fn malformed() -> StoreError {
    StoreError::Malformed("free-form settings".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        let text = r#"{"a":{"b":[null,true,"",{}]},"n":12345678901234567890.123456789012345678}"#;
        let settings = Json::object(text, "it").unwrap();
        assert_eq!(object(map(&settings)).unwrap(), settings);
        assert!(object(AttributeValue::Ns(vec!["1".into()])).is_err());
    }
}
