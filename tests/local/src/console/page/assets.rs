//! The page's files, which are part of the binary, and their content security policies.

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::Value;

use super::Shared;
use crate::control::Refused;

const PAGE: &str = include_str!("files/index.html");

/// A file of the page: its path, and its text.
pub(super) type File = (&'static str, &'static str);

macro_rules! files {
    ($($path:literal),* $(,)?) => { [$(($path, include_str!(concat!("files/", $path)))),*] };
}

pub(super) const FILES: [File; 34] = files![
    "style.css",
    "layout.css",
    "lists.css",
    "detail.css",
    "previews.css",
    "icon.svg",
    "app.js",
    "ask.js",
    "copy.js",
    "dom.js",
    "forms.js",
    "live.js",
    "previews.js",
    "rendering.js",
    "runs.css",
    "router.js",
    "shell.js",
    "words.js",
    "users.js",
    "views/attempts.js",
    "views/dead-letters.js",
    "views/decision.js",
    "views/inbox.js",
    "views/notification.js",
    "views/notifications.js",
    "views/parts.js",
    "views/providers.js",
    "views/requests.js",
    "views/run.js",
    "views/runs.js",
    "views/send.js",
    "views/templates.js",
    "views/topics.js",
    "views/users.js",
];

/// The views that have a URL below `/_local/ui`. The view of a single thing has its name after that, such as `users/ID`.
const VIEWS: [&str; 9] =
    ["dead-letters", "inbox", "providers", "requests", "runs", "send", "templates", "topics", "users"];

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/javascript; charset=utf-8",
    }
}

/// The page may run its own scripts and call its own origin only, and no page may frame it.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// An email is foreign HTML. It may have any style, and must not run anything. `sandbox` also applies if the email is
/// opened outside of the page.
const EMAIL_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'self'";

/// A mail client's default style, which comes before the email's own style.
const EMAIL_STYLE: &str = "<!doctype html><meta charset=\"utf-8\"><style>:root{color-scheme:light}\
    body{margin:16px;font:15px/1.5 Inter,system-ui,sans-serif;color:#1c1917;background:#fff}a{color:#0f6e66}</style>\n";

fn with_policy(policy: &'static str, response: impl IntoResponse) -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, response).into_response()
}

/// `GET /_local/ui`.
pub(super) async fn page() -> Response {
    with_policy(PAGE_POLICY, Html(PAGE))
}

/// `GET /_local/ui/{view}`, `GET /_local/ui/{file}`.
pub(super) async fn view_or_file(Path(path): Path<String>) -> Result<Response, Refused> {
    if VIEWS.iter().any(|view| path.split('/').next() == Some(view)) {
        return Ok(page().await);
    }
    let file = FILES.iter().find(|(known, _)| *known == path);
    let (path, text) = file.ok_or_else(|| missing("the page has no such view or file"))?;
    Ok(with_policy(PAGE_POLICY, ([(header::CONTENT_TYPE, content_type(path))], *text)))
}

/// `GET /_local/ui/emails/{message_id}`.
pub(super) async fn email(State(page): Shared, Path(message_id): Path<String>) -> Result<Response, Refused> {
    let email = page.control.providers.email(&message_id);
    let html = email.as_ref().and_then(|email| email.pointer("/request/body/Content/Simple/Body/Html/Data"));
    let html = html.and_then(Value::as_str).ok_or_else(|| missing("SES's stand-in took no such email with HTML"))?;
    Ok(email_page(html))
}

/// An email's HTML, which may not run anything.
pub(super) fn email_page(html: &str) -> Response {
    with_policy(EMAIL_POLICY, Html(format!("{EMAIL_STYLE}{html}")))
}

pub(super) fn missing(what: &str) -> Refused {
    Refused(StatusCode::NOT_FOUND, what.to_owned())
}
