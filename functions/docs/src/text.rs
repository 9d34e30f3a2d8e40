//! The frame of the pages that are text: guides, reasons and codes of errors.

use lambda_http::http::{HeaderMap, StatusCode, header};
use shared::http::{Reply, openapi::Operation};

use crate::caching::cached;

/// The page loads nothing but its icon; its few styles are inside.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// Where a page stands, and with it how its links reach the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `/docs/{list}`.
    List,
    /// `/docs/{list}/{page}`.
    Page,
}

/// A page with this title. `title` is text, `body` is HTML.
pub fn page(place: Place, title: &str, body: &str, headers: &HeaderMap) -> Reply {
    let root = match place {
        Place::List => "",
        Place::Page => "../",
    };
    let html = format!(include_str!("../page/text.html"), root = root, title = escaped(title), body = body);
    let page = Reply::text(StatusCode::OK, "text/html; charset=utf-8", html);
    let page = page.header(header::CONTENT_SECURITY_POLICY, POLICY).header(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    cached(headers, page)
}

/// What the document says of every page: anybody may read it, and it is answered by its tag.
pub fn shown(operation: Operation<'_>) -> Operation<'_> {
    operation
        .open()
        .if_none_match()
        .answers_text("text/html", 200, "The page")
        .header(200, "ETag", "ETag")
        .answers_empty(304, "It has not changed")
}

/// The text as HTML.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The text as HTML, with its code between backquotes as `<code>`.
pub fn marked(text: &str) -> String {
    let escaped = escaped(text);
    let parts = escaped.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(marked("`a` < `b&` \""), "<code>a</code> &lt; <code>b&amp;</code> &quot;");
    }
}
