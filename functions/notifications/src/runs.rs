//! `/api/v1/runs`: one request for many recipients, how far it is, and its end.

use std::collections::BTreeMap;

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    dialects::native::{
        Access, NoQuery, Own, Problem,
        page::{DEFAULT_LIMIT, LIMIT, PageRequest, PageView},
        unversioned,
    },
    domain::{
        Run, RunId, Timestamp, TopicId, TopicName,
        run::{Audience, LeftOut, PAGE, RunStatus},
    },
    http::{
        IdempotentRequest, Reply,
        auth::{Caller, Reach},
        body,
        openapi::{TopicName as TopicNameSchema, not_null},
        query::Cursor,
        request::{
            RequestBody,
            member::{optional, or},
        },
    },
    request_query,
    store::{PARTS, Progress, is_place_of_run, is_run_place},
};

use crate::{
    App,
    body::hash,
    run_accept::{self, NOBODY, NewRun, Refused, To},
    run_body::{RunRequest, Wanted},
    success,
    view::{NotificationView, view},
};

/// Who may send to many, and see the result.
const WHO: Access = Access::ADMIN_OR_SERVICE;

/// The accepted run.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "AcceptedRun")]
pub struct AcceptedView {
    /// The id for `GET` and `DELETE`.
    run_id: RunId,
    #[schemars(with = "String", extend("const" = "queued"))]
    status: RunStatus,
}

/// The progress of a run.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Run")]
pub struct RunView {
    run_id: RunId,
    status: RunStatus,
    #[schemars(with = "Option<TopicNameSchema>", transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<TopicName>,
    /// How many recipients it has; for a topic, how many are known so far.
    recipients: usize,
    /// How many of them have a notification.
    expanded: usize,
    /// How many of them get none, by reason.
    left_out: BTreeMap<LeftOut, usize>,
    created_at: Timestamp,
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled_at: Option<Timestamp>,
}

/// A page of a run's notifications.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "RunNotifications")]
pub struct ListView {
    items: Vec<NotificationView>,
    page: PageView,
}

request_query! {
    /// Which notifications are listed.
    pub struct ListQuery {
        /// How many items a page has.
        limit: usize = or(LIMIT, DEFAULT_LIMIT),
        /// Where the page begins: the `after` of the page before. It is left out for the first page. On the last page `after` is `null`, and nothing follows.
        after: Option<String> = optional(Cursor(is_run_place)),
    }
}

/// Answers a request for a path below `/api/v1/runs`.
pub async fn handle(app: &App, request: &Request, below: &[&str]) -> Result<Reply, Problem> {
    match (below, request.method()) {
        ([], &Method::POST) => post(app, request).await,
        ([], _) => Err(Problem::MethodNotAllowed("POST")),
        ([id], &Method::GET) => get(app, request, id).await,
        ([id], &Method::DELETE) => delete(app, request, id).await,
        ([_], _) => Err(Problem::MethodNotAllowed("GET, HEAD, DELETE")),
        ([id, "notifications"], &Method::GET) => list(app, request, id).await,
        ([_, "notifications"], _) => Err(Problem::MethodNotAllowed("GET, HEAD")),
        _ => Err(Problem::not_found("There is nothing at this path")),
    }
}

async fn post(app: &App, request: &Request) -> Result<Reply, Problem> {
    let (caller, reach, NoQuery) = WHO.reaching(&app.bearer, request).await?;
    let idempotent = IdempotentRequest::of(request, &caller)?;
    let body = body::object(request.body())?;
    let hash = hash(&body);
    let mut wanted = RunRequest::of(body, None, &())?;
    wanted.request_id = wanted.request_id.or_else(|| idempotent.seed());
    idempotent.run(&app.store, accept(app, &caller, reach, wanted, hash)).await
}

async fn accept(app: &App, caller: &Caller, reach: Reach, wanted: RunRequest, hash: String) -> Result<Reply, Problem> {
    let request_id = wanted.request_id.as_deref();
    let (id, is_repeatable) = match request_id {
        Some(request_id) => (RunId::of_request(app.namespace, &caller.name(), request_id), true),
        None => (RunId::from(app.random.uuid()), false),
    };
    let org = match reach {
        Reach::Everyone => None,
        Reach::Org(org) => Some(org),
    };
    let (wanted, audience) = wanted.notification(NOBODY);
    let to = match audience {
        Wanted::Topic(name) => To::Topic(TopicId { name, org: org.clone() }),
        named @ Wanted::Recipients(_) => To::Users(named.ids(app.namespace)),
    };
    let new = NewRun { id, is_repeatable, hash, to, org, actor: None, people: Vec::new(), wanted };
    let run = run_accept::accept(app, new).await.map_err(|refused| match refused {
        Refused::NoTopic => Problem::not_found("Topic not found"),
        Refused::Conflict => Own::Conflict("This request_id was used for another run").into(),
        Refused::Unsayable(problem) => problem,
        Refused::User(error) => error.into(),
        Refused::Store(error) => error.into(),
        Refused::Queue(error) => error.into(),
    })?;
    let data = AcceptedView { run_id: run.id, status: RunStatus::Queued };
    Ok(success::reply(StatusCode::ACCEPTED, data, "Run queued successfully"))
}

async fn get(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (_, reach, NoQuery) = WHO.reaching(&app.bearer, request).await?;
    let run = found(app, &reach, raw_id).await?;
    Ok(success::reply(StatusCode::OK, shown(app, run).await?, "Run retrieved successfully"))
}

async fn list(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (_, reach, ListQuery { limit, after }) = WHO.reaching(&app.bearer, request).await?;
    let run = found(app, &reach, raw_id).await?;
    if after.as_deref().is_some_and(|after| !is_place_of_run(&run, after)) {
        return Err(Problem::invalid("after must be the page.after of an earlier page of this list"));
    }
    let asked = PageRequest { limit, after };
    let now = app.clock.now();
    let walk = app.store.run_notifications(&run, asked.after.as_deref(), asked.limit);
    let (items, page) = asked.read(request, walk, |_, tracked| view(tracked, now)).await?;
    Ok(success::reply(StatusCode::OK, ListView { items, page }, "Notifications retrieved successfully"))
}

async fn delete(app: &App, request: &Request, raw_id: &str) -> Result<Reply, Problem> {
    let (caller, reach, NoQuery) = WHO.reaching(&app.bearer, request).await?;
    unversioned(request)?;
    let run = found(app, &reach, raw_id).await?;
    let cancel = async {
        app.store.cancel_run(&run, app.clock.now()).await?;
        Ok(success::reply(StatusCode::OK, shown(app, run).await?, "Run cancelled"))
    };
    IdempotentRequest::of(request, &caller)?.run(&app.store, cancel).await
}

/// The run that the path names, if the caller's role reaches it.
async fn found(app: &App, reach: &Reach, raw_id: &str) -> Result<Run, Problem> {
    let id = RunId::parse(raw_id).ok_or_else(|| Problem::invalid("id must be a UUID"))?;
    reached(app, reach, id).await
}

/// The run, if the caller's role reaches it. Otherwise it looks as if it were missing.
pub async fn reached(app: &App, reach: &Reach, id: RunId) -> Result<Run, Problem> {
    let is_reached = |run: &Run| match reach {
        Reach::Everyone => true,
        Reach::Org(org) => run.org.as_ref() == Some(org),
    };
    app.store.run(id).await?.filter(is_reached).ok_or(Problem::not_found("Run not found"))
}

async fn shown(app: &App, run: Run) -> Result<RunView, Problem> {
    let progress = app.store.run_progress(run.id).await?;
    let cancelled_at = app.store.run_cancelled_at(run.id).await?;
    Ok(at(run, progress, cancelled_at))
}

/// A run as the API shows it.
pub fn at(run: Run, progress: Progress, cancelled_at: Option<Timestamp>) -> RunView {
    let Progress { expanded, pages, last_pages } = progress;
    let (is_done, recipients, topic) = match run.audience {
        Audience::Named(count) => (pages == count.div_ceil(PAGE), count, None),
        Audience::Topic { id, .. } => (last_pages >= PARTS, expanded.recipients(), Some(id.name)),
    };
    let status = match (cancelled_at, is_done, pages) {
        (Some(_), ..) => RunStatus::Cancelled,
        (None, true, _) => RunStatus::Done,
        (None, false, 0) => RunStatus::Queued,
        (None, false, _) => RunStatus::Expanding,
    };
    // A caller of an organisation does not learn which users there are elsewhere, or were: an erased user has no organisation any more.
    let mut left_out = BTreeMap::new();
    for (reason, count) in expanded.left_out {
        let is_hidden = match reason {
            LeftOut::Elsewhere => true,
            LeftOut::UserErased => run.org.is_some(),
            LeftOut::UserNotFound | LeftOut::NotSubscribed => false,
        };
        let reason = if is_hidden { LeftOut::UserNotFound } else { reason };
        *left_out.entry(reason).or_default() += count;
    }
    let (run_id, created_at, expanded) = (run.id, run.spec.created_at, expanded.notified);
    RunView { run_id, status, topic, recipients, expanded, left_out, created_at, cancelled_at }
}

#[cfg(test)]
mod tests {
    use shared::domain::{Channel, Content, NotificationSpec, run::Expanded};

    use super::*;

    fn run(audience: Audience, org: Option<&str>) -> Run {
        let id = RunId::parse("0d6b5f5e-3c0b-4b0c-9a57-0f6f2a1f6c3d").unwrap();
        Run {
            id,
            audience,
            org: org.map(str::to_owned),
            actor: None,
            request_hash: "0123456789abcdef".into(),
            spec: NotificationSpec {
                channels: vec![Channel::Push],
                group: None,
                opt_in: false,
                critical: false,
                priority: 5,
                content: Content::emptied(),
                send_at: None,
                expires_at: None,
                at_most_once: false,
                metadata: serde_json::Map::new(),
                created_at: Timestamp::EPOCH,
                kept_until: Timestamp::EPOCH,
            },
        }
    }

    #[test]
    fn an_organisation_does_not_learn_who_is_elsewhere_or_was_erased() {
        let left_out = [(LeftOut::UserNotFound, 1), (LeftOut::UserErased, 2), (LeftOut::Elsewhere, 4)].into();
        let progress = Progress { expanded: Expanded { notified: 1, left_out }, pages: 1, last_pages: 0 };
        let seen = |org| at(run(Audience::Named(8), org), progress.clone(), None).left_out;
        assert_eq!(seen(Some("acme")), [(LeftOut::UserNotFound, 7)].into());
        assert_eq!(seen(None), [(LeftOut::UserNotFound, 5), (LeftOut::UserErased, 2)].into());
    }
}
