//! Templates in the OpenAPI document.

use schemars::{Schema, json_schema};
use serde_json::{Value, json};
use shared::{
    dialects::native::{
        openapi::{DELETES, LISTS, OPERATORS, OPERATORS_AND_SERVICES, READS, Refusals, WRITES},
        page::last_page,
    },
    domain::text::TAG_PATTERN,
    http::openapi::Document,
    render::{self, Parts, Template},
};

use super::common::{TEMPLATE, USER};
use crate::templates::{
    code::schema as code,
    decode::TemplateReplacement,
    preview::{self, RenderRequest},
    whole::{ListQuery, ListView},
};

const WHOLE: &str = "/api/v1/templates/{code}";
const LOCALE: &str = "/api/v1/templates/{code}/locales/{tag}";
/// What becomes of notifications whose template is deleted.
const GONE: &str = "Every worker knows of it within a minute. What was accepted with this template and is not sent by then ends as `failed`, with \
     the reason `render_failed`.";
/// What becomes of notifications to the readers of a locale that is deleted.
const LOCALE_GONE: &str = "Every worker knows of it within a minute. Its readers then get the locale that is next to their language, or `default`.";

/// What a text may use.
fn language() -> String {
    let list = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    format!(
        "The language is Jinja's, without macros, includes and `range`. Variables may be nested: `{{{{ order.number }}}}`, \
         `{{{{ order.lines[0].item }}}}`, `{{% for line in order.lines %}}…{{% endfor %}}`. A variable that is not there is an error, unless \
         the text asks first (`{{% if x is defined %}}`) or has a default (`{{{{ x | default('…') }}}}`). Besides the sender's variables there \
         are: `user`, which has {fields}; `theme` and `units`, the reader's; and in an email that is not critical also {links}. These \
         filters use the reader's time zone, formats, language and units: {of_reader}. The others are: {others}.",
        fields = list(&render::USER_FIELDS),
        links = list(&render::LINK_NAMES),
        of_reader = list(&render::filter_names().of_reader),
        others = list(&render::filter_names().others),
    )
}

/// `default`, or a valid BCP 47 language tag.
fn tag() -> Schema {
    json_schema!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": TAG_PATTERN})
}

/// The operations.
pub fn document(doc: &mut Document) {
    doc.tag("Templates", "What notifications say, in each language and on each channel. The language is Jinja's.");
    doc.get("/api/v1/templates", "listTemplates", "The codes of all templates")
        .says("A template that was written a moment ago may be missing.")
        .bearer(OPERATORS_AND_SERVICES)
        .query::<ListQuery>()
        .answers::<ListView>(
            200,
            "A page of codes, in order",
            json!({"items": [{"code": TEMPLATE}], "page": last_page()}),
        )
        .refuses::<Refusals>(LISTS);
    whole(doc);
    locale(doc);
    doc.post("/api/v1/templates/{code}/render", "renderTemplate", "Render a template as a recipient would read it")
        .says("Nothing is sent and nothing is stored. A text that cannot be rendered is 400; the answer says where and why.")
        .bearer(OPERATORS_AND_SERVICES)
        .path_as(code(), "code", "The template's code", TEMPLATE)
        .body::<RenderRequest>(json!({
            "channel": "push", "variables": {"name": "John"}, "user_id": USER, "language": "de",
        }))
        .answers::<preview::View>(
            200,
            "The words",
            json!({
                "channel": "push", "language": "de",
                "content": {"push": {"title": "Willkommen", "body": "Hallo John, schön, dass du da bist."}},
            }),
        )
        .refuses::<Refusals>(&[400, 401, 403, 404, 413, 415, 500, 503]);
}

fn whole(doc: &mut Document) {
    let locales = json!({"default": english(), "de": german()});
    let shown = json!({"code": TEMPLATE, "locales": locales});
    doc.put(WHOLE, "replaceTemplate", "Write a template with all of its locales")
        .says(&format!(
            "Locales that the body does not name are deleted. All locales together have at most 1 MiB. Workers use the new text within a \
             minute.\n\n{}",
            language()
        ))
        .bearer(OPERATORS)
        .path_as(code(), "code", "The template's code", TEMPLATE)
        .if_match()
        .once()
        .body::<TemplateReplacement>(json!({"locales": locales}))
        .answers::<Template>(200, "The template as it is now", shown.clone())
        .answers::<Template>(201, "The template, which is new", shown.clone())
        .refuses::<Refusals>(WRITES);
    doc.get(WHOLE, "readTemplate", "A template with all of its locales")
        .bearer(OPERATORS_AND_SERVICES)
        .path_as(code(), "code", "The template's code", TEMPLATE)
        .answers::<Template>(200, "The template", shown)
        .refuses::<Refusals>(READS);
    doc.delete(WHOLE, "deleteTemplate", "Delete a template")
        .says(GONE)
        .bearer(OPERATORS)
        .path_as(code(), "code", "The template's code", TEMPLATE)
        .if_match()
        .once()
        .answers_empty(204, "It is gone")
        .refuses::<Refusals>(DELETES);
}

fn locale(doc: &mut Document) {
    doc.put(LOCALE, "replaceTemplateLocale", "Create or replace one locale of a template")
        .says("The version counts for the whole template. Workers use the new text within a minute. `replaceTemplate` says what a text may use.")
        .bearer(OPERATORS)
        .path_as(code(), "code", "The template's code", TEMPLATE)
        .path_as(tag(), "tag", "`default`, or a valid BCP 47 language tag", "de")
        .if_match()
        .once()
        .body::<Parts>(german())
        .answers::<Parts>(200, "The locale as it is now", german())
        .answers::<Parts>(201, "The locale, which is new", german())
        .refuses::<Refusals>(WRITES);
    doc.get(LOCALE, "readTemplateLocale", "Read one locale of a template")
        .bearer(OPERATORS_AND_SERVICES)
        .path_as(code(), "code", "The template's code", TEMPLATE)
        .path_as(tag(), "tag", "`default`, or a valid BCP 47 language tag", "de")
        .answers::<Parts>(200, "The locale", german())
        .refuses::<Refusals>(READS);
    doc.delete(LOCALE, "deleteTemplateLocale", "Delete one locale; deleting the last one deletes the template")
        .says(LOCALE_GONE)
        .bearer(OPERATORS)
        .path_as(code(), "code", "The template's code", TEMPLATE)
        .path_as(tag(), "tag", "`default`, or a valid BCP 47 language tag", "de")
        .if_match()
        .once()
        .answers_empty(204, "It is gone")
        .refuses::<Refusals>(DELETES);
}

fn english() -> Value {
    let name = "{{ name | default(user.name) }}";
    json!({
        "email": {
            "subject": format!("Welcome, {name}"),
            "text": format!("Hello {name},\n\nit is good to have you here."),
            "html": format!("<p>Hello <strong>{name}</strong>,</p><p>it is good to have you here.</p>"),
        },
        "push": {"title": "Welcome", "body": format!("Hello {name}, it is good to have you here.")},
        "sms": {"text": format!("Welcome, {name}.")},
        "slack": {"text": format!("Welcome, *{name}*.")},
        "in_app": {"title": "Welcome", "body": "It is good to have you here."},
    })
}

fn german() -> Value {
    let name = "{{ name | default(user.name) }}";
    json!({"push": {"title": "Willkommen", "body": format!("Hallo {name}, schön, dass du da bist.")}})
}
