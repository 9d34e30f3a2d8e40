//! Quiet hours in a user's item. They are one map, which is complete or empty, because its parts have no meaning alone.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::{error::StoreError, string};
use crate::domain::{QuietHours, TimeOfDay, Weekday};

/// A map that has it is complete.
pub(super) const START: &str = "start";
const END: &str = "end";
const DAYS: &str = "days";

/// The map in an item. It is empty if there are no quiet hours.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct QuietItem {
    start: Option<String>,
    end: Option<String>,
    /// The days on which a period begins. Quiet hours that name no days are on all days.
    days: Option<Vec<String>>,
}

impl QuietItem {
    /// The quiet hours, if there are any. A map that cannot be read is an error.
    pub fn into_hours(self) -> Result<Option<QuietHours>, StoreError> {
        let Self { start: Some(start), end: Some(end), days } = self else { return Ok(None) };
        let days = days.map(|days| days.iter().map(|day| Weekday::parse(day)).collect::<Option<BTreeSet<_>>>());
        let hours = match (TimeOfDay::parse(&start), TimeOfDay::parse(&end), days) {
            (Some(start), Some(end), None) => QuietHours::new(start, end, None),
            (Some(start), Some(end), Some(Some(days))) => QuietHours::new(start, end, Some(days)),
            _ => None,
        };
        hours.map(Some).ok_or_else(|| StoreError::Malformed("a user's quiet hours".into()))
    }
}

/// Quiet hours as they are stored. `None` becomes the empty map.
pub(super) fn map(hours: Option<&QuietHours>) -> AttributeValue {
    let mut map = HashMap::new();
    if let Some(hours) = hours {
        map.insert(START.to_owned(), string(hours.start().to_string()));
        map.insert(END.to_owned(), string(hours.end().to_string()));
        let days = hours.days().map(|days| days.iter().map(|day| string(day.name())).collect());
        map.extend(days.map(|days| (DAYS.to_owned(), AttributeValue::L(days))));
    }
    AttributeValue::M(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(map: AttributeValue) -> Result<Option<QuietHours>, StoreError> {
        serde_dynamo::from_attribute_value::<_, QuietItem>(map).unwrap().into_hours()
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let time = |text| TimeOfDay::parse(text).unwrap();
        for days in [None, Some([Weekday::Sun, Weekday::Mon].into()), Some(Weekday::ALL.into())] {
            let hours = QuietHours::new(time("22:05"), time("07:00"), days).unwrap();
            assert_eq!(read(map(Some(&hours))).unwrap(), Some(hours));
        }
        assert_eq!(read(map(None)).unwrap(), None);
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_never_no_quiet_hours() {
        let with = |start: &str, end: &str, days: &[&str]| {
            let days = days.iter().map(|day| string(*day)).collect();
            let map = [(START, string(start)), (END, string(end)), (DAYS, AttributeValue::L(days))];
            read(AttributeValue::M(map.map(|(name, value)| (name.to_owned(), value)).into()))
        };
        assert!(with("22:00", "07:00", &["mon"]).is_ok());
        for bad in
            [with("22", "07:00", &["mon"]), with("22:00", "22:00", &["mon"]), with("22:00", "07:00", &["someday"])]
        {
            assert!(matches!(bad, Err(StoreError::Malformed(_))), "{bad:?}");
        }
    }
}
