//! `/docs/guides/{guide}`: the project's pages for people, from the Markdown files of the tree; `/docs/guides`: all of them.

mod list;
mod markdown;

use std::borrow::Cow;

use lambda_http::http::HeaderMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use shared::{
    dialects::native::{Problem, openapi::Refusals},
    http::{Reply, openapi::Document},
};

use crate::text::{self, Place, escaped, marked};
use list::{GROUPS, GUIDES, Guide};

/// The guide of this name.
pub fn page(name: &str, headers: &HeaderMap) -> Reply {
    let Some(guide) = GUIDES.iter().find(|guide| guide.name == name) else {
        return Problem::not_found("There is no guide with this name").reply();
    };
    text::page(Place::Page, guide.title(), &guide.html(), headers)
}

/// The page of all guides.
pub fn index(headers: &HeaderMap) -> Reply {
    let mut body = "<h1>Guides</h1>\n".to_owned();
    for group in GROUPS {
        body += &format!("<h2>{}</h2>\n<ul>\n", escaped(group));
        for Guide { name, about, .. } in GUIDES.iter().filter(|guide| guide.group == group) {
            let title = GUIDES.iter().find(|guide| guide.name == *name).map(Guide::title).unwrap_or_default();
            body += &format!("<li><a href=\"guides/{name}\">{}</a>: {}</li>\n", escaped(title), marked(about));
        }
        body += "</ul>\n";
    }
    text::page(Place::List, "Guides", &body, headers)
}

impl Guide {
    fn title(&self) -> &'static str {
        markdown::title(self.text).unwrap_or(self.name)
    }

    fn html(&self) -> String {
        markdown::html(self.text, &|target| self.link(target))
    }

    /// Where a link of this guide leads: to another guide, within the page, or to another site. `None` if it is a file of the tree,
    /// which a deployment does not have.
    fn link(&self, target: &str) -> Option<String> {
        if target.starts_with("https://") || target.starts_with("http://") || target.starts_with('#') {
            return Some(target.to_owned());
        }
        let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
        let file = resolved(self.file, file);
        let guide = GUIDES.iter().find(|guide| guide.file == file)?;
        Some(anchor.map_or_else(|| guide.name.to_owned(), |anchor| format!("{}#{anchor}", guide.name)))
    }
}

/// The path from the tree's root of what a file names as `relative`.
fn resolved(file: &str, relative: &str) -> String {
    let mut parts: Vec<_> = file.split('/').collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "." | "" => {}
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// The name of a guide, in the path.
struct Name;

impl JsonSchema for Name {
    fn schema_name() -> Cow<'static, str> {
        "GuideName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words = GUIDES.iter().map(|guide| format!("- `{}`: {}", guide.name, guide.title()));
        let description = format!("The name of a guide.\n\n{}", words.collect::<Vec<_>>().join("\n"));
        let names: Vec<_> = GUIDES.iter().map(|guide| guide.name).collect();
        json_schema!({"type": "string", "enum": names, "description": description})
    }
}

/// The pages' part of the document.
pub fn document(doc: &mut Document) {
    text::shown(doc.get("/docs/guides", "listGuides", "A page of all guides").says("Each leads to its own page."));
    text::shown(
        doc.get("/docs/guides/{guide}", "showGuide", "A guide: a page for people")
            .says("It is the guide of this deployment's version."),
    )
    .path::<Name>("guide", "The guide", "troubleshooting")
    .refuses::<Refusals>(&[404]);
}

#[cfg(test)]
mod tests;
