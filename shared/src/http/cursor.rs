//! Cursors: a place in a list, in an opaque form.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// The most bytes of a place: a place is compared with sort keys, and DynamoDB refuses a longer value of one
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
const MAX_PLACE: usize = 1024;

/// The cursor of a place.
pub fn encode(place: &str) -> String {
    URL_SAFE_NO_PAD.encode(place)
}

/// The place of a cursor. `None` if `is_place` says that it is not a place of this list.
pub fn decode(cursor: &str, is_place: impl FnOnce(&str) -> bool) -> Option<String> {
    let place = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    (place.len() <= MAX_PLACE && is_place(&place)).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::is_place;

    #[test]
    fn only_what_was_given_out_is_taken() {
        let place = "2024-03-01T10:00:00.000Z#123e4567-e89b-12d3-a456-426614174000";
        assert_eq!(decode(&encode(place), is_place).as_deref(), Some(place));
        for bad in ["", "x", place, &encode("~"), &encode("2024-03-01T10:00:00.000Z#"), "////"] {
            assert_eq!(decode(bad, is_place), None, "{bad}");
        }
    }

    #[test]
    fn a_place_is_no_longer_than_a_sort_key() {
        let taken = |bytes| decode(&encode(&"x".repeat(bytes)), |_| true).is_some();
        assert_eq!([1024, 1025].map(taken), [true, false]);
    }
}
