//! Contract 1: `PUT /api/v1/users/{id}/preferences`, channel preferences, partial per channel.

use std::collections::BTreeMap;

use lambda_http::{
    Body, Request,
    http::{Method, StatusCode, header},
};
use schemars::JsonSchema;
use serde_json::json;
use shared::{
    dialects::native::{
        Access, NoQuery, Problem, RedactedUserView, UserView,
        openapi::{self, SELF_ADMIN_OR_SERVICE},
        refused,
    },
    domain::{Channel, UserChange, UserId, user_change::AllowedUser},
    http::{
        IdempotentRequest, Reply,
        auth::Caller,
        etag,
        openapi::Document,
        query,
        request::{RequestBody, member::expected, objects::CHANNELS},
    },
    request_body,
};

use crate::{Anonymous, App};

/// Answers a request for the path, whatever its method.
pub async fn handle(app: &App, request: &Request, raw_id: &str) -> Reply {
    let answer = match *request.method() {
        Method::PUT => put(app, request, raw_id).await,
        _ => Err(Problem::MethodNotAllowed("GET, HEAD, PATCH, PUT")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

async fn put(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (caller, user) = caller(app, request, raw_id).await?;
    let idempotent = IdempotentRequest::of(request, caller.as_ref())?.about(&user);
    let change = decode(request.body())?;
    let precondition = etag::precondition(request.headers());
    let write = async {
        let changed = app.store.update_allowed(&user, change, precondition.as_ref(), app.clock.now()).await;
        let changed = changed.map_err(|error| refused(error, caller.as_ref(), user.id()))?;
        Ok(match (&caller, app.anonymous) {
            (None, Anonymous::Refused | Anonymous::Redacted) => RedactedUserView::reply(StatusCode::OK, changed),
            (None, Anonymous::Whole) | (Some(_), _) => UserView::reply(StatusCode::OK, changed),
        })
    };
    idempotent.run(&app.store, write).await
}

/// The caller, if there is one. A request without a token passes if the deployment allows it; a request with an invalid
/// token never does.
async fn caller(app: &App, request: &Request, raw_id: &str) -> Result<(Option<Caller>, AllowedUser), Problem> {
    if app.anonymous != Anonymous::Refused && !request.headers().contains_key(header::AUTHORIZATION) {
        let id = UserId::parse(raw_id).ok_or_else(|| Problem::invalid("id must be a UUID"))?;
        let NoQuery = query::read(request)?;
        return Ok((None, AllowedUser::without_rule(id)));
    }
    let access = Access::SELF_ADMIN_OR_SERVICE;
    let (caller, user, NoQuery) = access.caller_for(&app.bearer, request, raw_id).await?;
    Ok((Some(caller), user))
}

request_body! {
    /// The channels to switch on or off.
    struct ChannelPreferences as "ChannelPreferences" {
        /// Channels that are switched; the others stay as they are.
        preferences: BTreeMap<Channel, bool> = expected(CHANNELS),
    }
}

/// The answer to a change of channel preferences.
#[derive(JsonSchema)]
#[schemars(untagged, rename = "ChannelPreferencesResponse")]
#[expect(dead_code, reason = "it describes the two shapes of the answer")]
enum Answer {
    Whole(UserView),
    Redacted(RedactedUserView),
}

fn decode(body: &Body) -> Result<UserChange, Problem> {
    let ChannelPreferences { preferences } = ChannelPreferences::decode(body)?;
    Ok(UserChange { channels: preferences, ..UserChange::default() })
}

/// The contract's part of the OpenAPI document.
pub fn document(doc: &mut Document) {
    doc.tag("Channel preferences", "Which channels may reach a user.");
    doc.put("/api/v1/users/{id}/preferences", "setChannelPreferences", "Switch channels, partially")
        .says(
            "Switches whole channels on or off. `readUser` shows the switches: `GET` and `PATCH` of this path are about something else, \
             language and time zone (`readDisplayPreferences`). A channel that was never switched is on.\n\n\
             Where the deployment sets `AnonymousPreferences` to `redacted` or `true`, a request without a token passes. With \
             `redacted`, its answer holds `id`, `preferences` and `updated_at` only; `name`, `email` and `push_token` are `null`.",
        )
        .bearer_or_nobody(SELF_ADMIN_OR_SERVICE)
        .path::<UserId>("id", "The user's id", "123e4567-e89b-12d3-a456-426614174000")
        .if_match()
        .once()
        .body::<ChannelPreferences>(json!({"preferences": {"email": false, "push": true}}))
        .answers::<Answer>(200, "The whole user, or what a caller without a token may know", UserView::example())
        .refuses::<openapi::Refusals>(openapi::WRITES);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(body: &str) -> Vec<String> {
        match decode(&Body::from(body)) {
            Err(problem) => problem.errors(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_the_channels_given_are_in_the_change() {
        let change = decode(&Body::from(r#"{"preferences":{"email":false,"in_app":true}}"#)).unwrap();
        assert_eq!(change.channels, [(Channel::Email, false), (Channel::InApp, true)].into());
        assert_eq!(change, UserChange { channels: change.channels.clone(), ..UserChange::default() });
    }

    #[test]
    fn missing_or_non_object_preferences_say_what_they_must_be() {
        for body in ["{}", r#"{"preferences":null}"#, r#"{"preferences":[]}"#, r#"{"preferences":"email"}"#] {
            assert_eq!(faults(body), ["preferences must be an object"], "{body}");
        }
    }

    #[test]
    fn one_sentence_a_fault() {
        assert_eq!(
            faults(r#"{"preferences":{"email":"no","fax":true},"extra":1}"#),
            [
                "preferences.email must be true or false",
                "preferences.fax is not a channel: it must be one of email, push, sms, slack, in_app",
                "extra is not a known field",
            ]
        );
    }
}
