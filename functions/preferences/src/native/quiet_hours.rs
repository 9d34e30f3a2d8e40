//! `GET`, `PUT` and `DELETE /api/v1/users/{id}/quiet-hours`: when nothing is to be sent to the user.

use std::collections::BTreeSet;

use lambda_http::{
    Body, Request,
    http::{Method, StatusCode},
};
use schemars::JsonSchema;
use serde_json::{Value, json};
use shared::{
    dialects::native::{
        Access, Fields, Problem,
        openapi::{self, Refusals},
        refused,
    },
    domain::{Field, QuietHours, TimeOfDay, Timestamp, User, UserChange, UserId, Weekday},
    http::{Once, Reply, auth::Caller, body, etag, openapi::Document},
    store::Precondition,
};

use crate::App;

/// Answers a request for the path, whatever its method.
pub async fn handle(app: &App, request: &Request, raw_id: &str) -> Reply {
    let answer = match *request.method() {
        Method::GET => read(app, request, raw_id).await,
        Method::PUT => put(app, request, raw_id).await,
        Method::DELETE => delete(app, request, raw_id).await,
        _ => Err(Problem::MethodNotAllowed("GET, PUT, DELETE")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

async fn read(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (caller, id) = Access::SELF_OR_ADMIN.caller_for(&app.bearer, request.headers(), raw_id).await?;
    // A change of nothing is a read, under the same rule as any change.
    shown(&change(app, &caller, id, Field::Absent, None).await?)
}

async fn put(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (caller, id) = Access::SELF_OR_ADMIN.caller_for(&app.bearer, request.headers(), raw_id).await?;
    let once = Once::of(request, &caller.subject)?.about(id);
    let quiet = Field::Value(decode(request.body())?);
    let precondition = etag::precondition(request.headers());
    let write = async { shown(&change(app, &caller, id, quiet, precondition.as_ref()).await?) };
    once.run(&app.store, write).await
}

/// Removes them, or finds that there are none: the user is there and has none afterwards.
async fn delete(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (caller, id) = Access::SELF_OR_ADMIN.caller_for(&app.bearer, request.headers(), raw_id).await?;
    let once = Once::of(request, &caller.subject)?.about(id);
    let precondition = etag::precondition(request.headers());
    let write = async {
        let user = change(app, &caller, id, Field::Null, precondition.as_ref()).await?;
        Ok(Reply::empty(StatusCode::NO_CONTENT).etag(user.version))
    };
    once.run(&app.store, write).await
}

async fn change(
    app: &App,
    caller: &Caller,
    id: UserId,
    quiet: Field<QuietHours>,
    precondition: Option<&Precondition>,
) -> Result<User, Problem> {
    let change = UserChange { quiet, ..UserChange::default() };
    let user = app.store.update_user(id, &change, precondition, Timestamp::now()).await;
    user.map_err(|error| refused(error, Some(caller), id))
}

fn shown(user: &User) -> Result<Reply, Problem> {
    let quiet = user.quiet.as_ref().ok_or(Problem::not_found("Quiet hours are not set"))?;
    Ok(Reply::json(StatusCode::OK, quiet).etag(user.version))
}

/// `{"start", "end", "days"?}`, all of it: what is left out is not kept from before.
fn decode(body: &Body) -> Result<QuietHours, Problem> {
    let mut fields = Fields::new(body::object(body)?);
    let time = |value: Value| TimeOfDay::parse(value.as_str()?);
    let start = fields.required("start", TimeOfDay::ACCEPTED, time);
    let end = fields.required("end", TimeOfDay::ACCEPTED, time);
    let days = fields.read("days", &accepted_days(), days).value().cloned();
    if start.is_some() && start == end {
        fields.fault("end must be another time than start");
    }
    let quiet = start.zip(end).and_then(|(start, end)| QuietHours::new(start, end, days));
    fields.finish(quiet)
}

fn accepted_days() -> String {
    format!("a list of one or more of {}, or null for every day", Weekday::ALL.map(Weekday::name).join(", "))
}

fn days(value: Value) -> Option<BTreeSet<Weekday>> {
    let Value::Array(days) = value else { return None };
    let days: Option<BTreeSet<_>> = days.iter().map(|day| Weekday::parse(day.as_str()?)).collect();
    days.filter(|days| !days.is_empty())
}

/// What may be sent; read by [`decode`].
#[derive(JsonSchema)]
#[schemars(rename = "QuietHoursReplacement", deny_unknown_fields)]
#[expect(dead_code, reason = "only its shape is used")]
struct Shape {
    start: TimeOfDay,
    /// Another time than `start`; where it is not after it, it is the next day's.
    end: TimeOfDay,
    /// On which days a period begins; every day where none is named.
    #[schemars(length(min = 1))]
    days: Option<BTreeSet<Weekday>>,
}

/// The path's part of the OpenAPI document.
pub fn document(doc: &mut Document) {
    const PATH: &str = "/api/v1/users/{id}/quiet-hours";
    const USER: &str = "123e4567-e89b-12d3-a456-426614174000";
    let quiet = json!({"start": "22:00", "end": "07:00", "days": ["fri", "sat"]});
    doc.tag("Quiet hours", "From when to when nothing is to be sent, by the clock in the user's zone.");
    doc.get(PATH, "readQuietHours", "When nothing is to be sent")
        .bearer("self, admin")
        .path::<UserId>("id", "The user's id", USER)
        .answers::<QuietHours>(200, "The quiet hours", quiet.clone())
        .header(200, "ETag", "ETag")
        .refuses::<Refusals>(openapi::READS);
    doc.put(PATH, "setQuietHours", "Set them anew")
        .bearer("self, admin")
        .path::<UserId>("id", "The user's id", USER)
        .if_match()
        .once()
        .body::<Shape>(quiet.clone())
        .answers::<QuietHours>(200, "The quiet hours", quiet)
        .refuses::<Refusals>(openapi::WRITES);
    doc.delete(PATH, "removeQuietHours", "Have none")
        .bearer("self, admin")
        .path::<UserId>("id", "The user's id", USER)
        .if_match()
        .once()
        .answers_empty(204, "There are none")
        .header(204, "ETag", "ETag")
        .refuses::<Refusals>(openapi::DELETES);
}

#[cfg(test)]
mod tests {
    use shared::dialects::native::Own;

    use super::*;

    fn of(body: &str) -> Result<String, Problem> {
        decode(&Body::from(body)).map(|quiet| serde_json::to_string(&quiet).unwrap())
    }

    fn faults(body: &str) -> Vec<String> {
        match of(body) {
            Err(Problem::Own(Own::Validation(faults))) => faults,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn days_are_told_in_their_order_and_once_and_none_is_every_day() {
        let given = r#"{"end":"07:00","start":"22:00","days":["sun","mon","sun"]}"#;
        assert_eq!(of(given).unwrap(), r#"{"start":"22:00","end":"07:00","days":["mon","sun"]}"#);
        let every = r#"{"start":"22:00","end":"07:00"}"#;
        assert_eq!(of(every).unwrap(), every);
        assert_eq!(of(r#"{"start":"22:00","end":"07:00","days":null}"#).unwrap(), every);
    }

    #[test]
    fn one_sentence_a_fault() {
        let time = "a time of day as HH:MM, from 00:00 to 23:59";
        let some = "days must be a list of one or more of mon, tue, wed, thu, fri, sat, sun, or null for every day";
        assert_eq!(
            faults(r#"{"start":"24:00","days":["monday"],"zone":"UTC"}"#),
            [
                format!("start must be {time}"),
                format!("end is required: it must be {time}"),
                some.to_owned(),
                "zone is not a known field".to_owned(),
            ]
        );
        assert_eq!(faults(r#"{"start":"07:00","end":"07:00"}"#), ["end must be another time than start"]);
        for days in ["[]", "{}", "\"mon\"", "[1]", "[\"Mon\"]", "[null]", "true"] {
            assert_eq!(faults(&format!(r#"{{"start":"22:00","end":"07:00","days":{days}}}"#)), [some], "{days}");
        }
        for bad in ["null", "7", "\"7:00\"", "\"\"", "[\"07:00\"]"] {
            let body = format!(r#"{{"start":{bad},"end":"07:00"}}"#);
            assert_eq!(faults(&body), [format!("start must be {time}")], "{bad}");
        }
    }
}
