//! Pauses in the OpenAPI document.

use serde_json::json;
use shared::{
    dialects::native::{
        openapi::{DELETES, LISTS, OPERATORS, READS, Refusals},
        page::last_page,
    },
    http::openapi::Document,
};

use crate::pauses::{ListQuery, PauseList, PauseReplacement, PauseView, What};

/// The operations.
pub fn document(doc: &mut Document) {
    const LIST: &str = "/api/v1/pauses";
    const PATH: &str = "/api/v1/pauses/{what}";
    const WHAT: &str = "channel:sms";
    const NAMES: &str = "`all`, `channel:` and a channel type, or `group:` and a group's handle";
    let pause = json!({
        "what": WHAT, "mode": "hold", "until": "2036-03-01T06:00:00.000Z", "note": "The provider is down",
        "paused_by": "auth0|operator", "paused_at": "2024-03-01T02:10:00.000Z",
    });
    doc.tag("Pauses", "An operator's switches: nothing that is paused is sent, critical or not.");
    doc.get(LIST, "listPauses", "All pauses that have not ended")
        .bearer(OPERATORS)
        .query::<ListQuery>()
        .answers::<PauseList>(200, "A page", json!({"items": [pause], "page": last_page()}))
        .refuses::<Refusals>(LISTS);
    doc.get(PATH, "readPause", "One pause")
        .bearer(OPERATORS)
        .path::<What>("what", NAMES, WHAT)
        .answers::<PauseView>(200, "The pause", pause.clone())
        .refuses::<Refusals>(READS);
    doc.put(PATH, "putPause", "Pause something, or change how it is paused")
        .says(
            "Every worker knows of it within a minute: each invocation that begins a minute after the answer, or later. What is paused is held, and sent when the pause has ended and nothing else \
             stops it; or it ends as `skipped`, with the reason `paused`. A message that is being sent at that moment \
             still goes out. A pause that is changed to `drop` drops what it has held, too. If \
             several pauses stop a delivery, one that holds comes before one that drops.",
        )
        .bearer(OPERATORS)
        .path::<What>("what", NAMES, WHAT)
        .if_match()
        .once()
        .body::<PauseReplacement>(json!({"mode": "hold", "until": "2036-03-01T06:00:00Z", "note": "The provider is down"}))
        .answers::<PauseView>(200, "The pause as replaced", pause.clone())
        .answers::<PauseView>(201, "The pause, which is new", pause)
        .refuses::<Refusals>(&[400, 401, 403, 409, 412, 413, 415, 500, 503]);
    doc.delete(PATH, "deletePause", "Resume")
        .says(
            "What was held is released within a minute, as fast as the queue takes it, and decided again. A worker that \
             does not know of it yet holds it for another minute.",
        )
        .bearer(OPERATORS)
        .path::<What>("what", NAMES, WHAT)
        .if_match()
        .once()
        .answers_empty(204, "It is not paused any more")
        .refuses::<Refusals>(DELETES);
}
