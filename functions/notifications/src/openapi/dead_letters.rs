//! Dead letters in the OpenAPI document.

use serde_json::json;
use shared::{
    dialects::native::{
        openapi::{CREATES, LISTS, OPERATORS, Refusals},
        page::last_page,
    },
    http::openapi::Document,
};

use super::common::{NOTIFICATION, USER};
use crate::dead_letters::{ListQuery, ListView, Redrive, Redriven};

const LETTER: &str = "2024-03-01T10:00:00.000Z#5fea7756-0ea4-451a-a703-a558b933e274";

/// The operations.
pub fn document(doc: &mut Document) {
    let letter = json!({
        "id": LETTER, "reason": "provider_unavailable", "notification_id": NOTIFICATION, "user_id": USER,
        "channel": "email", "at": "2024-03-01T10:10:00.000Z",
    });
    doc.tag("Dead letters", "Messages that are not tried any more, to be inspected and sent again by an operator.");
    doc.get("/api/v1/dead-letters", "listDeadLetters", "Dead letters, newest first")
        .bearer(OPERATORS)
        .query::<ListQuery>()
        .answers::<ListView>(200, "A page", json!({"items": [letter], "page": last_page()}))
        .refuses::<Refusals>(LISTS);
    doc.post("/api/v1/dead-letters/redrive", "redriveDeadLetters", "Send dead letters again")
        .says(
            "A dead letter that was redriven no longer exists: if it is redriven again, its id is `not_found`. The delivery is \
             `queued`, decided again, and has all of its attempts once more; its `attempts` goes on counting. If they \
             fail, too, it becomes a new dead letter. A message that is redriven twice is sent once. A delivery that was \
             sent, skipped or cancelled in the \
             meantime is not sent again.",
        )
        .bearer(OPERATORS)
        .once()
        .body::<Redrive>(json!({"ids": [LETTER]}))
        .answers::<Redriven>(
            202,
            "The result",
            json!({
                "redriven": 1, "already_done": 0, "not_found": [], "has_more": false,
            }),
        )
        .refuses::<Refusals>(CREATES);
}
