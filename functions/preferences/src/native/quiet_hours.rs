//! `GET`, `PUT` and `DELETE /api/v1/users/{id}/quiet-hours`: the times at which nothing is sent to the user.

use std::collections::BTreeSet;

use lambda_http::{
    Body, Request,
    http::{Method, StatusCode},
};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};
use shared::{
    dialects::native::{
        Access, NoQuery, Problem,
        openapi::{self, Refusals, SELF_OR_ADMIN},
        refused,
    },
    domain::{Field, QuietHours, TimeOfDay, User, UserChange, UserId, Weekday, user_change::AllowedUser},
    http::{
        IdempotentRequest, Reply,
        auth::Caller,
        etag,
        openapi::Document,
        request::{
            Reason, RequestBody, fault,
            kind::{Kind, Place, Refused},
            kinds::{Text, schema_of, text},
            member::{nullable, required},
        },
    },
    request_body,
    store::{Precondition, UserPart},
};

use crate::App;

/// Answers a request for the path, whatever its method.
pub async fn handle(app: &App, request: &Request, raw_id: &str) -> Reply {
    let answer = match *request.method() {
        Method::GET => read(app, request, raw_id).await,
        Method::PUT => put(app, request, raw_id).await,
        Method::DELETE => delete(app, request, raw_id).await,
        _ => Err(Problem::MethodNotAllowed("GET, HEAD, PUT, DELETE")),
    };
    answer.unwrap_or_else(|problem| problem.reply())
}

async fn read(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (caller, user, NoQuery) = Access::SELF_OR_ADMIN.caller_for(&app.bearer, request, raw_id).await?;
    // An empty change reads the user, under the same rule as any change.
    shown(&change(app, &caller, &user, Field::Absent, None).await?)
}

async fn put(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (caller, user, NoQuery) = Access::SELF_OR_ADMIN.caller_for(&app.bearer, request, raw_id).await?;
    let idempotent = IdempotentRequest::of(request, &caller)?.about(&user);
    let quiet = Field::Value(decode(request.body())?);
    let precondition = etag::precondition(request.headers());
    let write = async { shown(&change(app, &caller, &user, quiet, precondition.as_ref()).await?) };
    idempotent.run(&app.store, write).await
}

/// Removes the quiet hours. It is not an error if the user has none.
async fn delete(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (caller, user, NoQuery) = Access::SELF_OR_ADMIN.caller_for(&app.bearer, request, raw_id).await?;
    let idempotent = IdempotentRequest::of(request, &caller)?.about(&user);
    let precondition = etag::precondition(request.headers());
    let write = async {
        let changed = change(app, &caller, &user, Field::Null, precondition.as_ref()).await?;
        Ok(Reply::empty(StatusCode::NO_CONTENT).etag(changed.version))
    };
    idempotent.run(&app.store, write).await
}

async fn change(
    app: &App,
    caller: &Caller,
    user: &AllowedUser,
    quiet: Field<QuietHours>,
    precondition: Option<&Precondition>,
) -> Result<User, Problem> {
    let change = UserChange { quiet, ..UserChange::default() };
    let precondition = precondition.map(|demanded| demanded.of_part(UserPart::QuietHours));
    let changed = app.store.update_allowed(user, change, precondition.as_ref(), app.clock.now()).await;
    changed.map_err(|error| refused(error, Some(caller), user.id()))
}

fn shown(user: &User) -> Result<Reply, Problem> {
    let quiet = user.quiet.as_ref().ok_or(Problem::not_found("Quiet hours are not set"))?;
    Ok(Reply::json(StatusCode::OK, quiet).etag(user.version))
}

request_body! {
    /// Complete quiet hours. A field that is left out is not kept from before.
    pub struct QuietHoursReplacement as "QuietHoursReplacement" {
        start: TimeOfDay = required(TIME_OF_DAY),
        /// The end of a period, different from `start`. If it is not after `start`, the period ends on the next day.
        end: TimeOfDay = required(TIME_OF_DAY),
        /// The days on which a period begins; every day if none is named.
        days: Field<BTreeSet<Weekday>> = nullable(Days),
    }
    rule { (start.is_some() && start == end).then_some(("end", Reason::Rule, ANOTHER_TIME)) }
}

/// A time of day.
const TIME_OF_DAY: Text<TimeOfDay> = text(TimeOfDay::ACCEPTED, TimeOfDay::parse, schema_of::<TimeOfDay>);
/// The words for an end that equals the start.
const ANOTHER_TIME: &str = "must be another time than start";

/// Some days of the week.
struct Days;

impl Kind for Days {
    type Value = BTreeSet<Weekday>;

    fn accepted(&self) -> fault::Text {
        let names = Weekday::ALL.map(Weekday::name).join(", ");
        format!("a list of one or more of {names}, or null for every day").into()
    }

    fn read(&self, given: Value, _: &mut Place<'_>) -> Result<Self::Value, Refused> {
        let Value::Array(days) = given else { return Err(Refused::Type) };
        let days: Option<BTreeSet<_>> = days.iter().map(|day| Weekday::parse(day.as_str()?)).collect();
        days.filter(|days| !days.is_empty()).ok_or(Refused::Value)
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        let mut schema = schema_of::<BTreeSet<Weekday>>(schemas);
        schema.insert("minItems".into(), json!(1));
        schema
    }
}

fn decode(body: &Body) -> Result<QuietHours, Problem> {
    let QuietHoursReplacement { start, end, days } = QuietHoursReplacement::decode(body)?;
    let quiet = QuietHours::new(start, end, days.value().cloned());
    quiet.ok_or_else(|| Problem::invalid(format!("end {ANOTHER_TIME}")))
}

/// The path's part of the OpenAPI document.
pub fn document(doc: &mut Document) {
    const PATH: &str = "/api/v1/users/{id}/quiet-hours";
    const USER: &str = "123e4567-e89b-12d3-a456-426614174000";
    let quiet = json!({"start": "22:00", "end": "07:00", "days": ["fri", "sat"]});
    doc.tag(
        "Quiet hours",
        "From when to when nothing is to be sent, by the clock in the user's time zone: the `timezone` of `changeDisplayPreferences`, or \
         UTC if it was never set.",
    );
    doc.get(PATH, "readQuietHours", "Read a user's quiet hours")
        .bearer(SELF_OR_ADMIN)
        .path::<UserId>("id", "The user's id", USER)
        .answers::<QuietHours>(200, "The quiet hours", quiet.clone())
        .refuses::<Refusals>(openapi::READS);
    doc.put(PATH, "setQuietHours", "Replace a user's quiet hours")
        .says(
            "The times are by the clock in the user's time zone, which `changeDisplayPreferences` sets; of a user who never set one it is \
             UTC. A notification that would go out in quiet hours is `held` until they end, unless it is `critical`. What is held \
             already keeps its `held_until`.",
        )
        .bearer(SELF_OR_ADMIN)
        .path::<UserId>("id", "The user's id", USER)
        .if_match()
        .once()
        .body::<QuietHoursReplacement>(quiet.clone())
        .answers::<QuietHours>(200, "The quiet hours", quiet)
        .refuses::<Refusals>(openapi::WRITES);
    doc.delete(PATH, "removeQuietHours", "Remove a user's quiet hours")
        .says("What they hold at this moment is not released: it stays held until its `held_until`. What is sent later is not held.")
        .bearer(SELF_OR_ADMIN)
        .path::<UserId>("id", "The user's id", USER)
        .if_match()
        .once()
        .answers_empty(204, "There are none")
        .header(204, "ETag", "ETag")
        .refuses::<Refusals>(openapi::DELETES);
}

#[cfg(test)]
mod tests {

    use super::*;

    fn of(body: &str) -> Result<String, Problem> {
        decode(&Body::from(body)).map(|quiet| serde_json::to_string(&quiet).unwrap())
    }

    fn faults(body: &str) -> Vec<String> {
        match of(body) {
            Err(problem) => problem.errors(),
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
