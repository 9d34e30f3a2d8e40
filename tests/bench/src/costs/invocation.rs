//! What one invocation does, as it was measured, and what AWS counts for it.

use serde::{Deserialize, Serialize};

use super::Usage;
use super::logs::{self, LogFormat};

/// The memory at which a function has one processor to itself
/// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>).
const WHOLE_CPU_MB: f64 = 1769.0;
/// Bytes that DynamoDB adds to each item, and to each entry of an index, for its storage
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>).
pub const STORED_BESIDE_EACH: f64 = 100.0;
/// Days of a month.
const MONTH: f64 = 365.25 / 12.0;

/// Assumptions for what cannot be measured here, and the parameters that change the bill.
#[derive(Debug, Clone, Copy)]
pub struct Assumed {
    /// The round-trip time of a call to DynamoDB or SQS, in milliseconds.
    pub call_ms: f64,
    /// The processor time on AWS, as a multiple of the processor time that was measured here.
    pub slower: f64,
    /// The template's `LogFormat`.
    pub log_format: LogFormat,
    /// The days for which what is written for a notification is kept.
    pub kept_days: f64,
}

/// The measured work of one invocation, and the memory of its function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invocation {
    /// The function's memory in the template, in MB. It also decides the function's share of a processor.
    pub memory_mb: f64,
    /// The number of changes or deliveries: 10 for a batch of ten.
    pub pieces: f64,
    /// Requests to the HTTP API.
    pub http: f64,
    /// Read units.
    pub read: f64,
    /// Write units.
    pub write: f64,
    /// Calls to DynamoDB.
    pub calls: f64,
    /// Requests to SQS: the function's own, and Lambda's for its batch.
    pub sqs: f64,
    /// Processor time in milliseconds.
    pub cpu_ms: f64,
    /// The number of sequential waits for DynamoDB or SQS.
    pub waits: f64,
    /// The time of waiting for a provider, in milliseconds.
    pub provider_ms: f64,
    /// Bytes of the function's own log lines.
    pub log_bytes: f64,
    /// Bytes that the table keeps until the notification expires, with what DynamoDB adds to each item and entry.
    pub kept_bytes: f64,
}

impl Invocation {
    /// The time in milliseconds, not rounded: the processor time, which is longer with a smaller share of a processor, and
    /// the time of all waits.
    pub fn takes_ms(&self, assumed: &Assumed) -> f64 {
        self.computes_ms(assumed) + self.waits * assumed.call_ms + self.provider_ms
    }

    /// The part of the time in which the function computes, in milliseconds.
    pub fn computes_ms(&self, assumed: &Assumed) -> f64 {
        self.cpu_ms * assumed.slower * (WHOLE_CPU_MB / self.memory_mb).max(1.0)
    }

    /// The billed time in whole milliseconds.
    pub fn billed_ms(&self, assumed: &Assumed) -> f64 {
        self.takes_ms(assumed).ceil()
    }

    /// What AWS counts for one invocation.
    pub fn usage(&self, assumed: &Assumed) -> Usage {
        let access = if self.http > 0.0 { logs::access_bytes() } else { 0.0 };
        Usage {
            http: self.http,
            invocations: 1.0,
            gb_seconds: self.billed_ms(assumed) / 1000.0 * self.memory_mb / 1024.0,
            write: self.write,
            read: self.read,
            sqs: self.sqs,
            log_bytes: self.log_bytes + logs::platform_bytes(assumed.log_format) + access,
            byte_months: self.kept_bytes * assumed.kept_days / MONTH,
            traces: 0.0,
            keys: 0.0,
        }
    }

    /// What AWS counts for a million pieces.
    pub fn of_a_million(&self, assumed: &Assumed) -> Usage {
        self.usage(assumed).times(1e6 / self.pieces)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Prices;
    use super::*;

    const ASSUMED: Assumed = Assumed { call_ms: 5.0, slower: 1.0, log_format: LogFormat::Json, kept_days: 0.0 };

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-6
    }

    #[test]
    fn a_change_is_billed_by_the_piece() {
        let change = Invocation {
            memory_mb: 128.0,
            pieces: 1.0,
            http: 1.0,
            write: 1.0,
            cpu_ms: 0.4,
            waits: 1.0,
            log_bytes: 500.0,
            ..Invocation::default()
        };
        // 0.4 ms of a whole processor are 5.5 ms with 128 of 1,769 MB. With 5 ms for the call, the sum is rounded up to
        // 11 ms.
        assert!(close(change.billed_ms(&ASSUMED), 11.0));
        let bill = Prices::read().unwrap().bill(&change.of_a_million(&ASSUMED));
        assert!(close(bill.time, 0.011 * 0.125 * 13.3334), "{bill:?}");
        assert!(close(bill.logs, 0.25 + logs::access_bytes() / 2000.0), "{bill:?}");
        assert!(close(bill.together(), 1.0 + 0.2 + 0.625 + bill.time + bill.logs), "{bill:?}");
    }

    #[test]
    fn a_batch_is_shared_by_its_pieces() {
        let batch = Invocation {
            memory_mb: 128.0,
            pieces: 10.0,
            read: 20.0,
            write: 20.0,
            sqs: 2.0,
            provider_ms: 100.0,
            kept_bytes: 5000.0,
            ..Invocation::default()
        };
        let kept = Assumed { kept_days: MONTH, ..ASSUMED };
        let bill = Prices::read().unwrap().bill(&batch.of_a_million(&kept));
        assert!(close(bill.table, 1.25 + 0.25) && close(bill.sqs, 0.08) && close(bill.requests, 0.02), "{bill:?}");
        assert!(close(bill.time, 0.1 * 0.125 * 13.3334 / 10.0), "{bill:?}");
        assert!(close(bill.storage, 0.5 * 0.45), "half a GB for a month: {bill:?}");
        assert!(close(bill.logs, 0.0), "JSON logs have no line of Lambda's own: {bill:?}");
        let text = Assumed { log_format: LogFormat::Text, ..kept };
        let bill = Prices::read().unwrap().bill(&batch.of_a_million(&text));
        assert!(close(bill.logs, logs::platform_bytes(LogFormat::Text) / 10.0 * 0.0005), "{bill:?}");
    }

    #[test]
    fn more_memory_computes_faster_up_to_a_whole_processor_and_no_further() {
        let one = Invocation { pieces: 1.0, cpu_ms: 10.0, ..Invocation::default() };
        let billed = |memory_mb| Invocation { memory_mb, ..one }.billed_ms(&ASSUMED);
        assert!(close(billed(128.0), 139.0) && close(billed(1769.0), 10.0) && close(billed(3538.0), 10.0));
    }
}
