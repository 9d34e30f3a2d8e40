//! Reads from a function's answer which records of a batch failed, as Lambda does.

use std::collections::BTreeSet;

use serde_json::Value;

/// The result of a batch.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All records are done except these ids, which come back.
    DoneExcept(BTreeSet<String>),
    /// The answer is malformed, so the whole batch comes back. The text says why.
    Malformed(String),
}

/// Reads the answer to a batch of messages with these ids. Without `reports_failures`, any answer means success.
pub fn verdict(answer: &[u8], ids: &BTreeSet<&str>, reports_failures: bool) -> Verdict {
    if !reports_failures || answer.is_empty() {
        return Verdict::DoneExcept(BTreeSet::new());
    }
    match failures(answer, ids) {
        Ok(failed) => Verdict::DoneExcept(failed),
        Err(why) => Verdict::Malformed(why),
    }
}

fn failures(answer: &[u8], ids: &BTreeSet<&str>) -> Result<BTreeSet<String>, String> {
    let answer: Value = serde_json::from_slice(answer).map_err(|_| "the answer is no JSON")?;
    let fields = match &answer {
        Value::Null => return Ok(BTreeSet::new()),
        Value::Object(fields) => fields,
        _ => return Err("the answer is no object".to_owned()),
    };
    let failures = match fields.get("batchItemFailures") {
        None | Some(Value::Null) => return Ok(BTreeSet::new()),
        Some(Value::Array(failures)) => failures,
        Some(_) => return Err("batchItemFailures is no list".to_owned()),
    };
    let mut failed = BTreeSet::new();
    for failure in failures {
        let id = failure.get("itemIdentifier").and_then(Value::as_str);
        let id = id.filter(|id| !id.is_empty()).ok_or("a failure has no itemIdentifier")?;
        if !ids.contains(id) {
            return Err(format!("the batch has no record {id}"));
        }
        failed.insert(id.to_owned());
    }
    Ok(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(answer: &str) -> Verdict {
        verdict(answer.as_bytes(), &BTreeSet::from(["a", "b"]), true)
    }

    #[test]
    fn nothing_reported_means_all_are_done() {
        for answer in
            ["", "null", "{}", r#"{"batchItemFailures":null}"#, r#"{"batchItemFailures":[]}"#, r#"{"other":1}"#]
        {
            assert_eq!(of(answer), Verdict::DoneExcept(BTreeSet::new()), "{answer}");
        }
    }

    #[test]
    fn what_is_reported_comes_back() {
        let answer = r#"{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"b"}]}"#;
        assert_eq!(of(answer), Verdict::DoneExcept(["b".to_owned()].into()));
    }

    #[test]
    fn an_answer_that_makes_no_sense_brings_all_back() {
        for answer in [
            "{",
            "\"ok\"",
            "[]",
            r#"{"batchItemFailures":{}}"#,
            r#"{"batchItemFailures":["a"]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            r#"{"batchItemFailures":[{"id":"a"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"c"}]}"#,
        ] {
            assert!(matches!(of(answer), Verdict::Malformed(_)), "{answer}");
        }
    }

    #[test]
    fn without_the_response_type_the_answer_is_not_read() {
        let answer = br#"{"batchItemFailures":[{"itemIdentifier":"a"}]}"#;
        assert_eq!(verdict(answer, &BTreeSet::from(["a"]), false), Verdict::DoneExcept(BTreeSet::new()));
    }
}
