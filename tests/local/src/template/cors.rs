//! Reads the HTTP API's `CorsConfiguration`.

use serde_json::{Map, Value};

use super::scope::Scope;
use super::{TemplateError, flag, whole};

/// The CORS configuration of an HTTP API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cors {
    /// The allowed origins. `*` allows any origin.
    pub allow_origins: Vec<String>,
    /// The allowed methods.
    pub allow_methods: Vec<String>,
    /// The allowed headers of requests.
    pub allow_headers: Vec<String>,
    /// The headers of answers that a page may read.
    pub expose_headers: Vec<String>,
    /// How long a browser may cache this, in seconds.
    pub max_age: Option<u64>,
    /// Whether requests with cookies are allowed.
    pub allow_credentials: bool,
}

/// The configuration of the HTTP API with this logical id; `None` if it has none.
pub(super) fn read(scope: &Scope<'_>, id: &str) -> Result<Option<Cors>, TemplateError> {
    let at = format!("Resources.{id}.Properties.CorsConfiguration");
    let properties = match scope.property(id, "CorsConfiguration")? {
        None => return Ok(None),
        Some(Value::Object(properties)) => properties,
        // SAM would read `true` as any origin, and as the methods GET, HEAD and POST only.
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
        // API Gateway refuses this, but only at the deployment.
        return Err(TemplateError::shape(&format!("{at}.AllowOrigins"), "origins by name, where cookies come along"));
    }
    Ok(Some(cors))
}

fn texts(properties: &Map<String, Value>, name: &str, at: &str) -> Result<Vec<String>, TemplateError> {
    let items = properties.get(name).and_then(Value::as_array);
    let texts = items.and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect());
    texts.ok_or_else(|| TemplateError::shape(at, "a list of texts"))
}
