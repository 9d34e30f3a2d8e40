//! `/docs/errors/{code}`: a page for each code of an error; `/docs/errors`: all of them. They are made of the one list of codes.

use std::borrow::Cow;

use lambda_http::http::HeaderMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use shared::{
    dialects::native::{Problem, openapi::Refusals},
    http::{ErrorCode, Reply, openapi::Document},
};

use crate::text::{self, Place, marked};

/// The page of a code.
pub fn page(code: &str, headers: &HeaderMap) -> Reply {
    let Some(code) = ErrorCode::parse(code) else {
        return Problem::not_found("There is no error with this code").reply();
    };
    text::page(Place::Page, &format!("{}: {}", code.as_str(), code.title()), &body(code), headers)
}

/// The page of all codes.
pub fn index(headers: &HeaderMap) -> Reply {
    let row = |code: &ErrorCode| {
        let (name, status, title) = (code.as_str(), code.status().as_u16(), code.title());
        format!("<li><a href=\"errors/{name}\"><code>{name}</code></a>, status {status}: {title}</li>\n")
    };
    let rows: String = ErrorCode::ALL.iter().map(row).collect();
    let body = format!(
        "<h1>Codes of errors</h1>\n<p>The header <code>Link</code> of an error ends in its code.</p>\n<ul>\n{rows}</ul>\n"
    );
    text::page(Place::List, "Codes of errors", &body, headers)
}

fn body(code: ErrorCode) -> String {
    let status = code.status();
    let reason = status.canonical_reason().unwrap_or_default();
    format!(
        "<p><code>{code}</code>, status {status} {reason}</p>\n<h1>{title}</h1>\n<h2>What it means</h2>\n<p>{meaning}</p>\n\
         <h2>What to do</h2>\n<p>{remedy}</p>\n",
        code = code.as_str(),
        status = status.as_u16(),
        reason = reason,
        title = code.title(),
        meaning = marked(code.meaning()),
        remedy = marked(code.remedy()),
    )
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
    text::shown(
        doc.get("/docs/errors", "listErrors", "A page of all codes of errors")
            .says("Each leads to the page of its code."),
    );
    text::shown(
        doc.get("/docs/errors/{code}", "showError", "A page that explains the code of an error")
            .says("The header `Link` of a refusal of the native API leads here."),
    )
    .path::<Code>("code", "The error's code", ErrorCode::ValidationFailed.as_str())
    .refuses::<Refusals>(&[404]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::shown as text;

    fn shown(code: &str) -> (u16, String) {
        text(page(code, &HeaderMap::new()))
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
}
