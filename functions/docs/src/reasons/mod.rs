//! `/docs/reasons/{reason}`: a page for each reason of a delivery; `/docs/reasons`: all of them. They are made of the one list of reasons.

mod remedies;

use std::borrow::Cow;

use lambda_http::http::HeaderMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use shared::{
    dialects::native::{Problem, openapi::Refusals},
    domain::{DeliveryStatus, Reason},
    http::{Reply, openapi::Document},
};

use crate::text::{self, Place, marked};
pub use remedies::remedy;

/// The page of a reason.
pub fn page(reason: &str, headers: &HeaderMap) -> Reply {
    let Some(reason) = Reason::parse(reason) else {
        return Problem::not_found("There is no reason with this name").reply();
    };
    text::page(Place::Page, reason.as_str(), &body(reason), headers)
}

fn body(reason: Reason) -> String {
    format!(
        "<h1><code>{name}</code></h1>\n<p>The delivery is {states}.</p>\n<h2>What it means</h2>\n<p>{meaning}</p>\n\
         <h2>What to do</h2>\n<p>{remedy}</p>\n",
        name = reason.as_str(),
        states = states(reason.seen_as()),
        meaning = marked(reason.meaning()),
        remedy = marked(remedy(reason)),
    )
}

/// The page of all reasons.
pub fn index(headers: &HeaderMap) -> Reply {
    let row = |reason: &Reason| {
        let (name, states, meaning) = (reason.as_str(), states(reason.seen_as()), marked(reason.meaning()));
        format!(
            "<tr><td><a href=\"reasons/{name}\"><code>{name}</code></a></td><td>{states}</td><td>{meaning}</td></tr>\n"
        )
    };
    let rows: String = Reason::ALL.iter().map(row).collect();
    let body = format!(
        "<h1>Reasons of deliveries</h1>\n<p>A delivery that was not sent, or not yet, has one of these as its <code>reason</code>: in \
         <code>GET /api/v1/notifications/{{id}}</code>, in a dead letter and in the metrics. Its <code>trace</code> has every rule \
         that was checked.</p>\n<div class=\"table\" tabindex=\"0\"><table>\n<thead><tr><th>reason</th><th>the delivery is</th>\
         <th>what it means</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n"
    );
    text::page(Place::List, "Reasons of deliveries", &body, headers)
}

fn states(states: &[DeliveryStatus]) -> String {
    states.iter().map(|state| format!("<code>{}</code>", state.as_str())).collect::<Vec<_>>().join(" or ")
}

/// The name of a reason, in the path.
struct Name;

impl JsonSchema for Name {
    fn schema_name() -> Cow<'static, str> {
        "ReasonName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        json_schema!({"type": "string", "enum": names, "description": "The reason of a delivery, as `DeliveryReason` explains it."})
    }
}

/// The pages' part of the document.
pub fn document(doc: &mut Document) {
    text::shown(
        doc.get("/docs/reasons", "listReasons", "A page of all reasons of deliveries")
            .says("Each leads to its own page."),
    );
    text::shown(
        doc.get("/docs/reasons/{reason}", "showReason", "A page that explains the reason of a delivery")
            .says("It says what the reason means, and what to do."),
    )
    .path::<Name>("reason", "The reason", Reason::ChannelOff.as_str())
    .refuses::<Refusals>(&[404]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::shown;

    #[test]
    fn every_reason_has_a_page_that_says_what_it_means_and_what_to_do() {
        for reason in Reason::ALL {
            let (status, text) = shown(page(reason.as_str(), &HeaderMap::new()));
            assert_eq!(status, 200, "{reason:?}");
            let remedy = remedy(*reason);
            assert!(remedy.len() > 20 && remedy.ends_with('.'), "{reason:?}: {remedy}");
            for part in [reason.as_str(), &marked(reason.meaning()), &marked(remedy)] {
                assert!(text.contains(part), "{reason:?} has no {part}");
            }
            let states = reason.seen_as();
            assert!(states.iter().all(|state| text.contains(&format!("<code>{}</code>", state.as_str()))), "{text}");
            assert!(!text.contains('`') && !text.contains("//"), "it names no other site: {text}");
        }
        assert_eq!(shown(page("teapot", &HeaderMap::new())).0, 404);
    }

    #[test]
    fn the_index_leads_to_the_page_of_every_reason() {
        let (status, text) = shown(index(&HeaderMap::new()));
        assert_eq!(status, 200);
        for reason in Reason::ALL {
            let link = format!("<a href=\"reasons/{0}\"><code>{0}</code></a>", reason.as_str());
            assert!(text.contains(&link) && text.contains(&marked(reason.meaning())), "{reason:?}: {text}");
        }
        assert_eq!(text.matches("<tr>").count(), Reason::ALL.len() + 1);
    }

    /// What a remedy tells to call is there. A path's parameters may have other names here.
    #[test]
    fn every_request_that_a_remedy_names_is_in_the_document() {
        let whole = serde_json::to_value(crate::document()).unwrap();
        let mut count = 0;
        for reason in Reason::ALL {
            for code in remedy(*reason).split('`').skip(1).step_by(2) {
                let Some((method, path)) = code.split_once(" /") else { continue };
                count += 1;
                let operation = &whole["paths"][format!("/{path}")][method.to_lowercase()];
                assert!(operation.is_object(), "{reason:?}: {code}");
            }
        }
        assert!(count > 12, "{count}");
    }
}
