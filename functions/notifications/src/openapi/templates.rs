//! Templates in the OpenAPI document.

use schemars::{Schema, json_schema};
use serde_json::{Value, json};
use shared::{
    dialects::native::{
        openapi::{DELETES, LISTS, OPERATORS, OPERATORS_AND_SERVICES, READS, Refusals, WRITES},
        page::last_page,
    },
    domain::text::TAG_PATTERN,
    http::{openapi::Document, query::MAX_NUMBER},
    render::{self, Parts, Template},
};

use super::common::{TEMPLATE, USER};
use crate::templates::{
    all::{ListQuery, ListView, WrittenView},
    code::{StateQuery, schema as code},
    decode::{TemplateReplacement, TemplatesReplacement},
    preview::{self, RenderQuery, RenderRequest},
    versions::{RollbackRequest, VersionsQuery, VersionsView},
};

const WHOLE: &str = "/api/v1/templates/{code}";
const LOCALE: &str = "/api/v1/templates/{code}/locales/{tag}";
const VERSIONS: &str = "/api/v1/templates/{code}/versions";
/// A version of the examples.
const VERSION: u64 = 1_709_490_000_000;
/// What becomes of notifications whose template is deleted.
const GONE: &str = "Every worker knows of it within a minute. What was accepted with this template and is not sent by then ends as `failed`, with \
     the reason `render_failed`.";
/// What becomes of notifications to the readers of a locale that is deleted.
const LOCALE_GONE: &str = "Every worker knows of it within a minute. Its readers then get the closest locale that is \
left, or `default`.";

/// What a text may use.
fn language() -> String {
    let list = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    format!(
        "The language is Jinja's, without macros, includes and `range`. Variables may be nested: `{{{{ order.number }}}}`, \
         `{{{{ order.lines[0].item }}}}`, `{{% for line in order.lines %}}…{{% endfor %}}`. A missing variable is an error, unless \
         the text checks it first (`{{% if x is defined %}}`) or has a default (`{{{{ x | default('…') }}}}`). Besides the sender's variables, a text can \
         use: `user`, which has {fields}; and `theme` and `units`, the reader's. `recipient` is the reader's own record: {record}. In a run \
         there are also `data`, all of the sender's variables, and `actor`, if the run names one. An email that is not critical has also \
         {links}. These filters use the reader's time zone, formats, language and units: {of_reader}. The others are: {others}.",
        fields = list(&render::USER_FIELDS),
        record = list(&render::record_fields().collect::<Vec<_>>()),
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
    doc.tag("Templates", "The texts of notifications, in each language and for each channel. The language is Jinja's.");
    doc.get("/api/v1/templates", "listTemplates", "The codes of all templates, or all templates whole")
        .says(
            "A template that was written a moment ago may be missing. With `export` each item is the whole template, as `replaceTemplates` \
             takes it: a repository's files and back.",
        )
        .bearer(OPERATORS_AND_SERVICES)
        .query::<ListQuery>()
        .answers::<ListView>(
            200,
            "A page of codes, in order",
            json!({"items": [{"code": TEMPLATE}], "page": last_page()}),
        )
        .refuses::<Refusals>(LISTS);
    many(doc);
    whole(doc);
    locale(doc);
    versions(doc);
    doc.post("/api/v1/templates/{code}/render", "renderTemplate", "Render a template as a recipient would read it")
        .says(
            "Nothing is sent and nothing is stored. A text that cannot be rendered is 400; the answer says where and \
        why. It renders the published template, its draft, or one of the versions that are kept.",
        )
        .bearer(OPERATORS_AND_SERVICES)
        .path_as(code(), "code", "The template's code", TEMPLATE)
        .query::<RenderQuery>()
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

fn many(doc: &mut Document) {
    let whole = json!({"code": TEMPLATE, "locales": {"default": english(), "de": german()}});
    doc.put("/api/v1/templates", "replaceTemplates", "Write several templates, each whole")
        .says(
            "Templates that the body does not name stay as they are. All are checked before one is written, and each is written whole or not \
             at all. One that already says what the body says is left alone and gets no new version, so the same files \
             can be sent at every \
             deployment. If the table fails on some of them (503), `errors` names those that were not written, or may not have been; the \
             same request then tries them again. `replaceTemplate` says what a text may use.",
        )
        .bearer(OPERATORS)
        .once()
        .body::<TemplatesReplacement>(json!({"items": [whole]}))
        .answers::<WrittenView>(
            200,
            "The result for each, in the order of the request",
            json!({"items": [{"code": TEMPLATE, "result": "updated", "version": VERSION + 1}]}),
        )
        .refuses::<Refusals>(&[400, 401, 403, 409, 412, 413, 415, 500, 503]);
}

fn versions(doc: &mut Document) {
    let shown = json!({"code": TEMPLATE, "locales": {"default": english(), "de": german()}});
    doc.post("/api/v1/templates/{code}/publish", "publishTemplate", "Publish the draft of a template")
        .says(
            "The draft becomes a new version and is gone. Workers use it within a minute. If another version was published since the draft was \
             begun, this is refused (409), since that version would be lost: discard the draft, and write it again to replace that version. \
             `If-Match` names the draft's tag: what was previewed is what is published.",
        )
        .bearer(OPERATORS)
        .path_as(code(), "code", "The template's code", TEMPLATE)
        .if_match()
        .once()
        .answers::<Template>(200, "The template as it is now", shown.clone())
        .answers::<Template>(201, "The template, which is new", shown.clone())
        .refuses::<Refusals>(DELETES);
    doc.get(VERSIONS, "listTemplateVersions", "The versions of a template that are kept")
        .says("The published version, and at most nine that were published before it, the latest first. A notification's deliveries name \
               the version that they were rendered with.")
        .bearer(OPERATORS_AND_SERVICES)
        .path_as(code(), "code", "The template's code", TEMPLATE)
        .query::<VersionsQuery>()
        .answers::<VersionsView>(
            200,
            "A page of versions",
            json!({
                "items": [
                    {"version": VERSION + 1, "published": true, "published_at": "2024-03-03T18:45:00.000Z", "locales": ["de", "default"]},
                    {"version": VERSION, "published": false, "published_at": "2024-03-03T18:20:00.000Z", "locales": ["default"]},
                ],
                "page": last_page(),
            }),
        )
        .refuses::<Refusals>(READS);
    doc.get("/api/v1/templates/{code}/versions/{version}", "readTemplateVersion", "A version of a template")
        .bearer(OPERATORS_AND_SERVICES)
        .path_as(code(), "code", "The template's code", TEMPLATE)
        .path_as(version(), "version", "The version's number", VERSION)
        .answers::<Template>(200, "What the template said in this version", shown.clone())
        .refuses::<Refusals>(READS);
    doc.post("/api/v1/templates/{code}/rollback", "rollBackTemplate", "Publish an earlier version of a template again")
        .says("It becomes a new version, and workers use it within a minute. The draft, if there is one, stays. `If-Match` names the tag of \
               what is published.")
        .bearer(OPERATORS)
        .path_as(code(), "code", "The template's code", TEMPLATE)
        .if_match()
        .once()
        .body::<RollbackRequest>(json!({"version": VERSION}))
        .answers::<Template>(200, "The template as it is now", shown)
        .refuses::<Refusals>(WRITES);
}

/// A version's number.
fn version() -> Schema {
    json_schema!({"type": "integer", "format": "int64", "minimum": 1, "maximum": MAX_NUMBER})
}

fn whole(doc: &mut Document) {
    let locales = json!({"default": english(), "de": german()});
    let shown = json!({"code": TEMPLATE, "locales": locales});
    doc.put(WHOLE, "replaceTemplate", "Write a template with all of its locales")
        .says(&format!(
            "Locales that the body does not name are deleted. All locales together have at most 1 MiB. Workers use the new text within a \
             minute. With `draft` the text waits until `publishTemplate`, and nobody gets it before. What is replaced is kept as one of the \
             template's last ten versions; writing the same text again makes no new version.\n\n{}",
            language()
        ))
        .bearer(OPERATORS)
        .path_as(code(), "code", "The template's code", TEMPLATE)
        .query::<StateQuery>()
        .if_match()
        .once()
        .body::<TemplateReplacement>(json!({"locales": locales}))
        .answers::<Template>(200, "The template as it is now", shown.clone())
        .answers::<Template>(201, "The template, which is new", shown.clone())
        .refuses::<Refusals>(WRITES);
    doc.get(WHOLE, "readTemplate", "A template with all of its locales")
        .bearer(OPERATORS_AND_SERVICES)
        .path_as(code(), "code", "The template's code", TEMPLATE)
        .query::<StateQuery>()
        .answers::<Template>(200, "The template", shown)
        .refuses::<Refusals>(READS);
    doc.delete(WHOLE, "deleteTemplate", "Delete a template")
        .says(&format!(
            "Its draft and its versions are deleted with it. {GONE} With `draft` only the draft is discarded."
        ))
        .bearer(OPERATORS)
        .path_as(code(), "code", "The template's code", TEMPLATE)
        .query::<StateQuery>()
        .if_match()
        .once()
        .answers_empty(204, "It is gone")
        .refuses::<Refusals>(DELETES);
}

fn locale(doc: &mut Document) {
    doc.put(LOCALE, "replaceTemplateLocale", "Create or replace one locale of a template")
        .says(
            "The version counts for the whole template. Workers use the new text within a minute. With `draft` the locale \
             of the draft is written; if there is no draft, it begins as a copy of what is published. `replaceTemplate` \
             says what a text may use.",
        )
        .bearer(OPERATORS)
        .path_as(code(), "code", "The template's code", TEMPLATE)
        .path_as(tag(), "tag", "`default`, or a valid BCP 47 language tag", "de")
        .query::<StateQuery>()
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
        .query::<StateQuery>()
        .answers::<Parts>(200, "The locale", german())
        .refuses::<Refusals>(READS);
    doc.delete(LOCALE, "deleteTemplateLocale", "Delete one locale; deleting the last one deletes the template")
        .says(LOCALE_GONE)
        .bearer(OPERATORS)
        .path_as(code(), "code", "The template's code", TEMPLATE)
        .path_as(tag(), "tag", "`default`, or a valid BCP 47 language tag", "de")
        .query::<StateQuery>()
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
