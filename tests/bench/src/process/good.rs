//! Checks answers, so that only successful requests are timed.

use serde_json::Value;

use crate::section::Fault;

/// An answer that is not a success is an error.
pub fn good(answer: &[u8]) -> Result<(), Fault> {
    let answer: Value = serde_json::from_slice(answer)?;
    let status = answer["statusCode"].as_u64();
    let failures = answer["batchItemFailures"].as_array().is_some_and(|failures| !failures.is_empty());
    if failures || status.is_some_and(|status| !(200..300).contains(&status)) {
        return Err(format!("what was timed failed: {answer}").into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_success_is_timed() {
        for ok in [json!({"statusCode": 200}), json!({"batchItemFailures": []})] {
            assert!(good(ok.to_string().as_bytes()).is_ok(), "{ok}");
        }
        let failure = json!({"batchItemFailures": [{"itemIdentifier": "1"}]});
        for bad in [json!({"statusCode": 404}), failure, json!({"statusCode": 503})] {
            assert!(good(bad.to_string().as_bytes()).is_err(), "{bad}");
        }
    }
}
