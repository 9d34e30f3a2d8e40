//! What browsers may do from pages of other origins: the HTTP API's `CorsConfiguration`.

use serde_json::{Map, Value};

use super::scope::Scope;
use super::{TemplateError, flag, whole};

/// An HTTP API's answer to browsers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cors {
    /// Origins, whole; `*` is any.
    pub allow_origins: Vec<String>,
    /// Methods.
    pub allow_methods: Vec<String>,
    /// Headers of requests.
    pub allow_headers: Vec<String>,
    /// Headers of answers that a page may read.
    pub expose_headers: Vec<String>,
    /// For how many seconds a browser may keep all this.
    pub max_age: Option<u64>,
    /// Whether cookies come along.
    pub allow_credentials: bool,
}

/// The configuration of the HTTP API with this logical id; `None` where it has none.
pub(super) fn read(scope: &Scope<'_>, id: &str) -> Result<Option<Cors>, TemplateError> {
    let at = format!("Resources.{id}.Properties.CorsConfiguration");
    let properties = match scope.property(id, "CorsConfiguration")? {
        None => return Ok(None),
        Some(Value::Object(properties)) => properties,
        // SAM would take `true` for any origin, with no method but GET, HEAD and POST.
        Some(_) => return Err(TemplateError::shape(&at, "a mapping")),
    };
    let written = scope.resources[id].pointer("/Properties/CorsConfiguration/AllowOrigins");
    if written.is_some_and(Value::is_object) {
        let whole = "a list, as SAM takes a function there for the whole configuration and drops the rest";
        return Err(TemplateError::shape(&format!("{at}.AllowOrigins"), whole));
    }
    let mut cors = Cors::default();
    for (name, value) in &properties {
        let at = format!("{at}.{name}");
        match name.as_str() {
            "AllowOrigins" => cors.allow_origins = texts(&properties, name, &at)?,
            "AllowMethods" => cors.allow_methods = texts(&properties, name, &at)?,
            "AllowHeaders" => cors.allow_headers = texts(&properties, name, &at)?,
            "ExposeHeaders" => cors.expose_headers = texts(&properties, name, &at)?,
            "MaxAge" => cors.max_age = Some(whole(value, &at, 0..=86_400)?),
            "AllowCredentials" => cors.allow_credentials = flag(value, &at)?,
            other => return Err(TemplateError::unsupported(&at, format!("CORS property {other}"))),
        }
    }
    if cors.allow_credentials && cors.allow_origins.iter().any(|origin| origin == "*") {
        // API Gateway refuses it, and only at the deployment.
        return Err(TemplateError::shape(&format!("{at}.AllowOrigins"), "origins by name, where cookies come along"));
    }
    Ok(Some(cors))
}

fn texts(properties: &Map<String, Value>, name: &str, at: &str) -> Result<Vec<String>, TemplateError> {
    let items = properties.get(name).and_then(Value::as_array);
    let texts = items.and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect());
    texts.ok_or_else(|| TemplateError::shape(at, "a list of texts"))
}
