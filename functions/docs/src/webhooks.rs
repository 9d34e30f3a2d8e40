//! The webhooks of the document: the request that Tidings makes of an application's own URL.

use serde_json::{Value, json};
use shared::{
    delivery::WebhookEvent,
    domain::{Channel, RenderedContent},
    http::openapi::Document,
};

/// Checks a signature. The tests of the clients run these files as they stand here (`tests/clients/run`).
const NODE: &str = include_str!("../webhooks/verify.mjs");
const PYTHON: &str = include_str!("../webhooks/verify.py");

const ABOUT: &str = "Tidings calls the URL of a user's settings for a channel whose provider is `webhook`, as Standard Webhooks 1.0 \
asks (<https://www.standardwebhooks.com>). The signature is `v1,` and the base64 of HMAC-SHA-256 over `webhook-id`, \
`webhook-timestamp` and the body, joined by dots; the key is the base64 after `whsec_` in the channel's secret. Check it before you \
read the body, and refuse an old timestamp. Answer 2xx within ten seconds and work afterwards. Every other answer but 410 is tried \
again, with the same id and body, so remember the ids that you have seen.";

/// The webhooks' part of the document.
pub fn document(doc: &mut Document) {
    doc.tag("Webhooks", "What Tidings calls: URLs of your own.");
    let content = RenderedContent::inline(None, Some("Order 4711"), "It is on its way.", Channel::Push);
    let operation = json!({
        "operationId": "receiveNotification",
        "summary": "A notification for a user whose channel is a webhook",
        "description": format!("{ABOUT}\n\nIn Node:\n\n```js\n{NODE}```\n\nIn Python:\n\n```python\n{PYTHON}```"),
        "security": [],
        "parameters": [
            header("webhook-id", json!({"type": "string", "format": "uuid"}), json!("3b3a1c8e-30c1-5c0f-9d8b-0a2f5f0c3c11"),
                "The id of this message to this URL: the same at each attempt."),
            header("webhook-timestamp", json!({"type": "integer"}), json!(1_709_287_200),
                "The time of the attempt, in seconds since 1970."),
            header("webhook-signature", json!({"type": "string", "pattern": "^v1,[A-Za-z0-9+/]{43}=( v1,[A-Za-z0-9+/]{43}=)*$"}),
                json!("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
                "One signature for each of the channel's secrets, separated by a space."),
        ],
        "responses": {
            "2XX": {"description": "It is delivered."},
            "410": {"description": "Nothing more is sent to this URL until the user's settings are set again."},
            "default": {"description": "It is tried again; `Retry-After` is followed."},
        },
    });
    let operation = operation.as_object().cloned().unwrap_or_default();
    doc.webhook::<WebhookEvent<'static>>("notification", operation, WebhookEvent::example(&content));
}

fn header(name: &str, schema: Value, example: Value, description: &str) -> Value {
    json!({
        "name": name, "in": "header", "required": true, "description": description, "schema": schema, "example": example,
    })
}
