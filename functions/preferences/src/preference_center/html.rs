//! HTML from the templates beside this file, and the headers that make it safe. Script and style are inside the page,
//! and the policy names them by their digests: nothing else runs, and nothing is loaded.

use std::sync::{Arc, LazyLock};

use lambda_http::http::{HeaderName, StatusCode, header};
use minijinja::{Environment, Error, UndefinedBehavior, Value};
use serde::Serialize;
use serde_json::json;
use shared::{hash::sha256_base64, http::Reply, render::from_json, telemetry};

use super::translation::{Language, Translation};
use crate::app::Brand;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// A page's template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// All preferences.
    PreferenceCenter,
    /// The question before the last channel is turned off.
    Confirm,
    /// A title, a sentence, and perhaps a link.
    Notice,
}

impl Template {
    fn name(self) -> &'static str {
        match self {
            Self::PreferenceCenter => "centre.html",
            Self::Confirm => "confirm.html",
            Self::Notice => "notice.html",
        }
    }
}

/// The properties that every page has.
#[derive(Clone, Debug)]
pub struct Look {
    /// Its language.
    pub language: Language,
    /// The reader's language, which may be one that the pages do not speak: categories have names in more of them.
    pub reader: String,
    /// `light`, `dark` or `system`.
    pub theme: String,
    /// Whether it is shown inside another page.
    pub embedded: bool,
    /// Which pages may show it (`frame-ancestors`).
    pub ancestors: String,
    /// The deployment's brand.
    pub brand: Arc<Brand>,
}

impl Look {
    /// Its texts.
    pub fn translation(&self) -> &'static Translation {
        self.language.translation()
    }

    /// The answer that shows `view` by `template`.
    pub fn reply(&self, status: StatusCode, template: Template, title: &str, view: &impl Serialize) -> Reply {
        let html = serde_json::to_value(view)
            .map_err(|error| error.to_string())
            .and_then(|view| self.html(template, title, &view).map_err(|error| telemetry::chain(&error)));
        let (status, html) = html.map(|html| (status, html)).unwrap_or_else(|error| {
            tracing::error!(error, "a page cannot be written");
            (StatusCode::INTERNAL_SERVER_ERROR, self.translation().internal_text.to_owned())
        });
        let policy = format!("{}{}; frame-ancestors {}", *POLICY, self.brand.policy(), self.ancestors);
        let reply = Reply::text(status, "text/html; charset=utf-8", html)
            .header(header::CONTENT_SECURITY_POLICY, policy)
            .header(header::CONTENT_LANGUAGE, self.translation().tag);
        harmless(reply)
    }

    fn html(&self, template: Template, title: &str, view: &serde_json::Value) -> Result<String, Error> {
        let environment = ENVIRONMENT.as_ref().map_err(|error| Error::new(error.kind(), error.to_string()))?;
        let all = json!({
            "words": self.translation(), "theme": self.theme, "embedded": self.embedded, "title": title, "view": view,
            "live": template == Template::PreferenceCenter,
            "brand": {"name": self.brand.name, "logo": self.brand.logo},
        });
        let content = environment.get_template(template.name())?.render(from_json(&all))?;
        let colours = self.brand.style.as_str();
        let fixed = [("content", content.as_str()), ("style", STYLE), ("colours", colours), ("script", SCRIPT)];
        let fixed = fixed.map(|(name, text)| (name.to_owned(), Value::from_safe_string(text.to_owned())));
        let all = all.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), from_json(value)));
        environment.get_template("shell.html")?.render(Value::from_pairs(all.chain(fixed)))
    }
}

/// The headers of every answer, page or JSON. The URL gives its holder a right: no other site gets it, and no cache
/// stores it.
pub fn harmless(reply: Reply) -> Reply {
    reply
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::REFERRER_POLICY, "no-referrer")
        .header(HeaderName::from_static("x-robots-tag"), "noindex")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
}

/// The policy without what the brand adds and without `frame-ancestors`. It ends with the style sheets, to which the brand adds one.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let [script, style] = [SCRIPT, STYLE].map(|text| sha256_base64(text.as_bytes()));
    format!(
        "default-src 'none'; form-action 'self'; base-uri 'none'; connect-src 'self'; script-src 'sha256-{script}'; \
         style-src 'sha256-{style}'"
    )
});

static ENVIRONMENT: LazyLock<Result<Environment<'static>, Error>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_template("shell.html", include_str!("shell.html"))?;
    environment.add_template(Template::PreferenceCenter.name(), include_str!("centre.html"))?;
    environment.add_template(Template::Confirm.name(), include_str!("confirm.html"))?;
    environment.add_template(Template::Notice.name(), include_str!("notice.html"))?;
    Ok(environment)
});
