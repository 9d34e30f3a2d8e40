//! Groups points by their dimension set, and writes them in CloudWatch's embedded metric format.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    event::{DimensionSet, Point},
    metric::{Dimension, Metric},
};
use crate::domain::Timestamp;

/// The CloudWatch namespace of the metrics.
pub const NAMESPACE: &str = "Tidings";

/// The most values of one metric in one document that CloudWatch accepts.
const MAX_VALUES: usize = 100;

/// Points by dimension set and metric. One document holds all metrics of one dimension set.
#[derive(Debug, Default)]
pub(super) struct Gathered(BTreeMap<DimensionSet, BTreeMap<Metric, Vec<u64>>>);

impl Gathered {
    pub(super) fn add(&mut self, point: Point) {
        let values = self.0.entry(point.dimensions).or_default().entry(point.metric).or_default();
        match values.first_mut() {
            Some(sum) if point.metric.is_counted() => *sum = sum.saturating_add(point.value),
            _ => values.push(point.value),
        }
    }

    /// One document for each dimension set, or several if a metric has more values than one document may hold.
    pub(super) fn documents(&self, stack: &str, at: Timestamp) -> Vec<Value> {
        let mut documents = Vec::new();
        for (dimensions, metrics) in &self.0 {
            let longest = metrics.values().map(Vec::len).max().unwrap_or_default();
            for part in 0..longest.div_ceil(MAX_VALUES) {
                let part = metrics.iter().filter_map(|(metric, values)| Some((*metric, chunk(values, part)?)));
                documents.push(document(stack, at, dimensions, &part.collect::<Vec<_>>()));
            }
        }
        documents
    }
}

fn chunk(values: &[u64], part: usize) -> Option<&[u64]> {
    values.chunks(MAX_VALUES).nth(part)
}

fn document(stack: &str, at: Timestamp, dimensions: &DimensionSet, metrics: &[(Metric, &[u64])]) -> Value {
    let names: Vec<_> = std::iter::once(Dimension::STACK).chain(dimensions.iter().map(|(one, _)| one.name())).collect();
    let definitions: Vec<_> =
        metrics.iter().map(|(metric, _)| json!({"Name": metric.name(), "Unit": metric.unit()})).collect();
    let directive = json!({"Namespace": NAMESPACE, "Dimensions": [names], "Metrics": definitions});
    let mut document = Map::new();
    document.insert("_aws".to_owned(), json!({"Timestamp": at.millis(), "CloudWatchMetrics": [directive]}));
    document.insert(Dimension::STACK.to_owned(), stack.into());
    document.extend(dimensions.iter().map(|(one, value)| (one.name().to_owned(), Value::from(*value))));
    document.extend(metrics.iter().map(|(metric, values)| (metric.name().to_owned(), number(values))));
    Value::Object(document)
}

fn number(values: &[u64]) -> Value {
    match values {
        [one] => json!(one),
        many => json!(many),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        domain::{Channel, DeliveryStatus, Provider, Reason},
        metrics::MetricEvent,
    };

    fn rendered(events: &[MetricEvent]) -> Vec<Value> {
        let mut gathered = Gathered::default();
        for event in events {
            event.points(|point| gathered.add(point));
        }
        gathered.documents("tidings-eu", Timestamp::from_millis(1_709_287_200_123))
    }

    fn attempt(milliseconds: u64, sent: bool) -> MetricEvent {
        MetricEvent::Attempt { provider: Provider::Fcm, took: Some(Duration::from_millis(milliseconds)), sent }
    }

    #[test]
    fn what_has_the_same_dimensions_is_one_document_whose_counts_are_sums() {
        let retried = MetricEvent::Delivery {
            status: DeliveryStatus::Retrying,
            reason: Some(Reason::ProviderUnavailable),
            provider: Some(Provider::Fcm),
            channel: Channel::Push,
        };
        let expected = json!({
            "_aws": {
                "Timestamp": 1_709_287_200_123_i64,
                "CloudWatchMetrics": [{
                    "Namespace": "Tidings",
                    "Dimensions": [["Stack", "Provider"]],
                    "Metrics": [
                        {"Name": "Retried", "Unit": "Count"},
                        {"Name": "AttemptLatency", "Unit": "Milliseconds"},
                        {"Name": "AttemptFailures", "Unit": "Count"},
                    ],
                }],
            },
            "Stack": "tidings-eu",
            "Provider": "fcm",
            "Retried": 2,
            "AttemptLatency": [7, 9],
            "AttemptFailures": 1,
        });
        assert_eq!(rendered(&[attempt(7, true), retried, attempt(9, false), retried]), [expected]);
    }

    #[test]
    fn other_dimensions_are_another_document_and_nothing_is_none() {
        let documents =
            rendered(&[MetricEvent::Accepted, MetricEvent::DeadLetter, attempt(1, true), MetricEvent::Accepted]);
        let dimensions: Vec<_> =
            documents.iter().map(|one| one["_aws"]["CloudWatchMetrics"][0]["Dimensions"].clone()).collect();
        assert_eq!(dimensions, [json!([["Stack"]]), json!([["Stack", "Provider"]])]);
        assert_eq!((&documents[0]["Accepted"], &documents[0]["DeadLettered"]), (&json!(2), &json!(1)));
        assert_eq!(documents[1]["AttemptLatency"], 1, "one value stands alone");
        assert_eq!(rendered(&[]), [] as [Value; 0]);
    }

    #[test]
    fn a_document_holds_a_hundred_values_and_counts_are_told_once() {
        let attempts: Vec<_> = (0..250).map(|milliseconds| attempt(milliseconds, false)).collect();
        let documents = rendered(&attempts);
        let lengths: Vec<_> = documents.iter().map(|one| one["AttemptLatency"].as_array().unwrap().len()).collect();
        assert_eq!(lengths, [100, 100, 50]);
        assert_eq!(documents[0]["AttemptFailures"], 250);
        assert!(documents[1].get("AttemptFailures").is_none());
        let told = &documents[1]["_aws"]["CloudWatchMetrics"][0]["Metrics"];
        assert_eq!(*told, json!([{"Name": "AttemptLatency", "Unit": "Milliseconds"}]));
    }
}
