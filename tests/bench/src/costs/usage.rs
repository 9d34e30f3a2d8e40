//! What AWS counts, and the one function from counts to dollars.

use super::Prices;

/// Counts that AWS charges for, for any number of requests and deliveries.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Requests to the HTTP API.
    pub http: f64,
    /// Invocations of functions.
    pub invocations: f64,
    /// Memory in GB times billed time in seconds.
    pub gb_seconds: f64,
    /// Write units.
    pub write: f64,
    /// Read units.
    pub read: f64,
    /// Requests to SQS.
    pub sqs: f64,
    /// Bytes of logs.
    pub log_bytes: f64,
    /// Bytes in the table, times the months for which they are kept.
    pub byte_months: f64,
    /// Recorded traces.
    pub traces: f64,
    /// Requests to KMS.
    pub keys: f64,
}

/// Dollars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bill {
    /// API Gateway.
    pub api: f64,
    /// Lambda's requests.
    pub requests: f64,
    /// Lambda's time.
    pub time: f64,
    /// DynamoDB's units.
    pub table: f64,
    /// SQS.
    pub sqs: f64,
    /// CloudWatch Logs.
    pub logs: f64,
    /// What the table keeps, with its backup.
    pub storage: f64,
    /// X-Ray.
    pub traces: f64,
    /// KMS.
    pub keys: f64,
}

impl Prices {
    /// The bill of what was used.
    pub fn bill(&self, usage: &Usage) -> Bill {
        let Usage { http, invocations, gb_seconds, write, read, sqs, log_bytes, byte_months, traces, keys } = *usage;
        Bill {
            api: self.http_api_requests.of(http),
            requests: self.lambda_requests.of(invocations),
            time: self.lambda_gb_seconds.of(gb_seconds),
            table: self.write_units.of(write) + self.read_units.of(read),
            sqs: self.sqs_requests.of(sqs),
            logs: self.log_bytes.of(log_bytes),
            storage: self.table_bytes.of(byte_months) + self.backup_bytes.of(byte_months),
            traces: self.traces.of(traces),
            keys: self.key_requests.of(keys),
        }
    }
}

impl Bill {
    /// The sum of everything.
    pub fn together(&self) -> f64 {
        let Self { api, requests, time, table, sqs, logs, storage, traces, keys } = *self;
        api + requests + time + table + sqs + logs + storage + traces + keys
    }

    /// The sum without what the table keeps. That depends on `NotificationRetentionDays` alone.
    pub fn without_storage(&self) -> f64 {
        self.together() - self.storage
    }
}

impl Usage {
    /// So many times this.
    #[must_use]
    pub fn times(&self, count: f64) -> Self {
        self.zip(&Self::default(), |one, _| one * count)
    }

    /// This and another one.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        self.zip(other, |one, other| one + other)
    }

    fn zip(&self, other: &Self, with: impl Fn(f64, f64) -> f64) -> Self {
        let Self { http, invocations, gb_seconds, write, read, sqs, log_bytes, byte_months, traces, keys } = *self;
        Self {
            http: with(http, other.http),
            invocations: with(invocations, other.invocations),
            gb_seconds: with(gb_seconds, other.gb_seconds),
            write: with(write, other.write),
            read: with(read, other.read),
            sqs: with(sqs, other.sqs),
            log_bytes: with(log_bytes, other.log_bytes),
            byte_months: with(byte_months, other.byte_months),
            traces: with(traces, other.traces),
            keys: with(keys, other.keys),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything() -> Usage {
        Usage {
            http: 1e6,
            invocations: 1e6,
            gb_seconds: 1e3,
            write: 2e6,
            read: 4e6,
            sqs: 1e6,
            log_bytes: 1e9,
            byte_months: 2e9,
            traces: 1e5,
            keys: 1e4,
        }
    }

    #[test]
    fn all_that_was_used_is_on_the_bill_at_its_own_price() {
        let bill = Prices::read().unwrap().bill(&everything());
        let close = |left: f64, right: f64| assert!((left - right).abs() < 1e-9, "{left} {right}");
        close(bill.api, 1.0);
        close(bill.requests, 0.2);
        close(bill.time, 0.013_333_4);
        close(bill.table, 1.25 + 0.5);
        close(bill.sqs, 0.4);
        close(bill.logs, 0.5);
        close(bill.storage, 2.0 * (0.25 + 0.2));
        close(bill.traces, 0.5);
        close(bill.keys, 0.03);
        close(bill.together(), 1.0 + 0.2 + 0.013_333_4 + 1.75 + 0.4 + 0.5 + 0.9 + 0.5 + 0.03);
        close(bill.without_storage(), bill.together() - 0.9);
    }

    #[test]
    fn a_bill_of_twice_as_much_is_twice_as_high() {
        let prices = Prices::read().unwrap();
        let (once, twice) = (everything(), everything().plus(&everything()));
        assert_eq!(once.times(2.0), twice);
        assert!((prices.bill(&twice).together() - 2.0 * prices.bill(&once).together()).abs() < 1e-9);
    }
}
