//! The calls of one function and their units. They are equal on every machine.

use std::collections::BTreeMap;

use serde_json::Value;

/// The calls of one operation.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Operation {
    /// The number of calls.
    pub calls: u64,
    /// Read capacity units.
    pub read: f64,
    /// Write capacity units.
    pub write: f64,
    /// Bytes of the calls' bodies.
    pub sent: u64,
    /// Bytes of the answers' bodies.
    pub answered: u64,
}

/// The calls of one function since the counters were set to zero.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counts {
    /// DynamoDB's operations by name.
    pub dynamodb: BTreeMap<String, Operation>,
    /// SQS's operations by name.
    pub sqs: BTreeMap<String, Operation>,
    /// Requests to providers, by the provider's name.
    pub providers: BTreeMap<String, u64>,
}

impl Counts {
    /// The counts of `function` alone, from the reports of the proxies before DynamoDB and SQS.
    pub fn of(function: &str, dynamodb: &Value, sqs: &Value) -> Self {
        Self { dynamodb: operations(function, dynamodb), sqs: operations(function, sqs), providers: BTreeMap::new() }
    }

    /// The sum of the DynamoDB calls, units and bytes.
    pub fn table(&self) -> Operation {
        total(&self.dynamodb)
    }

    /// The sum of the SQS calls and bytes.
    pub fn queue(&self) -> Operation {
        total(&self.sqs)
    }

    /// The operations as text: `BatchGetItem, 20 UpdateItem`.
    pub fn in_words(&self) -> String {
        let word = |(name, operation): (&String, &Operation)| match operation.calls {
            1 => name.clone(),
            calls => format!("{calls} {name}"),
        };
        let words: Vec<_> = self.dynamodb.iter().chain(&self.sqs).map(word).collect();
        if words.is_empty() { "none".to_owned() } else { words.join(", ") }
    }
}

fn total(operations: &BTreeMap<String, Operation>) -> Operation {
    operations.values().fold(Operation::default(), |sum, one| sum.and(one))
}

impl Operation {
    fn and(self, other: &Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            read: self.read + other.read,
            write: self.write + other.write,
            sent: self.sent + other.sent,
            answered: self.answered + other.answered,
        }
    }
}

/// The operations of all of a function's processes.
fn operations(function: &str, report: &Value) -> BTreeMap<String, Operation> {
    let mut found = BTreeMap::<_, Operation>::new();
    for (caller, operations) in report["by_caller"].as_object().into_iter().flatten() {
        if local::lambda::pool::environment_of(caller).is_none_or(|(name, _)| name != function) {
            continue;
        }
        for (name, counts) in operations.as_object().into_iter().flatten() {
            let number = |key: &str| counts[key].as_u64().unwrap_or_default();
            let units = |key: &str| counts[key].as_f64().unwrap_or_default();
            let own = Operation {
                calls: number("calls"),
                read: units("read_units"),
                write: units("write_units"),
                sent: number("bytes_sent"),
                answered: number("bytes_answered"),
            };
            let sum = found.entry(name.clone()).or_default();
            *sum = sum.and(&own);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_function_s_own_calls_count_whichever_process_made_them() {
        let put = json!({"PutItem": {"calls": 2, "read_units": 0.0, "write_units": 3.5, "bytes_sent": 9, "bytes_answered": 2}});
        let dynamodb = json!({"by_caller": {"users-0": put, "users-1": put, "dispatch-0": put, "users": put}});
        let sqs =
            json!({"by_caller": {"users-1": {"SendMessage": {"calls": 1, "bytes_sent": 4, "bytes_answered": 1}}}});
        let counts = Counts::of("users", &dynamodb, &sqs);
        let expected = Operation { calls: 4, read: 0.0, write: 7.0, sent: 18, answered: 4 };
        assert_eq!(counts.table(), expected);
        assert_eq!(counts.queue().calls, 1);
        assert_eq!(counts.in_words(), "4 PutItem, SendMessage");
        assert_eq!(Counts::of("docs", &dynamodb, &sqs).in_words(), "none");
    }
}
