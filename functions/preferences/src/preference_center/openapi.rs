//! The preference centre in the OpenAPI document.

use std::sync::Arc;

use lambda_http::http::HeaderMap;
use schemars::{Schema, SchemaGenerator};
use serde_json::json;
use shared::http::{
    Reply,
    body::BodyError,
    openapi::{Dialect, Document, Open},
};

use super::{
    Look, Own, Refusal,
    form::CONFIRM,
    reply,
    told::{Refused, Saved},
};

/// The type of the message by which the page tells its parent how high it is.
const HEIGHT_MESSAGE: &str = "tidings:height";

/// Pages that give the reason why nothing is shown.
pub struct Pages;
/// Those pages, and the JSON that a client can ask for.
struct Both;

const SAMPLES: [(&str, Refusal); 9] = [
    ("the link is incomplete, or was not made by this deployment", Refusal::Own(Own::NotOurs)),
    ("the body is not the page's form", Refusal::Own(Own::BadForm)),
    ("the body is not a form with List-Unsubscribe=One-Click", Refusal::Own(Own::NotOneClick)),
    ("nobody can opt out of the link's category", Refusal::Own(Own::Required)),
    ("the link no longer works, or its user was erased", Refusal::Own(Own::Expired)),
    ("the body is larger than 256 KiB", Refusal::Body(BodyError::TooLarge)),
    ("the body has a Content-Encoding", Refusal::Body(BodyError::Encoded)),
    ("something failed on our side", Refusal::Internal),
    ("the same request may succeed in a moment", Refusal::Unavailable),
];

/// Pages of nobody, without a brand.
fn plain() -> Look {
    Look::of_anybody(&HeaderMap::new(), false, "'none'", &Arc::default())
}

fn samples(as_json: bool) -> impl Iterator<Item = (&'static str, Reply)> {
    let look = plain();
    SAMPLES.into_iter().map(move |(when, refusal)| (when, reply(&refusal, &look, as_json)))
}

impl Dialect for Pages {
    const NAME: &'static str = "Page";

    fn schema(schemas: &mut SchemaGenerator) -> Schema {
        schemas.subschema_for::<String>()
    }

    fn samples() -> Vec<(&'static str, Reply)> {
        samples(false).collect()
    }
}

impl Dialect for Both {
    const NAME: &'static str = "PreferencesPage";

    fn schema(schemas: &mut SchemaGenerator) -> Schema {
        schemas.subschema_for::<Refused<'static>>()
    }

    fn samples() -> Vec<(&'static str, Reply)> {
        samples(true)
            .chain(samples(false))
            .filter(|(when, _)| !when.contains("List-Unsubscribe") && !when.contains("the link's category"))
            .collect()
    }
}

/// The path's part of the document.
pub fn document(doc: &mut Document) {
    const PATH: &str = "/preferences";
    let last = plain().translation().last;
    doc.tag("Preference centre", "The page on which users see and change what reaches them, by a signed link.");
    doc.get(PATH, "showPreferences", "The page")
        .says(&format!(
            "An application may show the page in a frame: the template's parameter `WidgetOrigins` names the origins that may, \
             and `embed=1` in the query leaves out its heading. The page then tells its parent how high it \
             is, at first and after each change, by `postMessage` of `{{\"type\": \"{HEIGHT_MESSAGE}\", \"height\": 640}}`, in \
             CSS pixels. There is no other message. Take it only from the frame's own `contentWindow` and origin, and set the \
             frame's height to it.",
        ))
        .preference_link()
        .answers_text("text/html", 200, "The page")
        .header(200, "Cache-Control", "CacheControl")
        .refuses::<Both>(&[400, 410, 500, 503]);
    doc.post(PATH, "savePreferences", "Save the controls of the form that were changed")
        .says(
            "The page's own form posts here. Its script gets JSON; a form without a script is redirected to the page.",
        )
        .preference_link()
        .body_as::<Open>(
            &["application/x-www-form-urlencoded"],
            json!({"was.channel.email": "off", "channel.email": "on"}),
        )
        .answers::<Saved>(200, "It is saved", json!({"saved": true, "was": {"channel.email": "on"}}))
        .or_text(200, "text/html")
        .answers_empty(303, "It is saved; the page shows it")
        .answers::<Refused<'static>>(
            409,
            "The change would switch off the last channel, and has to be confirmed",
            json!({"saved": false, "message": last, "confirm": CONFIRM.1}),
        )
        .refuses::<Both>(&[400, 410, 413, 415, 500, 503]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_every_message_that_the_page_sends() {
        let script = include_str!("script.js");
        let sent = format!("postMessage({{ type: '{HEIGHT_MESSAGE}', height: Math.ceil(height) }}");
        assert_eq!(script.matches("postMessage(").count(), 1);
        assert!(script.contains(&sent));
    }
}
