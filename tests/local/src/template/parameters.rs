//! Parameter values: the template's defaults, the given values, and the rules for both.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{TemplateError, text};

/// The value of every parameter, as the value of its `Ref`.
pub(super) fn values(
    document: &Value,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Value>, TemplateError> {
    let none = Map::new();
    let declared = match document.get("Parameters") {
        Some(section) => {
            section.as_object().ok_or_else(|| TemplateError::shape("Parameters", "a mapping of parameters"))?
        }
        None => &none,
    };
    if let Some(name) = given.keys().find(|name| !declared.contains_key(*name)) {
        let known = declared.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        return Err(TemplateError::UnknownParameter { name: name.clone(), known });
    }
    declared.iter().map(|(name, rules)| Ok((name.clone(), value(name, rules, given.get(name))?))).collect()
}

fn value(name: &str, rules: &Value, given: Option<&String>) -> Result<Value, TemplateError> {
    let at = format!("Parameters.{name}");
    let value = match (given, rules.get("Default")) {
        (Some(given), _) => given.clone(),
        (None, Some(default)) => {
            text(default).ok_or_else(|| TemplateError::shape(&format!("{at}.Default"), "a scalar"))?
        }
        (None, None) => {
            return Err(TemplateError::MissingParameter { name: name.to_owned() });
        }
    };
    let kind = rules.get("Type").and_then(Value::as_str).unwrap_or_default();
    match kind {
        "String" | "Number" => {
            check(&at, kind, rules, &value)?.map_or(Ok(()), |rule| {
                let rule = rules.get("ConstraintDescription").and_then(Value::as_str).map_or(rule, str::to_owned);
                Err(TemplateError::Parameter { name: name.to_owned(), value: value.clone(), rule })
            })?;
            Ok(Value::String(value))
        }
        "CommaDelimitedList" => Ok(value.split(',').map(|item| item.trim().to_owned()).collect::<Vec<_>>().into()),
        other => Err(TemplateError::unsupported(&format!("{at}.Type"), format!("parameter type {other:?}"))),
    }
}

/// The rule that the value breaks, if there is one.
fn check(at: &str, kind: &str, rules: &Value, value: &str) -> Result<Option<String>, TemplateError> {
    if let Some(allowed) = rules.get("AllowedValues").and_then(Value::as_array) {
        let allowed = allowed.iter().filter_map(text).collect::<Vec<_>>();
        if !allowed.iter().any(|one| one == value) {
            return Ok(Some(format!("it must be one of {}", allowed.join(", "))));
        }
    }
    if let Some(pattern) = rules.get("AllowedPattern").and_then(Value::as_str) {
        // CloudFormation matches the pattern against the whole value.
        let whole = regex::Regex::new(&format!("^(?:{pattern})$"))
            .map_err(|_| TemplateError::shape(&format!("{at}.AllowedPattern"), "a regular expression"))?;
        if !whole.is_match(value) {
            return Ok(Some(format!("it must match {pattern}")));
        }
    }
    let number = value.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    if kind == "Number" && number.is_none() {
        return Ok(Some("it must be a number".to_owned()));
    }
    let length = value.chars().count() as f64;
    let bounds = [
        ("MinValue", number, "it must be at least"),
        ("MaxValue", number, "it must be at most"),
        ("MinLength", Some(length), "its length must be at least"),
        ("MaxLength", Some(length), "its length must be at most"),
    ];
    for (rule, measure, sentence) in bounds {
        let Some(bound) = rules.get(rule) else {
            continue;
        };
        let limit = text(bound)
            .and_then(|text| text.parse::<f64>().ok())
            .ok_or_else(|| TemplateError::shape(&format!("{at}.{rule}"), "a number"))?;
        let kept =
            measure.is_some_and(|measure| if rule.starts_with("Min") { measure >= limit } else { measure <= limit });
        if !kept {
            return Ok(Some(format!("{sentence} {limit}")));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(given: &[(&str, &str)]) -> Result<BTreeMap<String, Value>, String> {
        let document = json!({"Parameters": {
            "Seconds": {"Type": "Number", "Default": 10, "MinValue": 1, "MaxValue": 29},
            "Flag": {"Type": "String", "Default": "false", "AllowedValues": ["true", "false"]},
            "Space": {"Type": "String", "Default": "ab", "AllowedPattern": "[a-f]{2}"},
            "Issuer": {"Type": "String"},
            "Names": {"Type": "CommaDelimitedList", "Default": "a, b"},
        }});
        let given = given.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        values(&document, &given).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_given_goes_before_the_default() {
        let values = read(&[("Issuer", "i"), ("Seconds", "5")]).expect("good values");
        assert_eq!(values["Seconds"], json!("5"));
        assert_eq!(values["Flag"], json!("false"));
        assert_eq!(values["Names"], json!(["a", "b"]));
    }

    #[test]
    fn every_broken_rule_is_a_sentence() {
        let cases = [
            (("Seconds", "30"), "parameter Seconds cannot be \"30\": it must be at most 29"),
            (("Seconds", "0"), "parameter Seconds cannot be \"0\": it must be at least 1"),
            (("Seconds", "soon"), "parameter Seconds cannot be \"soon\": it must be a number"),
            (("Flag", "yes"), "parameter Flag cannot be \"yes\": it must be one of true, false"),
            (("Space", "abc"), "parameter Space cannot be \"abc\": it must match [a-f]{2}"),
            (("Colour", "red"), "the template has no parameter Colour; it has: Flag, Issuer, Names, Seconds, Space"),
        ];
        for (given, sentence) in cases {
            assert_eq!(read(&[("Issuer", "i"), given]), Err(sentence.to_owned()));
        }
    }

    #[test]
    fn a_parameter_without_a_default_must_be_given() {
        assert_eq!(
            read(&[]),
            Err("parameter Issuer has no default and was not given (--parameter Issuer=…)".to_owned())
        );
    }
}
