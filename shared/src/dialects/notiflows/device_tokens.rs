//! Device tokens, as `apns` and `fcm` take them.

use std::collections::HashSet;

use serde_json::Value;

use super::Faults;

/// The most device tokens of one user on one channel.
pub(super) const MOST_TOKENS: usize = 50;
/// The most bytes of a device token.
pub(super) const TOKEN_BYTES: usize = 4096;

/// Each token once, in the order given. The walk ends with the first token too many: how much is given must not decide how
/// long it takes.
pub fn device_tokens(given: Option<Value>, parent: &str, faults: &mut Faults) -> Vec<String> {
    let field = format!("{parent}.device_tokens");
    let tokens = match given {
        None => {
            faults.add(field, "can't be blank", "required");
            return Vec::new();
        }
        Some(Value::Array(tokens)) => tokens,
        Some(_) => {
            faults.add(field, "must be a list of device tokens", "invalid");
            return Vec::new();
        }
    };
    if tokens.is_empty() {
        faults.add(&field, "must have 1 to 50 device tokens", "length");
    }
    let (mut seen, mut kept) = (HashSet::new(), Vec::new());
    for (index, token) in tokens.into_iter().enumerate() {
        match token {
            Value::String(token) if (1..=TOKEN_BYTES).contains(&token.len()) && !token.contains('\0') => {
                if kept.len() == MOST_TOKENS && !seen.contains(&token) {
                    faults.add(field, "must have 1 to 50 device tokens", "length");
                    break;
                }
                if seen.insert(token.clone()) {
                    kept.push(token);
                }
            }
            _ => faults.add(format!("{field}[{index}]"), "must be a string of 1 to 4096 bytes", "invalid"),
        }
        if faults.is_full() {
            break;
        }
    }
    kept
}
