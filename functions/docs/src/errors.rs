//! `/docs/errors/{code}`: a page for each code of an error; `/docs/errors`: all of them. They are made of the one list of codes.

use std::borrow::Cow;

use lambda_http::http::{HeaderMap, StatusCode, header};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use shared::{
    dialects::native::{Problem, openapi::Refusals},
    http::{ErrorCode, Reply, openapi::Document},
};

use crate::caching::cached;

/// The page loads nothing but its icon; its few styles are inside.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The page of a code.
pub fn page(code: &str, headers: &HeaderMap) -> Reply {
    let Some(code) = ErrorCode::parse(code) else {
        return Problem::not_found("There is no error with this code").reply();
    };
    shown(html(code), headers)
}

/// The page of all codes.
pub fn index(headers: &HeaderMap) -> Reply {
    let row = |code: &ErrorCode| {
        let (name, status, title) = (code.as_str(), code.status().as_u16(), code.title());
        format!("<li><a href=\"errors/{name}\"><code>{name}</code></a>, status {status}: {title}</li>\n")
    };
    let rows: String = ErrorCode::ALL.iter().map(row).collect();
    shown(format!(include_str!("../page/errors.html"), rows = rows), headers)
}

fn shown(html: String, headers: &HeaderMap) -> Reply {
    let page = Reply::text(StatusCode::OK, "text/html; charset=utf-8", html);
    let page = page.header(header::CONTENT_SECURITY_POLICY, POLICY).header(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    cached(headers, page)
}

fn html(code: ErrorCode) -> String {
    let status = code.status();
    let reason = status.canonical_reason().unwrap_or_default();
    format!(
        include_str!("../page/error.html"),
        code = code.as_str(),
        status = status.as_u16(),
        reason = reason,
        title = code.title(),
        meaning = marked(code.meaning()),
        remedy = marked(code.remedy()),
    )
}

/// The text as HTML, with its code between backquotes as `<code>`.
fn marked(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let parts = escaped.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() }).collect()
}

/// The name of a code, in the path.
struct Code;

impl JsonSchema for Code {
    fn schema_name() -> Cow<'static, str> {
        "ErrorCode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words = ErrorCode::ALL.iter().map(|code| format!("- `{}`: {}.", code.as_str(), code.title()));
        let description = format!("A code of an error.\n\n{}", words.collect::<Vec<_>>().join("\n"));
        let codes: Vec<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        json_schema!({"type": "string", "enum": codes, "description": description})
    }
}

/// The pages' part of the document.
pub fn document(doc: &mut Document) {
    doc.get("/docs/errors", "listErrors", "A page of all codes of errors")
        .says("Each leads to the page of its code.")
        .open()
        .if_none_match()
        .answers_text("text/html", 200, "The page")
        .header(200, "ETag", "ETag")
        .answers_empty(304, "It is still what the client has");
    doc.get("/docs/errors/{code}", "showError", "A page that explains the code of an error")
        .says("The header `Link` of a refusal of the native API leads here.")
        .open()
        .if_none_match()
        .path::<Code>("code", "The error's code", ErrorCode::ValidationFailed.as_str())
        .answers_text("text/html", 200, "The page")
        .header(200, "ETag", "ETag")
        .answers_empty(304, "It is still what the client has")
        .refuses::<Refusals>(&[404]);
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;

    use super::*;

    fn shown(code: &str) -> (u16, String) {
        text(page(code, &HeaderMap::new()))
    }

    fn text(reply: Reply) -> (u16, String) {
        let response = reply.into_response();
        match (response.status().as_u16(), response.into_body()) {
            (status, Body::Text(text)) => (status, text),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_code_has_a_page_that_says_what_it_means_and_what_to_do() {
        for code in ErrorCode::ALL {
            let (status, text) = shown(code.as_str());
            assert_eq!(status, 200, "{code:?}");
            for part in [code.as_str(), code.title(), &marked(code.meaning()), &marked(code.remedy())] {
                assert!(part.len() > 5 && text.contains(part), "{code:?} has no {part}");
            }
            assert!(!text.contains('`') && !text.contains("{{"), "{text}");
            assert!(!text.contains("//"), "it names no other site: {text}");
        }
        assert_eq!(shown("teapot").0, 404);
    }

    #[test]
    fn the_index_leads_to_the_page_of_every_code() {
        let (status, text) = text(index(&HeaderMap::new()));
        assert_eq!(status, 200);
        for code in ErrorCode::ALL {
            let row = format!("<a href=\"errors/{0}\"><code>{0}</code></a>", code.as_str());
            assert!(text.contains(&row) && text.contains(code.title()), "{code:?}: {text}");
        }
        assert_eq!(text.matches("<li>").count(), ErrorCode::ALL.len());
        assert!(!text.contains("//") && !text.contains("{{"), "it names no other site: {text}");
    }

    #[test]
    fn text_stays_text() {
        assert_eq!(marked("`a` < `b&`"), "<code>a</code> &lt; <code>b&amp;</code>");
    }
}
