//! The largest size of the data that an application keeps with a user (contract 3's `custom_fields`).

use super::json::Object;

/// The most bytes of the whole document, as compact JSON.
pub const MAX_BYTES: usize = 8 * 1024;

/// The size of a document in bytes, as compact JSON.
pub fn bytes(document: &Object) -> usize {
    serde_json::to_string(document).map_or(usize::MAX, |text| text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Json;

    #[test]
    fn a_document_takes_what_its_answer_takes() {
        let text = r#"{"n":12345678901234567890.123456789012345678,"é":[null,{}]}"#;
        assert_eq!(bytes(&Json::object(text, "it").unwrap()), text.len());
        assert_eq!(bytes(&Object::new()), 2);
    }
}
