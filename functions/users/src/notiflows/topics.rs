//! Contract 3's topics: `/admin/v1/topics`, and one of them. They are those of the deployment: a key pair has no organisation.

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    dialects::notiflows::{
        Problem, Resource, is_repeated,
        page::{DEFAULT_LIMIT, LIMIT, PageRequest, read_query},
        reply,
    },
    domain::{Scope, Timestamp, Topic, TopicId, TopicName},
    http::{
        IdempotentRequest, Reply,
        auth::Caller,
        etag,
        openapi::TopicName as TopicNameSchema,
        page::{Bounds, PageRules, page},
        query::Cursor,
        request::{
            Reason,
            member::{optional, or},
        },
    },
    request_query,
    store::{ListPage, is_topic_place},
};

use crate::App;

/// A topic.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "NotiflowsTopic")]
pub struct TopicView {
    #[schemars(with = "TopicNameSchema")]
    name: TopicName,
    created_at: Timestamp,
}

impl From<Topic> for TopicView {
    fn from(topic: Topic) -> Self {
        let Topic { id: TopicId { name, org: _ }, generation: _, created_at } = topic;
        Self { name, created_at }
    }
}

/// Answers a request for `/admin/v1/topics`.
pub async fn all(app: &App, request: &Request) -> Reply {
    let answer = match *request.method() {
        Method::GET => list(app, request).await,
        _ => Err(Problem::MethodNotAllowed("GET, HEAD")),
    };
    reply(answer, request)
}

/// Answers a request for `/admin/v1/topics/{name}`.
pub async fn one(app: &App, request: &Request, name: &str) -> Reply {
    let answer = match *request.method() {
        Method::GET => read(app, request, name).await,
        Method::DELETE => end(app, request, name).await,
        _ => Err(Problem::MethodNotAllowed("GET, HEAD, DELETE")),
    };
    reply(answer, request)
}

request_query! {
    /// Which topics are listed.
    pub struct TopicsQuery {
        /// How many topics a page has.
        limit: usize = or(LIMIT, DEFAULT_LIMIT),
        /// Where the page begins: the `after` of the page before. It is left out for the first page. On the last page `after` is `null`, and nothing follows.
        after: Option<String> = optional(Cursor(is_topic_place)),
        /// Where the page ends: the `before` of the page after it. Not together with `after`.
        before: Option<String> = optional(Cursor(is_topic_place)),
    }
    rule {
        let both = matches!((&after, &before), (Some(Some(_)), Some(Some(_))));
        both.then_some(("before", Reason::Rule, "must not be given together with after"))
    }
}

async fn list(app: &App, request: &Request) -> Result<Reply, Problem> {
    app.keys.application(&app.store, request.headers(), Scope::TopicsRead).await?;
    let TopicsQuery { limit, after, before } = read_query(request)?;
    let asked = PageRequest::new(limit, after, before);
    let wanted = ListPage { limit, start: asked.start.clone(), created_after: None, created_before: None };
    // The product's clients stop at an empty page.
    let rules = PageRules { limit, may_be_empty: false, max_bytes: None };
    let found = page(Bounds::of(request), rules, 0, app.store.list_topics(&wanted), |_, topic| TopicView::from(topic));
    let (found, behind) = tokio::try_join!(found, app.store.topics_behind(&wanted))?;
    Ok(Reply::json(StatusCode::OK, &asked.answer(found, behind)))
}

async fn read(app: &App, request: &Request, name: &str) -> Result<Reply, Problem> {
    let (_, id) = caller(app, request, Scope::TopicsRead, name).await?;
    Ok(Reply::json(StatusCode::OK, &TopicView::from(found(app, &id).await?)))
}

async fn end(app: &App, request: &Request, name: &str) -> Result<Reply, Problem> {
    let (caller, id) = caller(app, request, Scope::TopicsWrite, name).await?;
    unversioned(request)?;
    let idempotent = IdempotentRequest::of(request, &caller)?;
    let write = async {
        if app.store.end_topic(&id, app.clock.now()).await? || is_repeated(request.headers()) {
            return Ok(Reply::empty(StatusCode::NO_CONTENT));
        }
        Err(no_topic(&id))
    };
    idempotent.run(&app.store, write).await
}

/// The application that calls with this right, and the topic that the path names.
pub async fn caller(app: &App, request: &Request, right: Scope, name: &str) -> Result<(Caller, TopicId), Problem> {
    let caller = app.keys.application(&app.store, request.headers(), right).await?;
    Ok((caller, named(name)?))
}

/// The topic that a path names.
pub fn named(name: &str) -> Result<TopicId, Problem> {
    let name = TopicName::parse(name).ok_or_else(|| {
        Problem::invalid_param("name", "must be 1 to 128 characters, none of / ? # % or a control character")
    })?;
    Ok(TopicId::of_deployment(name))
}

/// Refuses a name under which no topic is created.
pub fn may_be_new(id: &TopicId) -> Result<(), Problem> {
    let refusal = || Problem::invalid_param("name", "must be neither . nor ..: a URL cannot name such a topic");
    if id.name.can_stand_in_a_url() { Ok(()) } else { Err(refusal()) }
}

/// The topic, which must be there.
pub async fn found(app: &App, id: &TopicId) -> Result<Topic, Problem> {
    app.store.topic(id).await?.ok_or_else(|| no_topic(id))
}

pub fn no_topic(id: &TopicId) -> Problem {
    Problem::not_found(Resource::Topic, id.name.as_str())
}

/// The precondition of a write to a thing that has no version. `If-Match: *` is met by whatever is there.
pub fn unversioned(request: &Request) -> Result<(), Problem> {
    let precondition = etag::precondition(request.headers());
    if precondition.is_none_or(|precondition| precondition.holds_unversioned()) { Ok(()) } else { Err(Problem::Stale) }
}
