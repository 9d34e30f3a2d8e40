//! Runs in the OpenAPI document.

use serde_json::{Value, json};
use shared::{
    dialects::native::{
        openapi::{ADMIN_OR_SERVICE, DELETES, READS, Refusals},
        page::last_page,
    },
    domain::RunId,
    http::openapi::Document,
};

use super::common::success;
use crate::{
    run_body::RunRequest,
    runs::{AcceptedView, ListQuery, ListView, RunView},
    success::Success,
};

const RUN: &str = "0d6b5f5e-3c0b-4b0c-9a57-0f6f2a1f6c3d";

/// The operations.
pub fn document(doc: &mut Document) {
    const PATH: &str = "/api/v1/runs/{id}";
    doc.post("/api/v1/runs", "sendRun", "Send a notification to many recipients")
        .says(
            "The run is queued. A worker creates a notification for each recipient, and decides about each at the moment of sending. \
             The same `request_id` with another body is 409.\n\n\
             Recipients who are not there, were erased or belong to another organisation get none: `readRun` counts them by reason. \
             A topic's recipients are those who were subscribed before the request, and still are when their notification is sent. \
             The run is expanded some seconds later. Users who subscribe within two seconds after the request may get it, too.",
        )
        .bearer(ADMIN_OR_SERVICE)
        .once()
        .body::<RunRequest>(json!({
            "topic": "news", "template_code": "release", "variables": {"version": "2.0"},
        }))
        .answers::<Success<AcceptedView>>(
            202,
            "It is queued",
            success(json!({"run_id": RUN, "status": "queued"}), "Run queued successfully"),
        )
        .refuses::<Refusals>(&[400, 401, 403, 404, 409, 413, 415, 500, 503]);
    doc.get(PATH, "readRun", "Read the progress of a run")
        .says("Once the run is `done`, the numbers are exact: each recipient is counted once.")
        .bearer(ADMIN_OR_SERVICE)
        .path::<RunId>("id", "The run's id", RUN)
        .answers::<Success<RunView>>(200, "How far it is", success(run("done"), "Run retrieved successfully"))
        .refuses::<Refusals>(READS);
    doc.delete(PATH, "cancelRun", "Cancel what has not been sent of a run")
        .says(
            "An invocation of a worker that begins after the answer sends nothing of the run. What a worker has read before may still be \
             sent, until its invocation ends. A second request gets the state at that time.",
        )
        .bearer(ADMIN_OR_SERVICE)
        .path::<RunId>("id", "The run's id", RUN)
        .once()
        .answers::<Success<RunView>>(200, "How far it was", success(cancelled(), "Run cancelled"))
        .refuses::<Refusals>(DELETES);
    doc.get("/api/v1/runs/{id}/notifications", "listRunNotifications", "The notifications of a run")
        .says("Those that have been created so far, in the order of the recipients; of a topic, part by part.")
        .bearer(ADMIN_OR_SERVICE)
        .path::<RunId>("id", "The run's id", RUN)
        .query::<ListQuery>()
        .answers::<Success<ListView>>(
            200,
            "A page",
            success(json!({"items": [], "page": last_page()}), "Notifications retrieved successfully"),
        )
        .refuses::<Refusals>(READS);
}

fn run(status: &str) -> Value {
    json!({
        "run_id": RUN, "status": status, "topic": "news", "recipients": 1000, "expanded": 998,
        "left_out": {"user_erased": 2}, "created_at": "2024-03-01T10:00:00.000Z",
    })
}

fn cancelled() -> Value {
    json!({
        "run_id": RUN, "status": "cancelled", "topic": "news", "recipients": 400, "expanded": 400, "left_out": {},
        "created_at": "2024-03-01T10:00:00.000Z", "cancelled_at": "2024-03-01T10:05:00.000Z",
    })
}
