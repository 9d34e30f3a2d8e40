//! Evaluates the template's `Rules`: what the parameters must be together.

use serde_json::Value;

use super::TemplateError;
use super::scope::Scope;

/// Checks every rule, as CloudFormation does before it makes or changes anything.
pub(super) fn check(scope: &Scope<'_>) -> Result<(), TemplateError> {
    let Some(rules) = scope.document.get("Rules").and_then(Value::as_object) else { return Ok(()) };
    for (name, rule) in rules {
        let at = format!("Rules.{name}");
        if let Some(condition) = rule.get("RuleCondition")
            && !scope.truth(condition, &format!("{at}.RuleCondition"))?
        {
            continue;
        }
        let assertions = rule.get("Assertions").and_then(Value::as_array);
        for assertion in assertions.ok_or_else(|| TemplateError::shape(&format!("{at}.Assertions"), "a list"))? {
            let part = |part: &str| {
                let at = format!("{at}.Assertions.{part}");
                assertion.get(part).ok_or_else(|| TemplateError::shape(&at, "a value")).map(|value| (value, at))
            };
            let ((assert, at), (sentence, at_sentence)) = (part("Assert")?, part("AssertDescription")?);
            if !scope.truth(assert, &at)? {
                let sentence = scope.text(sentence, &at_sentence)?;
                return Err(TemplateError::Rule { name: name.clone(), sentence });
            }
        }
    }
    Ok(())
}
