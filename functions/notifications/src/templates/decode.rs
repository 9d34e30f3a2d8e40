//! The body that writes a template.

use std::collections::{BTreeMap, BTreeSet};

use lambda_http::Body;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};
use shared::{
    dialects::native::Problem,
    domain::text::TAG_PATTERN,
    http::{
        body,
        request::{
            Reason,
            fault::Text,
            kind::{Kind, Place, Refused},
            kinds::{TEMPLATE_CODE, schema_of},
            member::{optional, required},
            objects::nested,
            shape,
        },
    },
    render::{self, MAX_LOCALES, Parts, Template},
    request_body,
};

use super::code::schema;

/// The words for a valid locale.
pub const A_LOCALE: &str = "default, or a valid BCP 47 language tag, such as fr or pt-BR";

request_body! {
    /// A complete template.
    pub struct TemplateReplacement as "TemplateReplacement" (path: str) {
        /// The template's code. If it is there, it must be the path's.
        code: Option<()> = optional(CodeOf(path)),
        /// What the template says in each locale: `default`, or a valid BCP 47 language tag.
        locales: BTreeMap<String, Parts> = required(Locales),
    }
}

request_body! {
    /// Some templates, each whole. Templates that are not among them stay as they are.
    pub struct TemplatesReplacement as "TemplatesReplacement" {
        items: Vec<Template> = required(Templates),
        /// The `page` of an export. It changes nothing, so that an exported page can be sent back as it is.
        page: Option<()> = optional(PageOfExport),
    }
}

request_body! {
    /// A complete template, with its code.
    pub struct WholeTemplate as "WholeTemplate" {
        code: String = required(TEMPLATE_CODE),
        /// What the template says in each locale: `default`, or a valid BCP 47 language tag.
        locales: BTreeMap<String, Parts> = required(Locales),
    }
}

/// The most templates of one request.
const MAX_TEMPLATES: usize = 100;

/// A list of templates, each code once.
struct Templates;

impl Kind for Templates {
    type Value = Vec<Template>;

    fn accepted(&self) -> Text {
        format!("a list of 1 to {MAX_TEMPLATES} templates").into()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<Self::Value, Refused> {
        let Value::Array(given) = given else { return Err(Refused::Type) };
        if !(1..=MAX_TEMPLATES).contains(&given.len()) {
            return Err(Refused::Value);
        }
        let (mut codes, mut templates, expected) = (BTreeSet::new(), Vec::new(), given.len());
        for (index, value) in given.into_iter().enumerate() {
            let read = place.element(index, &nested::<WholeTemplate>("an object with code and locales"), value);
            let Some(WholeTemplate { code, locales }) = read else { continue };
            if codes.insert(code.clone()) {
                templates.push(Template { code, locales });
            } else {
                place.faults.add(format!("{}[{index}].code", place.path()), Reason::Rule, "is given twice");
            }
        }
        if templates.len() == expected { Ok(templates) } else { Err(Refused::Noted) }
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        let items = schemas.subschema_for::<WholeTemplate>();
        json_schema!({"type": "array", "minItems": 1, "maxItems": MAX_TEMPLATES, "items": items})
    }
}

/// What an export says of a page.
struct PageOfExport;

impl Kind for PageOfExport {
    type Value = ();

    fn accepted(&self) -> Text {
        "an object, as an export has it".into()
    }

    fn read(&self, given: Value, _: &mut Place<'_>) -> Result<(), Refused> {
        if given.is_object() { Ok(()) } else { Err(Refused::Type) }
    }

    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object"})
    }
}

/// The code that the path names.
struct CodeOf<'a>(Option<&'a str>);

impl Kind for CodeOf<'_> {
    type Value = ();

    fn accepted(&self) -> Text {
        "the template's own, as in the path".into()
    }

    fn read(&self, given: Value, _: &mut Place<'_>) -> Result<(), Refused> {
        if self.0.is_some_and(|code| given == *code) { Ok(()) } else { Err(Refused::Value) }
    }

    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        schema()
    }
}

/// The parts of the template, by the locale's name in canonical form.
struct Locales;

impl Kind for Locales {
    type Value = BTreeMap<String, Parts>;

    fn accepted(&self) -> Text {
        format!("an object of 1 to {MAX_LOCALES} locales").into()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<Self::Value, Refused> {
        let Value::Object(given) = given else { return Err(Refused::Type) };
        if !(1..=MAX_LOCALES).contains(&given.len()) {
            return Err(Refused::Value);
        }
        let (mut locales, expected) = (BTreeMap::new(), given.len());
        for (name, value) in given {
            let Some(tag) = render::canonical(&name) else {
                place.fault_of(&name, Reason::Unknown, format!("is not a locale: it must be {A_LOCALE}"));
                continue;
            };
            match Parts::read(&value) {
                Ok(_) if locales.contains_key(&tag) => {
                    place.fault_of(&name, Reason::Rule, format!("is given twice, as {tag}"));
                }
                Ok(parts) => drop(locales.insert(tag, parts)),
                Err(faults) => {
                    let at = format!("{}.{name}", place.path());
                    // A fault of one locale says its place itself.
                    faults.iter().for_each(|fault| place.faults.add("", Reason::Rule, located(&at, fault)));
                }
            }
        }
        if locales.len() == expected { Ok(locales) } else { Err(Refused::Noted) }
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        let mut schema = schema_of::<BTreeMap<String, Parts>>(schemas);
        shape::extend(
            &mut schema,
            json!({
                "minProperties": 1, "maxProperties": MAX_LOCALES,
                "propertyNames": {"maxLength": 255, "pattern": TAG_PATTERN},
            }),
        );
        schema
    }
}

/// Reads one locale: an object of channels.
pub fn parts(body: &Body) -> Result<Parts, Problem> {
    let parts = Parts::read(&Value::Object(body::object(body)?));
    parts.map_err(|faults| Problem::validation(faults.iter().map(|fault| located("", fault)).collect()))
}

/// A fault that begins with its place, or with `must` if it is about the whole template.
fn located(whole: &str, fault: &str) -> String {
    match (whole, fault.starts_with("must ")) {
        ("", true) => format!("the body {fault}"),
        ("", false) => fault.to_owned(),
        (whole, true) => format!("{whole} {fault}"),
        (whole, false) => format!("{whole}.{fault}"),
    }
}

#[cfg(test)]
mod tests {
    use shared::http::request::RequestBody;

    use super::*;

    fn locales(body: Value) -> Result<BTreeMap<String, Parts>, Problem> {
        let body = Body::from(body.to_string());
        Ok(TemplateReplacement::decode_with(&body, "x")?.locales)
    }

    fn faults(body: Value) -> Vec<String> {
        match locales(body) {
            Err(problem) => problem.errors(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_template_is_read_with_its_locales_in_canonical_form() {
        let sms = json!({"sms": {"text": "x"}});
        let body = json!({"code": "x", "locales": {"default": sms, "PT-br": sms}});
        let read = locales(body).unwrap();
        assert_eq!(read.keys().collect::<Vec<_>>(), ["default", "pt-BR"]);
    }

    #[test]
    fn many_templates_are_read_and_each_fault_names_its_template() {
        let of = |body: Value| TemplatesReplacement::decode(&Body::from(body.to_string())).map_err(Problem::from);
        let sms = json!({"default": {"sms": {"text": "x"}}});
        let read =
            of(json!({"items": [{"code": "b", "locales": sms}, {"code": "a", "locales": {"PT-br": sms["default"]}}]}));
        let read: Vec<_> =
            read.unwrap().items.into_iter().map(|one| (one.code, one.locales.into_keys().collect())).collect();
        assert_eq!(read, [("b".to_owned(), vec!["default".to_owned()]), ("a".to_owned(), vec!["pt-BR".to_owned()])]);
        let exported = json!({"items": [{"code": "a", "locales": sms}], "page": {"limit": 1, "after": "Yg", "has_more_after": true}});
        assert_eq!(of(exported).unwrap().items.len(), 1);
        let faults = of(json!({"items": [{"code": "a", "locales": sms}], "page": 1})).unwrap_err().errors();
        assert_eq!(faults, ["page must be an object, as an export has it"]);
        let many: Vec<_> = (0..101).map(|n| json!({"code": n.to_string(), "locales": sms})).collect();
        for bad in [json!([]), json!(many)] {
            assert_eq!(of(json!({"items": bad})).unwrap_err().errors(), ["items must be a list of 1 to 100 templates"]);
        }
        let faults = of(json!({"items": [
            {"code": "a", "locales": sms}, {"code": "a", "locales": sms}, {"code": "x/y", "locales": sms}, 7,
            {"code": "b", "locales": {"fr": {"sms": {"text": "{{"}}}}, {"code": "c", "locales": sms, "more": 1},
        ]}));
        assert_eq!(
            faults.unwrap_err().errors(),
            [
                "items[1].code is given twice",
                "items[2].code must be a template's code: 1 to 255 characters, none of / ? # %",
                "items[3] must be an object with code and locales",
                "items[4].locales.fr.sms.text, line 1: unexpected end of input, expected expression",
                "items[5].more is not a known field",
            ]
        );
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
                "locales.fr must have a part for at least one channel: one of email, push, sms, slack, in_app",
                "locales.pt is given twice, as pt",
                "locales.xx is not a locale: it must be default, or a valid BCP 47 language tag, such as fr or pt-BR",
                "more is not a known field",
            ]
        );
        let own = parts(&Body::from(r#"{"sms":{"text":" "}}"#));
        assert_eq!(own, Err(Problem::invalid("sms.text: it must not be blank")));
        let none = parts(&Body::from("{}"));
        let expected = "the body must have a part for at least one channel: one of email, push, sms, slack, in_app";
        assert_eq!(none, Err(Problem::invalid(expected)));
    }
}
