//! Requests for templates with two locales.

use serde_json::{Value, json};

use super::Good;
use crate::recordings::stage::{Stage, Who};

pub async fn good(stage: &Stage, operation: &str) -> Option<Good> {
    if !operation.contains("Template") {
        return None;
    }
    let code = stage.fresh();
    let whole = json!({"locales": {"default": words("Your order is on its way"), "de": words("Ihre Bestellung ist unterwegs")}});
    stage.done(201, &Who::admin(), "PUT", &format!("/api/v1/templates/{code}"), &whole).await;
    let good = Good::by(Who::admin());
    let one = || good.clone().at("code", code.clone());
    if operation == "publishTemplate" {
        let draft = json!({"locales": {"default": words("On its way"), "fr": words("En route")}});
        stage.done(201, &Who::admin(), "PUT", &format!("/api/v1/templates/{code}?draft=true"), &draft).await;
    }
    // What was first published, where a request is about an earlier version.
    let first = match operation {
        "listTemplateVersions" | "readTemplateVersion" | "rollBackTemplate" => {
            let path = format!("/api/v1/templates/{code}");
            let read = stage.by(&Who::admin(), "GET", path.as_str()).await;
            let first = stage.expect(200, &read).await.version();
            let other = json!({"locales": {"default": words("On its way")}});
            stage.done(200, &Who::admin(), "PUT", &path, &other).await;
            first
        }
        _ => 0,
    };
    let german = || one().at("tag", "de");
    Some(match operation {
        "listTemplates" => good,
        "replaceTemplates" => {
            let other = json!({"default": words("On its way"), "fr": words("En route")});
            let items = json!([{"code": code, "locales": other}, {"code": stage.fresh(), "locales": other}]);
            good.json(json!({"items": items}))
        }
        "publishTemplate" | "listTemplateVersions" => one(),
        "readTemplateVersion" => one().at("version", first.to_string()),
        "rollBackTemplate" => one().json(json!({"version": first})),
        "readTemplate" | "deleteTemplate" => one(),
        "replaceTemplate" => one().json(json!({"locales": {"default": words("On its way"), "fr": words("En route")}})),
        "readTemplateLocale" | "deleteTemplateLocale" => german(),
        "replaceTemplateLocale" => german().json(words("Unterwegs")),
        "renderTemplate" => {
            one().json(json!({"channel": "email", "language": "de-CH", "variables": {"express": true}}))
        }
        _ => return None,
    })
}

fn words(subject: &str) -> Value {
    json!({"email": {"subject": subject, "text": "It arrives {% if express %}tomorrow{% else %}within a week{% endif %}."}})
}
