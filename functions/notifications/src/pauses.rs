//! `/api/v1/pauses`: an operator's switches. What is paused is held, or dropped, until somebody resumes it.

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::Value;
use shared::{
    dialects::native::{
        Access, NoQuery, Own, Problem,
        page::{DEFAULT_LIMIT, LIMIT, PageRequest, PageView},
    },
    domain::{
        Channel, Field, Pause, PauseMode, PauseTarget, Timestamp, UserId, notification::MAX_GROUP, text::LINE_PATTERN,
    },
    http::{
        IdempotentRequest, Reply,
        auth::Caller,
        etag,
        query::Cursor,
        request::{
            RequestBody,
            fault::Text,
            kind::{Kind, Place, Refused},
            kinds::{Line, OneOf, TIME},
            member::{nullable, optional, or},
        },
    },
    request_body, request_query,
    store::{PauseError, WrittenPause},
};
use tracing::field::{DisplayValue, display};

use crate::App;

/// The most characters of a note.
const MAX_NOTE: usize = 200;

/// Answers a request below `/api/v1/pauses`.
pub async fn handle(app: &App, request: &Request, below: &[&str]) -> Result<Reply, Problem> {
    // A group's handle may have a slash. Whether the event source has decoded it or not, the rest of the path is the name.
    let what = below.join("/");
    match (below, request.method()) {
        ([], &Method::GET) => list(app, request).await,
        ([], _) => Err(Problem::MethodNotAllowed("GET, HEAD")),
        (_, &Method::GET) => read(app, request, &what).await,
        (_, &Method::PUT) => put(app, request, &what).await,
        (_, &Method::DELETE) => delete(app, request, &what).await,
        _ => Err(Problem::MethodNotAllowed("GET, HEAD, PUT, DELETE")),
    }
}

request_query! {
    /// Which pauses are listed.
    pub struct ListQuery {
        /// How many items a page has.
        limit: usize = or(LIMIT, DEFAULT_LIMIT),
        /// Where the page begins: the `after` of the page before. It is left out for the first page. On the last page `after` is `null`, and nothing follows.
        after: Option<String> = optional(Cursor(|place| PauseTarget::parse(place).is_some())),
    }
}

async fn list(app: &App, request: &Request) -> Result<Reply, Problem> {
    let (_, ListQuery { limit, after }) = Access::ADMIN.caller(&app.bearer, request).await?;
    let wanted = PageRequest { limit, after };
    let pauses = app.store.pauses(app.clock.now()).await?;
    let pauses = wanted.walk(pauses, |pause| pause.target.to_string());
    let (items, page) = wanted.read(request, pauses, |_, pause| PauseView::from(pause)).await?;
    Ok(Reply::json(StatusCode::OK, &PauseList { items, page }))
}

async fn read(app: &App, request: &Request, what: &str) -> Result<Reply, Problem> {
    let (_, target) = caller(app, request, what).await?;
    let (pause, version) = app.store.pause(&target, app.clock.now()).await?.ok_or_else(no_pause)?;
    Ok(Reply::json(StatusCode::OK, &PauseView::from(pause)).etag(version))
}

async fn put(app: &App, request: &Request, what: &str) -> Result<Reply, Problem> {
    let (caller, target) = caller(app, request, what).await?;
    let precondition = etag::precondition(request.headers());
    let write = async {
        // The body is read in here, since it may name a time that must be in the future: the same request with the same key gets
        // its first answer again, also when that time is over.
        let now = app.clock.now();
        let PauseReplacement { mode, until, note } = PauseReplacement::decode_with(request.body(), &now)?;
        let (until, note) = (until.into_value(), note.into_value());
        let pause = Pause { target, mode, until, note, paused_by: caller.subject.clone(), paused_at: now };
        let written = app.store.put_pause(&pause, precondition.as_ref(), now).await;
        let WrittenPause { is_new, version } = written.map_err(refused)?;
        tracing::warn!(what = %pause.target, mode = pause.mode.as_str(), by = by(&caller), "paused");
        let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
        Ok(Reply::json(status, &PauseView::from(pause)).etag(version))
    };
    IdempotentRequest::of(request, &caller)?.run(&app.store, write).await
}

async fn delete(app: &App, request: &Request, what: &str) -> Result<Reply, Problem> {
    let (caller, target) = caller(app, request, what).await?;
    let precondition = etag::precondition(request.headers());
    let write = async {
        let now = app.clock.now();
        app.store.delete_pause(&target, precondition.as_ref(), now).await.map_err(refused)?;
        tracing::warn!(what = %target, by = by(&caller), "resumed");
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    };
    IdempotentRequest::of(request, &caller)?.run(&app.store, write).await
}

/// The caller in a log: the user's id. A token's `sub` may be an email address, so only the record has it.
fn by(caller: &Caller) -> Option<DisplayValue<UserId>> {
    caller.user.map(display)
}

/// Accepts an operator who names something that can be paused.
async fn caller(app: &App, request: &Request, what: &str) -> Result<(Caller, PauseTarget), Problem> {
    let (caller, NoQuery) = Access::ADMIN.caller(&app.bearer, request).await?;
    let target = PauseTarget::parse(what)
        .ok_or_else(|| Problem::invalid(format!("what must be {}", PauseTarget::accepted())))?;
    Ok((caller, target))
}

fn refused(error: PauseError) -> Problem {
    match error {
        PauseError::NotFound => no_pause(),
        PauseError::TooMany => {
            Own::Conflict("There are already 100 pauses: end one, or pause a whole channel, or `all`").into()
        }
        PauseError::Stale => Own::Stale("The pause has changed since it was read").into(),
        PauseError::Store(error) => error.into(),
    }
}

fn no_pause() -> Problem {
    Problem::not_found("It is not paused")
}

request_body! {
    /// How it is paused.
    pub struct PauseReplacement as "PauseReplacement" (now: Timestamp) {
        /// Whether what is paused waits until the pause ends, or ends as `skipped`. A delivery that is dropped stays dropped.
        mode: PauseMode = or(MODE, PauseMode::Hold),
        /// When the pause ends by itself. Without it, the pause ends when it is deleted.
        until: Field<Timestamp> = nullable(Coming(now.copied())),
        /// A line for the next operator.
        note: Field<String> = nullable(Line(MAX_NOTE)),
    }
}

const MODE: OneOf<PauseMode> = OneOf { names: PauseMode::names, parse: PauseMode::parse };

/// A moment after this one.
struct Coming(Option<Timestamp>);

impl Kind for Coming {
    type Value = Timestamp;

    fn accepted(&self) -> Text {
        "a time in the future, with Z or an offset, such as 2026-03-01T10:00:00Z (RFC 3339), or null".into()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<Timestamp, Refused> {
        let at = TIME.read(given, place)?;
        if self.0.is_some_and(|now| at <= now) { Err(Refused::Value) } else { Ok(at) }
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        TIME.schema(schemas)
    }
}

/// What can be paused, as the path names it.
pub struct What;

impl JsonSchema for What {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "What".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let channels = Channel::ALL.map(Channel::as_str).join("|");
        let handle = LINE_PATTERN.trim_start_matches('^').trim_end_matches('$');
        let pattern = format!("^(all|channel:({channels})|group:{handle})$");
        json_schema!({"type": "string", "maxLength": "group:".len() + MAX_GROUP, "pattern": pattern})
    }
}

/// A pause.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Pause")]
pub struct PauseView {
    /// What is paused: `all`, `channel:` and a channel type, or `group:` and a group's handle.
    what: String,
    mode: PauseMode,
    /// `null`: until it is deleted.
    until: Option<Timestamp>,
    note: Option<String>,
    /// The `sub` of the caller's token.
    paused_by: String,
    paused_at: Timestamp,
}

/// A page of pauses, by what is paused.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Pauses")]
pub struct PauseList {
    items: Vec<PauseView>,
    page: PageView,
}

impl From<Pause> for PauseView {
    fn from(pause: Pause) -> Self {
        let Pause { target, mode, until, note, paused_by, paused_at } = pause;
        Self { what: target.to_string(), mode, until, note, paused_by, paused_at }
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;
    use serde_json::json;
    use shared::store::MAX_PAUSES;

    use super::*;

    fn read(body: &Value) -> Result<PauseReplacement, Problem> {
        let now = Timestamp::parse("2026-03-01T10:00:00Z").unwrap();
        Ok(PauseReplacement::decode_with(&Body::from(body.to_string()), &now)?)
    }

    #[test]
    fn a_pause_holds_and_has_no_end_unless_it_says_so() {
        let PauseReplacement { mode, until, note } = read(&json!({})).unwrap();
        assert_eq!((mode, until, note), (PauseMode::Hold, Field::Absent, Field::Absent));
        let body = json!({"mode": "drop", "until": "2026-03-01T11:00:00.001+01:00", "note": "SES is down"});
        let PauseReplacement { mode, until, note } = read(&body).unwrap();
        let a_millisecond_later = Timestamp::parse("2026-03-01T10:00:00.001Z").unwrap();
        assert_eq!(
            (mode, until, note.into_value().as_deref()),
            (PauseMode::Drop, Field::Value(a_millisecond_later), Some("SES is down"))
        );
    }

    #[test]
    fn what_is_wrong_is_told_all_at_once() {
        const UNTIL: &str =
            "until must be a time in the future, with Z or an offset, such as 2026-03-01T10:00:00Z (RFC 3339), or null";
        let faults = [
            "mode must be one of hold, drop",
            UNTIL,
            "note must be a line of 1 to 200 characters",
            "more is not a known field",
        ];
        let body = json!({"mode": "stop", "until": 1, "note": "a\nb", "more": 1});
        assert_eq!(read(&body).unwrap_err().errors(), faults);
        for until in ["2026-03-01T10:00:00Z", "2026-03-01T09:59:59Z", "tomorrow"] {
            assert_eq!(read(&json!({"until": until})).unwrap_err().errors(), [UNTIL], "{until}");
        }
        assert_eq!(read(&json!({"mode": null})).unwrap_err().errors(), faults[..1]);
    }

    #[test]
    fn the_refusal_names_the_bound_that_the_store_has() {
        assert_eq!(MAX_PAUSES, 100);
    }
}
