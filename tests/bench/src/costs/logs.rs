//! The log lines that AWS writes itself for each invocation and each request.

/// The template's parameter `LogFormat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Lambda writes START, END and REPORT.
    Text,
    /// Lambda writes only its warnings: the template sets `SystemLogLevel` to `WARN`
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>).
    Json,
}

/// Example of Lambda's own lines for an invocation, with their usual length. REPORT has one more line where a trace was
/// recorded.
const PLATFORM: &str = "START RequestId: 8f5c0d1e-6a54-4ad0-b6a2-6b1c0d9ce0b1 Version: $LATEST\n\
    END RequestId: 8f5c0d1e-6a54-4ad0-b6a2-6b1c0d9ce0b1\n\
    REPORT RequestId: 8f5c0d1e-6a54-4ad0-b6a2-6b1c0d9ce0b1\tDuration: 10.12 ms\tBilled Duration: 11 ms\tMemory Size: 256 MB\tMax Memory Used: 28 MB\t\n";

/// Example values of what the template's access log may name, with their usual lengths.
const VALUES: [(&str, &str); 10] = [
    ("requestId", "dBBGbjjpIAMEJ8w="),
    ("httpMethod", "PUT"),
    ("routeKey", "ANY /api/v1/users/{id}/preferences"),
    ("status", "200"),
    ("responseLength", "312"),
    ("responseLatency", "16"),
    ("integration.latency", "14"),
    ("integration.status", "200"),
    ("integration.requestId", "8f5c0d1e-6a54-4ad0-b6a2-6b1c0d9ce0b1"),
    ("error.responseType", "-"),
];

/// The template of the deployment, for the format of its access log.
const TEMPLATE: &str = include_str!("../../../../template.yaml");

/// The bytes of Lambda's own lines for one invocation.
pub fn platform_bytes(format: LogFormat) -> f64 {
    match format {
        LogFormat::Text => length(PLATFORM),
        LogFormat::Json => 0.0,
    }
}

/// The bytes of API Gateway's line for one request.
pub fn access_bytes() -> f64 {
    length(&access_line())
}

/// A line of the access log, in the format of the template.
fn access_line() -> String {
    let mut line: String = access_format().split_inclusive('\n').map(str::trim).collect();
    // The longest names first: one name is the beginning of another.
    let mut values = VALUES;
    values.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    for (name, value) in values {
        line = line.replace(&format!("$context.{name}"), value);
    }
    line
}

/// The text of the template from the access log's format to the end of its object.
fn access_format() -> &'static str {
    let begin = TEMPLATE.find("Format: >-\n").map_or(0, |at| at + "Format: >-\n".len());
    let rest = &TEMPLATE[begin..];
    rest.find("\"}\n").map_or(rest, |end| &rest[..end + 2])
}

#[expect(clippy::cast_precision_loss, reason = "some hundred bytes")]
fn length(line: &str) -> f64 {
    line.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_line_has_a_value_for_all_that_the_template_s_format_names() {
        let line = access_line();
        let fields: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert!(fields.as_object().unwrap().len() >= 6, "{line}");
        assert!(!line.contains('$'), "no example for it: {line}");
    }
}
