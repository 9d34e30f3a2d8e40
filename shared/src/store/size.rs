//! The size of values in bytes, as DynamoDB counts it: names and text in UTF-8, a number one byte for two digits and one byte more,
//! `true`, `false` and `null` one byte, a list or a map three bytes and one byte for each element.
//!
//! Source: Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats". It calls the size of a number approximate; here
//! a number counts as its largest possible size.

use aws_sdk_dynamodb::types::AttributeValue;

/// The overhead of a list or a map.
pub(super) const COLLECTION: usize = 3;
/// The overhead of an element in a list or a map.
const ELEMENT: usize = 1;

/// The size of a value.
pub(super) fn bytes(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number.bytes().filter(u8::is_ascii_digit).count().div_ceil(2) + 2,
        AttributeValue::B(blob) => blob.as_ref().len(),
        AttributeValue::L(list) => COLLECTION + list.iter().map(|value| bytes(value) + ELEMENT).sum::<usize>(),
        AttributeValue::M(map) => COLLECTION + map.iter().map(|(name, value)| entry(name, value)).sum::<usize>(),
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        // `Bool` and `Null`; no item here has a set of another kind.
        _ => 1,
    }
}

/// The size of an entry in a map.
pub(super) fn entry(name: &str, value: &AttributeValue) -> usize {
    name.len() + bytes(value) + ELEMENT
}

/// The size of an item.
pub(super) fn of_item(item: &super::Item) -> usize {
    item.iter().map(|(name, value)| name.len() + bytes(value)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{number, string};

    #[test]
    fn values_are_as_large_as_dynamodb_says() {
        let list = AttributeValue::L(vec![string("ab"), AttributeValue::Bool(true)]);
        for (value, size) in [
            (string("é"), 2),
            (number(123), 4),
            (number(-1), 3),
            (AttributeValue::Null(true), 1),
            (AttributeValue::L(vec![]), 3),
            (list.clone(), 3 + 3 + 2),
            (AttributeValue::M([("key".to_owned(), list)].into()), 3 + 3 + 8 + 1),
        ] {
            assert_eq!(bytes(&value), size, "{value:?}");
        }
    }
}
