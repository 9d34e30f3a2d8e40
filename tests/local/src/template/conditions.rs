//! Evaluates the template's conditions, and their functions.

use serde_json::Value;

use super::TemplateError;
use super::scope::{Scope, list};

impl Scope<'_> {
    /// The value of the template's condition of this name.
    pub(super) fn condition(&self, name: &str, at: &str) -> Result<bool, TemplateError> {
        let node = self.document.get("Conditions").and_then(|conditions| conditions.get(name));
        let node = node.ok_or_else(|| TemplateError::reference(at, name, "is no condition of the template"))?;
        let here = format!("Conditions.{name}");
        self.guarded(here.clone(), at, || self.truth(node, &here))
    }

    /// The value of a condition.
    pub(super) fn truth(&self, node: &Value, at: &str) -> Result<bool, TemplateError> {
        match self.resolve(node, at)? {
            Some(value) => super::flag(&value, at),
            None => Err(TemplateError::shape(at, "a condition")),
        }
    }

    /// The value of a condition function.
    pub(super) fn test(&self, name: &str, argument: &Value, at: &str) -> Result<bool, TemplateError> {
        if name == "Condition" {
            return self.condition(argument.as_str().unwrap_or_default(), at);
        }
        let items = argument.as_array().ok_or_else(|| TemplateError::shape(at, "a list of conditions"))?;
        if name == "Fn::Equals" {
            let items = list(argument, at, 2, "[value, value]")?;
            return Ok(self.text(&items[0], at)? == self.text(&items[1], at)?);
        }
        let truths = items.iter().map(|item| self.truth(item, at)).collect::<Result<Vec<_>, _>>()?;
        match (name, truths.as_slice()) {
            ("Fn::Not", [only]) => Ok(!only),
            ("Fn::Not", _) => Err(TemplateError::shape(at, "one condition")),
            ("Fn::And", all) => Ok(all.iter().all(|truth| *truth)),
            (_, any) => Ok(any.iter().any(|truth| *truth)),
        }
    }
}
