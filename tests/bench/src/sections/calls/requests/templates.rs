//! Templates.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::Request;
use crate::section::Fault;
use crate::sections::calls::cast::Cast;

/// The request for an operation on a template with two locales.
pub async fn request(cast: &Cast, operation: &str) -> Result<Option<Request>, Fault> {
    if !operation.contains("Template") {
        return Ok(None);
    }
    let path = format!("/api/v1/templates/order-{}", Uuid::new_v4().simple());
    let whole = json!({"locales": {"default": words("Your order is on its way"), "de": words("Ihre Bestellung ist unterwegs")}});
    cast.world.expect(201, cast.by_admin(Method::PUT, path.clone()).json(&whole)).await?;
    let german = format!("{path}/locales/de");
    let request = match operation {
        "listTemplates" => cast.by_admin(Method::GET, "/api/v1/templates"),
        "replaceTemplates" => {
            let code = path.rsplit('/').next().unwrap_or_default();
            cast.by_admin(Method::PUT, "/api/v1/templates")
                .json(&json!({"items": [{"code": code, "locales": {"default": words("Unterwegs")}}]}))
        }
        "publishTemplate" => {
            let draft = json!({"locales": {"default": words("Unterwegs")}});
            cast.world.expect(201, cast.by_admin(Method::PUT, format!("{path}?draft=true")).json(&draft)).await?;
            cast.by_admin(Method::POST, format!("{path}/publish"))
        }
        "listTemplateVersions" => cast.by_admin(Method::GET, format!("{path}/versions")),
        "readTemplateVersion" | "rollBackTemplate" => {
            let first = cast.world.expect(200, cast.by_admin(Method::GET, format!("{path}/versions"))).await?;
            let first = first.json()["items"][0]["version"].as_u64().unwrap_or_default();
            let other = json!({"locales": {"default": words("Unterwegs")}});
            cast.world.expect(200, cast.by_admin(Method::PUT, path.clone()).json(&other)).await?;
            match operation {
                "readTemplateVersion" => cast.by_admin(Method::GET, format!("{path}/versions/{first}")),
                _ => cast.by_admin(Method::POST, format!("{path}/rollback")).json(&json!({"version": first})),
            }
        }
        "readTemplate" => cast.by_admin(Method::GET, path),
        "replaceTemplate" => cast.by_admin(Method::PUT, path).json(&whole),
        "deleteTemplate" => cast.by_admin(Method::DELETE, path),
        "readTemplateLocale" => cast.by_admin(Method::GET, german),
        "replaceTemplateLocale" => cast.by_admin(Method::PUT, german).json(&words("Unterwegs")),
        "deleteTemplateLocale" => cast.by_admin(Method::DELETE, german),
        "renderTemplate" => {
            let body = json!({"channel": "email", "language": "de-CH", "variables": {"express": true}});
            cast.by_admin(Method::POST, format!("{path}/render")).json(&body)
        }
        _ => return Ok(None),
    };
    Ok(Some(request))
}

fn words(subject: &str) -> Value {
    json!({"email": {"subject": subject, "text": "It arrives {% if express %}tomorrow{% else %}within a week{% endif %}."}})
}
