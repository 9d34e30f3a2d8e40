//! The files that hold the recordings.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// The most differences that are reported for a file.
const MAX_TOLD: usize = 8;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings")
}

/// Whether the files are replaced by the new recordings.
pub fn updates() -> bool {
    std::env::var_os("UPDATE_RECORDINGS").is_some_and(|update| update == "1")
}

/// The names of all files, as `createUser` or `dispatch/sent`.
pub fn names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for folder in [root(), root().join("dispatch")] {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap();
                names.insert(name.strip_suffix(".json").unwrap_or(name).to_owned());
            }
        }
    }
    names
}

/// Compares a recording with its file and returns the differences. With `UPDATE_RECORDINGS=1` it writes the file and
/// returns none.
pub fn compare(name: &str, recorded: &[Value]) -> Vec<String> {
    let path = root().join(format!("{name}.json"));
    if updates() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, serde_json::to_string_pretty(recorded).unwrap() + "\n").unwrap();
        return Vec::new();
    }
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let known: Vec<Value> = serde_json::from_str(&text).unwrap();
    differences(name, &known, recorded)
}

fn differences(name: &str, known: &[Value], recorded: &[Value]) -> Vec<String> {
    let titles = |all: &[Value]| all.iter().map(|one| one["name"].to_string()).collect::<Vec<_>>();
    let mut found = Vec::new();
    differ(&format!("{name}: exchanges"), &titles(known).into(), &titles(recorded).into(), &mut found);
    for one in known {
        if let Some(other) = recorded.iter().find(|other| other["name"] == one["name"]) {
            differ(&format!("{name}: {}: ", one["name"].as_str().unwrap_or("?")), one, other, &mut found);
        }
    }
    let more = found.len().saturating_sub(MAX_TOLD);
    found.truncate(MAX_TOLD);
    if more > 0 {
        found.push(format!("{name}: … and {more} more"));
    }
    found
}

/// Adds each place where two values differ to `found`: the path, the file's value and the present value.
fn differ(path: &str, known: &Value, now: &Value, found: &mut Vec<String>) {
    match (known, now) {
        (Value::Object(one), Value::Object(other)) => {
            let names: BTreeSet<_> = one.keys().chain(other.keys()).collect();
            for name in names {
                let part = |of: &serde_json::Map<String, Value>| of.get(name).cloned();
                match (part(one), part(other)) {
                    (Some(one), Some(other)) => differ(&format!("{path}.{name}"), &one, &other, found),
                    (Some(one), None) => found.push(format!("{path}.{name}: {} is gone", short(&one))),
                    (None, Some(other)) => found.push(format!("{path}.{name}: {} is new", short(&other))),
                    (None, None) => {}
                }
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (place, (one, other)) in one.iter().zip(other).enumerate() {
                differ(&format!("{path}[{place}]"), one, other, found);
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            let only = |these: &[Value], those: &[Value]| {
                let only = these.iter().filter(|one| !those.contains(one)).map(short);
                only.collect::<Vec<_>>().join(", ")
            };
            found.push(format!(
                "{path}: {} elements, now {}; gone: [{}]; new: [{}]",
                one.len(),
                other.len(),
                only(one, other),
                only(other, one)
            ));
        }
        _ if known == now => {}
        _ => found.push(format!("{path}: {} is now {}", short(known), short(now))),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.len() <= 300 { text } else { format!("{}…", text.chars().take(300).collect::<String>()) }
}

#[test]
fn a_difference_is_told_with_its_place() {
    use serde_json::json;
    let known = [json!({"name": "a", "answer": {"status": 200, "headers": {"etag": "\"1\""}}, "calls": [1, 2]})];
    let now = [json!({"name": "a", "answer": {"status": 201, "headers": {}}, "calls": [1, 2, 3]})];
    let told = differences("op", &known, &now);
    assert_eq!(
        told,
        [
            r#"op: a: .answer.headers.etag: "\"1\"" is gone"#,
            "op: a: .answer.status: 200 is now 201",
            "op: a: .calls: 2 elements, now 3; gone: []; new: [3]",
        ]
    );
    assert_eq!(differences("op", &known, &known), [] as [&str; 0]);
}
