//! Computes dollars from counts.

use super::prices::Prices;

/// The memory at which a function has one processor to itself.
const WHOLE_CPU_MB: f64 = 1769.0;

/// Assumptions for what cannot be measured here.
#[derive(Debug, Clone, Copy)]
pub struct Assumed {
    /// The round-trip time of a call to DynamoDB or SQS, in milliseconds.
    pub call_ms: f64,
    /// The processor time on AWS, as a multiple of the processor time that was measured here.
    pub slower: f64,
}

/// The measured work of one invocation, and the memory of its function.
#[derive(Debug, Clone, Copy, Default)]
pub struct Measured {
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
    /// Requests to SQS: the function's own, and Lambda's for its batch.
    pub sqs: f64,
    /// Processor time in milliseconds.
    pub cpu_ms: f64,
    /// The number of sequential waits for DynamoDB or SQS.
    pub waits: f64,
    /// The time of waiting for a provider, in milliseconds.
    pub provider_ms: f64,
    /// Bytes of logs.
    pub log_bytes: f64,
}

/// Dollars for a million pieces.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bill {
    /// API Gateway.
    pub api: f64,
    /// Lambda's requests.
    pub requests: f64,
    /// Lambda's time.
    pub time: f64,
    /// DynamoDB.
    pub table: f64,
    /// SQS.
    pub sqs: f64,
    /// CloudWatch Logs. It is not part of `together`.
    pub logs: f64,
    /// The billed time of one invocation, in milliseconds.
    pub billed_ms: f64,
}

impl Bill {
    /// The sum of all parts except the logs.
    pub fn together(&self) -> f64 {
        self.api + self.requests + self.time + self.table + self.sqs
    }
}

impl Measured {
    /// The billed time in whole milliseconds. It is the processor time, which is longer with a smaller share of a
    /// processor, and the time of all waits.
    pub fn billed_ms(&self, assumed: &Assumed) -> f64 {
        let computing = self.cpu_ms * assumed.slower * (WHOLE_CPU_MB / self.memory_mb).max(1.0);
        (computing + self.waits * assumed.call_ms + self.provider_ms).ceil()
    }

    /// The bill of a million pieces.
    pub fn bill(&self, prices: &Prices, assumed: &Assumed) -> Bill {
        let invocations = 1e6 / self.pieces;
        let billed_ms = self.billed_ms(assumed);
        let gb_seconds = billed_ms / 1000.0 * self.memory_mb / 1024.0;
        Bill {
            api: prices.http_api_requests.of(self.http * invocations),
            requests: prices.lambda_requests.of(invocations),
            time: prices.lambda_gb_seconds.of(gb_seconds * invocations),
            table: prices.write_units.of(self.write * invocations) + prices.read_units.of(self.read * invocations),
            sqs: prices.sqs_requests.of(self.sqs * invocations),
            logs: prices.log_bytes.of(self.log_bytes * invocations),
            billed_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASSUMED: Assumed = Assumed { call_ms: 5.0, slower: 1.0 };

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-6
    }

    #[test]
    fn a_change_is_billed_by_the_piece() {
        let change = Measured {
            memory_mb: 128.0,
            pieces: 1.0,
            http: 1.0,
            write: 1.0,
            cpu_ms: 0.4,
            waits: 1.0,
            log_bytes: 500.0,
            ..Measured::default()
        };
        let bill = change.bill(&Prices::read().unwrap(), &ASSUMED);
        // 0.4 ms of a whole processor are 5.5 ms with 128 of 1,769 MB. With 5 ms for the call, the sum is rounded up to
        // 11 ms.
        assert!(close(bill.billed_ms, 11.0));
        assert!(close(bill.time, 0.011 * 0.125 * 13.3334), "{bill:?}");
        assert!(close(bill.together(), 1.0 + 0.2 + 0.625 + bill.time), "{bill:?}");
        assert!(close(bill.logs, 0.25));
    }

    #[test]
    fn a_batch_is_shared_by_its_pieces() {
        let batch = Measured {
            memory_mb: 128.0,
            pieces: 10.0,
            read: 20.0,
            write: 20.0,
            sqs: 2.0,
            provider_ms: 100.0,
            ..Measured::default()
        };
        let bill = batch.bill(&Prices::read().unwrap(), &ASSUMED);
        assert!(close(bill.table, 1.25 + 0.25) && close(bill.sqs, 0.08) && close(bill.requests, 0.02), "{bill:?}");
        assert!(close(bill.time, 0.1 * 0.125 * 13.3334 / 10.0), "{bill:?}");
    }

    #[test]
    fn more_memory_computes_faster_up_to_a_whole_processor_and_no_further() {
        let one = Measured { pieces: 1.0, cpu_ms: 10.0, ..Measured::default() };
        let billed = |memory_mb| Measured { memory_mb, ..one }.billed_ms(&ASSUMED);
        assert!(close(billed(128.0), 139.0) && close(billed(1769.0), 10.0) && close(billed(3538.0), 10.0));
    }
}
