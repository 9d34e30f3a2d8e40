//! `POST /api/v1/users/{id}/preference-link`: a link to the preference centre, for an application to hand to its user.

use std::time::Duration;

use lambda_http::{
    Body, Request,
    http::{Method, StatusCode, header},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use shared::{
    dialects::native::{
        Access, NoQuery, Problem,
        openapi::{Refusals, SELF_ADMIN_OR_SERVICE},
        refused,
    },
    domain::{Timestamp, UserId},
    http::{
        Reply,
        openapi::Document,
        request::{RequestBody, kind::Kind, kinds::Whole, member::optional},
    },
    preference_link::{LIFETIME, LONGEST, SHORTEST},
    request_body,
};

use crate::App;

/// Answers a request for the path, whatever its method.
pub async fn handle(app: &App, request: &Request, raw_id: &str) -> Reply {
    let answer = match *request.method() {
        Method::POST => mint(app, request, raw_id).await,
        _ => Err(Problem::MethodNotAllowed("POST")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "PreferenceLink")]
struct Link {
    url: String,
    expires_at: Timestamp,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "PreferenceLinkResponse")]
struct Success {
    success: bool,
    data: Link,
    message: &'static str,
}

async fn mint(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (caller, user, NoQuery) = Access::SELF_ADMIN_OR_SERVICE.caller_for(&app.bearer, request, raw_id).await?;
    let lifetime = decode(request.body())?;
    let base = app.preference_center.base(request);
    let base =
        base.ok_or_else(|| Problem::invalid("the header host must be the name at which users reach this service"))?;
    let now = app.clock.now();
    let found = app.store.allowed_user(&user).await;
    let user = found.map_err(|error| refused(error, Some(&caller), user.id()))?;
    let expires_at = Timestamp::from_millis(now.plus(lifetime).seconds() * 1000);
    let key = app.preference_center.keys.key().await?;
    let url = key.link(&base, user.id, user.link_epoch(), expires_at);
    let body = Success { success: true, data: Link { url, expires_at }, message: "Preference link created" };
    Ok(Reply::json(StatusCode::CREATED, &body).header(header::CACHE_CONTROL, "no-store"))
}

request_body! {
    /// The link to create.
    struct PreferenceLinkRequest as "PreferenceLinkRequest" {
        /// For how many seconds the link is valid; a day if it is left out.
        expires_in: Option<u64> = optional(lifetime()),
    }
}

fn lifetime() -> impl Kind<Value = u64> {
    let (shortest, longest) = (SHORTEST.as_secs(), LONGEST.as_secs());
    Whole(shortest, longest).saying(format!("a whole number of seconds from {shortest} to {longest}"))
}

/// The lifetime that the body asks for. Without a body, each field has its default.
fn decode(body: &Body) -> Result<Duration, Problem> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(LIFETIME);
    }
    let PreferenceLinkRequest { expires_in } = PreferenceLinkRequest::decode(body)?;
    Ok(expires_in.map_or(LIFETIME, Duration::from_secs))
}

/// The path's part of the OpenAPI document.
pub fn document(doc: &mut Document) {
    let data = json!({
        "url": "https://notify.example.com/preferences?token=eyJ1c2VyIjoi…", "expires_at": "2024-03-02T10:00:00.000Z",
    });
    doc.post(
        "/api/v1/users/{id}/preference-link",
        "createPreferenceLink",
        "Create a link to the user's preference centre",
    )
    .bearer(SELF_ADMIN_OR_SERVICE)
    .path::<UserId>("id", "The user's id", "123e4567-e89b-12d3-a456-426614174000")
    .body::<PreferenceLinkRequest>(json!({"expires_in": 86400}))
    .or_no_body()
    .answers::<Success>(201, "The link", json!({"success": true, "data": data, "message": "Preference link created"}))
    .header(201, "Cache-Control", "CacheControl")
    .refuses::<Refusals>(&[400, 401, 403, 404, 413, 415, 500, 503]);
}

#[cfg(test)]
mod tests {
    use shared::http::body::BodyError;

    use super::*;

    #[test]
    fn a_link_is_good_for_a_day_unless_another_time_is_asked_for() {
        for (body, seconds) in [
            ("", 86_400),
            (" \n", 86_400),
            ("{}", 86_400),
            (r#"{"expires_in":60}"#, 60),
            (r#"{"expires_in":7776000}"#, 7_776_000),
        ] {
            assert_eq!(decode(&Body::from(body)), Ok(Duration::from_secs(seconds)), "{body}");
        }
    }

    #[test]
    fn another_body_is_told_what_it_must_be() {
        let number = "expires_in must be a whole number of seconds from 60 to 7776000";
        for value in ["59", "7776001", "-60", "60.5", "\"60\"", "null", "true", "1e400"] {
            let refused = decode(&Body::from(format!(r#"{{"expires_in":{value}}}"#)));
            match refused {
                // It cannot be kept, whatever the field.
                Err(Problem::Body(BodyError::Number(_))) if value == "1e400" => {}
                Err(problem) => assert_eq!(problem.errors(), [number], "{value}"),
                other => panic!("{value}: {other:?}"),
            }
        }
        let unknown = decode(&Body::from(r#"{"lifetime":60}"#));
        assert_eq!(unknown.unwrap_err().errors(), ["lifetime is not a known field"]);
        assert_eq!(decode(&Body::from("[]")), Err(Problem::Body(BodyError::NotAnObject)));
    }
}
