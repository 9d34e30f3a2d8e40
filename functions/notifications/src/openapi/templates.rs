//! Templates in the OpenAPI document.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::{Value, json};
use shared::{
    dialects::native::openapi::{DELETES, READS, Refusals, WRITES},
    domain::{Channel, UserId, display::Preference},
    http::openapi::{Document, Open, not_null},
    render::{CODE_PATTERN, MOST_CODE, MOST_LOCALES, Parts, Template},
};

use super::common::{TEMPLATE, USER};
use crate::templates::{preview, whole::ListView};

const WHOLE: &str = "/api/v1/templates/{code}";
const LOCALE: &str = "/api/v1/templates/{code}/locales/{tag}";
/// What every locale's name is made of; that its parts are registered is not in it.
const TAG_PATTERN: &str = "^[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8})*$";

/// A template's code.
#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "only its shape is used")]
struct Code(#[schemars(length(min = 1, max = MOST_CODE), regex(pattern = CODE_PATTERN))] String);

/// `default`, or a valid BCP 47 language tag.
#[derive(JsonSchema)]
#[schemars(inline)]
#[expect(dead_code, reason = "only its shape is used")]
struct Tag(#[schemars(length(min = 1, max = 255), regex(pattern = TAG_PATTERN))] String);

// Read by `templates::decode::locales`.
/// All that a template says.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is used")]
struct TemplateReplacement {
    /// The path's, if it is there.
    #[schemars(transform = not_null)]
    code: Option<Code>,
    /// What the template says in each locale: `default`, or a valid BCP 47 language tag.
    #[schemars(extend(
        "minProperties" = 1,
        "maxProperties" = MOST_LOCALES,
        "propertyNames" = {"maxLength": 255, "pattern": TAG_PATTERN},
    ))]
    locales: BTreeMap<String, Parts>,
}

// Read by `templates::preview::decode`.
/// Display preferences go before the reader's own.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is used")]
struct RenderRequest {
    channel: Channel,
    #[schemars(transform = not_null)]
    variables: Option<Open>,
    /// Who would read it; nobody in particular where it is left out.
    #[schemars(transform = not_null)]
    user_id: Option<UserId>,
    #[schemars(transform = not_null, extend("enum" = Preference::DateTimeFormat.choices()))]
    date_time_format: Option<String>,
    /// The name of an IANA time zone.
    #[schemars(transform = not_null, extend("examples" = ["America/New_York"]))]
    timezone: Option<String>,
    /// A valid BCP 47 language tag.
    #[schemars(transform = not_null, length(min = 1, max = 255), regex(pattern = TAG_PATTERN), extend("examples" = ["en-US"]))]
    language: Option<String>,
    #[schemars(transform = not_null, extend("enum" = Preference::MeasurementUnit.choices()))]
    measurement_unit: Option<String>,
    #[schemars(transform = not_null, extend("enum" = Preference::Theme.choices()))]
    theme: Option<String>,
}

/// The operations.
pub fn document(doc: &mut Document) {
    doc.tag("Templates", "What notifications say, in each language and on each channel. The language is Jinja's.");
    doc.get("/api/v1/templates", "listTemplates", "The codes of all templates")
        .says("What was written a moment ago may not be in it yet.")
        .bearer("admin, service")
        .answers::<ListView>(200, "All codes, in order", json!({"items": [{"code": TEMPLATE}]}))
        .refuses::<Refusals>(&[401, 403, 500, 503]);
    whole(doc);
    locale(doc);
    doc.post("/api/v1/templates/{code}/render", "renderTemplate", "What a recipient would read")
        .says("Nothing is sent, and nothing is kept. A text that cannot be filled in is 400, and says where and why.")
        .bearer("admin, service")
        .path::<Code>("code", "The template's code", TEMPLATE)
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
        .refuses::<Refusals>(&[400, 401, 403, 404, 413, 500, 503]);
}

fn whole(doc: &mut Document) {
    let locales = json!({"default": english(), "de": german()});
    let shown = json!({"code": TEMPLATE, "locales": locales});
    doc.put(WHOLE, "replaceTemplate", "Write a template with all of its locales")
        .says("Locales that are not named are gone. All of them together take 1 MiB at the most.")
        .bearer("admin")
        .path::<Code>("code", "The template's code", TEMPLATE)
        .if_match()
        .once()
        .body::<TemplateReplacement>(json!({"locales": locales}))
        .answers::<Template>(200, "The template as it is now", shown.clone())
        .answers::<Template>(201, "The template, which is new", shown.clone())
        .refuses::<Refusals>(WRITES);
    doc.get(WHOLE, "readTemplate", "A template with all of its locales")
        .bearer("admin, service")
        .path::<Code>("code", "The template's code", TEMPLATE)
        .answers::<Template>(200, "The template", shown)
        .header(200, "ETag", "ETag")
        .refuses::<Refusals>(READS);
    doc.delete(WHOLE, "deleteTemplate", "Delete a template")
        .bearer("admin")
        .path::<Code>("code", "The template's code", TEMPLATE)
        .if_match()
        .once()
        .answers_empty(204, "It is gone")
        .refuses::<Refusals>(DELETES);
}

fn locale(doc: &mut Document) {
    doc.put(LOCALE, "replaceTemplateLocale", "Write what a template says in one locale")
        .says("The version is the whole template's.")
        .bearer("admin")
        .path::<Code>("code", "The template's code", TEMPLATE)
        .path::<Tag>("tag", "`default`, or a valid BCP 47 language tag", "de")
        .if_match()
        .once()
        .body::<Parts>(german())
        .answers::<Parts>(200, "The locale as it is now", german())
        .answers::<Parts>(201, "The locale, which is new", german())
        .refuses::<Refusals>(WRITES);
    doc.get(LOCALE, "readTemplateLocale", "What a template says in one locale")
        .bearer("admin, service")
        .path::<Code>("code", "The template's code", TEMPLATE)
        .path::<Tag>("tag", "`default`, or a valid BCP 47 language tag", "de")
        .answers::<Parts>(200, "The locale", german())
        .header(200, "ETag", "ETag")
        .refuses::<Refusals>(READS);
    doc.delete(LOCALE, "deleteTemplateLocale", "Delete one locale; with its last one a template is gone")
        .bearer("admin")
        .path::<Code>("code", "The template's code", TEMPLATE)
        .path::<Tag>("tag", "`default`, or a valid BCP 47 language tag", "de")
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
