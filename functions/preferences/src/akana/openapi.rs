//! Contract 2's part of the OpenAPI document.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};
use shared::{
    domain::SecuritySettings,
    http::{
        Reply,
        body::BodyError,
        openapi::{Dialect, Document},
    },
};

use super::{
    account::AccountSettings,
    account_change::AccountSettingsChange,
    login::LoggedIn,
    media::JSON,
    problem::{Own, Problem, reply},
    types::NotificationTypes,
};

const USER: &str = "522320b9-cb6b-495d-ae07-e4b3bfdb3f6a.acmepaymentscorp";
/// Without a session nothing is told: 401 stands for 403 and 404 too.
const READS: &[u16] = &[401, 406, 500, 503];
const WRITES: &[u16] = &[400, 401, 406, 409, 412, 413, 415, 500, 503];

/// Contract 2's refusals, each a sentence.
struct Refusals;

impl Dialect for Refusals {
    const NAME: &'static str = "AkanaError";

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }

    fn samples() -> Vec<(&'static str, Reply)> {
        let invalid = Own::Invalid(vec!["Email must be an email address".to_owned()]).into();
        [
            ("the request is not valid: one sentence on each line", invalid),
            (
                "there is no session, or it has no right to do this or to know whether the record exists",
                Problem::Unauthenticated,
            ),
            ("Accept does not allow the content type of the answer", Own::NotAcceptable("text/plain").into()),
            ("another user has this address", Problem::EmailTaken),
            ("the idempotency key was used for another request", Problem::KeyConflict { key: String::new() }),
            ("the first request with this idempotency key is still running", Problem::KeyRunning),
            ("its version is not the one that If-Match names", Problem::Stale),
            ("the body is larger than 256 KiB", Problem::Body(BodyError::TooLarge)),
            ("the body has a Content-Encoding", Problem::Body(BodyError::Encoded)),
            ("the body's content type is not accepted", Own::UnsupportedType.into()),
            ("something failed on our side", Problem::Internal),
            ("the same request may succeed in a moment", Problem::Unavailable),
        ]
        .map(|(when, problem): (_, Problem)| (when, reply(&problem)))
        .into()
    }
}

/// The answer to a log-out: an empty object.
#[derive(JsonSchema)]
struct LoggedOut {}

/// The contract's part of the document.
pub fn document(doc: &mut Document) {
    doc.compatibility_tag("Akana: notification groups", "Groups a user is opted into, log-in, security settings.");
    log_in(doc);
    account(doc);
    business(doc);
}

fn log_in(doc: &mut Document) {
    let logged_in = json!({"UserID": USER, "Expires": "2024-03-01T10:30:00.000Z"});
    doc.post("/api/login", "logIn", "Begin a session of 30 minutes")
        .says("The session is of the organisation that the token's `org` names.")
        .bearer("anybody who belongs to the organisation")
        .answers_as::<LoggedIn>(&JSON, 200, "Both cookies are set", logged_in.clone())
        .header(200, "Set-Cookie", "SetCookie")
        .header(200, "Cache-Control", "CacheControl")
        .refuses::<Refusals>(READS);
    doc.post("/api/login/renewToken", "renewSession", "Renew the session for another 30 minutes")
        .says("A session can be renewed until 12 hours after the log-in.")
        .session("anybody who is logged in")
        .answers_as::<LoggedIn>(&JSON, 200, "Both cookies are set", logged_in)
        .header(200, "Set-Cookie", "SetCookie")
        .header(200, "Cache-Control", "CacheControl")
        .refuses::<Refusals>(READS);
    doc.post("/api/login/logout", "logOut", "End the client's session")
        .session("anybody who has a session cookie, valid or not")
        .answers_as::<LoggedOut>(&JSON, 200, "Both cookies are cleared", json!({}))
        .header(200, "Set-Cookie", "SetCookie")
        .header(200, "Cache-Control", "CacheControl")
        .refuses::<Refusals>(&[401, 406]);
}

fn account(doc: &mut Document) {
    const PATH: &str = "/api/users/{UserID}/settings";
    let groups = [
        "com.soa.notification.type.ticket.change",
        "com.soa.notification.type.app.alert",
        "com.soa.notification.type.post.comment",
    ];
    let settings = json!({"UserID": USER, "Email": "janesaoirse@acmepaymentscorp.com", "OptedNotification": groups});
    doc.put(PATH, "changeAccountSettings", "Change the address, or replace the groups that the user is opted into")
        .says(
            "A known group that is left out of the list is opted out of; without the list the groups stay as they are.",
        )
        .session_with_csrf("self, site admin")
        .path::<String>("UserID", "`{uuid}.{organisation}`", USER)
        .if_match()
        .once()
        .body_as::<AccountSettingsChange>(&JSON, settings.clone())
        .answers_as::<String>(&["text/plain"], 200, "The path's UserID", json!(USER))
        .refuses::<Refusals>(WRITES);
    doc.get(PATH, "readAccountSettings", "The user's address and the groups that the user is opted into")
        .session("self, site admin")
        .path::<String>("UserID", "`{uuid}.{organisation}`", USER)
        .answers_as::<AccountSettings<'static>>(&JSON, 200, "The settings", settings)
        .header(200, "ETag", "ETag")
        .refuses::<Refusals>(READS);
    doc.get("/api/notifications/types", "listNotificationTypes", "All notification groups")
        .session("anybody who is logged in")
        .answers_as::<NotificationTypes<'static>>(&JSON, 200, "All groups", json!({"NotificationType": groups}))
        .refuses::<Refusals>(READS);
}

fn business(doc: &mut Document) {
    const PATH: &str = "/api/businesses/{BusinessID}/securitysettings";
    const BUSINESS: &str = "tenantbusiness.acmepaymentscorp";
    let shown = json!({
        "ReadRequestCSRFSupport": "com.soa.feature.disabled",
        "SiteAdminModifyEmail": "com.soa.feature.enabled",
        "UserModifyEmail": "com.soa.feature.disabled",
        "WriteRequestCSRFSupport": "com.soa.feature.enabled",
    });
    let change: Value = json!({"UserModifyEmail": "com.soa.feature.disabled"});
    doc.put(PATH, "changeSecuritySettings", "Change a business's security settings, partially")
        .says("A change takes effect within five minutes. `CaptchaSiteSecret` is accepted and not stored.")
        .session_with_csrf("site admin")
        .path::<String>("BusinessID", "`tenantbusiness.{organisation}`", BUSINESS)
        .if_match()
        .once()
        .body_as::<SecuritySettings>(&JSON, change)
        .answers_as::<SecuritySettings>(&JSON, 200, "What was ever set, and the features' defaults", shown.clone())
        .refuses::<Refusals>(WRITES);
    doc.get(PATH, "readSecuritySettings", "A business's security settings")
        .session("site admin")
        .path::<String>("BusinessID", "`tenantbusiness.{organisation}`", BUSINESS)
        .answers_as::<SecuritySettings>(&JSON, 200, "What was ever set, and the features' defaults", shown)
        .header(200, "ETag", "ETag")
        .refuses::<Refusals>(READS);
}
