//! Contract 3's `/admin/v1/topics/{name}/subscriptions`: who is subscribed to a topic.
//!
//! The writes take no idempotency key. Each does by itself the same when it is repeated, and an answer that is kept under a key would
//! name up to a thousand users: it would not fit into an item, and would outlive the erasure of those users. A POST that failed midway
//! has its whole answer when it is repeated: who is subscribed by then is `successful`. A DELETE would not, since what it has ended is
//! gone: so it tells for each user what was done, and a 5xx means that nothing was, or that nobody knows.

use std::{collections::HashSet, hash::Hash};

use lambda_http::{
    Request,
    http::{Method, StatusCode},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::Value;
use shared::{
    dialects::notiflows::{
        Problem, is_repeated,
        page::{A_TIME, DEFAULT_LIMIT, LIMIT, PageRequest, read_query},
        reply,
    },
    domain::{ExternalId, Scope, Subscription, Timestamp, UserId},
    http::{
        Reply,
        openapi::ExternalId as ExternalIdSchema,
        page::{Bounds, PageRules, page},
        query::Cursor,
        request::{
            Reason, RequestBody,
            fault::Text,
            kind::{Kind, Place, Refused},
            kinds::{TIME, schema_of},
            member::{optional, or, required},
        },
    },
    request_body, request_query,
    store::{ListPage, Unsubscribed, is_place},
};

use super::{subscriptions::SubscriptionView, topics};
use crate::App;

/// The most users of one request.
const MAX_USERS: usize = 1000;

/// The result for each user of a request.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "NotiflowsSubscriptionResults")]
pub struct Results {
    successful: Vec<SubscriptionView>,
    failed: Vec<Failed>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "NotiflowsSubscriptionFailure")]
struct Failed {
    #[schemars(with = "ExternalIdSchema")]
    external_id: String,
    reason: Failure,
}

/// Why nothing was done for a user.
#[derive(Clone, Copy, Debug, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "NotiflowsSubscriptionFailureReason")]
enum Failure {
    /// There is no such user.
    UserNotFound,
    /// The user is not subscribed.
    NotSubscribed,
    /// It could not be done now. Nothing has changed for the user, or nobody knows: ask for it again.
    Unavailable,
}

/// Answers a request for the path, whatever its method.
pub async fn handle(app: &App, request: &Request, name: &str) -> Reply {
    let answer = match *request.method() {
        Method::GET => list(app, request, name).await,
        Method::POST => subscribe(app, request, name).await,
        Method::DELETE => unsubscribe(app, request, name).await,
        _ => Err(Problem::MethodNotAllowed("GET, HEAD, POST, DELETE")),
    };
    reply(answer, request)
}

request_query! {
    /// Which subscriptions are listed.
    pub struct SubscribersQuery {
        /// How many subscriptions a page has.
        limit: usize = or(LIMIT, DEFAULT_LIMIT),
        /// Where the page begins: the `after` of the page before. It is left out for the first page. On the last page `after` is `null`, and nothing follows.
        after: Option<String> = optional(Cursor(is_place)),
        /// Where the page ends: the `before` of the page after it. Not together with `after`.
        before: Option<String> = optional(Cursor(is_place)),
        /// Only subscriptions that were created after this time.
        created_after: Option<Timestamp> = optional(TIME.saying(A_TIME)),
        /// Only subscriptions that were created before this time.
        created_before: Option<Timestamp> = optional(TIME.saying(A_TIME)),
    }
    rule {
        let both = matches!((&after, &before), (Some(Some(_)), Some(Some(_))));
        both.then_some(("before", Reason::Rule, "must not be given together with after"))
    }
}

request_body! {
    /// Users by their external ids.
    pub struct Users as "NotiflowsSubscriptionRequest" {
        /// Each counts once.
        user_external_ids: Vec<Named> = required(ExternalIds),
    }
}

/// A user as the request names the user.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    id: ExternalId,
    text: String,
}

/// From one to [`MAX_USERS`] external ids.
#[derive(Clone, Copy, Debug)]
pub struct ExternalIds;

impl Kind for ExternalIds {
    type Value = Vec<Named>;

    fn accepted(&self) -> Text {
        "a list of 1 to 1000 external ids".into()
    }

    fn read(&self, given: Value, place: &mut Place<'_>) -> Result<Vec<Named>, Refused> {
        let Value::Array(given) = given else { return Err(Refused::Type) };
        if !(1..=MAX_USERS).contains(&given.len()) {
            place.fault(Reason::Length, "must have 1 to 1000 external ids");
            return Err(Refused::Noted);
        }
        let expected = given.len();
        let named = given.into_iter().enumerate().filter_map(|(index, id)| place.element(index, &One, id));
        let named: Vec<_> = named.collect();
        if named.len() == expected { Ok(named) } else { Err(Refused::Noted) }
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "array", "minItems": 1, "maxItems": MAX_USERS, "items": One.schema(schemas)})
    }
}

/// One of them.
struct One;

impl Kind for One {
    type Value = Named;

    fn accepted(&self) -> Text {
        "an external id of 1 to 255 characters, none of / ? # % or a control character".into()
    }

    fn read(&self, given: Value, _: &mut Place<'_>) -> Result<Named, Refused> {
        let Value::String(text) = given else { return Err(Refused::Type) };
        let id = ExternalId::parse(&text).ok_or(Refused::Value)?;
        Ok(Named { id, text })
    }

    fn schema(&self, schemas: &mut SchemaGenerator) -> Schema {
        schema_of::<ExternalIdSchema>(schemas)
    }
}

async fn list(app: &App, request: &Request, name: &str) -> Result<Reply, Problem> {
    let (_, id) = topics::caller(app, request, Scope::TopicsRead, name).await?;
    let SubscribersQuery { limit, after, before, created_after, created_before } = read_query(request)?;
    let asked = PageRequest::new(limit, after, before);
    let wanted = ListPage { limit, start: asked.start.clone(), created_after, created_before };
    let topic = topics::found(app, &id).await?;
    // The product's clients stop at an empty page.
    let rules = PageRules { limit, may_be_empty: false, max_bytes: None };
    let found = app.store.subscriptions_to(&topic, &wanted);
    let found = page(Bounds::of(request), rules, 0, found, |_, subscription| SubscriptionView::from(subscription));
    let (found, behind) = tokio::try_join!(found, app.store.subscriptions_behind(&topic, &wanted))?;
    Ok(Reply::json(StatusCode::OK, &asked.answer(found, behind)))
}

async fn subscribe(app: &App, request: &Request, name: &str) -> Result<Reply, Problem> {
    let (_, id) = topics::caller(app, request, Scope::TopicsWrite, name).await?;
    topics::may_be_new(&id)?;
    let users = users(app, request)?;
    let ids: Vec<_> = users.iter().map(|(id, _)| *id).collect();
    let done = app.store.subscribe_all(&id, &ids, app.clock.now()).await?;
    Ok(results(users, done.into_iter().map(|done| done.ok_or(Failure::UserNotFound))))
}

async fn unsubscribe(app: &App, request: &Request, name: &str) -> Result<Reply, Problem> {
    let (_, id) = topics::caller(app, request, Scope::TopicsWrite, name).await?;
    topics::unversioned(request)?;
    let users = users(app, request)?;
    let topic = topics::found(app, &id).await?;
    let ids: Vec<_> = users.iter().map(|(id, _)| *id).collect();
    let done = app.store.unsubscribe_all(&topic, &ids).await?;
    // The request that this one repeats may have ended these, and its answer was lost: then nothing has failed.
    let is_repeated = is_repeated(request.headers());
    let done = users.into_iter().zip(done).filter(|(_, done)| !is_repeated || *done != Unsubscribed::NotSubscribed);
    let (users, done): (Vec<_>, Vec<_>) = done.unzip();
    let done = done.into_iter().map(|done| match done {
        Unsubscribed::Ended(subscription) => Ok(subscription),
        Unsubscribed::NotSubscribed => Err(Failure::NotSubscribed),
        Unsubscribed::NotNow => Err(Failure::Unavailable),
    });
    Ok(results(users, done))
}

/// The users whom the body names, each once, with the text that it names them by.
fn users(app: &App, request: &Request) -> Result<Vec<(UserId, String)>, Problem> {
    let Users { user_external_ids } = Users::decode(request.body())?;
    let users = user_external_ids.into_iter().map(|Named { id, text }| (id.user_id(app.namespace), text));
    Ok(once(users, |(id, _)| *id))
}

/// The first of the items of each key.
fn once<T, K: Eq + Hash>(items: impl Iterator<Item = T>, key: impl Fn(&T) -> K) -> Vec<T> {
    let mut seen = HashSet::new();
    items.filter(|item| seen.insert(key(item))).collect()
}

fn results(users: Vec<(UserId, String)>, done: impl IntoIterator<Item = Result<Subscription, Failure>>) -> Reply {
    let mut results = Results { successful: Vec::new(), failed: Vec::new() };
    for ((_, external_id), done) in users.into_iter().zip(done) {
        match done {
            Ok(subscription) => results.successful.push(subscription.into()),
            Err(reason) => results.failed.push(Failed { external_id, reason }),
        }
    }
    let status = if results.failed.is_empty() { StatusCode::OK } else { StatusCode::MULTI_STATUS };
    Reply::json(status, &results)
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;
    use serde_json::json;

    use super::*;

    fn read(ids: &Value) -> Result<Vec<String>, Vec<String>> {
        let body = Body::Text(json!({"user_external_ids": ids}).to_string());
        match Users::decode(&body) {
            Ok(users) => Ok(users.user_external_ids.into_iter().map(|named| named.text).collect()),
            Err(shared::http::request::Undecodable::Faults(faults)) => Err(faults.sentences()),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn there_are_one_to_a_thousand_users_and_each_bad_one_is_named_by_its_index() {
        let many = |n: usize| json!((0..n).map(|n| format!("user-{n}")).collect::<Vec<_>>());
        assert_eq!(read(&many(1000)).map(|ids| ids.len()), Ok(1000));
        let length = "user_external_ids must have 1 to 1000 external ids".to_owned();
        assert_eq!((read(&many(0)), read(&many(1001))), (Err(vec![length.clone()]), Err(vec![length])));
        let words = "must be an external id of 1 to 255 characters, none of / ? # % or a control character";
        let faults = [0, 2, 3].map(|index| format!("user_external_ids[{index}] {words}"));
        assert_eq!(read(&json!(["a/b", "good", 7, null])), Err(faults.into()));
        assert_eq!(read(&json!("a")), Err(vec!["user_external_ids must be a list of 1 to 1000 external ids".into()]));
    }

    #[test]
    fn a_user_who_is_named_twice_counts_once_in_the_first_place() {
        let users = [(1, "a"), (2, "b"), (1, "A")];
        assert_eq!(once(users.into_iter(), |(id, _)| *id), [(1, "a"), (2, "b")]);
    }
}
