//! What a template is written with.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use shared::{
    dialects::native::{Fields, Problem, fields},
    render::{self, MOST_LOCALES, Parts},
};

/// What a locale must be called.
pub const A_LOCALE: &str = "default, or a valid BCP 47 language tag, such as fr or pt-BR";

/// Reads `{"locales": {…}}`, and beside it the template's code, as it is answered.
pub fn locales(body: Map<String, Value>, code: &str) -> Result<BTreeMap<String, Parts>, Problem> {
    let mut fields = Fields::new(body);
    fields.optional("code", "the template's own, as in the path", |v| v.as_str().filter(|v| *v == code).map(drop));
    let accepted = format!("an object of 1 to {MOST_LOCALES} locales");
    let some = |locales: &Map<String, Value>| (1..=MOST_LOCALES).contains(&locales.len());
    let given = fields.required("locales", &accepted, |v| fields::object(v).filter(some)).unwrap_or_default();
    let mut locales = BTreeMap::new();
    for (name, value) in given {
        let Some(tag) = render::canonical(&name) else {
            fields.fault(format!("locales.{name} is not a locale: it must be {A_LOCALE}"));
            continue;
        };
        match Parts::read(&value) {
            Ok(_) if locales.contains_key(&tag) => fields.fault(format!("locales.{name} is given twice, as {tag}")),
            Ok(parts) => drop(locales.insert(tag, parts)),
            Err(faults) => faults.into_iter().for_each(|fault| fields.fault(at(&format!("locales.{name}"), &fault))),
        }
    }
    fields.finish(Some(locales))
}

/// Reads one locale: an object of channels.
pub fn parts(body: Map<String, Value>) -> Result<Parts, Problem> {
    Parts::read(&Value::Object(body)).map_err(|faults| Problem::validation(faults.iter().map(|f| at("", f)).collect()))
}

/// A fault that begins with where it is, or with `must` where it is about the whole.
fn at(whole: &str, fault: &str) -> String {
    match (whole, fault.starts_with("must ")) {
        ("", true) => format!("the body {fault}"),
        ("", false) => fault.to_owned(),
        (whole, true) => format!("{whole} {fault}"),
        (whole, false) => format!("{whole}.{fault}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::dialects::native::Own;

    use super::*;

    fn faults(body: Value) -> Vec<String> {
        match locales(body.as_object().unwrap().clone(), "x") {
            Err(Problem::Own(Own::Validation(faults))) => faults,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_template_is_read_with_its_locales_in_canonical_form() {
        let sms = json!({"sms": {"text": "x"}});
        let body = json!({"code": "x", "locales": {"default": sms, "PT-br": sms}});
        let read = locales(body.as_object().unwrap().clone(), "x").unwrap();
        assert_eq!(read.keys().collect::<Vec<_>>(), ["default", "pt-BR"]);
    }

    #[test]
    fn every_fault_says_where_it_is() {
        let sms = json!({"sms": {"text": "x"}});
        let accepted = "an object of 1 to 40 locales";
        assert_eq!(faults(json!({})), [format!("locales is required: it must be {accepted}")]);
        assert_eq!(faults(json!({"locales": {}})), [format!("locales must be {accepted}")]);
        assert_eq!(
            faults(
                json!({"code": "y", "more": 1, "locales": {"xx": sms, "fr": {}, "de": {"sms": {"text": "{{"}}, "PT": sms, "pt": sms}})
            ),
            [
                "code must be the template's own, as in the path",
                "locales.de.sms.text, line 1: unexpected end of input, expected expression",
                "locales.fr must say something on a channel: one of email, push, sms, slack, in_app",
                "locales.pt is given twice, as pt",
                "locales.xx is not a locale: it must be default, or a valid BCP 47 language tag, such as fr or pt-BR",
                "more is not a known field",
            ]
        );
        let own = parts(json!({"sms": {"text": " "}}).as_object().unwrap().clone());
        assert_eq!(own, Err(Problem::invalid("sms.text: it must not be blank")));
        let none = parts(Map::new());
        let expected = "the body must say something on a channel: one of email, push, sms, slack, in_app";
        assert_eq!(none, Err(Problem::invalid(expected)));
    }
}
