//! The prices in `prices.json`. No other file has a price.

use serde::Deserialize;

use crate::section::Fault;
use crate::table::Table;

/// AWS's list prices.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    as_of: String,
    region: String,
    architecture: String,
    /// Requests to an HTTP API.
    pub http_api_requests: Price,
    /// Lambda invocations.
    pub lambda_requests: Price,
    /// Lambda's memory in GB times time in seconds.
    pub lambda_gb_seconds: Price,
    /// DynamoDB write units.
    pub write_units: Price,
    /// DynamoDB read units.
    pub read_units: Price,
    /// Bytes in the table, for a month.
    pub table_bytes: Price,
    /// Bytes of the table that can be restored to a point in time, for a month.
    pub backup_bytes: Price,
    /// Calls of SQS.
    pub sqs_requests: Price,
    /// Bytes of logs in CloudWatch.
    pub log_bytes: Price,
    /// Traces in X-Ray.
    pub traces: Price,
    /// Calls of KMS.
    pub key_requests: Price,
}

/// A price, and the page on which it is published.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    dollars: f64,
    per: f64,
    unit: String,
    page: String,
}

impl Price {
    /// The price of `count` pieces, in dollars.
    pub fn of(&self, count: f64) -> f64 {
        self.dollars / self.per * count
    }
}

impl Prices {
    /// Reads the prices that belong to this version.
    pub fn read() -> Result<Self, Fault> {
        Ok(serde_json::from_str(include_str!("../../prices.json"))?)
    }

    /// When the prices were looked up, and for which region and architecture.
    pub fn of_what(&self) -> String {
        format!("{}, {}, {}", self.region, self.architecture, self.as_of)
    }

    /// A table of all prices and their pages.
    pub fn table(&self) -> Table {
        let mut table = Table::new(format!("Prices of {}", self.of_what()), &["dollars", "per", "of", "page"]);
        for price in [
            &self.http_api_requests,
            &self.lambda_requests,
            &self.lambda_gb_seconds,
            &self.write_units,
            &self.read_units,
            &self.table_bytes,
            &self.backup_bytes,
            &self.sqs_requests,
            &self.log_bytes,
            &self.traces,
            &self.key_requests,
        ] {
            table.row([price.dollars.to_string(), price.per.to_string(), price.unit.clone(), price.page.clone()]);
        }
        table.note("Free tiers are not taken off, nor discounts; tests/bench/prices.json has them.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_price_has_its_page_and_is_by_the_piece() {
        let prices = Prices::read().unwrap();
        assert!((prices.write_units.of(2_000_000.0) - 1.25).abs() < 1e-9);
        assert!((prices.lambda_gb_seconds.of(1.0) - 0.000_013_333_4).abs() < 1e-12);
        let table = prices.table();
        let file: serde_json::Value = serde_json::from_str(include_str!("../../prices.json")).unwrap();
        let in_file = file.as_object().unwrap().values().filter(|value| value.is_object()).count();
        assert_eq!(table.rows.len(), in_file, "a price is missing in the table");
        assert!(table.rows.iter().all(|row| row[3].starts_with("https://aws.amazon.com/")), "{table:?}");
    }
}
