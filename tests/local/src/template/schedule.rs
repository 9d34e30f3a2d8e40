//! Reads a function's schedules with a rate: `ScheduleV2` (EventBridge Scheduler) and `Schedule` (a rule of
//! EventBridge).
//!
//! Other properties, such as names, retries and windows, are ignored, because a function does not see their effect.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{Schedule, TemplateError, flag};

const RATE: &str = "rate(1 minute), rate(n minutes), or the same in hours or days";

/// Reads a schedule; `None` if it is switched off.
pub(super) fn read(properties: &Map<String, Value>, at: &str) -> Result<Option<Schedule>, TemplateError> {
    let field = |name: &str| (properties.get(name), format!("{at}.Properties.{name}"));

    // SAM's `ScheduleV2` calls the property `ScheduleExpression`, and `Schedule` calls it `Schedule`.
    let (expression, at_expression) = match field("ScheduleExpression") {
        (None, _) if properties.contains_key("Schedule") => field("Schedule"),
        found => found,
    };
    let expression = expression.and_then(Value::as_str).unwrap_or_default();
    let every = rate(expression).ok_or_else(|| TemplateError::shape(&at_expression, RATE))?;

    // Without an input, AWS sends an event of its own. No function here reads that.
    let (input, at_input) = field("Input");
    let input = input.and_then(Value::as_str).filter(|text| serde_json::from_str::<Value>(text).is_ok());
    let input = input.ok_or_else(|| TemplateError::shape(&at_input, "a text that is JSON"))?;

    let mut enabled = true;
    if let (Some(state), at) = field("State") {
        enabled = match state.as_str() {
            Some("ENABLED") => true,
            Some("DISABLED") => false,
            _ => return Err(TemplateError::shape(&at, "ENABLED or DISABLED")),
        };
    }
    if let (Some(value), at) = field("Enabled") {
        enabled = flag(value, &at)?;
    }
    Ok(enabled.then(|| Schedule { every, input: input.to_owned() }))
}

/// Reads `rate(value unit)`. The unit must be in the singular after 1, and in the plural after other values, because
/// EventBridge refuses other forms.
fn rate(expression: &str) -> Option<Duration> {
    let (value, unit) = expression.strip_prefix("rate(")?.strip_suffix(')')?.split_once(' ')?;
    let value: u64 = value.parse().ok().filter(|value| *value > 0)?;
    let minutes = match (value == 1, unit) {
        (true, "minute") | (false, "minutes") => 1,
        (true, "hour") | (false, "hours") => 60,
        (true, "day") | (false, "days") => 24 * 60,
        _ => return None,
    };
    Some(Duration::from_secs(value.checked_mul(minutes)?.checked_mul(60)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_of_minutes_hours_or_days() {
        let cases = [
            ("rate(1 minute)", Some(60)),
            ("rate(5 minutes)", Some(300)),
            ("rate(1 hour)", Some(3600)),
            ("rate(2 hours)", Some(7200)),
            ("rate(1 day)", Some(86_400)),
            ("rate(7 days)", Some(604_800)),
            ("rate(1 minutes)", None),
            ("rate(2 minute)", None),
            ("rate(0 minutes)", None),
            ("rate(-1 minutes)", None),
            ("rate(1 second)", None),
            ("rate(18446744073709551615 days)", None),
            ("rate(5)", None),
            ("5 minutes", None),
            ("cron(0 10 * * ? *)", None),
            ("", None),
        ];
        for (expression, seconds) in cases {
            assert_eq!(rate(expression), seconds.map(Duration::from_secs), "{expression}");
        }
    }
}
