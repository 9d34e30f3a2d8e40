//! The demo for a shell: `eval "$(curl -s …/_local/env)"`.

use std::fmt::Write;

use serde_json::Value;

/// One line `NAME='value'` for each string in `described`. The name is the path: `bearer.user` becomes `BEARER_USER`.
pub fn lines(described: &Value) -> String {
    let mut lines = String::new();
    write(described, "", &mut lines);
    lines
}

fn write(value: &Value, name: &str, lines: &mut String) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                let separator = if name.is_empty() { "" } else { "_" };
                write(value, &format!("{name}{separator}{}", variable(key)), lines);
            }
        }
        // No value of the demo has a quote. A quote would end the shell's string.
        Value::String(text) if !text.contains('\'') => {
            let _ = writeln!(lines, "{name}='{text}'");
        }
        _ => {}
    }
}

fn variable(key: &str) -> String {
    key.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_string_has_a_line_and_none_can_run() {
        let described =
            json!({"bearer": {"user": "a.b"}, "channels": {"in-app": "x y"}, "bad": "'; false", "n": 1, "no": null});
        assert_eq!(lines(&described), "BEARER_USER='a.b'\nCHANNELS_IN_APP='x y'\n");
    }
}
