//! What an application keeps with a user (contract 3's `custom_fields`): a small document, deep-merged.

use serde_json::{Map, Value};

/// The most bytes of the whole, as compact JSON.
pub const MOST_BYTES: usize = 8 * 1024;

/// Merges `patch` into `target` as RFC 7396 says: objects at every depth, `null` removes, all else replaces.
pub fn merge(target: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, value) in patch {
        match value {
            Value::Null => drop(target.remove(key)),
            Value::Object(inner) => {
                let entry = target.entry(key.clone()).or_insert(Value::Null);
                let mut map = std::mem::take(entry).as_object_mut().map(std::mem::take).unwrap_or_default();
                merge(&mut map, inner);
                *entry = Value::Object(map);
            }
            other => drop(target.insert(key.clone(), other.clone())),
        }
    }
}

/// The size of a document, as compact JSON.
pub fn bytes(document: &Map<String, Value>) -> usize {
    serde_json::to_string(document).map_or(usize::MAX, |text| text.len())
}

/// What is wrong with the first key or number that the table could not hold exactly; `None` where all is well.
pub fn fault(document: &Map<String, Value>) -> Option<&'static str> {
    document.iter().find_map(
        |(key, value)| {
            if key.is_empty() { Some("must not have an empty key") } else { fault_of(value) }
        },
    )
}

fn fault_of(value: &Value) -> Option<&'static str> {
    match value {
        Value::Object(map) => fault(map),
        Value::Array(items) => items.iter().find_map(fault_of),
        Value::Number(number) if !is_held(&number.to_string()) => {
            Some("must have numbers of at most 38 digits, between 1e-130 and 1e126")
        }
        _ => None,
    }
}

/// DynamoDB's numbers: 38 significant digits, magnitudes of 1e-130 up to below 1e126, zero.
fn is_held(number: &str) -> bool {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let Ok(exponent) = exponent.parse::<i64>() else { return false };
    let mantissa = mantissa.trim_start_matches('-');
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0');
    if significant.is_empty() {
        return true;
    }
    let leading = i64::try_from(digits.len() - significant.len()).unwrap_or(i64::MAX);
    // The power of ten of the first digit that counts.
    let magnitude = i64::try_from(whole.len()).unwrap_or(i64::MAX).saturating_sub(1 + leading).saturating_add(exponent);
    significant.trim_end_matches('0').len() <= 38 && (-130..126).contains(&magnitude)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(target: Value, patch: Value) -> Value {
        let mut target = target.as_object().unwrap().clone();
        merge(&mut target, patch.as_object().unwrap());
        Value::Object(target)
    }

    #[test]
    fn rfc_7396_appendix_a_where_both_are_objects() {
        for (target, patch, result) in [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b"}), json!({"a":null}), json!({})),
            (json!({"a":"b","b":"c"}), json!({"a":null}), json!({"b":"c"})),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"c"}), json!({"a":["b"]}), json!({"a":["b"]})),
            (json!({"a":{"b":"c"}}), json!({"a":{"b":"d","c":null}}), json!({"a":{"b":"d"}})),
            (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
            (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
            (json!({}), json!({"a":{"bb":{"ccc":null}}}), json!({"a":{"bb":{}}})),
        ] {
            assert_eq!(merged(target.clone(), patch.clone()), result, "{target} + {patch}");
        }
    }

    #[test]
    fn numbers_that_the_table_holds() {
        for good in ["0", "-0.0", "1", "1.5e-130", "9.9e125", "12345678901234567890123456789012345678", "1e0"] {
            assert!(is_held(good), "{good}");
        }
        for bad in ["1e126", "1e-131", "123456789012345678901234567890123456789", "1e999999999999999999999"] {
            assert!(!is_held(bad), "{bad}");
        }
    }

    #[test]
    fn an_empty_key_is_told_at_any_depth() {
        assert!(fault(json!({"a": [{"": 1}]}).as_object().unwrap()).is_some());
        assert_eq!(fault(json!({"a": {"b.c": 1, "#": "🙂"}}).as_object().unwrap()), None);
    }
}
