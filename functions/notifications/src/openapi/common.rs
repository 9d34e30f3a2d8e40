//! The texts and examples that several parts of the document share.

use serde_json::{Value, json};

/// The user of contract 1's document.
pub const USER: &str = "123e4567-e89b-12d3-a456-426614174000";
pub const NOTIFICATION: &str = "9b2f5c1e-7d84-4a0b-8f3e-2c6d1a5e0b97";
/// A template that the local stack has from its start.
pub const TEMPLATE: &str = "welcome";

/// An answer of contract 1's form that carries `data`.
pub fn success(data: Value, message: &str) -> Value {
    json!({"success": true, "data": data, "message": message})
}
